//! A USB/IP host that sends anything, at a device that answers at any time.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use keyfob_usbip::{
    Asking, BusId, Class, Endpoint, Event, Export, Fault, MAX_PENDING, MAX_TRANSFER, Session, Speed, UrbId,
};

use crate::cast::noise;

const DEVICE: u32 = 0x0001_0002;
const ECONNRESET: i32 = -104;
/// Longer inputs would only take longer.
const STEPS: usize = 200;

pub(super) fn run(data: &[u8]) {
    let _asked = Asking::default().feed(&mut &data[..]);
    let mut host = Host::new();
    let mut input = Unstructured::new(data);
    for _ in 0..STEPS {
        // The input's end is no error; what is over is over.
        if input.is_empty() || !host.step(&mut input).unwrap_or(false) {
            break;
        }
    }
    host.settle();
}

/// Both sides of a connection, and what the host must hear.
struct Host {
    session: Session,
    /// Which transfers the device has heard of and not answered.
    waiting: BTreeMap<UrbId, Waiting>,
    /// Those that were asked for and haven't been answered, by number: whether their answer has data.
    asked: BTreeMap<u32, bool>,
    /// Requests to take something back that haven't been answered: what, and whether it waited.
    unlinks: BTreeMap<u32, (u32, bool)>,
}

struct Waiting {
    number: u32,
    /// Of packets rather than one answer.
    is_in: bool,
}

impl Host {
    fn new() -> Self {
        let export = Export {
            path: "/",
            bus_id: BusId::new("1-1").expect("a short name"),
            bus_number: 1,
            device_number: 2,
            speed: Speed::Full,
            vendor_id: 1,
            product_id: 2,
            release: 3,
            class: Class::default(),
            configuration: 0,
            configurations: 1,
            interfaces: vec![Class { class: 3, subclass: 0, protocol: 0 }],
        };
        let endpoints = [0x81, 0x01].map(|address| Endpoint { address, max_packet: 64 });
        let mut session = Session::new(&export, &endpoints);
        assert_eq!(session.take_output().len(), 320);
        Self { session, waiting: BTreeMap::new(), asked: BTreeMap::new(), unlinks: BTreeMap::new() }
    }

    /// Does something; false once the connection is over.
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<bool> {
        match input.int_in_range(0..=9u8)? {
            0 => {
                let noise = input.bytes(input.len().min(60))?;
                return Ok(self.send_anything(noise));
            }
            1 => {
                let packet = vec![3; input.int_in_range(0..=64)?];
                let waits = self.waiting.values().any(|waiting| waiting.is_in);
                assert_eq!(self.session.deliver(0x81, &packet), waits, "a packet goes to who waits");
            }
            2 => self.session.fail(0x81, Fault::Stall),
            3 => {
                let place = input.int_in_range(0..=7usize)?;
                let urb = self.waiting.keys().nth(place).copied();
                if let Some(urb) = urb {
                    let result = if input.arbitrary()? { Ok(&[5; 20][..]) } else { Err(Fault::Stall) };
                    assert!(self.session.complete(urb, result));
                    assert!(!self.session.complete(urb, result), "one answer only");
                }
            }
            4 => {
                let (number, unlinked) = (1000 + self.number(input)?, self.number(input)?);
                if self.unlinks.contains_key(&number) {
                    return Ok(true);
                }
                self.unlinks.insert(number, (unlinked, self.asked.contains_key(&unlinked)));
                self.send(&header([2, number, DEVICE, 0, 0, unlinked, 0, 0, 0, 0], [0; 8]), input)?;
            }
            _ => self.submit(input)?,
        }
        self.hear();
        Ok(true)
    }

    fn number(&self, input: &mut Unstructured<'_>) -> Result<u32> {
        input.int_in_range(0..=300)
    }

    fn submit(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let number = self.number(input)?;
        if self.asked.contains_key(&number) {
            return Ok(());
        }
        let is_in: bool = input.arbitrary()?;
        let endpoint = *input.choose(&[0, 1, 1, 1, 2, 15, 0x81, u32::MAX])?;
        let length = *input.choose(&[64, 64, 0, 1, 8, 65, 128, 4096, MAX_TRANSFER as u32, MAX_TRANSFER as u32 + 1])?;
        let mut setup: [u8; 8] = input.arbitrary()?;
        if input.ratio(9, 10u8)? {
            setup[0] = if is_in { 0x80 } else { 0 };
            setup[6..].copy_from_slice(&(length as u16).to_le_bytes());
        }
        let mut bytes = header([1, number, DEVICE, u32::from(is_in), endpoint, 0, length, 0, u32::MAX, 0], setup);
        if !is_in {
            bytes.resize(bytes.len() + length as usize, number as u8);
        }
        self.asked.insert(number, is_in);
        self.send(&bytes, input)
    }

    /// Sends in pieces.
    fn send(&mut self, bytes: &[u8], input: &mut Unstructured<'_>) -> Result<()> {
        let cut = input.int_in_range(0..=bytes.len())?;
        for mut piece in [&bytes[..cut], &bytes[cut..]] {
            while let Some(event) = self.session.feed(&mut piece).expect("a host's messages") {
                self.happened(event);
            }
            assert!(piece.is_empty());
        }
        Ok(())
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Control { urb, .. } | Event::Out { urb, .. } | Event::In { urb, .. } => {
                let is_in = matches!(event, Event::In { .. });
                // Everything earlier was answered or heard of: only one is left.
                let is_new = |number: &&u32| self.waiting.values().all(|waiting| waiting.number != **number);
                let new: Vec<u32> = self.asked.keys().filter(is_new).copied().collect();
                let [number] = new[..] else { panic!("{} requests at once", new.len()) };
                assert!(self.waiting.insert(urb, Waiting { number, is_in }).is_none(), "heard of twice");
            }
            Event::Unlinked { urb } => {
                assert!(self.waiting.remove(&urb).is_some(), "unheard of");
            }
            _ => {}
        }
        assert!(self.session.pending() <= MAX_PENDING);
    }

    /// Reads what the host is told, and finds the request of each answer.
    fn hear(&mut self) {
        let output = self.session.take_output();
        let mut rest = &output[..];
        while !rest.is_empty() {
            let (head, behind) = rest.split_at(48);
            rest = behind;
            let word = |place: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| head[4 * place + byte]));
            let (number, status, length) = (word(1), word(5) as i32, word(6) as usize);
            match word(0) {
                3 => {
                    let has_data = self.asked.remove(&number).expect("an answer to what was asked, once");
                    assert!(status == 0 || length == 0, "data of a failure");
                    rest = &rest[if has_data { length } else { 0 }..];
                    self.waiting.retain(|_, waiting| waiting.number != number);
                }
                4 => {
                    let (unlinked, was_asked) = self.unlinks.remove(&number).expect("asked for");
                    let expected = if was_asked { ECONNRESET } else { 0 };
                    assert_eq!(status, expected);
                    if was_asked {
                        assert!(self.asked.remove(&unlinked).is_some());
                        assert!(self.waiting.values().all(|waiting| waiting.number != unlinked));
                    }
                }
                other => panic!("command {other}"),
            }
        }
        assert_eq!(self.session.pending(), self.waiting.len());
        assert_eq!(self.asked.len(), self.waiting.len(), "a request is forgotten");
    }

    /// Sends what may mean nothing; false if it ended the connection, or leaves it in the middle of a message.
    fn send_anything(&mut self, mut bytes: &[u8]) -> bool {
        let length = bytes.len();
        while let Ok(Some(_)) = self.session.feed(&mut bytes) {}
        assert!(self.session.take_output().len() <= length + 48);
        assert!(self.session.pending() <= MAX_PENDING);
        self.waiting.clear();
        self.asked.clear();
        false
    }

    /// Whatever waits is answered in the end.
    fn settle(&mut self) {
        let waiting: Vec<_> = self.waiting.keys().copied().collect();
        for urb in waiting {
            assert!(self.session.complete(urb, Err(Fault::Gone)));
        }
        if !self.asked.is_empty() {
            self.hear();
            assert!(self.asked.is_empty() && self.session.pending() == 0);
        }
    }
}

fn header(words: [u32; 10], setup: [u8; 8]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).chain(setup).collect()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    (40..52).map(|seed| noise(seed, 60 << (seed % 4))).collect()
}
