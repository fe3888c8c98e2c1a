use std::vec::Vec;

use super::*;
use crate::{P256Agreement, RustCrypto};

/// RFC 9180 A.3.1. Its AEAD is AES-128-GCM, so this ends at the key; ours differs in one number of
/// the suite and in the length of the key.
#[test]
fn rfc_9180_a_3_1() {
    let suite = b"HPKE\x00\x10\x00\x01\x00\x01";
    let schedule = check_up_to_secret(
        suite,
        &Vector {
            ephemeral: "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
            recipient: "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
            enc: "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9\
                  8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
            recipient_public: "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82\
                               6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
            shared: "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8",
            context: "00b88d4e6d91759e65e87c470e8b9141113e9ad5f0c8ceefc1e088c82e6980500798e486f9c9\
                      c09c9b5c753ac72d6005de254c607d1b534ed11d493ae1c1d9ac85",
            secret: "2eb7b6bf138f6b5aff857414a058a3f1750054a9ba1f72c2cf0684a6f20b10e1",
        },
    );
    assert_hex(schedule.expand::<16>(b"key").expose(), "868c066ef58aae6dc589b6cfdd18f97e");
    assert_hex(schedule.base_nonce().expose(), "4e0bc5018beba4bf004cca59");
    assert_hex(
        schedule.expand::<32>(b"exp").expose(),
        "14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f",
    );
}

/// Exactly our suite, from the file the RFC's appendix is an extract of (test-vectors.json of
/// cfrg/draft-irtf-cfrg-hpke: mode 0, KEM 16, KDF 1, AEAD 2).
#[test]
fn cfrg_vector_of_our_suite() {
    let vector = Vector {
        ephemeral: "90345e3a1d116c1dd39ae76d95ab858c142223a63e44f8f85318cfa91a84858e",
        recipient: "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
        enc: "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e\
              0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0",
        recipient_public: "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f\
                           853148544876de76c0f2ef99cdc3a05ccf5ded7860c7c021238f9e2073d2356c",
        shared: "48893fecd82f7c3456af6a42d8f56325d21e08c10fa81299986aaff54cde7b49",
        context: "008fc3aeb832490a4b5ab3e42023287db29a1f4bc7c222c0df228727b70a4021127f1ff3fd1a\
                  a97af7e5d473e1cb01ba74831133d9659b6c26b03a038a49a84074",
        secret: "520da82c752ee6e0be7aafbad57a62535d266b6333513d3eb94cb497dceaf94e",
    };
    let schedule = check_up_to_secret(SUITE, &vector);
    assert_hex(schedule.key().expose(), "ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d");
    assert_hex(schedule.base_nonce().expose(), "9bc50980832a7b4b58c40161");

    let plaintext: [u8; 29] = bytes("4265617574792069732074727574682c20747275746820626561757479");
    let (recipient, ephemeral) = (key(vector.recipient), key(vector.ephemeral));
    let mut data = plaintext;
    let (enc, tag) = seal_with::<RustCrypto>(&ephemeral, &recipient.public(), INFO, b"Count-0", &mut data).unwrap();
    assert_hex(&enc, vector.enc);
    let sealed = [&data[..], &tag[..]].concat();
    assert_hex(
        &sealed,
        "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d2\
         91742465e902cd216f8908da49f8f96f",
    );
    open::<RustCrypto>(&recipient, &enc, INFO, b"Count-0", &mut data, &tag).unwrap();
    assert_eq!(data, plaintext);
}

struct Vector {
    ephemeral: &'static str,
    recipient: &'static str,
    enc: &'static str,
    recipient_public: &'static str,
    shared: &'static str,
    context: &'static str,
    secret: &'static str,
}

fn check_up_to_secret<'a>(suite: &'a [u8], vector: &Vector) -> KeySchedule<'a> {
    let (ephemeral, recipient) = (key(vector.ephemeral), key(vector.recipient));
    let enc = RustCrypto::decompress(&ephemeral.public()).unwrap();
    let recipient_public = RustCrypto::decompress(&recipient.public()).unwrap();
    assert_hex(&enc, vector.enc);
    assert_hex(&recipient_public, vector.recipient_public);
    let dh = ephemeral.agree(&recipient.public()).unwrap();
    assert!(dh == recipient.agree(&ephemeral.public()).unwrap());
    let shared = shared_secret(&dh, &enc, &recipient_public);
    assert_hex(shared.expose(), vector.shared);
    let schedule = KeySchedule::new(suite, &shared, INFO);
    let context = [&[MODE_BASE], &schedule.psk_id_hash.expose()[..], &schedule.info_hash.expose()[..]];
    assert_hex(&context.concat(), vector.context);
    assert_hex(schedule.secret.expose(), vector.secret);
    schedule
}

const INFO: &[u8] = b"Ode on a Grecian Urn";

fn key(scalar: &str) -> P256Agreement {
    P256Agreement::from_secret(&Secret::new(bytes(scalar))).unwrap()
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let bytes: Vec<u8> = hex::decode(text).unwrap();
    bytes.try_into().unwrap()
}

fn assert_hex(bytes: &[u8], expected: &str) {
    assert_eq!(hex::encode(bytes), expected);
}
