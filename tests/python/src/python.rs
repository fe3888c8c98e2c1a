//! Programs in Python.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// An interpreter that has what the client needs.
pub struct Python(PathBuf);

/// What a program left behind.
pub struct Finished {
    /// Its exit code.
    pub exit: i32,
    /// What it printed.
    pub output: String,
}

impl Finished {
    /// Reads what it printed as JSON.
    ///
    /// # Panics
    /// If it isn't.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {:?}", self.output))
    }
}

impl Python {
    /// Finds an interpreter: the one in `KEYFOB_PYTHON`, the one that `setup` made, or `python3`.
    ///
    /// Says so where there is none, because then nothing is tested.
    ///
    /// # Panics
    /// If there is none and `CI` or `KEYFOB_PYTHON` says that there has to be.
    #[must_use]
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("KEYFOB_PYTHON");
        let interpreter = named.clone().map(PathBuf::from).or_else(set_up).unwrap_or_else(|| "python3".into());
        let lacks = match Command::new(&interpreter).args(["-c", "import cbor2, cryptography"]).output() {
            Ok(output) if output.status.success() => return Some(Self(interpreter)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        };
        let needed = named.is_some() || std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!needed, "the client in Python can't run: {lacks}");
        // Not captured by the test's harness, so that it is seen.
        let _closed =
            writeln!(std::io::stderr(), "SKIPPED: the client in Python can't run, see tests/python/setup: {lacks}");
        None
    }

    /// Runs a program of this folder.
    ///
    /// # Panics
    /// If it can't be started or is killed.
    #[must_use]
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> Finished {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(&self.0)
            .arg("-B")
            .arg(folder.join(program))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = process.stdin.take().unwrap();
        let input = input.to_owned();
        // Beside the reading: it may print before it has read everything.
        let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
        let output = process.wait_with_output().unwrap();
        let _exited_unread = writer.join().unwrap();
        Finished { exit: output.status.code().unwrap(), output: String::from_utf8(output.stdout).unwrap() }
    }
}

/// Finds the environment of `setup` in the folder that this test was built into.
fn set_up() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let interpreter = test.ancestors().nth(3)?.join("python/bin/python");
    interpreter.exists().then_some(interpreter)
}
