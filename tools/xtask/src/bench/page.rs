//! What was measured, for people: on the terminal and in docs/performance.md.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};

use super::cortex::Count;
use super::figure::Row;
use super::growth::{AXES, Series};
use super::times::Time;
use super::{Measured, plot};
use crate::process::root;

/// The page with the recorded figures.
const PAGE: &str = "docs/performance.md";

/// Everything as text.
pub(crate) fn text(measured: &Measured) -> String {
    let mut text = rows(&measured.rows);
    if !measured.times.is_empty() {
        text = text + "\n" + &times(&measured.times);
    }
    if !measured.growth.is_empty() {
        text = text + "\n" + &growth(&measured.growth);
    }
    if !measured.cortex_m.is_empty() {
        text = text + "\n" + &cortex_m(&measured.cortex_m);
    }
    text
}

/// Writes tables and plots anew; the text between them is people's.
///
/// # Errors
/// If a place for them is missing, or can't be written.
pub(crate) fn record(measured: &Measured) -> Result<()> {
    let path = root().join(PAGE);
    let mut page = fs::read_to_string(&path).context(PAGE)?;
    for (place, table) in
        [("figures", rows(&measured.rows)), ("times", times(&measured.times)), ("growth", growth(&measured.growth))]
    {
        page = replaced(&page, place, &table).with_context(|| format!("{PAGE} has no place for {place}"))?;
    }
    fs::write(&path, page)?;
    for (axis, _) in AXES {
        let series: Vec<&Series> = measured.growth.iter().filter(|one| one.axis == axis).collect();
        fs::write(root().join(format!("docs/growth-{axis}.svg")), plot::draw(axis, &series))?;
    }
    Ok(())
}

/// Replaces what stands between `<!-- name -->` and `<!-- end -->`.
pub(crate) fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(&format!("<!-- {name} -->\n"))?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}<!-- {name} -->\n{table}<!-- end -->{after}"))
}

fn rows(rows: &[Row]) -> String {
    let mut text =
        "| figure | ours | floor | ratio | promised | held to | the floor |\n|---|--:|--:|--:|--:|--:|---|\n"
            .to_owned();
    for row in rows {
        let shown = |limit: Option<f64>| limit.map_or("–".to_owned(), |limit| limit.to_string());
        let (promise, limit) = (shown(row.promise), shown(row.limit));
        let _ = match row.instructions {
            Some((ours, floor)) => writeln!(
                text,
                "| {} | {} | {} | {:.3} | {promise} | {limit} | {} |",
                row.name,
                grouped(ours),
                grouped(floor),
                row.value,
                row.of
            ),
            None => writeln!(text, "| {} | {} | – | – | {promise} | {limit} | |", row.name, row.value),
        };
    }
    text
}

fn times(times: &[Time]) -> String {
    let mut text = "| time, p50 | ours | beside | ratio |\n|---|--:|--:|--:|\n".to_owned();
    for time in times {
        let (ours, floor) = (duration(time.ours), duration(time.floor));
        let _ = writeln!(text, "| {} | {ours} | {floor} | {:.2} |", time.name, time.ratio);
    }
    text
}

fn growth(growth: &[Series]) -> String {
    let mut text = String::new();
    for (axis, sizes) in AXES {
        let sizes: Vec<_> = sizes.iter().map(u32::to_string).collect();
        let _ = writeln!(text, "| {axis} | {} | last ÷ first | each more |", sizes.join(" | "));
        let _ = writeln!(text, "|---|{}--:|--:|", "--:|".repeat(sizes.len()));
        for one in growth.iter().filter(|one| one.axis == axis) {
            let counts: Vec<_> = one.points.iter().map(|(_, count)| grouped(*count)).collect();
            let (counts, slope) = (counts.join(" | "), grouped(one.slope()));
            let _ = writeln!(text, "| {} | {counts} | {:.3} | {slope} |", one.operation, one.growth());
        }
        text.push('\n');
    }
    text
}

/// The counts of each processor.
pub(crate) fn cortex_m(counts: &[Count]) -> String {
    let mut text = String::new();
    let mut core = "";
    for count in counts {
        if count.core != core {
            core = count.core;
            let apart = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{apart}| on a {core} | instructions |\n|---|--:|");
        }
        let _ = writeln!(text, "| {} | {} |", count.name, grouped(count.instructions as f64));
    }
    text
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: f64) -> String {
    let digits = format!("{:.0}", count.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < -0.5 { format!("-{text}") } else { text }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 1e4 => format!("{short:.0} ns"),
        medium if medium < 1e7 => format!("{:.0} µs", medium / 1e3),
        long => format!("{:.1} ms", long / 1e6),
    }
}
