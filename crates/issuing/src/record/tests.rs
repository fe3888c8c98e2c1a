use keyfob_licence::Terms;
use keyfob_wire::{Modules, UnixTime};

use super::*;
use crate::bench::{Bench, test_vendor};

fn record() -> TokenRecord {
    let feature = |number, terms| FeatureTerms { feature: FeatureId(number), name: "Exporté".into(), terms };
    let all = Terms {
        enabled: false,
        starts: Some(UnixTime(1)),
        expires: Some(UnixTime(1_798_761_600)),
        counted: true,
        modules: Some(Modules(u64::MAX)),
        unknown: false,
    };
    let mut record = TokenRecord::new(&Bench::installed().endorsed(&test_vendor()));
    record.sequence = Sequence { epoch: 1, number: u32::MAX, digest: [0xab; 32] };
    record.products = vec![ProductGrant {
        product: ProductId(u32::MAX),
        name: "CAD \"Studio\" 7".into(),
        public: true,
        features: vec![feature(1, Terms::default()), feature(2, all)],
    }];
    record
}

#[test]
fn reads_as_it_was_written() {
    let record = record();
    let text = toml::to_string(&record).unwrap();
    assert_eq!(toml::from_str::<TokenRecord>(&text).unwrap(), record);
    assert!(text.contains(&format!("serial = \"{}\"", record.serial)), "{text}");
}

#[test]
fn what_is_not_known_or_not_there_is_an_error() {
    let text = toml::to_string(&record()).unwrap();
    for line in text.lines().filter(|line| line.contains(" = ")) {
        let without = text.replacen(line, "", 1);
        let read = toml::from_str::<TokenRecord>(&without);
        // Terms that aren't stated don't limit.
        let term = ["enabled", "starts", "expires", "counter", "modules"].iter().any(|term| line.starts_with(term));
        assert_eq!(read.is_ok(), term, "without {line}");
        let other = text.replacen(line, &format!("{line}\nunknown = 1"), 1);
        assert!(toml::from_str::<TokenRecord>(&other).is_err(), "after {line}");
    }
    for (right, wrong) in [
        ("modules = \"0x", "modules = \"+0x"),
        ("modules = \"0x", "modules = \"0x+"),
        ("modules = \"0x", "modules = \"0x1"),
        ("digest = \"ab", "digest = \""),
        ("digest = \"ab", "digest = \"xb"),
        ("number = 4294967295", "number = 4294967296"),
    ] {
        let other = text.replacen(right, wrong, 1);
        assert_ne!(other, text, "{right}");
        assert!(toml::from_str::<TokenRecord>(&other).is_err(), "{wrong}");
    }
}

#[test]
fn another_vendors_endorsement_is_refused() {
    let vendor = test_vendor();
    let token = Bench::installed();
    let mut record = TokenRecord::new(&token.endorsed(&vendor));
    assert_eq!(record.endorsement(vendor.root()).unwrap().partition, token.partition);
    assert_eq!(record.endorsement(test_vendor().root()).err(), Some(Invalid::Signature));
    record.serial = Serial([1; 8]);
    assert_eq!(record.endorsement(vendor.root()).err(), Some(Invalid::Signature));
}
