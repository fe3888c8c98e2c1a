//! From a blank fob to an app that works, all by commands.
#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt;

use keyfob::{Client, FeatureId, Status, Units, UnixTime, Verdict};
use keyfob_wire::{ReceiptFile, TimeFile};

use support::{Bench, Fob, TIMEOUT};

const LICENCE: &str = r#"
[[product]]
id = 7
name = "CAD Studio 7"

[[product.feature]]
id = 42
name = "Export"
counter = 500
key = true

[[product.feature]]
id = 51
name = "Solve"
starts = 2026-12-01
expires = 2027-01-01T00:00:00Z
modules = [0, 3]
"#;

const SECRET: &[u8] = b"the table that the exporter uses";
/// 15 December 2026.
const THEN: UnixTime = UnixTime(1_797_292_800);

/// A vendor and a fob that it has enrolled.
fn enrolled(bench: &Bench) -> (Fob, String) {
    let fob = bench.fob("fob.sock");
    let token = fob.uri();
    bench.done(&["maker", "certify", "--test", "--token", &token]);
    bench.done(&["init", "--test"]);
    bench.done(&["enrol", "--token", &token]);
    let serial = fob.guest().serial().to_string();
    (fob, serial)
}

fn client(bench: &Bench, fob: &Fob, credential: &str) -> Client {
    let credential = bench.read(credential);
    let builder = Client::builder(&credential).token(&fob.uri()).timeout(TIMEOUT).time(|| THEN);
    builder.accept_emulated().open().unwrap()
}

#[test]
fn a_licence_is_sold_and_used() {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    let token = fob.uri();

    let certified = bench.run(&["maker", "certify", "--test", "--token", &token]);
    assert!(String::from_utf8_lossy(&certified.stderr).contains("is EMULATED"), "{certified:?}");
    let serial = fob.guest().serial().to_string();
    assert_eq!(String::from_utf8_lossy(&certified.stdout).split_whitespace().next(), Some(serial.as_str()));

    let root = bench.done(&["init", "--dir", "keyfob-vendor", "--test", "--quiet"]);
    assert_eq!(bench.read("keyfob-vendor/root.pub"), root.as_bytes());
    let enrolled = bench.run(&["enrol", "--quiet", "--token", &token]);
    assert!(enrolled.status.success());
    assert!(String::from_utf8_lossy(&enrolled.stderr).contains("is EMULATED"), "not even -q silences it");

    bench.done(&["app", "new", "CAD 7", "--product", "7", "--out", "cad.app"]);
    let mode = std::fs::metadata(bench.path("cad.app")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bench.write("table", SECRET);
    bench.done(&["key", "seal", "--feature", "42", "table", "table.sealed"]);

    bench.write("licence.toml", LICENCE);
    let words = bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "first.kfu"]);
    for line in [
        "  product 7 CAD Studio 7\n",
        "    feature 42 Export: on, counted\n",
        "    feature 51 Solve: on, from 1 Dec 2026 00:00:00 UTC, over at 1 Jan 2027 00:00:00 UTC, modules 0 3\n",
        "  counter of feature 42: set to 500\n",
        "  key of feature 42: installed in slot 0\n",
        "written to first.kfu, kept as keyfob-vendor/tokens/",
    ] {
        assert!(words.contains(line), "{line}{words}");
    }
    assert_eq!(fob.guest().apply(&bench.read("first.kfu")).unwrap(), (1, 1));

    let client = client(&bench, &fob, "cad.app");
    let export = client.login(FeatureId(42)).unwrap();
    let Verdict::Full(details) = export.check().unwrap() else { panic!("denied") };
    assert_eq!(details.remaining, Some(Units(500)));
    assert_eq!(export.spend(Units(3)).unwrap().remaining, Units(497));
    assert_eq!(export.unlock(&bench.read("table.sealed")).unwrap().expose(), SECRET);
    let solve = client.login(FeatureId(51)).unwrap();
    let Verdict::Full(details) = solve.check().unwrap() else { panic!("denied") };
    assert_eq!(details.expiry, Some(UnixTime(1_798_761_600)));
    assert_eq!(details.modules.unwrap().0, 0b1001);

    let refill = "[[feature]]\nid = 42\ncounter = { add = 100 }\n";
    bench.write("refill.toml", refill);
    bench.done(&["issue", "refill.toml", "--fob", &serial]);
    assert_eq!(fob.guest().apply(&bench.read(&format!("{serial}-0002.kfu"))).unwrap(), (1, 2));
    assert_eq!(export.counter().unwrap().remaining, Units(597));

    no_secret_was_said(&bench);
}

/// Looks for every secret key and the sealed secret in all that was printed.
fn no_secret_was_said(bench: &Bench) {
    let said = String::from_utf8(bench.said()).unwrap().to_lowercase();
    assert!(said.contains("enrolled"), "something was said");
    let mut keys = 0;
    for (path, (_, bytes)) in bench.content() {
        if path.extension().is_some_and(|end| end == "key") {
            let line = String::from_utf8(bytes).unwrap();
            let digits = line.trim().rsplit(' ').next().unwrap().to_owned();
            assert!(digits.len() == 64 && !said.contains(&digits), "{}", path.display());
            keys += 1;
        }
    }
    assert_eq!(keys, 2, "the root's and the feature's");
    let credential = bench.read("cad.app");
    let secret = keyfob_signed::AppCredential::parse(&credential).unwrap().secret;
    let digits: String = secret.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!said.contains(&digits));
    assert!(!said.contains("the table that"));
}

#[test]
fn what_was_issued_is_handed_out_again_byte_by_byte() {
    let bench = Bench::new();
    let (fob, serial) = enrolled(&bench);
    bench.write("licence.toml", LICENCE);
    bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "1"]);
    bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "2"]);
    bench.done(&["resend", "--fob", &serial, "1", "--out", "1 again"]);
    bench.done(&["resend", "--fob", &serial]);
    assert_eq!(bench.read("1"), bench.read("1 again"));
    assert_eq!(bench.read("2"), bench.read(&format!("{serial}-0002.kfu")));
    // They are a chain: in this order and no other.
    let refused = fob.guest().apply(&bench.read("2")).unwrap_err();
    assert_eq!(refused.code(), Status::UpdateOutOfOrder.slug());
    assert_eq!(fob.guest().apply(&bench.read("1")).unwrap(), (1, 1));
    assert_eq!(fob.guest().apply(&bench.read("2")).unwrap(), (1, 2));
}

#[test]
fn an_update_that_the_fob_refuses_is_withdrawn() {
    let bench = Bench::new();
    let (fob, serial) = enrolled(&bench);
    bench.write("licence.toml", LICENCE);
    bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "1"]);
    fob.guest().apply(&bench.read("1")).unwrap();
    bench.write("too much.toml", "[[feature]]\nid = 42\ncounter = { subtract = 501 }\n");
    bench.done(&["issue", "too much.toml", "--fob", &serial, "--out", "2"]);
    assert_eq!(fob.guest().apply(&bench.read("2")).unwrap_err().code(), Status::UpdateMalformed.slug());

    let withdrawn = bench.document(&["withdraw", "--token", &fob.uri()]);
    assert_eq!((&withdrawn["from"], &withdrawn["to"]), (&2.into(), &2.into()));
    bench.write("less.toml", "[[feature]]\nid = 42\ncounter = { subtract = 499 }\n");
    bench.done(&["issue", "less.toml", "--fob", &serial, "--out", "2 anew"]);
    assert_eq!(fob.guest().apply(&bench.read("2 anew")).unwrap(), (1, 2));
}

#[test]
fn time_is_set_at_once_or_by_a_file() {
    let bench = Bench::new();
    let (fob, serial) = enrolled(&bench);
    let root = keyfob_signed::VendorRoot(fob.guest().info().unwrap().partitions[0].vendor.0);
    let set = bench.document(&["time", "--token", &fob.uri(), "--time", "1700000000"]);
    assert_eq!(set["time"], 1_700_000_000);
    let asked = fob.guest().time(root).unwrap();
    assert_eq!(asked.mark, UnixTime(1_700_000_000));

    let nonce: String = asked.nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    bench.done(&["time", "--fob", &serial, "--nonce", &nonce, "--time", "2023-11-14T22:13:21Z", "--out", "time.kft"]);
    let bytes = bench.read("time.kft");
    let file = TimeFile::parse(&bytes).unwrap();
    assert_eq!(file.serial.to_string(), serial);
    let signed = keyfob::Signed { bytes: file.time, certificate: file.certificates.only() };
    assert_eq!(fob.guest().set_time(root, &signed).unwrap(), UnixTime(1_700_000_001));
    assert_eq!(bench.document(&["inspect", "time.kft"])["time"], 1_700_000_001);
}

#[test]
fn everything_that_was_made_can_be_inspected() {
    let bench = Bench::new();
    let (fob, serial) = enrolled(&bench);
    assert!(bench.done(&["inspect", &serial]).contains("no update issued yet"));
    bench.write("licence.toml", LICENCE);
    let issued = bench.document(&["issue", "licence.toml", "--fob", &serial, "--out", "1.kfu"]);
    assert_eq!(issued["schema"], "keyfob-vendor.issue.v1");
    let update = bench.document(&["inspect", "1.kfu"]);
    assert_eq!((&update["schema"], &update["kind"]), (&"keyfob-vendor.inspect.v1".into(), &"update".into()));
    assert_eq!(update["products"], issued["update"]["products"]);
    assert_eq!(update["operations"][1]["operation"], "install-key");
    let record = bench.document(&["inspect", &serial]);
    assert_eq!((&record["kind"], &record["number"], &record["emulated"]), (&"record".into(), &1.into(), &true.into()));
    assert_eq!(record["products"], update["products"]);
    assert!(bench.done(&["inspect", &serial]).contains("last update issued 1.1"));

    bench.done(&["app", "new", "viewer", "--rights", "check", "--out", "viewer.app"]);
    let app = bench.document(&["inspect", "viewer.app"]);
    assert_eq!((&app["name"], &app["rights"]), (&"viewer".into(), &serde_json::json!(["check"])));
    assert_eq!(app.get("product"), None);

    let mut guest = fob.guest();
    let root = guest.info().unwrap().partitions[0].vendor;
    let proven = guest.receipt(root, b"12345678").unwrap();
    let file = ReceiptFile { serial: guest.serial(), endorsement: &proven.endorsement, receipt: &proven.receipt };
    bench.write("receipt.kfr", minicbor::to_vec(file).unwrap());
    let receipt = bench.document(&["inspect", "receipt.kfr"]);
    assert_eq!((&receipt["standing"], &receipt["next"]), (&"behind".into(), &1.into()));

    let fobs = bench.document(&["list"]);
    assert_eq!(fobs["fobs"][0]["serial"], serial.as_str());
    assert!(bench.done(&["list"]).contains("EMULATED  1.1     7 CAD Studio 7"));
    assert_eq!(bench.document(&["key", "list"])["features"], serde_json::json!([{ "feature": 42, "slot": 0 }]));
}

#[test]
fn files_are_made_written_and_removed() {
    let bench = Bench::new();
    let (fob, serial) = enrolled(&bench);
    bench.write("licence.toml", LICENCE);
    bench.write("label", "Bauamt Köln");
    let files =
        ["--create-file", "7/1:read-write:1000", "--create-file", "7/2:label:48", "--write-file", "7/2@0=label"];
    let words = bench.done(&[&["issue", "licence.toml", "--out", "1"][..], &files].concat());
    for line in ["  file 7/1: created, read-write, 1000 bytes\n", "  file 7/2: 12 bytes written at 0\n"] {
        assert!(words.contains(line), "{line} in {words}");
    }
    let mut guest = fob.guest();
    guest.apply(&bench.read("1")).unwrap();
    let vendor = guest.info().unwrap().partitions[0].vendor;
    let labels: Vec<_> =
        guest.files(vendor, keyfob::ProductId(7)).unwrap().into_iter().map(|file| file.label).collect();
    assert_eq!(labels, [None, Some("Bauamt Köln".to_owned())]);

    bench.done(&["app", "new", "CAD 7", "--rights", "read,write", "--out", "cad.app"]);
    let session = client(&bench, &fob, "cad.app").login(FeatureId(42)).unwrap();
    session.write(keyfob::ProductId(7), keyfob::FileId(1), 990, b"the end").unwrap();
    let Verdict::Denied(refusal) = session.check().unwrap() else { panic!("it may check") };
    assert_eq!(refusal.status, Status::NotPermitted);

    // Without a file of products.
    let removed = bench.document(&["issue", "--remove-file", "7/1", "--fob", &serial, "--out", "2"]);
    assert_eq!(
        removed["update"]["operations"][0],
        serde_json::json!({ "operation": "remove-file", "product": 7, "file": 1 })
    );
    guest.apply(&bench.read("2")).unwrap();
    assert_eq!(guest.files(vendor, keyfob::ProductId(7)).unwrap().len(), 1);
    let refused = bench.run(&["issue", "--remove-file", "8/1", "--out", "3"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("[not-issuable]"), "{refused:?}");
}

#[test]
fn features_that_go_are_named() {
    let bench = Bench::new();
    let (_fob, serial) = enrolled(&bench);
    bench.write("licence.toml", LICENCE);
    bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "1"]);
    bench.write(
        "less.toml",
        "[[product]]\nid = 7\nname = \"CAD\"\n[[product.feature]]\nid = 42\nname = \"E\"\ncounter = true\n",
    );
    let words = bench.done(&["issue", "less.toml", "--fob", &serial, "--out", "2"]);
    assert!(words.contains("  feature 51: no longer granted\n"), "{words}");
}

#[test]
fn a_maker_of_real_fobs() {
    let bench = Bench::new();
    let made = bench.document(&["maker", "init", "--dir", "maker", "--levels", "sealed,strong"]);
    assert_eq!(made["levels"], 0b10010);
    let root = String::from_utf8(bench.read("maker/root.pub")).unwrap();
    assert_eq!(made["root"], root.trim());
    for (path, (mode, _)) in bench.content() {
        let wanted = if path.extension().is_some_and(|end| end == "pub") { 0o644 } else { 0o700 };
        assert_eq!(mode & 0o777 & !wanted, 0, "{}", path.display());
    }
}

#[test]
fn directories_may_be_named_by_variables() {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    let variables = [("KEYFOB_MAKER", "my maker"), ("KEYFOB_VENDOR", "my vendor"), ("KEYFOB_TOKEN", &fob.uri())];
    let done = |arguments: &[&str]| assert!(bench.run_with(arguments, &variables).status.success(), "{arguments:?}");
    done(&["maker", "init"]);
    done(&["init", "--test"]);
    done(&["maker", "certify", "--test"]);
    done(&["enrol"]);
    assert_eq!(bench.document(&["list", "--dir", "my vendor"])["fobs"].as_array().unwrap().len(), 1);
    assert!(bench.path("my maker/root.key").exists());
}

#[test]
fn shells_and_manuals() {
    let bench = Bench::new();
    assert!(bench.done(&["completions", "bash"]).contains("certify"));
    assert!(bench.done(&["man"]).contains("keyfob\\-vendor"));
    std::fs::create_dir(bench.path("man")).unwrap();
    bench.done(&["man", "--out", "man"]);
    assert!(bench.path("man/keyfob-vendor-maker-certify.1").exists());
}
