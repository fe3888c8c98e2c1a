//! Bad input to everything that takes some from outside: each gives an error that says something under a stable name,
//! changes nothing, and panics never. The test prints the table.

mod table;

use std::fs;

use keyfob::{Challenge, Client, Error, Guest, Signed, TokenUri};
use keyfob_conformance::message_reports;
use keyfob_crypto::Secret;
use keyfob_emulator::{Clock, Emulator, FlashImage, Listen};
use keyfob_issuing::{
    FeatureTerms, OsEntropy, Predecessor, ProductGrant, Step, UpdatePlan, Vendor, VendorKind, read_receipt, seal_secret,
};
use keyfob_licence::Terms;
use keyfob_scenarios::{COUNTED, PRODUCT, SLOT, State, TIMED, TODAY, licence, stand};
use keyfob_signed::AppCredential;
use keyfob_wire::init::TokenState;
use keyfob_wire::{ChannelId, Command, FeatureId, FileId, FileKind, Operation, ProductId, Serial, Slot, Status, Units};
use table::{Table, garbage, variant};

#[test]
fn everything_bad_is_told_and_changes_nothing() {
    let mut table = Table::default();
    reports(&mut table);
    bodies(&mut table);
    update_files(&mut table);
    final_files(&mut table);
    signed_things(&mut table);
    credentials(&mut table);
    flash_images(&mut table);
    texts(&mut table);
    plans(&mut table);
    println!("{table}");
    assert!(table.len() >= 40, "{} rows", table.len());
    assert!(table.has_no_row_twice());
}

/// What the host library says: a code with a hint.
fn said<T>(outcome: Result<T, Error>) -> (String, String) {
    let error = outcome.err().expect("it is refused");
    assert!(keyfob::text(error.code()).is_some(), "{} has no text", error.code());
    (error.code().to_owned(), error.to_string())
}

/// What a token says in numbers.
fn status((command, answer): (u8, Vec<u8>)) -> (String, String) {
    assert_eq!(command, Command::Error.byte());
    let status = Status::from_number(u16::from_be_bytes(answer.try_into().unwrap())).unwrap();
    (status.slug().to_owned(), status.meaning().to_owned())
}

fn reports(table: &mut Table) {
    let (bench, desk) = stand(5);
    let before = State::of(&bench, &desk);
    let mut raw = bench.raw().unwrap();
    let id = raw.init().unwrap().id;
    let mut add = |input: &str, found| table.add("report", input, 1, found);
    let long = message_reports(id, Command::Install, &[7; 150]);

    let mut too_long = long[0];
    too_long[5..7].copy_from_slice(&4_097_u16.to_be_bytes());
    raw.send(&too_long).unwrap();
    add("a message of 4,097 bytes", status(raw.receive(id).unwrap()));
    raw.send(&long[0]).unwrap();
    raw.send(&long[2]).unwrap();
    add("one report left out", status(raw.receive(id).unwrap()));
    raw.send(&long[0]).unwrap();
    raw.send(&long[1]).unwrap();
    raw.send(&long[1]).unwrap();
    add("one report twice", status(raw.receive(id).unwrap()));
    raw.send(&long[0]).unwrap();
    desk.with(|emulator| emulator.advance(500));
    add("no second report", status(raw.receive(id).unwrap()));
    let mut unknown = message_reports(id, Command::Record, &[1])[0];
    unknown[4] = 0xfe;
    raw.send(&unknown).unwrap();
    add("command 0xfe", status(raw.receive(id).unwrap()));

    let broadcast = ChannelId::BROADCAST;
    let point = bench.vendor.root().0.0;
    let opening = |hint: [u8; 8]| [&point[..], &hint].concat();
    let calls: [(&str, ChannelId, Command, Vec<u8>); 13] = [
        ("a channel that isn't", ChannelId(0x1234_5678), Command::Record, vec![0; 20]),
        ("INIT of 7 bytes", broadcast, Command::Init, vec![0; 7]),
        ("INIT of 4,000 bytes", broadcast, Command::Init, vec![0; 4_000]),
        ("INIT on a channel", id, Command::Init, vec![0; 8]),
        ("RECORD on the broadcast channel", broadcast, Command::Record, vec![0; 40]),
        ("ERROR from the host", id, Command::Error, vec![0, 3]),
        ("BIRTH of a token that is ready", id, Command::Birth, vec![0; 16]),
        ("INSTALL of garbage", id, Command::Install, garbage(300, 1)),
        ("OPEN of 40 bytes", id, Command::Open, vec![2; 40]),
        ("OPEN with a point that isn't on the curve", id, Command::Open, [&[2][..], &[0; 31], &[1], &[0; 8]].concat()),
        ("OPEN for a vendor that isn't there", id, Command::Open, opening([9; 8])),
        ("FINISH before OPEN", id, Command::Finish, garbage(200, 2)),
        ("RECORD without a session", id, Command::Record, garbage(57, 3)),
    ];
    for (input, channel, command, message) in calls {
        add(input, status(raw.call(channel, command, &message).unwrap()));
    }
    // Noise has no one answer; the token goes on.
    for seed in 0..3_000 {
        let mut report: [u8; 64] = garbage(64, seed).try_into().unwrap();
        if seed % 2 == 0 {
            report[..4].copy_from_slice(&id.0.to_be_bytes());
        }
        if seed % 3 == 0 {
            report[4] = [0x86, 0x90, 0x91, 0x92, 0x93, 0x94, 0xbf][seed as usize % 7];
        }
        raw.send(&report).unwrap();
    }
    drop(raw);
    desk.with(|emulator| emulator.advance(2_000));
    assert_eq!(State::of(&bench, &desk), before);
}

fn bodies(table: &mut Table) {
    let (bench, desk) = stand(5);
    let before = State::of(&bench, &desk);
    let mut raw = bench.raw().unwrap();
    let session = raw.app(&bench.app).unwrap();
    let mut say = |plaintext: &[u8]| {
        let answer = raw.say(session, plaintext).unwrap();
        assert_eq!(answer.len(), 2, "{plaintext:?} is answered {answer:?}");
        let status = Status::from_number(u16::from_be_bytes([answer[0], answer[1]])).unwrap();
        assert_ne!(status, Status::Ok, "{plaintext:?}");
        (status.slug().to_owned(), status.meaning().to_owned())
    };
    table.add("body", "nothing", 1, say(&[]));
    table.add("body", "operation 0xee", 1, say(&[0xee]));
    for operation in Operation::ALL {
        let mut tries = 0;
        let mut last = None;
        // Of these the last field is any bytes.
        let open = matches!(operation, Operation::Write | Operation::Encrypt | Operation::Derive);
        let bodies = [&[0x80][..], &[0xa1], &[0xa1, 1], &[0xa2, 1, 0, 1, 0], &[0xbf, 0xff], &[0xa0, 0xa0], &[0x9f; 20]];
        for body in bodies.into_iter().filter(|body| !open || body.len() < 20) {
            let found = say(&[&[operation.byte()], body].concat());
            assert!(last.as_ref().is_none_or(|last| *last == found), "{} {body:02x?}", operation.word());
            last = Some(found);
            tries += 1;
        }
        table.add("body", &format!("{} with what is no body of it", operation.word()), tries, last.unwrap());
    }
    drop(raw);
    assert_eq!(State::of(&bench, &desk), before);
    memory_and_keys(table);
}

/// Well-formed requests that make no sense.
fn memory_and_keys(table: &mut Table) {
    let (mut bench, desk) = stand(5);
    let create = |file, kind, size| Step::CreateFile { product: PRODUCT, file: FileId(file), kind, size };
    let steps = vec![create(1, FileKind::ReadWrite, 10), create(2, FileKind::Label, 48)];
    bench.apply(UpdatePlan { issued: TODAY, grants: Vec::new(), steps }).unwrap();
    let client = bench.client().unwrap();
    let session = client.login(COUNTED).unwrap();
    // The first claim of the time in a power-up is written down.
    let _verdict = session.check().unwrap();
    let before = State::of(&bench, &desk);
    let mut add = |what: &'static str, input: &str, found| table.add(what, input, 1, found);
    let file = FileId;
    add("memory", "no such file", said(session.read(PRODUCT, file(3), 0, 1)));
    add("memory", "no such product", said(session.write(ProductId(5), file(1), 0, &[1])));
    add("memory", "beyond the end", said(session.read(PRODUCT, file(1), 9, 2)));
    add("memory", "the last offset that there is", said(session.write(PRODUCT, file(1), u16::MAX, &[1; 2_048])));
    add("memory", "a label, by an app", said(session.write(PRODUCT, file(2), 0, b"mine")));
    add("memory", "nothing to write", said(session.write(PRODUCT, file(1), 0, &[])));
    add("memory", "2,049 bytes to write", said(session.write(PRODUCT, file(1), 0, &[1; 2_049])));
    add("keys", "a plaintext of 2,049 bytes", said(session.encrypt(SLOT, &[1; 2_049])));
    add("keys", "no plaintext", said(session.encrypt(SLOT, &[])));
    add("keys", "garbage for a message", said(session.decrypt(SLOT, &garbage(200, 9))));
    add("keys", "a message without content", said(session.decrypt(SLOT, &[1; 32])));
    add("keys", "a slot without a key", said(session.derive(Slot(9), b"label")));
    add("keys", "a label of 33 bytes", said(session.derive(SLOT, &[1; 33])));
    let challenge = Challenge { audience: "somebody", nonce: &[1; 16], context: &[] };
    add("proof", "a nonce of 15 bytes", said(session.prove(&Challenge { nonce: &[1; 15], ..challenge })));
    add("proof", "for nobody", said(session.prove(&Challenge { audience: "", ..challenge })));
    add("proof", "of a feature that isn't licensed", said(client.login(FeatureId(5)).unwrap().prove(&challenge)));
    assert_eq!(State::of(&bench, &desk), before);
}

fn update_files(table: &mut Table) {
    let (bench, desk) = stand(5);
    let genuine = bench.issue(&licence(9, &bench.feature_key)).unwrap().file;
    let before = State::of(&bench, &desk);
    let mut guest = bench.guest().unwrap();
    let flipped = (0..genuine.len()).map(|place| {
        let mut file = genuine.clone();
        file[place] ^= 1 << (place % 8);
        file
    });
    let mut renamed = genuine.clone();
    renamed[2..8].copy_from_slice(b"KEYFOB");
    let classes: [(&str, Vec<Vec<u8>>); 9] = [
        ("empty", vec![Vec::new()]),
        ("every byte altered", flipped.collect()),
        ("cut off anywhere", (1..genuine.len()).map(|length| genuine[..length].to_vec()).collect()),
        ("one byte more", vec![[&genuine[..], &[0]].concat()]),
        ("another file's name", vec![renamed]),
        ("an app's credential", vec![bench.app.clone()]),
        ("garbage", (0..100).map(|seed| garbage(1 + seed as usize * 37, seed)).collect()),
        ("arrays in arrays", vec![vec![0x81; 4_000]]),
        ("a length of 2^64-1", vec![[&[0x85, 0x7b][..], &[0xff; 8]].concat()]),
    ];
    for (input, files) in classes {
        let codes = ["update-malformed", "signature-invalid", "wrong-token", "bad-request"];
        let tries = files.len();
        let mut last = None;
        for file in files {
            let found = said(guest.apply(&file));
            assert!(codes.contains(&found.0.as_str()), "{input}: {found:?}");
            last = Some(found);
        }
        table.add("update file", input, tries, last.unwrap());
    }
    drop(guest);
    assert_eq!(State::of(&bench, &desk), before);
    bench.guest().unwrap().apply(&genuine).unwrap();
}

/// Wipe and root change files: what they do can't be undone.
fn final_files(table: &mut Table) {
    let (bench, desk) = stand(5);
    let new = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let wipe = bench.vendor.wipe(&bench.record, 0, &mut OsEntropy).unwrap();
    let from = Predecessor::Root(&bench.vendor);
    let change = new.take_over(&from, &bench.record, &mut OsEntropy).unwrap().file;
    let before = State::of(&bench, &desk);
    let mut guest = bench.guest().unwrap();
    let codes = ["update-malformed", "signature-invalid", "wrong-token", "certificate-refused"];
    for (what, genuine, other) in [("wipe file", &wipe, &change), ("root change file", &change, &wipe)] {
        let flipped = (0..genuine.len()).map(|place| {
            let mut file = genuine.clone();
            file[place] ^= 1 << (place % 8);
            file
        });
        let classes: [(&str, Vec<Vec<u8>>); 6] = [
            ("empty", vec![Vec::new()]),
            ("every byte altered", flipped.collect()),
            ("cut off anywhere", (1..genuine.len()).map(|length| genuine[..length].to_vec()).collect()),
            ("one byte more", vec![[&genuine[..], &[0]].concat()]),
            ("the other kind of file", vec![other.clone()]),
            ("garbage", (0..100).map(|seed| garbage(1 + seed as usize * 37, seed)).collect()),
        ];
        for (input, files) in classes {
            let tries = files.len();
            let mut last = None;
            for file in files {
                let done = if what == "wipe file" { guest.wipe(&file) } else { guest.change_root(&file) };
                let found = said(done);
                assert!(codes.contains(&found.0.as_str()), "{what}, {input}: {found:?}");
                last = Some(found);
            }
            table.add(what, input, tries, last.unwrap());
        }
    }
    drop(guest);
    assert_eq!(State::of(&bench, &desk), before);
    bench.guest().unwrap().wipe(&wipe).unwrap();
}

fn signed_things(table: &mut Table) {
    let (bench, desk) = stand(5);
    let before = State::of(&bench, &desk);
    let root = bench.vendor.root();
    let mut guest = bench.guest().unwrap();
    for (input, bytes) in
        [("empty", vec![]), ("garbage", garbage(200, 1)), ("longer than a message", garbage(5_000, 2))]
    {
        let time = Signed { bytes: &bytes, certificate: None };
        table.add("signed time", input, 1, said(guest.set_time(root, &time)));
    }
    table.add("receipt's nonce", "7 bytes", 1, said(guest.receipt(root, &[0; 7])));
    table.add("endorsement", "before enrol", 1, said(guest.endorse(&garbage(100, 3))));
    guest.enrol(bench.stranger.root(), [1; 16]).unwrap();
    table.add("endorsement", "garbage", 1, said(guest.endorse(&garbage(100, 3))));
    table.add("endorsement", "another token's", 1, said(guest.endorse(&bench.record.endorsement)));
    let mut no_point = root;
    no_point.0.0[0] = 7;
    table.add("vendor's root", "no point of the curve", 1, said(guest.enrol(no_point, [1; 16])));
    table.add("vendor's root", "a stranger's", 1, said(guest.list(bench.stranger.root())));

    let nonce = [5; 16];
    let receipt = guest.receipt(root, &nonce).unwrap().receipt;
    let refused = |receipt: &[u8], nonce: &[u8]| {
        let error = read_receipt(root, &bench.record, nonce, receipt).err().expect("it is refused");
        (variant(&error), error.to_string())
    };
    let altered = (0..receipt.len()).map(|place| {
        let mut altered = receipt.clone();
        altered[place] ^= 1;
        refused(&altered, &nonce)
    });
    table.add_all("receipt", "every byte altered", altered);
    let cut = (0..receipt.len()).map(|length| refused(&receipt[..length], &nonce));
    table.add_all("receipt", "cut off anywhere", cut);
    table.add("receipt", "for another nonce", 1, refused(&receipt, &[6; 16]));
    drop(guest);
    assert_eq!(State::of(&bench, &desk), before);

    let asked = |request: &[u8]| {
        let error = bench.maker.certify(request, &nonce, &mut OsEntropy).expect_err("it is refused");
        (variant(&error), error.to_string())
    };
    table.add("birth request", "empty", 1, asked(&[]));
    table.add("birth request", "garbage", 1, asked(&garbage(250, 4)));
    table.add("birth request", "a receipt", 1, asked(&receipt));
}

fn credentials(table: &mut Table) {
    let (bench, desk) = stand(5);
    let before = State::of(&bench, &desk);
    let genuine = &bench.app;
    let open = |credential: &[u8]| {
        let client = Client::builder(credential).transport("the desk", desk.clone()).accept_emulated();
        said(client.timeout(bench.patience).open().map(|_| ()))
    };
    let encoded = |credential: &AppCredential<'_>| {
        let mut file = Vec::new();
        credential.encode(&mut minicbor::Encoder::new(&mut file)).unwrap();
        file
    };
    let parsed = AppCredential::parse(genuine).unwrap();
    table.add("credential", "empty", 1, open(&[]));
    table.add("credential", "garbage", 1, open(&garbage(300, 1)));
    let cut = (0..genuine.len()).map(|length| open(&genuine[..length]));
    table.add_all("credential", "cut off anywhere", cut);
    table.add("credential", "one byte more", 1, open(&[&genuine[..], &[0]].concat()));
    table.add("credential", "an update file", 1, open(&bench.issue(&nothing()).unwrap().file));
    let zero = AppCredential { secret: Secret::zero(), ..parsed.clone() };
    table.add("credential", "a secret key of zero", 1, open(&encoded(&zero)));
    let other = AppCredential { secret: Secret::new([1; 32]), ..parsed.clone() };
    table.add("credential", "another's secret key", 1, open(&encoded(&other)));
    let bare = AppCredential { certificate: &[], ..parsed.clone() };
    table.add("credential", "without a certificate", 1, open(&encoded(&bare)));
    let long = garbage(4_050, 2);
    let long = open(&encoded(&AppCredential { certificate: &long, ..parsed }));
    // It isn't the fob's fault.
    assert_eq!(long.0, "too-long");
    table.add("credential", "a certificate longer than a message", 1, long);
    let places: Vec<usize> = (0..genuine.len()).step_by(3).collect();
    let altered = places.iter().map(|place| {
        let mut altered = genuine.clone();
        altered[*place] ^= 1;
        open(&altered)
    });
    table.add_all("credential", "every third byte altered", altered);
    assert_eq!(State::of(&bench, &desk), before);
}

fn nothing() -> UpdatePlan {
    UpdatePlan { issued: TODAY, grants: Vec::new(), steps: Vec::new() }
}

fn flash_images(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let opened = |result: Result<FlashImage, keyfob_emulator::ImageError>| {
        let error = result.expect_err("it is refused");
        (variant(&error), error.to_string().replace(&folder.path().display().to_string(), "…"))
    };
    table.add("image file", "missing", 1, opened(FlashImage::open(&path)));
    table.add("image file", "a folder", 1, opened(FlashImage::open(folder.path())));
    for size in [0, 1, FlashImage::CAPACITY - 1, FlashImage::CAPACITY + 1] {
        fs::write(&path, vec![0xff; size]).unwrap();
        table.add("image file", &format!("{size} bytes"), 1, opened(FlashImage::open(&path)));
    }
    table.add("image file", "a new one over another", 1, opened(FlashImage::create(&path)));
    fs::remove_file(&path).unwrap();
    let held = FlashImage::create(&path).unwrap();
    table.add("image file", "another emulator's", 1, opened(FlashImage::open(&path)));
    drop(held);

    let (mut bench, desk) = stand(5);
    let used = |image: &FlashImage| image.content().iter().rposition(|byte| *byte != 0xff).unwrap() + 1;
    let earlier = used(&desk.with(|emulator| emulator.flash_snapshot()));
    bench.set_counter(3).unwrap();
    let genuine = desk.with(|emulator| emulator.flash_snapshot());
    let started = |content: Vec<u8>| {
        let image = FlashImage::from_content(content).unwrap();
        Emulator::builder().flash(image).clock(Clock::scripted()).start()
    };
    let refused = |content: Vec<u8>| {
        let error = started(content).err().expect("it doesn't start");
        (variant(&error), error.to_string())
    };
    table.add("flash", "garbage", 1, refused(garbage(FlashImage::CAPACITY, 1)));
    table.add("flash", "zeros", 1, refused(vec![0; FlashImage::CAPACITY]));
    let text = b"not a token's flash but a text ".repeat(FlashImage::CAPACITY / 31 + 1);
    table.add("flash", "a text", 1, refused(text[..FlashImage::CAPACITY].to_vec()));

    // Where the state lies: a header and one record after the other.
    let used = used(&genuine);
    assert!(used < FlashImage::CAPACITY / 2, "the state lies in both banks");
    let flip = |place: usize| {
        let mut content = genuine.content().to_vec();
        content[place] ^= 1 << (place % 8);
        content
    };
    let header = (0..28).map(|place| refused(flip(place)));
    table.add_all("flash", "every byte of the header altered", header);
    let cut = |length: usize| {
        let mut content = genuine.content().to_vec();
        content[length..].fill(0xff);
        content
    };
    let state = |emulator: &mut Emulator| (emulator.engine().unwrap().serial(), emulator.engine().unwrap().life());
    let whole = (bench.serial(), TokenState::Ready);
    let places: Vec<usize> = (28..earlier).step_by(5).collect();
    let altered = places.iter().map(|place| refused(flip(*place)));
    table.add_all("flash", "every fifth byte of the records altered", altered);
    // Only the last transaction's damage can't be told from an interrupted write of it: it is as if not done.
    for place in (earlier..used).step_by(5) {
        let mut emulator = started(flip(place)).unwrap();
        assert_eq!(state(&mut emulator), whole, "byte {place} of {used}");
    }
    for length in [28, used / 2, used - 1] {
        // A token never shows what it can't have been: blank, born, or ready, and always itself.
        match started(cut(length)) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(mut emulator) => {
                let (serial, life) = state(&mut emulator);
                assert!(serial == bench.serial() || life == TokenState::Blank, "cut at {length}: {serial} {life:?}");
            }
        }
    }
    let mut emulator = started(genuine.content().to_vec()).unwrap();
    assert_eq!(state(&mut emulator), whole);
}

fn texts(table: &mut Table) {
    for uri in [
        "",
        "x",
        "unix:",
        "unix:a\0b",
        "tcp:",
        "tcp:host",
        "tcp::1",
        "tcp:host:0",
        "tcp:host:65536",
        "file:/x",
        "hid:KF-1",
    ] {
        let found = said(uri.parse::<TokenUri>().map_err(Error::from));
        table.add("URI", &format!("{uri:?}"), 1, found);
    }
    let absent = tempfile::tempdir().unwrap();
    let mut uri = TokenUri::Unix(absent.path().join("none.sock"));
    let guest = Guest::open(&mut uri, "unix:…/none.sock", &[], std::time::Duration::from_secs(1)).map(|_| ());
    table.add("URI", "nobody listens", 1, said(guest));
    for serial in ["", "KF-", "KF-40E2-91AC-0B7D-22FG", "KF-40E2-91AC-0B7D-22F3-00", "ÄÖÜ"] {
        let error = serial.parse::<Serial>().expect_err("it is refused");
        table.add("serial", &format!("{serial:?}"), 1, (variant(&error), error.to_string()));
    }
    for listen in ["", "unix:", "tcp:localhost", "tcp:1.2.3.4:99999", "udp:127.0.0.1:1"] {
        let error = listen.parse::<Listen>().expect_err("it is refused");
        table.add("listen", &format!("{listen:?}"), 1, (variant(&error), error.to_string()));
    }
}

fn plans(table: &mut Table) {
    let (bench, desk) = stand(5);
    let before = State::of(&bench, &desk);
    let issue = |grants: Vec<ProductGrant>, steps: Vec<Step>| {
        let plan = UpdatePlan { issued: TODAY, grants, steps };
        let error = bench.vendor.issue(&bench.record, &plan, &mut OsEntropy).expect_err("it is refused");
        (variant(&error), error.to_string())
    };
    let product = |id: u32, feature: u32, name: &str| ProductGrant {
        product: ProductId(id),
        name: name.to_owned(),
        public: true,
        features: vec![FeatureTerms { feature: FeatureId(feature), name: name.to_owned(), terms: Terms::default() }],
    };
    let set = |feature| vec![Step::SetCounter { feature, units: Units(1) }];
    let mut add = |input: &str, found| table.add("update plan", input, 1, found);
    add("a product twice", issue(vec![product(1, 1, "a"), product(1, 2, "b")], vec![]));
    add("another product's feature", issue(vec![product(1, COUNTED.0, "a")], vec![]));
    add("a feature that isn't granted", issue(vec![], set(FeatureId(5))));
    add("a counter where none is", issue(vec![], set(TIMED)));
    add("product 0", issue(vec![product(0, 1, "a")], vec![]));
    add("feature 0", issue(vec![product(1, 0, "a")], vec![]));
    add("a name of 49 bytes", issue(vec![product(1, 1, &"n".repeat(49))], vec![]));
    let file = |product, kind, size| vec![Step::CreateFile { product, file: FileId(1), kind, size }];
    let write =
        |offset, length| vec![Step::WriteFile { product: PRODUCT, file: FileId(1), offset, bytes: vec![1; length] }];
    add("a file of a product that isn't granted", issue(vec![], file(ProductId(1), FileKind::ReadWrite, 1)));
    add("an empty file", issue(vec![], file(PRODUCT, FileKind::ReadWrite, 0)));
    add("a file of 4,097 bytes", issue(vec![], file(PRODUCT, FileKind::ReadOnly, 4_097)));
    add("a label of 49 bytes", issue(vec![], file(PRODUCT, FileKind::Label, 49)));
    add("nothing to write to a file", issue(vec![], write(0, 0)));
    add("a write beyond the longest file", issue(vec![], write(4_095, 2)));
    let many = (0..300).map(|number| FeatureTerms {
        feature: FeatureId(1_000 + number),
        name: "n".repeat(48),
        terms: Terms::default(),
    });
    let wide = ProductGrant { product: PRODUCT, name: "wide".to_owned(), public: true, features: many.collect() };
    add("300 features at once", issue(vec![wide], vec![]));
    for length in [0, 65] {
        let error = seal_secret(&bench.feature_key, COUNTED, SLOT, &vec![1; length], &mut OsEntropy).unwrap_err();
        table.add("secret to seal", &format!("{length} bytes"), 1, (variant(&error), error.to_string()));
    }
    assert_eq!(State::of(&bench, &desk), before);
}
