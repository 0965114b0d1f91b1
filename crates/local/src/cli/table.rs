//! Plain tables for a terminal: columns as wide as they must be, two spaces apart.

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns to be set flush right.
    right: Vec<usize>,
}

impl Table {
    /// A table with these headings; those that begin with `>` are flush right.
    pub(super) fn new(headings: &[&str]) -> Self {
        let right =
            headings.iter().enumerate().filter(|(_, text)| text.starts_with('>')).map(|(at, _)| at).collect();
        let first = headings.iter().map(|text| text.trim_start_matches('>').to_owned()).collect();
        Self { rows: vec![first], right }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            self.rows.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let space = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
                let (before, after) =
                    if self.right.contains(&at) { (space, String::new()) } else { (String::new(), space) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A number with its thousands apart: `$750,000`, with cents if there are any.
pub(super) fn money(value: &serde_json::Value) -> String {
    let Some(amount) = value.as_f64() else { return "unknown".to_owned() };
    let text = format!("{amount:.2}");
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let digits = whole.trim_start_matches('-');
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let cents = if cents == "00" { String::new() } else { format!(".{cents}") };
    format!("{sign}${grouped}{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let mut table = Table::new(&["name", ">count"]);
        table.row(["a".to_owned(), "7".to_owned()]);
        table.row(["longer".to_owned(), "12345678".to_owned()]);
        assert_eq!(table.text(), "name       count\na              7\nlonger  12345678\n");
    }

    #[test]
    fn money_is_readable() {
        for (value, text) in [
            (json!(350), "$350"),
            (json!(750_000), "$750,000"),
            (json!(1084.38), "$1,084.38"),
            (json!(-1200), "-$1,200"),
            (json!(null), "unknown"),
        ] {
            assert_eq!(money(&value), text);
        }
    }
}
