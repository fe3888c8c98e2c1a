//! By what a host tells one device from another.

/// Whose device it is, and which one. A maker of tokens has ids and texts of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// `idVendor`.
    pub vendor_id: u16,
    /// `idProduct`.
    pub product_id: u16,
    /// `bcdDevice`.
    pub release: Release,
    /// The maker's name, at most 126 UTF-16 units.
    pub manufacturer: &'static str,
    /// The product's name, at most 126 UTF-16 units.
    pub product: &'static str,
    /// The serial number; none while the token has none.
    pub serial: Option<SerialNumber>,
}

impl Identity {
    /// A token that nobody else has given a name.
    #[must_use]
    pub const fn keyfob(release: Release, serial: Option<SerialNumber>) -> Self {
        Self {
            vendor_id: crate::VENDOR_ID,
            product_id: crate::PRODUCT_ID,
            release,
            manufacturer: "Keyfob",
            product: "Keyfob token",
            serial,
        }
    }
}

/// A device's release in binary-coded decimals (USB §9.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release(pub u16);

impl Release {
    /// A firmware's version as JJ.M.N. A part that is too large for its digits is shown as large as they can.
    #[must_use]
    pub fn of_version([major, minor, patch]: [u8; 3]) -> Self {
        let [major, minor, patch] = [major.min(99), minor.min(9), patch.min(9)].map(u16::from);
        Self((major / 10) << 12 | (major % 10) << 8 | minor << 4 | patch)
    }
}

/// A serial number's text: 1 to 32 letters, digits and hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialNumber {
    text: [u8; Self::MAX],
    length: usize,
}

impl SerialNumber {
    /// How long a text may be.
    pub const MAX: usize = 32;

    /// Takes a text; none if it is too long, empty, or has other characters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_fine = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !text.is_empty();
        let mut taken = Self { text: [0; Self::MAX], length: text.len() };
        let place = taken.text.get_mut(..text.len()).filter(|_| is_fine)?;
        // Without the panic that `copy_from_slice` would leave in an image.
        place.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Some(taken)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get(..self.length).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default()
    }
}
