//! The whole story on an emulated fob: a vendor makes a fob, sells a licence on it, and an app checks it.
//!
//! The emulator runs as a process of its own; the demo starts itself again for that. It exits non-zero if any step
//! doesn't end as told.

mod attacks;
mod cast;
mod fob;
mod must_fail;
mod sale;
mod stage;
mod wire;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let told = match arguments.as_slice() {
        [] => tell(),
        [mode, state, socket] if mode == fob::MODE => fob::serve(state.as_ref(), socket.as_ref()).map(|()| true),
        _ => {
            eprintln!("error: the demo takes no arguments [usage]");
            eprintln!("hint:  cargo run --release -p keyfob-demo");
            eprintln!("docs:  README.md");
            return ExitCode::from(2);
        }
    };
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#} [demo]");
            eprintln!("hint:  the demo needs a temporary directory in which sockets and files can be made");
            eprintln!("docs:  README.md");
            ExitCode::FAILURE
        }
    }
}

/// Tells the story; whether all of it ended as told.
fn tell() -> Result<bool> {
    let mut stage = stage::Stage::new();
    let directory = tempfile::tempdir()?;
    let mut cast = cast::Cast::new(directory.path())?;
    sale::tell(&mut stage, &mut cast)?;
    must_fail::tell(&mut stage, &mut cast)?;
    attacks::tell(&mut stage, &cast)?;
    Ok(stage.close())
}
