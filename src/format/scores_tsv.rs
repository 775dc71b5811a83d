//! Frame scores as sed_scores_eval keeps them: a TAB-separated file for each recording, with `onset`, `offset` and a column a class, a row a
//! frame, without gaps. Reads them; they are written as they come by `earmark detect --scores`.

use crate::metric::{ScoreTable, SetError, Values};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More than this many bytes are not read as one recording's scores: ten hours of 447 classes.
const MAX_BYTES: u64 = 1 << 32;

/// The scores of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct FileScores {
    /// The classes in the order of the columns.
    pub classes: Vec<Arc<str>>,
    /// Their scores.
    pub table: ScoreTable<'static>,
}

/// Why scores cannot be read. Each message names the file, the line and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ScoresError {
    /// The file system refuses to read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a file of scores.
    #[error("{path}: {reason}")]
    NotScores {
        /// The file.
        path: PathBuf,
        /// Why, and what is expected.
        reason: String,
    },
}

/// Reads the scores of one recording.
///
/// # Errors
/// [`ScoresError`]; nothing is passed over.
pub fn read_scores(path: &Path) -> Result<FileScores, ScoresError> {
    let read_error = |source| ScoresError::Read { path: path.to_path_buf(), source };
    let not_scores = |reason| ScoresError::NotScores { path: path.to_path_buf(), reason };
    let file = File::open(path).map_err(read_error)?;
    let mut text = String::new();
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => not_scores("is no text in UTF-8: expected TAB-separated scores".to_owned()),
        _ => read_error(source),
    })?;
    if read as u64 > MAX_BYTES {
        return Err(not_scores(format!("is larger than {} GiB: split it", MAX_BYTES >> 30)));
    }
    parse_scores(&text).map_err(not_scores)
}

/// The scores in the text of a file.
///
/// # Errors
/// In words, what is the matter and in which line.
pub fn parse_scores(text: &str) -> Result<FileScores, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let head = lines.next().map(|(_, line)| line).unwrap_or_default();
    let classes = classes_of(head)?;
    let mut borders: Vec<f64> = Vec::new();
    // A row a frame.
    let mut rows: Vec<f64> = Vec::with_capacity(text.len() / 10);
    for (index, line) in lines {
        let at_line = |reason: String| format!("line {}: {reason}", index + 1);
        read_row(line, classes.len(), &mut borders, &mut rows).map_err(at_line)?;
    }
    let frames = borders.len().saturating_sub(1);
    let mut columns = Vec::with_capacity(rows.len());
    for class in 0..classes.len() {
        columns.extend((0..frames).map(|frame| rows[frame * classes.len() + class]));
    }
    drop(rows);
    let table = ScoreTable::new(Cow::Owned(borders), Values::compact(columns)).map_err(|error| match error {
        SetError::Borders => "the frames do not follow each other in time".to_owned(),
        error => error.to_string(),
    })?;
    Ok(FileScores { classes, table })
}

fn classes_of(head: &str) -> Result<Vec<Arc<str>>, String> {
    let mut names = head.split('\t').map(|name| name.trim().trim_matches('"'));
    if names.next() != Some("onset") || names.next() != Some("offset") {
        return Err("line 1: expected the columns onset, offset and one for each class, separated by TAB".to_owned());
    }
    let classes: Vec<Arc<str>> = names.map(Arc::from).collect();
    let mut seen = HashSet::new();
    match classes.iter().find(|class| class.is_empty() || !seen.insert(&***class)) {
        Some(class) if class.is_empty() => Err("line 1: a column has no name".to_owned()),
        Some(class) => Err(format!("line 1: there are two columns {class}")),
        None if classes.is_empty() => Err("line 1: there is no column of a class".to_owned()),
        None => Ok(classes),
    }
}

/// A number of at most 15 digits with a dot, as nearly all scores are. Both sides of the division are exact then, so that the result is the
/// number nearest to the text, as by the slower way for any number.
fn plain_decimal(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let (mut digits, mut dot) = (0_u64, None);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if dot.is_none() => dot = Some(place),
            _ => return None,
        }
    }
    let decimals = text.len() - 1 - dot?;
    (text.len() > 1).then(|| digits as f64 / POWERS[decimals])
}

/// Takes one row: its times must go on where the row before ends.
fn read_row(line: &str, class_count: usize, borders: &mut Vec<f64>, rows: &mut Vec<f64>) -> Result<(), String> {
    let mut cells = line.split('\t');
    let mut number = |what: &str| -> Result<f64, String> {
        let cell = cells.next().ok_or_else(|| format!("there are fewer than {} cells", class_count + 2))?.trim();
        match plain_decimal(cell.as_bytes()).map_or_else(|| cell.parse::<f64>(), Ok) {
            Ok(number) if !number.is_nan() && number < f64::INFINITY => Ok(number),
            _ if cell.is_empty() => Err(format!("{what} is missing")),
            _ => Err(format!("{what} '{cell}' is not a number that can be compared")),
        }
    };
    let (onset, offset) = (number("the onset")?, number("the offset")?);
    match borders.last() {
        None => borders.push(onset),
        Some(&end) if end == onset => {}
        Some(end) if *end < onset => {
            return Err(format!("a gap: the row before ends at {end}, this one begins at {onset}"));
        }
        Some(end) => return Err(format!("the row before ends at {end}, but this one begins at {onset}")),
    }
    if offset <= onset {
        return Err(format!("ends at {offset}, but begins at {onset}"));
    }
    borders.push(offset);
    for _ in 0..class_count {
        rows.push(number("a score")?);
    }
    if cells.next().is_some() { Err(format!("there are more than {} cells", class_count + 2)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::ScoreColumns;

    #[test]
    fn scores_are_read_class_by_class() {
        let text = "\u{feff}onset\toffset\tSpeech\tDog\r\n0.0\t0.016\t0.0312\t-inf\r\n0.016\t0.032\t3.1e-2\t0.8954\r\n";
        let scores = parse_scores(text).unwrap();
        assert_eq!(scores.classes.iter().map(|class| &**class).collect::<Vec<_>>(), ["Speech", "Dog"]);
        assert_eq!(scores.table.borders_secs(0), [0.0, 0.016, 0.032]);
        assert_eq!(scores.table.column(0, &mut Vec::new()), [0.0312, 0.031]);
        assert_eq!(scores.table.column(1, &mut Vec::new()), [f64::NEG_INFINITY, 0.8954]);
    }

    proptest::proptest! {
        #[test]
        fn the_fast_way_reads_numbers_exactly(whole in 0_u32..100_000, part in "[0-9]{0,10}") {
            let text = format!("{whole}.{part}");
            let exact: f64 = text.parse().unwrap();
            proptest::prop_assert_eq!(plain_decimal(text.as_bytes()), Some(exact));
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_left_to_the_slow_way() {
        for text in ["", ".", "-0.5", "1e5", "1", "0.12345678901234567", "1.2.3", "nan"] {
            assert_eq!(plain_decimal(text.as_bytes()), None, "{text}");
        }
        assert_eq!(plain_decimal(b".5"), Some(0.5));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let told = |rows: &str| parse_scores(&format!("onset\toffset\tDog\n{rows}")).unwrap_err();
        assert_eq!(told("0\t1\t0.5\n1.5\t2\t0.5\n"), "line 3: a gap: the row before ends at 1, this one begins at 1.5");
        assert_eq!(told("0\t1\t0.5\n0.5\t2\t0.5\n"), "line 3: the row before ends at 1, but this one begins at 0.5");
        assert_eq!(told("0\t0\t0.5\n"), "line 2: ends at 0, but begins at 0");
        assert_eq!(told("0\t1\tnan\n"), "line 2: a score 'nan' is not a number that can be compared");
        assert_eq!(told("0\t1\t\n"), "line 2: a score is missing");
        assert_eq!(told("0\t1\n"), "line 2: there are fewer than 3 cells");
        assert_eq!(told("0\t1\t0.1\t0.2\n"), "line 2: there are more than 3 cells");
        assert_eq!(parse_scores("onset\toffset\tDog\tDog\n").unwrap_err(), "line 1: there are two columns Dog");
        assert!(parse_scores("").unwrap_err().contains("expected the columns"));
        assert!(parse_scores("onset\toffset\n").unwrap_err().contains("no column of a class"));
    }
}
