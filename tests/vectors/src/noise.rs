//! Noise's SymmetricState once more, which writes down what it holds. What it makes is compared with the code's.

use keyfob_crypto::{AeadKey, Aes256Gcm, AgreementKey, P256Agreement, PublicKey, Secret, noise_hkdf, sha256};
use serde_json::{Value, json};

use crate::hex;

pub(crate) struct Noise {
    chaining: Secret<32>,
    pub(crate) hash: [u8; 32],
    key: Secret<32>,
    nonce: u64,
    pub(crate) steps: Vec<Value>,
}

impl Noise {
    pub(crate) fn new(protocol: &str, prologue: &[u8]) -> Self {
        let mut name = [0; 32];
        name[..protocol.len()].copy_from_slice(protocol.as_bytes());
        let hash = sha256(&[&name, prologue]);
        let mut noise = Self { chaining: Secret::new(name), hash, key: Secret::zero(), nonce: 0, steps: Vec::new() };
        noise.note("prologue");
        noise
    }

    fn note(&mut self, step: &str) {
        self.steps.push(json!({
            "after": step, "h": hex(self.hash), "ck": hex(self.chaining.expose()), "k": hex(self.key.expose()),
        }));
    }

    pub(crate) fn mix_hash(&mut self, step: &str, data: &[u8]) {
        self.hash = sha256(&[&self.hash, data]);
        self.note(step);
    }

    pub(crate) fn mix_key(&mut self, step: &str, input: &[u8]) {
        let [chaining, key] = noise_hkdf(&self.chaining, input);
        (self.chaining, self.key, self.nonce) = (chaining, key, 0);
        self.note(step);
    }

    pub(crate) fn agree(&mut self, step: &str, own: &P256Agreement, peer: &PublicKey) {
        let shared = own.agree(peer).expect("the key is a point");
        self.mix_key(step, shared.expose());
    }

    pub(crate) fn mix_psk(&mut self, psk: &Secret<32>) {
        let [chaining, hash, key] = noise_hkdf(&self.chaining, psk.expose());
        self.hash = sha256(&[&self.hash, hash.expose()]);
        (self.chaining, self.key, self.nonce) = (chaining, key, 0);
        self.note("psk");
    }

    /// What `e` means with a pre-shared key.
    pub(crate) fn mix_ephemeral(&mut self, public: &PublicKey) {
        self.mix_hash("e, MixHash", &public.0);
        self.mix_key("e, MixKey", &public.0);
    }

    pub(crate) fn encrypt(&mut self, step: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.nonce.to_be_bytes());
        let mut data = plain.to_vec();
        let tag = Aes256Gcm::new(&self.key).seal(&nonce, &self.hash, &mut data);
        self.nonce += 1;
        data.extend(tag);
        self.mix_hash(step, &data);
        data
    }

    /// The keys from app to token and from token to app, and the ticket's secret.
    pub(crate) fn split(&self) -> (Secret<32>, Secret<32>, Secret<32>) {
        noise_hkdf(&self.chaining, &[]).into()
    }
}
