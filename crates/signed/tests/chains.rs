//! Who may sign what.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey, RustCrypto, SigningKey};
use keyfob_signed::{
    AppCredential, Certificate, Endorsement, Invalid, Kind, Levels, MakerRoot, Payload, Rights, Role, Usage,
    VendorRoot, sign, verify,
};
use keyfob_wire::{PartitionId, ProductId, Serial, Subject};

type Signing = <RustCrypto as Crypto>::Signing;

struct Os;

impl Entropy for Os {
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).unwrap();
    }
}

const SERIAL: Serial = Serial([1; 8]);
const ROLES: [Role; 5] = [Role::Batch, Role::Device, Role::App, Role::UpdateSigner, Role::TimeSigner];

fn point() -> PublicKey {
    <RustCrypto as Crypto>::Agreement::generate(&mut Os).public()
}

/// A consistent certificate of a role.
fn of(role: Role, key: PublicKey) -> Certificate {
    Certificate {
        subject: Subject(SERIAL.0),
        role,
        usage: if role == Role::App { Usage::Handshake } else { Usage::Signing },
        epoch: 5,
        product: ProductId(0),
        attributes: match role {
            Role::Batch | Role::Device => Levels::EMULATED.number(),
            Role::App => Rights::CHECK.number(),
            Role::UpdateSigner | Role::TimeSigner => 0,
        },
        key,
    }
}

fn signed<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &Signing) -> Vec<u8> {
    sign::<RustCrypto, T>(payload, binding, key, &mut Os, &mut [0; 500]).unwrap().to_vec()
}

#[test]
fn a_vendor_certifies_only_its_own_roles_each_for_itself() {
    let root = Signing::generate(&mut Os);
    let vendor = VendorRoot(root.public());
    for role in ROLES {
        let bytes = signed(&of(role, point()), &(), &root);
        for asked in ROLES {
            let fits = asked == role && !matches!(role, Role::Batch | Role::Device);
            let outcome = vendor.verify_certificate::<RustCrypto>(&bytes, asked, 0);
            assert_eq!(outcome.is_ok(), fits, "{role:?} as {asked:?}");
        }
    }
}

#[test]
fn revoked_epochs_are_refused() {
    let root = Signing::generate(&mut Os);
    let vendor = VendorRoot(root.public());
    let bytes = signed(&of(Role::App, point()), &(), &root);
    assert!(vendor.verify_certificate::<RustCrypto>(&bytes, Role::App, 5).is_ok());
    assert_eq!(vendor.verify_certificate::<RustCrypto>(&bytes, Role::App, 6).err(), Some(Invalid::Epoch));
    let endorsement = Endorsement {
        partition: PartitionId([2; 8]),
        handshake: point(),
        sealing: point(),
        proof: point(),
        levels: Levels::EMULATED,
        epoch: 5,
    };
    let bytes = signed(&endorsement, &SERIAL, &root);
    assert!(vendor.verify_endorsement::<RustCrypto>(&bytes, SERIAL, 5).is_ok());
    assert_eq!(vendor.verify_endorsement::<RustCrypto>(&bytes, SERIAL, 6).err(), Some(Invalid::Epoch));
}

#[test]
fn signers_are_certified_for_what_they_sign() {
    let (root, delegate) = (Signing::generate(&mut Os), Signing::generate(&mut Os));
    let vendor = VendorRoot(root.public());
    for role in ROLES {
        let certificate = signed(&of(role, delegate.public()), &(), &root);
        for kind in [
            Kind::Update,
            Kind::Grant,
            Kind::Time,
            Kind::Endorsement,
            Kind::Receipt,
            Kind::Certificate,
            Kind::Snapshot,
            Kind::Proof,
        ] {
            let fits = matches!(
                (role, kind),
                (Role::UpdateSigner, Kind::Update | Kind::Grant) | (Role::TimeSigner, Kind::Time)
            );
            let outcome = vendor.signer::<RustCrypto>(Some(&certificate), kind, 0);
            assert_eq!(outcome.is_ok(), fits, "{role:?} for {kind:?}");
        }
    }
    // A signer of another vendor, and a signer that certified itself a helper.
    let other = VendorRoot(Signing::generate(&mut Os).public());
    let certificate = signed(&of(Role::UpdateSigner, delegate.public()), &(), &root);
    assert!(other.signer::<RustCrypto>(Some(&certificate), Kind::Update, 0).is_err());
    let second = signed(&of(Role::UpdateSigner, point()), &(), &delegate);
    assert!(vendor.signer::<RustCrypto>(Some(&second), Kind::Update, 0).is_err());
}

/// A maker's root, a batch of it, and a device certificate that may be altered before it is signed.
fn chain(batch: impl FnOnce(&mut Certificate), device: impl FnOnce(&mut Certificate)) -> (MakerRoot, Vec<u8>, Vec<u8>) {
    let (root, batch_key) = (Signing::generate(&mut Os), Signing::generate(&mut Os));
    let mut first = of(Role::Batch, batch_key.public());
    batch(&mut first);
    let mut second = of(Role::Device, point());
    device(&mut second);
    (MakerRoot(root.public()), signed(&first, &(), &root), signed(&second, &(), &batch_key))
}

#[test]
fn devices_chain_to_their_maker() {
    let verdict = |(root, batch, device): &(MakerRoot, Vec<u8>, Vec<u8>)| {
        root.verify_device::<RustCrypto>(batch, device, SERIAL, Usage::Signing).map(|device| device.subject)
    };
    let real = |number| move |certificate: &mut Certificate| certificate.attributes = number;
    assert_eq!(verdict(&chain(|_| {}, |_| {})), Ok(Subject(SERIAL.0)));
    assert_eq!(verdict(&chain(real(0b10100), real(0b10010))), Ok(Subject(SERIAL.0)));

    assert_eq!(verdict(&chain(|_| {}, |device| device.subject = Subject([2; 8]))), Err(Invalid::Role));
    assert_eq!(verdict(&chain(|_| {}, |device| device.usage = Usage::Handshake)), Err(Invalid::Role));
    assert_eq!(verdict(&chain(|_| {}, |device| *device = of(Role::App, point()))), Err(Invalid::Role));
    assert_eq!(verdict(&chain(|batch| batch.role = Role::Device, |_| {})), Err(Invalid::Role));
    // An emulated device under a real batch and the other way round; better levels than the batch's.
    assert_eq!(verdict(&chain(real(0), |_| {})), Err(Invalid::Role));
    assert_eq!(verdict(&chain(|_| {}, real(0))), Err(Invalid::Role));
    assert_eq!(verdict(&chain(real(0b00010), real(0b00100))), Err(Invalid::Role));
    assert_eq!(verdict(&chain(real(0b01000), real(0b10000))), Err(Invalid::Role));
    let (root, _, device) = chain(|_| {}, |_| {});
    let (_, batch, _) = chain(|_| {}, |_| {});
    assert_eq!(verdict(&(root, batch, device)), Err(Invalid::Signature));
}

/// Fields that don't go together are refused although they are signed.
#[test]
fn inconsistent_certificates_are_refused() {
    let root = Signing::generate(&mut Os);
    let accepts = |certificate: &Certificate| {
        let bytes = signed(certificate, &(), &root);
        verify::<RustCrypto, Certificate>(&bytes, &root.public(), &()).is_ok()
    };
    for role in ROLES {
        let good = of(role, point());
        assert!(accepts(&good), "{role:?}");
        for attributes in 0..=u8::MAX {
            let fits = match role {
                Role::Batch | Role::Device => attributes < 32 && attributes >> 1 & 3 < 3 && attributes >> 3 & 3 < 3,
                Role::App => attributes < 128,
                Role::UpdateSigner | Role::TimeSigner => attributes == 0,
            };
            assert_eq!(accepts(&Certificate { attributes, ..good }), fits, "{role:?} {attributes:#b}");
        }
        assert_eq!(accepts(&Certificate { product: ProductId(1), ..good }), role == Role::App);
        let usage = if good.usage == Usage::Signing { Usage::Handshake } else { Usage::Signing };
        assert_eq!(accepts(&Certificate { usage, ..good }), role == Role::Device);
    }
}

#[test]
fn app_credentials_are_read_in_one_form() {
    let secret = <RustCrypto as Crypto>::Agreement::generate(&mut Os).to_secret();
    let credential = AppCredential { vendor: VendorRoot(point()), secret, certificate: b"a certificate" };
    let mut file = Vec::new();
    credential.encode(&mut minicbor::Encoder::new(&mut file)).unwrap();
    let read = AppCredential::parse(&file).unwrap();
    assert!(read.vendor == credential.vendor && read.secret == credential.secret);
    assert_eq!(read.certificate, credential.certificate);
    for length in 0..file.len() {
        assert!(AppCredential::parse(&file[..length]).is_err(), "{length}");
    }
    file.push(0);
    assert!(AppCredential::parse(&file).is_err());
}
