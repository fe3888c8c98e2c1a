//! The two commands with a real emulator: no secret shows in anything that they say, or that is recorded of them.
#![cfg(target_os = "linux")]

#[path = "silence/search.rs"]
mod search;
mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use search::{Secrets, add_files, add_flash, find};
use support::{Bench, keyfob};

const LICENCE: &str = "[[product]]\nid = 7\nname = \"CAD\"\n[[product.feature]]\nid = 42\nname = \"Export\"\n\
    counter = 500\nkey = true\n";
/// Nothing that a text has by accident.
const SEALED: &[u8; 32] = b"q7#Zk0!vXw9$Lp2&Rt5*Yc8(Bn3)Hd6@";

/// `v` and `k` are the commands, `!` stands before what fails. Each line is run with `-v` or `--json`, and once more as
/// it is: so there are two new roots.
const SALE: &str = include_str!("silence/commands.txt");

/// A running `keyfob emulator run`. It is killed at the end.
struct Running(Child);

impl Running {
    fn start(bench: &Bench) -> Self {
        let [out, err] = ["emulator.out", "emulator.err"].map(|name| File::create(bench.path(name)).unwrap());
        let mut command = Command::new(keyfob());
        command.args(["emulator", "run", "--state", "fob", "--listen", "unix:fob.sock", "--control", "fob.ctl", "-v"]);
        command.current_dir(bench.path("")).stdin(Stdio::null()).stdout(out).stderr(err);
        let running = Self(command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").spawn().unwrap());
        let begin = Instant::now();
        while bench.read("emulator.out").is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        running
    }
}

impl Running {
    /// Which secrets are in memory that the process can write. Zeros aren't compared: most of it is zeros.
    fn has<'a>(&self, secrets: &'a Secrets) -> Vec<&'a str> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.0.id())).unwrap();
        let memory = File::open(format!("/proc/{}/mem", self.0.id())).unwrap();
        let mut places = BTreeSet::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (begin, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [begin, end] = [begin, end].map(|digits| u64::from_str_radix(digits, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
            if memory.read_exact_at(&mut bytes, begin).is_err() {
                // The stack of a connection's thread that ended meanwhile.
                continue;
            }
            let text: String = bytes.into_iter().filter(|byte| *byte != 0).map(char::from).collect();
            let is_there = |secret: &[u8]| {
                text.contains(
                    &secret.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect::<String>(),
                )
            };
            places.extend(secrets.iter().filter(|(secret, _)| is_there(secret)).map(|(_, place)| place.as_str()));
        }
        places.into_iter().collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Runs a line with a flag and without. Returns what the first one printed.
fn run(bench: &Bench, line: &str, flag: &str) -> String {
    let words: Vec<_> = line.trim_start_matches('!').split(' ').collect();
    let program = if words[0] == "v" { env!("CARGO_BIN_EXE_keyfob-vendor").into() } else { keyfob() };
    let variables = [
        ("KEYFOB_TOKEN", "unix:fob.sock"),
        ("KEYFOB_TRACE", "%p.pcapng"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ];
    let output = bench.run_program(&program, &[&words[1..], &[flag]].concat(), &variables);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), !line.starts_with('!'), "{line}: {said}");
    let again = bench.run_program(&program, &words[1..], &variables);
    assert_ne!(again.status.code(), Some(101), "{line}");
    String::from_utf8(output.stdout).unwrap()
}

/// Vendors' directories with a damaged, a wrong, and a readable key; and an app's credential that was cut.
fn damage(bench: &Bench) {
    use std::os::unix::fs::PermissionsExt;
    for name in ["broken", "swapped", "open"] {
        let copied = Command::new("cp").args(["-r", "keyfob-vendor", name]).current_dir(bench.path("")).status();
        assert!(copied.unwrap().success());
    }
    let root = bench.read("keyfob-vendor/root.key");
    bench.write("broken/root.key", &root[..root.len() - 3]);
    bench.write("broken/feature-keys/42-0.key", &root[3..]);
    bench.write("swapped/root.key", bench.read("keyfob-vendor/feature-keys/42-0.key"));
    fs::set_permissions(bench.path("open/root.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let app = bench.read("cad.app");
    bench.write("cut.app", &app[..app.len() - 1]);
    bench.write("secret.toml", [b"[[product]]\nid = ", &root[..], b"\n"].concat());
}

/// Everything that the commands and the emulator say, with the traces of it and the report for the vendor, and what they mustn't.
fn sale(flag: &str) -> (Vec<u8>, Secrets) {
    let bench = Bench::new();
    bench.write("licence.toml", LICENCE);
    bench.write("table", SEALED);
    bench.write("label", "Bauamt");
    let emulator = Running::start(&bench);
    let mut secrets = Secrets::from([(SEALED.to_vec(), "table".to_owned())]);
    let mut serial = String::new();
    for line in SALE.lines() {
        if let Some(file) = line.strip_prefix("rm ") {
            fs::remove_file(bench.path(file)).unwrap();
            continue;
        }
        let root = fs::read_to_string(bench.path("keyfob-vendor/root.pub")).unwrap_or_default();
        let said = run(&bench, &line.replace("{serial}", &serial).replace("{root}", root.trim()), flag);
        if line == "v maker certify --test" {
            let document = serde_json::from_str::<serde_json::Value>(&said);
            let word = document.as_ref().map_or(said.split_whitespace().next(), |document| document["serial"].as_str());
            serial = word.unwrap().to_owned();
        }
        if line.starts_with("k unlock") {
            let has = emulator.has(&secrets);
            assert!(
                has.len() == 1 && has[0].ends_with("/42-0.key"),
                "the feature's key stays, as in the flash: {has:?}"
            );
        }
        if line.starts_with("v inspect {serial}") {
            damage(&bench);
            assert_eq!(
                add_flash(&mut secrets, &bench.read("fob/flash.img")),
                5,
                "two of the device, three of the vendor"
            );
        }
        add_files(&mut secrets, &bench.content());
    }
    assert_eq!(emulator.has(&secrets), ["flash 0", "flash 1"], "what is wiped is gone, and the device's keys stay");
    drop(emulator);
    assert!(secrets.len() >= 15, "{}", secrets.len());
    let traces: Vec<_> = bench
        .content()
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "pcapng"))
        .map(|(_, (_, bytes))| bytes)
        .collect();
    assert!(traces.len() > 50 && traces.concat().len() > 100_000, "{}", traces.len());
    let files = ["emulator.out", "emulator.err", "bundle.txt"].map(|name| bench.read(name)).concat();
    ([bench.said(), files, traces.concat()].concat(), secrets)
}

#[test]
fn no_secret_is_said_with_more_words() {
    let (said, secrets) = sale("-v");
    assert_eq!(find(&secrets, &said), [""; 0]);
    // The test's own worth: a part of each secret.
    let seeds = secrets.keys().flat_map(|secret| &secret[9..17]).map(|byte| format!("{byte:02X}"));
    let seeded = [said, seeds.collect::<String>().into_bytes()].concat();
    assert_eq!(find(&secrets, &seeded).len(), secrets.len());
}

#[test]
fn no_secret_is_said_in_documents() {
    let (said, secrets) = sale("--json");
    assert_eq!(find(&secrets, &said), [""; 0]);
}
