//! What goes wrong on the wire, and how often it did.

use keyfob_wire::Report;

use super::Host;

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) commands: u64,
    pub(crate) sessions: u64,
    pub(crate) resumed: u64,
    pub(crate) logouts: u64,
    pub(crate) lost_requests: u64,
    pub(crate) lost_answers: u64,
    pub(crate) doubled: u64,
    pub(crate) altered: u64,
    pub(crate) overtaken: u64,
    pub(crate) repeated_requests: u64,
    pub(crate) lost_sessions: u64,
    pub(crate) abandoned: u64,
    pub(crate) cancelled: u64,
    pub(crate) timed_out: u64,
    pub(crate) restarts: u64,
}

impl Sums {
    pub(crate) fn faults(&self) -> [(&'static str, u64); 14] {
        [
            ("a session", self.sessions),
            ("resuming", self.resumed),
            ("logging out", self.logouts),
            ("a lost request", self.lost_requests),
            ("a lost answer", self.lost_answers),
            ("a report twice", self.doubled),
            ("an altered report", self.altered),
            ("reports out of order", self.overtaken),
            ("a repeated request", self.repeated_requests),
            ("a lost session", self.lost_sessions),
            ("an abandoned handshake", self.abandoned),
            ("CANCEL", self.cancelled),
            ("a time-out", self.timed_out),
            ("a power cut", self.restarts),
        ]
    }
}

impl Host<'_> {
    /// Brings the token a report, or something else.
    pub(crate) fn carry(&mut self, report: &Report) {
        if self.dice.below(1_000) >= self.roughness {
            return self.deliver(report);
        }
        match self.dice.below(4) {
            0 => self.sums.lost_requests += 1,
            1 => {
                self.sums.doubled += 1;
                self.deliver(report);
                self.deliver(report);
            }
            2 => {
                self.sums.altered += 1;
                let altered = self.altered(report);
                self.deliver(&altered);
            }
            _ => {
                // What was sent last comes once more, before this.
                self.sums.overtaken += 1;
                if let Some(last) = self.last_record {
                    self.deliver(&last);
                }
                self.deliver(report);
            }
        }
    }

    /// Brings back what the token says, or nothing, or something else.
    pub(crate) fn carry_back(&mut self, report: Report) -> Option<Report> {
        if self.dice.below(1_000) >= self.roughness {
            return Some(report);
        }
        if self.dice.below(2) == 0 {
            self.sums.lost_answers += 1;
            return None;
        }
        self.sums.altered += 1;
        Some(self.altered(&report))
    }

    fn altered(&mut self, report: &Report) -> Report {
        let mut altered = *report;
        altered[self.dice.choose(64)] ^= 1 << self.dice.below(8);
        altered
    }
}
