//! Cutting the power everywhere and comparing what is left with the model.

use keyfob_store::Store;
use keyfob_store::sim::{Deaf, MemoryFlash, Order, Tear};

use super::{KEYS, Model, Outcome, Step, after, contents, run};

/// What a sweep is about.
#[derive(Clone, Copy)]
pub(crate) struct Sweep<'a> {
    pub(crate) script: &'a [Step],
    /// How many steps of the script a power-up makes before its end, if it isn't cut.
    pub(crate) session: usize,
    pub(crate) deaf: Deaf,
    /// Whether writes since the last barrier are lost.
    pub(crate) reorder: bool,
    /// Whether recovery is cut too, at every point.
    pub(crate) nested: bool,
}

/// The first cut after which the store isn't as the model says.
#[derive(Debug)]
#[expect(dead_code, reason = "read in the messages of failed tests")]
pub(crate) struct Violation {
    step: usize,
    cut: u64,
    nested: Option<u64>,
    order: Order,
    tear: Tear,
    what: String,
}

/// The states that a cut may leave behind.
struct Allowed {
    before: Model,
    after: Model,
}

impl Sweep<'_> {
    pub(crate) const fn of(script: &[Step]) -> Sweep<'_> {
        Sweep { script, session: 2, deaf: Deaf::Never, reorder: false, nested: false }
    }

    /// Returns the number of cut points.
    pub(crate) fn run<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(&self) -> Result<u64, Violation> {
        let mut flash = MemoryFlash::<SIZE, SECTOR, WRITE>::new();
        let mut model = Model::new();
        let mut cuts = 0;
        for step in 0..self.script.len() {
            cuts += self.cut_everywhere(step, &flash, &model)?;
            let (allowed, _) = power_up(&mut flash, &self.script[step..=step], &model);
            model = allowed.before;
            flash.restart();
        }
        Ok(cuts)
    }

    fn cut_everywhere<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(
        &self,
        step: usize,
        image: &MemoryFlash<SIZE, SECTOR, WRITE>,
        model: &Model,
    ) -> Result<u64, Violation> {
        let steps = &self.script[step..self.script.len().min(step + self.session)];
        let mut cuts = 0;
        let mut operations = 0;
        for cut in 0.. {
            let mut probe = image.clone();
            probe.set_deaf(self.deaf);
            probe.cut_after(cut);
            let _ = power_up(&mut probe, steps, model);
            if probe.powered() {
                break;
            }
            let boundary = probe.operations() != operations;
            operations = probe.operations();
            for (order, tear) in self.damages(cut, probe.window(), boundary) {
                let mut flash = image.clone();
                flash.set_deaf(self.deaf);
                flash.set_damage(order, tear);
                flash.cut_after(cut);
                let (allowed, _) = power_up(&mut flash, steps, model);
                flash.restart();
                flash.set_damage(Order::Kept, tear);
                let violation = |nested, what| Violation { step, cut, nested, order, tear, what };
                if self.nested {
                    for second in 0.. {
                        let mut flash = flash.clone();
                        flash.cut_after(second);
                        if Store::<_, KEYS>::mount(&mut flash).is_ok() {
                            break;
                        }
                        flash.restart();
                        self.recover(&mut flash, &allowed, step).map_err(|what| violation(Some(second), what))?;
                        cuts += 1;
                    }
                }
                self.recover(&mut flash, &allowed, step).map_err(|what| violation(None, what))?;
                cuts += 1;
            }
        }
        Ok(cuts)
    }

    /// What is tried at a cut point, given how many operations could be lost there.
    fn damages(&self, cut: u64, window: u64, boundary: bool) -> Vec<(Order, Tear)> {
        if !self.reorder {
            return [Tear::Clean, Tear::Bits(cut), Tear::Garbled(cut)].map(|tear| (Order::Kept, tear)).to_vec();
        }
        let subsets = match (boundary, window) {
            (true, ..=8) => 0..1 << window,
            (true, _) => cut * 1000..cut * 1000 + 64,
            (false, _) => cut * 1000..cut * 1000 + 2,
        };
        // Sampled subsets need random low bits as well.
        let sampled = !boundary || window > 8;
        subsets
            .map(|set| if sampled { set.wrapping_mul(0x9e37_79b9_7f4a_7c15) } else { set })
            .map(|set| (Order::Subset(set), Tear::Garbled(cut)))
            .collect()
    }

    /// Mounts after the cut, compares, goes on with the script, and compares again.
    fn recover<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(
        &self,
        flash: &mut MemoryFlash<SIZE, SECTOR, WRITE>,
        allowed: &Allowed,
        step: usize,
    ) -> Result<(), String> {
        let mut store = Store::<_, KEYS>::mount(&mut *flash).map_err(|error| format!("mounting: {error:?}"))?;
        let found = contents(&mut store)?;
        if found != allowed.before && found != allowed.after {
            return Err(format!("found {found:?}, neither {:?} nor {:?}", allowed.before, allowed.after));
        }
        drop(store);
        let next = &self.script[step..self.script.len().min(step + 2)];
        let (allowed, found) = power_up(flash, next, &found);
        let expected = allowed.before;
        if found? != expected {
            return Err("after going on in the same power-up".into());
        }
        flash.restart();
        let mut store = Store::<_, KEYS>::mount(flash).map_err(|error| format!("mounting again: {error:?}"))?;
        let found = contents(&mut store)?;
        if found != expected {
            return Err(format!("after going on: found {found:?}, not {expected:?}"));
        }
        Ok(())
    }
}

/// Mounts and makes steps until the power goes. Returns the states in which the flash may be then, and what the store
/// said at the end.
fn power_up<const SIZE: usize, const SECTOR: usize, const WRITE: usize>(
    flash: &mut MemoryFlash<SIZE, SECTOR, WRITE>,
    steps: &[Step],
    model: &Model,
) -> (Allowed, Result<Model, String>) {
    let mut before = model.clone();
    let Ok(mut store) = Store::<_, KEYS>::mount(flash) else {
        return (Allowed { after: before.clone(), before }, Err("mounting".into()));
    };
    for step in steps {
        let after = after(&before, step);
        match run(&mut store, step) {
            Outcome::Done => before = after,
            Outcome::NoRoom => {}
            Outcome::Failed => return (Allowed { before, after }, Err(format!("{step:?}"))),
        }
    }
    let found = contents(&mut store);
    (Allowed { after: before.clone(), before }, found)
}
