//! What the guest has in its memory: the programs, the libraries that they load, and the kernel's modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::find;
use super::kernel::Kernel;
use super::programs::Programs;
use crate::process::{output, program, works};

/// What the guest needs of the kernel.
const MODULES: [&str; 6] = ["xhci_pci", "usbhid", "hid_generic", "virtio_pci", "virtio_console", "usbmon"];
/// What single steps load.
const LATER: [&str; 2] = ["uhid", "vhci_hcd"];
const FOLDERS: [&str; 8] = ["dev", "proc", "sys", "tmp", "run", "root", "etc", "var/run"];
/// Programs of the system that steps run, where they are there.
const TOOLS: [&str; 2] = ["usbip", "udevadm"];

/// Writes the archive and returns where it is.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn write(cache: &Path, kernel: &Kernel, programs: &Programs) -> Result<PathBuf> {
    let mut archive = Archive::default();
    FOLDERS.iter().for_each(|folder| archive.folder(folder));
    archive.file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/none\nuser:x:1000:1000::/tmp:/bin/none\n".to_vec());
    archive.program("init", &programs.guest)?;
    archive.program("bin/keyfob", &programs.keyfob)?;
    for tool in TOOLS {
        if let Some(path) = find(tool) {
            archive.program(&format!("bin/{tool}"), &path)?;
        }
    }
    let first = kernel.modules(&MODULES)?;
    let all = kernel.modules(&[&MODULES[..], &LATER].concat())?;
    for (number, (name, content)) in all.into_iter().enumerate() {
        let folder = if number < first.len() { "modules" } else { "modules/later" };
        archive.file(&format!("{folder}/{number:02}-{name}.ko"), 0o644, content);
    }
    let path = cache.join("initrd");
    fs::write(&path, archive.newc()).with_context(|| format!("can't write {}", path.display()))?;
    Ok(path)
}

/// Files and folders, by their names.
#[derive(Default)]
struct Archive(BTreeMap<String, (u32, Vec<u8>)>);

impl Archive {
    fn folder(&mut self, name: &str) {
        for (end, _) in name.match_indices('/') {
            self.0.entry(name[..end].to_owned()).or_insert((0o040_755, Vec::new()));
        }
        self.0.insert(name.to_owned(), (0o040_755, Vec::new()));
    }

    fn file(&mut self, name: &str, mode: u32, content: Vec<u8>) {
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.folder(folder);
        }
        self.0.insert(name.to_owned(), (0o100_000 | mode, content));
    }

    /// Adds a program and the libraries that it loads.
    fn program(&mut self, name: &str, path: &Path) -> Result<()> {
        let content = fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        self.file(name, 0o755, content);
        for library in libraries(path)? {
            let name = library.strip_prefix("/").unwrap_or(&library).to_string_lossy().into_owned();
            if !self.0.contains_key(&name) {
                let content = fs::read(&library).with_context(|| format!("can't read {}", library.display()))?;
                self.file(&name, 0o755, content);
            }
        }
        Ok(())
    }

    /// The archive in the format that the kernel reads (Linux's `Documentation/driver-api/early-userspace`: newc).
    fn newc(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let trailer = ("TRAILER!!!".to_owned(), (0, Vec::new()));
        let entries = self.0.iter().chain([(&trailer.0, &trailer.1)]);
        for (inode, (name, (mode, content))) in entries.enumerate() {
            let fields = [inode + 1, *mode as usize, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
            bytes.extend_from_slice(b"070701");
            fields.iter().for_each(|field| bytes.extend_from_slice(format!("{field:08x}").as_bytes()));
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

/// The libraries that a program loads, its loader included; none if it is linked statically.
fn libraries(path: &Path) -> Result<Vec<PathBuf>> {
    let mut ldd = program("ldd", &[]);
    if !works(ldd.arg(path)) {
        return Ok(Vec::new());
    }
    let listed = output(program("ldd", &[]).arg(path))?;
    let words = listed.lines().flat_map(|line| line.split_whitespace());
    Ok(words.filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_one() {
        let mut archive = Archive::default();
        archive.file("a/b/c", 0o644, b"hello".to_vec());
        let bytes = archive.newc();
        assert_eq!(bytes.len() % 4, 0);
        let names: Vec<_> = archive.0.keys().cloned().collect();
        assert_eq!(names, ["a", "a/b", "a/b/c"]);
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("070701").count(), 4);
        assert!(text.contains("hello\0\0\x00070701"));
        assert!(text.trim_end_matches('\0').ends_with("TRAILER!!!"));
    }
}
