//! Verifpal, installed below the target folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Verdict;
use super::table::Model;
use crate::process::{cargo, output, program, run, target_directory};
use crate::proof::Proof;

/// What the verdicts in the table were seen with.
const VERSION: &str = "1.6.0";

/// The program.
pub(super) struct Verifpal(PathBuf);

impl Verifpal {
    /// Finds the program, after installing it if need be.
    pub(super) fn find() -> Result<Proof<Self>> {
        let tools = target_directory()?.join("verifpal").join(VERSION);
        let path = tools.join("bin").join(format!("verifpal{}", std::env::consts::EXE_SUFFIX));
        if !path.exists() {
            println!("Installing Verifpal {VERSION}; that takes some minutes.");
            let mut install = cargo(&["install", "verifpal", "--version", VERSION, "--locked", "--quiet"]);
            // It asks for a newer compiler than it needs.
            install.arg("--ignore-rust-version").arg("--root").arg(&tools);
            install.env("CARGO_TARGET_DIR", tools.join("build"));
            // Its own profile takes three times as long to build and runs hardly faster.
            install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
            if let Err(error) = run(&mut install) {
                return Ok(Proof::NotProven(format!("models: Verifpal couldn't be installed: {error:#}")));
            }
        }
        Ok(Proof::Proven(Self(path)))
    }

    /// Returns what it says of each query.
    pub(super) fn verdicts(&self, model: &Model, path: &Path) -> Result<Vec<Verdict>> {
        let sessions = model.sessions.to_string();
        let json = output(program(&self.0, &["verify", "--format", "json", "--sessions", &sessions]).arg(path))?;
        read(&json)
    }
}

#[derive(Deserialize)]
struct Report {
    models: Vec<Analysed>,
}

#[derive(Deserialize)]
struct Analysed {
    analysis: Option<Analysis>,
}

#[derive(Deserialize)]
struct Analysis {
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    /// Whether an attack was found.
    resolved: bool,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    exhausted: bool,
}

/// Reads the program's report of one model. A query is called by what stands before its preconditions.
pub(super) fn read(json: &str) -> Result<Vec<Verdict>> {
    let report: Report = serde_json::from_str(json).context("Verifpal's report")?;
    let [Analysed { analysis: Some(analysis) }] = &report.models[..] else {
        bail!("Verifpal couldn't read the model: {json}");
    };
    if let Some(query) = analysis.queries.iter().find(|query| !query.resolved && !query.envelope.exhausted) {
        bail!("Verifpal gave up before its search was over: {}", query.query);
    }
    let name = |query: &Query| query.query.split('[').next().unwrap_or_default().trim().to_owned();
    Ok(analysis.queries.iter().map(|query| Verdict { query: name(query), fails: query.resolved }).collect())
}
