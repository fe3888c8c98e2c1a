//! The table of the models beside them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Files that end in `.vp`.
    Verifpal,
    /// Files that end in `.pv`.
    ProVerif,
}

/// A model as it is run.
#[derive(Debug)]
pub(super) struct Model {
    /// Its name, which is its own.
    pub(super) name: String,
    /// What was left out, if something was.
    pub(super) bug: Option<String>,
    /// What is found in queries that must fail.
    pub(super) attacks: Vec<String>,
    /// How many runs of each side there are at once.
    pub(super) sessions: u8,
    /// What it is run by.
    pub(super) tool: Tool,
    /// Its text, with what is replaced.
    pub(super) text: String,
}

impl Model {
    /// Returns the name of its file when it is written down.
    pub(super) fn file_name(&self) -> String {
        let extension = match self.tool {
            Tool::Verifpal => "vp",
            Tool::ProVerif => "pv",
        };
        format!("{}.{extension}", self.name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    model: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    file: String,
    about: Option<String>,
    bug: Option<String>,
    #[serde(default)]
    replace: Vec<[String; 2]>,
    attacks: Vec<String>,
    #[serde(default = "one")]
    sessions: u8,
}

fn one() -> u8 {
    1
}

/// Reads the table of a folder and the files that it names.
///
/// # Errors
/// If one can't be read, or a row contradicts itself or its file.
pub(super) fn read(folder: &Path) -> Result<Vec<Model>> {
    let path = folder.join("models.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut models: Vec<Model> = Vec::new();
    for row in toml::from_str::<Table>(&text)?.model {
        if models.iter().any(|model| model.name == row.name) {
            bail!("two models are called {}", row.name);
        }
        let name = row.name.clone();
        models.push(model(folder, row).context(name)?);
    }
    Ok(models)
}

fn model(folder: &Path, row: Row) -> Result<Model> {
    if row.about.is_some() == row.bug.is_some() {
        bail!("a model has either `about` or `bug`");
    }
    if row.bug.is_some() && (row.replace.is_empty() || row.attacks.is_empty()) {
        bail!("a bug is made by `replace`, and found by one of `attacks`");
    }
    let tool = match Path::new(&row.file).extension().and_then(|extension| extension.to_str()) {
        Some("vp") => Tool::Verifpal,
        Some("pv") => Tool::ProVerif,
        _ => bail!("{} is neither .vp nor .pv", row.file),
    };
    let path = folder.join(&row.file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let text = row.replace.iter().try_fold(text, |text, [old, new]| replaced(&text, old, new))?;
    Ok(Model { name: row.name, bug: row.bug, attacks: row.attacks, sessions: row.sessions, tool, text })
}

/// Replaces what must be there exactly once.
pub(super) fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    match text.matches(old).count() {
        1 => Ok(text.replacen(old, new, 1)),
        count => bail!("is there {count} times, not once: {old:?}"),
    }
}
