//! The token with portable cryptography.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use keyfob_crypto::RustCrypto;
use keyfob_mps2_an386::{Board, run};
use keyfob_token::Token;

#[entry]
fn main() -> ! {
    static mut TOKEN: MaybeUninit<Token<Board<RustCrypto>>> = MaybeUninit::uninit();
    run(TOKEN)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
