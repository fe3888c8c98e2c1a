//! Everybody who has to do with a token, and tokens at each stage of their life: the same in every process.

use std::sync::OnceLock;

use keyfob_crypto::{AgreementKey, Entropy, PublicKey, Secret, SigningKey, hpke};
use keyfob_licence::{
    FeatureGrant, Grant, HPKE_AAD_MAX, HPKE_INFO_LEN, List, Operation, Terms, Update, hpke_aad, hpke_info,
};
use keyfob_signed::{
    AppCredential, BirthRequest, Certificate, Endorsement, EnrolmentRequest, Levels, MakerRoot, Payload, Rights, Role,
    Usage, VendorRoot, read_unverified, sign, verify,
};
use keyfob_wire::body::{Certificates, EndorseRequest, EnrolAnswer, EnrolRequest, InstallRequest, Request};
use keyfob_wire::{Command, FeatureId, PartitionId, ProductId, Serial, Slot, Subject, Units, UnixTime, UpdateFile};

use crate::board::{Memory, Numbers};
use crate::fob::Fob;
use crate::toy::{Toy, ToyKey};

/// Whom a licensed token has to do with, and what they know of it.
pub(crate) struct Cast {
    pub(crate) batch: Vec<u8>,
    batch_key: ToyKey,
    pub(crate) maker: MakerRoot,
    pub(crate) vendor_key: ToyKey,
    pub(crate) vendor: VendorRoot,
    pub(crate) credential: Vec<u8>,
    pub(crate) update_signer: ToyKey,
    pub(crate) update_signer_certificate: Vec<u8>,
    pub(crate) serial: Serial,
    pub(crate) endorsement: Vec<u8>,
    pub(crate) endorsed: Endorsement,
    /// The key of the counted feature's slot 0.
    pub(crate) feature_key: Secret<32>,
    /// The digest of the first update.
    pub(crate) first_update: [u8; 32],
    /// Flashes of tokens: blank, born, ready, licensed.
    pub(crate) stages: [Vec<u8>; 4],
    /// Requests and answers of the token's life so far, as plaintexts.
    pub(crate) plaintexts: Vec<Vec<u8>>,
    /// What was signed in it.
    pub(crate) signed: Vec<Vec<u8>>,
}

/// A feature that is counted.
pub(crate) const COUNTED: FeatureId = FeatureId(10);
/// Another one, of another product.
pub(crate) const ALSO_COUNTED: FeatureId = FeatureId(20);
/// A feature with limits in time.
pub(crate) const TIMED: FeatureId = FeatureId(11);
/// What the counters hold at first.
pub(crate) const SOLD: u32 = 100;
/// When everything is issued.
pub(crate) const TODAY: UnixTime = UnixTime(1_795_000_000);

/// The cast, made once.
pub(crate) fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(Cast::new)
}

impl Cast {
    fn new() -> Self {
        let mut numbers = Numbers(1);
        let [maker_key, batch_key, vendor_key, update_signer] =
            [(); 4].map(|()| <ToyKey as SigningKey>::generate(&mut numbers));
        let app = <ToyKey as AgreementKey>::generate(&mut numbers);
        let certificate = |role, usage, attributes, key: PublicKey| Certificate {
            subject: Subject([3; 8]),
            role,
            usage,
            epoch: 1,
            product: ProductId(0),
            attributes,
            key,
        };
        let batch = certificate(Role::Batch, Usage::Signing, Levels::EMULATED.number(), SigningKey::public(&batch_key));
        let batch = signed(&batch, &(), &maker_key);
        let maker = MakerRoot(SigningKey::public(&maker_key));
        let vendor = VendorRoot(SigningKey::public(&vendor_key));
        let app_certificate =
            certificate(Role::App, Usage::Handshake, Rights::ALL.number(), AgreementKey::public(&app));
        let app_certificate = signed(&app_certificate, &(), &vendor_key);
        let mut credential = Vec::new();
        AppCredential { vendor, secret: AgreementKey::to_secret(&app), certificate: &app_certificate }
            .encode(&mut minicbor::Encoder::new(&mut credential))
            .expect("a credential can be written");
        let update_signer_certificate =
            certificate(Role::UpdateSigner, Usage::Signing, 0, SigningKey::public(&update_signer));
        let update_signer_certificate = signed(&update_signer_certificate, &(), &vendor_key);

        let mut cast = Self {
            batch,
            batch_key,
            maker,
            vendor_key,
            vendor,
            credential,
            update_signer,
            update_signer_certificate,
            serial: Serial::default(),
            endorsement: Vec::new(),
            endorsed: Endorsement {
                partition: PartitionId::default(),
                handshake: vendor.0,
                sealing: vendor.0,
                proof: vendor.0,
                levels: Levels::EMULATED,
                epoch: 1,
            },
            feature_key: Secret::random(&mut numbers),
            first_update: [0; 32],
            stages: Default::default(),
            plaintexts: Vec::new(),
            signed: vec![app_certificate],
        };
        cast.live();
        cast
    }

    /// Leads a token through its life.
    fn live(&mut self) {
        let mut fob = Fob::start(Memory::erased(), 1);
        self.stages[0] = fob.memory.content();
        self.be_born(&mut fob);
        self.enrol(&mut fob);
        self.license(&mut fob);
        self.stages[3] = fob.memory.content();
        self.signed.extend([self.batch.clone(), self.endorsement.clone(), self.update_signer_certificate.clone()]);
    }

    fn be_born(&mut self, fob: &mut Fob) {
        let channel = fob.init([1; 8]).channel;
        let birth = fob.ask(channel, Command::Birth, &[7; 16]).expect("a blank token is born");
        self.stages[1] = fob.memory.content();
        let request: BirthRequest = read_unverified(&birth).expect("a token's birth request");
        self.serial = request.serial;
        let certificate = |usage, key| {
            let certificate = Certificate {
                subject: Subject(request.serial.0),
                role: Role::Device,
                usage,
                epoch: 1,
                product: ProductId(0),
                attributes: request.levels.number(),
                key,
            };
            signed(&certificate, &(), &self.batch_key)
        };
        let handshake = certificate(Usage::Handshake, request.handshake);
        let signing = certificate(Usage::Signing, request.signing);
        let install = InstallRequest {
            maker_root: self.maker.0.0,
            batch: &self.batch,
            device_handshake: &handshake,
            device_signing: &signing,
        };
        let install = minicbor::to_vec(install).expect("INSTALL can be written");
        fob.ask(channel, Command::Install, &install).expect("a born token takes certificates");
        self.stages[2] = fob.memory.content();
        self.plaintexts.push(install);
        self.signed.extend([birth, handshake, signing]);
    }

    fn enrol(&mut self, fob: &mut Fob) {
        let enrol = Request::Enrol(EnrolRequest { vendor_root: self.vendor.0.0, nonce: [9; 16] });
        let answer = self.executed(fob, &enrol);
        let answer = EnrolAnswer::parse(&answer).expect("enrol's answer");
        let request: EnrolmentRequest = read_unverified(answer.request).expect("an enrolment request");
        let EnrolmentRequest { partition, handshake, sealing, proof, .. } = request;
        self.endorsed = Endorsement { partition, handshake, sealing, proof, levels: Levels::EMULATED, epoch: 1 };
        self.endorsement = signed(&self.endorsed, &self.serial, &self.vendor_key);
        self.signed.push(answer.request.to_vec());
        let endorsement = self.endorsement.clone();
        self.executed(fob, &Request::Endorse(EndorseRequest { endorsement: &endorsement }));
    }

    fn license(&mut self, fob: &mut Fob) {
        let counted = Terms { counted: true, ..Terms::default() };
        let timed = Terms {
            starts: Some(UnixTime(TODAY.0 - 1000)),
            expires: Some(UnixTime(TODAY.0 + 1000)),
            ..Terms::default()
        };
        let grant = |product, public, features: &[(FeatureId, Terms)]| {
            let features: Vec<_> =
                features.iter().map(|&(feature, terms)| FeatureGrant { feature, name: "Feature", terms }).collect();
            let grant = Grant {
                product,
                number: product.0,
                public,
                issued: TODAY,
                name: "Product",
                features: List::new(&features),
            };
            signed(&grant, &self.binding(), &self.vendor_key)
        };
        let first = grant(ProductId(1), true, &[(COUNTED, counted), (TIMED, timed)]);
        let second = grant(ProductId(2), false, &[(ALSO_COUNTED, counted)]);
        let (enc, ciphertext) = self.sealed_key();
        let operations = [
            Operation::SetCounter { feature: COUNTED, units: Units(SOLD) },
            Operation::SetCounter { feature: ALSO_COUNTED, units: Units(SOLD) },
            Operation::InstallKey { feature: COUNTED, slot: Slot(0), enc: &enc, ciphertext: &ciphertext },
        ];
        let update = self.update(1, [0; 32], &[&first, &second], &operations);
        self.first_update = digest(&update, &self.vendor_key, &self.binding());
        let file = self.file(&update, None);
        let file = UpdateFile::parse(&file).expect("an update file");
        self.executed(fob, &Request::Apply(file));
        self.plaintexts.push(minicbor::to_vec(file).expect("a file can be written"));
        self.signed.extend([first, second, update]);
    }

    /// What updates, grants and time are bound to.
    pub(crate) fn binding(&self) -> (Serial, PartitionId) {
        (self.serial, self.endorsed.partition)
    }

    /// The feature key as operation 2 of update 1 of epoch 1 installs it.
    fn sealed_key(&self) -> ([u8; 65], [u8; 48]) {
        let (mut info, mut aad) = ([0; HPKE_INFO_LEN], [0; HPKE_AAD_MAX]);
        let (serial, partition) = self.binding();
        let info = hpke_info(&self.vendor.0.digest(), serial, partition, &mut info);
        let aad = hpke_aad(1, 1, 2, COUNTED, Slot(0), &mut aad);
        let mut key = self.feature_key.clone();
        let (enc, tag) = hpke::seal::<Toy>(&self.endorsed.sealing, info, aad, key.expose_mut(), &mut Numbers(2))
            .expect("a partition's sealing key");
        let mut ciphertext = [0; 48];
        ciphertext[..32].copy_from_slice(key.expose());
        ciphertext[32..].copy_from_slice(&tag);
        (enc, ciphertext)
    }

    /// An update of epoch 1 signed by the root.
    pub(crate) fn update(
        &self,
        number: u32,
        previous: [u8; 32],
        grants: &[&[u8]],
        operations: &[Operation<'_>],
    ) -> Vec<u8> {
        let (grants, operations) = (List::new(grants), List::new(operations));
        let update = Update { epoch: 1, number, previous, issued: TODAY, grants, operations };
        signed(&update, &self.binding(), &self.vendor_key)
    }

    /// An update as a file.
    pub(crate) fn file(&self, update: &[u8], certificate: Option<&[u8]>) -> Vec<u8> {
        let (serial, partition) = self.binding();
        let certificates = Certificates::new(certificate).expect("one certificate");
        minicbor::to_vec(UpdateFile { serial, partition, certificates, update }).expect("a file can be written")
    }

    /// Has a token execute a guest's request and remembers both texts.
    fn executed(&mut self, fob: &mut Fob, request: &Request<'_>) -> Vec<u8> {
        let mut text = [0; 4096];
        let length = request.write(&mut text).expect("a request fits");
        let answer = fob.execute(&keyfob_token::Caller::Guest, &text[..length]);
        self.plaintexts.extend([text[..length].to_vec(), answer.clone()]);
        assert_eq!(answer[..2], [0, 0], "{request:?}");
        answer[2..].to_vec()
    }
}

/// Signs with the toy.
pub(crate) fn signed<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &ToyKey) -> Vec<u8> {
    let mut out = [0; 4096];
    sign::<Toy, T>(payload, binding, key, &mut Numbers(0), &mut out).expect("it fits").to_vec()
}

/// The digest of an update.
pub(crate) fn digest(update: &[u8], key: &ToyKey, binding: &(Serial, PartitionId)) -> [u8; 32] {
    verify::<Toy, Update<'_>>(update, &SigningKey::public(key), binding).expect("it was just signed").digest()
}

/// The numbers of a seed as bytes: a first input for targets that take their choices from it.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Numbers(seed).fill(&mut bytes);
    bytes
}
