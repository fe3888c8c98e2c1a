//! The places of fields are those that `offsetof` gives for `linux/uhid.h`.

use super::*;

fn event(r#type: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut event = vec![0; EVENT_SIZE];
    event[..4].copy_from_slice(&r#type.to_ne_bytes());
    for (place, bytes) in fields {
        event[*place..][..bytes.len()].copy_from_slice(bytes);
    }
    event
}

#[test]
fn a_device_is_made_as_the_kernel_reads_it() {
    let descriptor: Vec<u8> = (0..34).collect();
    let device = Create {
        name: "Keyfob Keyfob token",
        phys: "keyfob-emulator",
        uniq: "KF-0000000000000",
        vendor: 0x1209,
        product: 0x0001,
        version: 0x0102,
        descriptor: &descriptor,
    };
    let made = create(&device);
    assert_eq!(made.len(), 280 + 34);
    assert_eq!(made[..4], 11_u32.to_ne_bytes());
    assert_eq!(&made[4..24], b"Keyfob Keyfob token\0");
    assert_eq!(&made[132..148], b"keyfob-emulator\0");
    assert_eq!(&made[196..213], b"KF-0000000000000\0");
    assert_eq!(made[260..262], 34_u16.to_ne_bytes());
    assert_eq!(made[262..264], 3_u16.to_ne_bytes());
    assert_eq!(made[264..268], 0x1209_u32.to_ne_bytes());
    assert_eq!(made[268..272], 0x0001_u32.to_ne_bytes());
    assert_eq!(made[272..276], 0x0102_u32.to_ne_bytes());
    assert_eq!(made[276..280], [0; 4]);
    assert_eq!(made[280..], descriptor);

    // Texts that are too long end before the field does.
    let (long, descriptor) = ("x".repeat(300), [7; 5000]);
    let made = create(&Create { name: &long, phys: &long, uniq: &long, descriptor: &descriptor, ..device });
    assert_eq!(made.len(), 4376, "the fields of the kernel's largest event");
    for end in [131, 195, 259] {
        assert_eq!(made[end - 1..=end], [b'x', 0]);
    }
    assert_eq!(made[260..262], 4096_u16.to_ne_bytes());
}

#[test]
fn what_the_device_says_is_written_where_the_kernel_reads_it() {
    assert_eq!(destroy(), 1_u32.to_ne_bytes());
    assert_eq!(input(&[9; 64]), [&12_u32.to_ne_bytes()[..], &64_u16.to_ne_bytes(), &[9; 64]].concat());
    let reply = report_reply(0x0102_0304, Some(&[5; 65]));
    assert_eq!(reply[..4], 10_u32.to_ne_bytes());
    assert_eq!(reply[4..8], 0x0102_0304_u32.to_ne_bytes());
    assert_eq!(reply[8..10], [0; 2]);
    assert_eq!(reply[10..12], 65_u16.to_ne_bytes());
    assert_eq!(reply[12..], [5; 65]);
    assert_eq!(report_reply(1, None)[8..], [5_u16.to_ne_bytes(), [0; 2]].concat());
    for (was_taken, error) in [(true, 0_u16), (false, 5)] {
        let parts = [&14_u32.to_ne_bytes()[..], &7_u32.to_ne_bytes(), &error.to_ne_bytes()];
        assert_eq!(taken_reply(7, was_taken), parts.concat());
    }
}

#[test]
fn what_the_kernel_says_is_read() {
    assert_eq!(read(&event(2, &[])), Some(FromKernel::Start));
    assert_eq!(read(&event(3, &[])), Some(FromKernel::Stop));
    assert_eq!(read(&event(4, &[])), Some(FromKernel::Open));
    assert_eq!(read(&event(5, &[])), Some(FromKernel::Close));
    let data: Vec<u8> = (0..65).collect();
    let size = 65_u16.to_ne_bytes();
    let output = event(6, &[(4, &data), (4100, &size), (4102, &[1])]);
    assert_eq!(read(&output), Some(FromKernel::Output { data: &data, r#type: ReportType::Output }));
    let id = 0x0102_0304_u32;
    let get = event(9, &[(4, &id.to_ne_bytes()), (8, &[7]), (9, &[2])]);
    assert_eq!(read(&get), Some(FromKernel::GetReport { id, number: 7, r#type: ReportType::Input }));
    let set = event(13, &[(4, &id.to_ne_bytes()), (8, &[7]), (9, &[0]), (10, &size), (12, &data)]);
    assert_eq!(read(&set), Some(FromKernel::SetReport { id, number: 7, r#type: ReportType::Feature, data: &data }));
}

#[test]
fn what_makes_no_sense_is_nothing() {
    for r#type in [0, 1, 7, 8, 10, 11, 12, 14, 15, u32::MAX] {
        assert_eq!(read(&event(r#type, &[])), None, "{type}");
    }
    let too_long = 4097_u16.to_ne_bytes();
    assert_eq!(read(&event(6, &[(4100, &too_long), (4102, &[1])])), None);
    assert_eq!(read(&event(13, &[(9, &[1]), (10, &too_long)])), None);
    assert_eq!(read(&event(6, &[(4102, &[3])])), None);
    // Cut short.
    let output = event(6, &[(4100, &64_u16.to_ne_bytes()), (4102, &[1])]);
    for length in 0..=4102 {
        assert_eq!(read(&output[..length]), None, "{length}");
    }
}
