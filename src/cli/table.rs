//! Tables for a terminal: columns as wide as their widest cell, two spaces between.

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// The rows as lines, each begun with two spaces and ended by a line feed; the first row is the header. Cells beyond `columns` are left out.
pub(super) fn aligned(columns: &[Align], rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, align), &width) in row.iter().zip(columns).zip(&widths) {
            line += "  ";
            line += &match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(
            &[Align::Left, Align::Right, Align::Left],
            &[row(["name", "n", "note"]), row(["é", "100", ""]), row(["longer", "7", "x"])],
        );
        assert_eq!(text, "  name      n  note\n  é       100\n  longer    7  x\n");
    }
}
