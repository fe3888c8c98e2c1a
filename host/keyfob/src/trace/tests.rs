use std::collections::VecDeque;
use std::fs;

use keyfob_pcapng::{Kind, Reader};
use keyfob_wire::REPORT_SIZE;

use super::*;

/// Gives what was laid in, then says that it is gone.
struct Scripted(VecDeque<Option<Report>>);

impl Transport for Scripted {
    fn send(&mut self, _: &Report) -> io::Result<()> {
        if self.0.is_empty() { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn receive(&mut self, _: Duration) -> io::Result<Option<Report>> {
        self.0.pop_front().ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }
}

fn scripted(reports: &[Option<Report>]) -> Box<dyn Transport> {
    Box::new(Scripted(reports.iter().copied().collect()))
}

/// What is in a file: connection, endpoint, event, status and data.
fn recorded(path: &Path) -> Vec<(u32, u8, Event, i32, Vec<u8>)> {
    let file = fs::read(path).unwrap();
    let mut last = 0;
    let read = |packet: keyfob_pcapng::Packet<'_>| {
        assert!(last <= packet.nanoseconds, "time goes backwards");
        last = packet.nanoseconds;
        let transfer = packet.transfer().unwrap();
        assert_eq!(transfer.kind, Kind::Interrupt);
        (packet.interface, transfer.endpoint, transfer.event, transfer.status, transfer.data.to_vec())
    };
    Reader::new(&file).map(|packet| packet.unwrap()).map(read).collect()
}

/// After every single report the file has all of them, and what goes through isn't touched.
#[test]
fn every_report_is_in_the_file_before_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let trace = Trace::create(&path).unwrap();
    let (mut one, mut two) = (
        trace.tap("hid", scripted(&[Some([1; REPORT_SIZE]), None, Some([2; REPORT_SIZE])])),
        trace.tap("unix", scripted(&[Some([3; REPORT_SIZE])])),
    );
    let mut expected = Vec::new();
    let now = Duration::ZERO;
    one.send(&[9; REPORT_SIZE]).unwrap();
    expected.push((0, OUT, Event::Submitted, -115, vec![9; REPORT_SIZE]));
    assert_eq!(recorded(&path), expected);
    for (connection, answer) in [(0, Some(1)), (0, None), (1, Some(3)), (0, Some(2))] {
        let transport = if connection == 0 { &mut one } else { &mut two };
        let received = transport.receive(now).unwrap();
        assert_eq!(received, answer.map(|byte| [byte; REPORT_SIZE]));
        expected.extend(received.map(|report| (connection, IN, Event::Completed, 0, report.to_vec())));
        assert_eq!(recorded(&path), expected);
    }
    assert_eq!(one.receive(now).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(one.send(&[8; REPORT_SIZE]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    expected.push((0, IN, Event::Completed, GONE, vec![]));
    expected.push((0, OUT, Event::Submitted, -115, vec![8; REPORT_SIZE]));
    expected.push((0, OUT, Event::Failed, STALLED, vec![]));
    assert_eq!(recorded(&path), expected);
    assert_eq!(trace.problem(), None);
}

#[test]
#[cfg(unix)]
fn the_file_is_new_and_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    Trace::create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    assert_eq!(Trace::create(&path).err().unwrap().kind(), ErrorKind::AlreadyExists);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
    assert_eq!(Trace::create(&link).err().unwrap().kind(), ErrorKind::AlreadyExists, "links aren't followed");
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// A full disk ends the trace and nothing else.
#[test]
#[cfg(target_os = "linux")]
fn what_is_recorded_goes_on_when_the_disk_is_full() {
    let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let began = (SystemTime::now(), Instant::now());
    let recorder = Recorder { file: Some(file), problem: None, connections: 0, transfers: 0, began };
    let trace = Trace(Arc::new(Mutex::new(recorder)));
    let mut tapped = trace.tap("hid", scripted(&[Some([1; REPORT_SIZE])]));
    assert_eq!(trace.problem(), Some(ErrorKind::StorageFull));
    tapped.send(&[0; REPORT_SIZE]).unwrap();
    assert_eq!(tapped.receive(Duration::ZERO).unwrap(), Some([1; REPORT_SIZE]));
}

#[test]
fn a_stall_is_told_from_an_end() {
    for (error, told) in [
        (io::Error::other(Error::Stalled), STALLED),
        (ErrorKind::BrokenPipe.into(), STALLED),
        (io::Error::other(Error::Unplugged), GONE),
        (ErrorKind::UnexpectedEof.into(), GONE),
    ] {
        assert_eq!(status(&error), told, "{error:?}");
    }
}

#[test]
fn nothing_is_said_of_where_a_token_is() {
    for (uri, said) in [
        ("unix:/home/ann/fob.sock", "unix"),
        ("tcp:host:7", "tcp"),
        ("hid", "hid"),
        ("ann's own", "other"),
        ("", "other"),
    ] {
        assert_eq!(kind(uri), said, "{uri}");
    }
    let number = std::process::id();
    assert_eq!(of_process("a-%p.pcapng".into()), OsString::from(format!("a-{number}.pcapng")));
}
