use keyfob_crypto::Signature;
use keyfob_licence::{FeatureGrant, Terms};
use keyfob_signed::{Kind, Verified};
use keyfob_wire::Modules;

use super::*;
use crate::OsEntropy;
use crate::bench::{Bench, plan, product, test_vendor};

struct Story {
    vendor: Vendor,
    token: Bench,
    record: TokenRecord,
}

impl Story {
    fn new() -> Self {
        let (vendor, token) = (test_vendor(), Bench::installed());
        let record = TokenRecord::new(&token.endorsed(&vendor));
        Self { vendor, token, record }
    }

    fn issue(&self, plan: &UpdatePlan) -> Result<Issued, IssueError> {
        self.vendor.issue(&self.record, plan, &mut OsEntropy)
    }

    fn binding(&self) -> (Serial, PartitionId) {
        (self.token.serial, self.token.partition)
    }

    /// Verifies as a token does.
    fn verify<'a>(&self, file: &'a [u8]) -> (Verified<Update<'a>>, Vec<Verified<Grant<'a>>>) {
        let file = UpdateFile::parse(file).unwrap();
        assert_eq!((file.serial, file.partition), self.binding());
        let signer = self.vendor.root().signer::<RustCrypto>(file.certificates.only(), Kind::Update, 1).unwrap();
        let update = signer.verify::<RustCrypto, Update<'_>>(file.update, &self.binding()).unwrap();
        let grants = update.grants.iter().map(|grant| signer.verify::<RustCrypto, Grant<'_>>(grant, &self.binding()));
        let grants = grants.map(Result::unwrap).collect();
        assert!(Signature(*file.update.last_chunk().unwrap()).is_low_s());
        (update, grants)
    }
}

fn key(byte: u8) -> Secret<32> {
    Secret::new([byte; 32])
}

#[test]
fn updates_form_a_chain() {
    let mut story = Story::new();
    let mut previous = [0; 32];
    for number in 1..=3 {
        let issued = story.issue(&plan(vec![product(1, [1])], vec![])).unwrap();
        let (update, grants) = story.verify(&issued.file);
        assert_eq!((update.epoch, update.number, update.previous), (1, number, previous));
        assert_eq!(update.issued, UnixTime(1_795_000_000));
        assert_eq!(grants.len(), 1);
        assert_eq!(grants[0].number, number);
        previous = update.digest();
        assert_eq!(issued.record.sequence, Sequence { epoch: 1, number, digest: previous });
        story.record = issued.record;
    }
}

#[test]
fn grants_say_what_was_planned_with_features_in_order() {
    let story = Story::new();
    let terms = Terms {
        enabled: false,
        starts: Some(UnixTime(5)),
        expires: Some(UnixTime(6)),
        counted: true,
        modules: Some(Modules(u64::MAX)),
        unknown: false,
    };
    let mut first = product(9, [70_000, 3, 500]);
    first.public = true;
    first.features[1].terms = terms;
    let issued = story.issue(&plan(vec![first.clone(), product(2, [4])], vec![])).unwrap();
    let (_, grants) = story.verify(&issued.file);
    let [nine, two] = grants.as_slice() else { panic!("{}", grants.len()) };
    assert_eq!((nine.product, nine.public, nine.name), (ProductId(9), true, "Product 9"));
    let features: Vec<FeatureGrant<'_>> = nine.features.iter().collect();
    assert_eq!(features.iter().map(|f| f.feature.0).collect::<Vec<_>>(), [3, 500, 70_000]);
    assert_eq!((features[0].name, features[0].terms), ("Feature 3", terms));
    assert_eq!((two.product, two.public), (ProductId(2), false));
    assert!(two.number > nine.number);
    assert_eq!(issued.record.products, [product(2, [4]), first]);
}

#[test]
fn steps_keep_their_order_and_keys_open_in_their_place_only() {
    let mut story = Story::new();
    let (feature, units) = (FeatureId(1), Units(7));
    story.record.sequence.number = 0x1234;
    let steps = || {
        vec![
            Step::SetCounter { feature, units },
            Step::InstallKey { feature, slot: Slot(2), key: key(0xaa) },
            Step::AddCounter { feature, units: Units(8) },
            Step::InstallKey { feature: FeatureId(300), slot: Slot(200), key: key(0xbb) },
            Step::SubtractCounter { feature, units: Units(9) },
        ]
    };
    let issued = story.issue(&plan(vec![product(1, [1, 300])], steps())).unwrap();
    let (update, _) = story.verify(&issued.file);
    let operations: Vec<_> = update.operations.iter().collect();
    assert_eq!(operations[0], Operation::SetCounter { feature, units });
    assert_eq!(operations[2], Operation::AddCounter { feature, units: Units(8) });
    assert_eq!(operations[4], Operation::SubtractCounter { feature, units: Units(9) });

    let vendor = story.vendor.root().0.digest();
    let mut opened = Vec::new();
    for operation in &operations {
        let Operation::InstallKey { feature, slot, enc, ciphertext } = *operation else { continue };
        for place in 0..5 {
            let (mut info, mut aad) = ([0; HPKE_INFO_LEN], [0; HPKE_AAD_MAX]);
            let info = hpke_info(&vendor, story.token.serial, story.token.partition, &mut info);
            let aad = hpke_aad(1, 0x1235, place, feature, slot, &mut aad);
            let (mut data, tag) = ciphertext.split_last_chunk().map(|(data, tag)| (data.to_vec(), tag)).unwrap();
            let open = hpke::open::<RustCrypto>(&story.token.sealing, enc, info, aad, &mut data, tag);
            if open.is_ok() {
                opened.push((place, feature, slot, data.clone()));
            }
            let other = hpke::open::<RustCrypto>(&story.token.handshake, enc, info, aad, &mut data, tag);
            assert!(other.is_err());
        }
    }
    let expected = [(1, FeatureId(1), Slot(2), vec![0xaa; 32]), (3, FeatureId(300), Slot(200), vec![0xbb; 32])];
    assert_eq!(opened, expected);
    assert!(!issued.file.windows(8).any(|window| window == [0xaa; 8] || window == [0xbb; 8]));
}

#[test]
fn a_signer_signs_in_the_roots_place() {
    let story = Story::new();
    let signing = P256Signing::generate(&mut OsEntropy);
    let again = P256Signing::from_secret(&signing.to_secret()).unwrap();
    let signer = story.vendor.update_signer(Subject([4; 8]), signing, &mut OsEntropy).unwrap();
    let issued = signer.issue(&story.record, &plan(vec![product(1, [1])], vec![]), &mut OsEntropy).unwrap();
    assert_eq!(UpdateFile::parse(&issued.file).unwrap().certificates.only(), Some(signer.certificate()));
    let (update, grants) = story.verify(&issued.file);
    assert_eq!((update.number, grants.len(), update.digest()), (1, 1, issued.record.sequence.digest));

    let (root, certificate) = (story.vendor.root(), signer.certificate().to_vec());
    let other = P256Signing::generate(&mut OsEntropy);
    assert_eq!(UpdateSigner::from_parts(root, other, certificate.clone()).err(), Some(Invalid::Role));
    let rebuilt = UpdateSigner::from_parts(root, again, certificate.clone()).unwrap();
    assert_eq!(rebuilt.certificate(), certificate);
    let foreign = UpdateSigner::from_parts(test_vendor().root(), rebuilt.key, certificate);
    assert_eq!(foreign.err(), Some(Invalid::Signature));
}

#[test]
fn what_no_token_could_apply_is_not_issued() {
    let mut story = Story::new();
    let (feature, units) = (FeatureId(5), Units(1));
    story.record = story.issue(&plan(vec![product(1, [5, 6])], vec![])).unwrap().record;
    let refusal = |grants, steps| story.issue(&plan(grants, steps)).err();
    let grant_error = |grant: &ProductGrant| refusal(vec![grant.clone()], vec![]);

    assert_eq!(refusal(vec![product(2, [5])], vec![]), Some(IssueError::FeatureTaken(feature)));
    assert_eq!(refusal(vec![product(2, [8]), product(3, [8])], vec![]), Some(IssueError::FeatureTaken(FeatureId(8))));
    assert_eq!(refusal(vec![product(2, [8]), product(2, [9])], vec![]), Some(IssueError::ProductTwice(ProductId(2))));
    // A feature may move if its product gives it up in the same update.
    assert_eq!(refusal(vec![product(2, [5]), product(1, [6])], vec![]), None);

    for (grant, error) in [
        (product(0, [8]), GrantError::Zero),
        (product(2, [0]), GrantError::Zero),
        (product(2, [8, 8]), GrantError::Order),
        (ProductGrant { name: "x".repeat(49), ..product(2, [8]) }, GrantError::NameTooLong),
    ] {
        assert_eq!(grant_error(&grant), Some(IssueError::Grant(grant.product, error)));
    }
    let mut at_zero = product(2, [8]);
    at_zero.features[0].terms.expires = Some(UnixTime(0));
    assert_eq!(grant_error(&at_zero), Some(IssueError::Grant(ProductId(2), GrantError::TimeZero)));
    let mut unknown = product(2, [8]);
    unknown.features[0].terms.unknown = true;
    assert_eq!(grant_error(&unknown), Some(IssueError::Grant(ProductId(2), GrantError::UnknownTerm)));

    let mut uncounted = product(1, [5]);
    uncounted.features[0].terms.counted = false;
    let steps: [fn(FeatureId, Units) -> Step; 4] = [
        |feature, units| Step::SetCounter { feature, units },
        |feature, units| Step::AddCounter { feature, units },
        |feature, units| Step::SubtractCounter { feature, units },
        |feature, _| Step::InstallKey { feature, slot: Slot(0), key: key(1) },
    ];
    for (place, step) in steps.iter().enumerate() {
        let refusal_of = |grants, feature| refusal(grants, vec![step(feature, units)]);
        assert_eq!(refusal_of(vec![], feature), None);
        assert_eq!(refusal_of(vec![], FeatureId(7)), Some(IssueError::NotGranted(FeatureId(7))));
        assert_eq!(refusal_of(vec![product(1, [6])], feature), Some(IssueError::NotGranted(feature)));
        let counted = if place == 3 { None } else { Some(IssueError::NotCounted(feature)) };
        assert_eq!(refusal_of(vec![uncounted.clone()], feature), counted);
    }
}

#[test]
fn a_record_of_another_vendor_or_token_is_refused() {
    let story = Story::new();
    let foreign = test_vendor().issue(&story.record, &plan(vec![], vec![]), &mut OsEntropy);
    assert_eq!(foreign.err(), Some(IssueError::Endorsement(Invalid::Signature)));
    let mut record = story.record.clone();
    record.serial = Serial([1; 8]);
    let other = story.vendor.issue(&record, &plan(vec![], vec![]), &mut OsEntropy);
    assert_eq!(other.err(), Some(IssueError::Endorsement(Invalid::Signature)));
}

#[test]
fn numbers_end() {
    let mut story = Story::new();
    story.record.sequence.number = u32::MAX;
    assert_eq!(story.issue(&plan(vec![], vec![])).err(), Some(IssueError::LastNumber));
    story.record.sequence.number = 1;
    story.record.grant_number = u32::MAX;
    assert_eq!(story.issue(&plan(vec![product(1, [1])], vec![])).err(), Some(IssueError::LastNumber));
}

#[test]
fn a_file_fits_one_request() {
    let mut story = Story::new();
    story.record = story.issue(&plan(vec![product(1, [1])], vec![])).unwrap().record;
    let sized = |steps: u32, name: usize| {
        let step = |_| Step::InstallKey { feature: FeatureId(1), slot: Slot(0), key: key(1) };
        let grant = ProductGrant { name: "x".repeat(name), ..product(2, []) };
        story.issue(&plan(vec![grant], (0..steps).map(step).collect())).map(|issued| issued.file.len())
    };
    // By keys roughly, by the name's length exactly.
    let steps = (1..).take_while(|&steps| sized(steps, 0).is_ok()).last().unwrap();
    let lengths: Vec<_> = (0..=48).map(|name| sized(steps, name)).collect();
    let longest = lengths.iter().flatten().max().unwrap();
    assert!(*longest <= MAX_UPDATE_FILE && *longest > MAX_UPDATE_FILE - 200, "{longest}");
    assert_eq!(sized(steps + 1, 0), Err(IssueError::TooLong));
    assert_eq!(sized(500, 0), Err(IssueError::TooLong));
}

#[test]
fn steps_on_files_are_what_tokens_take() {
    let story = Story::new();
    let (granted, file) = (ProductId(1), FileId(9));
    let refusal = |step| {
        let plan = plan(vec![product(1, [5])], vec![step]);
        story.issue(&plan).err()
    };
    let create = |product, kind, size| Step::CreateFile { product, file, kind, size };
    let write = |product, offset, bytes: &[u8]| Step::WriteFile { product, file, offset, bytes: bytes.to_vec() };
    assert_eq!(refusal(create(granted, FileKind::Label, 48)), None);
    assert_eq!(refusal(create(granted, FileKind::ReadWrite, 4096)), None);
    assert_eq!(refusal(write(granted, 4095, &[1])), None);
    assert_eq!(refusal(Step::RemoveFile { product: granted, file }), None);
    let size = Some(IssueError::File(granted, file));
    assert_eq!(refusal(create(granted, FileKind::Label, 49)), size);
    assert_eq!(refusal(create(granted, FileKind::ReadWrite, 4097)), size);
    assert_eq!(refusal(create(granted, FileKind::ReadWrite, 0)), size);
    assert_eq!(refusal(write(granted, 0, &[])), size);
    assert_eq!(refusal(write(granted, 4095, &[1, 2])), size);
    let other = ProductId(7);
    for step in [create(other, FileKind::ReadOnly, 1), write(other, 0, &[1]), Step::RemoveFile { product: other, file }]
    {
        assert_eq!(refusal(step), Some(IssueError::ProductNotGranted(other)));
    }

    let plan = plan(vec![product(1, [5])], vec![create(granted, FileKind::ReadOnly, 3), write(granted, 1, b"ab")]);
    let issued = story.issue(&plan).unwrap();
    let (update, _) = story.verify(&issued.file);
    let expected = [
        Operation::CreateFile { product: granted, file, kind: FileKind::ReadOnly, size: 3 },
        Operation::WriteFile { product: granted, file, offset: 1, bytes: b"ab" },
    ];
    assert!(update.operations.iter().eq(expected));
}
