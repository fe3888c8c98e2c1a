use super::*;
use keyfob_signed::TEST_MAKER_ROOT;

#[test]
fn the_published_root_is_the_derived_one() {
    assert_eq!(Maker::test().unwrap().root(), TEST_MAKER_ROOT);
}
