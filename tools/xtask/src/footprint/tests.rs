//! Made-up images, among them some that must be refused.

use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope, write::StandardSection,
};

use super::image::Footprint;

#[test]
fn sections_are_counted_where_they_lie() {
    let footprint = Footprint::read(&image(&[("main", 1)])).unwrap();
    // Text, constants and first values are in flash; first values and zeros are in RAM; notes are nowhere.
    assert_eq!((footprint.flash, footprint.ram), (100 + 40 + 12, 12 + 2000));
    assert_eq!(footprint.session, None);
    assert_eq!(footprint.formatting, 0);
    footprint.refuse_strangers().unwrap();
}

#[test]
fn a_heap_is_found_under_every_name() {
    for name in [
        "__rust_alloc",
        "_RNvCshLmZg8Vt6ah_7___rustc12___rust_alloc",
        "_RNvCshLmZg8Vt6ah_7___rustc14___rust_dealloc",
        "_ZN5alloc7raw_vec17capacity_overflow17h0123456789abcdefE",
    ] {
        let footprint = Footprint::read(&image(&[("main", 1), (name, 8)])).unwrap();
        let error = footprint.refuse_strangers().unwrap_err().to_string();
        assert!(error.contains("heap"), "{name}: {error}");
    }
}

#[test]
fn the_standard_library_is_found() {
    let footprint = Footprint::read(&image(&[("_ZN3std9panicking11begin_panic17h0123456789abcdefE", 8)])).unwrap();
    assert_eq!(footprint.strangers, ["std::panicking::begin_panic"]);
    footprint.refuse_strangers().unwrap_err();
}

#[test]
fn formatting_is_counted_under_both_manglings() {
    let old = ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", 30);
    let new = ("_RNvMsa_NtCs2qwr5RkG0Jf_4core3fmtNtB5_9Formatter3pad", 12);
    assert_eq!(Footprint::read(&image(&[old, ("main", 5), new])).unwrap().formatting, 42);
}

#[test]
fn the_session_symbol_is_read_as_a_number() {
    let mut object = object();
    let constants = object.section_id(StandardSection::ReadOnlyData);
    let offset = object.append_section_data(constants, &1234u32.to_le_bytes(), 4);
    add_symbol(&mut object, "SESSION_BYTES", SymbolSection::Section(constants), offset, 4);
    assert_eq!(Footprint::read(&object.write().unwrap()).unwrap().session, Some(1234));
}

#[test]
fn parts_are_read_with_their_names() {
    let mut object = object();
    let constants = object.section_id(StandardSection::ReadOnlyData);
    // Two names, then of each where it lies, how long it is, and the part's size.
    let mut bytes = b"storechannels___".to_vec();
    bytes.extend([0_u32, 5, 7992, 5, 8, 912].into_iter().flat_map(u32::to_le_bytes));
    object.append_section_data(constants, &bytes, 4);
    add_symbol(&mut object, "TOKEN_PARTS", SymbolSection::Section(constants), 16, 24);
    let parts = Footprint::read(&object.write().unwrap()).unwrap().parts;
    assert_eq!(parts, [("store".to_owned(), 7992), ("channels".to_owned(), 912)]);
}

#[test]
fn the_largest_stack_frame_is_named() {
    let mut object = object();
    let text = object.section_id(StandardSection::Text);
    object.append_section_data(text, &[1; 100], 4);
    // Addresses are odd: the code is Thumb. The sizes are 8 and 86,000 in LEB128.
    for (name, address) in [("shallow", 1), ("_ZN4deep4deep17h0123456789abcdefE", 0x11)] {
        add_symbol(&mut object, name, SymbolSection::Section(text), address, 16);
    }
    let sizes = object.add_section(vec![], b".stack_sizes".to_vec(), SectionKind::Metadata);
    object.append_section_data(sizes, &[1, 0, 0, 0, 8, 0x11, 0, 0, 0, 0xf0, 0x9f, 0x05], 1);
    let whole = Footprint::read(&object.write().unwrap()).unwrap();
    assert_eq!(whole.deepest, Some(("deep::deep".to_owned(), 86_000)));

    object.append_section_data(sizes, &[1, 0, 0, 0, 0x80], 1);
    assert!(Footprint::read(&object.write().unwrap()).is_err());
}

#[test]
fn an_image_that_says_nothing_is_no_proof() {
    let stripped = object();
    assert!(Footprint::read(&stripped.write().unwrap()).unwrap_err().to_string().contains("no symbols"));
    assert!(Footprint::read(b"not an image").is_err());
}

fn object() -> Object<'static> {
    Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little)
}

fn image(symbols: &[(&str, u64)]) -> Vec<u8> {
    let mut object = object();
    let text = object.section_id(StandardSection::Text);
    object.append_section_data(text, &[1; 100], 4);
    let constants = object.section_id(StandardSection::ReadOnlyData);
    object.append_section_data(constants, &[2; 40], 4);
    let data = object.section_id(StandardSection::Data);
    object.append_section_data(data, &[3; 12], 4);
    let zeros = object.section_id(StandardSection::UninitializedData);
    object.append_section_bss(zeros, 2000, 4);
    let notes = object.add_section(vec![], b".comment".to_vec(), SectionKind::OtherString);
    object.append_section_data(notes, &[4; 500], 1);
    for (name, size) in symbols {
        add_symbol(&mut object, name, SymbolSection::Section(text), 0, *size);
    }
    object.write().unwrap()
}

fn add_symbol(object: &mut Object<'_>, name: &str, section: SymbolSection, value: u64, size: u64) {
    object.add_symbol(Symbol {
        name: name.as_bytes().to_vec(),
        value,
        size,
        kind: SymbolKind::Text,
        scope: SymbolScope::Linkage,
        weak: false,
        section,
        flags: SymbolFlags::None,
    });
}
