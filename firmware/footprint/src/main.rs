//! The token on a Cortex-M, to be measured: `cargo xtask footprint`.
//!
//! Reports, time, randomness and flash come from addresses that the compiler can't see through, so that the image
//! holds what a board's would, but the USB stack.
#![no_std]
#![no_main]

mod board;

use cortex_m_rt::entry;
use keyfob_token::{Session, Token};

use board::{Board, Flash, Registers};

/// RAM that each session takes, to be read from the image.
#[unsafe(no_mangle)]
#[used]
static SESSION_BYTES: usize = size_of::<Session<Board>>();

/// What takes the room of a token, to be read from the image.
#[unsafe(no_mangle)]
#[used]
static TOKEN_PARTS: [(&str, usize); Token::<Board>::PARTS.len()] = Token::<Board>::PARTS;

#[entry]
fn main() -> ! {
    static mut TOKEN: Token<Board> = Token::new(Board::new(), Flash);

    let mut registers = Registers;
    let token = TOKEN;
    if token.power_up().is_err() {
        registers.halt();
    }
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

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    Registers.halt()
}
