//! Tells the linker where the memory lies.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("memory.x"), include_str!("memory.x"))?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory.x");
    // The assembly is for a Cortex-M4's instructions.
    println!("cargo:rustc-check-cfg=cfg(keyfob_assembly)");
    if env::var("TARGET").is_ok_and(|target| target == "thumbv7em-none-eabi") {
        println!("cargo:rustc-cfg=keyfob_assembly");
    }
    Ok(())
}
