//! Frame scores as sed_scores_eval reads them: TAB-separated, `onset offset CLASS…`, a row a frame, without gaps. Written as the scores come,
//! so that their number does not matter, and put in place when they are complete.

use crate::decision::FrameAxis;
use crate::project::AtomicFile;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// A score file that is being written.
pub(super) struct ScoresFile {
    target: AtomicFile,
    out: BufWriter<File>,
    axis: FrameAxis,
    class_count: usize,
    frame: usize,
    /// The last row so far; where it ends is known when the next one comes.
    row: Vec<f32>,
}

impl ScoresFile {
    /// Starts the file with its header.
    pub fn create(path: &Path, axis: FrameAxis, classes: &[Arc<str>]) -> std::io::Result<Self> {
        let target = AtomicFile::beside(path)?;
        let mut out = BufWriter::new(File::options().write(true).truncate(true).open(target.path())?);
        write!(out, "onset\toffset")?;
        for class in classes {
            write!(out, "\t{class}")?;
        }
        writeln!(out)?;
        Ok(Self { target, out, axis, class_count: classes.len(), frame: 0, row: Vec::new() })
    }

    /// Appends rows `[frame × class]`.
    pub fn push(&mut self, scores: &[f32]) -> std::io::Result<()> {
        for row in scores.chunks_exact(self.class_count) {
            if !self.row.is_empty() {
                let offset_secs = self.axis.onset_secs(self.frame + 1);
                self.write_row(offset_secs)?;
                self.frame += 1;
            }
            self.row.clear();
            self.row.extend_from_slice(row);
        }
        Ok(())
    }

    /// Ends the last row with the recording and puts the file in place.
    pub fn commit(mut self, duration_secs: f64) -> std::io::Result<()> {
        if !self.row.is_empty() {
            self.write_row(duration_secs)?;
        }
        self.out.flush()?;
        drop(self.out);
        self.target.commit()
    }

    fn write_row(&mut self, offset_secs: f64) -> std::io::Result<()> {
        write!(self.out, "{:.6}\t{offset_secs:.6}", self.axis.onset_secs(self.frame))?;
        for score in &self.row {
            write!(self.out, "\t{score:.6}")?;
        }
        writeln!(self.out)
    }
}
