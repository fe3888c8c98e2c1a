//! Tables without lines.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

/// Writes a table whose columns are two spaces apart.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned_and_lines_end_where_the_text_does() {
        let text = super::table(["A", "LONG"], [["one".to_owned(), "1".into()], ["東京".into(), String::new()]]);
        assert_eq!(text, "A     LONG\none   1\n東京\n");
    }
}
