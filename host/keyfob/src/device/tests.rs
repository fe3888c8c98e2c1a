//! Which devices are fobs, with what systems say played back.

use super::*;

const SERIAL: &str = "KF-40E2-91AC-0B7D-22F3";
const OTHER: &str = "KF-0000-0000-0000-0001";

fn at(place: &str) -> BusPlace {
    place.parse().unwrap()
}

fn node(number: usize, place: Option<&str>, serial: Option<&str>) -> HidNode {
    HidNode {
        path: format!("/dev/hidraw{number}").into(),
        vendor_id: 0x1209,
        product_id: 1,
        release: 0x0102,
        usage: Some(USAGE),
        serial: serial.map(str::to_owned),
        bus: place.map_or(Bus::Untold, |place| Bus::At(at(place))),
    }
}

fn usb(place: &str, serial: Option<&str>) -> UsbNode {
    UsbNode {
        vendor_id: 0x1209,
        product_id: 1,
        release: 0x0102,
        serial: serial.map(str::to_owned),
        place: at(place),
        address: Some(9),
        is_hid: true,
        driver: Some("usbhid".into()),
    }
}

fn uris(devices: &[Device]) -> Vec<String> {
    devices.iter().map(|device| device.uri.to_string()).collect()
}

#[test]
fn a_fob_is_listed_once() {
    let found = fobs(vec![node(3, Some("1-2"), Some(SERIAL))], vec![usb("1-2", Some(SERIAL)), usb("1-4", None)]);
    assert_eq!(uris(&found), [format!("hid:{SERIAL}"), "usb:1-4".into()]);
    let [fob, _] = &found[..] else { panic!("{found:?}") };
    assert_eq!(fob.serial, SERIAL.parse().ok());
    assert_eq!((&fob.place, fob.node.as_deref()), (&Some(at("1-2")), Some("/dev/hidraw3".as_ref())));
    assert_eq!((fob.driver.as_deref(), fob.release), (Some("usbhid"), 0x0102));
}

/// Elsewhere than on Linux a HID device's place isn't told.
#[test]
fn a_fob_without_a_place_is_listed_once() {
    for (in_hid, on_bus) in [(Some(SERIAL), None), (Some(SERIAL), Some(SERIAL)), (None, None)] {
        let found = fobs(vec![node(0, None, in_hid)], vec![usb("1-2", on_bus)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].place, Some(at("1-2")));
    }
    // Which of the two is where isn't known.
    let found =
        fobs(vec![node(0, None, Some(SERIAL)), node(1, None, Some(OTHER))], vec![usb("1-2", None), usb("1-3", None)]);
    assert_eq!(found.iter().map(|fob| &fob.place).collect::<Vec<_>>(), [&None, &None]);
}

#[test]
fn usage_decides_where_it_is_known_and_ids_where_it_is_not() {
    let of_a_maker = HidNode { vendor_id: 0x2000, product_id: 7, ..node(0, Some("1-1"), None) };
    let mouse = HidNode { usage: Some((1, 2)), ..node(1, Some("1-2"), Some(SERIAL)) };
    let malformed = HidNode { usage: Some((0, 0)), ..node(2, Some("1-3"), None) };
    let unreadable = HidNode { usage: None, ..node(3, Some("1-4"), None) };
    let other_ids = HidNode { usage: None, vendor_id: 0x2000, ..node(4, Some("1-5"), None) };
    let on_bus = ["1-2", "1-3", "1-5"].map(|place| usb(place, None));
    let found = fobs(vec![of_a_maker, mouse, malformed, unreadable, other_ids], on_bus.into());
    assert_eq!(uris(&found), ["hid:/dev/hidraw0", "hid:/dev/hidraw3"]);
}

#[test]
fn on_the_bus_ids_and_class_decide() {
    let serial_port = UsbNode { is_hid: false, ..usb("1-1", None) };
    let stranger = UsbNode { product_id: 2, ..usb("1-2", Some(SERIAL)) };
    assert_eq!(fobs(Vec::new(), vec![serial_port, stranger]), []);
    assert_eq!(uris(&fobs(Vec::new(), vec![usb("2-1.4", Some(SERIAL))])), [format!("usb:{SERIAL}")]);
}

/// A name is never one of two: neither of two fobs that claim a serial goes by it.
#[test]
fn names_are_of_one_fob_each() {
    let twins =
        vec![node(0, Some("1-1"), Some(SERIAL)), node(1, Some("1-2"), Some(SERIAL)), node(2, Some("1-3"), Some(OTHER))];
    let found = fobs(twins, vec![usb("1-4", Some(SERIAL))]);
    assert_eq!(uris(&found), ["hid:/dev/hidraw0", "hid:/dev/hidraw1", &format!("hid:{OTHER}"), "usb:1-4"]);
    let serial = SERIAL.parse().unwrap();
    let error = HidName::Serial(serial).node(&found).unwrap_err();
    assert!(
        matches!(&error, Error::SeveralTokens(uris) if uris == &["hid:/dev/hidraw0", "hid:/dev/hidraw1"]),
        "{error}"
    );
    assert!(matches!(UsbName::Serial(serial).place(&found), Err(Error::SeveralTokens(uris)) if uris.len() == 3));
}

/// What a device says of itself may be anything.
#[test]
fn a_serial_is_written_in_full() {
    for text in
        ["", "40E291AC0B7D22F3", "kf-40E2-91AC-0B7D-22F3", "KF-40E2-91AC-0B7D-22F3 ", "E66118604B5A2C21", "\u{202e}"]
    {
        let found = fobs(vec![node(0, Some("1-1"), Some(text))], Vec::new());
        assert_eq!((found[0].serial, uris(&found)), (None, vec!["hid:/dev/hidraw0".into()]), "{text}");
    }
}

#[test]
fn names_choose() {
    let (serial, other) = (SERIAL.parse().unwrap(), OTHER.parse().unwrap());
    let none = fobs(Vec::new(), Vec::new());
    let one = fobs(vec![node(0, Some("1-1"), Some(SERIAL))], vec![usb("1-1", Some(SERIAL))]);
    let unbound = fobs(Vec::new(), vec![usb("1-1", Some(SERIAL))]);
    let two = fobs(vec![node(0, Some("1-1"), Some(SERIAL)), node(1, Some("1-2"), Some(OTHER))], Vec::new());
    let path = |number: usize| Ok(PathBuf::from(format!("/dev/hidraw{number}")));
    let code = |error: Error| error.code();
    let hid = |name: HidName, devices: &[Device]| name.node(devices).map_err(code);
    let bus = |name: UsbName, devices: &[Device]| name.place(devices).map_err(code);

    assert_eq!(hid(HidName::Only, &none), Err("no-token"));
    assert_eq!(hid(HidName::Only, &one), path(0));
    assert_eq!(hid(HidName::Only, &unbound), Err("no-token"));
    assert_eq!(hid(HidName::Only, &two), Err("several-tokens"));
    assert_eq!(hid(HidName::Serial(serial), &two), path(0));
    assert_eq!(hid(HidName::Serial(other), &two), path(1));
    assert_eq!(hid(HidName::Serial(other), &one), Err("no-token"));
    assert_eq!(hid(HidName::Node("/dev/hidraw7".into()), &none), path(7));
    assert_eq!(bus(UsbName::Only, &none), Err("no-token"));
    assert_eq!(bus(UsbName::Only, &one), Ok(at("1-1")));
    assert_eq!(bus(UsbName::Only, &two), Err("several-tokens"));
    assert_eq!(bus(UsbName::Serial(other), &two), Ok(at("1-2")));
    assert_eq!(bus(UsbName::Serial(other), &unbound), Err("no-token"));
    assert_eq!(bus(UsbName::Place(at("9-9")), &none), Ok(at("9-9")));
}

/// `/sys` as Linux 6.1 has it: a fob with its driver, one that nobody drives, a mouse, a fob by uhid, a root, a hub, and
/// what goes away while it is looked at.
#[cfg(target_os = "linux")]
#[test]
fn what_linux_tells() {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    let folder = tempfile::tempdir().unwrap();
    let sys = folder.path();
    let file = |path: &str, bytes: &[u8]| {
        let path = sys.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let link = |from: &str, to: &str| {
        fs::create_dir_all(sys.join(from).parent().unwrap()).unwrap();
        symlink(sys.join(to), sys.join(from)).unwrap();
    };
    let device = |place: &str, ids: [&str; 2], serial: Option<&str>, driver: Option<&str>| {
        let path = format!("devices/pci0000:00/0000:00:03.0/usb1/{place}");
        file(&format!("{path}/idVendor"), format!("{}\n", ids[0]).as_bytes());
        file(&format!("{path}/idProduct"), format!("{}\n", ids[1]).as_bytes());
        file(&format!("{path}/bcdDevice"), b"0102\n");
        file(&format!("{path}/devnum"), b"12\n");
        if let Some(serial) = serial {
            file(&format!("{path}/serial"), format!("{serial}\n").as_bytes());
        }
        file(&format!("{path}/{place}:1.0/bInterfaceClass"), b"03\n");
        link(&format!("bus/usb/devices/{place}"), &path);
        link(&format!("bus/usb/devices/{place}:1.0"), &format!("{path}/{place}:1.0"));
        if let Some(driver) = driver {
            link(&format!("{path}/{place}:1.0/driver"), &format!("bus/usb/drivers/{driver}"));
        }
        format!("{path}/{place}:1.0")
    };
    let hid = |parent: &str, id: &str, name: &str, serial: &str, descriptor: &[u8]| {
        let path = format!("{parent}/{}", id.replacen("0000", "", 2));
        let uevent =
            format!("DRIVER=hid-generic\nHID_ID={id}\nHID_NAME=Keyfob Keyfob token\nHID_UNIQ={serial}\nMODALIAS=x\n");
        file(&format!("{path}/uevent"), uevent.as_bytes());
        file(&format!("{path}/report_descriptor"), descriptor);
        link(&format!("{path}/hidraw/{name}/device"), &path);
        link(&format!("class/hidraw/{name}"), &format!("{path}/hidraw/{name}"));
    };
    let fob = keyfob_usb::REPORT_DESCRIPTOR;

    let parent = device("1-2.3", ["1209", "0001"], Some(SERIAL), Some("usbhid"));
    hid(&parent, "0003:00001209:00000001", "hidraw0", SERIAL, &fob);
    device("1-4", ["1209", "0001"], None, None);
    let parent = device("1-5", ["046d", "c077"], None, Some("usbhid"));
    hid(&parent, "0003:0000046D:0000C077", "hidraw1", "", &[0x05, 0x01, 0x09, 0x02, 0xa1, 0x01]);
    hid("devices/virtual/misc/uhid", "0003:00001209:00000001", "hidraw2", OTHER, &fob);
    link("bus/usb/devices/usb1", "devices/pci0000:00/0000:00:03.0/usb1");
    link("bus/usb/devices/1-7", "devices/gone");
    link("class/hidraw/hidraw9", "devices/gone");
    file("class/hidraw/hidraw8/device/uevent", b"HID_ID=nonsense\n\xff\xfe=\n");
    file("class/hidraw/hidraw7/device/uevent", b"HID_ID=0003:FFFFFFFF:00000001\n");

    let found = fobs(sysfs::hid_nodes(sys), sysfs::usb_nodes(sys));
    assert_eq!(uris(&found), [format!("hid:{OTHER}"), format!("hid:{SERIAL}"), "usb:1-4".into()]);
    let [uhid, driven, unbound] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&uhid.place, uhid.node.as_deref(), &uhid.driver), (&None, Some(Path::new("/dev/hidraw2")), &None));
    assert_eq!((&driven.place, driven.release, driven.driver.as_deref()), (&Some(at("1-2.3")), 0x0102, Some("usbhid")));
    assert_eq!((&unbound.place, &unbound.serial, &unbound.driver), (&Some(at("1-4")), &None, &None));
    assert_eq!((driven.vendor_id, driven.product_id, driven.address, uhid.address), (0x1209, 1, Some(12), None));
}

#[cfg(target_os = "linux")]
#[test]
fn a_system_without_usb_has_none() {
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!((sysfs::hid_nodes(nothing.path()), sysfs::usb_nodes(nothing.path())), (Vec::new(), Vec::new()));
}
