//! Operation and body: what every request consists of. Spec §8.

use super::{
    Body, CheckRequest, CipherRequest, CounterRequest, Empty, EndorseRequest, EnrolRequest, FilesRequest, GrantRequest,
    ListRequest, ProveRequest, RandomRequest, ReadRequest, ReceiptRequest, SetTimeRequest, SnapshotRequest,
    SpendRequest, TimeRequest, UnlockRequest, WriteRequest,
};
use crate::{Malformed, NoSpace, Operation, RootChangeFile, Status, UpdateFile, WipeFile};

/// A request in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented with its operation")]
pub enum Request<'a> {
    Login,
    Logout,
    Info,
    Identify,
    List(ListRequest),
    Grant(GrantRequest),
    Random(RandomRequest),
    Health,
    Check(CheckRequest),
    Spend(SpendRequest),
    Unlock(UnlockRequest<'a>),
    Counter(CounterRequest),
    Read(ReadRequest),
    Write(WriteRequest<'a>),
    Files(FilesRequest),
    Encrypt(CipherRequest<'a>),
    Decrypt(CipherRequest<'a>),
    Derive(CipherRequest<'a>),
    Prove(ProveRequest<'a>),
    Apply(UpdateFile<'a>),
    Receipt(ReceiptRequest<'a>),
    Time(TimeRequest),
    SetTime(SetTimeRequest<'a>),
    Snapshot(SnapshotRequest<'a>),
    Enrol(EnrolRequest),
    Endorse(EndorseRequest<'a>),
    Wipe(WipeFile<'a>),
    ChangeRoot(RootChangeFile<'a>),
}

impl<'a> Request<'a> {
    /// Reads a request's plaintext.
    ///
    /// # Errors
    /// If the operation is unknown or its body isn't as specified.
    pub fn parse(plaintext: &'a [u8]) -> Result<Self, RequestError> {
        let (byte, body) = plaintext.split_first().ok_or(RequestError::Malformed)?;
        let operation = Operation::from_byte(*byte).ok_or(RequestError::UnknownOperation)?;
        Ok(match operation {
            Operation::Login => Empty::parse(body).map(|Empty| Self::Login)?,
            Operation::Logout => Empty::parse(body).map(|Empty| Self::Logout)?,
            Operation::Info => Empty::parse(body).map(|Empty| Self::Info)?,
            Operation::Identify => Empty::parse(body).map(|Empty| Self::Identify)?,
            Operation::List => Self::List(ListRequest::parse(body)?),
            Operation::Grant => Self::Grant(GrantRequest::parse(body)?),
            Operation::Random => Self::Random(RandomRequest::parse(body)?),
            Operation::Health => Empty::parse(body).map(|Empty| Self::Health)?,
            Operation::Check => Self::Check(CheckRequest::parse(body)?),
            Operation::Spend => Self::Spend(SpendRequest::parse(body)?),
            Operation::Unlock => Self::Unlock(UnlockRequest::parse(body)?),
            Operation::Counter => Self::Counter(CounterRequest::parse(body)?),
            Operation::Read => Self::Read(ReadRequest::parse(body)?),
            Operation::Write => Self::Write(WriteRequest::parse(body)?),
            Operation::Files => Self::Files(FilesRequest::parse(body)?),
            Operation::Encrypt => Self::Encrypt(CipherRequest::parse_encrypt(body)?),
            Operation::Decrypt => Self::Decrypt(CipherRequest::parse_decrypt(body)?),
            Operation::Derive => Self::Derive(CipherRequest::parse_derive(body)?),
            Operation::Prove => Self::Prove(ProveRequest::parse(body)?),
            Operation::Apply => Self::Apply(UpdateFile::parse(body)?),
            Operation::Receipt => Self::Receipt(ReceiptRequest::parse(body)?),
            Operation::Time => Self::Time(TimeRequest::parse(body)?),
            Operation::SetTime => Self::SetTime(SetTimeRequest::parse(body)?),
            Operation::Snapshot => Self::Snapshot(SnapshotRequest::parse(body)?),
            Operation::Enrol => Self::Enrol(EnrolRequest::parse(body)?),
            Operation::Endorse => Self::Endorse(EndorseRequest::parse(body)?),
            Operation::Wipe => Self::Wipe(WipeFile::parse(body)?),
            Operation::ChangeRoot => Self::ChangeRoot(RootChangeFile::parse(body)?),
        })
    }

    /// What it asks for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Login => Operation::Login,
            Self::Logout => Operation::Logout,
            Self::Info => Operation::Info,
            Self::Identify => Operation::Identify,
            Self::List(_) => Operation::List,
            Self::Grant(_) => Operation::Grant,
            Self::Random(_) => Operation::Random,
            Self::Health => Operation::Health,
            Self::Check(_) => Operation::Check,
            Self::Spend(_) => Operation::Spend,
            Self::Unlock(_) => Operation::Unlock,
            Self::Counter(_) => Operation::Counter,
            Self::Read(_) => Operation::Read,
            Self::Write(_) => Operation::Write,
            Self::Files(_) => Operation::Files,
            Self::Encrypt(_) => Operation::Encrypt,
            Self::Decrypt(_) => Operation::Decrypt,
            Self::Derive(_) => Operation::Derive,
            Self::Prove(_) => Operation::Prove,
            Self::Apply(_) => Operation::Apply,
            Self::Receipt(_) => Operation::Receipt,
            Self::Time(_) => Operation::Time,
            Self::SetTime(_) => Operation::SetTime,
            Self::Snapshot(_) => Operation::Snapshot,
            Self::Enrol(_) => Operation::Enrol,
            Self::Endorse(_) => Operation::Endorse,
            Self::Wipe(_) => Operation::Wipe,
            Self::ChangeRoot(_) => Operation::ChangeRoot,
        }
    }

    /// Writes the request's plaintext, operation and body, to the front of `out` and returns its length.
    ///
    /// # Errors
    /// If `out` is too small; what it holds then is undefined.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let (operation, rest) = out.split_first_mut().ok_or(NoSpace)?;
        *operation = self.operation().byte();
        let length = match self {
            Self::Login | Self::Logout | Self::Info | Self::Identify | Self::Health => Empty.write(rest),
            Self::List(body) => body.write(rest),
            Self::Grant(body) => body.write(rest),
            Self::Random(body) => body.write(rest),
            Self::Check(body) => body.write(rest),
            Self::Spend(body) => body.write(rest),
            Self::Unlock(body) => body.write(rest),
            Self::Counter(body) => body.write(rest),
            Self::Read(body) => body.write(rest),
            Self::Write(body) => body.write(rest),
            Self::Files(body) => body.write(rest),
            Self::Encrypt(body) | Self::Decrypt(body) | Self::Derive(body) => body.write(rest),
            Self::Prove(body) => body.write(rest),
            Self::Apply(body) => body.write(rest),
            Self::Receipt(body) => body.write(rest),
            Self::Time(body) => body.write(rest),
            Self::SetTime(body) => body.write(rest),
            Self::Snapshot(body) => body.write(rest),
            Self::Enrol(body) => body.write(rest),
            Self::Endorse(body) => body.write(rest),
            Self::Wipe(body) => body.write(rest),
            Self::ChangeRoot(body) => body.write(rest),
        }?;
        Ok(length.saturating_add(1))
    }
}

/// Why a request can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Its first byte is no operation.
    #[error("no such operation")]
    UnknownOperation,
    /// It is empty, or its body isn't as specified.
    #[error("not laid out as specified")]
    Malformed,
}

impl From<Malformed> for RequestError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<RequestError> for Status {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::UnknownOperation => Self::UnknownCommand,
            RequestError::Malformed => Self::BadRequest,
        }
    }
}
