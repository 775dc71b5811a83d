//! Files of label sets, read, judged and written on the storage thread. What is done with labels is the window's.

use crate::annotation::LabelSet;
use crate::format::label_set::{Column, MOST_BYTES, Outcome, Reading, Separator};
use crate::project::write_atomically;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file of labels was read, so that it can be read so again.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RememberedSet {
    /// The file.
    pub path: PathBuf,
    /// What stands between cells.
    pub separator: Separator,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// What each column means.
    pub columns: Vec<Column>,
}

/// What the storage thread is to do about a set of labels.
#[derive(Debug)]
pub enum LabelSetTask {
    /// Read a file for its preview; a separator that is not guessed, or all of it as it was read before.
    Read {
        /// The file.
        path: PathBuf,
        /// What stands between cells, if it is not to be guessed.
        separator: Option<Separator>,
        /// How it was read before.
        remembered: Option<RememberedSet>,
    },
    /// Make labels of rows once more: columns mean something else now.
    Judge {
        /// The file.
        path: PathBuf,
        /// How it is read.
        reading: Box<Reading>,
    },
    /// Read a file to search its labels.
    Search(RememberedSet),
    /// Write label classes.
    Write {
        /// Where.
        path: PathBuf,
        /// The file's text.
        text: String,
        /// How many classes that are.
        count: usize,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum LabelSetNews {
    /// The preview of a file, or why there is none.
    Read {
        /// The file.
        path: PathBuf,
        /// How it is read and what that gives.
        result: Result<Box<(Reading, Outcome)>, String>,
    },
    /// Labels to be searched, or why there are none.
    Searchable {
        /// The file.
        path: PathBuf,
        /// The labels.
        result: Result<Arc<LabelSet>, String>,
    },
    /// Classes were written, or why not.
    Written {
        /// Where.
        path: PathBuf,
        /// How many.
        result: Result<usize, String>,
    },
}

/// Does a task.
pub fn carry_out(task: LabelSetTask) -> LabelSetNews {
    match task {
        LabelSetTask::Read { path, separator, remembered } => {
            let result = bytes_of(&path).map(|bytes| {
                let reading = match &remembered {
                    Some(remembered) => read_again(&bytes, remembered),
                    None => Reading::with_separator(&bytes, separator),
                };
                judged(reading)
            });
            LabelSetNews::Read { path, result }
        }
        LabelSetTask::Judge { path, reading } => LabelSetNews::Read { path, result: Ok(judged(*reading)) },
        LabelSetTask::Search(remembered) => {
            let result = bytes_of(&remembered.path)
                .map(|bytes| Arc::new(read_again(&bytes, &remembered).outcome().searchable()));
            LabelSetNews::Searchable { path: remembered.path, result }
        }
        LabelSetTask::Write { path, text, count } => {
            let written = write_atomically(&path, text.as_bytes());
            let result = written.map(|()| count);
            let result = result.map_err(|error| format!("{}: the labels cannot be written: {error}", path.display()));
            LabelSetNews::Written { path, result }
        }
    }
}

fn judged(reading: Reading) -> Box<(Reading, Outcome)> {
    let outcome = reading.outcome();
    Box::new((reading, outcome))
}

/// Reads a file as it was read before; the columns that it has got since then are not used.
fn read_again(bytes: &[u8], remembered: &RememberedSet) -> Reading {
    let mut reading = Reading::with_separator(bytes, Some(remembered.separator));
    reading.has_header = remembered.has_header;
    let width = reading.table.width();
    reading.columns.clone_from(&remembered.columns);
    reading.columns.resize(width, Column::Ignored);
    reading
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{}: the labels cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(format!("{}: more than {most} MB, which no set of labels is: choose another file", path.display()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_as_it_was_read_before_also_with_other_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("birds.csv");
        std::fs::write(&path, "a,b\nTurdus merula,Blackbird\n").unwrap();
        let remembered = RememberedSet {
            path: path.clone(),
            separator: Separator::Comma,
            has_header: true,
            columns: vec![Column::OtherNames, Column::Name, Column::Code],
        };
        let LabelSetNews::Searchable { result: Ok(set), .. } = carry_out(LabelSetTask::Search(remembered)) else {
            panic!("no labels")
        };
        assert_eq!(&*set.search("turdus", &[], 1)[0].name, "Blackbird");
        let gone = LabelSetTask::Read { path: folder.path().join("gone.csv"), separator: None, remembered: None };
        let LabelSetNews::Read { result: Err(reason), .. } = carry_out(gone) else { panic!("a reading") };
        assert!(reason.contains("gone.csv"), "{reason}");
    }
}
