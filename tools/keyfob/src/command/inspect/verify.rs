//! Whether a vendor's root stands behind a file.

use keyfob::Serial;
use keyfob_crypto::{AgreementKey, Crypto, RustCrypto};
use keyfob_licence::{Grant, Proof, Receipt, RootChange, SignedTime, Snapshot, Update, Wipe};
use keyfob_signed::{AppCredential, Endorsement, Invalid, Kind, Payload, Role, VendorRoot, verify as verify_signed};
use keyfob_terminal::{Exit, Failure};
use keyfob_wire::{PartitionId, RootChangeFile, body::Certificates};

use super::file::{File, Signed};

/// Verifies a file, and says who signed it.
pub(super) fn verify(
    file: &File<'_>,
    root: VendorRoot,
    serial: Option<Serial>,
    partition: Option<PartitionId>,
) -> Result<&'static str, Failure> {
    match file {
        File::Update(file, _) => update(root, &file.certificates, file.update, (file.serial, file.partition)),
        File::Receipt(file, ..) => by_token::<Receipt<'_>>(root, file.serial, file.endorsement, file.receipt),
        File::Snapshot(file, ..) => by_token::<Snapshot<'_>>(root, file.serial, file.endorsement, file.snapshot),
        File::Proof(file, ..) => by_token::<Proof<'_>>(root, file.serial, file.endorsement, file.proof),
        File::Time(file, _) => {
            signed::<SignedTime>(root, &file.certificates, file.time, (file.serial, file.partition)).map_err(refused)
        }
        File::Wipe(file, _) => {
            signed::<Wipe>(root, &Certificates::default(), file.wipe, (file.serial, file.partition)).map_err(refused)
        }
        File::RootChange(file, change, _) => root_change(root, file, change).map_err(refused),
        File::Credential(file, _) => credential(root, file).map_err(refused),
        File::Signed(bytes, thing) => {
            let serial = || serial.ok_or_else(|| Failure::usage("to verify it, name its fob by --serial"));
            let partition =
                || partition.ok_or_else(|| Failure::usage("to verify it, name its partition by --partition"));
            let none = Certificates::default();
            match thing {
                Signed::Certificate(certificate) => {
                    let verified = root.verify_certificate::<RustCrypto>(bytes, certificate.role, 0);
                    verified.map(|_| ROOT).map_err(refused)
                }
                Signed::Endorsement(_) => {
                    root.verify_endorsement::<RustCrypto>(bytes, serial()?, 0).map(|_| ROOT).map_err(refused)
                }
                Signed::Update(_) => update(root, &none, bytes, (serial()?, partition()?)),
                Signed::Grant(_) => signed::<Grant<'_>>(root, &none, bytes, (serial()?, partition()?)).map_err(refused),
                Signed::Time(_) => signed::<SignedTime>(root, &none, bytes, (serial()?, partition()?)).map_err(refused),
                Signed::Wipe(_) => signed::<Wipe>(root, &none, bytes, (serial()?, partition()?)).map_err(refused),
                Signed::RootChange(_) => {
                    signed::<RootChange>(root, &none, bytes, (serial()?, partition()?)).map_err(refused)
                }
                Signed::BirthRequest(_) | Signed::EnrolmentRequest(_) => {
                    Err(not_verified("a fob signs it, so a vendor's root says nothing about it"))
                }
                Signed::Receipt(_) | Signed::Snapshot(_) | Signed::Proof(_) => {
                    Err(not_verified("a fob signs it: only its file has the endorsement that says whose key it is"))
                }
            }
        }
    }
}

const ROOT: &str = "the vendor's root";

/// Verifies a change to or from this root: what the new one signs as well is verified in either case.
fn root_change(root: VendorRoot, file: &RootChangeFile<'_>, change: &RootChange) -> Result<&'static str, Invalid> {
    let binding = (file.serial, file.partition);
    let new = VendorRoot(change.root);
    let by_new = verify_signed::<RustCrypto, RootChange>(file.by_new, &new.0, &binding)?;
    new.verify_endorsement::<RustCrypto>(file.endorsement, file.serial, 0)?;
    if *by_new != *change {
        return Err(Invalid::Signature);
    }
    if new == root {
        return Ok("the vendor's root, as the new one");
    }
    verify_signed::<RustCrypto, RootChange>(file.by_old, &root.0, &binding).map(|_| "the vendor's root, as the old one")
}

/// Verifies what the root or a signer of its own signs.
fn signed<'a, T: Payload<'a, Binding = (Serial, PartitionId)>>(
    root: VendorRoot,
    certificates: &Certificates<'a>,
    bytes: &'a [u8],
    binding: T::Binding,
) -> Result<&'static str, Invalid> {
    let signer = match (certificates.is_empty(), certificates.only()) {
        (true, _) => root.signer::<RustCrypto>(None, T::KIND, 0)?,
        (false, Some(certificate)) => root.signer::<RustCrypto>(Some(certificate), T::KIND, 0)?,
        (false, None) => return Err(Invalid::Role),
    };
    signer.verify::<RustCrypto, T>(bytes, &binding)?;
    Ok(match (certificates.is_empty(), T::KIND) {
        (true, _) => ROOT,
        (false, Kind::Time) => "a time signer of the vendor",
        (false, _) => "an update signer of the vendor",
    })
}

/// Verifies an update and all grants in it, which its own signer has to sign.
fn update<'a>(
    root: VendorRoot,
    certificates: &Certificates<'a>,
    bytes: &'a [u8],
    binding: (Serial, PartitionId),
) -> Result<&'static str, Failure> {
    let signer = signed::<Update<'_>>(root, certificates, bytes, binding).map_err(refused)?;
    let update: Update<'_> = keyfob_signed::read_unverified(bytes).map_err(refused)?;
    for grant in update.grants {
        signed::<Grant<'_>>(root, certificates, grant, binding).map_err(|invalid| refused(invalid).about("a grant"))?;
    }
    Ok(signer)
}

/// Verifies what a fob signs with the key that its endorsement names.
fn by_token<'a, T: Payload<'a, Binding = (Serial, PartitionId)>>(
    root: VendorRoot,
    serial: Serial,
    endorsement: &[u8],
    bytes: &'a [u8],
) -> Result<&'static str, Failure> {
    let endorsement = root.verify_endorsement::<RustCrypto>(endorsement, serial, 0);
    let endorsement = endorsement.map_err(|invalid| refused(invalid).about("the endorsement"))?;
    let Endorsement { partition, proof, levels, .. } = *endorsement;
    verify_signed::<RustCrypto, T>(bytes, &proof, &(serial, partition)).map_err(refused)?;
    Ok(if levels.is_emulated() { "an EMULATED fob of the vendor" } else { "a fob of the vendor" })
}

/// Verifies a credential's certificate, and that the secret belongs to it.
fn credential(root: VendorRoot, credential: &AppCredential<'_>) -> Result<&'static str, Invalid> {
    if credential.vendor != root {
        return Err(Invalid::Signature);
    }
    let certificate = root.verify_certificate::<RustCrypto>(credential.certificate, Role::App, 0)?;
    let key = <RustCrypto as Crypto>::Agreement::from_secret(&credential.secret).map_err(|_| Invalid::Malformed)?;
    if key.public() == certificate.key { Ok(ROOT) } else { Err(Invalid::Role) }
}

fn refused(invalid: Invalid) -> Failure {
    not_verified(invalid)
}

fn not_verified(message: impl std::fmt::Display) -> Failure {
    Failure::new("not-verified", Exit::Verification, message)
}
