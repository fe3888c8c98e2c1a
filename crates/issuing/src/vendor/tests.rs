use keyfob_crypto::{RustCrypto, Signature};
use keyfob_signed::{Invalid, Kind, VendorRoot};

use super::*;
use crate::OsEntropy;
use crate::bench::test_vendor;

#[test]
fn an_app_credential_holds_the_key_of_its_certificate() {
    let vendor = test_vendor();
    let rights = Rights::CHECK.and(Rights::UNLOCK);
    let file = vendor.app(Subject([3; 8]), ProductId(7), rights, &mut OsEntropy).unwrap();
    let credential = AppCredential::parse(&file).unwrap();
    assert_eq!(credential.vendor, vendor.root());
    let certificate = vendor.root().verify_certificate::<RustCrypto>(credential.certificate, Role::App, 1).unwrap();
    let key = P256Agreement::from_secret(&credential.secret).unwrap();
    assert_eq!((certificate.key, certificate.subject), (key.public(), Subject([3; 8])));
    assert_eq!((certificate.product, certificate.rights()), (ProductId(7), rights));

    let other = vendor.app(Subject([3; 8]), ProductId(7), rights, &mut OsEntropy).unwrap();
    assert!(AppCredential::parse(&other).unwrap().secret != credential.secret);
}

#[test]
fn time_is_for_one_partition_and_nonce() {
    let vendor = test_vendor();
    let binding = (Serial([1; 8]), PartitionId([2; 8]));
    let bytes = vendor.sign_time(binding.0, binding.1, [5; 16], UnixTime(1_700_000_000), &mut OsEntropy).unwrap();
    let signer = vendor.root().signer::<RustCrypto>(None, Kind::Time, 0).unwrap();
    let time = signer.verify::<RustCrypto, SignedTime>(&bytes, &binding).unwrap();
    assert_eq!(time.into_inner(), SignedTime { time: UnixTime(1_700_000_000), nonce: [5; 16] });
    let elsewhere = signer.verify::<RustCrypto, SignedTime>(&bytes, &(binding.0, PartitionId([3; 8])));
    assert_eq!(elsewhere.err(), Some(Invalid::Signature));
    assert!(Signature(*bytes.last_chunk().unwrap()).is_low_s());
}

#[test]
fn an_update_signer_may_not_sign_time() {
    let vendor = test_vendor();
    let signer = vendor.update_signer(Subject([4; 8]), P256Signing::generate(&mut OsEntropy), &mut OsEntropy).unwrap();
    let root: VendorRoot = vendor.root();
    assert!(root.signer::<RustCrypto>(Some(signer.certificate()), Kind::Update, 1).is_ok());
    assert_eq!(root.signer::<RustCrypto>(Some(signer.certificate()), Kind::Time, 1).err(), Some(Invalid::Role));
    assert_eq!(root.signer::<RustCrypto>(Some(signer.certificate()), Kind::Update, 2).err(), Some(Invalid::Epoch));
}
