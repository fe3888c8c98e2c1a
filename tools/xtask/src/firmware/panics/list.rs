//! The list of what can panic, and why it doesn't.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::Deserialize;

use super::Reached;

/// What the file begins with, and the functions.
pub(crate) struct List {
    preamble: String,
    functions: BTreeMap<String, Function>,
}

/// A function that can panic.
#[derive(Default, Deserialize)]
struct Function {
    /// Why it doesn't.
    why: String,
    /// By board, how many branches there are to each panic.
    #[serde(flatten)]
    boards: BTreeMap<String, Reached>,
}

impl List {
    /// Reads the file.
    ///
    /// # Errors
    /// If it isn't one.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let preamble = text.lines().take_while(|line| line.starts_with('#'));
        Ok(Self { preamble: preamble.map(|line| format!("{line}\n")).collect(), functions: toml::from_str(text)? })
    }

    /// Replaces what is listed for a board. A function that is new has no reason yet; one that panics nowhere any more
    /// goes.
    pub(crate) fn record(&mut self, board: &str, found: &BTreeMap<String, Reached>) {
        self.functions.values_mut().for_each(|function| drop(function.boards.remove(board)));
        for (name, reached) in found {
            self.functions.entry(name.clone()).or_default().boards.insert(board.to_owned(), reached.clone());
        }
        self.functions.retain(|_, function| !function.boards.is_empty());
    }

    /// What differs from the list in a board's image, and what is listed without a reason.
    pub(crate) fn refused(&self, board: &str, found: &BTreeMap<String, Reached>) -> Vec<String> {
        let mut refused = Vec::new();
        for (name, reached) in found {
            let function = self.functions.get(name);
            match function.and_then(|function| function.boards.get(board)) {
                None => refused.push(format!("{name} can panic, which isn't listed: {}", said(reached))),
                Some(listed) if listed != reached => {
                    refused.push(format!("{name} branches to {}; listed is {}", said(reached), said(listed)));
                }
                Some(_) => {}
            }
            if function.is_some_and(|function| function.why.is_empty()) {
                refused.push(format!("{name} is listed without a reason"));
            }
        }
        let listed = self.functions.iter().filter(|(_, function)| function.boards.contains_key(board));
        let gone = listed.filter(|(name, _)| !found.contains_key(*name));
        refused.extend(gone.map(|(name, _)| format!("{name} is listed and doesn't panic any more")));
        refused
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.preamble)?;
        for (name, Function { why, boards }) in &self.functions {
            writeln!(f, "\n[{}]\nwhy = {}", quoted(name), quoted(why))?;
            for (board, reached) in boards {
                let reached: Vec<_> =
                    reached.iter().map(|(panic, count)| format!("{} = {count}", quoted(panic))).collect();
                writeln!(f, "{board} = {{ {} }}", reached.join(", "))?;
            }
        }
        Ok(())
    }
}

fn said(reached: &Reached) -> String {
    let reached: Vec<_> = reached.iter().map(|(panic, count)| format!("{panic} ({count})")).collect();
    reached.join(", ")
}

/// A TOML string, which is a key as well.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
