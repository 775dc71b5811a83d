//! How long recordings are, as a table of file names and seconds says it.

use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads rows of a file name and seconds, separated by TAB or comma, with or without a header; further columns are ignored.
///
/// Fails with the line of a row that is none, and where a file is there twice with different lengths.
pub(super) fn read(path: &Path) -> anyhow::Result<BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    parse(&text).with_context(|| format!("{}: is no table of durations", path.display()))
}

fn parse(text: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut durations = BTreeMap::new();
    let rows = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    for (place, (index, row)) in rows.enumerate() {
        let separator = if row.contains('\t') { '\t' } else { ',' };
        let mut cells = row.split(separator).map(|cell| cell.trim().trim_matches('"'));
        let (Some(file), Some(secs)) = (cells.next(), cells.next()) else {
            bail!("line {}: expected a file name, TAB or comma, seconds", index + 1);
        };
        let secs = match secs.parse::<f64>() {
            Ok(secs) if secs.is_finite() && secs >= 0.0 => secs,
            Err(_) if place == 0 => continue,
            _ => bail!("line {}: '{secs}' is no number of seconds", index + 1),
        };
        let before = durations.insert(file.to_owned(), secs);
        if before.is_some_and(|before| before.total_cmp(&secs).is_ne()) {
            bail!("line {}: {file} is there twice with different durations", index + 1);
        }
    }
    Ok(durations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_either_separator_are_read_and_bad_rows_named() {
        let expected = BTreeMap::from([("a.wav".to_owned(), 10.0), ("b, c.wav".to_owned(), 2.5)]);
        assert_eq!(parse("filename\tduration\na.wav\t10\nb, c.wav\t2.5\r\n").unwrap(), expected);
        assert_eq!(parse("a.wav,10.0\n").unwrap().len(), 1);
        assert_eq!(parse("a.wav\t1\nb.wav\tlong\n").unwrap_err().to_string(), "line 2: 'long' is no number of seconds");
        assert!(parse("a.wav\t1\na.wav\t2\n").unwrap_err().to_string().contains("twice"));
        assert!(parse("a.wav\n").is_err());
        assert!(parse("a.wav\t-1\n").is_err());
    }
}
