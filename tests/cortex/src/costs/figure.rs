//! Single operations, and what is promised beside them.

use anyhow::{Context, Result};
use keyfob_wire::body::{CheckAnswer, CheckRequest};

use super::Costs;
use crate::calculations::{AGREE, COST, Cost, DECOMPRESS, HASH, KEY, SIGN, VERIFY};
use crate::machine::{Image, Machine, Pace};

/// What single operations cost.
pub(crate) struct Figures(pub(super) Costs);

/// A ratio that is promised.
pub(super) struct Ratio {
    pub(super) name: &'static str,
    pub(super) ours: u64,
    pub(super) floor: u64,
    pub(super) promise: f64,
    pub(super) of: &'static str,
}

impl Ratio {
    pub(super) fn value(&self) -> f64 {
        self.ours as f64 / self.floor as f64
    }

    /// Whether it is what was promised.
    pub(super) fn is_kept(&self) -> bool {
        self.value() <= self.promise
    }
}

/// A cold open's messages.
const OPENING: [&str; 3] = ["cold open: INIT", "cold open: OPEN", "cold open: FINISH"];
const SEAL: &str = "AES-256-GCM, a check's answer sealed";
const OPEN: &str = "AES-256-GCM, a check's request opened";

impl Figures {
    /// Measures them, of fixed keys and texts.
    ///
    /// # Errors
    /// If the image doesn't calculate.
    pub(crate) fn measure(image: &Image) -> Result<Self> {
        let mut machine = Machine::boot(image, Pace::Counted)?;
        let (secret, digest, added) = ([0x42; 32], [7; 32], [0x5a; 32]);
        let key = machine.calculate(KEY, &[&secret])?.context("no key")?;
        let signature = machine.calculate(SIGN, &[&secret, &digest, &added])?.context("no signature")?;
        let mut costs = Costs::new();
        let mut count = |name: &str, machine: &mut Machine, letter, parts: &[&[u8]]| -> Result<()> {
            // What was done before isn't counted.
            machine.calculate(COST, &[])?;
            machine.calculate(letter, parts)?.with_context(|| name.to_owned())?;
            let cost = machine.calculate(COST, &[])?.and_then(|answer| Cost::read(&answer));
            costs.push((name.to_owned(), cost.with_context(|| name.to_owned())?));
            Ok(())
        };
        count("key", &mut machine, KEY, &[&secret])?;
        count("agree", &mut machine, AGREE, &[&secret, &key])?;
        count("sign, verified", &mut machine, SIGN, &[&secret, &digest, &added])?;
        count("verify", &mut machine, VERIFY, &[&key, &digest, &signature])?;
        count("decompress", &mut machine, DECOMPRESS, &[&key])?;
        count("SHA-256 of 64 bytes", &mut machine, HASH, &[&[7; 64]])?;
        let (request, answer) = ([0; 1 + CheckRequest::SIZE], [0; CheckAnswer::SIZE]);
        let sealed = machine.seal(&secret, &[0; 12], &[], &request)?;
        let (text, tag) = sealed.split_at(request.len());
        count(OPEN, &mut machine, b'o', &[&secret, &[0; 12], tag, &[0; 2], text])?;
        count(SEAL, &mut machine, b'e', &[&secret, &[0; 12], &[0; 2], &answer])?;
        Ok(Self(costs))
    }

    /// The ratios that are promised.
    pub(super) fn ratios(&self, costs: &Costs) -> Vec<Ratio> {
        let of = |costs: &Costs, name: &str| {
            costs.iter().find(|(known, _)| known == name).map(|(_, cost)| cost.clone()).unwrap_or_default()
        };
        let opening = OPENING.map(|name| of(costs, name));
        vec![
            Ratio {
                name: "cold open, token side",
                ours: opening.iter().map(|cost| cost.instructions).sum(),
                floor: opening.iter().map(|cost| cost.within).sum(),
                promise: 1.2,
                of: "its public-key operations",
            },
            Ratio {
                name: "warm check, token side",
                ours: of(costs, "check").instructions,
                floor: of(&self.0, OPEN).instructions + of(&self.0, SEAL).instructions,
                promise: 1.3,
                of: "its two AES-256-GCM operations with expanded keys",
            },
        ]
    }
}
