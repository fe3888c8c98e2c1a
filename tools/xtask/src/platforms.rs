//! Whether what runs on people's machines compiles for the systems that they have.

use anyhow::Result;

use crate::process::{cargo, output, program, root, run as run_command};
use crate::proof::Proof;

/// Other systems than the one that CI runs on.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
/// What customers and app developers install.
const PACKAGES: [&str; 2] = ["keyfob", "keyfob-cli"];
/// The C libraries that are built along, whose compilers and headers aren't needed to check types.
const LINKED: [(&str, &str); 2] = [("hidapi", "[\"hidapi\"]"), ("usb-1.0", "[]")];
/// The most that a check may take, in seconds.
const LIMIT: &str = "900";

/// Checks the types for each system, and for no warning. Nothing is linked, and nothing run.
///
/// # Errors
/// If there is an error or a warning.
pub(crate) fn run() -> Result<Proof> {
    let Some(sysroot) = sysroot() else {
        let lack = format!("platforms: there is no `std` for {} on this machine", TARGETS.join(" and "));
        return Ok(Proof::<()>::NotProven(lack).announce());
    };
    for target in TARGETS {
        let arguments: Vec<String> = ["check", "--quiet", "--target", target].map(str::to_owned).into();
        let packages = PACKAGES.map(|package| format!("--package={package}"));
        // A package that links a library isn't asked how to build it if that is said here.
        let linked = LINKED.map(|(library, flags)| format!("--config=target.{target}.\"{library}\".rustc-cfg={flags}"));
        let cargo = cargo(&[]);
        let mut check = program("timeout", &["-k", "5", LIMIT]);
        check.arg(cargo.get_program()).args(arguments).args(packages).args(linked);
        let flags = format!("--sysroot={sysroot}\u{1f}-Dwarnings");
        run_command(check.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags))?;
        println!("{target}: {} check", PACKAGES.join(" and "));
    }
    Ok(Proof::Proven(()))
}

/// Finds a sysroot with the targets' `std`, if there can be one.
fn sysroot() -> Option<String> {
    let mut arguments = vec!["--std"];
    arguments.extend(TARGETS);
    let path = output(&mut program(root().join("firmware/toolchain"), &arguments));
    path.map_err(|error| println!("{error:#}")).ok().map(|path| path.trim().to_owned())
}
