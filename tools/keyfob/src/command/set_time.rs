//! `keyfob set-time`.

use std::path::PathBuf;

use clap::Args;
use keyfob::Signed;
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::TimeFile;
use serde::Serialize;

use crate::date;
use crate::fob::{guest, is_emulated};

#[derive(Args)]
pub(super) struct SetTime {
    /// The time file that the vendor signed; - is standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    mark: u64,
}

impl SetTime {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        let unknown = || {
            let message = format_args!("{} is not a time file", self.file.display());
            Failure::new("file-unknown", Exit::Failure, message)
        };
        let file = TimeFile::parse(&bytes).map_err(|_| unknown())?;
        if file.certificates.iter().count() > 1 {
            return Err(unknown());
        }
        let mut guest = guest(global)?;
        let serial = guest.serial();
        let partition = guest.info()?.partitions.into_iter().find(|partition| partition.id == file.partition);
        let (Some(partition), true) = (partition, file.serial == serial) else {
            let message =
                format_args!("the time is for fob {}, partition {}; this is {serial}", file.serial, file.partition);
            return Err(Failure::new("wrong-token", Exit::Verification, message));
        };
        let signed = Signed { bytes: file.time, certificate: file.certificates.only() };
        let mark = guest.set_time(partition.vendor, &signed)?;
        let document = Document { serial: serial.to_string(), emulated: is_emulated(&guest), mark: mark.0 };
        let text = || format!("fob {serial} knows that it is at least {}\n", date::written(mark));
        global.print("keyfob.set-time.v1", &document, text)?;
        Ok(Exit::Done)
    }
}
