use std::convert::Infallible;

use keyfob::{Modules, ProductId, Units};

use super::*;

const WHOLE: &str = r#"
[[product]]
id = 7
name = "CAD Studio 7"
[[product.feature]]
id = 51
name = "Solve"
starts = 2026-12-01
expires = 2027-01-01T01:00:00+01:00
counter = 500
modules = [0, 3, 63]
key = true
[[product.feature]]
id = 42
name = "Export"
enabled = false
counter = true
[[product]]
id = 8
name = "Viewer"
public = false
[[feature]]
id = 99
counter = { add = 100 }
key = [1, 0]
"#;

fn parse(text: &str) -> Result<LicenceFile, Failure> {
    LicenceFile::parse(Path::new("x.toml"), text.as_bytes())
}

#[test]
fn a_whole_file() {
    let file = parse(WHOLE).unwrap();
    assert!(file.installs_keys());
    let plan = file.plan(UnixTime(5), |_, Slot(slot)| Ok::<_, Infallible>(Secret::new([slot; 32]))).unwrap();
    assert_eq!(plan.issued, UnixTime(5));
    let [cad, viewer] = plan.grants.as_slice() else { panic!("two products") };
    assert_eq!((cad.product, cad.name.as_str(), cad.public), (ProductId(7), "CAD Studio 7", true));
    assert_eq!((viewer.product, viewer.public, viewer.features.len()), (ProductId(8), false, 0));
    let solve = Terms {
        starts: Some(UnixTime(1_796_083_200)),
        expires: Some(UnixTime(1_798_761_600)),
        counted: true,
        modules: Some(Modules(1 << 63 | 0b1001)),
        ..Terms::default()
    };
    assert_eq!(cad.feature(FeatureId(51)).unwrap().terms, solve);
    let export = Terms { enabled: false, counted: true, ..Terms::default() };
    assert_eq!(cad.feature(FeatureId(42)).unwrap().terms, export);

    let mut steps = plan.steps.iter();
    assert!(matches!(steps.next(), Some(Step::SetCounter { feature: FeatureId(51), units: Units(500) })));
    assert!(matches!(steps.next(), Some(Step::InstallKey { feature: FeatureId(51), slot: Slot(0), .. })));
    assert!(matches!(steps.next(), Some(Step::AddCounter { feature: FeatureId(99), units: Units(100) })));
    for wanted in [1, 0] {
        let Some(Step::InstallKey { feature: FeatureId(99), slot, key }) = steps.next() else { panic!("a key") };
        assert!(*slot == Slot(wanted) && *key == Secret::new([wanted; 32]));
    }
    assert!(steps.next().is_none());
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let feature =
        |line: &str| format!("[[product]]\nid = 1\nname = \"P\"\n[[product.feature]]\nid = 2\nname = \"F\"\n{line}\n");
    let product = |lines: &str| format!("[[product]]\n{lines}\n");
    for (text, place, words) in [
        (String::new(), "1:1", "nothing to issue"),
        ("[[product]\n".into(), "1:", ""),
        ("x = 1\n".into(), "1:1", "unknown field `x`"),
        (product("id = 0\nname = \"P\""), "2:6", "from 1 to"),
        (product("id = -1\nname = \"P\""), "2:6", "from 1 to"),
        (product("id = 4294967296\nname = \"P\""), "2:6", "from 1 to"),
        (product("id = \"7\"\nname = \"P\""), "2:6", "invalid type"),
        (product("id = 7"), "", "missing field `name`"),
        (product("id = 7\nname = \"\""), "3:8", "1 to 48 bytes"),
        (product(&format!("id = 7\nname = \"{}\"", "é".repeat(25))), "3:8", "this one 50"),
        (product("id = 7\nname = \"P\"\nname = \"Q\""), "4:1", "duplicate key"),
        (product("id = 7\nname = \"P\"\n[[product]]\nid = 7\nname = \"Q\""), "5:6", "product 7 comes twice"),
        (feature("fetaures = 1"), "7:1", "unknown field `fetaures`"),
        (feature("[[product.feature]]\nid = 2\nname = \"G\""), "8:6", "feature 2 comes twice"),
        (feature("[[product]]\nid = 3\nname = \"P\"\n[[product.feature]]\nid = 2\nname = \"G\""), "11:6", "twice"),
        (feature("[[feature]]\nid = 2\ncounter = 1"), "8:6", "feature 2 comes twice"),
        (feature("starts = 2027-01-01\nexpires = 2026-12-01"), "8:11", "over before it starts"),
        (feature("starts = 2027-01-01\nexpires = 2027-01-01T00:00:00Z"), "8:11", "over before it starts"),
        (feature("expires = 2026-02-30"), "7:", ""),
        (feature("expires = 2026-12-01T08:00:00"), "7:11", "distance from UTC"),
        (feature("expires = 08:00:00"), "7:11", "a date is like"),
        (feature("expires = 1970-01-01"), "7:11", "after 1970"),
        (feature("expires = 1969-12-31T23:59:59Z"), "7:11", "after 1970"),
        (feature("expires = 2026-12-01T08:00:00.5Z"), "7:11", "whole seconds"),
        (feature("expires = \"2026-12-01\""), "7:11", "invalid type"),
        (feature("counter = 4294967296"), "7:11", "0 to 4294967295"),
        (feature("counter = -1"), "7:11", "0 to 4294967295"),
        (feature("counter = 1.5"), "7:11", "invalid type"),
        (feature("counter = { add = 0 }"), "7:19", "from 1 to"),
        (feature("counter = { add = 1, subtract = 1 }"), "7:11", "either add or subtract"),
        (feature("counter = {}"), "7:11", "either add or subtract"),
        (feature("counter = { plus = 1 }"), "7:13", "unknown field `plus`"),
        (feature("modules = [64]"), "7:11", "from 0 to 63"),
        (feature("modules = [-1]"), "7:11", "from 0 to 63"),
        (feature("modules = [1, 1]"), "7:11", "module 1 comes twice"),
        (feature("modules = 3"), "7:11", "invalid type"),
        (feature("key = [256]"), "7:7", "from 0 to 255"),
        (feature("key = [1, 1]"), "7:7", "slot 1 comes twice"),
        (feature("key = 0"), "7:7", "invalid type"),
        ("[[feature]]\nid = 2\n".into(), "2:6", "nothing is changed"),
        ("[[feature]]\nid = 2\ncounter = true\n".into(), "2:6", "nothing is changed"),
        ("[[feature]]\nid = 2\nname = \"F\"\n".into(), "3:1", "unknown field `name`"),
        ("# é\n\t ü = 1".into(), "2:3", ""),
    ] {
        let failure = parse(&text).err().unwrap_or_else(|| panic!("taken: {text}"));
        assert_eq!((failure.code(), failure.exit()), ("licence-file", Exit::Usage));
        let message = failure.message();
        assert!(message.starts_with(&format!("x.toml:{place}")), "{place}: {message}\n{text}");
        assert!(message.contains(words), "{words}: {message}\n{text}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let failure = LicenceFile::parse(Path::new("x.toml"), b"a = 1\nb = \"\xff\"").err().unwrap();
    assert_eq!(failure.message(), "x.toml:2:6: not UTF-8");
}
