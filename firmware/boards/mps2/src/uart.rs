//! CMSDK UARTs (Arm DDI 0479, §4.3), as QEMU has them: a byte of buffer in each direction, nothing lost.

use core::ptr;

use crate::map::MAP;

/// A UART.
pub(crate) struct Uart(usize);

impl Uart {
    /// UART 0: reports.
    pub(crate) const REPORTS: usize = MAP.reports;
    /// UART 1: orders.
    pub(crate) const ORDERS: usize = MAP.orders;

    /// Turns one on.
    pub(crate) fn on(base: usize) -> Self {
        let uart = Self(base);
        uart.write(BAUD, LEAST_DIVISOR);
        uart.write(CONTROL, SEND | RECEIVE);
        uart
    }

    /// The next byte that came, if one did.
    pub(crate) fn take(&mut self) -> Option<u8> {
        let came = self.read(STATE) & RECEIVED != 0;
        came.then(|| self.read(DATA).to_le_bytes()[0])
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while self.read(STATE) & FULL != 0 {}
            self.write(DATA, u32::from(*byte));
        }
    }

    fn read(&self, register: usize) -> u32 {
        // SAFETY: `on` is only given a UART's address, and `register` is one of the offsets below: an aligned register
        // in the peripheral region, where no Rust object lies.
        unsafe { ptr::read_volatile((self.0 + register) as *const u32) }
    }

    fn write(&self, register: usize, value: u32) {
        // SAFETY: as in `read`.
        unsafe { ptr::write_volatile((self.0 + register) as *mut u32, value) }
    }
}

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD: usize = 0x10;

const FULL: u32 = 1;
const RECEIVED: u32 = 2;
const SEND: u32 = 1;
const RECEIVE: u32 = 2;
const LEAST_DIVISOR: u32 = 16;
