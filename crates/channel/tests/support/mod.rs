//! A vendor, a token and an app for handshakes; and `snow` with compressed P-256 keys.
#![allow(dead_code, reason = "each test file takes what it needs")]
#![allow(unreachable_pub, reason = "each test file is a crate of its own")]

use keyfob_channel::Prologue;
use keyfob_crypto::{AgreementKey, Entropy, PublicKey, RustCrypto, Secret, SigningKey};
use keyfob_signed::{Certificate, Endorsement, Levels, Payload, Rights, Role, Usage, VendorRoot, sign};
use keyfob_wire::{PartitionId, ProductId, Serial, Subject, VendorHint};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};

pub type Agreement = <RustCrypto as keyfob_crypto::Crypto>::Agreement;
pub type Signing = <RustCrypto as keyfob_crypto::Crypto>::Signing;

pub const SERIAL: Serial = Serial([7; 8]);
pub const REQUEST: [u8; 8] = [1; 8];
pub const ANSWER: [u8; 36] = [2; 36];
pub const PROLOGUE: Prologue<'static> = Prologue { request: &REQUEST, answer: &ANSWER };

pub struct Os;

impl Entropy for Os {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).unwrap();
    }
}

/// The prologue as bytes, for `snow`.
pub fn prologue() -> Vec<u8> {
    [&b"keyfob/1"[..], &REQUEST, &ANSWER].concat()
}

/// Everybody whom a handshake needs.
pub struct Cast {
    pub vendor: VendorRoot,
    pub vendor_key: Signing,
    pub token: Agreement,
    pub endorsement: Vec<u8>,
    pub app: Agreement,
    pub certificate: Vec<u8>,
}

impl Cast {
    pub fn new() -> Self {
        let vendor_key = Signing::generate(&mut Os);
        let (token, app) = (Agreement::generate(&mut Os), Agreement::generate(&mut Os));
        let endorsement = Endorsement {
            partition: PartitionId([3; 8]),
            handshake: token.public(),
            sealing: Agreement::generate(&mut Os).public(),
            proof: Signing::generate(&mut Os).public(),
            levels: Levels::EMULATED,
            epoch: 1,
        };
        let certificate = Certificate {
            subject: Subject([4; 8]),
            role: Role::App,
            usage: Usage::Handshake,
            epoch: 1,
            product: ProductId(0),
            attributes: Rights::ALL.number(),
            key: app.public(),
        };
        let endorsement = signed(&endorsement, &SERIAL, &vendor_key);
        let certificate = signed(&certificate, &(), &vendor_key);
        Self { vendor: VendorRoot(vendor_key.public()), vendor_key, token, endorsement, app, certificate }
    }

    pub fn hint(&self) -> VendorHint {
        VendorHint(self.vendor.0.hint())
    }

    /// Message 3's payload.
    pub fn app_payload(&self, request: &[u8]) -> Vec<u8> {
        let length = u16::try_from(self.certificate.len()).unwrap().to_be_bytes();
        [&length[..], &self.certificate, request].concat()
    }
}

pub fn signed<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &Signing) -> Vec<u8> {
    sign::<RustCrypto, T>(payload, binding, key, &mut Os, &mut [0; 600]).unwrap().to_vec()
}

/// A builder of the other side, with everything but P-256 from `snow`.
pub fn snow(prologue: &[u8]) -> snow::Builder<'_> {
    snow_of("Noise_XX_P256_AESGCM_SHA256", prologue)
}

/// The same for a protocol of Noise by its name.
pub fn snow_of<'a>(name: &str, prologue: &'a [u8]) -> snow::Builder<'a> {
    snow::Builder::with_resolver(name.parse().unwrap(), Box::new(Compressed)).prologue(prologue).unwrap()
}

struct Compressed;

impl CryptoResolver for Compressed {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        DefaultResolver.resolve_rng()
    }

    fn resolve_dh(&self, _: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(P256 { secret: [0; 32], public: [0; 33] }))
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// P-256 with public keys of 33 bytes and outputs of 32.
struct P256 {
    secret: [u8; 32],
    public: [u8; 33],
}

impl Dh for P256 {
    fn name(&self) -> &'static str {
        "P256"
    }

    fn pub_len(&self) -> usize {
        33
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn dh_len(&self) -> usize {
        32
    }

    fn set(&mut self, secret: &[u8]) {
        self.secret.copy_from_slice(secret);
        self.public = Agreement::from_secret(&Secret::new(self.secret)).unwrap().public().0;
    }

    fn generate(&mut self, _: &mut dyn Random) -> Result<(), snow::Error> {
        let secret = Agreement::generate(&mut Os).to_secret();
        self.set(secret.expose());
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &self.secret
    }

    fn dh(&self, peer: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        let peer = PublicKey(peer.get(..33).and_then(|p| p.try_into().ok()).ok_or(snow::Error::Dh)?);
        let own = Agreement::from_secret(&Secret::new(self.secret)).unwrap();
        let shared = own.agree(&peer).map_err(|_| snow::Error::Dh)?;
        out[..32].copy_from_slice(shared.expose());
        Ok(())
    }
}
