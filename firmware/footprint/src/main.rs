//! The token on a Cortex-M4, to be measured: `cargo xtask footprint`.
//!
//! Reports, time, randomness and flash come from addresses that the compiler can't see through, so that the image
//! holds what a board's would, but the USB stack.
#![no_std]
#![no_main]

mod board;

use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use keyfob_token::{Session, Token};

use board::{Board, Flash, Registers};

/// RAM that each session takes, to be read from the image.
#[unsafe(no_mangle)]
#[used]
static SESSION_BYTES: usize = size_of::<Session<Board>>();

#[entry]
fn main() -> ! {
    static mut TOKEN: MaybeUninit<Token<Board>> = MaybeUninit::uninit();

    let mut registers = Registers;
    let Some(token) = start(TOKEN) else { registers.halt() };
    registers.show(SESSION_BYTES);
    loop {
        if let Some(report) = registers.receive() {
            token.on_report(registers.now(), &report);
        }
        while let Some(report) = token.poll(registers.now()) {
            registers.send(&report);
        }
        if !token.work(registers.now()) {
            registers.sleep_until(token.poll_at());
        }
    }
}

/// Starts the token in a frame of its own, which the loop then has for its stack.
#[inline(never)]
fn start(place: &mut MaybeUninit<Token<Board>>) -> Option<&mut Token<Board>> {
    Token::start_in(place, Board::new(), Flash).ok()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    Registers.halt()
}
