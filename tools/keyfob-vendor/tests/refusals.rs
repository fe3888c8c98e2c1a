//! Whatever is wrong: three lines, the right code, and nothing written.
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keyfob_issuing::directory::VendorDirectory;

use support::Bench;

const LICENCE: &str = "[[product]]\nid = 7\nname = \"CAD\"\n[[product.feature]]\nid = 42\nname = \"Export\"\ncounter = 5\n\
                       [[product.feature]]\nid = 51\nname = \"Solve\"\n";
/// Where files are cut short.
const CUT: usize = 40;

/// Runs a command that must be refused, as text and as JSON, and looks whether anything was changed.
fn refused(bench: &Bench, arguments: &[&str], code: &str, exit: i32) {
    let before = bench.content();
    let output = bench.run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let lines: Vec<_> = said.lines().collect();
    let [error, hint, docs] = lines.as_slice() else { panic!("{arguments:?}: {said}") };
    assert!(error.starts_with("error: ") && error.ends_with(&format!(" [{code}]")), "{arguments:?}: {error}");
    assert!(hint.strip_prefix("hint:  ").is_some_and(|hint| !hint.is_empty()), "{arguments:?}: {hint}");
    assert_eq!(*docs, format!("docs:  docs/errors.md#{code}"), "{arguments:?}");
    assert!(include_str!("../../../docs/errors.md").contains(&format!("\n## {code}\n")), "{code} has no section");

    let output = bench.run(&[arguments, &["--json"]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(exit), 1), "{arguments:?}: {said}");
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&document["code"], &document["exit"]), (&code.into(), &exit.into()), "{arguments:?}");
    let after = bench.content();
    let changed: Vec<_> =
        after.keys().chain(before.keys()).filter(|path| after.get(*path) != before.get(*path)).collect();
    assert!(changed.is_empty(), "{arguments:?} changed {changed:?}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn command_lines() {
    let bench = Bench::new();
    for arguments in [
        "frobnicate",
        "list --frobnicate",
        "issue --fob 0123456789abcdef",
        "issue licence.toml --fob KF-1",
        "issue licence.toml --fob 0123456789abcdeg",
        "key new",
        "key new --feature 0",
        "key new --feature 4294967296",
        "key new --feature 1 --slot 256",
        "key seal --feature 1 in",
        "key seal --feature -1 in out",
        "app new far-too-long --out x",
        "app new größe --out x",
        "app new x --rights spend,everything --out x",
        "app new x --product 0 --out x",
        "app new x",
        "maker init --levels sealed",
        "maker init --levels emulated,anchored",
        "maker certify --test --dir maker",
        "enrol --maker 02abcd --token unix:x",
        "time --fob 0123456789abcdef",
        "time --fob 0123456789abcdef --nonce 00 --out x",
        "time --nonce 00112233445566778899aabbccddeeff",
        "time --time yesterday",
        "time --time 2999-01-01T00:00:00Z",
        "completions cmd",
    ] {
        refused(&bench, &arguments.split(' ').collect::<Vec<_>>(), "usage", 2);
    }
    refused(&bench, &["init", "--dir", ""], "usage", 2);
    for (token, code, exit) in [
        ("hid:KF-0000-0000-0000-0000", "token-unreachable", 3),
        ("nonsense", "token-unknown", 2),
        ("unix:nowhere", "token-unreachable", 3),
    ] {
        refused(&bench, &["maker", "certify", "--test", "--token", token], code, exit);
    }
    refused(&bench, &["maker", "certify", "--test"], "no-token", 3);
    for command in ["list", "key list", "enrol --token unix:x", "withdraw", "inspect 0123456789abcdef"] {
        refused(&bench, &command.split(' ').collect::<Vec<_>>(), "directory-missing", 1);
    }
    refused(&bench, &["maker", "certify", "--token", "unix:x"], "directory-missing", 1);
    bench.done(&["init"]);
    refused(&bench, &["man", "--out", "nowhere"], "file-unwritable", 1);
    refused(&bench, &["init"], "file-exists", 1);
    refused(&bench, &["init", "--test"], "file-exists", 1);
    refused(&bench, &["maker", "init", "--dir", "keyfob-vendor"], "file-exists", 1);
}

#[test]
fn directories_and_keys() {
    let bench = Bench::new();
    bench.done(&["init", "--dir", "good"]);
    bench.done(&["maker", "init", "--dir", "maker"]);
    bench.done(&["key", "new", "--dir", "good", "--feature", "1"]);
    let damaged = |name: &str, file: &str, damage: &dyn Fn(&Path)| {
        copy(&bench.path("good"), &bench.path(name));
        damage(&bench.path(name).join(file));
    };
    let replace = |file: &Path, bytes: &[u8]| fs::write(file, bytes).unwrap();
    let line = String::from_utf8(bench.read("good/root.key")).unwrap();
    damaged("open", "", &|path| permit(path, 0o750));
    damaged("open key", "root.key", &|path| permit(path, 0o640));
    damaged("cut", "root.key", &|path| replace(path, &line.as_bytes()[..CUT]));
    damaged("empty", "root.key", &|path| replace(path, b""));
    damaged("huge", "root.key", &|path| replace(path, line.repeat(9000).as_bytes()));
    damaged("other letters", "root.key", &|path| replace(path, line.replace(['0', '1', '2', '3'], "g").as_bytes()));
    let zero = format!("{} {}\n", line.rsplit_once(' ').unwrap().0, "0".repeat(64));
    damaged("zero", "root.key", &|path| replace(path, zero.as_bytes()));
    damaged("maker's", "root.key", &|path| replace(path, &bench.read("maker/root.key")));
    damaged("feature's", "root.key", &|path| replace(path, &bench.read("good/feature-keys/1-0.key")));
    damaged("is a folder", "root.key", &|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        permit(path, 0o700);
    });
    for (name, code) in [
        ("open", "permissions-too-open"),
        ("open key", "permissions-too-open"),
        ("cut", "key-file"),
        ("empty", "key-file"),
        ("huge", "key-file"),
        ("other letters", "key-file"),
        ("zero", "key-file"),
        ("maker's", "key-file"),
        ("feature's", "key-file"),
        ("is a folder", "directory-failed"),
    ] {
        refused(&bench, &["app", "new", "x", "--dir", name, "--out", "x.app"], code, 1);
    }
    copy(&bench.path("maker"), &bench.path("damaged maker"));
    replace(&bench.path("damaged maker/batch.certificate"), b"");
    for (name, code, exit) in
        [("maker", "token-unreachable", 3), ("good", "key-file", 1), ("damaged maker", "maker-damaged", 1)]
    {
        refused(&bench, &["maker", "certify", "--dir", name, "--token", "unix:x"], code, exit);
    }

    bench.write("secret", "s");
    bench.write("nothing", "");
    bench.write("long", [7; 65]);
    bench.write("too long", vec![7; (1 << 20) + 1]);
    let seal = |feature: &str, from: &str, to: &str, code: &str, exit: i32| {
        refused(&bench, &["key", "seal", "--dir", "good", "--feature", feature, from, to], code, exit);
    };
    seal("2", "nothing", "out", "usage", 2);
    seal("2", "long", "out", "usage", 2);
    seal("2", "too long", "out", "file-too-long", 1);
    seal("2", "nowhere", "out", "file-unreadable", 1);
    seal("2", "secret", "long", "file-exists", 1);
    seal("2", "secret", "nowhere/out", "file-unwritable", 1);
    let feature_key = bench.path("good/feature-keys/1-0.key");
    replace(&bench.path("good/feature-keys/3-0.key"), &fs::read(&feature_key).unwrap());
    permit(&bench.path("good/feature-keys/3-0.key"), 0o600);
    seal("3", "secret", "out", "key-file", 1);
    permit(&feature_key, 0o604);
    seal("1", "secret", "out", "permissions-too-open", 1);
    refused(&bench, &["key", "new", "--dir", "good", "--feature", "1"], "file-exists", 1);
    refused(&bench, &["app", "new", "x", "--dir", "good", "--out", "secret"], "file-exists", 1);
    refused(&bench, &["app", "new", "x", "--dir", "good", "--out", "nowhere/x"], "file-unwritable", 1);

    permit(&feature_key, 0o600);
    let held = VendorDirectory::open(&bench.path("good")).unwrap();
    refused(&bench, &["list", "--dir", "good"], "directory-locked", 7);
    drop(held);
    bench.done(&["list", "--dir", "good"]);
}

#[test]
fn fobs_that_are_not_what_they_should_be() {
    let bench = Bench::new();
    let (blank, fob) = (bench.fob("blank.sock"), bench.fob("fob.sock"));
    let (blank, token) = (blank.uri(), fob.uri());
    bench.done(&["maker", "init", "--dir", "maker"]);
    refused(&bench, &["maker", "certify", "--dir", "maker", "--token", &token], "emulated-token", 8);
    bench.done(&["maker", "certify", "--test", "--token", &token]);
    refused(&bench, &["maker", "certify", "--test", "--token", &token], "already-installed", 1);
    refused(&bench, &["maker", "certify", "--dir", "maker", "--token", &token], "already-installed", 1);
    let before_enrolment = fob.flash();

    bench.done(&["init", "--dir", "production"]);
    bench.done(&["init", "--dir", "test", "--test"]);
    bench.done(&["init", "--dir", "other", "--test"]);
    let test_root = "022811e99d829a8fe4bd7dc55cce191e361ce65cb9ed21f22be2dab1f3e5105083";
    refused(&bench, &["enrol", "--dir", "production", "--token", &token], "emulated-token", 8);
    refused(&bench, &["enrol", "--dir", "production", "--maker", test_root, "--token", &token], "emulated-token", 8);
    refused(&bench, &["enrol", "--dir", "test", "--token", &blank], "not-ready", 1);
    for (maker, code, exit) in [
        ("nowhere", "file-unreadable", 1),
        ("test/root.key", "file-unknown", 1),
        ("03abcdef", "usage", 2),
        (&"00".repeat(33), "usage", 2),
    ] {
        refused(&bench, &["enrol", "--dir", "test", "--maker", maker, "--token", &token], code, exit);
    }
    refused(&bench, &["withdraw", "--dir", "test", "--token", &token], "fob-unknown", 3);
    refused(&bench, &["time", "--dir", "test", "--token", &token], "fob-unknown", 3);
    bench.done(&["enrol", "--dir", "test", "--maker", "maker/root.pub", "--token", &token]);
    refused(&bench, &["enrol", "--dir", "test", "--token", &token], "already-enrolled", 1);
    refused(&bench, &["withdraw", "--dir", "test", "--token", &token], "nothing-to-withdraw", 1);

    let serial = fob.guest().serial().to_string();
    bench.write("licence.toml", LICENCE);
    copy(&bench.path("test"), &bench.path("old copy"));
    bench.done(&["issue", "licence.toml", "--dir", "test", "--fob", &serial, "--out", "1.kfu"]);
    fob.guest().apply(&bench.read("1.kfu")).unwrap();
    refused(&bench, &["withdraw", "--dir", "old copy", "--token", &token], "receipt-refused", 8);
    let emptied = bench.fob_of("emptied.sock", before_enrolment);
    refused(&bench, &["enrol", "--dir", "test", "--token", &emptied.uri()], "fob-in-use", 1);
    bench.done(&["time", "--dir", "test", "--time", "1700000000", "--token", &token]);
    refused(&bench, &["time", "--dir", "test", "--time", "1600000000", "--token", &token], "time-not-later", 8);

    // The only fob needs no name; here there is none.
    refused(&bench, &["issue", "licence.toml", "--dir", "other"], "usage", 2);
    // A record of another vendor's, under this one's keys.
    copy(&bench.path("test/tokens"), &bench.path("other/tokens-of-test"));
    fs::remove_dir(bench.path("other/tokens")).unwrap();
    fs::rename(bench.path("other/tokens-of-test"), bench.path("other/tokens")).unwrap();
    for command in [
        ["inspect", &serial, "--dir", "other"].as_slice(),
        &["list", "--dir", "other"],
        &["issue", "licence.toml", "--fob", &serial, "--dir", "other", "--out", "2.kfu"],
    ] {
        refused(&bench, command, "record-refused", 8);
    }
    refused(&bench, &["inspect", "1.kfu", "--dir", "other"], "not-verified", 8);
    let record = format!("test/tokens/{serial}.toml");
    let text = String::from_utf8(bench.read(&record)).unwrap();
    for damaged in [text[..CUT].to_owned(), text.replace("number", "nummer"), String::new(), format!("{text}x = 1\n")] {
        bench.write(&record, damaged);
        refused(&bench, &["inspect", &serial, "--dir", "test"], "record-damaged", 1);
    }
}

#[test]
fn licences_that_no_fob_could_take() {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    bench.done(&["maker", "certify", "--test", "--token", &fob.uri()]);
    bench.done(&["init", "--test"]);
    bench.done(&["enrol", "--token", &fob.uri()]);
    let serial = fob.guest().serial().to_string();
    refused(&bench, &["resend", "--fob", &serial], "usage", 2);
    bench.write("licence.toml", LICENCE);
    bench.done(&["issue", "licence.toml", "--fob", &serial, "--out", "1.kfu"]);
    let issue = |text: &str, code: &str, exit: i32| {
        bench.write("x.toml", text);
        refused(&bench, &["issue", "x.toml", "--fob", &serial, "--out", "x.kfu"], code, exit);
    };
    let product =
        |lines: &str| format!("[[product]]\nid = 8\nname = \"P\"\n[[product.feature]]\nid = 9\nname = \"F\"\n{lines}");
    for text in [
        String::new(),
        "[[product".to_owned(),
        "products = 1".to_owned(),
        "[[product]]\nid = 0\nname = \"P\"".to_owned(),
        format!("[[product]]\nid = 1\nname = \"{}\"", "n".repeat(49)),
        product("feature = 1"),
        product("expires = 2027-02-29"),
        product("starts = 2027-01-01\nexpires = 2026-01-01"),
        product("counter = 4294967296"),
        product("modules = [64]"),
        product("key = [256]"),
        product("[[product.feature]]\nid = 9\nname = \"F\""),
        "[[feature]]\nid = 42".to_owned(),
        "\u{1b}[2J = \u{202e}".to_owned(),
    ] {
        issue(&text, "licence-file", 2);
    }
    let taken = "[[product]]\nid = 8\nname = \"P\"\n[[product.feature]]\nid = 42\nname = \"F\"\nkey = true";
    let many: String =
        (100..400).map(|id| format!("[[product.feature]]\nid = {id}\nname = \"F\"\nkey = true\n")).collect();
    for text in [
        taken,
        "[[feature]]\nid = 43\nkey = true",
        "[[feature]]\nid = 51\ncounter = 1\nkey = true",
        &product(&format!("\n{many}")),
    ] {
        issue(text, "not-issuable", 1);
    }
    issue(&"#".repeat((1 << 20) + 1), "file-too-long", 1);

    refused(&bench, &["issue", "nowhere.toml", "--fob", &serial], "file-unreadable", 1);
    refused(&bench, &["issue", "licence.toml", "--fob", "0123456789abcdef"], "fob-unknown", 3);
    refused(&bench, &["issue", "licence.toml", "--fob", &serial, "--out", "1.kfu"], "file-exists", 1);
    refused(&bench, &["issue", "licence.toml", "--fob", &serial, "--out", "no/2.kfu"], "file-unwritable", 1);
    bench.write(&format!("{serial}-0002.kfu"), "precious");
    refused(&bench, &["issue", "licence.toml", "--fob", &serial], "file-exists", 1);
    for number in ["0", "2", "4294967295"] {
        refused(&bench, &["resend", "--fob", &serial, number], "usage", 2);
    }
    refused(&bench, &["resend", "--fob", &serial, "--out", "1.kfu"], "file-exists", 1);
    refused(&bench, &["resend", "--fob", "0123456789abcdef"], "fob-unknown", 3);
    let nonce = "00112233445566778899aabbccddeeff";
    refused(&bench, &["time", "--fob", "0123456789abcdef", "--nonce", nonce, "--out", "t"], "fob-unknown", 3);
    refused(&bench, &["time", "--fob", &serial, "--nonce", nonce, "--out", "1.kfu"], "file-exists", 1);

    let update = bench.read("1.kfu");
    for place in [update.len() - 1, update.len() - 70, update.len() / 2] {
        let mut altered = update.clone();
        altered[place] ^= 1;
        bench.write("altered", &altered);
        refused(&bench, &["inspect", "altered"], "not-verified", 8);
    }
    bench.write("altered", &update[..update.len() - 1]);
    refused(&bench, &["inspect", "altered"], "file-unknown", 1);
    refused(&bench, &["inspect", "keyfob-vendor/root.key"], "file-unknown", 1);
    refused(&bench, &["inspect", "nowhere"], "file-unreadable", 1);
    refused(&bench, &["inspect", "0123456789abcdef"], "fob-unknown", 3);
}

#[test]
fn revoking_wiping_and_new_roots() {
    let bench = Bench::new();
    let fob = bench.fob("fob.sock");
    let token = fob.uri();
    bench.done(&["maker", "certify", "--test", "--token", &token]);
    for command in ["revoke", "wipe", "retire --fob 0123456789abcdef", "root rotate", "root recovery"] {
        let command: Vec<_> = command.split(' ').chain(["--yes", "--token", &token]).collect();
        refused(&bench, &command, "directory-missing", 1);
    }
    bench.done(&["init", "--test"]);
    let root = String::from_utf8(bench.read("keyfob-vendor/root.pub")).unwrap();
    let root = root.trim();
    for command in ["revoke", "root rotate", "retire --fob 0123456789abcdef", "wipe --wipes 1", "root recover --yes"] {
        refused(&bench, &command.split(' ').collect::<Vec<_>>(), "usage", 2);
    }
    refused(&bench, &["wipe", "--token", &token], "fob-unknown", 3);
    refused(&bench, &["wipe", "--fob", "0123456789abcdef", "--wipes", "0"], "fob-unknown", 3);
    refused(&bench, &["retire", "--fob", "0123456789abcdef", "--yes"], "fob-unknown", 3);
    refused(&bench, &["root", "recover", "--yes", "--old-root", "02"], "usage", 2);
    refused(&bench, &["root", "recover", "--yes", "--old-root", root], "file-exists", 1);
    bench.done(&["enrol", "--token", &token]);
    let serial = fob.guest().serial().to_string();
    bench.write("there", "precious");
    refused(&bench, &["wipe", "--token", &token, "--out", "there"], "file-exists", 1);
    refused(&bench, &["wipe", "--fob", &serial, "--wipes", "4294967295", "--out", "new"], "not-issuable", 1);
}
