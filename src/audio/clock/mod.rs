//! When a recording was made: the clock time of its first sample, by everything that tells it.
//!
//! Owns the order in which the tellers are trusted. Reads the file's header and its date, never its samples.

mod file_name;
mod tags;
mod wave_sections;

pub use file_name::iso_time;
pub use file_name::time_in as time_in_name;

use std::path::Path;
use std::time::UNIX_EPOCH;

use super::StreamSpec;
use crate::time::CivilTime;

/// What told when a recording began, the most trustworthy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockSource {
    /// Date and time of the `bext` section of a Broadcast Wave file (EBU Tech 3285), to the sample where its time reference agrees.
    Bext,
    /// The time reference of that section, samples since midnight, where it tells another time of day.
    BextReference,
    /// `Timestamp` of a GUANO section.
    Guano,
    /// The time stamp of an iXML section.
    Ixml,
    /// The name of the file.
    FileName,
    /// A recorder's comment (AudioMoth).
    Comment,
    /// A tag with the date and time of recording.
    Tag,
    /// When the file was written last, less the length of the recording: true only if it was never edited and was written while
    /// recording.
    FileDate,
}

impl ClockSource {
    /// In words: `file name`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bext => "bext",
            Self::BextReference => "bext time reference",
            Self::Guano => "GUANO",
            Self::Ixml => "iXML",
            Self::FileName => "file name",
            Self::Comment => "comment",
            Self::Tag => "tag",
            Self::FileDate => "file date",
        }
    }
}

/// When the first sample of a recording sounded, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStart {
    /// The clock time of the first sample.
    pub at: CivilTime,
    /// What told it.
    pub source: ClockSource,
}

/// Every time that is told of a recording's beginning, the most trustworthy first; empty where nothing tells it. Impossible
/// dates tell nothing. Reads the file's header, so not for the window's thread.
pub fn clock_starts(path: &Path, spec: &StreamSpec) -> Vec<ClockStart> {
    let mut starts = wave_sections::starts(path, spec.sample_rate);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut tell = |at: Option<CivilTime>, source| starts.extend(at.map(|at| ClockStart { at, source }));
    tell(file_name::time_in(&name), ClockSource::FileName);
    tell(tags::recorded_at(path), ClockSource::Tag);
    tell(written_at(path, spec), ClockSource::FileDate);
    starts.sort_by_key(|start| start.source);
    starts.dedup_by_key(|start| start.source);
    starts
}

/// The moment at which a recorder that wrote the file while recording began.
fn written_at(path: &Path, spec: &StreamSpec) -> Option<CivilTime> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let millis = i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    Some(CivilTime::from_unix_millis(millis)?.plus_secs(-spec.duration_secs()))
}
