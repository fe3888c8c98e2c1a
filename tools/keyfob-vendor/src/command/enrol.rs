//! A fob gets the vendor's partition.

use clap::Args;
use keyfob_issuing::{OsEntropy, VendorKind};
use keyfob_signed::TEST_MAKER_ROOT;
use keyfob_terminal::{Failure, Global};
use keyfob_wire::body::EnrolAnswer;
use serde::Serialize;

use crate::directory::VendorAt;
use crate::{failure, fob, value};

#[derive(Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    vendor: VendorAt,
    /// A maker whose fobs are trusted: its root key as 66 hexadecimal digits, or the file that has them. May be
    /// repeated. Test vendors trust the published test maker
    #[arg(long, value_name = "ROOT|FILE")]
    maker: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    partition: String,
    emulated: bool,
    levels: u8,
}

impl Enrol {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut trusted = self.maker.iter().map(|maker| value::maker_root(maker)).collect::<Result<Vec<_>, _>>()?;
        let mut directory = self.vendor.open()?;
        if directory.vendor().kind() == VendorKind::Test {
            trusted.push(TEST_MAKER_ROOT);
        }
        let (mut guest, nonce) = (fob::guest(global)?, fob::nonce());
        let enrolled = guest.enrol(directory.vendor().root(), nonce)?;
        let answer = EnrolAnswer {
            request: &enrolled.request,
            device_signing: &enrolled.device_signing,
            batch: &enrolled.batch,
            maker_root: enrolled.maker_root.0.0,
        };
        let endorsed = directory.vendor().endorse(guest.serial(), &nonce, &answer, &trusted, &mut OsEntropy);
        let endorsed = endorsed.map_err(failure::endorse)?;
        directory.add_token(&endorsed).map_err(failure::directory)?;
        guest.endorse(&endorsed.bytes)?;

        let (serial, endorsement) = (endorsed.serial, &endorsed.endorsement);
        let levels = endorsement.levels;
        if levels.is_emulated() {
            fob::warn_emulated(global, serial);
        }
        let document = Document {
            serial: serial.to_string(),
            partition: endorsement.partition.to_string(),
            emulated: levels.is_emulated(),
            levels: levels.number(),
        };
        let text = || format!("{serial}  enrolled: {}\n", value::levels_words(levels));
        global.print("keyfob-vendor.enrol.v1", &document, text)
    }
}
