//! From INIT to a session. `docs/spec.md`, §3 and §5.

use keyfob_channel::{HandshakeError, Initiator, MESSAGE_1, Prologue, RESUME_REQUEST, Ticket};
use keyfob_crypto::{AgreementKey, BadKey, Crypto, Entropy};
use keyfob_signed::{AppCredential, Endorsement, MakerRoot, Usage, VendorRoot, Verified};
use keyfob_wire::body::Request;
use keyfob_wire::init::{InitAnswer, PROTOCOL_VERSION};
use keyfob_wire::{Serial, VendorHint};

use crate::{Resuming, Session};

/// Why a session could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// What answered INIT isn't a Keyfob token, or garbles.
    #[error("INIT's answer isn't as specified")]
    NoToken,
    /// The token speaks other versions of the protocol.
    #[error("the token speaks protocol versions {lowest} to {highest}, this program speaks 1")]
    Version {
        /// The lowest version that it speaks.
        lowest: u8,
        /// The highest version that it speaks.
        highest: u8,
    },
    /// The other side isn't who it should be, or somebody in between has altered something.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The token is genuinely the vendor's, but emulated, and the app doesn't accept that.
    #[error("the token is emulated")]
    Emulated,
    /// The app's certificate or the first request is too long.
    #[error("the certificate or the first request is too long")]
    TooLong,
}

/// Who opens sessions: an app's key and certificate, and the one vendor whose word it takes.
pub struct App<'a, C: Crypto> {
    vendor: VendorRoot,
    key: C::Agreement,
    certificate: &'a [u8],
    accepts_emulated: bool,
}

impl<'a, C: Crypto> App<'a, C> {
    /// Takes a credential. Emulated tokens are refused.
    ///
    /// # Errors
    /// If the secret key isn't one.
    pub fn new(credential: &AppCredential<'a>) -> Result<Self, BadKey> {
        Ok(Self {
            vendor: credential.vendor,
            key: C::Agreement::from_secret(&credential.secret)?,
            certificate: credential.certificate,
            accepts_emulated: false,
        })
    }

    /// Accepts emulated tokens as well: for tests.
    ///
    /// # Security
    /// Anybody can run an emulated token, but only one that the vendor has endorsed is accepted.
    #[must_use]
    pub fn accepting_emulated(mut self) -> Self {
        self.accepts_emulated = true;
        self
    }

    /// The vendor whose word the app takes.
    #[must_use]
    pub fn vendor(&self) -> VendorRoot {
        self.vendor
    }
}

/// INIT has been answered.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    request: [u8; 8],
    bytes: [u8; InitAnswer::SIZE],
    answer: InitAnswer,
}

impl Opening {
    /// Reads INIT's answer.
    ///
    /// # Errors
    /// [`OpenError::NoToken`] or [`OpenError::Version`].
    pub fn new(nonce: [u8; 8], message: &[u8]) -> Result<Self, OpenError> {
        let bytes: [u8; InitAnswer::SIZE] = message.try_into().map_err(|_| OpenError::NoToken)?;
        let answer = InitAnswer::parse(&bytes).filter(|answer| answer.nonce == nonce).ok_or(OpenError::NoToken)?;
        if !answer.speaks(PROTOCOL_VERSION) {
            let (lowest, highest) = (answer.lowest_version, answer.highest_version);
            return Err(OpenError::Version { lowest, highest });
        }
        Ok(Self { request: nonce, bytes, answer })
    }

    /// What the token says of itself. Nobody has signed it yet.
    #[must_use]
    pub fn answer(&self) -> &InitAnswer {
        &self.answer
    }

    /// Begins the handshake: with a vendor's partition, or as a guest.
    pub fn begin<C: Crypto>(
        &self,
        vendor: Option<VendorRoot>,
        entropy: &mut impl Entropy,
    ) -> (Handshake<C>, [u8; MESSAGE_1]) {
        let hint = vendor.map_or(VendorHint::default(), |vendor| VendorHint(vendor.0.hint()));
        let prologue = Prologue { request: &self.request, answer: &self.bytes };
        let (initiator, message) = Initiator::start(&prologue, hint, entropy);
        (Handshake { initiator, answer: self.answer }, message)
    }

    /// Begins to resume an earlier session of the same power-up, and returns RESUME's request.
    ///
    /// # Errors
    /// [`OpenError::Handshake`]; none that can happen.
    pub fn resume<C: Crypto>(
        &self,
        ticket: &Ticket,
        entropy: &mut impl Entropy,
    ) -> Result<(Resuming<C>, [u8; RESUME_REQUEST]), OpenError> {
        let prologue = Prologue { request: &self.request, answer: &self.bytes };
        let (state, request) = ticket.resume(&prologue, entropy)?;
        Ok((Resuming { channel: self.answer.channel, state }, request))
    }
}

/// Which of the makers one knows has made a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genuine {
    /// This one.
    By(MakerRoot),
    /// None of them.
    Unknown,
}

/// Message 1 has been sent.
pub struct Handshake<C: Crypto> {
    initiator: Initiator<C>,
    answer: InitAnswer,
}

impl<C: Crypto> Handshake<C> {
    /// The serial that the token shows.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.answer.serial
    }

    /// Reads message 2 as an app and writes message 3 with the first request; returns its length and the session.
    ///
    /// # Errors
    /// [`OpenError::Handshake`] if the token isn't the vendor's, [`OpenError::Emulated`] if it is but only emulated.
    pub fn finish_as_app(
        self,
        app: &App<'_, C>,
        message: &mut [u8],
        first: &Request<'_>,
        out: &mut [u8],
    ) -> Result<(usize, Session<C>, Verified<Endorsement>), OpenError> {
        let answered = self.initiator.read_answer(message)?;
        let (authenticated, endorsement) = answered.endorsed_by(&app.vendor, self.answer.serial, 0)?;
        if endorsement.levels.is_emulated() && !app.accepts_emulated {
            return Err(OpenError::Emulated);
        }
        let mut request = [0; MAX_FIRST];
        let length = first.write(&mut request).map_err(|_| OpenError::TooLong)?;
        let request = request.get(..length).unwrap_or_default();
        let finished = authenticated.finish(&app.key, app.certificate, request, out);
        let (length, session) = finished.map_err(|error| match error {
            HandshakeError::Room => OpenError::TooLong,
            other => OpenError::Handshake(other),
        })?;
        Ok((length, Session::new(self.answer.channel, session), endorsement))
    }

    /// Reads message 2 as a guest and writes message 3 with the first request; returns its length, the session, and
    /// which of `makers` has made the token.
    ///
    /// # Errors
    /// [`OpenError::Handshake`] if the message isn't genuine.
    pub fn finish_as_guest(
        self,
        makers: &[MakerRoot],
        message: &mut [u8],
        first: &Request<'_>,
        entropy: &mut impl Entropy,
        out: &mut [u8],
    ) -> Result<(usize, Session<C>, Genuine), OpenError> {
        let serial = self.answer.serial;
        let answered = self.initiator.read_answer(message)?;
        let (batch, device) = answered.device_certificates()?;
        let maker =
            makers.iter().find(|maker| maker.verify_device::<C>(batch, device, serial, Usage::Handshake).is_ok());
        let (authenticated, genuine) = match maker {
            Some(maker) => (answered.made_by(maker, serial)?, Genuine::By(*maker)),
            None => (answered.unverified(), Genuine::Unknown),
        };
        let mut request = [0; MAX_FIRST];
        let length = first.write(&mut request).map_err(|_| OpenError::TooLong)?;
        let request = request.get(..length).unwrap_or_default();
        let key = C::Agreement::generate(entropy);
        let (length, session) = authenticated.finish(&key, &[], request, out)?;
        Ok((length, Session::new(self.answer.channel, session), genuine))
    }
}

/// The longest first request.
const MAX_FIRST: usize = 128;
