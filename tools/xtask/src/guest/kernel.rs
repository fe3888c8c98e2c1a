//! The guest's kernel: Debian's, unpacked beside the system, never installed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{output, program, run};

/// The package that depends on the current kernel.
const META: &str = "linux-image-amd64";
/// What the guest's drivers lie under, below `lib/modules/VERSION/kernel`.
const FOLDERS: [&str; 4] = ["drivers/usb", "drivers/hid", "drivers/virtio", "drivers/char"];

/// A kernel that QEMU starts without a boot loader, and its modules.
pub(crate) struct Kernel {
    /// The kernel's version.
    pub(crate) version: String,
    /// The uncompressed image: to unpack it in the guest would take seconds.
    pub(crate) image: PathBuf,
    modules: BTreeMap<String, PathBuf>,
}

impl Kernel {
    /// Fetches and unpacks the kernel unless the cache has it.
    ///
    /// # Errors
    /// If Debian's packages can't be had, or a kernel looks different from what is expected.
    pub(crate) fn ready(cache: &Path) -> Result<Self> {
        if let Ok(kernel) = Self::cached(cache) {
            return Ok(kernel);
        }
        let package = package()?;
        let folder = cache.join("download");
        let _stale = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        run(program("apt-get", &["download", "--quiet=2", &package]).current_dir(&folder).stderr(Stdio::null()))?;
        let file = only_entry(&folder)?;
        let unpacked = cache.join("kernel.part");
        let _stale = fs::remove_dir_all(&unpacked);
        fs::create_dir_all(&unpacked)?;
        unpack(&file, &unpacked)?;
        let compressed = fs::read(find_image(&unpacked)?)?;
        decompress(&compressed, &unpacked.join("vmlinux"))?;
        let done = cache.join("kernel");
        let _older = fs::remove_dir_all(&done);
        fs::rename(&unpacked, &done)?;
        let _big = fs::remove_dir_all(&folder);
        Self::cached(cache)
    }

    fn cached(cache: &Path) -> Result<Self> {
        let folder = cache.join("kernel");
        let image = folder.join("vmlinux");
        ensure!(image.is_file(), "nothing is cached");
        let versions = only_entry(&folder.join("lib/modules"))?;
        let version = versions.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut modules = BTreeMap::new();
        collect(&versions, &mut modules)?;
        Ok(Self { version, image, modules })
    }

    /// The modules' contents in the order in which they are loaded: each behind those that it depends on.
    ///
    /// # Errors
    /// If the kernel has no such module.
    pub(crate) fn modules(&self, names: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
        let mut ordered = Vec::new();
        names.iter().try_for_each(|name| self.add(name, &mut ordered))?;
        Ok(ordered)
    }

    fn add(&self, name: &str, ordered: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
        let name = plain(name);
        if ordered.iter().any(|(there, _)| *there == name) {
            return Ok(());
        }
        let path = self.modules.get(&name).with_context(|| format!("the kernel has no module {name}"))?;
        let content = match path.extension().and_then(|end| end.to_str()) {
            Some("xz") => pipe("xz", &fs::read(path)?)?,
            _ => fs::read(path)?,
        };
        for needed in dependencies(&content) {
            self.add(&needed, ordered)?;
        }
        ordered.push((name, content));
        Ok(())
    }
}

/// The package with the kernel that Debian's meta-package names now.
fn package() -> Result<String> {
    let depends = output(&mut program("apt-cache", &["depends", META]))?;
    let package = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")).next();
    package.map(str::to_owned).with_context(|| format!("{META} isn't known here: `apt-get update` may help"))
}

fn unpack(package: &Path, into: &Path) -> Result<()> {
    let mut unpacker = Command::new("dpkg-deb").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let archive = unpacker.stdout.take().context("dpkg-deb has no output")?;
    let mut tar = Command::new("tar");
    tar.args(["-x", "--wildcards", "-C"]).arg(into).stdin(archive).arg("./boot/vmlinuz-*");
    tar.args(FOLDERS.map(|folder| format!("./lib/modules/*/kernel/{folder}")));
    run(&mut tar)?;
    ensure!(unpacker.wait()?.success(), "dpkg-deb failed");
    Ok(())
}

fn find_image(folder: &Path) -> Result<PathBuf> {
    only_entry(&folder.join("boot"))
}

fn only_entry(folder: &Path) -> Result<PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    match entries.as_slice() {
        [entry] => Ok(entry.path()),
        entries => bail!("{} entries in {} instead of one", entries.len(), folder.display()),
    }
}

/// Takes the kernel out of its boot image (Linux's `Documentation/x86/boot.rst`: `setup_sects`, `payload_offset`,
/// `payload_length`; behind the payload stand four bytes with its size).
fn decompress(image: &[u8], into: &Path) -> Result<()> {
    let word = |at: usize| image.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    let sectors = *image.get(0x1f1).context("a short image")?;
    let sectors = usize::from(if sectors == 0 { 4 } else { sectors });
    let (offset, length) = (word(0x248).context("a short image")?, word(0x24c).context("a short image")?);
    let start = (sectors + 1) * 512 + usize::try_from(offset)?;
    let end = start + usize::try_from(length)?;
    let payload = image.get(start..end.saturating_sub(4)).context("the payload isn't where it should be")?;
    let program = match payload.get(..4) {
        Some([0xfd, b'7', b'z', b'X']) => "xz",
        Some([0x28, 0xb5, 0x2f, 0xfd]) => "zstd",
        other => bail!("a kernel compressed in an unknown way: {other:?}"),
    };
    fs::write(into, pipe(program, payload)?)?;
    Ok(())
}

/// What a decompressor makes of bytes.
fn pipe(program: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program).arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(bytes));
        child.wait_with_output()
    })?;
    ensure!(output.status.success(), "{program} failed");
    Ok(output.stdout)
}

fn collect(folder: &Path, modules: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, modules)?;
        } else if let Some((name, _)) =
            path.file_name().and_then(|name| name.to_str()).and_then(|n| n.split_once(".ko"))
        {
            modules.insert(plain(name), path);
        }
    }
    Ok(())
}

/// Modules are named with hyphens in files and with underscores elsewhere.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// What a module says that it depends on (`.modinfo`: entries of `name=value`, each ended by a zero byte).
fn dependencies(module: &[u8]) -> Vec<String> {
    let entry = module.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"depends="));
    let names = entry.map(String::from_utf8_lossy).unwrap_or_default();
    names.split(',').filter(|name| !name.is_empty()).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_names_what_it_needs() {
        assert_eq!(dependencies(b"\x7fELF\0license=GPL\0depends=hid,usb-core\0name=x\0"), ["hid", "usb_core"]);
        assert_eq!(dependencies(b"\x7fELF\0depends=\0"), [""; 0]);
        assert_eq!(dependencies(b""), [""; 0]);
    }

    #[test]
    fn an_image_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for image in [&[][..], &[0; 600], &[0xff; 0x300]] {
            assert!(decompress(image, &folder.path().join("out")).is_err());
        }
    }
}
