//! Bytes that must not leak.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Entropy;

/// `N` secret bytes, overwritten when dropped.
///
/// # Security
/// It can't be printed and isn't copied silently, and comparing takes the same time whatever the
/// bytes are:
///
/// ```compile_fail,E0277
/// println!("{:?}", keyfob_crypto::Secret::new([7; 32]));
/// ```
/// ```compile_fail,E0277
/// println!("{}", keyfob_crypto::Secret::new([7; 32]));
/// ```
/// ```compile_fail,E0382
/// let key = keyfob_crypto::Secret::new([7; 32]);
/// let moved = key;
/// key.expose();
/// ```
#[derive(Clone)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes over `bytes`; the caller's own copy stays the caller's to overwrite.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Makes a secret of `N` zero bytes, to be written through [`expose_mut`](Self::expose_mut).
    #[must_use]
    pub const fn zero() -> Self {
        Self([0; N])
    }

    /// Copies `bytes`, or is `None` if they aren't exactly `N`.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Makes a secret of random bytes.
    #[must_use]
    pub fn random(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let mut secret = Self::zero();
        entropy.fill(&mut secret.0);
        secret
    }

    /// Gives the bytes to code that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Gives the bytes to code that writes them.
    #[must_use]
    pub const fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other)
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_every_byte() {
        let secret = Secret::new([7; 32]);
        assert!(secret == Secret::new([7; 32]));
        for position in 0..32 {
            let mut other = secret.clone();
            other.expose_mut()[position] ^= 1;
            assert!(secret != other, "byte {position}");
        }
    }

    #[test]
    fn takes_exactly_its_size() {
        assert!(Secret::<4>::from_slice(&[1, 2, 3]).is_none());
        assert!(Secret::<4>::from_slice(&[1, 2, 3, 4, 5]).is_none());
        assert!(Secret::<4>::from_slice(&[1, 2, 3, 4]).unwrap() == Secret::new([1, 2, 3, 4]));
    }

    #[test]
    fn random_is_what_the_source_gave() {
        struct Sevens;
        impl Entropy for Sevens {
            fn fill(&mut self, out: &mut [u8]) {
                out.fill(7);
            }
        }
        assert!(Secret::random(&mut Sevens) == Secret::new([7; 32]));
        let dynamic: &mut dyn Entropy = &mut Sevens;
        assert!(Secret::random(dynamic) == Secret::new([7; 12]));
    }

    #[test]
    fn zeroize_overwrites_and_drop_is_real() {
        let mut secret = Secret::new([7; 32]);
        secret.zeroize();
        assert_eq!(secret.expose(), &[0; 32]);
        assert!(core::mem::needs_drop::<Secret<32>>());
    }
}
