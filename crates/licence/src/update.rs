//! Updates: what changes a partition's licences. `docs/spec.md`, §7.5.

use keyfob_crypto::PublicKey;
use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{
    Decoder, FeatureId, FileId, FileKind, MAX_FILE, Malformed, PartitionId, ProductId, Serial, Slot, Units, UnixTime,
};
use minicbor::{Encoder, encode};

use crate::{Item, List};

/// A change of a partition's licences, applied as a whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'a> {
    /// The epoch that it belongs to.
    pub epoch: u32,
    /// Its number within the epoch, from 1.
    pub number: u32,
    /// The digest of the update before it; zero for the first.
    pub previous: [u8; 32],
    /// When the vendor issued it.
    pub issued: UnixTime,
    /// Grants, as signed envelopes: they take effect first.
    pub grants: List<'a, &'a [u8]>,
    /// Operations, in the order in which they take effect.
    pub operations: List<'a, Operation<'a>>,
}

/// One step of an [`Update`]. A token refuses the whole update for a form that isn't among these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Sets a feature's counter.
    SetCounter {
        /// Whose counter.
        feature: FeatureId,
        /// What it is then.
        units: Units,
    },
    /// Adds to a feature's counter.
    AddCounter {
        /// Whose counter.
        feature: FeatureId,
        /// How much.
        units: Units,
    },
    /// Subtracts from a feature's counter.
    SubtractCounter {
        /// Whose counter.
        feature: FeatureId,
        /// How much.
        units: Units,
    },
    /// Installs a feature's key, encrypted to the partition's sealing key by HPKE (RFC 9180).
    InstallKey {
        /// Whose key.
        feature: FeatureId,
        /// The key's place.
        slot: Slot,
        /// The encapsulated key, an uncompressed point.
        enc: &'a [u8; 65],
        /// The key of 32 bytes and the tag.
        ciphertext: &'a [u8; 48],
    },
    /// Creates a file of the token's memory.
    CreateFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
        /// Who may write it.
        kind: FileKind,
        /// Its size, one that the kind allows.
        size: u16,
    },
    /// Writes a part of a file.
    WriteFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
        /// The first byte.
        offset: u16,
        /// What is to be there; not empty.
        bytes: &'a [u8],
    },
    /// Removes a file.
    RemoveFile {
        /// Whose file.
        product: ProductId,
        /// The file.
        file: FileId,
    },
    /// Raises the least epoch that still counts; only the root may.
    RaiseEpoch {
        /// The least epoch from then on.
        epoch: u32,
    },
    /// Sets the key that can change the partition's root besides the root; only the root may.
    SetRecoveryKey {
        /// The recovery key.
        key: PublicKey,
    },
    /// Sets the partition's mark, also backwards, and the token's estimate of the time with it; only the root may.
    SetMark {
        /// The mark.
        mark: UnixTime,
    },
}

impl<'a> Payload<'a> for Update<'a> {
    const KIND: Kind = Kind::Update;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 6)?;
        Ok(Self {
            epoch: decoder.u32()?,
            number: decoder.u32()?,
            previous: *cbor::fixed(decoder)?,
            issued: UnixTime(decoder.u64()?),
            grants: List::decode(decoder)?,
            operations: List::decode(decoder)?,
        })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(6)?.u32(self.epoch)?.u32(self.number)?.bytes(&self.previous)?.u64(self.issued.0)?;
        self.grants.encode(encoder)?;
        self.operations.encode(encoder)
    }
}

impl<'a> Item<'a> for Operation<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let length = decoder.array()?;
        let number = decoder.u8()?;
        if (CREATE_FILE..=REMOVE_FILE).contains(&number) {
            return decode_file_operation(number, length, decoder);
        }
        match (number, length) {
            (SET_COUNTER, 3) => Ok(Self::SetCounter { feature: feature(decoder)?, units: Units(decoder.u32()?) }),
            (ADD_COUNTER, 3) => Ok(Self::AddCounter { feature: feature(decoder)?, units: Units(decoder.u32()?) }),
            (SUBTRACT_COUNTER, 3) => {
                Ok(Self::SubtractCounter { feature: feature(decoder)?, units: Units(decoder.u32()?) })
            }
            (INSTALL_KEY, 5) => Ok(Self::InstallKey {
                feature: feature(decoder)?,
                slot: Slot(decoder.u8()?),
                enc: cbor::fixed(decoder)?,
                ciphertext: cbor::fixed(decoder)?,
            }),
            (RAISE_EPOCH, 2) => Ok(Self::RaiseEpoch { epoch: decoder.u32()? }),
            (SET_RECOVERY_KEY, 2) => Ok(Self::SetRecoveryKey { key: PublicKey(*cbor::fixed(decoder)?) }),
            (SET_MARK, 2) => Ok(Self::SetMark { mark: UnixTime(decoder.u64()?) }),
            _ => Err(Malformed),
        }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        let (number, feature, units) = match *self {
            Self::SetCounter { feature, units } => (SET_COUNTER, feature, units),
            Self::AddCounter { feature, units } => (ADD_COUNTER, feature, units),
            Self::SubtractCounter { feature, units } => (SUBTRACT_COUNTER, feature, units),
            Self::InstallKey { feature, slot, enc, ciphertext } => {
                encoder.array(5)?.u8(INSTALL_KEY)?.u32(feature.0)?.u8(slot.0)?;
                return encoder.bytes(enc)?.bytes(ciphertext)?.ok();
            }
            Self::CreateFile { product, file, kind, size } => {
                if !kind.allows(size) {
                    return Err(encode::Error::message("size"));
                }
                encoder.array(5)?.u8(CREATE_FILE)?.u32(product.0)?.u16(file.0)?;
                return encoder.u8(kind.number())?.u16(size)?.ok();
            }
            Self::WriteFile { product, file, offset, bytes } => {
                if !is_within(offset, bytes) {
                    return Err(encode::Error::message("bytes"));
                }
                encoder.array(5)?.u8(WRITE_FILE)?.u32(product.0)?.u16(file.0)?;
                return encoder.u16(offset)?.bytes(bytes)?.ok();
            }
            Self::RemoveFile { product, file } => {
                return encoder.array(3)?.u8(REMOVE_FILE)?.u32(product.0)?.u16(file.0)?.ok();
            }
            Self::RaiseEpoch { epoch } => return encoder.array(2)?.u8(RAISE_EPOCH)?.u32(epoch)?.ok(),
            Self::SetRecoveryKey { key } => return encoder.array(2)?.u8(SET_RECOVERY_KEY)?.bytes(&key.0)?.ok(),
            Self::SetMark { mark } => return encoder.array(2)?.u8(SET_MARK)?.u64(mark.0)?.ok(),
        };
        encoder.array(3)?.u8(number)?.u32(feature.0)?.u32(units.0)?.ok()
    }
}

fn feature(decoder: &mut Decoder<'_>) -> Result<FeatureId, Malformed> {
    decoder.u32().map(FeatureId)
}

fn decode_file_operation<'a>(number: u8, length: u64, decoder: &mut Decoder<'a>) -> Result<Operation<'a>, Malformed> {
    let product = ProductId(decoder.u32()?);
    let file = FileId(decoder.u16()?);
    match (number, length) {
        (CREATE_FILE, 5) => {
            let kind = FileKind::from_number(decoder.u8()?).ok_or(Malformed)?;
            let size = decoder.u16()?;
            if kind.allows(size) { Ok(Operation::CreateFile { product, file, kind, size }) } else { Err(Malformed) }
        }
        (WRITE_FILE, 5) => {
            let (offset, bytes) = (decoder.u16()?, decoder.bytes()?);
            if is_within(offset, bytes) {
                Ok(Operation::WriteFile { product, file, offset, bytes })
            } else {
                Err(Malformed)
            }
        }
        (REMOVE_FILE, 3) => Ok(Operation::RemoveFile { product, file }),
        _ => Err(Malformed),
    }
}

/// Whether there are bytes, and the longest file would hold them.
fn is_within(offset: u16, bytes: &[u8]) -> bool {
    let end = usize::from(offset).saturating_add(bytes.len());
    !bytes.is_empty() && end <= usize::from(MAX_FILE)
}

const SET_COUNTER: u8 = 1;
const ADD_COUNTER: u8 = 2;
const SUBTRACT_COUNTER: u8 = 3;
const INSTALL_KEY: u8 = 4;
const CREATE_FILE: u8 = 5;
const WRITE_FILE: u8 = 6;
const REMOVE_FILE: u8 = 7;
const RAISE_EPOCH: u8 = 8;
const SET_RECOVERY_KEY: u8 = 9;
const SET_MARK: u8 = 10;
