//! A board's randomness: samples that passed their tests, conditioned, seed a generator.

use keyfob_crypto::{Entropy, Secret, Sha256};

use crate::drbg::HmacDrbg;
use crate::health::{HealthTests, STARTUP_SAMPLES};
use crate::{Failure, Noise};

/// How often in a row a source may fail its tests before it is taken for broken. Each time it is started anew: its next
/// samples are tested and thrown away.
pub const TRIES: u32 = 3;

/// Random bytes from a noise source.
///
/// # Security
/// Each seed is 256 bits of full entropy: a hash, which is a vetted conditioning component, of samples whose
/// min-entropy is at least 320 bits (SP 800-90B §3.1.5.1.2, SP 800-90C §3.1). After a source has failed for good, no
/// byte is given any more.
pub struct Generator<N: Noise> {
    noise: N,
    tests: HealthTests<N>,
    drbg: HmacDrbg,
    failed_tests: u32,
    broken: Option<Failure>,
}

impl<N: Noise> Generator<N> {
    /// Tests the source and makes the first seed, or stops the board. The chip's unique id personalises the generator.
    #[must_use]
    pub fn start(noise: N, unique_id: &[u8]) -> Self {
        let (mut generator, failure) = Self::new(noise, unique_id);
        match failure {
            None => generator,
            Some(failure) => generator.noise.halt(failure),
        }
    }

    /// As [`start`](Self::start), for a board that shows what is wrong before it stops.
    ///
    /// # Errors
    /// The source and what is wrong with it.
    pub fn try_start(noise: N, unique_id: &[u8]) -> Result<Self, (N, Failure)> {
        let (generator, failure) = Self::new(noise, unique_id);
        match failure {
            None => Ok(generator),
            Some(failure) => Err((generator.noise, failure)),
        }
    }

    fn new(noise: N, unique_id: &[u8]) -> (Self, Option<Failure>) {
        let mut generator = Self {
            noise,
            tests: HealthTests::new(),
            drbg: HmacDrbg::new(&[], &[], &[]),
            failed_tests: 0,
            broken: None,
        };
        let started = generator.start_up().and_then(|()| {
            let (entropy, nonce) = (generator.seed()?, generator.seed()?);
            generator.drbg = HmacDrbg::new(entropy.expose(), nonce.expose(), unique_id);
            Ok(())
        });
        (generator, started.err())
    }

    /// Fills `out`.
    ///
    /// # Errors
    /// What is wrong with the source. `out` then holds zeros, and no later call succeeds.
    pub fn try_fill(&mut self, out: &mut [u8]) -> Result<(), Failure> {
        let filled = out.chunks_mut(1 << 16).try_for_each(|chunk| self.request(chunk));
        if filled.is_err() {
            out.fill(0);
        }
        filled
    }

    fn request(&mut self, out: &mut [u8]) -> Result<(), Failure> {
        if let Some(failure) = self.broken {
            return Err(failure);
        }
        if self.drbg.generate(out, &[]).is_ok() {
            return Ok(());
        }
        let seed = self.seed()?;
        self.drbg.reseed(seed.expose(), &[]);
        self.drbg.generate(out, &[]).map_err(|_| Failure::Hardware)
    }

    /// Takes in a new seed now, as before something worth it.
    ///
    /// # Errors
    /// What is wrong with the source; no later call succeeds.
    pub fn reseed(&mut self) -> Result<(), Failure> {
        let seed = self.seed()?;
        self.drbg.reseed(seed.expose(), &[]);
        Ok(())
    }

    /// How many tests the source has failed since power-up.
    #[must_use]
    pub fn failed_tests(&self) -> u32 {
        self.failed_tests
    }

    /// Tests the source from the start, and again if it fails.
    fn start_up(&mut self) -> Result<(), Failure> {
        let mut result = Err(Failure::Hardware);
        for _ in 0..TRIES {
            self.tests = HealthTests::new();
            result = (0..STARTUP_SAMPLES).try_for_each(|_| self.sample().map(|_| ()));
            if result.is_ok() {
                return result;
            }
        }
        self.broken = result.err();
        self.drbg = HmacDrbg::new(&[], &[], &[]);
        result
    }

    /// Makes 256 bits of full entropy.
    fn seed(&mut self) -> Result<Secret<32>, Failure> {
        for _ in 0..TRIES {
            if let Some(failure) = self.broken {
                return Err(failure);
            }
            match self.condition() {
                Ok(seed) => return Ok(seed),
                // Begun anew: of what was taken in before the failure nothing is used.
                Err(_) => self.start_up()?,
            }
        }
        let failure = self.broken.unwrap_or(Failure::Hardware);
        self.broken = Some(failure);
        self.drbg = HmacDrbg::new(&[], &[], &[]);
        Err(failure)
    }

    fn condition(&mut self) -> Result<Secret<32>, Failure> {
        let mut hash = Sha256::new();
        for _ in 0..Self::SAMPLES {
            hash.update(&[self.sample()?]);
        }
        Ok(Secret::new(hash.finish()))
    }

    fn sample(&mut self) -> Result<u8, Failure> {
        let sample = self.noise.sample().map_err(Failure::from).and_then(|sample| {
            let sample = sample & Self::MASK;
            self.tests.check(sample).map(|()| sample)
        });
        if sample.is_err() {
            self.failed_tests = self.failed_tests.saturating_add(1);
        }
        sample
    }

    /// The bits of a sample that vary.
    const MASK: u8 = u8::MAX >> (8 - N::BITS);

    /// How many samples have 320 bits of min-entropy.
    pub const SAMPLES: u32 = (320 * 256u32).div_ceil(N::MIN_ENTROPY);
}

impl<N: Noise> Entropy for Generator<N> {
    fn fill(&mut self, out: &mut [u8]) {
        if let Err(failure) = self.try_fill(out) {
            self.noise.halt(failure);
        }
    }
}
