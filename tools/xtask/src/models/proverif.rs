//! ProVerif, if this machine has it.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Verdict;
use super::table::Model;
use crate::process::{output, program, works};
use crate::proof::Proof;

/// The program.
pub(super) struct ProVerif;

impl ProVerif {
    /// Finds the program.
    #[expect(clippy::unnecessary_wraps, reason = "as the other tool's")]
    pub(super) fn find() -> Result<Proof<Self>> {
        Ok(if works(&mut program("proverif", &["-help"])) {
            Proof::Proven(Self)
        } else {
            Proof::NotProven("models: there is no `proverif` here; its models were NOT run".to_owned())
        })
    }

    /// Returns what it says of each query.
    #[expect(clippy::unused_self, reason = "as the other tool's")]
    pub(super) fn verdicts(&self, _: &Model, path: &Path) -> Result<Vec<Verdict>> {
        read(&output(program("proverif", &[]).arg(path))?)
    }
}

/// Reads the program's `RESULT` lines.
pub(super) fn read(text: &str) -> Result<Vec<Verdict>> {
    let results = text.lines().filter_map(|line| line.strip_prefix("RESULT "));
    // After an injective agreement that fails comes, in parentheses, whether the same without injectivity does.
    let verdicts: Vec<_> = results.filter(|line| !line.starts_with('(')).map(verdict).collect::<Result<_>>()?;
    if verdicts.is_empty() {
        bail!("ProVerif gave no result");
    }
    Ok(verdicts)
}

fn verdict(line: &str) -> Result<Verdict> {
    // What the attacker knows in the last phase is what it knows in the end.
    let line = line.trim_end().trim_end_matches('.').replace("attacker_p1(", "attacker(");
    let (query, word) = line.rsplit_once(" is ").with_context(|| format!("ProVerif couldn't decide: {line}"))?;
    match word {
        "true" => Ok(Verdict { query: query.to_owned(), fails: false }),
        "false" => Ok(Verdict { query: query.to_owned(), fails: true }),
        _ => bail!("ProVerif couldn't decide: {line}"),
    }
}
