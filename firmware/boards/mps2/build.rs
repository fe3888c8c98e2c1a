//! Tells the linker and the code which machine it is.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo:rustc-check-cfg=cfg(an505)");
    let memory = if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m.main")) {
        println!("cargo:rustc-cfg=an505");
        include_str!("an505.x")
    } else {
        include_str!("an386.x")
    };
    fs::write(out.join("memory.x"), memory)?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=an386.x");
    println!("cargo:rerun-if-changed=an505.x");
    Ok(())
}
