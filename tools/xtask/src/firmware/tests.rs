//! The boards' files, and the limits.

use keyfob_board::{Board, Chip};

use super::flash::Flash;
use super::image::Image;
use super::{FLASH, RAM, chosen, pages};
use crate::curve::Curve;
use crate::footprint::Footprint;

#[test]
fn every_board_has_a_file_and_a_number_of_its_own() {
    let boards = chosen(&[]).unwrap();
    let names: Vec<_> = boards.iter().map(|board| board.name.as_str()).collect();
    assert_eq!(names, ["pico", "pico2", "nrf52840-dongle"]);
    assert!(boards.windows(2).all(|pair| pair[0].number < pair[1].number));
}

#[test]
fn a_board_that_there_isnt_is_refused_with_those_that_there_are() {
    let error = chosen(&["pcio".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("pico, pico2, nrf52840-dongle"), "{error}");
}

#[test]
fn what_is_too_large_is_said() {
    let image = |flash, ram| Image {
        footprint: Footprint { flash, ram, ..Footprint::default() },
        stack: 16_384,
        curve: Curve::Portable,
    };
    assert_eq!(image(FLASH, RAM).over(FLASH, RAM), Vec::<String>::new());
    assert_eq!(image(FLASH + 1, RAM + 1).over(FLASH, RAM).len(), 2);
}

/// A state that doesn't lie where the image can't reach would be overwritten by the next image.
#[test]
fn a_state_in_the_image_is_refused() {
    let text = std::fs::read_to_string(crate::process::root().join("firmware/boards/pico/board.toml")).unwrap();
    Board::parse(&text).unwrap();
    let wrong = text.replace("start = 0x1e0000", "start = 0x70000");
    assert_ne!(wrong, text);
    assert!(Board::parse(&wrong).unwrap_err().to_string().contains("lies in the image"));
}

#[test]
fn an_image_is_the_same_in_uf2_and_hex() {
    let bytes: Vec<_> = (0..70_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let flash = Flash { address: 0x1000, bytes: bytes.clone() };
    let uf2 = flash.uf2(Chip::Nrf52840).unwrap();
    let pages: Vec<_> = keyfob_uf2::read(keyfob_uf2::Family::NRF52840, &uf2).unwrap().collect();
    let of_uf2: Vec<_> = pages.iter().flat_map(|page| page.data.to_vec()).collect();
    assert_eq!(of_uf2[..bytes.len()], bytes);
    let mut upper = 0;
    let mut of_hex = Vec::new();
    for record in ihex::Reader::new(&flash.hex().unwrap()) {
        match record.unwrap() {
            ihex::Record::ExtendedLinearAddress(high) => upper = usize::from(high) << 16,
            ihex::Record::Data { offset, value } => {
                assert_eq!(upper + usize::from(offset), 0x1000 + of_hex.len());
                of_hex.extend(value);
            }
            ihex::Record::EndOfFile => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(of_hex, bytes);
}

#[test]
fn the_boards_pages_say_what_their_files_say() {
    for board in chosen(&[]).unwrap() {
        let page = std::fs::read_to_string(pages::page(&board)).unwrap();
        assert!(page.contains(&board.table()), "cargo xtask firmware --record writes {} anew", board.name);
    }
}
