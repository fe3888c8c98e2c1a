//! The guest and the fobs that are plugged into it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Options;
use super::kernel::Kernel;
use super::programs::Programs;

/// How many fobs are plugged in; each into the port of its number.
const FOBS: usize = 8;
/// How many guests run beside each other, each with fobs of its own.
pub(crate) const GUESTS: usize = 4;
/// How many ports there are, of 15 that there can be.
const PORTS: usize = 12;
const MEMORY: &str = "512M";
/// How long an emulator may take to listen.
const START: Duration = Duration::from_secs(20);
/// What stands before the last line of a report.
const END: &str = "guest: ";

/// What a guest is made of.
pub(crate) struct Machine<'a> {
    pub(crate) kernel: &'a Kernel,
    pub(crate) initrd: &'a Path,
    pub(crate) programs: &'a Programs,
    pub(crate) options: &'a Options,
    /// Which of the guests it is.
    pub(crate) number: usize,
}

/// Starts the fobs and the guest, prints what it reports, and tells how many steps passed and failed.
///
/// # Errors
/// If something doesn't start, or the guest doesn't come to an end.
pub(crate) fn run(machine: &Machine<'_>) -> Result<Numbers> {
    let folder = tempfile::Builder::new().prefix("keyfob-guest-").tempdir()?;
    let place = |name: String| folder.path().join(name);
    let mut running = Vec::new();
    let mut devices = Vec::new();
    for number in 1..=FOBS {
        let (bus, control) = (place(format!("{number}.usb")), place(format!("{number}.ctl")));
        running.push(Running(emulator(&machine.programs.keyfob, number, &bus, &control)?));
        devices.push((number, bus, control));
    }
    let others = ["echo.usb", "hostile.usb", "devices.ctl"].map(|name| place(name.to_owned()));
    let started = Command::new(&machine.programs.devices).args(&others).stdin(Stdio::null()).spawn();
    running.push(Running(started.context("can't start the other devices")?));
    let sockets = devices.iter().flat_map(|(_, bus, control)| [bus, control]).chain(&others);
    sockets.map(PathBuf::as_path).try_for_each(await_socket)?;
    let console = machine.initrd.with_file_name(format!("console-{}.log", machine.number));
    let mut guest = Running(qemu(machine, &devices, &others, &console).spawn().context("can't start QEMU")?);
    let report = guest.0.stdout.take().context("QEMU has no output")?;
    let ended = follow(report, Instant::now() + machine.options.patience());
    drop(guest);
    if ended.as_ref().map_or(true, |numbers| numbers.failed > 0) {
        println!("the guest's console: {}", console.display());
        last_words(&console);
    }
    ended
}

/// How many steps ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Numbers {
    /// Reads a report's last line.
    fn read(line: &str) -> Option<Self> {
        let (passed, failed) = line.strip_prefix(END)?.split_once(" passed, ")?;
        Some(Self { passed: passed.parse().ok()?, failed: failed.strip_suffix(" failed")?.parse().ok()? })
    }
}

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

fn emulator(keyfob: &Path, number: usize, bus: &Path, control: &Path) -> Result<Child> {
    let mut command = Command::new(keyfob);
    // The last one's clock runs; the others' are put forwards by the guest.
    let clock = if number == FOBS { "real" } else { "scripted" };
    command.args(["--quiet", "emulator", "run", "--memory", "--clock", clock, "--usbredir"]);
    command.arg(unix(bus)).arg("--control").arg(control);
    // That it is emulated needn't be said here.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| format!("can't start emulator {number}"))
}

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn await_socket(path: &Path) -> Result<()> {
    let until = Instant::now() + START;
    while !path.exists() {
        if Instant::now() > until {
            bail!("nothing listens at {}", path.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn qemu(
    machine: &Machine<'_>,
    devices: &[(usize, PathBuf, PathBuf)],
    [echo, hostile, control]: &[PathBuf; 3],
    console: &Path,
) -> Command {
    let (Options { cycles, only, .. }, number) = (machine.options, machine.number);
    let only = only.as_ref().map(|only| format!(" keyfob.only={}", only.replace(' ', "_"))).unwrap_or_default();
    // Without the kernel's own tests and without what only a real machine needs, it boots in half of the time.
    let line = format!(
        "console=ttyS0 quiet panic=-1 cryptomgr.notests mitigations=off no_timer_check tsc=reliable keyfob.guest={number} keyfob.cycles={cycles}{only}"
    );
    let mut qemu = Command::new("qemu-system-x86_64");
    // Accelerators of the machine are left alone: some are there and don't work.
    qemu.args(["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", MEMORY]);
    qemu.args(["-nodefaults", "-no-reboot", "-display", "none", "-append", &line]);
    qemu.arg("-kernel").arg(&machine.kernel.image).arg("-initrd").arg(machine.initrd);
    qemu.arg("-serial").arg(format!("file:{}", console.display()));
    qemu.args(["-device", "virtio-serial-pci,max_ports=20", "-chardev", "stdio,id=report,signal=off"]);
    qemu.args(["-device", "virtserialport,chardev=report,name=report"]);
    qemu.args(["-device", &format!("qemu-xhci,id=usb,p2={PORTS},p3=1")]);
    for (number, bus, control) in devices {
        qemu.arg("-chardev").arg(format!("socket,id=usb{number},path={}", bus.display()));
        qemu.arg("-device").arg(format!("usb-redir,chardev=usb{number},bus=usb.0,port={number}"));
        qemu.arg("-chardev").arg(format!("socket,id=control{number},path={}", control.display()));
        qemu.arg("-device").arg(format!("virtserialport,chardev=control{number},name=control{number}"));
    }
    for (port, name, bus) in [(FOBS + 1, "echo", echo), (FOBS + 2, "hostile", hostile)] {
        qemu.arg("-chardev").arg(format!("socket,id={name},path={}", bus.display()));
        qemu.arg("-device").arg(format!("usb-redir,chardev={name},bus=usb.0,port={port}"));
    }
    qemu.arg("-chardev").arg(format!("socket,id=devices,path={}", control.display()));
    qemu.args(["-device", "virtserialport,chardev=devices,name=devices"]);
    // A standard input that has ended keeps QEMU from everything else.
    qemu.stdin(Stdio::piped()).stdout(Stdio::piped());
    qemu
}

/// Prints the report as it comes, and reads its end.
fn follow(report: impl std::io::Read + Send + 'static, until: Instant) -> Result<Numbers> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(report).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok());
    });
    let mut last = String::new();
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if !line.starts_with(END) {
                    println!("  {line}");
                }
                last = line;
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => bail!("the guest took too long; its last word: {last}"),
        }
    }
    Numbers::read(&last).with_context(|| format!("the guest ended before its end; its last word: {last}"))
}

/// Shows the end of what the guest's kernel said.
fn last_words(console: &Path) {
    let text = String::from_utf8_lossy(&std::fs::read(console).unwrap_or_default()).into_owned();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].iter().for_each(|line| println!("  | {line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reports_end_is_read_as_one() {
        assert_eq!(Numbers::read("guest: 3 passed, 1 failed"), Some(Numbers { passed: 3, failed: 1 }));
        for line in ["", "guest: ", "ok 3 passed, 0 failed", "guest: 3 passed", "guest: 3 passed, 0 failed, 1 lost"] {
            assert_eq!(Numbers::read(line), None, "{line}");
        }
    }
}
