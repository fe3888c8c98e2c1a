//! The client in Python against a fob: `docs/spec.md` is enough to write one.
#![cfg(unix)]

use keyfob_crypto::PublicKey;
use keyfob_issuing::{OsEntropy, Vendor, VendorKind};
use keyfob_python_peer::{
    COUNTED, Cast, EXPIRED, Finished, Flip, LABEL, LATER, PLAIN, PRODUCTS, Proxy, Python, SECRET, SPENT, Side, UNITS,
};
use keyfob_signed::{Rights, TEST_MAKER_ROOT};
use keyfob_wire::{ProductId, Status, Subject};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;

const ALLOWED: i32 = 0;
const FAILED: i32 = 1;
const DENIED: i32 = 6;
const NOT_GENUINE: i32 = 8;

/// What opening a session takes, logging in included (§5).
const OPENING: usize = 13;

fn check(python: &Python, address: SocketAddr, app: &Path, feature: u32) -> Finished {
    python.run("check.py", &[&address.to_string(), Cast::argument(app), &feature.to_string()], "")
}

fn refused(status: Status) -> Value {
    json!({ "refused": status.number() })
}

#[test]
fn features_are_allowed_and_denied() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let check = |feature| check(&python, cast.address, &cast.app, feature);

    let plain = check(PLAIN.0);
    assert_eq!(plain.exit, ALLOWED, "{}", plain.output);
    assert_eq!(
        plain.json(),
        json!({
            "outcome": "allowed", "status": 0, "limiting_term": 0, "remaining": null, "next_change": null,
            "expiry": null, "modules": null, "reports": { "opening": OPENING, "check": 2 },
        })
    );

    let counted = check(COUNTED.0);
    assert_eq!(counted.exit, ALLOWED, "{}", counted.output);
    assert_eq!(counted.json()["remaining"], UNITS.0);
    assert_eq!(counted.json()["limiting_term"], 4);

    for (feature, status, term) in [
        (EXPIRED.0, Status::Expired, 3),
        (SPENT.0, Status::CounterExhausted, 4),
        (LATER.0, Status::NotYetValid, 2),
        (999, Status::FeatureNotFound, 0),
    ] {
        let denied = check(feature);
        assert_eq!(denied.exit, DENIED, "{}", denied.output);
        assert_eq!(denied.json()["outcome"], "denied");
        assert_eq!(denied.json()["status"], status.number(), "feature {feature}");
        assert_eq!(denied.json()["limiting_term"], term, "feature {feature}");
    }
    assert_eq!(check(LATER.0).json()["next_change"], 1_u64 << 40);
}

#[test]
fn another_vendors_app_gets_nothing() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let other = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let credential = other.app(Subject([1; 8]), ProductId(0), Rights::ALL, &mut OsEntropy).unwrap();
    let unknown = check(&python, cast.address, &cast.write_app("other.keyfob", &credential), PLAIN.0);
    assert_eq!(unknown.exit, FAILED, "{}", unknown.output);
    assert_eq!(unknown.json()["reason"], format!("status {}", Status::UnknownVendor.number()));

    // The app's own certificate under a root that didn't sign it.
    let mut pinned = std::fs::read(&cast.app).unwrap();
    let own = cast.vendor.root().0.0;
    let place = pinned.windows(33).position(|bytes| bytes == own).unwrap();
    pinned[place..place + 33].copy_from_slice(&other.root().0.0);
    let refused = check(&python, cast.address, &cast.write_app("pinned.keyfob", &pinned), PLAIN.0);
    assert_eq!(refused.exit, NOT_GENUINE, "{}", refused.output);
}

/// One bit, in each report that the opening and a check need: the fob's answers and the app's requests.
#[test]
fn a_changed_bit_never_gives_an_answer() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let through = |side, report, byte| {
        // Forgets the handshake that the last one left half open, so that nothing is told to wait.
        cast.power_cycle();
        let flip = Flip { side, report, byte };
        let finished = check(&python, Proxy::new(cast.address, flip).address, &cast.app, PLAIN.0);
        (finished.exit, format!("{flip:?}: {}", finished.output))
    };
    // INIT's version.
    let (exit, told) = through(Side::Fob, 0, 20);
    assert_eq!(exit, FAILED, "{told}");
    // Message 2 in five reports, the login's record, the check's and the logout's.
    for report in 1..9 {
        let (exit, told) = through(Side::Fob, report, 12);
        assert_eq!(exit, NOT_GENUINE, "{told}");
    }
    // The vendor hint of message 1, message 3 in four reports, the records of the check and the logout.
    for (report, byte) in [(1, 44), (2, 12), (3, 12), (4, 12), (5, 12), (6, 12), (7, 12)] {
        let (exit, told) = through(Side::App, report, byte);
        assert_eq!(exit, FAILED, "{told}");
    }
    let flip = Flip { side: Side::Fob, report: 1_000, byte: 20 };
    cast.power_cycle();
    assert_eq!(check(&python, Proxy::new(cast.address, flip).address, &cast.app, PLAIN.0).exit, ALLOWED);
}

#[test]
fn a_whole_session_of_an_app_and_of_a_guest() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let hex = |bytes: &[u8]| hex::encode(bytes);
    let task = json!({
        "address": cast.address.to_string(), "app": Cast::argument(&cast.app), "counted": COUNTED.0,
        "sealed": hex(&cast.sealed), "maker_root": hex(&TEST_MAKER_ROOT.0.0), "products": PRODUCTS.map(|it| it.0),
        "key": hex(cast.key.expose()),
    });
    let finished = python.run("exercise.py", &[], &task.to_string());
    assert_eq!(finished.exit, 0, "{}", finished.output);
    let result = finished.json();

    let app = &result["app"];
    assert_eq!(app["login"], json!({ "1": 1, "2": 2, "3": 0 }));
    assert_eq!(app["before"], json!([UNITS.0, 0]));
    for spent in ["spent", "repeated", "after", "later"] {
        assert_eq!(app[spent], json!([UNITS.0 - 2, 1]), "{spent}");
    }
    assert_eq!(app["with other units"], refused(Status::OperationMismatch));
    assert_eq!(app["too much"], refused(Status::CounterTooLow));
    assert_eq!(app["from ahead"], refused(Status::BadRequest));
    assert_eq!(app["secret"], hex(SECRET));
    assert_eq!(app["altered secret"], refused(Status::UnlockFailed));
    assert_eq!(app["no key"], refused(Status::KeyNotFound));
    assert_eq!(app["answered twice alike"], true);
    assert_eq!(app["altered record"], refused(Status::SessionRefused));

    used_memory_and_keys(&result["memory"]);
    guest_saw(&cast, &result["guest"]);

    let misled = result["misled"].as_object().unwrap();
    assert_eq!(misled.len(), 5);
    for (who, outcome) in misled {
        assert!(outcome["not-genuine"].is_string(), "{who}: {outcome}");
    }
}

/// What another implementation of the cryptography makes of a fob's messages, keys and proofs.
fn used_memory_and_keys(memory: &Value) {
    for right in ["reads what it wrote", "decrypts the fob's", "fob decrypts", "derives", "proof answers"] {
        assert_eq!(memory[right], true, "{right}");
    }
    assert_eq!(memory["writes a label"], refused(Status::FileProtected));
    assert_eq!(memory["reads a label"], LABEL);
    assert_eq!(memory["beyond the end"], refused(Status::OutOfRange));
    assert_eq!(memory["no such file"], refused(Status::FileNotFound));
    assert_eq!(memory["fob decrypts what was altered"], refused(Status::UnlockFailed));
    // Feature, status, quality of the time, number and epoch of the last update.
    let claims = json!({ "-65537": COUNTED.0, "-65538": 0, "-65539": 1, "-65542": 2, "-65543": 1 });
    assert_eq!(memory["proof"], claims);
    assert_eq!(memory["proof's app"], "any     ");
    assert_eq!(memory["random"], 64);
}

fn guest_saw(cast: &Cast, guest: &Value) {
    let PublicKey(root) = cast.vendor.root().0;
    let record = &cast.record;
    let partition = hex::encode(record.endorsement(cast.vendor.root()).unwrap().partition.0);
    assert_eq!(guest["serial"], hex::encode(record.serial.0));
    assert_eq!(guest["boot_is_init's"], true);
    assert_eq!(guest["partitions"], json!([[hex::encode(root), partition, 1, 2]]));
    let [first, second] = PRODUCTS.map(|product| product.0);
    let left = UNITS.0 - 2;
    assert_eq!(
        guest["products"],
        json!([
            [
                first,
                1,
                "CAD Studio",
                [
                    [COUNTED.0, "Export", left],
                    [EXPIRED.0, "Solve", null],
                    [SPENT.0, "Print", 0],
                    [LATER.0, "Render", null],
                ]
            ],
            [second, 2, "Viewer — für alle", [[PLAIN.0, "View", null]]],
        ])
    );
    let feature = |feature: u32, name: &str, terms: Value| json!({ "feature": feature, "name": name, "terms": terms });
    let issued = 1_700_000_000;
    assert_eq!(
        guest["grants"],
        json!([
            { "product": first, "number": 1, "public": true, "issued": issued, "name": "CAD Studio", "features": [
                feature(COUNTED.0, "Export", json!({ "counter": true })),
                feature(EXPIRED.0, "Solve", json!({ "expires": issued + 1 })),
                feature(SPENT.0, "Print", json!({ "counter": true })),
                feature(LATER.0, "Render", json!({ "starts": 1_u64 << 40 })),
            ] },
            { "product": second, "number": 2, "public": true, "issued": issued, "name": "Viewer — für alle",
              "features": [feature(PLAIN.0, "View", json!({}))] },
        ])
    );
    let receipt = &guest["receipt"];
    assert_eq!((&receipt["epoch"], &receipt["number"]), (&json!(1), &json!(2)));
    assert_eq!(receipt["last_update"], hex::encode(record.sequence.digest));
    assert_eq!(receipt["counters"], json!({ COUNTED.0.to_string(): [left, 1], SPENT.0.to_string(): [0, 0] }));
    let snapshot = &guest["snapshot"];
    assert_eq!((&snapshot["epoch"], &snapshot["number"]), (&json!(1), &json!(2)));
    assert_eq!(snapshot["last_update"], receipt["last_update"]);
    assert_eq!(snapshot["grants"], json!([[first, 1], [second, 2]]));
    assert_eq!(snapshot["counters"], json!([[COUNTED.0, left, 1], [SPENT.0, 0, 0]]));
    assert_eq!(snapshot["files"], json!([[first, 1, 1, 1024], [first, 2, 4, 48]]));
    assert_eq!(guest["files"], json!([[1, 1, 1024, null], [2, 4, 48, LABEL]]));
    assert_eq!(guest["health"], json!([1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(guest["check"], refused(Status::NotPermitted));
}

/// Both ways' keys are replaced at record 65,536 (§6).
#[test]
fn a_session_outlives_its_first_keys() {
    let Some(python) = Python::find() else { return };
    let cast = Cast::new();
    let arguments = [&cast.address.to_string(), Cast::argument(&cast.app), &COUNTED.0.to_string(), "65600"];
    let finished = python.run("long_session.py", &arguments, "");
    assert_eq!((finished.exit, finished.output.trim()), (0, "65600"));
}
