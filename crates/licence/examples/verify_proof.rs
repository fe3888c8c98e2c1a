//! What a server does with a proof: ten lines, no token, no connection. `docs/spec.md`, §7.11.
//!
//! `cargo run -p keyfob-licence --example verify_proof -- PROOF-FILE VENDOR-ROOT NONCE`, the last two in hexadecimal
//! digits; `keyfob prove --out` writes the file.

use std::error::Error;

use keyfob_crypto::{PublicKey, RustCrypto};
use keyfob_licence::Proof;
use keyfob_signed::{VendorRoot, verify};
use keyfob_wire::{FeatureId, ProofFile, Status};

const AUDIENCE: &str = "https://cad.example";
const EXPORT: FeatureId = FeatureId(42);
/// Endorsements of lower epochs were revoked.
const MINIMUM_EPOCH: u32 = 0;

/// Whether the fob says that Export may be used now. `nonce` is one that this server made for this answer alone.
pub(crate) fn may_export(file: &[u8], vendor: VendorRoot, nonce: &[u8]) -> Result<bool, Box<dyn Error>> {
    let file = ProofFile::parse(file)?;
    let endorsement = vendor.verify_endorsement::<RustCrypto>(file.endorsement, file.serial, MINIMUM_EPOCH)?;
    let partition = (file.serial, endorsement.partition);
    let proof = verify::<RustCrypto, Proof<'_>>(file.proof, &endorsement.proof, &partition)?;
    let is_ours = proof.audience == AUDIENCE && proof.nonce == nonce && proof.feature == EXPORT;
    Ok(is_ours && proof.status == Status::Ok)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [file, root, nonce] = arguments.as_slice() else {
        return Err("name a proof file, a vendor's root key and a nonce".into());
    };
    let root: [u8; 33] = hex::decode(root)?.as_slice().try_into()?;
    let may = may_export(&std::fs::read(file)?, VendorRoot(PublicKey(root)), &hex::decode(nonce)?)?;
    println!("{}", if may { "Export may be used" } else { "Export may not be used" });
    Ok(())
}
