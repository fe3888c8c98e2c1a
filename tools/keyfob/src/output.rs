//! Where bytes go that are nobody else's: a private file, or hexadecimal digits if that is asked for.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfob_terminal::{Failure, Global, Privacy, write_new};
use serde::Serialize;

use crate::value::to_hex;

/// Where to put bytes that are secret.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Secretly {
    /// Where to write it; nothing is overwritten, and nobody else may read it; - is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print it, in hexadecimal digits
    #[arg(long)]
    hex: bool,
}

#[derive(Serialize)]
struct Document<'a, T> {
    serial: String,
    emulated: bool,
    #[serde(flatten)]
    about: T,
    length: usize,
    out: Option<String>,
    /// Only if it was asked for.
    hex: Option<&'a str>,
}

impl Secretly {
    /// Puts the bytes where they were asked for, and says what it did.
    pub(crate) fn put<T: Serialize>(
        &self,
        global: &Global,
        schema: &str,
        (serial, emulated): (keyfob::Serial, bool),
        about: T,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        if self.out.as_deref() == Some(Path::new("-")) {
            return global.write(bytes);
        }
        if let Some(out) = &self.out {
            write_new(out, bytes, Privacy::Secret)?;
        }
        let hex = zeroize::Zeroizing::new(if self.hex { to_hex(bytes) } else { String::new() });
        let document = Document {
            serial: serial.to_string(),
            emulated,
            about,
            length: bytes.len(),
            out: self.out.as_ref().map(|out| out.display().to_string()),
            hex: self.hex.then_some(hex.as_str()),
        };
        global.print(schema, &document, || match &self.out {
            Some(out) => format!("{} bytes written to {}\n", bytes.len(), out.display()),
            None => format!("{}\n", hex.as_str()),
        })
    }
}
