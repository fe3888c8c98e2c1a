//! A secret key's file: one line, `keyfob-secret-key-v1 PURPOSE HEX`.

use std::{fs::File, io::Read, path::Path};

use keyfob_crypto::Secret;
use zeroize::Zeroizing;

use super::DirectoryError;
use super::folder::{io, missing, refuse_open_permissions, write_new};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purpose<'a>(pub(super) &'a str);

impl Purpose<'static> {
    pub(super) const MAKER_ROOT: Self = Self("maker-root");
    pub(super) const MAKER_BATCH: Self = Self("maker-batch");
    pub(super) const VENDOR_ROOT: Self = Self("vendor-root");
    pub(super) const TEST_VENDOR_ROOT: Self = Self("test-vendor-root");
}

/// Writes a new key file.
pub(super) fn write(path: &Path, purpose: Purpose<'_>, key: &Secret<32>) -> Result<(), DirectoryError> {
    let mut digits = Zeroizing::new([0; 64]);
    if hex::encode_to_slice(key.expose(), digits.as_mut_slice()).is_err() {
        return Err(DirectoryError::NotAKey(path.to_owned()));
    }
    // It has its size at once, so that no copy is left behind by growing.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_SIZE));
    for part in [FORMAT.as_bytes(), b" ", purpose.0.as_bytes(), b" ", digits.as_slice(), b"\n"] {
        line.extend_from_slice(part);
    }
    write_new(path, &line)
}

/// Reads a key file for the first purpose among `wanted` that it is for.
pub(super) fn read<'a>(path: &Path, wanted: &[Purpose<'a>]) -> Result<(Purpose<'a>, Secret<32>), DirectoryError> {
    refuse_open_permissions(path, 0o600)?;
    let mut buffer = Zeroizing::new([0; MAX_SIZE]);
    let mut file = File::open(path).map_err(missing(path))?;
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest).map_err(io(path))? {
            0 => break,
            more => length = length.saturating_add(more),
        }
    }
    let bytes = buffer.get(..length).unwrap_or_default();
    let (purpose, key) = parse(bytes).ok_or_else(|| DirectoryError::NotAKey(path.to_owned()))?;
    let other = || DirectoryError::Purpose {
        path: path.to_owned(),
        purpose: wanted.first().map(|purpose| purpose.0.to_owned()).unwrap_or_default(),
    };
    let purpose = wanted.iter().find(|wanted| wanted.0.as_bytes() == purpose).ok_or_else(other)?;
    Ok((*purpose, key))
}

fn parse(line: &[u8]) -> Option<(&[u8], Secret<32>)> {
    let mut parts = line.strip_suffix(b"\n")?.split(|&byte| byte == b' ');
    let (format, purpose, digits) = (parts.next()?, parts.next()?, parts.next()?);
    let mut key = Secret::zero();
    hex::decode_to_slice(digits, key.expose_mut()).ok()?;
    (parts.next().is_none() && format == FORMAT.as_bytes()).then_some((purpose, key))
}

const FORMAT: &str = "keyfob-secret-key-v1";

/// More than any key file has.
const MAX_SIZE: usize = 256;
