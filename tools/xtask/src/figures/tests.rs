use super::table::{Figure, Measurements};
use super::*;

const fn figure(value: fn(&Measurements) -> Result<Proof<u64>>) -> Figure {
    Figure { name: "weight", unit: "g", limit: Some(10), command: "weigh", value }
}

fn rows(value: fn(&Measurements) -> Result<Proof<u64>>) -> (Vec<Row>, Vec<&'static str>) {
    measure(&[figure(value)], &Measurements::default()).unwrap()
}

#[test]
fn a_figure_at_its_limit_passes_and_one_over_it_fails() {
    assert!(refuse_excess(&rows(|_| Ok(Proof::Proven(10))).0).is_ok());
    let error = refuse_excess(&rows(|_| Ok(Proof::Proven(11))).0).unwrap_err();
    assert!(error.to_string().contains("weight"), "{error}");
}

#[test]
fn what_was_not_measured_is_said() {
    let (rows, lacks) = rows(|_| Ok(Proof::NotProven("no scales".into())));
    assert_eq!(rows[0].value, None);
    assert_eq!(lacks, ["weight"]);
    assert!(shown(&rows).contains("not proven"));
}

#[test]
fn a_measurement_that_fails_is_no_lack() {
    let failing = figure(|_| bail!("the scales broke"));
    assert!(measure(&[failing], &Measurements::default()).is_err());
}

#[test]
fn a_row_has_value_limit_unit_and_command() {
    let text = shown(&rows(|_| Ok(Proof::Proven(7))).0);
    assert_eq!(
        text.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>(),
        ["weight", "7", "10", "g", "weigh"]
    );
}

#[test]
fn the_promised_limits_are_in_the_table() {
    let limit = |name: &str| FIGURES.iter().find(|figure| figure.name == name).and_then(|figure| figure.limit);
    assert_eq!(limit("flash of the token"), Some(160_000));
    assert_eq!(limit("static RAM of the token"), Some(48_000));
}
