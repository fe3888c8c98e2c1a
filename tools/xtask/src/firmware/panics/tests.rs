//! Made-up images with branches, and lists that they are held to.

use object::write::{Object, StandardSection, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

use super::branches::{branch, jump};
use super::{List, callers, path};
use crate::firmware::chosen;

const PREAMBLE: &str = "# What this is.\n";

/// A branch of each kind, as GNU's assembler writes it: `bl` and `b.w`, forwards and back.
#[test]
fn branches_are_read() {
    let cases: [([u8; 4], u64); 4] = [
        ([0x00, 0xf0, 0x02, 0xf8], 0x1008),
        ([0xff, 0xf7, 0xfe, 0xff], 0x1000),
        ([0x00, 0xf0, 0x02, 0xb8], 0x1008),
        ([0xff, 0xf7, 0xfe, 0xbf], 0x1000),
    ];
    for (bytes, target) in cases {
        assert_eq!(branch(0x1000, &bytes), Some(target), "{bytes:02x?}");
    }
    assert_eq!(branch(0x1000, &[0x00, 0x20, 0x70, 0x47]), None, "movs, bx lr");
}

/// Those within a function: `b.n`, `beq.n`, `cbnz` and `bne.w`, as GNU's assembler writes them at 0x1000.
#[test]
fn jumps_are_read() {
    let cases: [([u8; 4], u64); 6] = [
        ([0x02, 0xe0, 0, 0], 0x1008),
        ([0xfe, 0xe7, 0, 0], 0x1000),
        ([0x02, 0xd0, 0, 0], 0x1008),
        ([0x10, 0xb9, 0, 0], 0x1008),
        ([0x40, 0xf0, 0x02, 0x80], 0x1008),
        ([0x7f, 0xf4, 0xfe, 0xaf], 0x1000),
    ];
    for (bytes, target) in cases {
        assert_eq!(jump(0x1000, &bytes), Some(target), "{bytes:02x?}");
    }
    assert_eq!(jump(0x1000, &[0x01, 0xde, 0, 0]), None, "udf");
    assert_eq!(jump(0x1000, &[0x01, 0xdf, 0, 0]), None, "svc");
    assert_eq!(jump(0x1000, &[0x00, 0xf0, 0x02, 0xf8]), None, "bl");
    assert_eq!(jump(0x1000, &[0x02, 0xb5, 0, 0]), None, "push");
}

#[test]
fn panics_are_followed_through_the_core_library_and_through_pieces() {
    let elf = image(&[
        ("core::panicking::panic", &[]),
        ("core::slice::index::slice_index_fail", &[]),
        ("core::cell::RefCell<T>::borrow_mut", &["core::panicking::panic"]),
        ("OUTLINED_FUNCTION_7", &["core::slice::index::slice_index_fail"]),
        ("ours::locks", &["core::cell::RefCell<T>::borrow_mut", "core::cell::RefCell<T>::borrow_mut"]),
        ("theirs::cuts", &["OUTLINED_FUNCTION_7", "core::panicking::panic"]),
        ("ours::calls", &["theirs::cuts"]),
    ]);
    let found = callers(&elf).unwrap();
    let text = |name: &str| format!("{:?}", found.get(name));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(text("ours::locks"), r#"Some({"core::cell::RefCell<T>::borrow_mut": 2})"#);
    assert_eq!(
        text("theirs::cuts"),
        r#"Some({"core::panicking::panic": 1, "core::slice::index::slice_index_fail": 1})"#
    );
}

/// A new panic in our own code, one in a crate that has others, and one more in a function that has one: with a branch
/// of its own or by a jump to the same.
#[test]
fn whatever_is_new_is_refused() {
    let known: Functions<'_> = &[PANIC, BOUNDS, ("theirs::cuts", &["core::panicking::panic"])];
    let list = List::parse(&listed(known)).unwrap();
    assert_eq!(refused(&list, known), Vec::<String>::new());
    for (new, said) in [
        (("ours::parses", &["core::panicking::panic"][..]), "ours::parses can panic"),
        (("theirs::joins", &["core::panicking::panic"][..]), "theirs::joins can panic"),
    ] {
        let more = refused(&list, &[known, &[new]].concat());
        assert!(matches!(&more[..], [line] if line.starts_with(said)), "{more:?}");
    }
    for more in [&[PANIC.0, PANIC.0][..], &[BOUNDS.0], &[PANIC.0, BOUNDS.0], &[PANIC.0, AGAIN]] {
        let more = refused(&list, &[PANIC, BOUNDS, ("theirs::cuts", more)]);
        assert!(matches!(&more[..], [line] if line.starts_with("theirs::cuts branches to")), "{more:?}");
    }
    let fewer = refused(&list, &[PANIC]);
    assert!(matches!(&fewer[..], [line] if line.contains("doesn't panic any more")), "{fewer:?}");
}

#[test]
fn what_is_recorded_wants_a_reason() {
    let functions: Functions<'_> = &[PANIC, ("theirs::cuts", &["core::panicking::panic"])];
    let mut list = List::parse(PREAMBLE).unwrap();
    list.record("pico", &callers(&image(functions)).unwrap());
    assert_eq!(refused(&list, functions), ["theirs::cuts is listed without a reason"]);
    let text = list.to_string().replace("why = \"\"", "why = \"it is \\\"cut\\\" by a constant\"");
    let mut list = List::parse(&text).unwrap();
    assert_eq!(refused(&list, functions), Vec::<String>::new());
    assert_eq!(list.to_string(), text, "what is read is written");
    // Another board's entries are its own.
    list.record("pico2", &callers(&image(&[PANIC])).unwrap());
    assert_eq!(list.to_string(), text);
    list.record("pico", &callers(&image(&[PANIC])).unwrap());
    assert_eq!(list.to_string(), PREAMBLE);
}

#[test]
fn every_listed_function_is_of_a_board_and_has_a_reason() {
    let text = std::fs::read_to_string(path()).unwrap();
    let list = List::parse(&text).unwrap();
    assert_eq!(list.to_string(), text, "cargo xtask firmware --record writes it");
    assert!(!text.contains("why = \"\""));
    let names: Vec<_> = chosen(&[]).unwrap().into_iter().map(|board| board.name).collect();
    let boards = text.lines().filter(|line| !line.starts_with(['#', '[', ' ']) && !line.starts_with("why"));
    for line in boards.filter(|line| !line.is_empty()) {
        assert!(names.iter().any(|name| line.starts_with(&format!("{name} = "))), "{line}");
    }
}

/// Functions by name, and what each branches to, in its order.
type Functions<'a> = &'a [(&'a str, &'a [&'a str])];

/// In place of a function: `beq` to the first branch, and `nop`.
const AGAIN: &str = "again";
const PANIC: (&str, &[&str]) = ("core::panicking::panic", &[]);
const BOUNDS: (&str, &[&str]) = ("core::panicking::panic_bounds_check", &[]);

fn refused(list: &List, functions: Functions<'_>) -> Vec<String> {
    list.refused("pico", &callers(&image(functions)).unwrap())
}

/// A list with what an image has, each for a reason.
fn listed(functions: Functions<'_>) -> String {
    let mut list = List::parse(PREAMBLE).unwrap();
    list.record("pico", &callers(&image(functions)).unwrap());
    list.to_string().replace("why = \"\"", "why = \"a constant\"")
}

/// An image of functions that only branch, with `bl`, to others of them.
fn image(functions: Functions<'_>) -> Vec<u8> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
    let text = object.section_id(StandardSection::Text);
    // Each function has room for four branches.
    let place = |name: &str| functions.iter().position(|(other, _)| *other == name).unwrap() as i64 * 16;
    for (name, callees) in functions {
        let mut code = Vec::new();
        for callee in *callees {
            if *callee == AGAIN {
                let back = -(code.len() as i64 + 4) / 2;
                code.extend([back as u8, 0xd0, 0x00, 0xbf]);
                continue;
            }
            let here = place(name) + code.len() as i64;
            code.extend(bl(place(callee) - (here + 4)));
        }
        code.resize(16, 0);
        let offset = object.append_section_data(text, &code, 4);
        object.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value: offset,
            size: 16,
            kind: SymbolKind::Text,
            scope: SymbolScope::Dynamic,
            weak: false,
            section: SymbolSection::Section(text),
            flags: SymbolFlags::None,
        });
    }
    object.write().unwrap()
}

/// `bl` (Armv7-M architecture reference manual, A7.7.18).
fn bl(offset: i64) -> [u8; 4] {
    let bit = |number: u32| (offset >> number & 1) as u16;
    let sign = bit(24);
    let high = 0xf000 | sign << 10 | (offset >> 12 & 0x3ff) as u16;
    let low = 0xd000 | (!(bit(23) ^ sign) & 1) << 13 | (!(bit(22) ^ sign) & 1) << 11 | (offset >> 1 & 0x7ff) as u16;
    let ([a, b], [c, d]) = (high.to_le_bytes(), low.to_le_bytes());
    [a, b, c, d]
}
