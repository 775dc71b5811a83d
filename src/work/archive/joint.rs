//! One table of the events of all recordings of an archive, made of their result files one after the other.

use super::disk::{Disk, PendingFile};
use super::error::ArchiveError;
use super::journal::Known;
use super::plan::Archive;
use super::run::ArchiveOutcome;
use crate::format::{Dcase, EventColumns, LabelFormat, LabelledFile, StrongLabels};
use std::io::{self, Write};
use std::path::Path;

/// A joint table that is being written.
enum Joint {
    /// DCASE strong labels, with a column for scores whether there are any or not.
    Dcase(Box<dyn PendingFile>),
    Parquet(Box<EventColumns<Box<dyn PendingFile>>>),
}

impl Archive {
    /// Writes the joint table after a run with this `outcome`, if it is wanted: the events of all recordings that are done, in the order of the
    /// recordings, in memory that does not grow with their events. Scores are in it where the recordings' own files hold them. What failed
    /// is not in it, though results of an earlier state of the recording or of other parameters may be there.
    ///
    /// # Errors
    /// A result cannot be read, or the table not be written; what was there before is unchanged.
    pub fn write_joint(&self, outcome: &ArchiveOutcome, disk: &dyn Disk) -> Result<(), ArchiveError> {
        let Some(path) = self.spec.joint.as_deref() else { return Ok(()) };
        let refused = |source| ArchiveError::Joint { path: path.to_path_buf(), source };
        let known = Known::read(&self.spec.folder)?;
        let mut joint = self.begin_joint(path, disk).map_err(refused)?;
        for name in self.names.iter().filter(|name| !outcome.failed.contains(*name)) {
            let Some(result) = known.done.get(name).and_then(|entry| entry.results.first()) else { continue };
            let read = self.spec.events.read(&self.spec.folder.join(&result.file));
            let labels = read.map_err(|error| ArchiveError::ReadBack { reason: error.to_string() })?;
            joint.push(&bare(labels, name)).map_err(refused)?;
        }
        joint.commit().map_err(refused)
    }

    fn begin_joint(&self, path: &Path, disk: &dyn Disk) -> io::Result<Joint> {
        let mut file = disk.begin(path)?;
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            let table =
                EventColumns::begin(file, self.parameters.get("model"), self.parameters.get("version"), Vec::new())?;
            return Ok(Joint::Parquet(Box::new(table)));
        }
        writeln!(file, "filename\tonset\toffset\tevent_label\tconfidence")?;
        Ok(Joint::Dcase(file))
    }
}

impl Joint {
    fn push(&mut self, labels: &StrongLabels) -> io::Result<()> {
        match self {
            Self::Parquet(table) => table.push(&labels.rows),
            Self::Dcase(out) => {
                let has_scores = labels.rows.iter().any(|row| row.score.is_some());
                for line in Dcase.written(labels).lines().skip(1) {
                    writeln!(out, "{line}{}", if has_scores { "" } else { "\t" })?;
                }
                Ok(())
            }
        }
    }

    fn commit(self) -> io::Result<()> {
        match self {
            Self::Parquet(table) => table.finish()?.commit().map(drop),
            Self::Dcase(file) => file.commit().map(drop),
        }
    }
}

/// The events of the recording called `name` with nothing else that its file keeps.
fn bare(labels: StrongLabels, name: &str) -> StrongLabels {
    let mut rows = labels.rows;
    for row in &mut rows {
        (row.filename, row.particulars, row.status) = (name.into(), None, None);
    }
    StrongLabels { rows, files: vec![LabelledFile::named(name)], ..StrongLabels::default() }
}
