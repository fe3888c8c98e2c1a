//! Bodies of memory, keys, proofs and health.

use super::*;

pub(super) const PROVE: ProveRequest<'_> = ProveRequest {
    audience: "https://licences.example",
    nonce: &[1; 16],
    context: &[2; 5],
    feature: FeatureId(42),
    time: UnixTime(1 << 40),
};

pub(super) fn cipher(input: &[u8]) -> CipherRequest<'_> {
    CipherRequest { feature: FeatureId(1), slot: Slot(2), time: UnixTime(3), input }
}

#[test]
fn fixed_layouts_are_as_specified() {
    let read = ReadRequest { product: ProductId(0x0102_0304), file: FileId(0x0506), offset: 0x0708, length: 0x0190 };
    assert_eq!(body!(read, ReadRequest), [1, 2, 3, 4, 5, 6, 7, 8, 1, 0x90]);
    for length in 0..=u16::MAX {
        let request = ReadRequest { length, ..read };
        assert_eq!(ReadRequest::parse(&written_once(&request)).is_ok(), (1..=2048).contains(&length), "{length}");
    }
    let write = WriteRequest { product: ProductId(0x0102_0304), file: FileId(0x0506), offset: 0x0708, bytes: &[9, 10] };
    assert_eq!(body!(write, WriteRequest, 9, 8 + 2048), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for length in [1, 2, 2047, 2048, 0, 2049, 4000] {
        let bytes = vec![7; length];
        let request = WriteRequest { bytes: &bytes, ..write };
        let expected = if (1..=2048).contains(&length) { Ok(request) } else { Err(Malformed) };
        assert_eq!(WriteRequest::parse(&written_once(&request)), expected, "{length}");
    }
    for length in 0..=u8::MAX {
        let request = RandomRequest { length };
        let expected = if (1..=64).contains(&length) { Ok(request) } else { Err(Malformed) };
        assert_eq!(RandomRequest::parse(&[length]), expected, "{length}");
        assert_eq!(written(|out| request.write(out)), [length]);
        assert_eq!(RandomRequest::parse(&[length, 0]), Err(Malformed));
    }
    assert_eq!(RandomRequest::parse(&[]), Err(Malformed));
}

#[test]
fn what_is_encrypted_decrypted_and_derived_has_its_lengths() {
    type Parse = for<'a> fn(&'a [u8]) -> Result<CipherRequest<'a>, Malformed>;
    let parsers: [(Parse, _); 3] = [
        (|bytes| CipherRequest::parse_encrypt(bytes), 1..=2048),
        (|bytes| CipherRequest::parse_decrypt(bytes), 33..=2080),
        (|bytes| CipherRequest::parse_derive(bytes), 1..=32),
    ];
    assert_eq!(written(|out| cipher(&[7, 8]).write(out)), [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 7, 8]);
    for (parse, lengths) in parsers {
        for length in 0..=2100 {
            let input = vec![5; length];
            let bytes = written_once(&cipher(&input));
            let expected = if lengths.contains(&length) { Ok(cipher(&input)) } else { Err(Malformed) };
            assert_eq!(parse(&bytes), expected, "{length}");
        }
        for short in 0..13 {
            assert_eq!(parse(&vec![0; short]), Err(Malformed));
        }
    }
    let shown = std::format!("{:?}", cipher(b"plaintext"));
    assert_eq!(shown, "CipherRequest(1, 2, 3, 9 bytes)", "a plaintext isn't shown");
}

#[test]
fn proofs_and_snapshots_are_asked_for_within_limits() {
    body!(PROVE, ProveRequest);
    body!(ProveAnswer { proof: &[1; 200], endorsement: &[2; 240] }, ProveAnswer);
    body!(SnapshotAnswer { snapshot: &[1; 200], endorsement: &[2; 240] }, SnapshotAnswer);
    for length in 0..=80 {
        let bytes = vec![b'x'; length];
        let text = core::str::from_utf8(&bytes).unwrap();
        let cases = [
            (ProveRequest { audience: text, ..PROVE }, 1..=64),
            (ProveRequest { nonce: &bytes, ..PROVE }, 16..=64),
            (ProveRequest { context: &bytes, ..PROVE }, 0..=64),
        ];
        for (request, lengths) in cases {
            let expected = if lengths.contains(&length) { Ok(request) } else { Err(Malformed) };
            assert_eq!(ProveRequest::parse(&written_once(&request)), expected, "{length}");
        }
        for hint in [None, HINT] {
            let request = SnapshotRequest { hint, nonce: &bytes };
            let expected = if (8..=64).contains(&length) { Ok(request) } else { Err(Malformed) };
            assert_eq!(SnapshotRequest::parse(&written_once(&request)), expected, "{length}");
        }
    }
    body!(SnapshotRequest { hint: HINT, nonce: &[1; 64] }, SnapshotRequest);
}

#[test]
fn health_comes_back() {
    let health = HealthAnswer {
        uptime: 1,
        sessions: 24,
        refused_records: 256,
        refused_handshakes: 65_536,
        free: u32::MAX,
        compactions: 0,
        tickets: 7,
        ..HealthAnswer::default()
    };
    let bytes = body!(health, HealthAnswer);
    assert_eq!(bytes[..5], [0xa7, 1, 1, 2, 0x18]);
    // What a board doesn't know isn't there.
    let board = HealthAnswer { stack_unused: Some(9_000), anchor_left: Some(0), ..health };
    assert_eq!(body!(board, HealthAnswer)[0], 0xa9);
    let all = HealthAnswer { reset: Some(3), failed_entropy_tests: Some(u32::MAX), ..board };
    let longest = body!(all, HealthAnswer);
    assert_eq!((longest[0], longest.last()), (0xab, Some(&0)));
}

#[test]
fn files_come_in_order_and_are_what_they_may_be() {
    for hint in [None, HINT] {
        body!(FilesRequest { hint, product: ProductId(1), start: FileId(65_535) }, FilesRequest);
    }
    let entry = |file, kind, size, label| FileEntry { file: FileId(file), kind, size, label };
    let files = [
        entry(0, FileKind::ReadWrite, 4096, None),
        entry(1, FileKind::Label, 48, Some(&[b'x'; 48][..])),
        entry(2, FileKind::Label, 1, Some(&[][..])),
        entry(65_535, FileKind::WriteOnce, 1, None),
    ];
    let answer = |files: &[FileEntry<'_>]| {
        written(|out| {
            let mut writer = FilesWriter::new(out, files.len())?;
            files.iter().try_for_each(|file| writer.file(file))?;
            Ok(writer.finish())
        })
    };
    let bytes = answer(&files);
    let read = FilesAnswer::parse(&bytes).unwrap();
    assert_eq!((read.files.collect::<Vec<_>>(), read.next), (files.to_vec(), None));
    harass(&bytes, NEVER, 0, &|bytes| FilesAnswer::parse(bytes).is_ok());

    let [first, second, ..] = files;
    let too_long = FileEntry { label: Some(&[0; 49]), ..second };
    for wrong in [
        &[second, first][..],
        &[first, first],
        &[FileEntry { size: 0, ..first }],
        &[FileEntry { size: 4097, ..first }],
        &[FileEntry { size: 49, ..second }],
        &[FileEntry { label: None, ..second }],
        &[FileEntry { label: Some(&[]), ..first }],
        &[too_long],
    ] {
        assert!(FilesAnswer::parse(&answer(wrong)).is_err(), "{wrong:?}");
    }
    // `next` lies above the last file, and there is one.
    for (bytes, good) in [
        (&b"\xa2\x01\x81\x84\x05\x01\x01\xf6\x02\x06"[..], true),
        (b"\xa2\x01\x81\x84\x05\x01\x01\xf6\x02\x05", false),
        (b"\xa2\x01\x80\x02\x05", false),
        (b"\xa1\x02\x05", false),
    ] {
        assert_eq!(FilesAnswer::parse(bytes).is_ok(), good);
    }
}
