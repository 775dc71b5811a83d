//! A table as other programs write it, with the line of each row: separators and quotes are guessed. Must not know what cells mean.

use crate::format::text;

/// Rows beyond are counted, not kept: a set of labels is never that long.
pub const MOST_ROWS: usize = 200_000;
/// Cells of a row beyond are left out.
const MOST_COLUMNS: usize = 32;
/// A quoted cell that is longer, in bytes, is one whose quote was never meant as such.
const LONGEST_QUOTED: usize = 4096;
/// From so many rows the separator is guessed.
const ROWS_LOOKED_AT: usize = 50;

/// What stands between the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Separator {
    Tab,
    Semicolon,
    Comma,
    Bar,
    /// A row is one cell.
    None,
}

impl Separator {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Tab, Self::Semicolon, Self::Comma, Self::Bar, Self::None];

    /// What the window calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Tab => "Tab",
            Self::Semicolon => "Semicolon",
            Self::Comma => "Comma",
            Self::Bar => "Vertical bar",
            Self::None => "None: one column",
        }
    }

    fn char(self) -> Option<char> {
        match self {
            Self::Tab => Some('\t'),
            Self::Semicolon => Some(';'),
            Self::Comma => Some(','),
            Self::Bar => Some('|'),
            Self::None => None,
        }
    }
}

/// A row that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: usize,
    /// Its cells without white space around them, at least one.
    pub cells: Vec<String>,
}

/// A table with nothing said about its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What stands between cells.
    pub separator: Separator,
    /// The rows that are not blank, at most [`MOST_ROWS`].
    pub rows: Vec<Row>,
    /// How many rows there are beyond.
    pub rows_left_out: usize,
}

impl Table {
    /// Reads a text; without a separator, the one is taken that cuts the rows into the same number of cells.
    pub fn read(text: &str, separator: Option<Separator>) -> Self {
        let separator = separator.unwrap_or_else(|| guessed(text));
        let mut rows = Vec::new();
        let mut rows_left_out = 0;
        for row in records(text, separator) {
            if rows.len() < MOST_ROWS {
                rows.push(row);
            } else {
                rows_left_out += 1;
            }
        }
        Self { separator, rows, rows_left_out }
    }

    /// How many columns the widest row has.
    pub fn width(&self) -> usize {
        self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
    }
}

/// The separator that cuts nine rows of ten into as many cells as the first one, two at least; most cells win.
fn guessed(text: &str) -> Separator {
    let cells = |separator: Separator| -> Option<usize> {
        let counts: Vec<usize> = records(text, separator).take(ROWS_LOOKED_AT).map(|row| row.cells.len()).collect();
        let first = *counts.first()?;
        let same = counts.iter().filter(|&&count| count == first).count();
        (first > 1 && 10 * same >= 9 * counts.len()).then_some(first)
    };
    let candidates = Separator::ALL.into_iter().filter_map(|separator| Some((cells(separator)?, separator)));
    // Of equals the first that is tried.
    candidates.rev().max_by_key(|(cells, _)| *cells).map_or(Separator::None, |(_, separator)| separator)
}

/// The rows that are not blank, one after the other.
fn records(text: &str, separator: Separator) -> impl Iterator<Item = Row> {
    let mut rest = text.trim_end_matches('\0');
    let mut line = 1;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let begun = line;
            let (cells, after, lines) = record(rest, separator.char());
            rest = after;
            line += lines;
            if cells.iter().any(|cell| !cell.is_empty()) {
                return Some(Row { line: begun, cells });
            }
        }
        None
    })
}

/// The cells of the first row, what follows it, and how many lines it takes.
fn record(text: &str, separator: Option<char>) -> (Vec<String>, &str, usize) {
    let mut cells = Vec::new();
    let mut rest = text;
    let mut lines = 1;
    loop {
        let ends = |char: char| char == '\r' || char == '\n' || Some(char) == separator;
        let (cell, after) = match quoted(rest, ends) {
            Some((cell, after)) => {
                lines += text::lines(&cell).count().saturating_sub(1);
                (cell, after)
            }
            None => {
                let end = rest.find(ends).unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                (cell.to_owned(), after)
            }
        };
        if cells.len() < MOST_COLUMNS {
            let words: Vec<&str> = cell.split_whitespace().collect();
            cells.push(words.join(" "));
        }
        let mut chars = after.chars();
        match chars.next() {
            Some(char) if Some(char) == separator => rest = chars.as_str(),
            Some('\r') => return (cells, chars.as_str().strip_prefix('\n').unwrap_or(chars.as_str()), lines),
            Some(_) => return (cells, chars.as_str(), lines),
            None => return (cells, "", lines),
        }
    }
}

/// The cell in quotes at the start, and what follows it; `None` if quotes do not enclose a whole cell.
fn quoted(text: &str, ends: impl Fn(char) -> bool) -> Option<(String, &str)> {
    let mut rest = text.trim_start_matches(' ').strip_prefix('"')?;
    let mut cell = String::new();
    loop {
        let (inside, after) = rest.split_once('"').filter(|(inside, _)| cell.len() + inside.len() < LONGEST_QUOTED)?;
        cell.push_str(inside);
        if let Some(after) = after.strip_prefix('"') {
            cell.push('"');
            rest = after;
            continue;
        }
        let after = after.trim_start_matches(' ');
        return (after.is_empty() || after.starts_with(&ends)).then_some((cell, after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(usize, Vec<String>)> {
        Table::read(text, None).rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    fn row(line: usize, cells: &[&str]) -> (usize, Vec<String>) {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn the_separator_is_the_one_that_cuts_evenly() {
        let separator = |text: &str| Table::read(text, None).separator;
        assert_eq!(separator("name,key\nDog,1\nCat,2\n"), Separator::Comma);
        assert_eq!(separator("Walk, footsteps\nDog\nMale speech, man speaking\nCat\n"), Separator::None);
        assert_eq!(separator("name;names\nDog;hound, cur\nCat;tom, puss\n"), Separator::Semicolon);
        assert_eq!(separator("a\tb, c\td\ne\tf, g\th\n"), Separator::Tab);
        assert_eq!(separator("\"Walk, footsteps\",1\n\"Dog\",2\n"), Separator::Comma);
        assert_eq!(separator(""), Separator::None);
        assert_eq!(Table::read("a,b\nc,d", Some(Separator::None)).width(), 1);
    }

    #[test]
    fn quotes_hold_separators_and_line_ends_and_lines_are_counted() {
        let text = "name,names\r\n\"Walk, \"\"foot\"\"\",x\r\n\r\n\"two\nlines\", y \r\"open,z\n5\" pipe,\"a\" b\n";
        let expected = [
            row(1, &["name", "names"]),
            row(2, &["Walk, \"foot\"", "x"]),
            row(4, &["two lines", "y"]),
            row(6, &["\"open", "z"]),
            row(7, &["5\" pipe", "\"a\" b"]),
        ];
        assert_eq!(cells(text), expected);
    }

    #[test]
    fn a_quote_that_never_closes_swallows_nothing() {
        let text = format!("\"Dog\n{}\n\"Cat\"\n", "Bird\n".repeat(2000));
        assert_eq!(Table::read(&text, None).rows.len(), 2002);
    }

    #[test]
    fn too_many_rows_and_cells_are_counted_and_left_out() {
        let table = Table::read(&"a,".repeat(100), Some(Separator::Comma));
        assert_eq!(table.width(), MOST_COLUMNS);
        let table = Table::read(&"a\n".repeat(MOST_ROWS + 3), Some(Separator::None));
        assert_eq!((table.rows.len(), table.rows_left_out), (MOST_ROWS, 3));
    }
}
