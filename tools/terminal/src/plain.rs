//! Text that others wrote, made harmless for terminals.

/// Spells out control and direction characters, so that text from tokens and files can't move the cursor, colour,
/// break lines or pose as something else.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        if is_harmful(c) {
            plain.extend(c.escape_default())
        } else {
            plain.push(c)
        }
        plain
    })
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_moves_the_cursor_is_spelt_out() {
        assert_eq!(plain("Größe 東京 £5"), "Größe 東京 £5");
        assert_eq!(plain("a\u{1b}]0;x\u{7}\u{9b}2J\tb"), "a\\u{1b}]0;x\\u{7}\\u{9b}2J\\tb");
        assert_eq!(plain("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
    }
}
