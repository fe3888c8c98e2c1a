use std::fs;
use std::path::{Path, PathBuf};

use keyfob_crypto::RustCrypto;
use keyfob_licence::{Operation, RootChange, Update};
use keyfob_signed::{AppCredential, Kind, Rights, VendorRoot, verify};
use keyfob_wire::{ProductId, RootChangeFile, Serial, Subject, UpdateFile};
use tempfile::TempDir;

use super::*;
use crate::bench::{Bench, plan};
use crate::{OsEntropy, Step, TakeOverError, VendorKind};

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> (Self, VendorDirectory) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("keys");
        let vendor = VendorDirectory::create(&path, VendorKind::Test, &mut OsEntropy).unwrap();
        (Self { _folder: folder, path }, vendor)
    }

    fn open(&self) -> VendorDirectory {
        VendorDirectory::open(&self.path).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".key"))
            .collect();
        names.sort();
        names
    }
}

fn add(vendor: &mut VendorDirectory) -> Bench {
    let token = Bench::installed();
    vendor.add_token(&token.endorsed(vendor.vendor())).unwrap();
    token
}

/// Whether a file hands the token from one root to the other.
fn hands_over(file: &Path, token: &Bench, old: VendorRoot, new: VendorRoot) -> bool {
    let file = fs::read(file).unwrap();
    let file = RootChangeFile::parse(&file).unwrap();
    let binding = (token.serial, token.partition);
    let by_old = verify::<RustCrypto, RootChange>(file.by_old, &old.0, &binding).unwrap();
    verify::<RustCrypto, RootChange>(file.by_new, &new.0, &binding).is_ok() && by_old.root == new.0
}

#[test]
fn a_root_is_changed_for_every_token_and_the_old_one_is_kept() {
    let (place, mut vendor) = Place::new();
    let tokens = [add(&mut vendor), add(&mut vendor)];
    let old = vendor.vendor().root();
    let files = vendor.rotate_root(&mut OsEntropy).unwrap();
    let new = vendor.vendor().root();
    assert_ne!(old, new);
    assert_eq!(files.len(), 2);
    for (serial, file) in &files {
        let token = tokens.iter().find(|token| token.serial == *serial).unwrap();
        assert!(hands_over(file, token, old, new));
    }
    drop(vendor);
    let mut vendor = place.open();
    assert_eq!(vendor.vendor().root(), new);
    assert!(vendor.issue(tokens[0].serial, &plan(vec![], vec![]), &mut OsEntropy).is_ok());
    assert_eq!(place.names(), ["root.key", "root.old-1.key"]);
    vendor.rotate_root(&mut OsEntropy).unwrap();
    assert_eq!(place.names(), ["root.key", "root.old-1.key", "root.old-2.key"]);
}

/// The state after each step of a rotation, put together by hand.
#[test]
fn an_interrupted_change_goes_on_with_the_same_new_root() {
    let (place, mut vendor) = Place::new();
    let tokens = [add(&mut vendor), add(&mut vendor)];
    let old = vendor.vendor().root();
    let (root, next) = (place.path.join("root.key"), place.path.join("root.next.key"));
    let before: Vec<_> = tokens.iter().map(|token| record_of(&place, token.serial)).collect();
    let files = vendor.rotate_root(&mut OsEntropy).unwrap();
    let new = vendor.vendor().root();
    drop(vendor);

    // After the first token only, and before the keys' names were changed.
    fs::rename(&root, &next).unwrap();
    fs::rename(place.path.join("root.old-1.key"), &root).unwrap();
    let second = files[1].0;
    let position = tokens.iter().position(|token| token.serial == second).unwrap();
    fs::write(path_of(&place, second), &before[position]).unwrap();
    let first = fs::read(&files[0].1).unwrap();
    let mut vendor = place.open();
    assert_eq!(vendor.vendor().root(), old, "nothing is decided yet");
    let again = vendor.rotate_root(&mut OsEntropy).unwrap();
    assert_eq!(vendor.vendor().root(), new);
    assert_eq!(again, files);
    assert_eq!(fs::read(&files[0].1).unwrap(), first, "what may have been handed out stays");
    assert!(hands_over(&files[1].1, &tokens[position], old, new));
    drop(vendor);

    // Between the last two steps.
    fs::rename(&root, &next).unwrap();
    assert_eq!(place.open().vendor().root(), new);
    assert!(!next.exists());
}

fn path_of(place: &Place, serial: Serial) -> PathBuf {
    place.path.join("tokens").join(format!("{serial}.toml"))
}

fn record_of(place: &Place, serial: Serial) -> Vec<u8> {
    fs::read(path_of(place, serial)).unwrap()
}

#[test]
fn a_lost_root_is_replaced_by_the_recovery_key() {
    let (place, mut vendor) = Place::new();
    let token = add(&mut vendor);
    let old = vendor.vendor().root();
    let key = vendor.recovery_key(&mut OsEntropy).unwrap();
    assert_eq!(vendor.recovery_key(&mut OsEntropy).unwrap(), key, "it is made once");
    drop(vendor);
    let recover = || VendorDirectory::recover_root(&place.path, old, &mut OsEntropy);
    let refused = recover().err().unwrap();
    assert!(matches!(refused, RotationFailed::Directory(DirectoryError::Exists(_))), "{refused}");

    // The token wasn't told the key yet.
    let root = place.path.join("root.key");
    let elsewhere = place.path.join("lost");
    fs::rename(&root, &elsewhere).unwrap();
    let refused = recover().err().unwrap();
    assert!(matches!(refused, RotationFailed::Refused(TakeOverError::Recovery)), "{refused}");
    fs::rename(&elsewhere, &root).unwrap();
    let told = plan(vec![], vec![Step::SetRecoveryKey { key }]);
    place.open().issue(token.serial, &told, &mut OsEntropy).unwrap();

    fs::remove_file(&root).unwrap();
    let (vendor, files) = recover().unwrap();
    let new = vendor.vendor().root();
    assert_eq!(files[0].0, token.serial);
    let file = fs::read(&files[0].1).unwrap();
    let file = RootChangeFile::parse(&file).unwrap();
    let binding = (token.serial, token.partition);
    assert_eq!(verify::<RustCrypto, RootChange>(file.by_old, &key, &binding).unwrap().root, new.0);
    drop(vendor);
    assert_eq!(place.open().vendor().root(), new);
}

#[test]
fn what_is_certified_after_a_revocation_is_of_the_next_epoch() {
    let (place, mut vendor) = Place::new();
    let token = add(&mut vendor);
    let epoch_of = |vendor: &VendorDirectory| {
        let file = vendor.vendor().app(Subject([1; 8]), ProductId(0), Rights::ALL, &mut OsEntropy).unwrap();
        let credential = AppCredential::parse(&file).unwrap();
        let root = vendor.vendor().root();
        root.verify_certificate::<RustCrypto>(credential.certificate, keyfob_signed::Role::App, 0).unwrap().epoch
    };
    assert_eq!((vendor.vendor().epoch(), epoch_of(&vendor)), (1, 1));
    assert_eq!(vendor.revoke().unwrap(), 2);
    assert_eq!(epoch_of(&vendor), 2);
    drop(vendor);
    let mut vendor = place.open();
    assert_eq!(epoch_of(&vendor), 2);

    let raise = plan(vec![], vec![Step::RaiseEpoch { epoch: 2 }]);
    let issued = vendor.issue(token.serial, &raise, &mut OsEntropy).unwrap();
    assert_eq!(issued.record.minimum_epoch, 2);
    let file = UpdateFile::parse(&issued.file).unwrap();
    let signer = vendor.vendor().root().signer::<RustCrypto>(None, Kind::Update, 0).unwrap();
    let update = signer.verify::<RustCrypto, Update<'_>>(file.update, &(token.serial, token.partition)).unwrap();
    assert!(update.operations.iter().eq([Operation::RaiseEpoch { epoch: 2 }]));
    let lower = plan(vec![], vec![Step::RaiseEpoch { epoch: 1 }]);
    let refused = vendor.issue(token.serial, &lower, &mut OsEntropy).unwrap_err();
    assert!(refused.to_string().contains("can't be lowered below 2"), "{refused}");

    fs::write(place.path.join("epoch"), "two").unwrap();
    drop(vendor);
    assert!(matches!(VendorDirectory::open(&place.path).err().unwrap(), DirectoryError::Epoch(_)));
}

#[test]
fn a_wiped_token_is_retired_and_can_be_enrolled_again() {
    let (place, mut vendor) = Place::new();
    let token = add(&mut vendor);
    vendor.issue(token.serial, &plan(vec![], vec![]), &mut OsEntropy).unwrap();
    vendor.retire_token(token.serial).unwrap();
    assert!(vendor.tokens().unwrap().is_empty());
    let kept = place.path.join("retired").join(format!("{}-{}", token.serial, token.partition));
    assert!(kept.join("0001.kfu").exists() && kept.with_extension("toml").exists());
    vendor.add_token(&token.endorsed(vendor.vendor())).unwrap();
    assert_eq!(vendor.token(token.serial).unwrap().sequence.number, 0);
}
