//! The token with P-256 in assembly.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use keyfob_cortex_m4::CortexM4;
use keyfob_mps2::{Board, Machine, run, token};
use keyfob_token::Token;

#[entry]
fn main() -> ! {
    static mut MACHINE: MaybeUninit<Machine> = MaybeUninit::uninit();
    static mut TOKEN: Token<Board<CortexM4>> = token();
    run(MACHINE, TOKEN)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
