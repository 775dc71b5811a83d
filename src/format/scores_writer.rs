//! Writing frame scores as sed_scores_eval reads them: TAB-separated, `onset offset CLASS…`, a row a frame, without gaps. Written as the scores
//! come, so that their number does not matter.

use crate::decision::FrameAxis;
use std::io::{self, Write};
use std::sync::Arc;

/// A table of scores that is being written.
pub struct ScoresWriter<W> {
    out: W,
    axis: FrameAxis,
    class_count: usize,
    frame: usize,
    /// The last row so far; where it ends is known when the next one comes.
    row: Vec<f32>,
    line: Vec<u8>,
}

impl<W: Write> ScoresWriter<W> {
    /// Starts the table with its header.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn begin(mut out: W, axis: FrameAxis, classes: &[Arc<str>]) -> io::Result<Self> {
        write!(out, "onset\toffset")?;
        for class in classes {
            write!(out, "\t{class}")?;
        }
        writeln!(out)?;
        Ok(Self { out, axis, class_count: classes.len(), frame: 0, row: Vec::new(), line: Vec::new() })
    }

    /// Appends rows `[frame × class]`.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn push(&mut self, scores: &[f32]) -> io::Result<()> {
        for row in scores.chunks_exact(self.class_count.max(1)) {
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

    /// Ends the last row with the recording.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn finish(mut self, duration_secs: f64) -> io::Result<W> {
        if !self.row.is_empty() {
            self.write_row(duration_secs)?;
        }
        Ok(self.out)
    }

    fn write_row(&mut self, offset_secs: f64) -> io::Result<()> {
        self.line.clear();
        write!(self.line, "{:.6}\t{offset_secs:.6}", self.axis.onset_secs(self.frame))?;
        for &score in &self.row {
            self.line.push(b'\t');
            push_millionths(score, &mut self.line)?;
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// The text of `{score:.6}`, made without the search for digits that any number needs: the product of a 32-bit float and a million is exact
/// in 64 bits.
fn push_millionths(score: f32, out: &mut Vec<u8>) -> io::Result<()> {
    if !(score.is_sign_positive() && score <= 1.0) {
        return write!(out, "{score:.6}");
    }
    let mut rest = (f64::from(score) * 1e6).round_ties_even() as u32;
    let mut digits = *b"0.000000";
    for digit in digits[2..].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    digits[0] += rest as u8;
    out.extend_from_slice(&digits);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(score: f32) -> String {
        let mut out = Vec::new();
        push_millionths(score, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn scores_are_written_as_by_the_standard_way(bits: u32, unit in 0.0_f32..=1.0) {
            for score in [f32::from_bits(bits), unit, unit * 1e-5] {
                prop_assert_eq!(text(score), format!("{score:.6}"));
            }
        }
    }

    #[test]
    fn halves_and_ends_are_rounded_as_by_the_standard_way() {
        for score in [0.0, -0.0, 1.0, 0.5, 0.999_999_94, 1.5, f32::NAN, 0.000_001, 2f32.powi(-20), 3.0 * 2f32.powi(-21)]
        {
            assert_eq!(text(score), format!("{score:.6}"));
        }
    }
}
