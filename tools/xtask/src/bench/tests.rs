use super::callgrind::collected;
use super::figure::{RATIOS, Row};
use super::growth::Series;
use super::page::{grouped, replaced};
use super::program::executable;
use super::*;

fn row(value: f64) -> Row {
    Row { name: "run", value, promise: None, limit: Some(1.25), instructions: None, of: "" }
}

#[test]
fn a_ratio_at_its_limit_passes_and_one_over_it_fails() {
    assert!(refuse_excess(&[row(1.25)]).is_ok());
    assert!(refuse_excess(&[row(1.0), row(1.2501)]).unwrap_err().to_string().contains("run"));
    assert!(refuse_excess(&[row(f64::NAN)]).is_err(), "what could not be divided is no success");
}

#[test]
fn a_figure_is_held_to_what_it_is_or_to_its_promise() {
    let [check, open, ..] = RATIOS else { panic!("there are ratios") };
    assert_eq!(check.row(3.0, 2.0).limit, check.held.or(check.promise));
    assert!(open.row(1.06, 1.0).is_over() && !open.row(1.04, 1.0).is_over());
}

#[test]
fn what_was_promised_is_in_the_table() {
    let promise = |name: &str| RATIOS.iter().find(|ratio| ratio.name == name).and_then(|ratio| ratio.promise);
    assert_eq!(promise("warm check, in process"), Some(1.25));
    assert_eq!(promise("cold open"), Some(1.05));
}

#[test]
fn a_count_is_read_and_no_count_is_none() {
    let said = "==7== Events    : Ir\n==7== Collected : 764020\n==7== \n";
    assert_eq!(collected(said), Some(764_020.0));
    assert_eq!(collected("==7== Collected : 0\n"), None, "the region wasn't found");
    assert_eq!(collected("==7== no such tool\n"), None);
}

#[test]
fn the_executable_is_that_of_the_bench() {
    let message = |name: &str| format!(r#"{{"reason":"x","target":{{"name":"{name}"}},"executable":"/f"}}"#);
    assert_eq!(executable(&message("figures")), Some("/f".into()));
    assert_eq!(executable(&message("other")), None);
    assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
}

#[test]
fn a_table_replaces_the_one_before_and_nothing_else() {
    let page = "a\n<!-- times -->\nold\n<!-- end -->\nb <!-- end -->";
    assert_eq!(replaced(page, "times", "new\n").unwrap(), "a\n<!-- times -->\nnew\n<!-- end -->\nb <!-- end -->");
    assert_eq!(replaced(page, "growth", "new\n"), None);
}

#[test]
fn growth_is_from_first_to_last() {
    let series = Series { operation: "check", axis: "features", points: vec![(4, 100.0), (8, 90.0), (14, 150.0)] };
    assert_eq!((series.growth(), series.slope()), (1.5, 5.0));
    let svg = plot::draw("features", &[&series]);
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("polyline").count(), 1);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn what_failed_on_the_board_is_no_count() {
    let counts = cortex::counts("Cortex-M4", "key: 7\nAES, 64 bytes: 8\n").unwrap();
    assert_eq!((counts.len(), counts[1].name.as_str(), counts[1].instructions), (2, "AES, 64 bytes", 8));
    assert!(cortex::counts("Cortex-M4", "key: failed\n").is_err());
    assert!(cortex::counts("Cortex-M4", "").is_err());
}

#[test]
fn thousands_stand_apart() {
    assert_eq!([0.0, 999.0, 1000.0, 1_234_567.4, -1500.0].map(grouped), ["0", "999", "1,000", "1,234,567", "-1,500"]);
}
