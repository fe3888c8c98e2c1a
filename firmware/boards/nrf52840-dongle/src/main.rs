//! A token on an nRF52840 dongle.
//!
//! USB and the light run in an interrupt, the token below it: whatever that computes, the host is answered.
#![no_std]
#![no_main]

mod board;
mod flash;
mod noise;

use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{entry, exception};
use embassy_executor::{Executor, InterruptExecutor};
use embassy_nrf::config::{Config, HfclkSource};
use embassy_nrf::gpio::{Level, Output, OutputDrive};
use embassy_nrf::interrupt::{InterruptExt as _, Priority};
use embassy_nrf::usb::Driver;
use embassy_nrf::usb::vbus_detect::{self, HardwareVbusDetect};
use embassy_nrf::wdt::{self, Watchdog, WatchdogHandle};
use embassy_nrf::{bind_interrupts, interrupt, peripherals, usb};
use keyfob_firmware::{Lamp, Ports, fail, serve, shine};
use keyfob_token::Token;
use static_cell::{ConstStaticCell, StaticCell};

use board::{ABOUT, Dongle, LIGHT_IS_HIGH, button_pin, light_pin};
use flash::StateFlash;

bind_interrupts!(struct Irqs {
    USBD => usb::InterruptHandler<peripherals::USBD>;
    CLOCK_POWER => vbus_detect::InterruptHandler;
});

static PORTS: Ports = Ports::new();
static LAMP: Lamp = Lamp::new();
// SAFETY: this is the only one, and `main` leaves the peripheral alone.
static TOKEN: ConstStaticCell<Token<Dongle>> =
    ConstStaticCell::new(Token::new(Dongle::new(), unsafe { StateFlash::new() }));
static ABOVE: InterruptExecutor = InterruptExecutor::new();
static BELOW: StaticCell<Executor> = StaticCell::new();

/// How long the watchdog waits, in ticks of 32,768 Hz: eight seconds.
const PATIENCE: u32 = 8 * 32_768;

#[entry]
fn main() -> ! {
    keyfob_stack::paint();
    let mut config = Config::default();
    // USB needs the crystal's precision.
    config.hfclk_source = HfclkSource::ExternalXtal;
    config.time_interrupt_priority = Priority::P1;
    let peripherals = embassy_nrf::init(config);
    let light = Output::new(light_pin!(peripherals), level(false), OutputDrive::Standard);
    board::watch_button(button_pin!(peripherals).into());
    let driver = Driver::new(peripherals.USBD, Irqs, HardwareVbusDetect::new(Irqs));
    let mut config = wdt::Config::default();
    config.timeout_ticks = PATIENCE;
    // One that runs already, after a reset by a bootloader, is fed as it is.
    let watchdog = Watchdog::try_new(peripherals.WDT, config).ok().map(|(_, [handle])| handle);

    interrupt::USBD.set_priority(Priority::P2);
    interrupt::CLOCK_POWER.set_priority(Priority::P2);
    interrupt::EGU0_SWI0.set_priority(Priority::P3);
    let above = ABOVE.start(interrupt::EGU0_SWI0);
    if let (Ok(usb), Ok(light)) = (bus(driver), lamp(light)) {
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
async fn bus(driver: Driver<'static, HardwareVbusDetect>) -> ! {
    keyfob_firmware::usb(driver, ABOUT, &PORTS).await
}

#[embassy_executor::task]
async fn lamp(mut light: Output<'static>) -> ! {
    shine(&LAMP, |on| light.set_level(level(on))).await
}

#[embassy_executor::task]
async fn token(mut watchdog: Option<WatchdogHandle>) -> ! {
    let alive = move || watchdog.iter_mut().for_each(WatchdogHandle::pet);
    let Some(token) = TOKEN.try_take() else { SCB::sys_reset() };
    match token.power_up() {
        Ok(()) => serve(token, &PORTS, &LAMP, alive).await,
        Err(error) => fail(error.status(), &PORTS, &LAMP, alive).await,
    }
}

fn level(on: bool) -> Level {
    Level::from(on == LIGHT_IS_HIGH)
}

#[interrupt]
unsafe fn EGU0_SWI0() {
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
