//! Another token than the one that cases share.

use keyfob::{FeatureId, Guest, Status, UnixTime, Verdict};
use keyfob_issuing::{OsEntropy, TokenRecord, UpdatePlan};

use crate::bench::{Way, enrol, guest};
use crate::licence::{TODAY, public};
use crate::{Bench, Failure, Fob};

/// A token of a case's own with the public product, which has been told no time: for what would spoil the shared one's
/// licence, or depends on what other cases have told that.
pub(crate) struct Other {
    fob: Box<dyn Fob>,
    pub(crate) record: TokenRecord,
    pub(crate) guest: Guest,
}

impl Other {
    pub(crate) fn new(bench: &mut Bench) -> Result<Self, Failure> {
        let fob = bench.fresh()?;
        let record = enrol(&bench.vendor, &*fob, bench.patience)?;
        let mut guest = guest(&*fob, bench.patience)?;
        let plan = UpdatePlan { issued: TODAY, grants: vec![public()], steps: Vec::new() };
        let issued = bench.vendor.issue(&record, &plan, &mut OsEntropy)?;
        guest.apply(&issued.file)?;
        Ok(Self { fob, record: issued.record, guest })
    }

    /// What a check says to an app that claims a time.
    pub(crate) fn check(&self, bench: &Bench, feature: FeatureId, time: UnixTime) -> Result<Status, Failure> {
        let client = keyfob::Client::builder(&bench.app)
            .transport("the other", Way(self.fob.way()))
            .accept_emulated()
            .timeout(bench.patience)
            .time(move || time)
            .open()?;
        Ok(match client.login(feature)?.check()? {
            Verdict::Full(_) => Status::Ok,
            Verdict::Denied(refusal) => refusal.status,
        })
    }
}
