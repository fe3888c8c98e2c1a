//! What an operating system's first process has to do.

use std::ffi::CStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, mount};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use rustix::system::{RebootCommand, delete_module, init_module, reboot};

const NO_PARAMETERS: &CStr = c"";

/// Mounts the kernel's file systems and loads the modules that came along.
///
/// # Errors
/// If one can't be mounted or loaded.
pub(crate) fn start() -> Result<()> {
    for (what, place, kind) in [
        ("proc", "/proc", "proc"),
        ("sys", "/sys", "sysfs"),
        ("dev", "/dev", "devtmpfs"),
        ("run", "/run", "tmpfs"),
        ("tmp", "/tmp", "tmpfs"),
    ] {
        mount(what, place, kind, MountFlags::empty(), None).with_context(|| format!("can't mount {place}"))?;
    }
    mount("debug", "/sys/kernel/debug", "debugfs", MountFlags::empty(), None).context("can't mount debugfs")?;
    load_all("/modules")
}

/// Loads the modules of a folder, in the order of their names.
///
/// # Errors
/// If one can't be loaded.
pub(crate) fn load_all(folder: &str) -> Result<()> {
    let mut modules: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    modules.retain(|path| path.is_file());
    modules.sort();
    for module in modules {
        load(&fs::read(&module)?).with_context(|| format!("can't load {}", module.display()))?;
    }
    Ok(())
}

/// Makes 127.0.0.1 reachable: asks the kernel to raise the first interface (`man 7 rtnetlink`).
///
/// # Errors
/// If the kernel refuses.
pub(crate) fn raise_loopback() -> Result<()> {
    // No protocol is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    // nlmsghdr: length, RTM_NEWLINK with NLM_F_REQUEST and NLM_F_ACK, number, sender; ifinfomsg: family and type,
    // index, IFF_UP, what of the flags changes.
    let words = [32, 16 | 5 << 16, 1, 0, 0, 1, 1, 1_u32];
    let message: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 64];
    recv(&socket, &mut answer, RecvFlags::empty())?;
    // nlmsgerr begins with the error, behind the header.
    anyhow::ensure!(answer[16..20] == [0; 4], "the kernel doesn't raise the loopback interface");
    Ok(())
}

/// Loads a module that has been taken out again, by its name.
///
/// # Errors
/// If there is none, or the kernel refuses.
fn load_again(name: &str) -> Result<()> {
    let end = format!("-{name}.ko");
    let entry = fs::read_dir("/modules")?.flatten().find(|entry| entry.file_name().to_string_lossy().ends_with(&end));
    load(&fs::read(entry.with_context(|| format!("no module {name}"))?.path())?)
}

/// Does something while the kernel has no HID driver for USB.
///
/// # Errors
/// If the driver can't be taken out or loaded again.
pub(crate) fn without_driver<T>(operate: impl FnOnce() -> Result<T>) -> Result<T> {
    unload(c"usbhid")?;
    let result = operate();
    load_again("usbhid")?;
    result
}

/// Takes a module out of the kernel.
///
/// # Errors
/// If the kernel refuses.
fn unload(name: &CStr) -> Result<()> {
    delete_module(name, 0).with_context(|| format!("can't unload {name:?}"))
}

/// A value of the kernel's command line.
pub(crate) fn parameter(name: &str) -> Option<String> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    let found = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    found.map(str::to_owned)
}

/// Puts the kernel's last messages on the console, where most of them aren't shown as they come.
pub(crate) fn show_kernel_messages() {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let Ok(mut messages) = fs::OpenOptions::new().read(true).custom_flags(flags).open("/dev/kmsg") else { return };
    let mut last = std::collections::VecDeque::new();
    let mut message = [0; 8192];
    // Each reading gives one, and an error at the end.
    while let Ok(length) = messages.read(&mut message) {
        last.push_back(String::from_utf8_lossy(message.get(..length).unwrap_or_default()).into_owned());
        if last.len() > MESSAGES {
            last.pop_front();
        }
    }
    last.iter().for_each(|message| print!("{message}"));
}

/// How many of the kernel's messages are shown.
const MESSAGES: usize = 60;

/// Switches the machine off.
pub(crate) fn power_off() -> ExitCode {
    // What is under way to the ports gets out.
    std::thread::sleep(std::time::Duration::from_millis(50));
    match reboot(RebootCommand::PowerOff) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn load(module: &[u8]) -> Result<()> {
    match init_module(module, NO_PARAMETERS) {
        Err(rustix::io::Errno::EXIST) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
