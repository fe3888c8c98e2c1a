//! Certificates: one key, one role. `docs/spec.md`, §7.1.

use keyfob_crypto::PublicKey;
use keyfob_wire::{Decoder, Malformed, ProductId, Subject};
use minicbor::{Encoder, encode};

use crate::{Kind, Payload, cbor};

/// What a certified key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// A batch of tokens: certifies devices.
    Batch = 1,
    /// A token.
    Device = 2,
    /// An app that opens sessions.
    App = 3,
    /// Signs updates and grants for a vendor.
    UpdateSigner = 4,
    /// Signs time for a vendor.
    TimeSigner = 5,
}

impl Role {
    /// Tells whether a key in this role may sign such a thing.
    #[must_use]
    pub fn may_sign(self, kind: Kind) -> bool {
        match self {
            Self::Batch => kind == Kind::Certificate,
            Self::Device => matches!(kind, Kind::BirthRequest | Kind::EnrolmentRequest),
            Self::App => false,
            Self::UpdateSigner => matches!(kind, Kind::Update | Kind::Grant),
            Self::TimeSigner => kind == Kind::Time,
        }
    }

    /// The usages that a key in this role can have.
    fn allows(self, usage: Usage) -> bool {
        match self {
            Self::Device => true,
            Self::App => usage == Usage::Handshake,
            Self::Batch | Self::UpdateSigner | Self::TimeSigner => usage == Usage::Signing,
        }
    }
}

/// What a certified key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Usage {
    /// As the static key of a handshake.
    Handshake = 1,
    /// To sign.
    Signing = 2,
}

/// How a token keeps its keys and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Levels(u8);

impl Levels {
    /// The software token: keys in the clear, state can be put back.
    pub const EMULATED: Self = Self(1);
    /// Keys in the clear, and state can be put back.
    pub const OPEN: Self = Self(0);
    /// Keys sealed under a chip secret, state anchored.
    pub const SEALED_ANCHORED: Self = Self(1 << 1 | 1 << 3);
    /// Keys in the clear, in a flash that can't be put back.
    pub const OPEN_STRONG: Self = Self(2 << 3);

    /// Reads the levels' number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        let levels = Self(number);
        (number < 32 && levels.keys() < 3 && levels.rollback() < 3).then_some(levels)
    }

    /// The levels' number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether the token is software.
    #[must_use]
    pub const fn is_emulated(self) -> bool {
        self.0 & 1 == 1
    }

    /// How keys are kept: 0 in the clear, 1 sealed under a chip secret, 2 in a secure element.
    #[must_use]
    pub const fn keys(self) -> u8 {
        self.0 >> 1 & 3
    }

    /// Whether stored state can be put back: 0 it can, 1 anchored, 2 strong.
    #[must_use]
    pub const fn rollback(self) -> u8 {
        self.0 >> 3 & 3
    }

    /// Whether a batch of these levels may certify a device of `levels`.
    #[must_use]
    pub fn covers(self, levels: Self) -> bool {
        self.is_emulated() == levels.is_emulated()
            && self.keys() >= levels.keys()
            && self.rollback() >= levels.rollback()
    }
}

/// What an app may do with the features of its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rights(u8);

impl Rights {
    /// Ask whether a feature may be used.
    pub const CHECK: Self = Self(1);
    /// Take from counters.
    pub const SPEND: Self = Self(2);
    /// Open sealed secrets.
    pub const UNLOCK: Self = Self(4);
    /// Read files of the token's memory.
    pub const READ: Self = Self(8);
    /// Write files of the token's memory.
    pub const WRITE: Self = Self(16);
    /// Encrypt, decrypt and derive with features' keys.
    pub const KEYS: Self = Self(32);
    /// Get proofs of decisions.
    pub const PROVE: Self = Self(64);
    /// All of them.
    pub const ALL: Self = Self(127);

    /// Reads the rights' number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        (number <= Self::ALL.0).then_some(Self(number))
    }

    /// The rights' number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `needed` are among these.
    #[must_use]
    pub fn include(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }
}

/// A key and what it may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is about; a device's serial.
    pub subject: Subject,
    /// What the key stands for.
    pub role: Role,
    /// What the key is used for.
    pub usage: Usage,
    /// Refused once the verifier's minimum is above it.
    pub epoch: u32,
    /// The product that an app may use; 0 is any.
    pub product: ProductId,
    /// Levels (batch, device) or rights (app).
    pub attributes: u8,
    /// The key.
    pub key: PublicKey,
}

impl Certificate {
    /// The levels of a batch or device.
    #[must_use]
    pub fn levels(&self) -> Option<Levels> {
        matches!(self.role, Role::Batch | Role::Device).then(|| Levels::from_number(self.attributes)).flatten()
    }

    /// The rights of an app; none in another role.
    #[must_use]
    pub fn rights(&self) -> Rights {
        if self.role == Role::App { Rights(self.attributes & Rights::ALL.0) } else { Rights::default() }
    }

    /// Whether the fields go together.
    fn is_consistent(&self) -> bool {
        let attributes = match self.role {
            Role::Batch | Role::Device => Levels::from_number(self.attributes).is_some(),
            Role::App => Rights::from_number(self.attributes).is_some(),
            Role::UpdateSigner | Role::TimeSigner => self.attributes == 0,
        };
        attributes && self.role.allows(self.usage) && (self.role == Role::App || self.product.0 == 0)
    }
}

impl<'a> Payload<'a> for Certificate {
    const KIND: Kind = Kind::Certificate;
    type Binding = ();

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 7)?;
        let certificate = Self {
            subject: Subject(*cbor::fixed(decoder)?),
            role: match decoder.u8()? {
                1 => Role::Batch,
                2 => Role::Device,
                3 => Role::App,
                4 => Role::UpdateSigner,
                5 => Role::TimeSigner,
                _ => return Err(Malformed),
            },
            usage: match decoder.u8()? {
                1 => Usage::Handshake,
                2 => Usage::Signing,
                _ => return Err(Malformed),
            },
            epoch: decoder.u32()?,
            product: ProductId(decoder.u32()?),
            attributes: decoder.u8()?,
            key: PublicKey(*cbor::fixed(decoder)?),
        };
        if certificate.is_consistent() { Ok(certificate) } else { Err(Malformed) }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder
            .array(7)?
            .bytes(&self.subject.0)?
            .u8(self.role as u8)?
            .u8(self.usage as u8)?
            .u32(self.epoch)?
            .u32(self.product.0)?
            .u8(self.attributes)?
            .bytes(&self.key.0)?;
        Ok(())
    }
}
