//! What issuing's errors mean to people.

use std::fmt::Display;

use keyfob::Serial;
use keyfob_issuing::directory::{DirectoryError, IssueFailed, RewindFailed};
use keyfob_issuing::{CertifyError, EndorseError, IssueError, ReceiptError};
use keyfob_signed::SignError;
use keyfob_terminal::{Exit, Failure};

use crate::text::TEXTS;

/// Makes a failure of one of this command's codes, or of those that all commands share.
pub(crate) fn failure(code: &'static str, exit: Exit, message: impl Display) -> Failure {
    let failure = Failure::new(code, exit, message);
    match TEXTS.iter().find(|text| text.code == code) {
        Some(text) => failure.hint(text.hint),
        None => failure,
    }
}

/// A directory, or something in it, can't be used.
pub(crate) fn directory(error: DirectoryError) -> Failure {
    let (code, exit) = match &error {
        DirectoryError::Exists(_) => ("file-exists", Exit::Failure),
        DirectoryError::Missing(_) => ("directory-missing", Exit::Failure),
        DirectoryError::Locked(_) => ("directory-locked", Exit::Busy),
        DirectoryError::TooOpen { .. } => ("permissions-too-open", Exit::Failure),
        DirectoryError::NotAKey(_) | DirectoryError::Purpose { .. } => ("key-file", Exit::Failure),
        DirectoryError::Record { .. } => ("record-damaged", Exit::Failure),
        DirectoryError::TokenInUse(_) => ("fob-in-use", Exit::Failure),
        DirectoryError::Maker { .. } => ("maker-damaged", Exit::Failure),
        _ => ("directory-failed", Exit::Failure),
    };
    failure(code, exit, error)
}

/// A fob's record can't be used.
pub(crate) fn record(serial: Serial) -> impl FnOnce(DirectoryError) -> Failure {
    move |error| match error {
        DirectoryError::Missing(_) => unknown(serial),
        error => directory(error),
    }
}

fn unknown(serial: Serial) -> Failure {
    failure("fob-unknown", Exit::NoToken, format_args!("fob {serial} has no record"))
}

/// No update was issued.
pub(crate) fn issue(serial: Serial, error: IssueFailed) -> Failure {
    match error {
        IssueFailed::Directory(error) => record(serial)(error),
        IssueFailed::Refused(error) => refused(&error),
        error => failure("not-issuable", Exit::Failure, error),
    }
}

/// No fob could apply the update.
pub(crate) fn refused(error: &IssueError) -> Failure {
    match error {
        IssueError::Endorsement(_) | IssueError::SealingKey(_) => failure("record-refused", Exit::Verification, error),
        IssueError::Sign(_) => failure("signing-failed", Exit::Failure, error),
        _ => failure("not-issuable", Exit::Failure, error),
    }
}

/// Nothing was withdrawn.
pub(crate) fn rewind(serial: Serial, error: RewindFailed) -> Failure {
    match error {
        RewindFailed::Directory(error) => record(serial)(error),
        RewindFailed::UpToDate => failure("nothing-to-withdraw", Exit::Failure, error),
        RewindFailed::Receipt(ReceiptError::Endorsement(_)) => failure("record-refused", Exit::Verification, error),
        error => failure("receipt-refused", Exit::Verification, error),
    }
}

/// A fob wasn't certified.
pub(crate) fn certify(error: CertifyError) -> Failure {
    match error {
        CertifyError::Emulated => failure("emulated-token", Exit::Verification, error)
            .hint("emulated fobs are for tests: certify them by the published test maker, --test"),
        CertifyError::Real => failure("real-token", Exit::Verification, error),
        CertifyError::Sign(error) => sign(&error),
        error => failure("birth-refused", Exit::Verification, error),
    }
}

/// A fob wasn't endorsed.
pub(crate) fn endorse(error: EndorseError) -> Failure {
    match error {
        EndorseError::Emulated => failure("emulated-token", Exit::Verification, error)
            .hint("emulated fobs are for tests: enrol them with a test vendor, made by init --test"),
        EndorseError::Real => failure("real-token", Exit::Verification, error),
        EndorseError::UntrustedMaker => failure("maker-untrusted", Exit::Verification, error),
        EndorseError::Sign(error) => sign(&error),
        error => failure("enrolment-refused", Exit::Verification, error),
    }
}

/// A key couldn't sign.
pub(crate) fn sign(error: &SignError) -> Failure {
    failure("signing-failed", Exit::Failure, error)
}

#[cfg(test)]
mod tests {
    use keyfob_signed::Invalid;

    use super::*;

    /// What no emulated fob and no directory of the other tests brings about.
    #[test]
    fn what_an_imitation_would_bring_about() {
        for (failure, code, exit) in [
            (certify(CertifyError::Real), "real-token", Exit::Verification),
            (certify(CertifyError::Nonce), "birth-refused", Exit::Verification),
            (certify(CertifyError::Levels), "birth-refused", Exit::Verification),
            (certify(CertifyError::Sign(SignError::Signing)), "signing-failed", Exit::Failure),
            (endorse(EndorseError::Real), "real-token", Exit::Verification),
            (endorse(EndorseError::UntrustedMaker), "maker-untrusted", Exit::Verification),
            (endorse(EndorseError::Certificate(Invalid::Signature)), "enrolment-refused", Exit::Verification),
            (endorse(EndorseError::Nonce), "enrolment-refused", Exit::Verification),
            (refused(&IssueError::Endorsement(Invalid::Signature)), "record-refused", Exit::Verification),
            (refused(&IssueError::LastNumber), "not-issuable", Exit::Failure),
        ] {
            assert_eq!((failure.code(), failure.exit()), (code, exit));
        }
    }
}
