//! What a host sees of the firmware on the bus, beside what the emulator's device answers.

use anyhow::{Context, Result, ensure};
use keyfob::Connect;
use keyfob_conformance::{Bench, Raw};
use keyfob_sim::{Board, Boards, Image, Keep, Reset};
use keyfob_usb::{CONTROL_BUFFER, Device, Identity, Release, Reply, SerialNumber, Setup};
use keyfob_wire::Firmware;

use super::{company, failed, kept};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Compares every descriptor and the answers to other control requests; does what buses do to devices.
pub(super) fn check(image: &Image, seed: u64) -> Result<Vec<String>> {
    let board = Board::start(image, seed)?;
    let firmware = initialises(&board)?;
    let mut lines = vec![same_device(&board, firmware, None).context("a blank fob")?];
    drop(board);

    let keep = Keep::default();
    let bench = Boards::new(image, seed + 50, &keep).and_then(Bench::new).map_err(failed)?;
    let board = kept(&keep)?;
    board.hasten(1)?;
    board.power_cycle()?;
    let serial = bench.serial().to_string();
    lines.push(same_device(&board, firmware, Some(&serial)).context("a fob with a serial number")?);
    lines.push(halts(&board)?);
    lines.push(sessions_stay(&bench, &board)?);
    lines.push(sessions_end(&bench, &board)?);
    lines.push(company::check(&bench, &board)?);
    Ok(lines)
}

/// Sends what a host may ask to both, and compares the answers byte for byte.
fn same_device(board: &Board, version: Firmware, serial: Option<&str>) -> Result<String> {
    let serial = serial.map(|text| SerialNumber::new(text).context("a serial number")).transpose()?;
    let mut device = Device::new(Identity::keyfob(Release::of_version(version.0), serial));
    let mut buffer = [0; CONTROL_BUFFER];
    device.control(Setup::from_bytes([0, 9, 1, 0, 0, 0, 0, 0]), &[], &mut buffer);
    let mut asked = 0;
    let mut ask = |setup: Setup, data: &[u8]| -> Result<()> {
        let expected = match device.control(setup, data, &mut buffer) {
            Reply::Data(data) => Some(data.to_vec()),
            Reply::Done | Reply::Report(_) => Some(Vec::new()),
            Reply::Stall => None,
        };
        let found = board.control(setup.to_bytes(), data)?;
        ensure!(found == expected, "{setup:?}: {found:02x?} instead of {expected:02x?}");
        asked += 1;
        Ok(())
    };
    let setup = |request_type, request, value, index, length| Setup { request_type, request, value, index, length };
    // Every type of descriptor, those of BOS, of the qualifier and of nothing included; every string.
    for kind in 0..=0x30_u16 {
        for (index, length) in [(0, 255), (1, 255), (0, 7)] {
            ask(setup(0x80, 6, kind << 8 | index, 0, length), &[])?;
            ask(setup(0x81, 6, kind << 8 | index, 0, length), &[])?;
        }
    }
    for string in 0..=5 {
        for length in [2, 64, 255] {
            ask(setup(0x80, 6, 0x300 | string, 0x0409, length), &[])?;
        }
    }
    // Status, configuration, interface; idle, protocol, report; what isn't there.
    for (request_type, request, value, index, length) in [
        (0x80, 0, 0, 0, 2),
        (0x81, 0, 0, 0, 2),
        (0x82, 0, 0, 0x81, 2),
        (0x82, 0, 0, 0x01, 2),
        (0x82, 0, 0, 0x82, 2),
        (0x80, 8, 0, 0, 1),
        (0x81, 10, 0, 0, 1),
        (0xa1, 1, 0x0100, 0, 64),
        (0xa1, 1, 0x0300, 0, 64),
        (0xa1, 2, 0, 0, 1),
        (0xa1, 3, 0, 0, 1),
        (0xc0, 1, 0, 0, 64),
    ] {
        ask(setup(request_type, request, value, index, length), &[])?;
    }
    for (request_type, request, value, index) in [
        (0x21, 0x0a, 0, 0),
        (0x21, 0x0a, 0x0400, 0),
        (0x21, 0x0b, 1, 0),
        (0x21, 0x0b, 0, 0),
        (0x01, 11, 0, 0),
        (0x01, 11, 1, 0),
        (0x00, 3, 1, 0),
        (0x00, 9, 2, 0),
        (0x40, 1, 0, 0),
    ] {
        ask(setup(request_type, request, value, index, 0), &[])?;
    }
    // A report by control, on a channel that is nobody's.
    ask(setup(0x21, 9, 0x0200, 0, 64), &[0; 64])?;
    ask(setup(0x21, 9, 0x0200, 0, 63), &[0; 63])?;
    ask(setup(0x21, 9, 0x0300, 0, 64), &[0; 64])?;
    let whose = if serial.is_some() { "of a fob with a serial number" } else { "of a blank fob" };
    Ok(format!("{asked} control requests are answered as by the emulator's device, byte for byte, {whose}"))
}

/// Halts each endpoint and clears it: reports go on, and none is lost for a toggle (USB 2.0 §9.4.5).
fn halts(board: &Board) -> Result<String> {
    for (address, endpoint) in [(0x81, "in"), (0x01, "out")] {
        for rounds in 0..2 {
            // After an odd and after an even number of reports.
            for _ in 0..=rounds {
                initialises(board)?;
            }
            ensure!(board.control([2, 3, 0, 0, address, 0, 0, 0], &[])?.is_some(), "{endpoint} doesn't halt");
            let status = board.control([0x82, 0, 0, 0, address, 0, 2, 0], &[])?;
            ensure!(status == Some(vec![1, 0]), "{endpoint} says {status:?} of its halt");
            board.bus("clear-halt", Some(endpoint))?;
            initialises(board).with_context(|| format!("after a halt of {endpoint}"))?;
            let mismatches = board.state()?.mismatches();
            ensure!(mismatches == 0, "{mismatches} packets with the wrong toggle after a halt of {endpoint}");
        }
    }
    Ok("endpoints that were halted and cleared begin with DATA0, and lose nothing".to_owned())
}

/// A bus reset and a suspended bus leave power, channels and sessions as they are.
fn sessions_stay(bench: &Bench, board: &Board) -> Result<String> {
    for order in ["bus-reset", "suspend"] {
        let mut guest = bench.guest().map_err(failed)?;
        let before = guest.info()?;
        board.bus(order, None)?;
        if order == "suspend" {
            board.advance(5_000)?;
            board.bus("resume", None)?;
        }
        let after = guest.info().with_context(|| format!("the session after a {order}"))?;
        ensure!(before.boot == after.boot, "a {order} was a new start");
    }
    Ok("sessions outlive a reset of the bus and its suspension".to_owned())
}

/// After a reset of the chip the library opens anew, by itself, and what was spent is spent.
fn sessions_end(bench: &Bench, board: &Board) -> Result<String> {
    let client = bench.client().map_err(failed)?;
    let session = client.login(keyfob_conformance::COUNTED)?;
    let mut left = session.counter()?.remaining;
    for reset in [Reset::Pin, Reset::Watchdog] {
        let boot = bench.raw().map_err(failed)?.init().map_err(failed)?.answer.boot;
        board.reset(reset)?;
        let spent = session.spend(keyfob_wire::Units(1)).with_context(|| format!("a spend after {reset:?}"))?;
        ensure!(spent.remaining.0 + 1 == left.0, "{} left after {}, {reset:?}", spent.remaining.0, left.0);
        left = spent.remaining;
        let now = bench.raw().map_err(failed)?.init().map_err(failed)?.answer.boot;
        ensure!(now != boot, "{reset:?} was no new start");
    }
    Ok("after resets by pin and watchdog the library opens anew, and the counter goes on".to_owned())
}

/// Asks for a channel; gives the firmware's version.
fn initialises(board: &Board) -> Result<Firmware> {
    let channel = Raw::new(board.uri().connect()?, PATIENCE).init().map_err(failed)?;
    Ok(channel.answer.firmware)
}
