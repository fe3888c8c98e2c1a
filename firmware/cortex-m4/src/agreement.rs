//! Diffie-Hellman (SP 800-56A §5.7.1.2).

use keyfob_crypto::{AgreementKey, BadKey, Entropy, PublicKey, Secret};
use p256_cm4::ecdh_calc_shared_secret;

use crate::point::Point;
use crate::scalar::Scalar;
use crate::{signing, stack};

/// A Diffie-Hellman key with its public key worked out once.
pub struct Agreement {
    secret: Scalar,
    public: PublicKey,
}

impl AgreementKey for Agreement {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let (secret, point) = signing::generate(entropy);
        Self { secret, public: point.encode() }
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        let secret = Scalar::decode(secret)?;
        let public = signing::public(&secret)?.encode();
        Ok(Self { secret, public })
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        Ok(Self { secret: Scalar::decode(secret)?, public: *public })
    }

    fn to_secret(&self) -> Secret<32> {
        self.secret.encode()
    }

    fn public(&self) -> PublicKey {
        self.public
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey> {
        let Point { x, y } = Point::decode(peer)?;
        let mut shared = Secret::zero();
        let agreed = stack::apart(|| ecdh_calc_shared_secret(shared.expose_mut(), self.secret.words(), &x, &y));
        if agreed { Ok(shared) } else { Err(BadKey) }
    }
}
