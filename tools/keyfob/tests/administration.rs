//! `keyfob apply` with what can't be undone: asked for, refused, done.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn keyfob(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyfob"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_remove("KEYFOB_TOKEN")
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap()
}

/// A file of the right form, signed by nobody.
fn wipe(serial: [u8; 8]) -> Vec<u8> {
    [&b"\x84\x6bkeyfob-wipe\x48"[..], &serial, b"\x48partion1", b"\x41\x00"].concat()
}

#[test]
fn a_wipe_is_not_done_unasked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wipe"), wipe([1; 8])).unwrap();
    for (arguments, code, exit) in [
        (["apply", "wipe", "--yes"].as_slice(), "usage", 2),
        (&["apply", "wipe"], "no-token", 3),
        (&["apply", "wipe", "--yes", "--token", "unix:nothing.sock"], "token-unreachable", 3),
    ] {
        let output = keyfob(folder.path(), arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(said.lines().next().unwrap().ends_with(&format!("[{code}]")), "{said}");
        assert_eq!(said.lines().count(), 3, "{said}");
    }
}
