//! SoftHSM2, what PKCS#11 offers instead of a token, by its shared library.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use crate::workload::{Failure, Work};

/// Where systems keep the library.
const PLACES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];
/// The curve's object identifier, 1.2.840.10045.3.1.7.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The library, if it is installed.
pub(crate) fn library() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|place| place.exists())
}

/// What it has to be told by its environment: its tokens are files in this folder.
pub(crate) fn configure(folder: &Path) -> Result<PathBuf, Failure> {
    let (tokens, file) = (folder.join("softhsm"), folder.join("softhsm.conf"));
    std::fs::create_dir_all(&tokens)?;
    std::fs::write(&file, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    Ok(file)
}

/// A signature by a key of the token, 64 bytes read from it, and a counter in it that goes down by one.
pub(crate) fn operations() -> Result<[Work; 3], Failure> {
    let library = Pkcs11::new(library().ok_or("there is no SoftHSM2")?)?;
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = *library.get_slots_with_token()?.first().ok_or("SoftHSM2 has no slot")?;
    let pin = AuthPin::new("12345678".into());
    library.init_token(slot, &pin, "bench")?;
    let session = library.open_rw_session(slot)?;
    session.login(UserType::So, Some(&pin))?;
    session.init_pin(&pin)?;
    session.logout()?;

    let logged_in = || -> Result<Session, Failure> { Ok(library.open_rw_session(slot)?) };
    let (signing, reading, counting) = (logged_in()?, logged_in()?, logged_in()?);
    signing.login(UserType::User, Some(&pin))?;
    let public = [Attribute::Token(true), Attribute::EcParams(P256.to_vec()), Attribute::Verify(true)];
    let private = [Attribute::Token(true), Attribute::Private(true), Attribute::Sign(true)];
    let (_, key) = signing.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
    let note = data(&reading, &[7; 64])?;
    let mut counter = data(&counting, &u32::MAX.to_be_bytes())?;
    let mut left = u32::MAX;
    Ok([
        Box::new(move || signing.sign(&Mechanism::Ecdsa, key, &[7; 32]).map(drop).map_err(Into::into)),
        Box::new(move || match reading.get_attributes(note, &[AttributeType::Value])?.as_slice() {
            [Attribute::Value(value)] if value.len() == 64 => Ok(()),
            other => Err(format!("SoftHSM2 reads {other:?}").into()),
        }),
        Box::new(move || {
            left -= 1;
            // It lets nobody change a value in place.
            let before = std::mem::replace(&mut counter, data(&counting, &left.to_be_bytes())?);
            Ok(counting.destroy_object(before)?)
        }),
    ])
}

/// A data object that the token keeps.
fn data(session: &Session, value: &[u8]) -> Result<ObjectHandle, Failure> {
    Ok(session.create_object(&[
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Modifiable(true),
        Attribute::Value(value.to_vec()),
    ])?)
}
