//! A virtual machine that sends anything, at the side that has a device; and packets whose meaning is known.

use arbitrary::{Result, Unstructured};
use keyfob_usbredir::{
    Capabilities, DeviceDescription, EndpointDescription, Event, InterfaceDescription, ProtocolError, Redirector,
    Speed, Status, TransferType,
};

use crate::cast::noise;

/// Longer inputs would only take longer.
const STEPS: usize = 100;
/// What a hello takes.
const HELLO: usize = 12 + 68;

const DEVICE: DeviceDescription<'_> = DeviceDescription {
    speed: Speed::Full,
    class: 0,
    subclass: 0,
    protocol: 0,
    vendor_id: 1,
    product_id: 2,
    release: 3,
    max_packet_size_0: 64,
    interfaces: &[InterfaceDescription { number: 0, class: 3, subclass: 0, protocol: 0 }],
    endpoints: &[EndpointDescription {
        address: 0x81,
        transfer_type: TransferType::Interrupt,
        interval: 1,
        interface: 0,
        max_packet_size: 64,
    }],
};

/// The first byte says whether the rest is bytes from the wire or choices.
pub(super) fn run(data: &[u8]) {
    match data.split_first() {
        Some((0, bytes)) => anything(bytes),
        // The choices' end is no error.
        Some((_, choices)) => _ = Machine::new().live(&mut Unstructured::new(choices)),
        None => {}
    }
}

/// Whether they come at once or one by one, bytes mean the same; and they don't make it say much.
fn anything(bytes: &[u8]) {
    let hear = |size: usize| {
        let (mut redirector, mut events) = (Redirector::new("fuzz"), Vec::new());
        for mut piece in bytes.chunks(size) {
            while !piece.is_empty() {
                match redirector.receive(&mut piece) {
                    Ok(Some(event)) => {
                        if matches!(event, Event::Hello { .. }) {
                            redirector.connect(&DEVICE);
                            redirector.sent(redirector.outgoing().len());
                        }
                        events.push(event);
                    }
                    Ok(None) => assert!(piece.is_empty(), "there was more"),
                    Err(error) => return (events, redirector.outgoing().to_vec(), Some(error)),
                }
            }
        }
        (events, redirector.outgoing().to_vec(), None)
    };
    let whole = hear(bytes.len().max(1));
    assert!(whole.1.len() <= HELLO + 2 * bytes.len());
    assert_eq!(whole, hear(1));
    assert_eq!(whole, hear(7));
}

/// What the side with the device must understand.
#[derive(Debug, PartialEq)]
enum Meaning {
    /// An event of this kind, about this id.
    Event(&'static str, u64),
    Refused,
    Nothing,
    Error,
}

/// The other side, and what it knows.
struct Machine {
    redirector: Redirector,
    is_there: bool,
    is_acknowledging: bool,
    has_long_ids: bool,
    next: u64,
}

impl Machine {
    fn new() -> Self {
        let mut redirector = Redirector::new("fuzz");
        assert_eq!(redirector.outgoing().len(), HELLO);
        redirector.sent(HELLO);
        Self { redirector, is_there: false, is_acknowledging: false, has_long_ids: false, next: 1 }
    }

    fn live(mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let capabilities = if input.arbitrary()? { Capabilities(0xff) } else { Capabilities(input.arbitrary()?) };
        let mut hello = vec![b'q'; 64];
        hello.extend(capabilities.0.to_le_bytes());
        let common = capabilities.0 & 0b111_1110;
        let event = self.say(0, 0, &hello).expect("a hello is understood");
        assert_eq!(event, Some(Event::Hello { common: Capabilities(common) }));
        self.has_long_ids = common & 1 << 5 != 0;
        for _ in 0..STEPS {
            if input.is_empty() {
                break;
            }
            match input.int_in_range(0..=9u8)? {
                0 if self.redirector.can_connect() => {
                    self.redirector.connect(&DEVICE);
                    self.is_there = true;
                    assert_eq!(self.hear(), [5, 4, 1]);
                }
                1 if self.is_there => {
                    self.redirector.disconnect();
                    (self.is_there, self.is_acknowledging) = (false, common & 1 << 3 != 0);
                    assert_eq!(self.hear(), [2]);
                }
                _ => {
                    if !self.packet(input)? {
                        break;
                    }
                }
            }
            assert_eq!(self.redirector.is_connected(), self.is_there);
            assert_eq!(self.redirector.can_connect(), !self.is_there && !self.is_acknowledging);
        }
        Ok(())
    }

    /// Sends a packet whose meaning is known; false if it ended the connection.
    fn packet(&mut self, input: &mut Unstructured<'_>) -> Result<bool> {
        let id = if self.has_long_ids { input.arbitrary()? } else { u64::from(input.arbitrary::<u32>()?) };
        let byte: u8 = input.arbitrary()?;
        let length = usize::from(*input.choose(&[0, 1, 64, 65, 300, u16::MAX])?);
        let little = (length as u16).to_le_bytes();
        let data = vec![byte; length];
        let (kind, body, meaning) = match input.int_in_range(0..=18u8)? {
            0 => (3, vec![], Meaning::Event("Reset", id)),
            1 => (6, vec![byte], Meaning::Event("SetConfiguration", id)),
            2 => (7, vec![], Meaning::Event("GetConfiguration", id)),
            3 => (9, vec![byte, 1], Meaning::Event("SetAltSetting", id)),
            4 => (10, vec![byte], Meaning::Event("GetAltSetting", id)),
            5 => (15, vec![byte], Meaning::Event("StartInterruptReceiving", id)),
            6 => (16, vec![byte], Meaning::Event("StopInterruptReceiving", id)),
            7 => (21, vec![], Meaning::Event("Cancel", id)),
            8 => (22, vec![], Meaning::Event("Rejected", id)),
            9 => {
                (24, vec![], if self.is_acknowledging { Meaning::Event("Disconnected", id) } else { Meaning::Nothing })
            }
            10 => {
                let (from_device, empty) = ([0x80, 6, 0x80, 0, 0, 1, 0, 0, little[0], little[1]], vec![]);
                let to_device = [0, 9, 0x21, 0, 0, 2, 0, 0, little[0], little[1]];
                let (head, data) = if byte & 1 == 0 { (from_device, empty) } else { (to_device, data) };
                (100, [&head[..], &data].concat(), Meaning::Event("Control", id))
            }
            11 => {
                let head = [byte & 0x7f, 0, little[0], little[1]];
                (103, [&head[..], &data].concat(), Meaning::Event("InterruptOut", id))
            }
            12 => (12, vec![byte, 1, 1], Meaning::Refused),
            13 => (101, [&[byte, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &data].concat(), Meaning::Refused),
            14 => (102, [&[byte, 0, little[0], little[1]][..], &data].concat(), Meaning::Nothing),
            15 => (1000 + u32::from(byte), data, Meaning::Nothing),
            16 => (23, vec![byte; length.min(4096)], Meaning::Nothing),
            17 => (*input.choose(&[1, 2, 4, 5, 8, 11, 14, 17, 20, 27, 104])?, data, Meaning::Error),
            _ => (*input.choose(&[3, 7, 21, 22, 24])?, vec![byte], Meaning::Error),
        };
        // A device that isn't there is asked for nothing.
        let meaning = match meaning {
            Meaning::Event("Disconnected", _) | Meaning::Error | Meaning::Nothing => meaning,
            _ if !self.is_there => Meaning::Nothing,
            meaning => meaning,
        };
        let said = self.say(kind, id, &body);
        let answered = self.hear();
        match (&meaning, said) {
            (Meaning::Error, Err(_)) => return Ok(false),
            (Meaning::Nothing, Ok(None)) => assert!(answered.is_empty()),
            (Meaning::Refused, Ok(None)) => assert_eq!(answered.len(), 1),
            (Meaning::Event(name, _), Ok(Some(event))) => {
                assert!(format!("{event:?}").starts_with(name), "{event:?} for {meaning:?}");
                self.is_acknowledging &= *name != "Disconnected";
                self.answer(event, id, &body);
            }
            (_, said) => panic!("{said:?} for {meaning:?}"),
        }
        Ok(true)
    }

    /// Answers as a device would, and looks at what is sent.
    fn answer(&mut self, event: Event, expected: u64, body: &[u8]) {
        let (status, redirector) = (Status::Success, &mut self.redirector);
        let kind = match event {
            Event::SetConfiguration { id, configuration } => {
                redirector.configuration_status(id, status, configuration);
                8
            }
            Event::SetAltSetting { id, interface, alternate } => {
                redirector.alt_setting_status(id, status, interface, alternate);
                11
            }
            Event::StartInterruptReceiving { id, endpoint } => {
                redirector.interrupt_receiving_status(id, status, endpoint);
                17
            }
            Event::Control { id, request } => {
                assert_eq!(request.data[..], body[10..]);
                redirector.control_answer(id, &request, status, &[7; 18]);
                100
            }
            Event::InterruptOut { id, endpoint, data } => {
                assert_eq!(data[..], body[4..]);
                redirector.interrupt_out_status(id, status, endpoint, data.len() as u16);
                103
            }
            _ => return,
        };
        let width = if self.has_long_ids { 8 } else { 4 };
        let id = self.redirector.outgoing()[8..8 + width].to_vec();
        assert_eq!(id, expected.to_le_bytes()[..width], "an answer finds its request");
        assert_eq!(self.hear(), [kind]);
    }

    fn say(&mut self, kind: u32, id: u64, body: &[u8]) -> std::result::Result<Option<Event>, ProtocolError> {
        let mut bytes = [kind.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
        bytes.extend(&id.to_le_bytes()[..if self.has_long_ids { 8 } else { 4 }]);
        bytes.extend(body);
        self.next += 1;
        let cut = bytes.len() * usize::from(self.next as u8) / 256;
        let (mut first, mut rest) = bytes.split_at(cut);
        if let early @ (Err(_) | Ok(Some(_))) = self.redirector.receive(&mut first) {
            return early;
        }
        self.redirector.receive(&mut rest)
    }

    /// Takes what is sent, and returns the packets' types.
    fn hear(&mut self) -> Vec<u32> {
        let bytes = self.redirector.outgoing().to_vec();
        self.redirector.sent(bytes.len());
        let (mut rest, mut kinds) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let (head, behind) = rest.split_at(if self.has_long_ids { 16 } else { 12 });
            let word = |place: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| head[place + byte]));
            kinds.push(word(0));
            rest = &behind[word(4) as usize..];
        }
        kinds
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut hello = vec![0, 0, 0, 0, 0, 68, 0, 0, 0, 0, 0, 0, 0];
    hello.extend([0; 64]);
    hello.extend(0xff_u32.to_le_bytes());
    for (kind, body) in [(3, &[][..]), (6, &[1]), (100, &[0x80, 6, 0x80, 0, 0, 1, 0, 0, 18, 0]), (200, &[1, 2])] {
        hello.extend([kind, 0, 0, 0, body.len() as u8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        hello.extend(body);
    }
    let choices = |seed| [&[1][..], &noise(seed, 400)].concat();
    vec![hello, choices(1), choices(2), choices(3)]
}
