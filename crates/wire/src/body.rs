//! What requests and answers in a session carry. Spec §8, and §4 for `Install`.
//!
//! A request is read with [`Request::parse`] and written as a [`Body`] behind its operation; an answer is read with
//! [`Answer::parse`] and written with [`answer`], or is a [`CheckAnswer`].

mod answer;
mod cbor;
mod certificates;
mod check;
mod cipher;
mod enrol;
mod grant;
mod health;
mod info;
mod install;
mod list;
mod login;
mod memory;
mod prove;
mod receipt;
mod request;
mod spend;
mod time;
mod tombstone;
mod unlock;

pub use answer::{Answer, answer, refusal};
pub(crate) use cbor::{array, fixed, whole};
pub use certificates::{Certificates, MAX_CERTIFICATES};
pub use check::{CheckAnswer, CheckRequest};
pub use cipher::{CIPHER_OVERHEAD, CipherRequest, MAX_DERIVE_LABEL};
pub use enrol::{EndorseAnswer, EndorseRequest, EnrolAnswer, EnrolRequest};
pub use grant::{GrantAnswer, GrantRequest};
pub use health::{HealthAnswer, MAX_RANDOM, RandomRequest};
pub use info::{InfoAnswer, PartitionInfo, Partitions};
pub use install::InstallRequest;
pub use list::{
    FeatureEntry, Features, ListAnswer, ListRequest, ListWriter, MAX_NAME, ProductEntry, ProductWriter, Products,
};
pub use login::LoginAnswer;
pub use memory::{FileEntry, Files, FilesAnswer, FilesRequest, FilesWriter, ReadRequest, WriteRequest};
pub use prove::{
    MAX_AUDIENCE, MAX_CONTEXT, MIN_PROOF_NONCE, ProveAnswer, ProveRequest, SnapshotAnswer, SnapshotRequest,
};
pub use receipt::{ApplyAnswer, MAX_NONCE, MIN_NONCE, ReceiptAnswer, ReceiptRequest};
pub use request::{Request, RequestError};
pub use spend::{CounterAnswer, CounterRequest, SpendAnswer, SpendRequest};
pub use time::{SetTimeAnswer, SetTimeRequest, TimeAnswer, TimeRequest};
pub use tombstone::{Tombstone, Tombstones};
pub use unlock::{MAX_SECRET, UnlockAnswer, UnlockRequest};

use crate::{NoSpace, Sink};

/// A public key: a compressed point, not checked here. Spec §1.
pub type KeyBytes = [u8; 33];

/// What can be written as the body of a request or an answer.
pub trait Body {
    /// Writes the body to the front of `out` and returns its length.
    ///
    /// # Errors
    /// If `out` is too small; what it holds then is undefined.
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace>;
}

impl<T: minicbor::Encode<()>> Body for T {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        let mut encoder = minicbor::Encoder::new(Sink::new(out));
        self.encode(&mut encoder, &mut ())?;
        Ok(encoder.writer().length())
    }
}

/// The empty map, sent as an empty body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty;

impl Empty {
    /// Reads an empty body or a map of unknown keys.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(body: &[u8]) -> Result<Self, crate::Malformed> {
        cbor::map(body, |_, decoder| cbor::skip(decoder))?;
        Ok(Self)
    }
}

impl Body for Empty {
    fn write(&self, _: &mut [u8]) -> Result<usize, NoSpace> {
        Ok(0)
    }
}

/// Copies fixed bytes to the front of `out`.
fn copy(bytes: &[u8], out: &mut [u8]) -> Result<usize, NoSpace> {
    crate::cursor::copy(out.get_mut(..bytes.len()).ok_or(NoSpace)?, bytes);
    Ok(bytes.len())
}

#[cfg(test)]
mod tests;
