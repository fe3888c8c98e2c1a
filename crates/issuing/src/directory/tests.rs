use std::fmt::{Debug, Display};
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use keyfob_crypto::Secret;
use keyfob_licence::{List, Receipt};
use keyfob_signed::{Levels, VendorRoot};
use keyfob_wire::{FeatureId, Firmware, Serial, Slot, Units, UnixTime};
use tempfile::TempDir;

use super::secret_key::{self, Purpose};
use super::*;
use crate::bench::{Bench, hardware, plan, product};
use crate::envelope::signed;
use crate::{Maker, MakerError, OsEntropy, Standing, Step, TokenRecord, UpdatePlan, UpdateSigner, Vendor, VendorKind};

const NONCE: &[u8] = b"a fresh nonce";

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys");
    (folder, path)
}

fn test_vendor(path: &Path) -> VendorDirectory {
    VendorDirectory::create(path, VendorKind::Test, &mut OsEntropy).unwrap()
}

fn add(vendor: &mut VendorDirectory) -> Bench {
    let token = Bench::installed();
    vendor.add_token(&token.endorsed(vendor.vendor())).unwrap();
    token
}

fn a_plan() -> UpdatePlan {
    plan(vec![product(1, [1, 2])], vec![Step::SetCounter { feature: FeatureId(1), units: Units(5) }])
}

fn receipt(token: &Bench, record: &TokenRecord) -> Vec<u8> {
    let receipt = Receipt {
        epoch: record.sequence.epoch,
        number: record.sequence.number,
        last_update: record.sequence.digest,
        mark: UnixTime(0),
        firmware: Firmware([0, 1, 0]),
        nonce: NONCE,
        counters: List::new(&[]),
    };
    signed(&receipt, &(token.serial, token.partition), &token.proof, &mut OsEntropy).unwrap()
}

#[test]
fn a_vendor_is_found_again_with_its_kind() {
    for kind in [VendorKind::Production, VendorKind::Test] {
        let (_folder, path) = place();
        let root = VendorDirectory::create(&path, kind, &mut OsEntropy).unwrap().vendor().root();
        let vendor = VendorDirectory::open(&path).unwrap();
        assert_eq!((vendor.vendor().root(), vendor.vendor().kind(), vendor.path()), (root, kind, path.as_path()));
    }
}

#[test]
fn a_maker_is_found_again() {
    let (_folder, path) = place();
    let made = MakerDirectory::create(&path, hardware(), &mut OsEntropy).unwrap();
    let (root, batch) = (made.maker().root(), made.maker().batch().to_vec());
    drop(made);
    let found = MakerDirectory::open(&path).unwrap();
    assert_eq!((found.maker().root(), found.maker().batch()), (root, batch.as_slice()));
    let token = Bench::real();
    assert!(found.maker().certify(&token.birth(), &crate::bench::NONCE, &mut OsEntropy).is_ok());
    drop(found);

    let at = path.join("batch.certificate");
    fs::write(&at, Maker::test().unwrap().batch()).unwrap();
    let refused = MakerDirectory::open(&path).err().unwrap();
    assert!(matches!(refused, DirectoryError::Maker { reason: MakerError::Batch(_), .. }), "{refused}");

    let (_folder, path) = place();
    let refused = MakerDirectory::create(&path, Levels::EMULATED, &mut OsEntropy).err().unwrap();
    assert!(matches!(refused, DirectoryError::Maker { reason: MakerError::Emulated, .. }), "{refused}");
    assert!(!path.exists());
}

#[test]
fn nothing_is_overwritten() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let key = vendor.feature_key(FeatureId(1), Slot(0), &mut OsEntropy).unwrap();
    assert!(vendor.feature_key(FeatureId(1), Slot(0), &mut OsEntropy).unwrap() == key);
    assert!(vendor.feature_key(FeatureId(1), Slot(1), &mut OsEntropy).unwrap() != key);
    drop(vendor);

    let before = fs::read(path.join("root.key")).unwrap();
    let refused = VendorDirectory::create(&path, VendorKind::Production, &mut OsEntropy).err().unwrap();
    assert!(matches!(&refused, DirectoryError::Exists(at) if *at == path.join("root.key")), "{refused}");
    let refused = MakerDirectory::create(&path, hardware(), &mut OsEntropy).err().unwrap();
    assert!(matches!(refused, DirectoryError::Exists(_)), "{refused}");
    assert_eq!(fs::read(path.join("root.key")).unwrap(), before);
    let again = VendorDirectory::open(&path).unwrap().feature_key(FeatureId(1), Slot(0), &mut OsEntropy).unwrap();
    assert!(again == key);
}

#[test]
fn a_directory_is_used_by_one_at_a_time() {
    let (_folder, path) = place();
    let vendor = test_vendor(&path);
    let refused = VendorDirectory::open(&path).err().unwrap();
    assert!(matches!(&refused, DirectoryError::Locked(at) if *at == path), "{refused}");
    drop(vendor);
    assert!(VendorDirectory::open(&path).is_ok());
}

#[test]
fn a_key_is_for_its_purpose() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    vendor.feature_key(FeatureId(1), Slot(0), &mut OsEntropy).unwrap();
    let keys = path.join("feature-keys");
    fs::copy(keys.join("1-0.key"), keys.join("2-0.key")).unwrap();
    let refused = vendor.feature_key(FeatureId(2), Slot(0), &mut OsEntropy).err().unwrap();
    assert!(matches!(&refused, DirectoryError::Purpose { purpose, .. } if purpose == "feature-2-0"), "{refused}");
    drop(vendor);

    fs::copy(keys.join("1-0.key"), path.join("root.key")).unwrap();
    let refused = VendorDirectory::open(&path).err().unwrap();
    assert!(matches!(refused, DirectoryError::Purpose { .. }), "{refused}");
    let refused = MakerDirectory::open(&path).err().unwrap();
    assert!(matches!(&refused, DirectoryError::Purpose { purpose, .. } if purpose == "maker-root"), "{refused}");
}

#[test]
fn what_is_missing_is_said() {
    let (_folder, path) = place();
    let missing = |error: Option<DirectoryError>| matches!(error, Some(DirectoryError::Missing(_)));
    assert!(missing(VendorDirectory::open(&path).err()));
    let mut vendor = test_vendor(&path);
    assert!(missing(vendor.token(Serial([1; 8])).err()));
    let refused = vendor.issue(Serial([1; 8]), &a_plan(), &mut OsEntropy).err();
    assert!(matches!(refused, Some(IssueFailed::Directory(DirectoryError::Missing(_)))));
    let token = add(&mut vendor);
    assert!(missing(vendor.update(token.serial, 1).err()));
    drop(vendor);
    fs::remove_file(path.join("root.key")).unwrap();
    assert!(missing(VendorDirectory::open(&path).err()));
}

/// What may stand in a key file by mistake, with the key's digits anywhere.
#[test]
fn no_error_tells_a_key() {
    let digits = "5ec1e75ec1e75ec1e75ec1e75ec1e75ec1e75ec1e75ec1e75ec1e75ec1e75ec1";
    let (_folder, path) = place();
    drop(test_vendor(&path));
    let at = path.join("root.key");
    let good = format!("keyfob-secret-key-v1 vendor-root {digits}\n");
    fs::write(&at, &good).unwrap();
    assert!(VendorDirectory::open(&path).is_ok());

    let mut wrong = vec![
        format!("keyfob-secret-key-v1 {digits} vendor-root\n"),
        format!("keyfob-secret-key-v1 {digits} {digits}\n"),
        format!("keyfob-secret-key-v1 feature-1-0 {digits}\n"),
        format!("keyfob-secret-key-v2 vendor-root {digits}\n"),
        format!("{digits} vendor-root {digits}\n"),
        format!("{good}{good}"),
        format!("{} \n", good.trim_end()),
        format!("keyfob-secret-key-v1 vendor-root {digits}00\n"),
        format!("keyfob-secret-key-v1 vendor-root {digits}{}\n", "0".repeat(500)),
        format!("keyfob-secret-key-v1 vendor-root x{}\n", &digits[1..]),
        format!("keyfob-secret-key-v1 vendor-root {}\n", "f".repeat(64)),
        format!("keyfob-secret-key-v1 vendor-root {}\n", "0".repeat(64)),
    ];
    wrong.extend((0..good.len()).map(|length| good[..length].to_owned()));
    for content in wrong {
        fs::write(&at, &content).unwrap();
        let error = VendorDirectory::open(&path).err().unwrap_or_else(|| panic!("{content}"));
        assert!(matches!(error, DirectoryError::NotAKey(_) | DirectoryError::Purpose { .. }), "{error}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains("5ec1e7"), "{said}");
        assert!(said.contains("root.key"), "{said}");
    }
}

/// Asks of a type whether it can be printed, without printing it.
struct Printable<T>(PhantomData<T>);

trait Otherwise {
    const DEBUG: bool = false;
    const DISPLAY: bool = false;
}

impl<T> Otherwise for Printable<T> {}

impl<T: Debug> Printable<T> {
    const DEBUG: bool = true;
}

impl<T: Display> Printable<T> {
    const DISPLAY: bool = true;
}

#[test]
fn what_holds_keys_cannot_be_printed() {
    macro_rules! printable {
        ($($holder:ty),*) => { [$(Printable::<$holder>::DEBUG, Printable::<$holder>::DISPLAY),*] };
    }
    let holders = printable!(Maker, Vendor, UpdateSigner, UpdatePlan, Step, MakerDirectory, VendorDirectory);
    assert_eq!(holders, [false; 14]);
    assert_eq!(printable!(VendorRoot, u8), [true, false, true, true]);
}

#[test]
fn updates_are_recorded_and_can_be_sent_again() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let (token, other) = (add(&mut vendor), add(&mut vendor));
    let mut serials = [token.serial, other.serial];
    serials.sort_unstable();

    let mut issued = Vec::new();
    for number in 1..=3 {
        // Each command opens the directory anew.
        drop(vendor);
        vendor = VendorDirectory::open(&path).unwrap();
        let update = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
        assert_eq!(update.record.sequence.number, number);
        assert_eq!(vendor.token(token.serial).unwrap(), update.record);
        issued.push(update.file);
    }
    for (number, file) in (1..).zip(&issued) {
        assert_eq!(vendor.update(token.serial, number).unwrap(), *file);
        assert_eq!(fs::read(vendor.update_path(token.serial, number)).unwrap(), *file);
    }
    assert_eq!(vendor.tokens().unwrap(), serials);
    assert_eq!(vendor.token(other.serial).unwrap().sequence.number, 0);
}

#[test]
fn a_refused_update_changes_nothing() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let token = add(&mut vendor);
    let before = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap().record;
    let refused = vendor.issue(token.serial, &plan(vec![product(0, [])], vec![]), &mut OsEntropy);
    assert!(matches!(refused, Err(IssueFailed::Refused(_))));
    assert_eq!(vendor.token(token.serial).unwrap(), before);
    assert!(vendor.update(token.serial, 2).is_err());
}

/// A command that is cut short before the record is replaced has issued nothing; after it, the update is there.
#[test]
fn an_issue_that_was_cut_short_is_done_or_undone() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let token = add(&mut vendor);
    let record_path = path.join(format!("tokens/{}.toml", token.serial));
    let pending = path.join(format!("tokens/{}/0002.pending", token.serial));
    vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
    let before = fs::read(&record_path).unwrap();
    let second = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
    let after = fs::read(&record_path).unwrap();
    fs::rename(vendor.update_path(token.serial, 2), &pending).unwrap();

    // Cut before the record was replaced: number 2 was never issued, and is given to something else.
    fs::write(&record_path, &before).unwrap();
    assert_eq!(vendor.token(token.serial).unwrap().sequence.number, 1);
    assert!(vendor.update(token.serial, 2).is_err());
    let another = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
    assert_eq!(another.record.sequence.number, 2);
    assert_eq!(vendor.update(token.serial, 2).unwrap(), another.file);
    assert!(!pending.exists());

    // Cut after it: the file gets its name when the record is looked at next.
    fs::remove_file(vendor.update_path(token.serial, 2)).unwrap();
    fs::write(&record_path, &after).unwrap();
    fs::write(&pending, &second.file).unwrap();
    assert_eq!(vendor.update(token.serial, 2).unwrap(), second.file);
    assert!(!pending.exists());
}

#[test]
fn updates_that_were_not_applied_can_be_withdrawn() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let token = add(&mut vendor);
    let first = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
    let second = vendor.issue(token.serial, &plan(vec![product(2, [7])], vec![]), &mut OsEntropy).unwrap();
    let third = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();

    let refused = vendor.rewind(token.serial, NONCE, &receipt(&token, &third.record));
    assert!(matches!(refused, Err(RewindFailed::UpToDate)));
    let refused = vendor.rewind(token.serial, b"another nonce", &receipt(&token, &first.record));
    assert!(matches!(refused, Err(RewindFailed::Receipt(_))));
    let mut forked = first.record.clone();
    forked.sequence.digest = [9; 32];
    let refused = vendor.rewind(token.serial, NONCE, &receipt(&token, &forked));
    assert!(matches!(refused, Err(RewindFailed::Unknown)));
    assert_eq!(vendor.token(token.serial).unwrap(), third.record);

    let record = vendor.rewind(token.serial, NONCE, &receipt(&token, &first.record)).unwrap();
    assert_eq!((record.sequence, &record.products), (first.record.sequence, &first.record.products));
    assert_eq!(vendor.token(token.serial).unwrap(), record);
    assert!(vendor.update(token.serial, 1).is_ok());
    assert!(vendor.update(token.serial, 2).is_err());
    let again = vendor.issue(token.serial, &plan(vec![product(3, [7])], vec![]), &mut OsEntropy).unwrap();
    assert_eq!(again.record.sequence.number, 2);
    // A token that took a grant of the withdrawn ones would still take these.
    assert!(again.record.grant_number > third.record.grant_number);
    assert_ne!(again.file, second.file);
    assert_eq!(vendor.update(token.serial, 2).unwrap(), again.file);

    // The customer has applied the withdrawn one instead: it shows.
    let bytes = receipt(&token, &second.record);
    let read = crate::read_receipt(vendor.vendor().root(), &again.record, NONCE, &bytes).unwrap();
    assert_eq!(Standing::of(&read, &again.record), Standing::Unknown);
}

#[test]
fn a_token_is_enrolled_again_only_before_its_first_update() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let token = add(&mut vendor);
    let again = token.endorsed(vendor.vendor());
    assert_eq!(vendor.add_token(&again).unwrap(), vendor.token(token.serial).unwrap());
    let issued = vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
    assert!(matches!(vendor.add_token(&again), Err(DirectoryError::TokenInUse(_))));
    assert_eq!(vendor.token(token.serial).unwrap(), issued.record);
}

#[test]
fn a_record_that_is_not_understood_is_an_error() {
    let (_folder, path) = place();
    let mut vendor = test_vendor(&path);
    let (token, other) = (add(&mut vendor), add(&mut vendor));
    let at = |token: &Bench| path.join(format!("tokens/{}.toml", token.serial));
    for content in [b"".to_vec(), b"\xff".to_vec(), fs::read(at(&other)).unwrap()] {
        fs::write(at(&token), content).unwrap();
        assert!(matches!(vendor.token(token.serial), Err(DirectoryError::Record { .. })));
        let refused = vendor.issue(token.serial, &a_plan(), &mut OsEntropy);
        assert!(matches!(refused, Err(IssueFailed::Directory(DirectoryError::Record { .. }))));
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        found.push(path.to_owned());
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        }
    }

    #[test]
    fn everything_is_its_owners_only() {
        let (_folder, path) = place();
        let mut vendor = test_vendor(&path);
        let token = add(&mut vendor);
        vendor.feature_key(FeatureId(1), Slot(0), &mut OsEntropy).unwrap();
        vendor.issue(token.serial, &a_plan(), &mut OsEntropy).unwrap();
        let (_other, maker) = place();
        drop(MakerDirectory::create(&maker, hardware(), &mut OsEntropy).unwrap());

        let mut found = Vec::new();
        walk(&path, &mut found);
        walk(&maker, &mut found);
        for at in &found {
            assert_eq!(mode(at), if at.is_dir() { 0o700 } else { 0o600 }, "{}", at.display());
        }
        let keys = found.iter().filter(|at| at.extension().is_some_and(|extension| extension == "key")).count();
        assert_eq!(keys, 4);
        assert!(found.iter().any(|at| at.ends_with("0001.kfu")));
    }

    #[test]
    fn what_others_may_read_is_refused() {
        let (_folder, path) = place();
        drop(test_vendor(&path));
        for bits in [0o040, 0o004, 0o020, 0o002, 0o010, 0o001] {
            set_mode(&path.join("root.key"), 0o600 | bits);
            let refused = VendorDirectory::open(&path).err().unwrap();
            assert!(matches!(refused, DirectoryError::TooOpen { mode: 0o600, .. }), "{refused}");
            set_mode(&path.join("root.key"), 0o600);
            set_mode(&path, 0o700 | bits);
            let refused = VendorDirectory::open(&path).err().unwrap();
            assert!(matches!(refused, DirectoryError::TooOpen { mode: 0o700, .. }), "{refused}");
            set_mode(&path, 0o700);
        }
        assert!(VendorDirectory::open(&path).is_ok());
    }
}

#[test]
fn a_key_file_is_one_line() {
    let (_folder, path) = place();
    secret_key::write(&path, Purpose::MAKER_ROOT, &Secret::new([0xab; 32])).unwrap();
    let expected = format!("keyfob-secret-key-v1 maker-root {}\n", "ab".repeat(32));
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}
