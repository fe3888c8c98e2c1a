//! Memory: read, write, files, and the updates that make files. `docs/spec.md`, §7.5 and §8.5.

use keyfob::{Error, File, FileId, FileKind, ProductId, Session};
use keyfob_issuing::Step;
use keyfob_signed::Rights;
use keyfob_wire::body::{FilesAnswer, FilesRequest, ReadRequest, Request, WriteRequest};
use keyfob_wire::{Operation, Status, VendorHint};

use super::usage::is_refused;
use crate::bench::steps;
use crate::case::{ensure, same};
use crate::licence::{HIDDEN, PLAIN, PRIVATE, PUBLIC, TODAY};
use crate::{Bench, Failure};

super::cases! {
    guests_may_not_use_memory
    what_is_written_is_read
    bytes_never_written_are_zero
    nothing_lies_beyond_the_end
    no_request_moves_more_than_two_kilobytes
    what_apps_may_not_write_is_protected
    a_write_once_file_is_written_once
    a_file_that_there_isnt_is_not_found
    an_app_uses_its_own_products_files
    reading_and_writing_are_rights
    a_write_outlives_the_power
    files_are_listed_in_order
    guests_see_files_of_public_products_only
    an_update_creates_writes_and_removes
    an_updates_operations_on_files_take_effect_in_order
    an_update_that_cannot_change_a_file_changes_nothing
    a_token_has_room_for_thirty_two_files
    a_token_has_room_for_a_hundred_and_twenty_eight_pages
}

const NOTES: FileId = FileId(1);
const LEDGER: FileId = FileId(2);
const SEAL: FileId = FileId(3);
const NAME: FileId = FileId(4);

fn create(product: ProductId, file: FileId, kind: FileKind, size: u16) -> Step {
    Step::CreateFile { product, file, kind, size }
}

fn write(file: FileId, offset: u16, bytes: &[u8]) -> Step {
    Step::WriteFile { product: PUBLIC, file, offset, bytes: bytes.to_vec() }
}

fn remove(product: ProductId, file: FileId) -> Step {
    Step::RemoveFile { product, file }
}

/// Does something with one file of each kind, then removes them.
fn with_files<T>(
    bench: &mut Bench,
    operate: impl FnOnce(&mut Bench, &Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    bench.apply(steps(vec![
        create(PUBLIC, NOTES, FileKind::ReadWrite, 4096),
        create(PUBLIC, LEDGER, FileKind::ReadOnly, 300),
        create(PUBLIC, SEAL, FileKind::WriteOnce, 600),
        create(PUBLIC, NAME, FileKind::Label, 48),
        write(LEDGER, 250, b"across a page's edge"),
        write(NAME, 0, "Straßenbau".as_bytes()),
    ]))?;
    let client = bench.client()?;
    let outcome = operate(bench, &client.login(PLAIN)?);
    bench.apply(steps([NOTES, LEDGER, SEAL, NAME].map(|file| remove(PUBLIC, file)).into()))?;
    outcome
}

fn guests_may_not_use_memory(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let read = Request::Read(ReadRequest { product: PUBLIC, file: NOTES, offset: 0, length: 1 });
    let write = Request::Write(WriteRequest { product: PUBLIC, file: NOTES, offset: 0, bytes: &[1] });
    for request in [read, write] {
        let (status, _) = raw.ask(session, &request)?;
        same(request.operation().word(), &status, &Status::NotPermitted)?;
    }
    Ok(())
}

fn what_is_written_is_read(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |_, session| {
        let mut expected = vec![0; 4096];
        for (number, (offset, length)) in
            (1..).zip([(0_u16, 1_usize), (4095, 1), (255, 2), (256, 256), (1000, 2048), (2048, 2048), (700, 300)])
        {
            let bytes: Vec<u8> = (0..length).map(|place| (place * 7 + number * 31) as u8).collect();
            session.write(PUBLIC, NOTES, offset, &bytes)?;
            expected[usize::from(offset)..usize::from(offset) + length].copy_from_slice(&bytes);
            same("what was written", &session.read(PUBLIC, NOTES, offset, length as u16)?, &bytes)?;
            same("the whole file", &session.read(PUBLIC, NOTES, 0, 4096)?, &expected)?;
        }
        session.write(PUBLIC, NOTES, 0, &[0; 2048])?;
        session.write(PUBLIC, NOTES, 2048, &[0; 2048])?;
        same("what is zero again", &session.read(PUBLIC, NOTES, 0, 4096)?, &vec![0; 4096])
    })
}

fn bytes_never_written_are_zero(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |_, session| {
        same("a file without content", &session.read(PUBLIC, SEAL, 0, 600)?, &vec![0; 600])?;
        let ledger = session.read(PUBLIC, LEDGER, 0, 300)?;
        same("what the update wrote", &&ledger[250..270], &&b"across a page's edge"[..])?;
        let rest = ledger[..250].iter().chain(&ledger[270..]);
        ensure!(rest.clone().all(|&byte| byte == 0), "the rest isn't zero");
        Ok(())
    })
}

fn nothing_lies_beyond_the_end(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |_, session| {
        for (offset, length) in [(600, 1), (599, 2), (0, 601), (u16::MAX, 1), (u16::MAX, 2048)] {
            let read = session.read(PUBLIC, SEAL, offset, length).map(|_| ());
            is_refused(&format!("reading {length} at {offset}"), read, Status::OutOfRange)?;
            let write = session.write(PUBLIC, SEAL, offset, &vec![1; length.into()]);
            is_refused(&format!("writing {length} at {offset}"), write, Status::OutOfRange)?;
        }
        same("the file", &session.read(PUBLIC, SEAL, 599, 1)?, &vec![0])
    })
}

fn no_request_moves_more_than_two_kilobytes(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, _| {
        let mut raw = bench.raw()?;
        let session = raw.app(&bench.app)?;
        for (length, expected) in [(0, 1), (1, 0), (2048, 0), (2049, 1)] {
            let head = [&PUBLIC.0.to_be_bytes()[..], &NOTES.0.to_be_bytes(), &[0, 0]].concat();
            let read = [&[Operation::Read.byte()][..], &head, &(length as u16).to_be_bytes()].concat();
            same(&format!("reading {length}"), &raw.say(session, &read)?[1], &expected)?;
            let write = [&[Operation::Write.byte()][..], &head, &vec![5; length]].concat();
            same(&format!("writing {length}"), &raw.say(session, &write)?, &vec![0, expected])?;
        }
        Ok(())
    })
}

fn what_apps_may_not_write_is_protected(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |_, session| {
        for (file, length) in [(LEDGER, 300), (NAME, 48)] {
            let before = session.read(PUBLIC, file, 0, length)?;
            is_refused("a write", session.write(PUBLIC, file, 0, &[9]), Status::FileProtected)?;
            is_refused("the same bytes", session.write(PUBLIC, file, 0, &before), Status::FileProtected)?;
            same("the file", &session.read(PUBLIC, file, 0, length)?, &before)?;
        }
        Ok(())
    })
}

fn a_write_once_file_is_written_once(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, session| {
        session.write(PUBLIC, SEAL, 250, b"first words")?;
        session.write(PUBLIC, SEAL, 250, b"first words")?;
        for (offset, bytes) in [(250, &b"other words"[..]), (0, b"x"), (249, b"\0f!")] {
            is_refused("a second write", session.write(PUBLIC, SEAL, offset, bytes), Status::FileProtected)?;
        }
        same("the file", &session.read(PUBLIC, SEAL, 249, 13)?, &b"\0first words\0".to_vec())?;
        // The vendor may; that neither opens nor closes it.
        bench.apply(steps(vec![write(SEAL, 250, b"FIRST")]))?;
        is_refused("after an update", session.write(PUBLIC, SEAL, 250, b"first"), Status::FileProtected)?;
        same("the file", &session.read(PUBLIC, SEAL, 250, 11)?, &b"FIRST words".to_vec())?;
        bench.apply(steps(vec![remove(PUBLIC, SEAL), create(PUBLIC, SEAL, FileKind::WriteOnce, 600)]))?;
        same("the file anew", &session.read(PUBLIC, SEAL, 0, 600)?, &vec![0; 600])?;
        // Zeros are a write as well.
        session.write(PUBLIC, SEAL, 0, &[0])?;
        is_refused("after zeros", session.write(PUBLIC, SEAL, 0, &[1]), Status::FileProtected)
    })
}

fn a_file_that_there_isnt_is_not_found(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    let session = client.login(PLAIN)?;
    for (product, expected) in
        [(PUBLIC, Status::FileNotFound), (PRIVATE, Status::FileNotFound), (ProductId(99), Status::ProductNotFound)]
    {
        is_refused("reading", session.read(product, FileId(77), 0, 1).map(|_| ()), expected)?;
        is_refused("writing", session.write(product, FileId(77), 0, &[1]), expected)?;
    }
    Ok(())
}

fn an_app_uses_its_own_products_files(bench: &mut Bench) -> Result<(), Failure> {
    bench.apply(steps(vec![
        create(PUBLIC, NOTES, FileKind::ReadWrite, 10),
        create(PRIVATE, NOTES, FileKind::ReadWrite, 10),
    ]))?;
    for (product, feature, other, byte) in [(PUBLIC, PLAIN, PRIVATE, 1), (PRIVATE, HIDDEN, PUBLIC, 2)] {
        let client = bench.open(&bench.app_with(product, Rights::ALL)?, TODAY)?;
        let session = client.login(feature)?;
        session.write(product, NOTES, 0, &[byte; 10])?;
        let refused = Status::ProductNotPermitted;
        is_refused("another's file", session.read(other, NOTES, 0, 1).map(|_| ()), refused)?;
        is_refused("another's file", session.write(other, NOTES, 0, &[9]), refused)?;
    }
    // One number, two files.
    let client = bench.client()?;
    let session = client.login(PLAIN)?;
    for (product, byte) in [(PUBLIC, 1), (PRIVATE, 2)] {
        same("its own file", &session.read(product, NOTES, 0, 10)?, &vec![byte; 10])?;
    }
    bench.apply(steps(vec![remove(PUBLIC, NOTES), remove(PRIVATE, NOTES)]))
}

fn reading_and_writing_are_rights(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, _| {
        let none = Rights::default();
        for rights in [none, Rights::READ, Rights::WRITE, Rights::READ.and(Rights::WRITE), Rights::KEYS] {
            let client = bench.open(&bench.app_with(PUBLIC, rights)?, TODAY)?;
            let session = client.login(PLAIN)?;
            let found = [
                (Rights::READ, session.read(PUBLIC, NOTES, 0, 1).map(|_| ())),
                (Rights::WRITE, session.write(PUBLIC, NOTES, 0, &[rights.number()])),
            ];
            for (right, outcome) in found {
                let may = match outcome {
                    Ok(()) => true,
                    Err(Error::Refused(Status::NotPermitted)) => false,
                    Err(other) => return Err(other.into()),
                };
                same(&format!("right {} of {}", right.number(), rights.number()), &may, &rights.include(right))?;
            }
        }
        Ok(())
    })
}

fn a_write_outlives_the_power(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, session| {
        session.write(PUBLIC, NOTES, 200, &[0xa5; 700])?;
        session.write(PUBLIC, SEAL, 0, b"once")?;
        bench.restart()?;
        let client = bench.client()?;
        let session = client.login(PLAIN)?;
        same("the file", &session.read(PUBLIC, NOTES, 200, 700)?, &vec![0xa5; 700])?;
        is_refused("the closed one", session.write(PUBLIC, SEAL, 0, b"more"), Status::FileProtected)?;
        session.write(PUBLIC, SEAL, 0, b"once")?;
        Ok(())
    })
}

fn files_are_listed_in_order(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, _| {
        let file = |file, kind, size, label: Option<&str>| File { file, kind, size, label: label.map(str::to_owned) };
        let expected = vec![
            file(NOTES, FileKind::ReadWrite, 4096, None),
            file(LEDGER, FileKind::ReadOnly, 300, None),
            file(SEAL, FileKind::WriteOnce, 600, None),
            file(NAME, FileKind::Label, 48, Some("Straßenbau")),
        ];
        same("the files", &bench.guest()?.files(bench.vendor.root(), PUBLIC)?, &expected)?;
        let mut raw = bench.raw()?;
        let session = raw.app(&bench.app)?;
        for (start, count) in [(0, 4), (1, 4), (2, 3), (4, 1), (5, 0), (u16::MAX, 0)] {
            let request = FilesRequest { hint: None, product: PUBLIC, start: FileId(start) };
            let (status, body) = raw.ask(session, &Request::Files(request))?;
            same("the status", &status, &Status::Ok)?;
            let answer = FilesAnswer::parse(&body)?;
            same(&format!("from {start} on"), &(answer.files.count(), answer.next), &(count, None))?;
        }
        Ok(())
    })
}

fn guests_see_files_of_public_products_only(bench: &mut Bench) -> Result<(), Failure> {
    for product in [PRIVATE, ProductId(99)] {
        let refused = bench.guest()?.files(bench.vendor.root(), product);
        is_refused("a guest", refused, Status::ProductNotFound)?;
    }
    let mut raw = bench.raw()?;
    let request = |product| Request::Files(FilesRequest { hint: None, product, start: FileId(0) });
    let session = raw.guest()?;
    same("without a hint", &raw.ask(session, &request(PUBLIC))?.0, &Status::BadRequest)?;
    let hint = Some(VendorHint(bench.stranger.root().0.hint()));
    let foreign = Request::Files(FilesRequest { hint, product: PUBLIC, start: FileId(0) });
    same("a stranger's", &raw.ask(session, &foreign)?.0, &Status::UnknownVendor)?;
    let session = raw.app(&bench.app)?;
    same("an app", &raw.ask(session, &request(PRIVATE))?.0, &Status::Ok)?;
    let session = raw.app(&bench.app_with(PUBLIC, Rights::default())?)?;
    same("another's app", &raw.ask(session, &request(PRIVATE))?.0, &Status::ProductNotPermitted)
}

fn an_update_creates_writes_and_removes(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, session| {
        session.write(PUBLIC, NOTES, 0, &[1; 600])?;
        // What exists as it is asked for stays as it is.
        bench.apply(steps(vec![create(PUBLIC, NOTES, FileKind::ReadWrite, 4096), write(NOTES, 300, &[2; 3])]))?;
        let expected = [&[1; 300][..], &[2; 3], &[1; 297], &[0]].concat();
        same("the file", &session.read(PUBLIC, NOTES, 0, 601)?, &expected)?;
        bench.apply(steps(vec![remove(PUBLIC, NOTES)]))?;
        is_refused("reading", session.read(PUBLIC, NOTES, 0, 1).map(|_| ()), Status::FileNotFound)?;
        bench.apply(steps(vec![create(PUBLIC, NOTES, FileKind::ReadOnly, 600)]))?;
        same("nothing is left", &session.read(PUBLIC, NOTES, 0, 600)?, &vec![0; 600])
    })
}

fn an_updates_operations_on_files_take_effect_in_order(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, session| {
        session.write(PUBLIC, NOTES, 0, &[1; 2048])?;
        bench.apply(steps(vec![
            write(NOTES, 0, b"lost with the file"),
            remove(PUBLIC, NOTES),
            create(PUBLIC, NOTES, FileKind::ReadWrite, 700),
            write(NOTES, 250, b"below below below"),
            write(LEDGER, 0, b"between"),
            write(NOTES, 256, b"above"),
        ]))?;
        let expected = [&[0; 250][..], b"below above below", &[0; 433]].concat();
        same("the file", &session.read(PUBLIC, NOTES, 0, 700)?, &expected)?;
        same("the other", &session.read(PUBLIC, LEDGER, 0, 7)?, &b"between".to_vec())?;
        is_refused("its end", session.read(PUBLIC, NOTES, 700, 1).map(|_| ()), Status::OutOfRange)
    })
}

fn an_update_that_cannot_change_a_file_changes_nothing(bench: &mut Bench) -> Result<(), Failure> {
    with_files(bench, |bench, session| {
        session.write(PUBLIC, NOTES, 0, b"as it was")?;
        for wrong in [
            create(PUBLIC, NOTES, FileKind::ReadWrite, 4095),
            create(PUBLIC, NOTES, FileKind::ReadOnly, 4096),
            write(LEDGER, 299, b"xx"),
            write(FileId(77), 0, b"x"),
            remove(PUBLIC, FileId(77)),
        ] {
            let plan = steps(vec![write(NOTES, 0, b"something"), create(PUBLIC, FileId(9), FileKind::Label, 1), wrong]);
            let issued = bench.issue(&plan)?;
            is_refused("an update", bench.guest()?.apply(&issued.file), Status::UpdateMalformed)?;
        }
        same("the file", &session.read(PUBLIC, NOTES, 0, 9)?, &b"as it was".to_vec())?;
        same("the files", &bench.guest()?.files(bench.vendor.root(), PUBLIC)?.len(), &4)
    })
}

fn a_token_has_room_for_thirty_two_files(bench: &mut Bench) -> Result<(), Failure> {
    let ids = || (100..132).map(FileId);
    let product = |file: FileId| if file.0.is_multiple_of(2) { PUBLIC } else { PRIVATE };
    bench.apply(steps(ids().map(|file| create(product(file), file, FileKind::Label, 1)).collect()))?;
    let one_more = bench.issue(&steps(vec![create(PUBLIC, FileId(132), FileKind::Label, 1)]))?;
    is_refused("one more", bench.guest()?.apply(&one_more.file), Status::NoRoom)?;
    // One for another in one update.
    bench.apply(steps(vec![
        create(PUBLIC, FileId(132), FileKind::Label, 1),
        remove(PUBLIC, FileId(100)),
        create(PUBLIC, FileId(132), FileKind::Label, 1),
        remove(PUBLIC, FileId(132)),
    ]))?;
    same("the files", &bench.guest()?.files(bench.vendor.root(), PUBLIC)?.len(), &15)?;
    bench.apply(steps(ids().skip(1).map(|file| remove(product(file), file)).collect()))
}

fn a_token_has_room_for_a_hundred_and_twenty_eight_pages(bench: &mut Bench) -> Result<(), Failure> {
    let ids = || (100..108).map(FileId);
    bench.apply(steps(ids().map(|file| create(PUBLIC, file, FileKind::ReadWrite, 4096)).collect()))?;
    let one_more = bench.issue(&steps(vec![create(PUBLIC, FileId(200), FileKind::Label, 1)]))?;
    is_refused("one page more", bench.guest()?.apply(&one_more.file), Status::NoRoom)?;
    bench.apply(steps(ids().map(|file| remove(PUBLIC, file)).collect()))
}
