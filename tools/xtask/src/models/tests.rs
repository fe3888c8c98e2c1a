use super::table::{Model, Tool, read, replaced};
use super::{Verdict, judge, proverif, verifpal};
use crate::process::root;

fn model(bug: bool, attacks: &[&str]) -> Model {
    Model {
        name: "made-up".into(),
        bug: bug.then(|| "something is left out".into()),
        attacks: attacks.iter().map(|&attack| attack.into()).collect(),
        sessions: 1,
        tool: Tool::Verifpal,
        text: String::new(),
    }
}

fn verdict(query: &str, fails: bool) -> Verdict {
    Verdict { query: query.into(), fails }
}

#[test]
fn the_table_fits_its_files() {
    let models = read(&root().join("docs/models")).unwrap();
    for tool in [Tool::Verifpal, Tool::ProVerif] {
        let of_tool = models.iter().filter(|model| model.tool == tool);
        assert!(of_tool.clone().any(|model| model.bug.is_none()), "{tool:?}");
        assert!(of_tool.clone().any(|model| model.bug.is_some()), "{tool:?}");
    }
}

#[test]
fn what_is_replaced_is_there_once() {
    assert_eq!(replaced("a b", "a", "c").unwrap(), "c b");
    assert!(replaced("b", "a", "c").is_err());
    assert!(replaced("a a", "a", "c").is_err());
}

#[test]
fn an_attack_on_the_genuine_protocol_is_an_error() {
    assert!(judge(&model(false, &[]), &[verdict("secret", false)]).is_ok());
    assert!(judge(&model(false, &[]), &[verdict("secret", true)]).is_err());
    assert!(judge(&model(false, &["other"]), &[verdict("secret", true), verdict("other", true)]).is_err());
}

#[test]
fn a_bug_that_is_not_found_is_an_error() {
    assert!(judge(&model(true, &["secret"]), &[verdict("secret", true), verdict("other", true)]).is_ok());
    assert!(judge(&model(true, &["secret"]), &[verdict("secret", false), verdict("other", true)]).is_err());
    assert!(judge(&model(true, &["sacred"]), &[verdict("secret", true)]).is_err());
    assert!(judge(&model(true, &["se"]), &[verdict("secret", true), verdict("second", true)]).is_err());
}

#[test]
fn verifpals_report_is_read() {
    let json = |resolved: bool, exhausted: bool| {
        format!(
            r#"{{"models":[{{"ok":true,"analysis":{{"queries":[{{"query":"authentication? A -> B: e[precondition[A -> C: f]]",
            "resolved":{resolved},"envelope":{{"exhausted":{exhausted}}}}}]}}}}]}}"#
        )
    };
    assert_eq!(verifpal::read(&json(false, true)).unwrap(), [verdict("authentication? A -> B: e", false)]);
    assert_eq!(verifpal::read(&json(true, false)).unwrap(), [verdict("authentication? A -> B: e", true)]);
    assert!(verifpal::read(&json(false, false)).is_err());
    assert!(verifpal::read(r#"{"models":[{"ok":false,"error":"a word"}]}"#).is_err());
}

#[test]
fn proverifs_results_are_read() {
    let text = "-- Query\nRESULT not attacker_p1(request[]) is true.\n\
        RESULT inj-event(a) ==> inj-event(b) is false.\nRESULT (but event(a) ==> event(b) is true.)\n";
    let expected = [verdict("not attacker(request[])", false), verdict("inj-event(a) ==> inj-event(b)", true)];
    assert_eq!(proverif::read(text).unwrap(), expected);
    assert!(proverif::read("RESULT not attacker(request[]) cannot be proved.\n").is_err());
    assert!(proverif::read("Error: syntax error\n").is_err());
}
