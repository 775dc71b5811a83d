//! A table of two columns that says which labels of a reference another label stands for. Must not know whose labels they are.

use std::collections::HashMap;
use std::sync::Arc;

/// What each label stands for: a label, TAB, what it stands for a line; several lines may begin with one label; `#` begins a remark.
///
/// # Errors
/// The number of the first line without a TAB, from 1.
pub fn label_pairs(text: &str) -> Result<HashMap<String, Vec<Arc<str>>>, usize> {
    let mut pairs: HashMap<String, Vec<Arc<str>>> = HashMap::new();
    let rows = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim_end());
    for (index, row) in rows.enumerate().filter(|(_, row)| !row.is_empty() && !row.starts_with('#')) {
        let mut cells = row.split('\t');
        let (Some(from), Some(to)) = (cells.next(), cells.next()) else { return Err(index + 1) };
        pairs.entry(from.to_owned()).or_default().push(to.into());
    }
    Ok(pairs)
}
