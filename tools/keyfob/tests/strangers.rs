//! Sockets behind which there is no token.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;

fn status(
    listener: UnixListener,
    serve: impl Fn(std::os::unix::net::UnixStream) + Send + 'static,
) -> (Option<i32>, String) {
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfob"));
    command.args(["status", "--timeout", "200ms", "--token"]);
    command.arg(format!("unix:{}", address.as_pathname().unwrap().display()));
    let output = command.output().unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn each_ends_with_its_own_code() {
    let directory = tempfile::tempdir().unwrap();
    let listener = |name: &str| UnixListener::bind(directory.path().join(name)).unwrap();

    let (exit, said) = status(listener("silent"), std::mem::forget);
    assert!(exit == Some(8) && said.contains("[not-a-token]"), "{said}");

    let (exit, said) = status(listener("closing"), drop);
    assert!(exit == Some(3) && said.contains("[unplugged]"), "{said}");

    let (exit, said) = status(listener("talking"), |mut stream| {
        while stream.write_all(b"220 mail.example ESMTP ready, and a good day to everybody there\r\n").is_ok() {}
    });
    assert!(exit == Some(8) && said.contains("[not-a-token]"), "{said}");
}
