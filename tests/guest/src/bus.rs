//! What the kernel says is on the bus.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The bus of the emulated controller's full-speed ports.
pub(crate) const BUS: u32 = 1;
/// How long a device may take to come or go: a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place on the bus.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) String);

impl Place {
    /// A port of the controller's.
    pub(crate) fn port(number: usize) -> Self {
        Self(format!("{BUS}-{number}"))
    }

    /// The folder that the kernel has for the device there.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new("/sys/bus/usb/devices").join(&self.0)
    }

    /// An attribute of the device there, if there is a device.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder().join(name)).ok().map(|text| text.trim_end().to_owned())
    }

    /// Which device is there: another number each time one comes. It is the kernel's folder's; a device's own number
    /// may be the one of the device before.
    pub(crate) fn device(&self) -> Option<u64> {
        fs::metadata(self.folder()).map(|folder| folder.ino()).ok()
    }

    /// The folder of the HID device there.
    pub(crate) fn hid(&self) -> Option<PathBuf> {
        let interface = self.folder().join(format!("{}:1.0", self.0));
        let mut entries = fs::read_dir(interface).ok()?.flatten().map(|entry| entry.path());
        entries.find(|path| path.join("report_descriptor").is_file())
    }

    /// The node by which programs reach it, once it is there.
    pub(crate) fn node(&self) -> Option<PathBuf> {
        let name = fs::read_dir(self.hid()?.join("hidraw")).ok()?.flatten().next()?.file_name();
        Some(Path::new("/dev").join(name)).filter(|node| node.exists())
    }

    /// Waits until a device is there that is not the one of this number, ready to be used: with its node, if a HID
    /// driver is there.
    pub(crate) fn await_other(&self, before: Option<u64>) -> Result<u64> {
        let what = format!("a device at {}", self.0);
        await_some(&what, || {
            let device = self.device().filter(|device| Some(*device) != before)?;
            let has_driver = Path::new("/sys/bus/usb/drivers/usbhid").is_dir();
            let is_ready = if has_driver {
                self.node().is_some()
            } else {
                self.attribute("bConfigurationValue").is_some_and(|value| value == "1")
            };
            is_ready.then_some(device)
        })
        .with_context(|| format!("it was {before:?}, is {:?}, and its node {:?}", self.device(), self.node()))
    }

    /// Waits until there is no device.
    pub(crate) fn await_none(&self) -> Result<()> {
        await_some(&format!("nothing at {}", self.0), || (!self.folder().exists()).then_some(()))
    }
}

/// Waits for something.
///
/// # Errors
/// If it doesn't come.
pub(crate) fn await_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > until {
            bail!("waited in vain for {what}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The bytes of a file of the kernel's.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("can't read {}", path.display()))
}
