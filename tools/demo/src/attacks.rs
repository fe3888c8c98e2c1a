//! A man in the middle, who owns the PC.

use std::time::Duration;

use anyhow::{Context, Result};
use keyfob::{Error, FeatureId, Units, Verdict};
use keyfob_issuing::{Step, UpdatePlan};

use crate::cast::{Cast, EXPORT, SOLVE, TODAY, guest};
use crate::stage::Stage;
use crate::wire::Attack;

/// How long the attacked app waits for a genuine answer.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn tell(stage: &mut Stage, cast: &Cast) -> Result<()> {
    stage.chapter("A man in the middle");
    let more = UpdatePlan {
        issued: TODAY,
        grants: Vec::new(),
        steps: vec![Step::SetCounter { feature: EXPORT, units: Units(100) }],
    };
    guest(&cast.fob.wire)?.apply(&cast.issue(&more)?.file)?;

    // He reaches for what would be worth it: to make "expired" allowed, and to spend nothing, or another's units.
    let attacks = [
        ("edits what the app sends", Attack::EditRequests),
        ("edits what the fob answers", Attack::EditAnswers),
        ("repeats what the app sends", Attack::RepeatRequests),
        ("repeats what the fob answers", Attack::RepeatAnswers),
        ("sends earlier requests again, in another order", Attack::Reorder),
    ];
    for (title, attack) in attacks {
        stage.trial(&cast.counter, title, || withstand(cast, attack))?;
    }
    Ok(())
}

/// Checks what has expired and spends one unit under attack; whether nobody was fooled, and what came of it.
fn withstand(cast: &Cast, attack: Attack) -> Result<(bool, String)> {
    let before = remaining(cast)?;
    let wire = cast.fob.wire.attacked();
    let client = cast.patient_app(&wire, TODAY, PATIENCE)?;
    let (export, solve) = (client.login(EXPORT)?, client.login(SOLVE)?);
    wire.begin(attack);
    let (check, spent) = (solve.check(), export.spend(Units(1)));
    wire.begin(Attack::None);
    let now = remaining(cast)?;
    let taken = before - now;

    let fooled = match &check {
        Ok(Verdict::Denied(refusal)) => refusal.status.slug() != "expired",
        Ok(Verdict::Full(_)) => true,
        Err(_) => false,
    };
    // A spend that was answered was done once; one that failed, once or not at all.
    let once = match &spent {
        Ok(spent) => taken == 1 && spent.remaining.0 == now,
        Err(_) => taken <= 1,
    };
    let check = check.map(|verdict| if matches!(verdict, Verdict::Full(_)) { "allowed" } else { "expired, rightly" });
    let outcome = format!("check: {}; spend: {}; {taken} taken", said(check), said(spent.map(|_| "done")));
    Ok((!fooled && once, outcome))
}

fn said(outcome: Result<&'static str, Error>) -> &'static str {
    outcome.unwrap_or_else(|error| error.code())
}

/// What is left of the exports, by a way that nobody attacks.
fn remaining(cast: &Cast) -> Result<u32> {
    let vendor = cast.vendor.root();
    let products = guest(&cast.fob.wire)?.list(vendor)?;
    let export = |feature: FeatureId| {
        products.iter().flat_map(|product| &product.features).find(|listed| listed.feature == feature)?.remaining
    };
    Ok(export(EXPORT).context("Export isn't listed")?.0)
}
