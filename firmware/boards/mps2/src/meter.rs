//! What the token's work costs.

use cortex_m::register::msp;

use crate::counted;
use crate::counter::Counter;
use crate::map::MAP;
use crate::order::Answer;

/// Adds up what was done since it was read last.
pub(crate) struct Meter {
    counter: Counter,
    /// The bytes of stack that the loop itself has.
    base: usize,
    instructions: u64,
    /// Of each step of what the token computes, the first sixteen.
    steps: [u64; 16],
    taken: usize,
}

impl Meter {
    pub(crate) const fn new(counter: Counter) -> Self {
        Self { counter, base: 0, instructions: 0, steps: [0; 16], taken: 0 }
    }

    /// Begins to watch the stack below the caller, who doesn't return.
    #[inline(always)]
    pub(crate) fn watch(&mut self) {
        self.base = (MAP.stack_top - msp::read()) as usize;
        keyfob_stack::paint();
    }

    /// Does something that counts.
    pub(crate) fn count<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (done, instructions) = self.counter.count(work);
        self.instructions += instructions;
        done
    }

    /// Does something that counts, and is a step if it says so.
    pub(crate) fn count_step(&mut self, work: impl FnOnce() -> bool) -> bool {
        let (worked, instructions) = self.counter.count(work);
        self.instructions += instructions;
        if worked && let Some(place) = self.steps.get_mut(self.taken) {
            *place = instructions;
            self.taken += 1;
        }
        worked
    }

    /// Answers what it has come to, and begins anew.
    #[inline(never)]
    pub(crate) fn read(&mut self, answer: &mut Answer) {
        let depth = keyfob_stack::size() - keyfob_stack::unused() - self.base;
        answer.put(&self.instructions.to_le_bytes());
        answer.put(&(depth as u32).to_le_bytes());
        counted::read(answer);
        answer.put(&(self.taken as u32).to_le_bytes());
        for step in &self.steps[..self.taken] {
            answer.put(&step.to_le_bytes());
        }
        (self.instructions, self.taken) = (0, 0);
        keyfob_stack::paint();
    }
}
