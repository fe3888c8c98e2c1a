//! A USB host that asks for anything, at the device's side of endpoint 0.

use arbitrary::{Result, Unstructured};
use keyfob_usb::{
    CONFIGURATION_DESCRIPTOR, CONTROL_BUFFER, Device, Endpoint, Identity, REPORT_DESCRIPTOR, Release, Reply,
    SerialNumber, Setup, packets,
};

use crate::cast::noise;

/// Longer inputs would only take longer.
const STEPS: usize = 300;

pub(super) fn run(data: &[u8]) {
    let taken: Vec<u8> = packets(data).flatten().copied().collect();
    assert_eq!(taken, data[..data.len() / 64 * 64]);
    // The input's end is no error.
    let _ended = Host::new().ask(&mut Unstructured::new(data));
}

/// A device, and what a host knows of it.
struct Host {
    device: Device,
    is_configured: bool,
    /// Of the endpoints in [`Endpoint::ALL`].
    halted: [bool; 2],
}

impl Host {
    fn new() -> Self {
        let serial = SerialNumber::new("KF-0000-0000-0000-0000");
        let device = Device::new(Identity::keyfob(Release::of_version([1, 2, 3]), serial));
        Self { device, is_configured: false, halted: [false; 2] }
    }

    fn ask(mut self, input: &mut Unstructured<'_>) -> Result<()> {
        for _ in 0..STEPS {
            if input.is_empty() {
                break;
            }
            let choice: u8 = input.arbitrary()?;
            match choice {
                0..=9 => {
                    self.device.reset();
                    (self.is_configured, self.halted) = (false, [false; 2]);
                }
                10..=29 => {
                    let place = usize::from(choice & 1);
                    self.device.halt(Endpoint::ALL[place]);
                    self.halted[place] = true;
                }
                _ => self.request(choice, input)?,
            }
            assert_eq!(self.device.is_configured(), self.is_configured);
            assert_eq!(Endpoint::ALL.map(|endpoint| self.device.is_halted(endpoint)), self.halted);
        }
        Ok(())
    }

    fn request(&mut self, choice: u8, input: &mut Unstructured<'_>) -> Result<()> {
        let mut setup = Setup::from_bytes(input.arbitrary()?);
        if choice & 3 != 0 {
            // What is asked for often.
            setup.request_type = *input.choose(&[0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x21, 0xa1])?;
            setup.request &= 0x0f;
            setup.value = *input.choose(&[0, 1, 0x100, 0x200, 0x301, 0x303, 0x2100, 0x2200])?;
            setup.index = *input.choose(&[0, 0, 1, 0x81])?;
        }
        if !setup.is_in() {
            setup.length = *input.choose(&[0, 0, 0, 1, 64, 65])?;
        }
        let length = if setup.is_in() || choice & 4 == 0 { setup.length } else { setup.length / 2 };
        let data = if setup.is_in() { vec![] } else { vec![choice; length.into()] };
        let mut buffer = [0; CONTROL_BUFFER];
        let reply = self.device.control(setup, &data, &mut buffer);
        let Setup { request_type, request, value, index, length } = setup;
        match reply {
            Reply::Data(answer) => {
                assert!(setup.is_in() && answer.len() <= usize::from(length));
                let whole: &[u8] = match (request_type, request, value) {
                    (0x80, 6, 0x200) => &CONFIGURATION_DESCRIPTOR,
                    (0x81, 6, 0x2200) => &REPORT_DESCRIPTOR,
                    (0x80, 8, _) => &[u8::from(self.is_configured)],
                    (0x82, 0, _) if index == 0x81 => &[u8::from(self.halted[0]), 0],
                    (0x82, 0, _) if index == 0x01 => &[u8::from(self.halted[1]), 0],
                    _ => return Ok(()),
                };
                assert_eq!(answer, &whole[..whole.len().min(length.into())]);
            }
            Reply::Report(report) => {
                assert_eq!((request_type, request, value, index, length), (0x21, 9, 0x200, 0, 64));
                assert!(self.is_configured && report[..] == data[..]);
            }
            Reply::Done => {
                assert!(!setup.is_in() && length == 0);
                match (request_type, request) {
                    (0x00, 9) => (self.is_configured, self.halted) = (value == 1, [false; 2]),
                    (0x01, 11) => self.halted = [false; 2],
                    (0x02, 1 | 3) => self.halted[usize::from(index == 0x01)] = request == 3,
                    _ => {}
                }
            }
            Reply::Stall => {}
        }
        Ok(())
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let configure = |rest: &[u8]| [&[30, 0, 9, 1, 0, 0, 0, 0, 0, 0][..], rest].concat();
    vec![configure(&[]), configure(&[30, 2, 3, 0, 0, 0x81, 0, 0, 0, 0]), noise(1, 400), noise(2, 2_000)]
}
