//! What the computer is like, as far as it explains why a fob isn't there: containers, virtual machines, sessions from
//! afar. Nothing is decided by it; it only changes what is said.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

/// What the computer is like.
#[derive(Serialize, Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Surroundings {
    /// `linux`, `windows`, `macos` …
    pub(super) system: &'static str,
    /// The kernel's version, without what its builder has added.
    pub(super) kernel: Option<String>,
    pub(super) container: Option<&'static str>,
    pub(super) virtual_machine: Option<&'static str>,
    /// Windows' subsystem for Linux.
    pub(super) wsl: bool,
    pub(super) sandbox: Option<&'static str>,
    /// The user's session comes over a network.
    pub(super) remote: bool,
    /// Whether udev runs, if the system has it.
    pub(super) udev: Option<bool>,
    /// Whether a rule for fobs is installed.
    pub(super) rule: Option<bool>,
}

/// Finds a system's files, and the variables of the process.
pub(super) struct Look<'a> {
    pub(super) system: &'static str,
    pub(super) root: &'a Path,
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
}

/// What a container's first process belongs to, or what the container says itself.
const CONTAINERS: &[(&str, &str)] = &[
    ("kubepods", "kubernetes"),
    ("docker", "docker"),
    ("libpod", "podman"),
    ("podman", "podman"),
    ("systemd-nspawn", "systemd-nspawn"),
    ("lxc", "lxc"),
    ("containerd", "containerd"),
    ("oci", "another"),
];

/// What firmware says of its maker or product.
const MACHINES: &[(&str, &str)] = &[
    ("VirtualBox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("VMware", "vmware"),
    ("QEMU", "qemu"),
    ("KVM", "kvm"),
    ("Bochs", "qemu"),
    ("Xen", "xen"),
    ("Parallels", "parallels"),
    ("Virtual Machine", "hyper-v"),
    ("Amazon EC2", "amazon-ec2"),
    ("Google Compute Engine", "google-compute-engine"),
];

const RULE_FOLDERS: [&str; 4] = ["etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"];

impl Surroundings {
    pub(super) fn of(look: &Look<'_>) -> Self {
        let is_linux = look.system == "linux";
        let wsl = look.contains("proc/sys/kernel/osrelease", "microsoft");
        let has_rule = || RULE_FOLDERS.iter().any(|folder| look.is_there(&format!("{folder}/70-keyfob.rules")));
        Self {
            system: look.system,
            kernel: look.text("proc/sys/kernel/osrelease").and_then(|release| version(&release)),
            container: look.container(),
            virtual_machine: if wsl { None } else { look.virtual_machine() },
            wsl,
            sandbox: look.sandbox(),
            remote: look.is_remote(),
            udev: is_linux.then(|| look.is_there("run/udev/control")),
            rule: is_linux.then(has_rule),
        }
    }
}

impl Look<'_> {
    fn container(&self) -> Option<&'static str> {
        let named = |text: &str| CONTAINERS.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name);
        let said = self.text("run/systemd/container").or_else(|| (self.variable)("container"));
        if self.is_there(".dockerenv") {
            Some("docker")
        } else if self.is_there("run/.containerenv") {
            Some("podman")
        } else if let Some(said) = said.filter(|said| !said.trim().is_empty() && !said.contains("flatpak")) {
            Some(named(&said).unwrap_or("another"))
        } else {
            // The last one of the path is the innermost.
            self.text("proc/1/cgroup").and_then(|groups| named(&groups))
        }
    }

    fn virtual_machine(&self) -> Option<&'static str> {
        let words = ["sys_vendor", "product_name", "board_vendor"]
            .map(|file| self.text(&format!("sys/class/dmi/id/{file}")).unwrap_or_default())
            .concat();
        let named = MACHINES.iter().find(|(word, _)| words.contains(word)).map(|(_, name)| *name);
        let is_flagged = || {
            let processors = self.text("proc/cpuinfo").unwrap_or_default();
            let flags = processors.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
            flags.split_whitespace().any(|flag| flag == "hypervisor").then_some("another")
        };
        named.or_else(is_flagged)
    }

    fn sandbox(&self) -> Option<&'static str> {
        if self.is_there(".flatpak-info") {
            Some("flatpak")
        } else {
            (self.variable)("SNAP").filter(|path| !path.is_empty()).map(|_| "snap")
        }
    }

    fn is_remote(&self) -> bool {
        let is_set = |name| (self.variable)(name).is_some_and(|value| !value.is_empty());
        // Windows' terminal services call their sessions so.
        let is_terminal_service = || (self.variable)("SESSIONNAME").is_some_and(|name| name.starts_with("RDP-"));
        is_set("SSH_CONNECTION") || is_set("SSH_TTY") || self.system == "windows" && is_terminal_service()
    }

    fn is_there(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    fn contains(&self, path: &str, word: &str) -> bool {
        self.text(path).is_some_and(|text| text.to_lowercase().contains(word))
    }

    /// The begin of a file.
    fn text(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(self.root.join(path)).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

const LONGEST: u64 = 64 << 10;

/// The numbers that a kernel's release begins with; what follows may name a computer.
fn version(release: &str) -> Option<String> {
    let numbers: String = release.chars().take_while(|sign| sign.is_ascii_digit() || *sign == '.').take(20).collect();
    let numbers = numbers.trim_end_matches('.');
    (!numbers.is_empty()).then(|| numbers.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is said of a system with these files and variables, from the field on that is asked for.
    fn found(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Surroundings {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Surroundings::of(&Look { system: "linux", root: root.path(), variable: &variable })
    }

    const PLAIN: Surroundings = Surroundings {
        system: "linux",
        kernel: None,
        container: None,
        virtual_machine: None,
        wsl: false,
        sandbox: None,
        remote: false,
        udev: Some(false),
        rule: Some(false),
    };

    #[test]
    fn a_system_of_which_nothing_is_known_is_plain() {
        assert_eq!(found(&[], &[]), PLAIN);
        let nothing = [("SSH_CONNECTION", ""), ("SNAP", ""), ("container", ""), ("SESSIONNAME", "RDP-Tcp#1")];
        let files = [
            ("proc/1/cgroup", "0::/init.scope\n"),
            ("proc/cpuinfo", "flags\t\t: fpu hypervisors\nbugs : hypervisor\n"),
            ("sys/class/dmi/id/sys_vendor", "LENOVO\n"),
        ];
        assert_eq!(found(&files, &nothing), PLAIN);
    }

    #[test]
    fn containers() {
        for (path, text, name) in [
            (".dockerenv", "", "docker"),
            ("run/.containerenv", "", "podman"),
            ("run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
            ("run/systemd/container", "new-kind\n", "another"),
            ("proc/1/cgroup", "12:devices:/docker/0123\n", "docker"),
            ("proc/1/cgroup", "0::/kubepods/besteffort/pod1/docker-1\n", "kubernetes"),
            ("proc/1/cgroup", "0::/lxc.payload.a\n", "lxc"),
        ] {
            assert_eq!(found(&[(path, text)], &[]), Surroundings { container: Some(name), ..PLAIN }, "{path} {text}");
        }
        assert_eq!(found(&[], &[("container", "oci")]).container, Some("another"));
    }

    #[test]
    fn machines_that_are_none() {
        for (vendor, name) in [
            ("QEMU", "qemu"),
            ("innotek GmbH", "virtualbox"),
            ("VMware, Inc.", "vmware"),
            ("Xen", "xen"),
            ("Amazon EC2", "amazon-ec2"),
        ] {
            let found = found(&[("sys/class/dmi/id/sys_vendor", vendor)], &[]);
            assert_eq!(found, Surroundings { virtual_machine: Some(name), ..PLAIN });
        }
        let product = [
            ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation"),
            ("sys/class/dmi/id/product_name", "Virtual Machine"),
        ];
        assert_eq!(found(&product, &[]).virtual_machine, Some("hyper-v"));
        let surface =
            [("sys/class/dmi/id/sys_vendor", "Microsoft Corporation"), ("sys/class/dmi/id/product_name", "Surface")];
        assert_eq!(found(&surface, &[]).virtual_machine, None);
        let flag = [("proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor sse\n")];
        assert_eq!(found(&flag, &[]).virtual_machine, Some("another"));
    }

    /// It runs in a virtual machine as well, which nobody can hand a fob to.
    #[test]
    fn windows_subsystem() {
        let files = [
            ("proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n"),
            ("proc/cpuinfo", "flags : hypervisor\n"),
        ];
        let expected = Surroundings { wsl: true, kernel: Some("5.15.167.4".into()), ..PLAIN };
        assert_eq!(found(&files, &[]), expected);
    }

    #[test]
    fn sandboxes_and_sessions() {
        assert_eq!(found(&[(".flatpak-info", "")], &[("container", "flatpak")]).sandbox, Some("flatpak"));
        assert_eq!(found(&[(".flatpak-info", "")], &[("container", "flatpak")]).container, None);
        assert_eq!(found(&[], &[("SNAP", "/snap/x/1")]).sandbox, Some("snap"));
        assert!(found(&[], &[("SSH_CONNECTION", "192.0.2.1 5 192.0.2.2 22")]).remote);
        let services = |_: &str| Some("RDP-Tcp#3".to_owned());
        let windows = Surroundings::of(&Look { system: "windows", root: Path::new("/nowhere"), variable: &services });
        assert!(windows.remote && windows.udev.is_none() && windows.rule.is_none());
    }

    #[test]
    fn udev_and_its_rules() {
        assert_eq!(found(&[("run/udev/control", "")], &[]), Surroundings { udev: Some(true), ..PLAIN });
        for folder in RULE_FOLDERS {
            let found = found(&[(&format!("{folder}/70-keyfob.rules"), "")], &[]);
            assert_eq!(found, Surroundings { rule: Some(true), ..PLAIN });
        }
    }

    /// Kernels carry names that people and companies give them.
    #[test]
    fn of_a_kernel_only_numbers_are_told() {
        for (release, told) in [
            ("6.1.0-18-amd64\n", Some("6.1.0")),
            ("6.8.12-ann-laptop", Some("6.8.12")),
            ("ann", None),
            ("", None),
            ("5.", Some("5")),
        ] {
            assert_eq!(version(release).as_deref(), told);
        }
    }
}
