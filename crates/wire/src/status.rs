//! Status codes of `docs/spec.md`, §9. Their causes and next steps, for people, are in the host library.

/// Defines the codes once: number, name, slug and meaning.
macro_rules! statuses {
    ($($number:literal $name:ident $slug:literal $meaning:literal)*) => {
        /// What a token says of a request. Numbers and slugs never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Status {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl Status {
            /// All codes, in order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Finds the code of a number.
            #[must_use]
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The code's number on the wire.
            #[must_use]
            pub fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// The code's stable name for people and programs.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)*
                }
            }

            /// What the code means, in a few words.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

statuses! {
    0 Ok "ok" "done, or allowed"
    1 BadRequest "bad-request" "a body isn't as specified"
    2 UnknownCommand "unknown-command" "no such command or operation"
    3 Busy "busy" "try again"
    4 TimedOut "timed-out" "the message's next report didn't come in time"
    5 UnknownChannel "unknown-channel" "INIT first"
    6 BadSequence "bad-sequence" "a report was lost or repeated"
    7 TooLong "too-long" "longer than 4,096 bytes"
    8 SessionRefused "session-refused" "handshake or record refused"
    9 NotPermitted "not-permitted" "the certificate, or a guest, may not"
    20 NotReady "not-ready" "no certificates yet"
    21 AlreadyInstalled "already-installed" "certificates are installed once"
    22 UnknownVendor "unknown-vendor" "no partition of that vendor"
    23 AlreadyEnrolled "already-enrolled" "the vendor has a partition"
    24 NoRoom "no-room" "memory is full"
    25 StorageFailed "storage-failed" "the token's memory failed; nothing was done"
    26 CertificateRefused "certificate-refused" "certificate, request or endorsement refused"
    27 NoEnrolment "no-enrolment" "none was begun"
    28 OtherChip "other-chip" "the stored state was written by another chip, or altered"
    29 RolledBack "rolled-back" "the stored state was put back to what it was earlier"
    30 AnchorExhausted "anchor-exhausted" "the rollback anchor is used up; nothing was done"
    31 ButtonNeeded "button-needed" "somebody has to press the token's button meanwhile"
    40 FeatureNotFound "feature-not-found" "not granted"
    41 FeatureDisabled "feature-disabled" "switched off"
    42 NotYetValid "not-yet-valid" "starts later"
    43 Expired "expired" "over"
    44 CounterExhausted "counter-exhausted" "nothing left"
    45 CounterTooLow "counter-too-low" "less left than asked for"
    46 ModuleMissing "module-missing" "a module isn't granted"
    47 UnknownTerm "unknown-term" "a term that this token doesn't know"
    48 TimeUnknown "time-unknown" "neither the app nor the token knows the time"
    49 ProductNotPermitted "product-not-permitted" "the app's certificate is for another product"
    50 OutcomeForgotten "outcome-forgotten" "too long ago to know; not done"
    51 OperationMismatch "operation-mismatch" "the operation id was used with other units"
    52 NoCounter "no-counter" "the feature isn't counted"
    53 KeyNotFound "key-not-found" "no key in that slot"
    54 UnlockFailed "unlock-failed" "the sealed secret isn't for this key"
    55 ClockSetBack "clock-set-back" "the PC's clock was set back; the fob needs signed time"
    60 SignatureInvalid "signature-invalid" "not signed by whom it should be, or altered"
    61 WrongToken "wrong-token" "for another token or partition"
    62 UpdateReplayed "update-replayed" "applied already"
    63 UpdateOutOfOrder "update-out-of-order" "an update before it is missing"
    64 UpdateForked "update-forked" "its predecessor isn't the one applied"
    65 UpdateMalformed "update-malformed" "signed, but its content can't be applied"
    66 Revoked "revoked" "of an epoch that was revoked"
    67 NonceUnknown "nonce-unknown" "ask for the time's nonce first"
    68 TimeNotLater "time-not-later" "not later than the mark"
    69 ProductNotFound "product-not-found" "not granted"
    70 FileNotFound "file-not-found" "no such file"
    71 FileProtected "file-protected" "this file can't be written by apps, or not again"
    72 OutOfRange "out-of-range" "beyond the end of the file"
}

#[cfg(test)]
mod tests {
    use super::Status;

    /// The specification's table is the list, to the letter.
    #[test]
    fn the_specification_lists_the_same_codes() {
        let spec = include_str!("../../../docs/spec.md");
        let (_, table) = spec.split_once("| number | slug | meaning |\n|---|---|---|\n").unwrap();
        let mut rows = table.lines().take_while(|row| row.starts_with('|'));
        for &status in Status::ALL {
            let mut cells = rows.next().unwrap().trim_matches('|').split('|').map(str::trim);
            assert_eq!(cells.next().unwrap().parse(), Ok(status.number()));
            assert_eq!(cells.next(), Some(status.slug()));
            assert_eq!(cells.next(), Some(status.meaning()));
            assert_eq!(Status::from_number(status.number()), Some(status));
        }
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn unknown_numbers_are_no_status() {
        let known = (0..=u16::MAX).filter_map(Status::from_number).count();
        assert_eq!(known, Status::ALL.len());
    }
}
