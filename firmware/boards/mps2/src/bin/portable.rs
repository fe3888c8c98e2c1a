//! The token with portable cryptography.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use keyfob_crypto::RustCrypto;
use keyfob_mps2::{Board, Machine, run, token};
use keyfob_token::Token;

#[entry]
fn main() -> ! {
    static mut MACHINE: MaybeUninit<Machine> = MaybeUninit::uninit();
    static mut TOKEN: Token<Board<RustCrypto>> = token();
    run(MACHINE, TOKEN)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
