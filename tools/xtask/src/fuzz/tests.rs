use super::target::{Ended, read};
use super::{chosen, share};

#[test]
fn the_time_is_shared_among_targets_and_cores() {
    assert_eq!(share(60, 2, 12), 10);
    assert_eq!(share(60, 8, 2), 60);
    assert_eq!(share(1, 1, 12), 1);
    assert_eq!(share(0, 0, 0), 1);
}

#[test]
fn targets_are_named_or_all() {
    let list = "framing\nrecords\n";
    assert_eq!(chosen(list, &[]).unwrap(), ["framing", "records"]);
    assert_eq!(chosen(list, &["records".into()]).unwrap(), ["records"]);
    let error = chosen(list, &["record".into()]).unwrap_err();
    assert_eq!(error.to_string(), "there is no target `record`; there are framing, records");
}

#[test]
fn figures_are_read_from_the_end_of_a_log() {
    let log = "#2 INITED cov: 3\nstat::number_of_executed_units: 72086\nstat::average_exec_per_sec:     12014\n";
    assert_eq!(read(log), Some(Ended { executions: 72_086, per_second: 12_014 }));
    assert_eq!(read("Done 3 runs in 1 second(s)\n"), None);
}
