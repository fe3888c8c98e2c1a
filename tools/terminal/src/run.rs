//! From the command line to the exit code.

use std::ffi::OsStr;
use std::io::Write;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::Parser;
use clap::error::ErrorKind;

use crate::{Color, Exit, Failure, Global};

/// Reads the command line, runs the command and tells of its failure. `global` finds the flags in what was read.
pub fn run<C: Parser>(global: impl Fn(&C) -> &Global, command: impl FnOnce(C) -> Result<Exit, Failure>) -> ExitCode {
    let parsed = match C::try_parse() {
        Ok(parsed) => parsed,
        Err(error) => return not_parsed(&error).into(),
    };
    let json = global(&parsed).json;
    choose(global(&parsed).color);
    let begun = global(&parsed).begin_trace();
    begun.and_then(|()| command(parsed)).unwrap_or_else(|failure| tell(&failure, json)).into()
}

fn tell(failure: &Failure, json: bool) -> Exit {
    // There is nobody to tell if this fails; the exit code is left.
    let _ = failure.write(&mut anstream::stderr().lock(), json);
    failure.exit()
}

fn choose(color: Color) {
    let choice = match color {
        Color::Auto => return,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Shows help, or says what is wrong. Nothing has been parsed, so the flags that matter are looked for by eye.
fn not_parsed(error: &clap::Error) -> Exit {
    let arguments: Vec<_> = std::env::args_os().skip(1).take_while(|argument| argument != "--").collect();
    let says =
        |words: &[&str]| arguments.windows(words.len()).any(|window| window.iter().eq(words.iter().map(OsStr::new)));
    if says(&["--color=never"]) || says(&["--color", "never"]) {
        choose(Color::Never);
    } else if says(&["--color=always"]) || says(&["--color", "always"]) {
        choose(Color::Always);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = write!(anstream::stdout().lock(), "{}", error.render().ansi());
        return Exit::Done;
    }
    tell(&usage(error), says(&["--json"]))
}

/// Says in one line each what clap says in paragraphs.
fn usage(error: &clap::Error) -> Failure {
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        return Failure::usage("a command is missing").hint("--help lists the commands");
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = paragraphs.next().unwrap_or_default();
    let failure = Failure::usage(message.strip_prefix("error: ").unwrap_or(&message));
    let hint = paragraphs.find_map(|text| {
        let tip = text.strip_prefix("tip: ").map(str::to_owned);
        tip.or_else(|| text.strip_prefix("Usage: ").map(|usage| format!("usage: {usage}")))
    });
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
