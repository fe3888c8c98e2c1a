//! A folder of its own for each test, the command run in it, and emulated fobs in threads.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use keyfob::{Guest, TokenUri};
use keyfob_emulator::{Emulator, FlashImage, Handle, Listen, Server};
use tempfile::TempDir;

/// A folder in which the command runs.
pub struct Bench {
    folder: TempDir,
    /// Everything that the commands said.
    said: RefCell<Vec<u8>>,
}

/// The other command, which is built beside this one: with all tests, or now.
pub fn keyfob() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_keyfob-vendor")).parent().unwrap();
    let keyfob = folder.join("keyfob");
    if !keyfob.exists() {
        let profile = folder.file_name().unwrap().to_str().unwrap();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
        cargo
            .args(["build", "--package", "keyfob-cli", "--bin", "keyfob", "--target-dir"])
            .arg(folder.parent().unwrap());
        cargo.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
        assert!(cargo.status().unwrap().success());
    }
    keyfob
}

/// What is in a folder: each file's permissions and bytes.
pub type Content = BTreeMap<PathBuf, (u32, Vec<u8>)>;

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), said: RefCell::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.run_program(Path::new(env!("CARGO_BIN_EXE_keyfob-vendor")), arguments, variables)
    }

    /// Runs another program in the folder.
    pub fn run_program(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_remove("KEYFOB_TOKEN")
            .env_remove("KEYFOB_TRACE")
            .env_remove("KEYFOB_VENDOR")
            .env_remove("KEYFOB_MAKER")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let mut said = self.said.borrow_mut();
        said.extend_from_slice(&output.stdout);
        said.extend_from_slice(&output.stderr);
        output
    }

    /// Runs a command that succeeds, and gives what it prints.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same with `--json`: one document, and nothing on standard error.
    pub fn document(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn said(&self) -> Vec<u8> {
        self.said.borrow().clone()
    }

    /// All files, but for sockets.
    pub fn content(&self) -> Content {
        let mut content = Content::new();
        walk(self.folder.path(), &mut content);
        content
    }

    pub fn fob(&self, name: &str) -> Fob {
        self.fob_of(name, FlashImage::memory())
    }

    pub fn fob_of(&self, name: &str, flash: FlashImage) -> Fob {
        self.fob_as(name, Emulator::builder().flash(flash))
    }

    pub fn fob_as(&self, name: &str, emulator: keyfob_emulator::Builder) -> Fob {
        let socket = self.path(name);
        let emulator = emulator.start().unwrap();
        let server = Server::bind(&Listen::Unix(socket.clone()), emulator).unwrap();
        let handle = server.handle();
        let thread = std::thread::spawn(move || drop(server.run().unwrap()));
        Fob { uri: TokenUri::Unix(socket), handle, thread: Some(thread) }
    }
}

fn walk(folder: &Path, content: &mut Content) {
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(folder).unwrap() {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        if kind.is_dir() {
            walk(&path, content);
            content.insert(path, (mode, Vec::new()));
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            content.insert(path, (mode, bytes));
        }
    }
}

/// An emulated fob behind a socket.
pub struct Fob {
    pub uri: TokenUri,
    pub handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Fob {
    pub fn uri(&self) -> String {
        self.uri.to_string()
    }

    pub fn guest(&self) -> Guest {
        Guest::open(&mut self.uri.clone(), &self.uri(), &[], TIMEOUT).unwrap()
    }

    pub fn flash(&self) -> FlashImage {
        self.handle.with_emulator(|emulator| emulator.flash_snapshot()).unwrap()
    }
}

impl Drop for Fob {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

pub const TIMEOUT: Duration = Duration::from_secs(20);
