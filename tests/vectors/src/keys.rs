//! Keys that are sealed and derived.

use keyfob_crypto::{AeadKey, Aes256Gcm, AgreementKey, RustCrypto, Secret, SigningKey, hkdf_sha256, hpke};
use keyfob_issuing::seal_secret;
use keyfob_licence::{HPKE_AAD_MAX, HPKE_INFO_LEN, hpke_aad, hpke_info};
use keyfob_wire::{FeatureId, Slot};
use serde_json::{Value, json};

use crate::cast::{NONCE, Named, PARTITION, SERIAL, agreement, secret, signing};
use crate::hex;

const FEATURE: FeatureId = FeatureId(42);
const SLOT: Slot = Slot(0);
/// Where *install key* stands among the operations of the update in `signed.json`.
const INDEX: u32 = 3;

/// The feature's key, sealed for the update in `signed.json`: `enc`, and ciphertext with tag.
pub(crate) fn sealed() -> ([u8; 65], [u8; 48]) {
    let vendor = signing("vendor").public().digest();
    let (mut info, mut aad) = ([0; HPKE_INFO_LEN], [0; HPKE_AAD_MAX]);
    let info = hpke_info(&vendor, SERIAL, PARTITION, &mut info);
    let aad = hpke_aad(1, 1, INDEX, FEATURE, SLOT, &mut aad);
    let mut key = *secret("feature").expose();
    let recipient = agreement("sealing").public();
    let (enc, tag) = hpke::seal::<RustCrypto>(&recipient, info, aad, &mut key, &mut Named::new("encapsulated"))
        .expect("the key is a point");
    let mut ciphertext = [0; 48];
    ciphertext[..32].copy_from_slice(&key);
    ciphertext[32..].copy_from_slice(&tag);
    (enc, ciphertext)
}

pub(crate) fn cases() -> Vec<Value> {
    let vendor = signing("vendor").public().digest();
    let (mut info, mut aad) = ([0; HPKE_INFO_LEN], [0; HPKE_AAD_MAX]);
    let info = hpke_info(&vendor, SERIAL, PARTITION, &mut info);
    let aad = hpke_aad(1, 1, INDEX, FEATURE, SLOT, &mut aad);
    let (enc, ciphertext) = sealed();
    let sealing = agreement("sealing");
    let install = json!({
        "name": "install key", "section": "7.5", "recipient_secret": hex(sealing.to_secret().expose()),
        "recipient": hex(sealing.public().0), "info": hex(info), "aad": hex(aad),
        "plaintext": hex(secret("feature").expose()), "enc": hex(enc), "ciphertext": hex(ciphertext),
    });
    let text = b"what an app needs";
    let unlock = seal_secret(&secret("feature"), FEATURE, SLOT, text, &mut Named::new("unlock nonce"));
    let unlock = json!({
        "name": "unlock", "section": "8.3", "feature_key": hex(secret("feature").expose()), "info": hex("keyfob/1 unlock"),
        "key": hex(derived(b"keyfob/1 unlock").expose()), "aad": hex(associated()), "plaintext": hex(text),
        "sealed": hex(unlock.expect("it is short")),
    });
    let encrypt_info = [&b"keyfob/1 encrypt"[..], &NONCE].concat();
    let key = derived(&encrypt_info);
    let mut message = text.to_vec();
    let tag = Aes256Gcm::new(&key).seal(&[0; 12], &associated(), &mut message);
    let encrypt = json!({
        "name": "encrypt", "section": "8.6", "feature_key": hex(secret("feature").expose()), "info": hex(&encrypt_info),
        "key": hex(key.expose()), "aad": hex(associated()), "plaintext": hex(text),
        "message": hex([&NONCE[..], &message, &tag].concat()),
    });
    let derive = json!({
        "name": "derive", "section": "8.6", "feature_key": hex(secret("feature").expose()), "label": hex("disk"),
        "info": hex("keyfob/1 derivedisk"),
        "key": hex(derived(b"keyfob/1 derivedisk").expose()),
    });
    vec![install, unlock, encrypt, derive]
}

fn derived(info: &[u8]) -> Secret<32> {
    let mut key = Secret::zero();
    hkdf_sha256(&[], secret("feature").expose(), info, key.expose_mut());
    key
}

fn associated() -> Vec<u8> {
    [&FEATURE.0.to_be_bytes()[..], &[SLOT.0]].concat()
}
