//! Next steps for the codes that only this command has.

use keyfob::Text;

/// The codes. `docs/errors.md` has a section for each.
pub(crate) const TEXTS: &[Text] = &[
    Text { code: "directory-missing", hint: "name it by --dir, or make a vendor: keyfob-vendor init --dir DIR" },
    Text { code: "directory-locked", hint: "wait until the other command has ended, then try again" },
    Text { code: "directory-failed", hint: "look whether the folder may be written to and its disk has room" },
    Text { code: "permissions-too-open", hint: "take the permissions of others away: chmod go= PATH" },
    Text { code: "key-file", hint: "look whether it is the right directory, and get the file from a backup" },
    Text { code: "maker-damaged", hint: "get the maker's directory from a backup" },
    Text { code: "record-damaged", hint: "get the record from a backup, or from the copies in the folder beside it" },
    Text { code: "record-refused", hint: "look whether it is the right vendor's directory; the record may be altered" },
    Text { code: "fob-unknown", hint: "keyfob-vendor list shows the fobs; enrol makes a record" },
    Text { code: "fob-in-use", hint: "the fob was enrolled before: its record is kept and goes on" },
    Text { code: "real-token", hint: "real fobs are for production: leave --test out, or use a production vendor" },
    Text { code: "maker-untrusted", hint: "if you trust who made it, name the maker's root key by --maker" },
    Text { code: "birth-refused", hint: "don't certify this fob: it is damaged, imitated, or altered on its way" },
    Text { code: "enrolment-refused", hint: "try another port; if it stays so, the fob is an imitation or damaged" },
    Text { code: "licence-file", hint: "the example is in `keyfob-vendor issue --help`" },
    Text { code: "not-issuable", hint: "nothing was issued; change the file and try again" },
    Text { code: "nothing-to-withdraw", hint: "nothing: the next update can be issued" },
    Text { code: "receipt-refused", hint: "look whether it is the right fob; the record may be an old copy" },
    Text { code: "signing-failed", hint: "look at the key's file; get it from a backup if it is damaged" },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TEXTS;

    #[test]
    fn every_code_has_a_section_and_no_section_is_left_over() {
        let page = include_str!("../../../docs/errors.md");
        let (_, part) = page.split_once("\n# From keyfob-vendor\n").expect("the part");
        let sections = part.lines().take_while(|line| !line.starts_with("# "));
        let sections: Vec<_> = sections.filter_map(|line| line.strip_prefix("## ")).collect();
        let codes: Vec<_> = TEXTS.iter().map(|text| text.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>(), sections.iter().collect());
        assert_eq!(codes.len(), sections.len(), "one comes twice");
    }

    #[test]
    fn no_code_of_others_is_used_for_something_else() {
        for text in TEXTS {
            assert_eq!(keyfob_terminal::text(text.code), None, "{}", text.code);
        }
    }
}
