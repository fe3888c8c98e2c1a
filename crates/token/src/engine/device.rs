//! The device's own keys and certificates: birth and installation. `docs/spec.md`, §4.

use keyfob_crypto::{AgreementKey, BadKey, Crypto, Entropy, PublicKey, Secret, SigningKey};
use keyfob_signed::{BirthRequest, MakerRoot, Usage, sign};
use keyfob_wire::body::InstallRequest;
use keyfob_wire::init::TokenState;
use keyfob_wire::{Serial, Status};

use super::sealed_store::{SealedStore, room};
use super::{Engine, StartError, key};
use crate::platform::Platform;

/// The stored value: serial, handshake key, signing key, and the public keys of both, so that a power-up needn't work
/// them out again.
const SIZE: usize = 8 + 2 * 32 + 2 * 33;

/// The device's keys.
pub(super) struct Device<C: Crypto> {
    pub(super) serial: Serial,
    pub(super) handshake: C::Agreement,
    pub(super) signing: C::Signing,
    pub(super) is_certified: bool,
}

impl<C: Crypto> Device<C> {
    fn from_stored(stored: &[u8]) -> Option<Result<Self, BadKey>> {
        let (serial, keys) = stored.split_first_chunk()?;
        let (handshake, rest) = keys.split_first_chunk()?;
        let (signing, rest) = rest.split_first_chunk()?;
        let (public_handshake, rest) = rest.split_first_chunk()?;
        let public_signing = PublicKey(rest.try_into().ok()?);
        let (handshake, signing) = (Secret::new(*handshake), Secret::new(*signing));
        Some((|| {
            Ok(Self {
                serial: Serial(*serial),
                handshake: C::Agreement::from_pair(&handshake, &PublicKey(*public_handshake))?,
                signing: C::Signing::from_pair(&signing, &public_signing)?,
                is_certified: false,
            })
        })())
    }
}

impl<P: Platform> Engine<P> {
    pub(super) fn load_device(&mut self) -> Result<(), StartError> {
        let mut stored = Secret::<{ room(SIZE) }>::zero();
        let found = self.store.get(key::DEVICE, stored.expose_mut()).map_err(|status| match status {
            Status::OtherChip => StartError::OtherChip,
            _ => StartError::Corrupt,
        })?;
        let Some(bytes) = found else {
            return Ok(());
        };
        let Some(Ok(mut device)) = Device::from_stored(bytes) else {
            return Err(StartError::Corrupt);
        };
        device.is_certified = self.store.contains(key::CERTIFICATES).map_err(|_| StartError::Corrupt)?;
        self.device.set(device);
        Ok(())
    }

    /// BIRTH: makes the device keys if there are none, and asks for their certification.
    #[inline(never)]
    pub(crate) fn birth(&mut self, nonce: &[u8], out: &mut [u8]) -> Result<usize, Status> {
        let nonce = nonce.try_into().map_err(|_| Status::BadRequest)?;
        if self.life() == TokenState::Ready {
            return Err(Status::AlreadyInstalled);
        }
        if self.device.is_empty() {
            self.make_device_keys()?;
        }
        let device = self.device.as_ref().ok_or(Status::StorageFailed)?;
        let request = BirthRequest {
            serial: device.serial,
            board: P::BOARD,
            levels: P::LEVELS,
            handshake: device.handshake.public(),
            signing: device.signing.public(),
            nonce,
            firmware: P::FIRMWARE,
        };
        let signed = sign::<P::Crypto, _>(&request, &(), &device.signing, self.platform.entropy(), out);
        signed.map(<[u8]>::len).map_err(|_| Status::StorageFailed)
    }

    fn make_device_keys(&mut self) -> Result<(), Status> {
        let entropy = self.platform.entropy();
        let mut serial = Serial::default();
        entropy.fill(&mut serial.0);
        let handshake = <P::Crypto as Crypto>::Agreement::generate(entropy);
        let signing = <P::Crypto as Crypto>::Signing::generate(entropy);
        let mut value = Secret::<SIZE>::zero();
        let (secret_handshake, secret_signing) = (handshake.to_secret(), signing.to_secret());
        let (public_handshake, public_signing) = (handshake.public(), signing.public());
        let secrets = secret_handshake.expose().iter().chain(secret_signing.expose());
        let parts = serial.0.iter().chain(secrets).chain(&public_handshake.0).chain(&public_signing.0);
        value.expose_mut().iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        let mut transaction = self.store.begin();
        transaction.put(key::DEVICE, value.expose())?;
        transaction.commit()?;
        self.device.set(Device { serial, handshake, signing, is_certified: false });
        Ok(())
    }

    /// INSTALL: takes the device's certificates, once.
    #[inline(never)]
    pub(crate) fn install(&mut self, request: &[u8]) -> Result<(), Status> {
        let device = match self.device.as_mut() {
            None => return Err(Status::NotReady),
            Some(device) if device.is_certified => return Err(Status::AlreadyInstalled),
            Some(device) => device,
        };
        let chain = InstallRequest::parse(request).map_err(|_| Status::BadRequest)?;
        let root = MakerRoot(PublicKey(chain.maker_root));
        let certified = |certificate: &[u8], usage| {
            let certificate = root.verify_device::<P::Crypto>(chain.batch, certificate, device.serial, usage);
            certificate.map_err(|_| Status::CertificateRefused)
        };
        let handshake = certified(chain.device_handshake, Usage::Handshake)?;
        let signing = certified(chain.device_signing, Usage::Signing)?;
        let levels = Some(P::LEVELS);
        if handshake.key != device.handshake.public()
            || signing.key != device.signing.public()
            || handshake.levels() != levels
            || signing.levels() != levels
        {
            return Err(Status::CertificateRefused);
        }
        let value = self.scratch.get_mut(..request.len()).ok_or(Status::TooLong)?;
        keyfob_wire::cursor::copy(value, request);
        let mut transaction = self.store.begin();
        transaction.put_in_place(key::CERTIFICATES, &mut self.scratch, request.len())?;
        transaction.commit()?;
        device.is_certified = true;
        Ok(())
    }
}

/// Reads the device's certificates into `scratch`.
pub(super) fn certificates<'b, P: Platform>(
    store: &mut SealedStore<P>,
    scratch: &'b mut [u8],
) -> Result<InstallRequest<'b>, Status> {
    let stored = store.get(key::CERTIFICATES, scratch)?.ok_or(Status::NotReady)?;
    InstallRequest::parse(stored).map_err(|_| Status::StorageFailed)
}
