//! Tags with the date and time of recording, in files that the decoder library reads.
//!
//! Must not take dates of release, of encoding, or without a time of day.

use std::path::Path;

use symphonia::core::meta::RawValue;

use super::file_name::iso_time;
use crate::audio::demux;
use crate::time::CivilTime;

/// Keys of tags that say when something was recorded: of Vorbis comments, ID3v2 and MP4, in capitals.
const KEYS: &[&str] =
    &["DATE", "RECORDING_DATE", "RECORDINGDATE", "RECORDED_DATE", "DATE_RECORDED", "CREATION_TIME", "TDRC", "©DAY"];

/// The first date with a time of day among the tags; none in files of plain samples.
pub(super) fn recorded_at(path: &Path) -> Option<CivilTime> {
    let is_plain = path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        ["wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "au", "snd"]
            .iter()
            .any(|plain| plain.eq_ignore_ascii_case(extension))
    });
    if is_plain {
        return None;
    }
    demux::tags(path).into_iter().find_map(|(key, value)| {
        let is_date = KEYS.contains(&key.to_uppercase().as_str());
        match value {
            RawValue::String(text) if is_date => iso_time(&text),
            RawValue::StringList(texts) if is_date => texts.iter().find_map(|text| iso_time(text)),
            _ => None,
        }
    })
}
