//! `keyfob explain`.

use clap::Args;
use keyfob::{Error, FeatureId, Guest, Modules, Status, Units, UnixTime};
use keyfob_licence::{Outcome, Request, Rule, Snapshot, State, Term, Terms, explain, judge};
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Exit, Failure, Global, plain};
use serde::Serialize;

use super::receipt::random_nonce;
use crate::fob::{guest, is_emulated};
use crate::table::table;
use crate::vendor::Vendor;
use crate::{date, proof, value};

/// What the fob would say is worked out here, from what the vendor and the fob have signed.
#[derive(Args)]
pub(super) struct Explain {
    /// The feature's number
    #[arg(value_parser = value::feature)]
    feature: FeatureId,
    #[command(flatten)]
    vendor: Vendor,
    /// How many units are wanted of the feature's counter
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    units: u32,
    /// The modules that are needed, all of them: hexadecimal digits, one bit for each
    #[arg(long, value_name = "HEX", value_parser = value::modules, default_value = "0")]
    modules: Modules,
    /// The time to judge by, such as 2027-01-31T12:00:00Z or seconds since 1970; otherwise the system's
    #[arg(long, value_parser = value::time)]
    time: Option<UnixTime>,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    feature: u32,
    name: String,
    product: u32,
    grant_number: u32,
    time: u64,
    remaining: Option<u32>,
    allowed: bool,
    /// Why not: a code of `docs/errors.md`.
    code: Option<&'static str>,
    rules: Vec<RuleDocument>,
}

#[derive(Serialize)]
struct RuleDocument {
    rule: &'static str,
    outcome: &'static str,
    /// What the licence states.
    stated: Option<String>,
    /// What the rule refuses with: a code of `docs/errors.md`.
    code: Option<&'static str>,
}

/// A feature's terms as the vendor signed them.
struct Found {
    name: String,
    product: u32,
    grant_number: u32,
    terms: Terms,
}

impl Explain {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let vendor = self.vendor.partition(&mut guest)?.vendor;
        let about = |error: Error| Failure::from(error).about(format_args!("feature {}", self.feature));
        let found = find(&mut guest, vendor, self.feature).map_err(about)?;
        let (state, mark) = state(&mut guest, vendor, self.feature)?;
        let time = self.time.unwrap_or_else(date::now).max(mark);
        let request = Request { units: Units(self.units), modules: self.modules };
        let decision = judge(&found.terms, &state, time, &request);
        let rules = explain(&found.terms, &state, time, &request);
        let document = Document {
            serial: guest.serial().to_string(),
            emulated: is_emulated(&guest),
            feature: self.feature.0,
            name: found.name,
            product: found.product,
            grant_number: found.grant_number,
            time: time.0,
            remaining: decision.remaining.map(|units| units.0),
            allowed: decision.is_allowed(),
            code: decision.refusal.map(|refusal| refusal.status().slug()),
            rules: rules.map(|rule| RuleDocument::of(&rule, &found.terms, &state)).collect(),
        };
        global.print("keyfob.explain.v1", &document, || document.text())?;
        Ok(Exit::Done)
    }
}

/// Finds the grant with the feature, and verifies it.
fn find(guest: &mut Guest, vendor: VendorRoot, feature: FeatureId) -> Result<Found, Error> {
    let listed = guest.list(vendor)?;
    let product = listed.iter().find(|product| product.features.iter().any(|other| other.feature == feature));
    let product = product.ok_or(Error::Refused(Status::FeatureNotFound))?.product;
    let granted = guest.grant(vendor, product)?;
    let grant = proof::grant(&granted, vendor, guest.serial()).map_err(|_| Error::NotGenuine)?;
    let found = grant.features.iter().find(|other| other.feature == feature).ok_or(Error::NotGenuine)?;
    Ok(Found { name: found.name.to_owned(), product: grant.product.0, grant_number: grant.number, terms: found.terms })
}

/// The feature's counter and the vendor's mark, by the fob's signed word.
fn state(guest: &mut Guest, vendor: VendorRoot, feature: FeatureId) -> Result<(State, UnixTime), Error> {
    let nonce = random_nonce();
    let given = guest.snapshot(vendor, &nonce)?;
    let verified = proof::by_token::<Snapshot<'_>>(&given.snapshot, &given.endorsement, vendor, guest.serial());
    let (_, snapshot) = verified.map_err(|_| Error::NotGenuine)?;
    if snapshot.nonce != nonce {
        return Err(Error::NotGenuine);
    }
    let counter = snapshot.counters.iter().find(|counter| counter.feature == feature);
    Ok((State { remaining: counter.map_or(Units(0), |counter| counter.remaining) }, snapshot.mark))
}

impl RuleDocument {
    fn of(rule: &Rule, terms: &Terms, state: &State) -> Self {
        let (name, stated) = match rule.term {
            None => ("terms are known", None),
            Some(Term::Enabled) => ("switched on", None),
            Some(Term::Starts) => ("has begun", terms.starts.map(|time| format!("starts {}", date::written(time)))),
            Some(Term::Expires) => ("isn't over", terms.expires.map(|time| format!("over {}", date::written(time)))),
            Some(Term::Counter) => ("units are left", terms.counted.then(|| format!("{} left", state.remaining))),
            Some(Term::Modules) => ("modules", terms.modules.map(|modules| format!("granted {:x}", modules.0))),
        };
        let outcome = match rule.outcome {
            Outcome::NotStated => "not stated",
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "FAILED",
        };
        Self { rule: name, outcome, stated, code: rule.outcome.refusal().map(|refusal| refusal.status().slug()) }
    }
}

impl Document {
    fn text(&self) -> String {
        let outcome = match self.code {
            None => "may be used".to_owned(),
            Some(code) => format!("may not be used [{code}]"),
        };
        let time = date::written(UnixTime(self.time));
        let row = |rule: &RuleDocument| {
            let code = rule.code.map(|code| format!("[{code}]")).unwrap_or_default();
            [rule.rule.into(), rule.outcome.into(), rule.stated.clone().unwrap_or_default(), code]
        };
        let Self { feature, product, grant_number, .. } = self;
        format!(
            "feature {feature} {} {outcome} at {time}\nproduct {product}, grant {grant_number}, verified\n{}",
            plain(&self.name),
            table(["RULE", "OUTCOME", "STATED", ""], self.rules.iter().map(row)),
        )
    }
}
