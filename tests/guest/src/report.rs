//! What the guest tells the outside.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long a port may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the port of a name.
///
/// # Errors
/// If there is none.
pub(crate) fn port(name: &str) -> Result<File> {
    let until = Instant::now() + PATIENCE;
    loop {
        match find(name).filter(|path| path.exists()) {
            Some(path) => {
                let opened = OpenOptions::new().read(true).write(true).open(&path);
                return opened.with_context(|| format!("can't open {}", path.display()));
            }
            None if Instant::now() > until => anyhow::bail!("there is no port {name}"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let ports = std::fs::read_dir("/sys/class/virtio-ports").ok()?;
    let has_name = |path: &PathBuf| std::fs::read_to_string(path.join("name")).is_ok_and(|found| found.trim() == name);
    let port = ports.flatten().map(|entry| entry.path()).find(has_name)?;
    Some(PathBuf::from("/dev").join(port.file_name()?))
}

/// Lines to the outside.
pub(crate) struct Report {
    port: File,
    passed: u32,
    failed: u32,
}

impl Report {
    /// Begins.
    ///
    /// # Errors
    /// If nobody listens.
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self { port: port("report")?, passed: 0, failed: 0 })
    }

    /// Says something.
    pub(crate) fn line(&mut self, text: &str) {
        for line in text.lines() {
            // Nobody else is there to be told that this one can't be.
            let _told = writeln!(self.port, "{line}");
        }
    }

    /// Says how a step ended.
    pub(crate) fn ended(&mut self, name: &str, taken: Duration, result: &Result<String>) {
        let seconds = taken.as_secs_f64();
        match result {
            Ok(what) => {
                self.passed += 1;
                self.line(&format!("ok      {name:<28} {seconds:>6.1} s  {what}"));
            }
            Err(error) => {
                self.failed += 1;
                self.line(&format!("FAILED  {name:<28} {seconds:>6.1} s  {error:#}"));
            }
        }
    }

    /// Says the end.
    pub(crate) fn end(&mut self) {
        let (passed, failed) = (self.passed, self.failed);
        self.line(&format!("guest: {passed} passed, {failed} failed"));
    }
}
