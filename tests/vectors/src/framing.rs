//! Messages as reports, and INIT.

use keyfob_wire::framing::Sender;
use keyfob_wire::init::{InitAnswer, TokenState};
use keyfob_wire::{BootId, ChannelId, Command, Firmware};
use serde_json::{Value, json};

use crate::cast::SERIAL;
use crate::hex;

const CHANNEL: ChannelId = ChannelId(0x0102_0304);
/// Where a report ends or sequence numbers do.
const LENGTHS: [usize; 8] = [0, 1, 57, 58, 116, 117, 300, 4096];

pub(crate) const INIT_REQUEST: [u8; 8] = *b"\x20\x21\x22\x23\x24\x25\x26\x27";

pub(crate) fn init_answer() -> [u8; 36] {
    let answer = InitAnswer {
        nonce: INIT_REQUEST,
        channel: CHANNEL,
        lowest_version: 1,
        highest_version: 1,
        capabilities: 0,
        serial: SERIAL,
        boot: BootId(*b"\x30\x31\x32\x33\x34\x35\x36\x37"),
        firmware: Firmware([0, 1, 2]),
        state: TokenState::Ready,
    };
    answer.to_bytes()
}

pub(crate) fn cases() -> Vec<Value> {
    let mut cases: Vec<_> = LENGTHS
        .map(|length| {
            let bytes = (0..length).map(|index| u8::try_from(index % 251).unwrap_or_default()).collect();
            case(&format!("a message of {length} bytes"), CHANNEL, Command::Record, bytes)
        })
        .into();
    cases.push(case("INIT's request", ChannelId::BROADCAST, Command::Init, INIT_REQUEST.to_vec()));
    cases.push(case("INIT's answer", ChannelId::BROADCAST, Command::Init, init_answer().to_vec()));
    cases.push(case("ERROR: busy", CHANNEL, Command::Error, vec![0, 3]));
    cases
}

fn case(name: &str, channel: ChannelId, command: Command, message: Vec<u8>) -> Value {
    let mut sender = Sender::new(channel, command, message.len()).expect("it isn't too long");
    let reports: Vec<_> = std::iter::from_fn(|| sender.next(&message)).map(hex).collect();
    json!({
        "name": name, "section": "2", "channel": channel.0, "command": command.byte(), "message": hex(&message),
        "reports": reports,
    })
}
