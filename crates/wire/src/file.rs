//! What a file is. Spec §8.5.

/// The longest file, in bytes; the shortest has one.
pub const MAX_FILE: u16 = 4096;

/// The longest label, in bytes.
pub const MAX_LABEL: usize = 48;

/// The most bytes that one request reads, writes or encrypts; the least is one.
pub const MAX_TRANSFER: usize = 2048;

/// Who may write a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileKind {
    /// Apps and updates.
    ReadWrite = 1,
    /// Updates only.
    ReadOnly = 2,
    /// An app once, and updates.
    WriteOnce = 3,
    /// Updates only; it is text to be shown to people.
    Label = 4,
}

impl FileKind {
    /// All kinds, in order of their numbers.
    pub const ALL: [Self; 4] = [Self::ReadWrite, Self::ReadOnly, Self::WriteOnce, Self::Label];

    /// The kind's number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::ReadWrite => 1,
            Self::ReadOnly => 2,
            Self::WriteOnce => 3,
            Self::Label => 4,
        }
    }

    /// Finds the kind of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::WriteOnce => "write-once",
            Self::Label => "label",
        }
    }

    /// Whether a file of this kind may have that size.
    #[must_use]
    pub fn allows(self, size: u16) -> bool {
        let label = self == Self::Label && usize::from(size) > MAX_LABEL;
        (1..=MAX_FILE).contains(&size) && !label
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded_by_kind() {
        assert_eq!((0..=u8::MAX).filter_map(FileKind::from_number).count(), FileKind::ALL.len());
        for kind in FileKind::ALL {
            assert_eq!(FileKind::from_number(kind.number()), Some(kind));
            let most = if kind == FileKind::Label { 48 } else { 4096 };
            assert!((0..=u16::MAX).all(|size| kind.allows(size) == (1..=most).contains(&size)), "{}", kind.word());
        }
    }
}
