//! What is shown of records and files. No secret is among it.

use std::fmt;

use keyfob::{Serial, UnixTime};
use keyfob_issuing::{Standing, TokenRecord};
use keyfob_licence::{Receipt, SignedTime};
use keyfob_signed::{Certificate, Endorsement};
use keyfob_terminal::plain;
use keyfob_wire::TimeFile;
use serde::Serialize;

use crate::terms::ProductDocument;
use crate::update::UpdateDocument;
use crate::{date, value};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Document {
    Record(RecordDocument),
    Update(UpdateDocument),
    Time(TimeDocument),
    Receipt(ReceiptDocument),
    App(AppDocument),
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => record.fmt(f),
            Self::Update(update) => update.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Receipt(receipt) => receipt.fmt(f),
            Self::App(app) => app.fmt(f),
        }
    }
}

#[derive(Serialize)]
pub(super) struct RecordDocument {
    serial: String,
    partition: String,
    emulated: bool,
    levels: u8,
    epoch: u32,
    number: u32,
    digest: String,
    grant_number: u32,
    products: Vec<ProductDocument>,
    #[serde(skip)]
    levels_words: String,
}

impl RecordDocument {
    pub(super) fn new(record: &TokenRecord, endorsement: &Endorsement) -> Self {
        Self {
            serial: record.serial.to_string(),
            partition: endorsement.partition.to_string(),
            emulated: endorsement.levels.is_emulated(),
            levels: endorsement.levels.number(),
            epoch: record.sequence.epoch,
            number: record.sequence.number,
            digest: value::to_hex(&record.sequence.digest),
            grant_number: record.grant_number,
            products: record.products.iter().map(ProductDocument::from).collect(),
            levels_words: value::levels_words(endorsement.levels),
        }
    }
}

impl fmt::Display for RecordDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { serial, partition, levels_words, epoch, number, products, .. } = self;
        writeln!(f, "fob {serial}: {levels_words}")?;
        match number {
            0 => writeln!(f, "partition {partition}, no update issued yet")?,
            number => writeln!(f, "partition {partition}, last update issued {epoch}.{number}")?,
        }
        products.iter().try_for_each(|product| write!(f, "{product}"))
    }
}

#[derive(Serialize)]
pub(super) struct TimeDocument {
    serial: String,
    partition: String,
    time: u64,
    nonce: String,
}

impl TimeDocument {
    pub(super) fn new(file: &TimeFile<'_>, time: &SignedTime) -> Self {
        Self {
            serial: file.serial.to_string(),
            partition: file.partition.to_string(),
            time: time.time.0,
            nonce: value::to_hex(&time.nonce),
        }
    }
}

impl fmt::Display for TimeDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { serial, partition, time, nonce } = self;
        writeln!(f, "time for fob {serial}: {}", date::written(UnixTime(*time)))?;
        writeln!(f, "partition {partition}, nonce {nonce}")
    }
}

#[derive(Serialize)]
pub(super) struct ReceiptDocument {
    serial: String,
    epoch: u32,
    number: u32,
    mark: u64,
    firmware: String,
    nonce: String,
    /// `up-to-date`, `behind` or `unknown`.
    standing: &'static str,
    /// The first update that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
    counters: Vec<CounterDocument>,
}

#[derive(Serialize)]
struct CounterDocument {
    feature: u32,
    remaining: u32,
    spend_serial: u32,
}

impl ReceiptDocument {
    pub(super) fn new(serial: Serial, receipt: &Receipt<'_>, standing: Standing) -> Self {
        let (standing, next) = match standing {
            Standing::UpToDate => ("up-to-date", None),
            Standing::Behind { next } => ("behind", Some(next)),
            Standing::Unknown => ("unknown", None),
        };
        let counter = |counter: keyfob_licence::CounterState| CounterDocument {
            feature: counter.feature.0,
            remaining: counter.remaining.0,
            spend_serial: counter.spend_serial,
        };
        Self {
            serial: serial.to_string(),
            epoch: receipt.epoch,
            number: receipt.number,
            mark: receipt.mark.0,
            firmware: receipt.firmware.to_string(),
            nonce: value::to_hex(receipt.nonce),
            standing,
            next,
            counters: receipt.counters.iter().map(counter).collect(),
        }
    }
}

impl fmt::Display for ReceiptDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { serial, epoch, number, mark, firmware, nonce, next, counters, .. } = self;
        writeln!(f, "receipt of fob {serial}, firmware {firmware}, nonce {nonce}")?;
        let standing = match (self.standing, next) {
            ("up-to-date", _) => "all that was issued".to_owned(),
            (_, Some(next)) => format!("send the updates from {next} on"),
            _ => "something that isn't in the records".to_owned(),
        };
        writeln!(f, "last update applied {epoch}.{number}: {standing}")?;
        writeln!(f, "time mark {}", date::written(UnixTime(*mark)))?;
        counters.iter().try_for_each(|CounterDocument { feature, remaining, spend_serial }| {
            writeln!(f, "  feature {feature}: {remaining} left after {spend_serial} spends")
        })
    }
}

#[derive(Serialize)]
pub(super) struct AppDocument {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<u32>,
    rights: Vec<&'static str>,
    epoch: u32,
}

impl AppDocument {
    pub(super) fn new(certificate: &Certificate) -> Self {
        Self {
            name: String::from_utf8_lossy(&certificate.subject.0).trim_end().to_owned(),
            product: Some(certificate.product.0).filter(|&product| product != 0),
            rights: value::rights_words(certificate.rights()),
            epoch: certificate.epoch,
        }
    }
}

impl fmt::Display for AppDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, product, rights, epoch } = self;
        let product = product.map_or("any product".to_owned(), |product| format!("product {product}"));
        writeln!(f, "app {}: {product}, may {}, epoch {epoch}", plain(name), rights.join(", "))
    }
}
