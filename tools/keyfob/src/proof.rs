//! What a fob shows, verified from a vendor's root on.

use keyfob::{Granted, Proven, Serial};
use keyfob_crypto::RustCrypto;
use keyfob_licence::{Grant, Receipt};
use keyfob_signed::{Endorsement, Invalid, Kind, Payload, VendorRoot, Verified, verify};
use keyfob_wire::PartitionId;

/// Verifies a grant through its signer. Which epochs are revoked is not known here; the fob knows.
pub(crate) fn grant(granted: &Granted, vendor: VendorRoot, serial: Serial) -> Result<Verified<Grant<'_>>, Invalid> {
    let endorsement = vendor.verify_endorsement::<RustCrypto>(&granted.endorsement, serial, 0)?;
    let certificate = match granted.certificates.as_slice() {
        [] => None,
        [certificate] => Some(certificate.as_slice()),
        _ => return Err(Invalid::Role),
    };
    let signer = vendor.signer::<RustCrypto>(certificate, Kind::Grant, 0)?;
    signer.verify::<RustCrypto, Grant<'_>>(&granted.grant, &(serial, endorsement.partition))
}

/// Verifies a receipt through the endorsement of the partition that gave it.
pub(crate) fn receipt(
    proven: &Proven,
    vendor: VendorRoot,
    serial: Serial,
) -> Result<(Verified<Endorsement>, Verified<Receipt<'_>>), Invalid> {
    by_token(&proven.receipt, &proven.endorsement, vendor, serial)
}

/// Verifies what a partition signs, through the endorsement of the partition.
pub(crate) fn by_token<'a, T: Payload<'a, Binding = (Serial, PartitionId)>>(
    signed: &'a [u8],
    endorsement: &[u8],
    vendor: VendorRoot,
    serial: Serial,
) -> Result<(Verified<Endorsement>, Verified<T>), Invalid> {
    let endorsement = vendor.verify_endorsement::<RustCrypto>(endorsement, serial, 0)?;
    let verified = verify::<RustCrypto, T>(signed, &endorsement.proof, &(serial, endorsement.partition))?;
    Ok((endorsement, verified))
}
