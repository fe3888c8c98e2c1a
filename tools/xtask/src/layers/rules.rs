//! The rules: one row for each place.

/// What a place may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    /// These places, and these others only behind a feature that is off by default.
    Use { always: &'static [&'static str], optional: &'static [&'static str] },
    /// Every place but these.
    UseAllBut(&'static [&'static str]),
}

/// A place and what may be used from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// A folder below the root, or all folders in one if it ends in `/`.
    pub(crate) place: &'static str,
    /// What may be used there.
    pub(crate) may: May,
    /// Whether [`PRIMITIVES`] may be used there.
    pub(crate) primitives: bool,
}

/// The rules. A place without a row is refused, so a new package brings its row.
pub(crate) const RULES: &[Rule] = &[
    only("crates/wire", &[]),
    Rule { primitives: true, ..only("crates/crypto", &[]) },
    only("crates/store", &[]),
    only("crates/pcapng", &[]),
    only("crates/board", &[]),
    only("crates/anchor", &[]),
    only("crates/uf2", &[]),
    only("crates/entropy", &["crates/crypto"]),
    only("crates/usb", &[]),
    only("crates/usbip", &[]),
    only("crates/usbredir", &[]),
    only("crates/signed", &["crates/wire", "crates/crypto"]),
    only("crates/channel", &["crates/signed", "crates/wire", "crates/crypto"]),
    only("crates/licence", &["crates/signed", "crates/wire", "crates/crypto"]),
    only(
        "crates/token",
        &["crates/wire", "crates/crypto", "crates/signed", "crates/channel", "crates/licence", "crates/store"],
    ),
    only("crates/client", &["crates/wire", "crates/crypto", "crates/signed", "crates/channel", "crates/licence"]),
    only(
        "crates/emulator",
        &[
            "crates/token",
            "crates/store",
            "crates/signed",
            "crates/crypto",
            "crates/wire",
            "crates/usb",
            "crates/usbip",
            "crates/usbredir",
        ],
    ),
    only("crates/issuing", &["crates/licence", "crates/signed", "crates/crypto", "crates/wire"]),
    Rule {
        place: "host/keyfob",
        may: May::Use {
            always: &[
                "crates/client",
                "crates/wire",
                "crates/crypto",
                "crates/signed",
                "crates/channel",
                "crates/licence",
                "crates/pcapng",
                "crates/usb",
            ],
            optional: &["crates/emulator"],
        },
        primitives: false,
    },
    only(
        "tools/keyfob",
        &[
            "tools/terminal",
            "host/keyfob",
            "crates/emulator",
            "crates/wire",
            "crates/crypto",
            "crates/store",
            "crates/signed",
            "crates/channel",
            "crates/licence",
            "crates/token",
            "crates/client",
            "crates/pcapng",
            "crates/uf2",
            "crates/usb",
        ],
    ),
    only(
        "tools/keyfob-vendor",
        &[
            "tools/terminal",
            "host/keyfob",
            "crates/issuing",
            "crates/wire",
            "crates/crypto",
            "crates/store",
            "crates/signed",
            "crates/channel",
            "crates/licence",
            "crates/client",
        ],
    ),
    only("tools/terminal", &["host/keyfob"]),
    Rule { place: "tools/demo", may: May::UseAllBut(&["tools/xtask"]), primitives: false },
    only("tools/xtask", &["crates/board", "crates/crypto", "crates/uf2"]),
    // Tests are free to look at a primitive's other side.
    Rule { place: "tests/", may: May::UseAllBut(&["tools/xtask"]), primitives: true },
    // What is compared with our cryptography lies beside it.
    Rule { primitives: true, ..only("firmware/measure", &["crates/crypto", "firmware/cortex-m4"]) },
    only("firmware/cortex-m4", &["crates/crypto", "firmware/p256-cm4"]),
    only("firmware/p256-cm4", &[]),
    only("firmware/app", &["crates/token", "crates/crypto", "crates/entropy", "crates/usb", "crates/wire"]),
    // Boards wire the token; std crates don't build there, but for the one that reads the board's file.
    only(
        "firmware/boards/",
        &[
            "firmware/app",
            "firmware/boards/rp",
            "firmware/boards/stack",
            "firmware/cortex-m4",
            "crates/anchor",
            "crates/board",
            "crates/entropy",
            "crates/token",
            "crates/store",
            "crates/signed",
            "crates/crypto",
            "crates/wire",
        ],
    ),
    only("firmware/", &["crates/token", "crates/store", "crates/signed", "crates/crypto", "crates/wire"]),
];

/// The packages that make up the crypto implementation, for which everybody else goes through `crates/crypto`.
pub(crate) const PRIMITIVES: &[&str] = &["p256", "aes-gcm", "sha2"];

/// Crates that run on a PC only; all others in `crates/` are portable.
pub(crate) const STD_CRATES: &[&str] = &["crates/board", "crates/emulator", "crates/issuing"];

/// Finds the row of a place.
pub(crate) fn rule(place: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .find(|rule| if rule.place.ends_with('/') { place.starts_with(rule.place) } else { place == rule.place })
}

/// Tells whether a place holds a portable crate.
pub(crate) fn is_portable(place: &str) -> bool {
    place.starts_with("crates/") && !STD_CRATES.contains(&place)
}

const fn only(place: &'static str, always: &'static [&'static str]) -> Rule {
    Rule { place, may: May::Use { always, optional: &[] }, primitives: false }
}

impl May {
    /// Tells whether a place may be used, by a dependency that is always on or by an optional one.
    pub(crate) fn reach(self, target: &str, optionally: bool) -> bool {
        match self {
            May::Use { always, optional } => always.contains(&target) || (optionally && optional.contains(&target)),
            May::UseAllBut(refused) => !refused.contains(&target),
        }
    }
}

impl std::fmt::Display for May {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            May::Use { always: [], .. } => write!(f, "may use nothing of ours"),
            May::Use { always, optional: [] } => write!(f, "may use {}", always.join(", ")),
            May::Use { always, optional } => {
                write!(f, "may use {}, and optionally {}", always.join(", "), optional.join(", "))
            }
            May::UseAllBut(refused) => write!(f, "may use anything but {}", refused.join(", ")),
        }
    }
}
