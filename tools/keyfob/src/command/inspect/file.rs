//! What a file is.

use keyfob_licence::{Grant, Proof, Receipt, RootChange, SignedTime, Snapshot, Update, Wipe};
use keyfob_signed::{AppCredential, BirthRequest, Certificate, Endorsement, EnrolmentRequest, read_unverified};
use keyfob_wire::{ProofFile, ReceiptFile, RootChangeFile, SnapshotFile, TimeFile, UpdateFile, WipeFile};

use super::payload::{Described, certificates};
use crate::tree::Tree;
use crate::value::to_hex;

/// A file that was read. Nothing of it is verified.
pub(super) enum File<'a> {
    Update(UpdateFile<'a>, Update<'a>),
    Receipt(ReceiptFile<'a>, Endorsement, Receipt<'a>),
    Snapshot(SnapshotFile<'a>, Endorsement, Snapshot<'a>),
    Proof(ProofFile<'a>, Endorsement, Proof<'a>),
    Time(TimeFile<'a>, SignedTime),
    Wipe(WipeFile<'a>, Wipe),
    RootChange(RootChangeFile<'a>, RootChange, Endorsement),
    /// The credential's secret is never shown.
    Credential(Box<AppCredential<'a>>, Certificate),
    Signed(&'a [u8], Signed<'a>),
}

/// A single signed thing. Its kind isn't written in it, but no two kinds have payloads of the same form.
pub(super) enum Signed<'a> {
    Certificate(Certificate),
    BirthRequest(BirthRequest),
    EnrolmentRequest(EnrolmentRequest),
    Endorsement(Endorsement),
    Update(Update<'a>),
    Grant(Grant<'a>),
    Receipt(Receipt<'a>),
    Snapshot(Snapshot<'a>),
    Proof(Proof<'a>),
    Time(SignedTime),
    Wipe(Wipe),
    RootChange(RootChange),
}

impl<'a> File<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        if let Ok(file) = UpdateFile::parse(bytes) {
            return Some(Self::Update(file, read_unverified(file.update).ok()?));
        }
        if let Ok(file) = ReceiptFile::parse(bytes) {
            let endorsement = read_unverified(file.endorsement).ok()?;
            return Some(Self::Receipt(file, endorsement, read_unverified(file.receipt).ok()?));
        }
        if let Ok(file) = SnapshotFile::parse(bytes) {
            let endorsement = read_unverified(file.endorsement).ok()?;
            return Some(Self::Snapshot(file, endorsement, read_unverified(file.snapshot).ok()?));
        }
        if let Ok(file) = ProofFile::parse(bytes) {
            let endorsement = read_unverified(file.endorsement).ok()?;
            return Some(Self::Proof(file, endorsement, read_unverified(file.proof).ok()?));
        }
        if let Ok(file) = TimeFile::parse(bytes) {
            return Some(Self::Time(file, read_unverified(file.time).ok()?));
        }
        if let Ok(file) = WipeFile::parse(bytes) {
            return Some(Self::Wipe(file, read_unverified(file.wipe).ok()?));
        }
        if let Ok(file) = RootChangeFile::parse(bytes) {
            let endorsement = read_unverified(file.endorsement).ok()?;
            return Some(Self::RootChange(file, read_unverified(file.by_old).ok()?, endorsement));
        }
        if let Ok(credential) = AppCredential::parse(bytes) {
            let certificate = read_unverified(credential.certificate).ok()?;
            return Some(Self::Credential(Box::new(credential), certificate));
        }
        Signed::read(bytes).map(|signed| Self::Signed(bytes, signed))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Update(..) => "update file",
            Self::Receipt(..) => "receipt file",
            Self::Snapshot(..) => "snapshot file",
            Self::Proof(..) => "proof file",
            Self::Time(..) => "time file",
            Self::Wipe(..) => "wipe file",
            Self::RootChange(..) => "root change file",
            Self::Credential(..) => "app credential",
            Self::Signed(_, signed) => signed.kind(),
        }
    }

    pub(super) fn tree(&self) -> Tree {
        match self {
            Self::Update(file, update) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("partition", file.partition.to_string())
                .with("signers", certificates(file.certificates.iter()))
                .with("update", update.tree()),
            Self::Receipt(file, endorsement, receipt) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("endorsement", endorsement.tree())
                .with("receipt", receipt.tree()),
            Self::Snapshot(file, endorsement, snapshot) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("endorsement", endorsement.tree())
                .with("snapshot", snapshot.tree()),
            Self::Proof(file, endorsement, proof) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("endorsement", endorsement.tree())
                .with("proof", proof.tree()),
            Self::Time(file, time) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("partition", file.partition.to_string())
                .with("signers", certificates(file.certificates.iter()))
                .with("time", time.tree()),
            Self::Wipe(file, wipe) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("partition", file.partition.to_string())
                .with("wipe", wipe.tree()),
            Self::RootChange(file, change, endorsement) => Tree::default()
                .with("serial", file.serial.to_string())
                .with("partition", file.partition.to_string())
                .with("root_change", change.tree())
                .with("endorsement", endorsement.tree()),
            Self::Credential(credential, certificate) => Tree::default()
                .with("vendor", to_hex(&credential.vendor.0.0))
                .with("secret", "not shown")
                .with("certificate", certificate.tree()),
            Self::Signed(_, signed) => signed.tree(),
        }
    }
}

impl<'a> Signed<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let certificate = || read_unverified(bytes).map(Self::Certificate);
        certificate()
            .or_else(|_| read_unverified(bytes).map(Self::BirthRequest))
            .or_else(|_| read_unverified(bytes).map(Self::EnrolmentRequest))
            .or_else(|_| read_unverified(bytes).map(Self::Endorsement))
            .or_else(|_| read_unverified(bytes).map(Self::Update))
            .or_else(|_| read_unverified(bytes).map(Self::Grant))
            .or_else(|_| read_unverified(bytes).map(Self::Receipt))
            .or_else(|_| read_unverified(bytes).map(Self::Snapshot))
            .or_else(|_| read_unverified(bytes).map(Self::Proof))
            .or_else(|_| read_unverified(bytes).map(Self::Time))
            .or_else(|_| read_unverified(bytes).map(Self::Wipe))
            .or_else(|_| read_unverified(bytes).map(Self::RootChange))
            .ok()
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::BirthRequest(_) => "birth request",
            Self::EnrolmentRequest(_) => "enrolment request",
            Self::Endorsement(_) => "endorsement",
            Self::Update(_) => "update",
            Self::Grant(_) => "grant",
            Self::Receipt(_) => "receipt",
            Self::Snapshot(_) => "snapshot",
            Self::Proof(_) => "proof",
            Self::Time(_) => "signed time",
            Self::Wipe(_) => "wipe",
            Self::RootChange(_) => "root change",
        }
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Certificate(certificate) => certificate.tree(),
            Self::BirthRequest(request) => request.tree(),
            Self::EnrolmentRequest(request) => request.tree(),
            Self::Endorsement(endorsement) => endorsement.tree(),
            Self::Update(update) => update.tree(),
            Self::Grant(grant) => grant.tree(),
            Self::Receipt(receipt) => receipt.tree(),
            Self::Snapshot(snapshot) => snapshot.tree(),
            Self::Proof(proof) => proof.tree(),
            Self::Time(time) => time.tree(),
            Self::Wipe(wipe) => wipe.tree(),
            Self::RootChange(change) => change.tree(),
        }
    }
}
