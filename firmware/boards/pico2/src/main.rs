//! A token on a Raspberry Pi Pico 2 (RP2350).
//!
//! USB and the light run in an interrupt, the token below it: whatever that computes, the host is answered.
#![no_std]
#![no_main]

mod board;
mod noise;
mod otp;

use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{entry, exception};
use embassy_executor::{Executor, InterruptExecutor};
use embassy_rp::gpio::{Level, Output};
use embassy_rp::interrupt::{InterruptExt as _, Priority};
use embassy_rp::peripherals::USB;
use embassy_rp::usb::Driver;
use embassy_rp::watchdog::Watchdog;
use embassy_rp::{bind_interrupts, interrupt, usb};
use keyfob_firmware::{Lamp, Ports, fail, serve};
use keyfob_rp::{PATIENCE, bus, lamp};
use keyfob_token::{StartError, Token};
use keyfob_wire::Status;
use static_cell::{ConstStaticCell, StaticCell};

use board::{ABOUT, LIGHT_IS_HIGH, Pico2, StateFlash, light_pin};
use otp::NoSecret;

bind_interrupts!(struct Irqs {
    USBCTRL_IRQ => usb::InterruptHandler<USB>;
});

static PORTS: Ports = Ports::new();
static LAMP: Lamp = Lamp::new();
// SAFETY: this is the only one, and `main` leaves the peripheral alone.
static TOKEN: ConstStaticCell<Token<Pico2>> =
    ConstStaticCell::new(Token::new(Pico2::new(), unsafe { StateFlash::new() }));
static ABOVE: InterruptExecutor = InterruptExecutor::new();
static BELOW: StaticCell<Executor> = StaticCell::new();

#[entry]
fn main() -> ! {
    keyfob_stack::paint();
    let peripherals = embassy_rp::init(embassy_rp::config::Config::default());
    let light = Output::new(light_pin!(peripherals), Level::from(!LIGHT_IS_HIGH));
    let driver = Driver::new(peripherals.USB, Irqs);
    let mut watchdog = Watchdog::new(peripherals.WATCHDOG);
    watchdog.start(PATIENCE);

    interrupt::SWI_IRQ_0.set_priority(Priority::P2);
    let above = ABOVE.start(interrupt::SWI_IRQ_0);
    if let (Ok(usb), Ok(light)) = (bus(driver, ABOUT, &PORTS), lamp(light, LIGHT_IS_HIGH, &LAMP)) {
        above.spawn(usb);
        above.spawn(light);
    }
    // Both are taken for the first time: there is no other way on.
    if let Some(below) = BELOW.try_init_with(Executor::new) {
        below.run(|below| {
            if let Ok(token) = token(watchdog) {
                below.spawn(token);
            }
        });
    }
    SCB::sys_reset()
}

#[embassy_executor::task]
async fn token(mut watchdog: Watchdog) -> ! {
    let alive = move || watchdog.feed(PATIENCE);
    let Some(token) = TOKEN.try_take() else { SCB::sys_reset() };
    let started = board::open_secret().map_err(|NoSecret| Status::StorageFailed);
    match started.and_then(|()| token.power_up().map_err(StartError::status)) {
        Ok(()) => serve(token, &PORTS, &LAMP, alive).await,
        Err(status) => fail(status, &PORTS, &LAMP, alive).await,
    }
}

#[interrupt]
unsafe fn SWI_IRQ_0() {
    // SAFETY: this is the handler of the interrupt that the executor was started with, and nothing else calls it; the
    // interrupt is enabled by that start.
    unsafe { ABOVE.on_interrupt() }
}

/// A stack that has run out, or an access to nothing: the token starts again with what its flash holds.
#[exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    SCB::sys_reset()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    SCB::sys_reset()
}
