//! The boards' files, and the limits.

use keyfob_board::Board;

use super::image::Image;
use super::{FLASH, RAM, chosen};
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
    let image = |flash, ram| Image { footprint: Footprint { flash, ram, ..Footprint::default() }, stack: 16_384 };
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
