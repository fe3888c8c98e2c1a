//! What runs in an interrupt, above the token.

use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::USB;
use embassy_rp::usb::Driver;
use embassy_time::Duration;
use keyfob_firmware::{About, Lamp, Ports, shine};

/// How long the watchdog waits: longer than the longest command takes.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// The token on USB.
#[embassy_executor::task]
pub async fn bus(driver: Driver<'static, USB>, about: About, ports: &'static Ports) -> ! {
    keyfob_firmware::usb(driver, about, ports).await
}

/// The light, which shines at the high or at the low level.
#[embassy_executor::task]
pub async fn lamp(mut light: Output<'static>, is_high: bool, lamp: &'static Lamp) -> ! {
    shine(lamp, |on| light.set_level(Level::from(on == is_high))).await
}
