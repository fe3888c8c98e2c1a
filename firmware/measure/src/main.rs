//! Instructions of the cryptography on a Cortex-M4, by QEMU's `-icount shift=0`: SysTick counts them.
#![no_std]
#![no_main]

mod clock;
mod curve;

use core::hint::black_box;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use keyfob_crypto::{AeadKey, Aes256Gcm, AgreementKey, Crypto, Entropy, RustCrypto, Secret, SigningKey, sha256};

use clock::Clock;

#[entry]
fn main() -> ! {
    let Some(mut clock) = Clock::start() else { end(EXIT_FAILURE) };
    symmetric(&mut clock);
    #[cfg(keyfob_assembly)]
    through_the_trait::<keyfob_cortex_m4::CortexM4>(
        &mut clock,
        ["assembly key", "assembly agree", "assembly sign, verified", "assembly verify"],
    );
    through_the_trait::<RustCrypto>(&mut clock, ["key", "agree", "sign, verified", "verify"]);
    curve::measure(&mut clock);
    end(EXIT_SUCCESS)
}

/// What the token does with public keys, through the trait that it does it by.
fn through_the_trait<C: Crypto>(clock: &mut Clock, names: [&str; 4]) {
    let secret = Secret::new([0x42; 32]);
    let digest = [7; 32];
    let [key_name, agree, sign, verify] = names;
    clock.count(key_name, || C::Agreement::from_secret(black_box(&secret)).is_ok());
    let (Ok(key), Ok(signer)) = (C::Agreement::from_secret(&secret), C::Signing::from_secret(&secret)) else {
        end(EXIT_FAILURE)
    };
    clock.count(agree, || key.agree(black_box(&key.public())).is_ok());
    clock.count(sign, || signer.sign_digest(black_box(&digest), &mut Same).is_ok());
    let Ok(signature) = signer.sign_digest(&digest, &mut Same) else { end(EXIT_FAILURE) };
    let public = signer.public();
    clock.count(verify, || C::verify_digest(black_box(&public), &digest, &signature).is_ok());
}

/// What every implementation has in common.
fn symmetric(clock: &mut Clock) {
    let secret = Secret::new([0x42; 32]);
    clock.count("SHA-256 of 64 bytes", || black_box(sha256(&[black_box(&[7; 64])]))[0] != 1);
    clock.count("AES-256, key expanded", || {
        black_box(Aes256Gcm::new(black_box(&secret)));
        true
    });
    let aead = Aes256Gcm::new(&secret);
    let mut text = [7; 64];
    clock.count("AES-256-GCM, 64 bytes sealed", || {
        black_box(aead.seal(&[0; 12], &[], black_box(&mut text)));
        true
    });
    let (mut request, mut answer) = ([0; 25], [0; 37]);
    clock.count("AES-256-GCM, a check's four", || {
        let tag = aead.seal(&[0; 12], &[], black_box(&mut request));
        let first = aead.open(&[0; 12], &[], black_box(&mut request), &tag).is_ok();
        let tag = aead.seal(&[0; 12], &[], black_box(&mut answer));
        first && aead.open(&[0; 12], &[], black_box(&mut answer), &tag).is_ok()
    });
}

/// The same bytes each time: a count is to be the same from run to run.
struct Same;

impl Entropy for Same {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0x5a);
    }
}

fn end(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    end(EXIT_FAILURE)
}
