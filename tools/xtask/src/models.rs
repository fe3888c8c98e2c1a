//! The protocol's symbolic models: each is run, and what is found is compared with what must be.

mod proverif;
mod table;
#[cfg(test)]
mod tests;
mod verifpal;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{root, target_directory};
use crate::proof::Proof;
use table::{Model, Tool};

/// Which models are run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs only the models whose names begin so.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Writes the models, variants too, and runs none.
    #[arg(long)]
    write: bool,
}

/// What a tool says of one query.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    query: String,
    fails: bool,
}

/// Runs the models and prints a line for each.
///
/// # Errors
/// If a tool can't be run, or doesn't find what must be found, or finds what must not be.
pub(crate) fn run(options: &Options) -> Result<Proof> {
    let folder = root().join("docs/models");
    let mut models = table::read(&folder)?;
    models.retain(|model| options.only.as_ref().is_none_or(|start| model.name.starts_with(start)));
    if models.is_empty() {
        bail!("no model has such a name; they are in docs/models/models.toml");
    }
    let written = target_directory()?.join("models");
    fs::create_dir_all(&written)?;
    for model in &models {
        fs::write(written.join(model.file_name()), &model.text)?;
    }
    if options.write {
        println!("{}", written.display());
        return Ok(Proof::Proven(()));
    }
    let verifpal = run_with(Tool::Verifpal, &models, &written, verifpal::Verifpal::find, verifpal::Verifpal::verdicts)?;
    let proverif = run_with(Tool::ProVerif, &models, &written, proverif::ProVerif::find, proverif::ProVerif::verdicts)?;
    Ok(if let Proof::NotProven(_) = verifpal { verifpal } else { proverif })
}

fn run_with<T>(
    tool: Tool,
    models: &[Model],
    written: &Path,
    find: impl Fn() -> Result<Proof<T>>,
    verdicts: impl Fn(&T, &Model, &Path) -> Result<Vec<Verdict>>,
) -> Result<Proof> {
    let models: Vec<_> = models.iter().filter(|model| model.tool == tool).collect();
    if models.is_empty() {
        return Ok(Proof::Proven(()));
    }
    let program = match find()? {
        Proof::Proven(program) => program,
        Proof::NotProven(lack) => return Ok(Proof::<()>::NotProven(lack).announce()),
    };
    let mut wrong = Vec::new();
    for model in models {
        let start = Instant::now();
        let path = written.join(model.file_name());
        let judged = verdicts(&program, model, &path).and_then(|verdicts| judge(model, &verdicts));
        let seconds = start.elapsed().as_secs_f64();
        match judged {
            Ok(found) => println!("as expected  {:<40} {seconds:>6.1} s  {found}", model.name),
            Err(error) => {
                println!("WRONG        {:<40} {seconds:>6.1} s  {error:#}", model.name);
                wrong.push(model.name.as_str());
            }
        }
    }
    if !wrong.is_empty() {
        bail!("other verdicts than expected: {}", wrong.join(", "));
    }
    Ok(Proof::Proven(()))
}

/// Compares what a tool says with what the table says, and sums it up.
fn judge(model: &Model, verdicts: &[Verdict]) -> Result<String> {
    for attack in &model.attacks {
        let mut named = verdicts.iter().filter(|verdict| verdict.query.contains(attack.as_str()));
        let verdict = named.next().with_context(|| format!("no query is called `{attack}`"))?;
        if named.next().is_some() {
            bail!("more than one query is called `{attack}`");
        }
        if !verdict.fails {
            bail!("this attack wasn't found: {}", verdict.query);
        }
    }
    let failing = verdicts.iter().filter(|verdict| verdict.fails);
    let unexpected =
        failing.clone().find(|verdict| !model.attacks.iter().any(|attack| verdict.query.contains(attack.as_str())));
    match unexpected {
        Some(verdict) if model.bug.is_none() => bail!("an attack was found: {}", verdict.query),
        _ => Ok(format!("{} of {} queries fail", failing.count(), verdicts.len())),
    }
}
