//! Tokens with a fault, made of genuine parts.

use std::cell::Cell;
use std::io;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use keyfob_conformance::Device;
use keyfob_crypto::{
    AeadKey, Aes256Gcm, BadKey, BadSignature, Crypto, OpenFailed, P256Agreement, P256Signing, PublicKey, RustCrypto,
    Secret, Signature,
};
use keyfob_emulator::{EmulatedEntropy, FlashError, FlashImage, Seed};
use keyfob_signed::{Board, Levels};
use keyfob_store::Flash;
use keyfob_token::{Platform, Token};
use keyfob_wire::{Firmware, Instant, Report};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every answer of a check's length says "ok".
    AlwaysAllows,
    /// Tags aren't compared.
    IgnoresTags,
    /// Time doesn't pass.
    ClockStands,
    /// The flash loses everything with the power.
    Forgets,
    /// The randomness is the same at each power-up.
    SameRandomness,
}

thread_local! {
    /// A key has no place for the fault of its token, and all of a test's tokens run in the test's thread.
    static FAULT: Cell<Fault> = const { Cell::new(Fault::None) };
}

/// A token with a fault.
pub(crate) struct Mutant {
    fault: Fault,
    token: Option<Box<Token<Faulty>>>,
    flash: Shared,
    now: Instant,
    light: bool,
}

impl Mutant {
    pub(crate) fn new(fault: Fault) -> io::Result<Self> {
        FAULT.set(fault);
        let flash = Shared::default();
        let mut mutant = Self { fault, token: None, flash, now: Instant(0), light: false };
        mutant.restart()?;
        Ok(mutant)
    }
}

impl Device for Mutant {
    fn take(&mut self, report: &Report) {
        let now = self.now;
        self.token.as_mut().unwrap().on_report(now, report);
    }

    fn give(&mut self) -> Option<Report> {
        let token = self.token.as_mut().unwrap();
        loop {
            let report = token.poll(self.now);
            if report.is_some() || !token.work(self.now) {
                return report;
            }
            self.now = self.now.plus(1);
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        self.token = None;
        if self.fault == Fault::Forgets {
            self.flash = Shared::default();
        }
        let entropy = match self.fault {
            // The seed is the tokens' own nonetheless, or two tokens would have one serial.
            Fault::SameRandomness => EmulatedEntropy::seeded(Seed(4), 0),
            _ => EmulatedEntropy::system(),
        };
        let platform = Faulty { entropy, light: self.flash.clone() };
        self.token = Some(Box::new(Token::start(platform, self.flash.clone()).map_err(io::Error::other)?));
        Ok(())
    }

    fn advance(&mut self, milliseconds: u64) {
        if self.fault != Fault::ClockStands {
            self.now = self.now.plus(milliseconds);
        }
    }

    fn light(&self) -> bool {
        self.light || self.flash.0.lock().unwrap().1
    }
}

/// A flash that outlives its token, and the light beside it.
#[derive(Clone)]
pub(crate) struct Shared(std::sync::Arc<std::sync::Mutex<(FlashImage, bool)>>);

impl Default for Shared {
    fn default() -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new((FlashImage::memory(), false))))
    }
}

impl ErrorType for Shared {
    type Error = FlashError;
}

impl ReadNorFlash for Shared {
    const READ_SIZE: usize = FlashImage::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.0.lock().unwrap().0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        FlashImage::CAPACITY
    }
}

impl NorFlash for Shared {
    const WRITE_SIZE: usize = FlashImage::WRITE_SIZE;
    const ERASE_SIZE: usize = FlashImage::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.0.lock().unwrap().0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.lock().unwrap().0.write(offset, bytes)
    }
}

impl Flash for Shared {
    fn barrier(&mut self) -> Result<(), FlashError> {
        self.0.lock().unwrap().0.barrier()
    }
}

struct Faulty {
    entropy: EmulatedEntropy,
    light: Shared,
}

impl Platform for Faulty {
    type Crypto = FaultyCrypto;
    type Flash = Shared;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        self.light.0.lock().unwrap().1 = on;
    }
}

struct FaultyCrypto;

impl Crypto for FaultyCrypto {
    type Agreement = P256Agreement;
    type Signing = P256Signing;
    type Aead = FaultyAead;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        RustCrypto::verify_digest(key, digest, signature)
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        RustCrypto::compress(point)
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        RustCrypto::decompress(key)
    }
}

struct FaultyAead {
    genuine: Aes256Gcm,
    fault: Fault,
}

impl AeadKey for FaultyAead {
    fn new(key: &Secret<32>) -> Self {
        Self { genuine: Aes256Gcm::new(key), fault: FAULT.get() }
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        // What a check answers, and nothing else of a session, has 37 bytes.
        if self.fault == Fault::AlwaysAllows && data.len() == 37 && aad.is_empty() {
            data[..2].fill(0);
        }
        self.genuine.seal(nonce, aad, data)
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), OpenFailed> {
        let ciphertext = data.to_vec();
        let opened = self.genuine.open(nonce, aad, data, tag);
        if opened.is_err() && self.fault == Fault::IgnoresTags {
            // Counter mode: encrypting decrypts.
            data.copy_from_slice(&ciphertext);
            let _tag = self.genuine.seal(nonce, aad, data);
            return Ok(());
        }
        opened
    }
}
