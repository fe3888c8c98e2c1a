//! Revocations, wipes and new roots, all by commands.
#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt;

use keyfob::{Client, FeatureId, Status, UnixTime};

use support::{Bench, Fob, TIMEOUT};

const LICENCE: &str =
    "[[product]]\nid = 7\nname = \"CAD\"\npublic = true\n[[product.feature]]\nid = 42\nname = \"Export\"\n";
/// 15 December 2026.
const THEN: UnixTime = UnixTime(1_797_292_800);

struct Shop {
    bench: Bench,
    fob: Fob,
    serial: String,
}

impl Shop {
    fn new() -> Self {
        let bench = Bench::new();
        let fob = bench.fob("fob.sock");
        let token = fob.uri();
        bench.done(&["maker", "certify", "--test", "--token", &token]);
        bench.done(&["init", "--test"]);
        bench.done(&["enrol", "--token", &token]);
        let serial = fob.guest().serial().to_string();
        let shop = Self { bench, fob, serial };
        shop.sell("1.kfu");
        shop.app("cad.app");
        shop
    }

    fn sell(&self, file: &str) {
        self.bench.write("licence.toml", LICENCE);
        self.bench.done(&["issue", "licence.toml", "--fob", &self.serial, "--out", file]);
        self.fob.guest().apply(&self.bench.read(file)).unwrap();
    }

    fn app(&self, file: &str) {
        self.bench.done(&["app", "new", "CAD", "--out", file]);
    }

    /// Whether an app may use the feature.
    fn works(&self, credential: &str) -> bool {
        let credential = self.bench.read(credential);
        let builder = Client::builder(&credential).token(&self.fob.uri()).timeout(TIMEOUT).time(|| THEN);
        let Ok(client) = builder.accept_emulated().open() else { return false };
        let session = client.login(FeatureId(42));
        session.and_then(|session| session.check()).is_ok_and(|verdict| matches!(verdict, keyfob::Verdict::Full(_)))
    }
}

#[test]
fn a_revocation_reaches_every_fob_and_new_credentials_work() {
    let shop = Shop::new();
    assert!(shop.works("cad.app"));
    let document = shop.bench.run(&["revoke", "--yes", "--quiet", "--json"]);
    assert!(document.status.success());
    let document: serde_json::Value = serde_json::from_slice(&document.stdout).unwrap();
    assert_eq!((&document["epoch"], &document["fobs"][0]["number"]), (&2.into(), &2.into()));
    assert!(shop.works("cad.app"), "the fob doesn't know it yet");
    shop.bench.done(&["resend", "--fob", &shop.serial, "--out", "2.kfu"]);
    shop.fob.guest().apply(&shop.bench.read("2.kfu")).unwrap();
    assert!(!shop.works("cad.app"));
    shop.app("new.app");
    assert!(shop.works("new.app"));
    // Nothing is left to do.
    assert_eq!(shop.bench.done(&["revoke", "--again"]).lines().count(), 1);
}

#[test]
fn a_wiped_fob_is_put_aside_and_enrolled_again() {
    let shop = Shop::new();
    let token = shop.fob.uri();
    let said = shop.bench.done(&["wipe", "--token", &token]);
    assert_eq!(said, format!("wipe 1 of fob {0}: {0}.kfw\n", shop.serial));
    shop.fob.guest().wipe(&shop.bench.read(&format!("{}.kfw", shop.serial))).unwrap();
    assert!(!shop.works("cad.app"));
    shop.bench.done(&["retire", "--fob", &shop.serial, "--yes"]);
    shop.bench.done(&["enrol", "--token", &token]);
    assert!(!shop.works("cad.app"), "nothing is sold yet");
    shop.sell("again.kfu");
    assert!(shop.works("cad.app"));
    let refused = shop.fob.guest().apply(&shop.bench.read("1.kfu"));
    assert_eq!(refused.map_err(|error| error.code()), Err(Status::WrongToken.slug()));
}

#[test]
fn a_root_is_changed_and_recovered() {
    let shop = Shop::new();
    let old = String::from_utf8(shop.bench.read("keyfob-vendor/root.pub")).unwrap();
    let change = |arguments: &[&str]| {
        let output = shop.bench.run(&[arguments, &["--yes", "--quiet", "--json"]].concat());
        assert!(output.status.success(), "{output:?}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let file = document["fobs"][0]["file"].as_str().unwrap().to_owned();
        shop.fob.guest().change_root(&shop.bench.read(&file)).unwrap();
    };
    change(&["root", "rotate"]);
    let new = String::from_utf8(shop.bench.read("keyfob-vendor/root.pub")).unwrap();
    assert_ne!(new, old);
    assert!(!shop.works("cad.app"));
    shop.app("new.app");
    assert!(shop.works("new.app"));
    for key in ["root.key", "root.old-1.key"] {
        let mode = std::fs::metadata(shop.bench.path(&format!("keyfob-vendor/{key}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }

    // The recovery key, and then the root key is lost.
    shop.bench.done(&["root", "recovery"]);
    shop.bench.done(&["resend", "--fob", &shop.serial, "--out", "recovery.kfu"]);
    shop.fob.guest().apply(&shop.bench.read("recovery.kfu")).unwrap();
    std::fs::remove_file(shop.bench.path("keyfob-vendor/root.key")).unwrap();
    change(&["root", "recover", "--old-root", new.trim()]);
    assert!(!shop.works("new.app"));
    shop.app("recovered.app");
    assert!(shop.works("recovered.app"));
    shop.sell("after.kfu");
}
