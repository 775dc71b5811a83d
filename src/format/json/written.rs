//! JSON values as text.
//!
//! Must not know any format.

use crate::format::StrongLabels;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::io;

/// A text in quotes, escaped.
pub(in crate::format) fn quoted(text: &str) -> String {
    // A string cannot fail to be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// The shortest decimal number that is read as the same one again; `null` for what is no number.
pub(in crate::format) fn number_text(number: f64) -> String {
    serde_json::to_string(&number).unwrap_or_default()
}

/// Whether a field's text stands for another JSON value than itself as a text: for a number, an array …, or for a text in quotes that
/// would else be taken for one.
pub(super) fn is_json(text: &str) -> bool {
    let is_number = text.starts_with('-') || text.starts_with(|char: char| char.is_ascii_digit());
    if !is_number && !text.starts_with(['{', '[', '"', 't', 'f', 'n']) || text.ends_with(char::is_whitespace) {
        return false;
    }
    if text.starts_with('"') {
        return serde_json::from_str::<String>(text).is_ok_and(|inside| is_json(&inside));
    }
    // What no program can hold as a number stays a text.
    let is_bounded = !is_number || text.parse().is_ok_and(f64::is_finite);
    is_bounded && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// What a field of an event says, as a JSON value: as it stands if it is one, else as a text.
pub(in crate::format) fn field_json(field: &str) -> Cow<'_, str> {
    if is_json(field) { Cow::Borrowed(field) } else { Cow::Owned(quoted(field)) }
}

/// The length of a span whose ends have at most nine decimals, without the error of the subtraction.
pub(in crate::format) fn difference_secs(from: f64, to: f64) -> f64 {
    super::gatherer::near_decimal(to - from, from.abs().max(to.abs()))
}

/// Writes text whose lines end in line feeds with the line ends of the file that the labels came from. No text within JSON has any.
pub(in crate::format) struct LineEnds<'a> {
    out: &'a mut dyn io::Write,
    end: &'static [u8],
}

impl<'a> LineEnds<'a> {
    pub(in crate::format) fn of(labels: &StrongLabels, out: &'a mut dyn io::Write) -> Self {
        Self { out, end: labels.line_end.text().as_bytes() }
    }
}

impl io::Write for LineEnds<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.end == b"\n" {
            return self.out.write(bytes);
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.split_last() {
                Some((b'\n', line)) => {
                    self.out.write_all(line)?;
                    self.out.write_all(self.end)?;
                }
                _ => self.out.write_all(line)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Why something cannot be written, for [`LabelFormat::write`](crate::format::LabelFormat::write).
pub(in crate::format) fn refused(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason.into())
}
