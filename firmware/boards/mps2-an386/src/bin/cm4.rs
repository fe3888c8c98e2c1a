//! The token with the Cortex-M4's assembly.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use keyfob_cortex_m4::CortexM4;
use keyfob_mps2_an386::{Board, run};
use keyfob_token::Token;

#[entry]
fn main() -> ! {
    static mut TOKEN: MaybeUninit<Token<Board<CortexM4>>> = MaybeUninit::uninit();
    run(TOKEN)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
