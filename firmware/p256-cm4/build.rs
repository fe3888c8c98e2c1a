//! Tells which instructions the assembler has to be asked for.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(cortex_m33)");
    // The target's own processor lacks the DSP extension, which every Cortex-M33 that this is used on has.
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m.main")) {
        println!("cargo:rustc-cfg=cortex_m33");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
