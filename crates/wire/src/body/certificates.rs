//! Lists of certificates.

use minicbor::{Encode, Encoder, encode};

use crate::{Decoder, Malformed, NoSpace};

/// The most certificates that one list holds.
pub const MAX_CERTIFICATES: usize = 2;

/// At most two certificates, the one nearest to the root first. None says that the root signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Certificates<'a> {
    list: [Option<&'a [u8]>; MAX_CERTIFICATES],
}

impl<'a> Certificates<'a> {
    /// Collects certificates.
    ///
    /// # Errors
    /// If there are more than [`MAX_CERTIFICATES`].
    pub fn new(certificates: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NoSpace> {
        let mut list = [None; MAX_CERTIFICATES];
        let mut places = list.iter_mut();
        for certificate in certificates {
            *places.next().ok_or(NoSpace)? = Some(certificate);
        }
        Ok(Self { list })
    }

    /// The certificates in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.list.into_iter().flatten()
    }

    /// The only certificate, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<&'a [u8]> {
        match self.list {
            [Some(certificate), None] => Some(certificate),
            _ => None,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let count = decoder.array()?;
        let mut list = [None; MAX_CERTIFICATES];
        let mut places = list.iter_mut();
        for _ in 0..count {
            *places.next().ok_or(Malformed)? = Some(decoder.bytes()?);
        }
        Ok(Self { list })
    }
}

impl<C> Encode<C> for Certificates<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(self.iter().map(|_| 1).sum())?;
        self.iter().try_for_each(|certificate| e.bytes(certificate)?.ok())
    }
}
