//! The loop around the token.

use core::mem::MaybeUninit;

use cortex_m::asm;
use cortex_m::peripheral::SCB;
use keyfob_crypto::Crypto;
use keyfob_token::Token;

use crate::board::{Board, light};
use crate::machine::Machine;
use crate::{calculation, entropy, flash};

/// Runs the token that an order starts, for ever.
pub fn run<C: Crypto>(machine: &mut MaybeUninit<Machine>, token: &mut Token<Board<C>>) -> ! {
    let Some(machine) = Machine::take(machine) else { asm::udf() };
    machine.meter.watch();
    // Whatever is ordered before this may have been lost in the reset.
    machine.orders.done(true, &machine.answer);
    let (is_new, seed) = wait_for_start::<C>(machine);
    entropy::seed(&seed);
    if is_new {
        flash::forget();
    }
    let started = machine.meter.count(|| token.power_up());
    machine.answer.clear();
    machine.orders.done(started.is_ok(), &machine.answer);
    if started.is_err() {
        asm::udf();
    }
    loop {
        turn(machine, token);
    }
}

/// Does calculations until it is told to start: as new or with what the flash holds, and from which seed.
fn wait_for_start<C: Crypto>(machine: &mut Machine) -> (bool, [u8; 32]) {
    loop {
        match machine.orders.next() {
            None => {}
            Some((b'S', [is_new, seed @ ..])) => return (*is_new == 1, seed.try_into().unwrap_or_default()),
            Some((letter, body)) => {
                machine.answer.clear();
                let is_done = calculation::run::<C>(letter, body, &mut machine.meter, &mut machine.answer);
                machine.orders.done(is_done, &machine.answer);
            }
        }
    }
}

/// Takes a report in, or else lets the token do a step, or else does what is ordered.
fn turn<C: Crypto>(machine: &mut Machine, token: &mut Token<Board<C>>) {
    let now = machine.now;
    if let Some(report) = machine.receive() {
        let Machine { meter, outgoing, .. } = machine;
        meter.count(|| {
            token.on_report(now, &report);
            outgoing.fill(|| token.poll(now));
        });
        machine.is_busy = true;
    } else if machine.is_busy {
        let Machine { meter, outgoing, .. } = machine;
        let worked = meter.count_step(|| {
            let worked = token.work(now);
            outgoing.fill(|| token.poll(now));
            worked
        });
        machine.is_busy = worked || !outgoing.is_empty();
        if worked {
            // As in the emulator: work takes a millisecond of a clock that is only moved.
            machine.now = now.plus(1);
        }
    } else {
        obey::<C>(machine);
    }
    machine.send();
}

/// Does what is ordered, once the token has taken in what was sent to it before the order.
fn obey<C: Crypto>(machine: &mut Machine) {
    let Some((letter, body)) = machine.orders.next() else {
        return;
    };
    machine.answer.clear();
    let (answer, meter) = (&mut machine.answer, &mut machine.meter);
    if letter.is_ascii_lowercase() {
        let is_done = calculation::run::<C>(letter, body, meter, answer);
        return machine.orders.done(is_done, answer);
    }
    let Some((sent, body)) = body.split_first_chunk() else {
        return machine.orders.done(false, answer);
    };
    if machine.taken < u32::from_le_bytes(*sent) {
        return;
    }
    answer.put(&machine.given.to_le_bytes());
    let is_done = match (letter, body) {
        (b'A', milliseconds) => {
            let milliseconds = u64::from_le_bytes(milliseconds.try_into().unwrap_or_default());
            machine.now = machine.now.plus(milliseconds);
            machine.is_busy = true;
            true
        }
        (b'L', []) => {
            answer.put(&[u8::from(light())]);
            true
        }
        (b'M', []) => {
            meter.read(answer);
            true
        }
        (b'R', []) => true,
        _ => false,
    };
    machine.orders.done(is_done, answer);
    if letter == b'R' {
        SCB::sys_reset();
    }
}
