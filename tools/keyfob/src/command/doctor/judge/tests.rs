use keyfob::{Error, Status};

use super::*;

/// A fob of which nothing is wrong, on a system of which nothing is special.
fn fine() -> Observations {
    Observations {
        surroundings: Surroundings { system: "linux", udev: Some(true), rule: Some(true), ..Surroundings::default() },
        way: Way::Hid,
        presence: Presence::Here,
        plugged: Some(Plugged {
            place: Some("1-2".into()),
            vendor_id: 0x1209,
            product_id: 1,
            release: 0x0102,
            serial: None,
            driver: Driver::Named("usbhid".into()),
            node: Node::There("/dev/hidraw0".into()),
        }),
        reached: Some(Ok(Reached {
            serial: Serial([7; 8]),
            firmware: "1.2.0".into(),
            origin: Origin::Genuine,
            vendors: 1,
        })),
        vendor: Some(Ok(())),
        licence: Some(Ok("feature 42 may be used".into())),
        clock: Clock { computer: UnixTime(1_800_000_000), signed: Some(UnixTime(1_790_000_000)), is_behind: false },
        accepts_emulated: false,
        emulators: 0,
    }
}

/// Something that is wrong: at which step, with which code and end.
struct Fault {
    step: Step,
    code: &'static str,
    exit: Exit,
    make: Box<dyn Fn(&mut Observations)>,
}

fn fault(step: Step, code: &'static str, exit: Exit, make: impl Fn(&mut Observations) + 'static) -> Fault {
    Fault { step, code, exit, make: Box::new(make) }
}

fn with_plugged(change: impl Fn(&mut Plugged) + 'static) -> impl Fn(&mut Observations) {
    move |seen| seen.plugged.iter_mut().for_each(&change)
}

fn with_error(error: fn() -> Error) -> impl Fn(&mut Observations) {
    move |seen| seen.reached = Some(Err(error().into()))
}

fn uri() -> String {
    "hid:/dev/hidraw0".into()
}

/// The faults of each step, the lowest step first.
fn faults() -> [Vec<Fault>; 9] {
    [
        vec![
            fault(Step::Usb, "no-token", Exit::NoToken, |seen| {
                (seen.presence, seen.plugged) = (Presence::Absent, None)
            }),
            fault(Step::Usb, "several-tokens", Exit::NoToken, |seen| {
                (seen.presence, seen.plugged) = (Presence::Several(2), None);
            }),
            fault(Step::Usb, "label-unknown", Exit::NoToken, |seen| {
                let failure = Error::NoLabel("bench".into()).into();
                (seen.presence, seen.plugged) = (Presence::Unnamed(failure), None);
            }),
        ],
        vec![
            fault(Step::Driver, "driver-missing", Exit::Failure, with_plugged(|fob| fob.driver = Driver::Nothing)),
            fault(
                Step::Driver,
                "driver-missing",
                Exit::Failure,
                with_plugged(|fob| fob.driver = Driver::Named("usbtest".into())),
            ),
            fault(
                Step::Driver,
                "device-busy",
                Exit::Busy,
                with_plugged(|fob| fob.driver = Driver::Named("usbip-host".into())),
            ),
        ],
        vec![
            fault(Step::Node, "node-missing", Exit::Failure, with_plugged(|fob| fob.node = Node::Unlisted)),
            fault(
                Step::Node,
                "node-missing",
                Exit::Failure,
                with_plugged(|fob| fob.node = Node::Missing("/dev/hidraw0".into())),
            ),
        ],
        vec![
            fault(
                Step::Permission,
                "device-permission",
                Exit::Permission,
                with_error(|| Error::Permission { uri: uri() }),
            ),
            fault(Step::Permission, "device-busy", Exit::Busy, with_error(|| Error::DeviceBusy { uri: uri() })),
            fault(Step::Permission, "driver-bound", Exit::Failure, with_error(|| Error::DriverBound { uri: uri() })),
            fault(
                Step::Permission,
                "token-unreachable",
                Exit::NoToken,
                with_error(|| Error::Unreachable { uri: uri(), source: std::io::ErrorKind::NotFound.into() }),
            ),
        ],
        vec![
            fault(Step::Answer, "unplugged", Exit::NoToken, with_error(|| Error::Unplugged)),
            fault(Step::Answer, "no-answer", Exit::Busy, with_error(|| Error::TimedOut)),
            fault(Step::Answer, "not-a-token", Exit::Verification, with_error(|| Error::NotAToken)),
            fault(Step::Answer, "device-stalled", Exit::Busy, with_error(|| Error::Stalled)),
            fault(Step::Answer, "busy", Exit::Busy, with_error(|| Error::Refused(Status::Busy))),
            fault(Step::Answer, "bad-answer", Exit::Failure, with_error(|| Error::Answer)),
        ],
        vec![
            fault(Step::Genuine, "not-ready", Exit::Failure, with_error(|| Error::Refused(Status::NotReady))),
            fault(Step::Genuine, "not-genuine", Exit::Verification, with_error(|| Error::NotGenuine)),
            fault(Step::Genuine, "emulated-token", Exit::Verification, |seen| {
                seen.reached.iter_mut().flatten().for_each(|fob| fob.origin = Origin::Emulated);
            }),
        ],
        vec![
            fault(Step::Vendor, "unknown-vendor", Exit::NoToken, |seen| {
                seen.vendor = Some(Err(Error::OtherVendor.into()))
            }),
            fault(Step::Vendor, "session-refused", Exit::Verification, |seen| {
                seen.vendor = Some(Err(Error::SessionRefused.into()));
            }),
        ],
        vec![
            fault(Step::Licence, "expired", Exit::Licence, |seen| {
                seen.licence = Some(Err(Error::Refused(Status::Expired).into()));
            }),
            fault(Step::Licence, "clock-set-back", Exit::Licence, |seen| {
                seen.licence = Some(Err(Error::Refused(Status::ClockSetBack).into()));
            }),
        ],
        vec![
            fault(Step::Time, "clock-behind", Exit::Failure, |seen| seen.clock.computer = UnixTime::UNKNOWN),
            fault(Step::Time, "clock-behind", Exit::Failure, |seen| seen.clock.computer = UnixTime(1_789_999_999)),
            fault(Step::Time, "clock-behind", Exit::Failure, |seen| seen.clock.is_behind = true),
        ],
    ]
}

/// The first step that failed, its code and end.
fn first(seen: &Observations) -> Option<(Step, &'static str, Exit)> {
    judge(seen).into_iter().find_map(|(step, judgement)| match judgement {
        Judgement::Failed(failure) => Some((step, failure.code(), failure.exit())),
        _ => None,
    })
}

#[test]
fn of_a_fine_fob_every_step_is_fine() {
    let judged = judge(&fine());
    assert_eq!(judged.iter().map(|(step, _)| *step).collect::<Vec<_>>(), Step::ALL);
    assert!(Step::ALL.is_sorted());
    for (step, judgement) in judged {
        assert!(matches!(judgement, Judgement::Fine(_)), "{step:?}: {judgement:?}");
    }
    assert_eq!(remarks(&fine(), None), [""; 0]);
}

/// Makes faults, lower ones last, since what is lower hides what is above it; the lowest has to be named.
fn expect_lowest(chosen: &[&Fault]) {
    let mut seen = fine();
    chosen.iter().rev().for_each(|fault| (fault.make)(&mut seen));
    let expected = chosen.first().map(|fault| (fault.step, fault.code, fault.exit));
    assert_eq!(first(&seen), expected, "{:?}", chosen.iter().map(|fault| (fault.step, fault.code)).collect::<Vec<_>>());
}

/// Each fault alone, each two of different steps, and each choice of steps.
#[test]
fn the_lowest_fault_is_named() {
    let faults = faults();
    for (step, ones) in faults.iter().enumerate() {
        for one in ones {
            expect_lowest(&[one]);
            faults[step + 1..].iter().flatten().for_each(|other| expect_lowest(&[one, other]));
        }
    }
    for steps in 0_u32..1 << 9 {
        let of_steps = || faults.iter().enumerate().filter(|(step, _)| steps >> step & 1 != 0).map(|(_, ones)| ones);
        expect_lowest(&of_steps().filter_map(|ones| ones.first()).collect::<Vec<_>>());
        expect_lowest(&of_steps().filter_map(|ones| ones.last()).collect::<Vec<_>>());
    }
}

/// Whatever error an attempt to talk with the fob ends with, it is found, and at a step that the attempt is about.
#[test]
fn every_error_of_the_library_has_a_step() {
    for text in keyfob::TEXTS {
        let mut seen = fine();
        seen.reached = Some(Err(Failure::new(text.code, Exit::Busy, "")));
        (seen.vendor, seen.licence) = (None, None);
        let at = step_of(text.code);
        assert!([Step::Permission, Step::Answer, Step::Genuine].contains(&at));
        assert_eq!(first(&seen), Some((at, text.code, Exit::Busy)));
        let judged = judge(&seen);
        for (step, judgement) in &judged[at as usize + 1..8] {
            assert!(matches!(judgement, Judgement::Skipped(_)), "{step:?} after {at:?}: {judgement:?}");
        }
    }
}

fn surroundings() -> Vec<Surroundings> {
    (0..128_u8)
        .map(|bits| {
            let is = |bit: u8| bits >> bit & 1 != 0;
            Surroundings {
                container: is(0).then_some("docker"),
                virtual_machine: is(1).then_some("qemu"),
                wsl: is(2),
                sandbox: is(3).then_some("flatpak"),
                remote: is(4),
                udev: Some(is(5)),
                rule: Some(is(6)),
                ..fine().surroundings
            }
        })
        .collect()
}

/// The surroundings change what is said of what is wrong, and nothing else.
#[test]
fn surroundings_are_only_hints() {
    let outcomes = |seen: &Observations| {
        judge(seen).into_iter().map(|(_, judgement)| match judgement {
            Judgement::Failed(failure) => Err((failure.code(), failure.message().to_owned(), failure.exit())),
            judgement => Ok(judgement),
        })
    };
    for around in surroundings() {
        assert_eq!(remarks(&Observations { surroundings: around.clone(), ..fine() }, None), [""; 0]);
        for fault in faults().iter().flatten() {
            let mut seen = fine();
            (fault.make)(&mut seen);
            let plain: Vec<_> = outcomes(&seen).collect();
            seen.surroundings = around.clone();
            assert_eq!(outcomes(&seen).collect::<Vec<_>>(), plain);
        }
    }
}

fn mended(fault: impl Fn(&mut Observations), around: Surroundings) -> String {
    let mut seen = Observations { surroundings: around, ..fine() };
    fault(&mut seen);
    judge(&seen)
        .into_iter()
        .find_map(|(_, judgement)| match judgement {
            Judgement::Failed(failure) => Some(failure.next().to_owned()),
            _ => None,
        })
        .unwrap()
}

#[test]
fn the_mend_fits_the_surroundings() {
    let plain = || fine().surroundings;
    let absent = |seen: &mut Observations| (seen.presence, seen.plugged) = (Presence::Absent, None);
    let wsl = Surroundings { wsl: true, virtual_machine: None, ..plain() };
    for (around, word) in [
        (plain(), "another port"),
        (wsl, "usbipd attach"),
        (Surroundings { container: Some("podman"), ..plain() }, "--device"),
        (Surroundings { virtual_machine: Some("qemu"), ..plain() }, "virtual machine"),
        (Surroundings { remote: true, ..plain() }, "not the one in front of you"),
    ] {
        let mend = mended(absent, around);
        assert!(mend.contains(word), "{mend}");
    }
    let running = |seen: &mut Observations| {
        absent(seen);
        seen.emulators = 1;
    };
    assert!(mended(running, plain()).contains("keyfob list"));
    let denied = with_error(|| Error::Permission { uri: "hid".into() });
    for (around, word) in [
        (Surroundings { rule: Some(false), ..plain() }, "--print-udev | sudo tee"),
        (plain(), "plug the fob in anew"),
        (Surroundings { remote: true, ..plain() }, "group"),
        (Surroundings { udev: Some(false), ..plain() }, "no udev"),
        (Surroundings { container: Some("docker"), ..plain() }, "runs the container"),
        (Surroundings { sandbox: Some("snap"), ..plain() }, "snap connect"),
        (Surroundings { sandbox: Some("flatpak"), ..plain() }, "flatpak override"),
    ] {
        let mend = mended(&denied, around);
        assert!(mend.contains(word), "{mend}");
    }
    let missing = with_plugged(|fob| fob.node = Node::Missing("/dev/hidraw3".into()));
    let mend = mended(missing, Surroundings { container: Some("docker"), ..plain() });
    assert!(mend.contains("--device /dev/hidraw3"), "{mend}");
}

/// Over an emulator's socket there is no USB to look at, and a permission is the socket's.
#[test]
fn a_socket_is_not_on_usb() {
    let mut seen = Observations { way: Way::Socket, plugged: None, ..fine() };
    let judged = judge(&seen);
    assert!(judged[..3].iter().all(|(_, judgement)| matches!(judgement, Judgement::Skipped(_))));
    assert_eq!(first(&seen), None);
    let denied = || Error::Permission { uri: "unix:fob.sock".into() };
    seen.reached = Some(Err(denied().into()));
    seen.surroundings.rule = Some(false);
    assert_eq!(first(&seen), Some((Step::Permission, "device-permission", Exit::Permission)));
    assert!(
        !mended(
            |seen| {
                seen.way = Way::Socket;
                with_error(denied)(seen)
            },
            seen.surroundings
        )
        .contains("udev")
    );
}

/// By the bus it is the other way round: a driver that is bound keeps programs out.
#[test]
fn by_the_bus_no_driver_may_be_bound() {
    let mut seen = Observations { way: Way::Bus, ..fine() };
    assert_eq!(first(&seen), Some((Step::Driver, "driver-bound", Exit::Failure)));
    with_plugged(|fob| (fob.driver, fob.node) = (Driver::Nothing, Node::Unlisted))(&mut seen);
    assert_eq!(first(&seen), None);
    with_plugged(|fob| fob.driver = Driver::Named("usbfs".into()))(&mut seen);
    assert_eq!(first(&seen), Some((Step::Driver, "device-busy", Exit::Busy)));
}

#[test]
fn an_emulated_fob_will_do_if_that_is_said() {
    let mut seen = Observations { accepts_emulated: true, ..fine() };
    seen.reached.iter_mut().flatten().for_each(|fob| fob.origin = Origin::Emulated);
    assert_eq!(first(&seen), None);
    seen.reached.iter_mut().flatten().for_each(|fob| fob.origin = Origin::Unknown);
    assert!(matches!(judge(&seen)[5].1, Judgement::Unknown(_)));
}

#[test]
fn versions_are_decimals() {
    for (release, text) in [(0x0100, "1.0.0"), (0x0123, "1.2.3"), (0x1002, "10.0.2"), (0, "0.0.0")] {
        assert_eq!(version(release), text);
    }
}
