//! Programs of others, by their names and arguments, without a shell.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyfob_terminal::{Exit, Failure, Global};

/// A program that is there.
pub(super) struct Program {
    name: &'static str,
    path: PathBuf,
}

impl Program {
    /// Looks for a program as the system does, but never in the folder that one happens to be in.
    pub(super) fn find(name: &'static str) -> Option<Self> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let folders = std::env::var_os("PATH")?;
        let mut paths = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
        paths.find_map(|folder| Some(folder.join(&file)).filter(|path| may_run(path))).map(|path| Self { name, path })
    }

    /// Runs it in a folder. What it says goes to standard error, but for `--json`.
    ///
    /// # Errors
    /// `tool-failed`.
    pub(super) fn run<S: AsRef<OsStr>>(&self, global: &Global, folder: &Path, arguments: &[S]) -> Result<(), Failure> {
        let said = || arguments.iter().map(|word| word.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ");
        global.note(format_args!("{} {}", self.name, said()));
        let output = || if global.json { Stdio::null() } else { Stdio::from(io::stderr()) };
        let mut command = Command::new(&self.path);
        if !folder.as_os_str().is_empty() {
            command.current_dir(folder);
        }
        let status = command.args(arguments).stdin(Stdio::null()).stdout(output()).stderr(output()).status();
        let failed = |what: String| {
            let what = format!("`{} {}` {what}", self.name, said());
            Failure::new("tool-failed", Exit::Failure, what)
        };
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("ended with {status}"))),
            Err(error) => Err(failed(format!("can't be run: {error}"))),
        }
    }
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn may_run(path: &Path) -> bool {
    path.is_file()
}
