use keyfob_crypto::RustCrypto;
use keyfob_signed::verify;

use super::*;
use crate::bench::{Bench, plan, test_vendor};
use crate::{OsEntropy, Step, VendorKind};

fn key() -> P256Signing {
    P256Signing::generate(&mut OsEntropy)
}

#[test]
fn both_roots_sign_the_change_and_the_new_one_endorses_the_same_keys() {
    let (old, new, token) = (test_vendor(), test_vendor(), Bench::installed());
    let record = TokenRecord::new(&token.endorsed(&old));
    let taken = new.take_over(&Predecessor::Root(&old), &record, &mut OsEntropy).unwrap();
    let file = RootChangeFile::parse(&taken.file).unwrap();
    let binding = (token.serial, token.partition);
    let by_old = verify::<RustCrypto, RootChange>(file.by_old, &old.root().0, &binding).unwrap();
    let by_new = verify::<RustCrypto, RootChange>(file.by_new, &new.root().0, &binding).unwrap();
    assert_eq!((*by_old, *by_new), (RootChange { number: 1, root: new.root().0 }, *by_old));
    let (before, after) = (record.endorsement(old.root()).unwrap(), taken.record.endorsement(new.root()).unwrap());
    assert_eq!((before.handshake, before.sealing, before.proof), (after.handshake, after.sealing, after.proof));
    assert_eq!(taken.record.endorsement, file.endorsement);
    assert_eq!((taken.record.root_changes, taken.record.sequence), (1, record.sequence));
    // The next update goes on with the chain, by the new root only.
    assert!(new.issue(&taken.record, &plan(vec![], vec![]), &mut OsEntropy).is_ok());
    assert!(old.issue(&taken.record, &plan(vec![], vec![]), &mut OsEntropy).is_err());
}

#[test]
fn the_recovery_key_is_the_one_that_the_token_was_told() {
    let (old, new, token, recovery) = (test_vendor(), test_vendor(), Bench::installed(), key());
    let record = TokenRecord::new(&token.endorsed(&old));
    let by = |key| Predecessor::Recovery { root: old.root(), key };
    let told = plan(vec![], vec![Step::SetRecoveryKey { key: recovery.public() }]);
    assert_eq!(new.take_over(&by(&recovery), &record, &mut OsEntropy), Err(TakeOverError::Recovery));
    let record = old.issue(&record, &told, &mut OsEntropy).unwrap().record;
    assert!(new.take_over(&by(&recovery), &record, &mut OsEntropy).is_ok());
    assert_eq!(new.take_over(&by(&key()), &record, &mut OsEntropy), Err(TakeOverError::Recovery));
}

#[test]
fn what_tokens_would_refuse_is_not_signed() {
    let (old, new, token) = (test_vendor(), test_vendor(), Bench::installed());
    let record = TokenRecord::new(&token.endorsed(&old));
    let by_old = Predecessor::Root(&old);
    let refused = |vendor: &Vendor, from: &Predecessor<'_>, record: &TokenRecord| {
        vendor.take_over(from, record, &mut OsEntropy).unwrap_err()
    };
    assert_eq!(refused(&old, &by_old, &record), TakeOverError::Same);
    assert_eq!(refused(&Vendor::create(VendorKind::Production, &mut OsEntropy), &by_old, &record), TakeOverError::Kind);
    let foreign = Predecessor::Root(&new);
    assert_eq!(refused(&test_vendor(), &foreign, &record), TakeOverError::Endorsement(Invalid::Signature));
    let last = TokenRecord { root_changes: u32::MAX, ..record };
    assert_eq!(refused(&new, &by_old, &last), TakeOverError::LastNumber);
}
