//! Commands of the transport and operations in a session. Spec §2 and §8.

/// Defines an enum over bytes once: byte, name, the specification's word and meaning.
macro_rules! bytes {
    (
        $(#[$doc:meta])* $enum:ident;
        $($byte:literal $name:ident $word:literal $meaning:literal)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $enum {
            $(#[doc = $meaning] $name,)*
        }

        impl $enum {
            /// All of them, in order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Finds the one of a byte.
            #[must_use]
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The byte on the wire.
            #[must_use]
            pub fn byte(self) -> u8 {
                match self {
                    $(Self::$name => $byte,)*
                }
            }

            /// The word that the specification uses.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

bytes! {
    /// What a message is for. Spec §2.
    Command;
    0x86 Init "INIT" "Allocates a channel."
    0x90 Birth "BIRTH" "Makes the device keys and asks for their certification."
    0x91 Install "INSTALL" "Installs the device's certificates, once."
    0x92 Open "OPEN" "Carries the handshake's first message, and its second as the answer."
    0x93 Finish "FINISH" "Carries the handshake's third message, and the first record as the answer."
    0x94 Record "RECORD" "Carries a record of a session."
    0x95 Resume "RESUME" "Resumes a session from an earlier one."
    0x96 Cancel "CANCEL" "Ends what the channel has begun outside sessions, and what is being sent to it."
    0x97 KeepAlive "KEEPALIVE" "Says that the token is working; never authenticated, never sent by hosts."
    0xbf Error "ERROR" "Carries a status; never authenticated, never sent by hosts."
}

bytes! {
    /// What a request in a session asks for. Spec §8.
    Operation;
    0x01 Login "login" "Asks for the state of the partition."
    0x02 Logout "logout" "Ends the session."
    0x03 Info "info" "Asks what the token is."
    0x04 Identify "identify" "Lets the fob show itself."
    0x05 List "list" "Lists products and features."
    0x06 Grant "grant" "Asks for a product's signed terms."
    0x07 Random "random" "Asks for random bytes."
    0x08 Health "health" "Asks how the token fares."
    0x10 Check "check" "Asks whether a feature may be used now."
    0x11 Spend "spend" "Takes units off a counter, exactly once."
    0x12 Unlock "unlock" "Opens a sealed secret with a feature's key."
    0x13 Counter "counter" "Asks what is left of a counter."
    0x14 Read "read" "Reads a part of a file."
    0x15 Write "write" "Writes a part of a file."
    0x16 Files "files" "Lists the files of a product."
    0x17 Encrypt "encrypt" "Encrypts with a feature's key."
    0x18 Decrypt "decrypt" "Decrypts with a feature's key."
    0x19 Derive "derive" "Derives a key of a feature's key."
    0x1a Prove "prove" "Asks for a signed decision."
    0x20 Apply "apply" "Applies an update."
    0x21 Receipt "receipt" "Asks for the signed statement of what was applied."
    0x22 Time "time" "Asks for the nonce of signed time."
    0x23 SetTime "set-time" "Hands over signed time."
    0x24 Snapshot "snapshot" "Asks for the signed statement of a partition's state."
    0x30 Enrol "enrol" "Begins a vendor's enrolment."
    0x31 Endorse "endorse" "Ends a vendor's enrolment."
    0x32 Wipe "wipe" "Takes a partition away, with all that is in it."
    0x33 ChangeRoot "change-root" "Gives a partition its vendor's new root."
}

impl Operation {
    /// Whether its answer, status included, never exceeds 78 bytes: such answers are possible at any time.
    #[must_use]
    pub fn is_short(self) -> bool {
        matches!(
            self,
            Self::Random | Self::Check | Self::Spend | Self::Unlock | Self::Counter | Self::Write | Self::Derive
        )
    }

    /// Whether a guest may ask it. Spec §8.
    #[must_use]
    pub fn is_for_guests(self) -> bool {
        !matches!(
            self,
            Self::Random
                | Self::Check
                | Self::Spend
                | Self::Unlock
                | Self::Counter
                | Self::Read
                | Self::Write
                | Self::Encrypt
                | Self::Decrypt
                | Self::Derive
                | Self::Prove
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(header: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let spec = include_str!("../../../docs/spec.md");
        let (_, table) = spec.split_once(header).unwrap();
        table.lines().skip(1).take_while(|row| row.starts_with('|')).map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            (cells.next().unwrap(), cells.next().unwrap())
        })
    }

    fn byte(cell: &str) -> u8 {
        u8::from_str_radix(cell.strip_prefix("0x").unwrap(), 16).unwrap()
    }

    #[test]
    fn the_specification_lists_the_same_commands() {
        let mut rows = rows("| command | byte | request | answer |\n");
        for &command in Command::ALL {
            let (word, cell) = rows.next().unwrap();
            assert_eq!((word, byte(cell)), (command.word(), command.byte()));
            assert_eq!(Command::from_byte(command.byte()), Some(command));
            assert_eq!(command.byte() & 0x80, 0x80);
        }
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn the_specification_lists_the_same_operations() {
        let mut rows = rows("| operation | byte | request | answer |\n");
        for &operation in Operation::ALL {
            let (word, cell) = rows.next().unwrap();
            let for_guests = word.ends_with(" *(guest)*");
            assert_eq!(word.trim_end_matches(" *(guest)*"), operation.word());
            assert_eq!(byte(cell), operation.byte());
            assert_eq!(for_guests, operation.is_for_guests(), "{word}");
            assert_eq!(Operation::from_byte(operation.byte()), Some(operation));
        }
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn other_bytes_are_none() {
        assert_eq!((0..=u8::MAX).filter_map(Command::from_byte).count(), Command::ALL.len());
        assert_eq!((0..=u8::MAX).filter_map(Operation::from_byte).count(), Operation::ALL.len());
    }
}
