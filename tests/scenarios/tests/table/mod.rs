//! The table of bad input.

use std::fmt;

/// What was tried and what came of it.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    surface: &'static str,
    input: String,
    tries: usize,
    code: String,
    text: String,
}

impl Table {
    /// Adds a class of input, how many of it were tried, and the name and text of the (last) error.
    pub(crate) fn add(&mut self, surface: &'static str, input: &str, tries: usize, (code, text): (String, String)) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!code.is_empty() && code.chars().all(is_name), "{surface}, {input}: the code is {code:?}");
        assert!(text.len() >= 4 && !text.contains('\n'), "{surface}, {input}: the text is {text:?}");
        assert!(tries > 0, "{surface}, {input}: nothing was tried");
        self.0.push(Row { surface, input: input.to_owned(), tries, code, text });
    }

    /// Adds a class of input by everything that was found of it.
    pub(crate) fn add_all(
        &mut self,
        surface: &'static str,
        input: &str,
        found: impl Iterator<Item = (String, String)>,
    ) {
        let found: Vec<_> = found.collect();
        let last = found.last().expect("nothing was tried").clone();
        self.add(surface, input, found.len(), last);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn has_no_row_twice(&self) -> bool {
        let mut rows: Vec<_> = self.0.iter().map(|row| (row.surface, &row.input)).collect();
        rows.sort();
        rows.dedup();
        rows.len() == self.0.len()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row { surface, input, tries, code, text } in &self.0 {
            writeln!(f, "| {surface} | {input} | {tries} | {code} | {} |", text.escape_debug())?;
        }
        let tries: usize = self.0.iter().map(|row| row.tries).sum();
        write!(f, "{} rows, {tries} tries", self.0.len())
    }
}

/// The name of an error's variant: its stable name where there is no code.
pub(crate) fn variant(error: &impl fmt::Debug) -> String {
    format!("{error:?}").chars().take_while(|c| c.is_ascii_alphanumeric()).collect()
}

/// Bytes that follow from a seed: SplitMix64.
pub(crate) fn garbage(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x1234_5678_9abc_def1).wrapping_add(1);
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ value >> 31).to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
