//! `keyfob status`.

mod licence;

use clap::Args;
use keyfob::{Guest, Info, Partition, Tombstone, UnixTime};
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::date;
use crate::fob::{Makers, Origin, guest_of};
use crate::table::table;
use crate::value::to_hex;
use licence::{Product, products};

#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    makers: Makers,
}

#[derive(Serialize)]
struct Document {
    uri: String,
    serial: String,
    maker: Origin,
    /// By the maker's word, or the fob's own.
    emulated: bool,
    board: u8,
    levels: u8,
    firmware: String,
    boot: String,
    sessions: u32,
    vendors: Vec<Vendor>,
    /// The partitions that were wiped, the first one first.
    wiped: Vec<Wiped>,
}

#[derive(Serialize)]
struct Wiped {
    /// The first 8 bytes of the digest of the vendor's root key.
    vendor: String,
    partition: String,
    epoch: u32,
    number: u32,
}

#[derive(Serialize)]
struct Vendor {
    root: String,
    partition: String,
    epoch: u32,
    /// The number of the last update; 0 before the first.
    number: u32,
    /// The signed time mark; 0 if there is none.
    mark: u64,
    /// The fob's time; 0 if it knows none.
    now: u64,
    products: Vec<Product>,
}

impl Status {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest_of(global, &self.makers.known())?;
        let info = guest.info()?;
        let vendors = info.partitions.iter().map(|partition| vendor(&mut guest, partition));
        let vendors = vendors.collect::<Result<Vec<_>, _>>()?;
        let document = Document::new(&guest, &info, vendors);
        global.print("keyfob.status.v1", &document, || document.text(global.verbose))?;
        Ok(Exit::Done)
    }
}

fn vendor(guest: &mut Guest, partition: &Partition) -> Result<Vendor, Failure> {
    let time = guest.time(partition.vendor)?;
    Ok(Vendor {
        root: to_hex(&partition.vendor.0.0),
        partition: partition.id.to_string(),
        epoch: partition.epoch,
        number: partition.number,
        mark: time.mark.0,
        now: time.now.0,
        products: products(guest, partition.vendor)?,
    })
}

fn wiped(stone: &Tombstone) -> Wiped {
    let Tombstone { vendor, partition, epoch, number } = *stone;
    Wiped { vendor: to_hex(&vendor.0), partition: partition.to_string(), epoch, number }
}

impl Document {
    fn new(guest: &Guest, info: &Info, vendors: Vec<Vendor>) -> Self {
        let maker = Origin::of(guest.genuine());
        Self {
            uri: guest.uri().to_owned(),
            serial: guest.serial().to_string(),
            maker,
            emulated: maker == Origin::Emulated || info.levels.is_emulated(),
            board: info.board.0,
            levels: info.levels.number(),
            firmware: info.firmware.to_string(),
            boot: info.boot.to_string(),
            sessions: info.sessions,
            vendors,
            wiped: info.tombstones.iter().map(wiped).collect(),
        }
    }

    fn text(&self, verbose: bool) -> String {
        let emulated = if self.emulated && self.maker != Origin::Emulated { ", EMULATED" } else { "" };
        let Self { serial, firmware, uri, .. } = self;
        let mut text = format!(
            "Fob {serial}   {}{emulated}, firmware {firmware}, {}\n",
            self.maker.words(),
            keyfob_terminal::plain(uri)
        );
        if verbose {
            let Self { board, levels, boot, sessions, .. } = self;
            text += &format!("board {board}, levels {levels}, power-up {boot}, {sessions} sessions in use\n");
        }
        for vendor in self.vendors.iter().filter(|_| verbose) {
            let Vendor { root, partition, epoch, number, .. } = vendor;
            let (mark, now) = (date::written(UnixTime(vendor.mark)), date::written(UnixTime(vendor.now)));
            text += &format!("vendor {root}\n  partition {partition}, update {number} of epoch {epoch}\n");
            text += &format!("  signed time {mark}, the fob's time {now}\n");
        }
        for Wiped { vendor, partition, epoch, number } in self.wiped.iter().filter(|_| verbose) {
            text +=
                &format!("wiped: partition {partition} of vendor {vendor}, after update {number} of epoch {epoch}\n");
        }
        if self.vendors.iter().all(|vendor| vendor.products.is_empty()) {
            return text + "nothing is licensed that everybody may see\n";
        }
        let now = date::now();
        let rows =
            self.vendors.iter().flat_map(|vendor| &vendor.products).flat_map(|product| product.rows(now, verbose));
        text + &table(["PRODUCT", "FEATURE", "USE", "EXPIRES"], rows)
    }
}
