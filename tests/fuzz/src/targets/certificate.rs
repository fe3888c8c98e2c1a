//! Chains: whatever is shown as a certificate is taken for what its issuer made it, or refused.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use keyfob_crypto::SigningKey;
use keyfob_signed::{Certificate, Kind, Levels, MakerRoot, Role, Usage, VendorRoot};
use keyfob_wire::{ProductId, Serial, Subject};

use crate::board::Numbers;
use crate::cast::{noise, signed};
use crate::edits::edit;
use crate::toy::{Toy, ToyKey};

/// Who signs here: two roots and two batches.
struct Issuers {
    keys: [ToyKey; 4],
    /// Every consistent certificate over a small range of fields, with the place of its issuer.
    issued: Vec<(usize, Certificate, Vec<u8>)>,
}

fn issuers() -> &'static Issuers {
    static ISSUERS: OnceLock<Issuers> = OnceLock::new();
    ISSUERS.get_or_init(|| {
        let keys = [1, 2, 3, 4].map(|seed| <ToyKey as SigningKey>::generate(&mut Numbers(seed)));
        let mut issued = Vec::new();
        let roles = [Role::Batch, Role::Device, Role::App, Role::UpdateSigner, Role::TimeSigner];
        for (issuer, key) in keys.iter().enumerate() {
            for (role, usage) in roles.into_iter().flat_map(|role| [(role, Usage::Handshake), (role, Usage::Signing)]) {
                for (epoch, attributes, subject) in [(1, 0, 2), (2, 1, 3), (3, 11, 2)] {
                    let subject_key = &keys[subject];
                    let certificate = Certificate {
                        subject: Subject([7; 8]),
                        role,
                        usage,
                        epoch,
                        product: ProductId(0),
                        attributes,
                        key: SigningKey::public(subject_key),
                    };
                    let bytes = signed(&certificate, &(), key);
                    if keyfob_signed::read_unverified::<Certificate>(&bytes).is_ok() {
                        issued.push((issuer, certificate, bytes));
                    }
                }
            }
        }
        Issuers { keys, issued }
    })
}

pub(super) fn run(data: &[u8]) {
    let _end = chains(&mut Unstructured::new(data));
}

fn chains(input: &mut Unstructured<'_>) -> Result<()> {
    let Issuers { keys, issued } = issuers();
    let root = input.int_in_range(0..=3usize)?;
    let key = SigningKey::public(&keys[root]);
    let (first_issuer, first, first_genuine) = input.choose(issued)?;
    let (second_issuer, second, second_genuine) = input.choose(issued)?;
    let usage = if input.arbitrary()? { Usage::Handshake } else { Usage::Signing };
    let minimum = input.int_in_range(0..=4)?;
    let serial = Serial([if input.ratio(7, 8u8)? { 7 } else { 8 }; 8]);
    let first_bytes = edit(first_genuine, input)?;
    let second_bytes = edit(second_genuine, input)?;
    let is_first = first_bytes == *first_genuine && *first_issuer == root;
    let is_second = second_bytes == *second_genuine && first.key == SigningKey::public(&keys[*second_issuer]);

    for role in [Role::Batch, Role::Device, Role::App, Role::UpdateSigner, Role::TimeSigner] {
        let verified = VendorRoot(key).verify_certificate::<Toy>(&first_bytes, role, minimum);
        let vendors = matches!(role, Role::App | Role::UpdateSigner | Role::TimeSigner);
        let expected = is_first && vendors && first.role == role && first.epoch >= minimum;
        assert_eq!(verified.is_ok(), expected, "{role:?} by a vendor");
        assert!(verified.is_ok_and(|found| *found == *first) || !expected);
    }
    for kind in [Kind::Update, Kind::Grant, Kind::Time, Kind::Certificate, Kind::Receipt] {
        let signer = VendorRoot(key).signer::<Toy>(Some(&first_bytes), kind, minimum);
        let role = match kind {
            Kind::Update | Kind::Grant => Some(Role::UpdateSigner),
            Kind::Time => Some(Role::TimeSigner),
            _ => None,
        };
        let expected = is_first && role == Some(first.role) && first.epoch >= minimum;
        assert_eq!(signer.is_ok(), expected, "a signer of {kind:?}");
    }

    let maker = MakerRoot(key);
    let is_batch = is_first && first.role == Role::Batch;
    assert_eq!(maker.verify_batch::<Toy>(&first_bytes).is_ok(), is_batch);
    let device = maker.verify_device::<Toy>(&first_bytes, &second_bytes, serial, usage);
    let fits = second.role == Role::Device && second.usage == usage && second.subject.0 == serial.0;
    let expected = is_batch && is_second && fits && covers(first.attributes, second.attributes);
    assert_eq!(device.is_ok(), expected, "a device");
    Ok(())
}

/// The specification's words on levels, over the numbers used here.
fn covers(batch: u8, device: u8) -> bool {
    let [batch, device] = [batch, device].map(|number| Levels::from_number(number).map(Levels::number).unwrap_or(0xff));
    batch & 1 == device & 1 && batch >> 1 & 3 >= device >> 1 & 3 && batch >> 3 >= device >> 3
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let still = (0..64).map(|seed| [noise(seed, 8), vec![0; 24]].concat());
    still.chain((0..8).map(|seed| noise(100 + seed, 48))).collect()
}
