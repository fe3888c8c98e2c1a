//! Enough of HID report descriptors (Device Class Definition for HID 1.11, §6.2.2) to know what a device says it is.

/// A short item's tag and type (§6.2.2.2), without its size.
const USAGE_PAGE: u8 = 0x04;
const USAGE: u8 = 0x08;
const COLLECTION: u8 = 0xa0;
/// The prefix of a long item (§6.2.2.3), whose length is in the next byte.
const LONG: u8 = 0xfe;

/// The usage page and usage of the first collection; none if there is none, or the descriptor is cut short before it.
pub(super) fn first_usage(mut descriptor: &[u8]) -> Option<(u16, u16)> {
    let (mut page, mut usage) = (0, None);
    loop {
        let (&prefix, rest) = descriptor.split_first()?;
        if prefix == LONG {
            let (&length, rest) = rest.split_first()?;
            descriptor = rest.get(usize::from(length) + 1..)?;
            continue;
        }
        let length = [0, 1, 2, 4][usize::from(prefix & 3)];
        let (data, rest) = rest.split_at_checked(length)?;
        let value = data.iter().rev().fold(0u32, |value, &byte| value << 8 | u32::from(byte));
        match prefix & !3 {
            USAGE_PAGE => page = u16::try_from(value).ok()?,
            // The first one counts; one of four bytes brings its page along (§6.2.2.8).
            USAGE if usage.is_none() => {
                let [low, high] = [value & 0xffff, value >> 16].map(|half| u16::try_from(half).unwrap_or_default());
                usage = Some((if length == 4 { Some(high) } else { None }, low));
            }
            COLLECTION => return usage.map(|(own, usage)| (own.unwrap_or(page), usage)),
            _ => {}
        }
        descriptor = rest;
    }
}

#[cfg(test)]
mod tests {
    use keyfob_usb::REPORT_DESCRIPTOR as FOB;

    use super::*;

    #[test]
    fn what_devices_say() {
        assert_eq!(first_usage(&FOB), Some((0xff4b, 0x46)));
        // A mouse; a FIDO key; one with its page in the usage; a long item ahead.
        assert_eq!(first_usage(&[0x05, 0x01, 0x09, 0x02, 0xa1, 0x01]), Some((1, 2)));
        assert_eq!(first_usage(&[0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0xc0]), Some((0xf1d0, 1)));
        assert_eq!(first_usage(&[0x0b, 0x46, 0, 0x4b, 0xff, 0xa1, 0x01]), Some((0xff4b, 0x46)));
        assert_eq!(first_usage(&[0xfe, 2, 0x10, 0xa1, 0x01, 0x05, 1, 0x09, 6, 0xa1, 1]), Some((1, 6)));
    }

    /// Malformed ones: each cut, each byte changed to anything, and what claims to be longer than it is.
    #[test]
    fn malformed_descriptors_are_nothing_or_something_else() {
        for length in 0..6 {
            assert_eq!(first_usage(&FOB[..length]), None, "{length}");
        }
        let mut is_fob = 0;
        for at in 0..FOB.len() {
            for byte in 0..=u8::MAX {
                let mut altered = FOB.to_vec();
                altered[at] = byte;
                is_fob += usize::from(first_usage(&altered) == Some((0xff4b, 0x46)));
            }
        }
        // All that comes behind the collection's first byte may be anything: nothing is read of it.
        assert!((FOB.len() - 6) * 256 <= is_fob && is_fob <= (FOB.len() - 6) * 256 + 6 * 4, "{is_fob}");
        for bytes in [&[0xfe][..], &[0xfe, 255], &[0xfe, 255, 0], &[0x07, 1, 2, 3], &[0xa1, 1], &[0x07, 0, 0, 1, 0]] {
            assert_eq!(first_usage(bytes), None, "{bytes:02x?}");
        }
    }
}
