//! Dates and times in the sections of WAV, RF64, BW64 and Wave64 files.
//!
//! Owns the meaning of `bext` (EBU Tech 3285), GUANO, iXML and the comments that recorders write. What does not parse tells nothing.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::file_name::iso_time;
use super::{ClockSource, ClockStart};
use crate::audio::AudioError;
use crate::audio::pcm_layout::HeaderReader;
use crate::audio::riff::{Section, Sections, W64_RIFF};
use crate::time::{CivilDate, CivilTime};

/// Longer sections are read no further: none of these is longer, but for pictures and the like in iXML.
const MOST_BYTES: u64 = 256 * 1024;
const SECS_A_DAY: f64 = 86_400.0;
/// A clock and a time reference that differ by less are the same.
const SAME_SECS: f64 = 2.0;

/// What the sections of the file tell, in no order; nothing for other files.
pub(super) fn starts(path: &Path, sample_rate: u32) -> Vec<ClockStart> {
    let read = || -> Result<Texts, AudioError> {
        let mut file = File::open(path).map_err(|source| AudioError::io(path, source))?;
        let mut head = [0; 16];
        // A file that is shorter is none of these.
        let len = file.read(&mut head).map_err(|source| AudioError::io(path, source))?;
        let mut header = HeaderReader::new(path, &mut file)?;
        match &head[..len] {
            [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..] => {
                Texts::read(Sections::riff(&mut header))
            }
            head if head == W64_RIFF => Texts::read(Sections::wave64(&mut header)),
            _ => Ok(Texts::default()),
        }
    };
    // Whoever asks has opened the recording, so that a file that cannot be read any more was told of.
    read().map(|texts| texts.starts(sample_rate)).unwrap_or_default()
}

/// The sections that may hold a time.
#[derive(Default)]
struct Texts {
    bext: Vec<u8>,
    guano: Vec<u8>,
    ixml: Vec<u8>,
    lists: Vec<Vec<u8>>,
}

impl Texts {
    fn read(mut sections: Sections) -> Result<Self, AudioError> {
        let mut texts = Self::default();
        while let Some(section) = sections.next()? {
            match &section.name {
                b"bext" => texts.bext = bytes_of(&mut sections, section)?,
                b"guan" => texts.guano = bytes_of(&mut sections, section)?,
                b"iXML" => texts.ixml = bytes_of(&mut sections, section)?,
                b"LIST" | b"list" if texts.lists.len() < 4 => texts.lists.push(bytes_of(&mut sections, section)?),
                _ => {}
            }
        }
        Ok(texts)
    }

    fn starts(&self, sample_rate: u32) -> Vec<ClockStart> {
        let mut starts = Vec::new();
        let mut tell = |at: Option<CivilTime>, source| starts.extend(at.map(|at| ClockStart { at, source }));
        let bext = Bext::read(&self.bext);
        if let Some(bext) = &bext {
            let (origin, reference) = bext.times(sample_rate);
            tell(origin, ClockSource::Bext);
            tell(reference, ClockSource::BextReference);
        }
        tell(guano_time(&String::from_utf8_lossy(&self.guano)), ClockSource::Guano);
        let bext_date = bext.and_then(|bext| bext.date);
        tell(ixml_time(&String::from_utf8_lossy(&self.ixml), bext_date, sample_rate), ClockSource::Ixml);
        for (name, text) in self.lists.iter().flat_map(|list| entries(list)) {
            match &name {
                b"ICMT" => tell(comment_time(&text), ClockSource::Comment),
                b"ICRD" => tell(iso_time(&text), ClockSource::Tag),
                _ => {}
            }
        }
        starts
    }
}

fn bytes_of(sections: &mut Sections, section: Section) -> Result<Vec<u8>, AudioError> {
    let len = section.bytes().unwrap_or(0).min(MOST_BYTES);
    sections.header().up_to(section.body, len)
}

/// What a `bext` section says of time.
struct Bext {
    date: Option<CivilDate>,
    /// Hour, minute and second.
    time: Option<[i64; 3]>,
    /// Samples since midnight.
    reference: u64,
}

impl Bext {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (date, time) = (bytes.get(320..330)?, bytes.get(330..338)?);
        let reference = bytes.get(338..346)?.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
        let numbers = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).into_owned();
            let parts: Vec<i64> =
                text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
            <[i64; 3]>::try_from(parts).ok()
        };
        let date = numbers(date).and_then(|[year, month, day]| CivilDate::new(year, month, day));
        Some(Self { date, time: numbers(time), reference })
    }

    /// The time by date and clock, to the sample where the reference agrees; and that by the reference where it does not.
    fn times(&self, sample_rate: u32) -> (Option<CivilTime>, Option<CivilTime>) {
        let Some(midnight) = self.date.and_then(|date| CivilTime::new(date, 0, 0, 0, 0)) else { return (None, None) };
        let clock = self.time.and_then(|[hour, minute, second]| {
            self.date.and_then(|date| CivilTime::new(date, hour, minute, second, 0))
        });
        let reference = reference_time(midnight, self.reference, sample_rate);
        let (Some(clock), Some(reference)) = (clock, reference) else { return (clock, reference) };
        // Just before midnight by one, just after it by the other.
        let days = [0.0, -SECS_A_DAY, SECS_A_DAY];
        let mut same = days.into_iter().map(|secs| reference.plus_secs(secs));
        match same.find(|time| time.secs_since(clock).abs() < SAME_SECS) {
            Some(exact) => (Some(exact), None),
            None => (Some(clock), Some(reference)),
        }
    }
}

/// Samples since midnight as a time; none for 0, which is what writers without a clock leave, and for more than a day.
fn reference_time(midnight: CivilTime, samples: u64, sample_rate: u32) -> Option<CivilTime> {
    let secs = samples as f64 / f64::from(sample_rate.max(1));
    (samples > 0 && secs < SECS_A_DAY).then(|| midnight.plus_secs(secs))
}

/// `Timestamp` of GUANO 1.0: lines of `Key: value`.
fn guano_time(text: &str) -> Option<CivilTime> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        if key.trim() == "Timestamp" { iso_time(value) } else { None }
    })
}

/// Samples since midnight on the day of the recording, or the copy of `bext` that iXML may hold.
fn ixml_time(text: &str, bext_date: Option<CivilDate>, sample_rate: u32) -> Option<CivilTime> {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.trim())
    };
    let number = |name: &str| element(name)?.parse::<u64>().ok();
    let copied = element("BWF_ORIGINATION_DATE");
    let copied_time =
        copied.zip(element("BWF_ORIGINATION_TIME")).and_then(|(date, time)| iso_time(&format!("{date} {time}")));
    let date = copied.and_then(|date| iso_time(&format!("{date} 00:00:00"))).map(CivilTime::date).or(bext_date);
    let low = number("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO").unwrap_or(0);
    let high = number("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI").unwrap_or(0);
    let rate = number("TIMESTAMP_SAMPLE_RATE").and_then(|rate| u32::try_from(rate).ok()).filter(|&rate| rate > 0);
    let samples = (high & 0xffff_ffff) << 32 | low & 0xffff_ffff;
    let midnight = date.and_then(|date| CivilTime::new(date, 0, 0, 0, 0));
    let reference = midnight.and_then(|midnight| reference_time(midnight, samples, rate.unwrap_or(sample_rate)));
    reference.or(copied_time)
}

/// `Recorded at 18:30:00.500 12/05/2023 (UTC+2:30) by AudioMoth …`.
fn comment_time(text: &str) -> Option<CivilTime> {
    let (_, rest) = text.split_once("Recorded at ")?;
    let mut words = rest.split_whitespace();
    let (clock, date) = (words.next()?, words.next()?);
    let [day, month, year] = <[&str; 3]>::try_from(date.split('/').collect::<Vec<_>>()).ok()?;
    let time = iso_time(&format!("{year}-{month}-{day} {clock}"))?;
    let offset = words.next().and_then(|word| word.strip_prefix("(UTC")?.strip_suffix(')'));
    let Some(offset) = offset else { return Some(time) };
    let (sign, offset) = match offset.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, offset.strip_prefix('+').unwrap_or(offset)),
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
    match (number(hours), number(minutes)) {
        (Some(hours @ 0..=14), Some(minutes @ 0..=59)) => {
            time.with_offset(sign * (hours * 60 + minutes)).or(Some(time))
        }
        _ => Some(time),
    }
}

/// The entries of a `LIST` section of kind `INFO`: names and texts.
fn entries(list: &[u8]) -> Vec<([u8; 4], String)> {
    let mut entries = Vec::new();
    let Some(mut rest) = list.strip_prefix(b"INFO") else { return entries };
    while let [a, b, c, d, s0, s1, s2, s3, body @ ..] = rest {
        let len = (u32::from_le_bytes([*s0, *s1, *s2, *s3]) as usize).min(body.len());
        let text = body[..len].split(|&byte| byte == 0).next().unwrap_or_default();
        entries.push(([*a, *b, *c, *d], String::from_utf8_lossy(text).into_owned()));
        rest = body.get(len + (len & 1)..).unwrap_or_default();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(time: Option<CivilTime>) -> String {
        time.map_or_else(String::new, |time| match time.offset_text() {
            Some(offset) => format!("{time} {offset}"),
            None => time.to_string(),
        })
    }

    fn bext(date: &str, time: &str, reference: u64) -> (String, String) {
        let mut bytes = vec![0; 602];
        bytes[320..320 + date.len()].copy_from_slice(date.as_bytes());
        bytes[330..330 + time.len()].copy_from_slice(time.as_bytes());
        bytes[338..346].copy_from_slice(&reference.to_le_bytes());
        let (origin, by_reference) = Bext::read(&bytes).unwrap().times(48_000);
        (told(origin), told(by_reference))
    }

    #[test]
    fn bext_is_read_to_the_sample_where_it_agrees_with_itself() {
        let half_past_six = 66_600 * 48_000;
        let both = |origin: &str, reference: &str| (origin.to_owned(), reference.to_owned());
        assert_eq!(bext("2023-05-12", "18:30:00", 0), both("2023-05-12 18:30:00.000", ""));
        assert_eq!(bext("2023:05:12", "18-30-00", half_past_six + 12_000), both("2023-05-12 18:30:00.250", ""));
        // A time line of an editor that begins at one hour.
        assert_eq!(
            bext("2023-05-12", "18:30:00", 3_600 * 48_000),
            both("2023-05-12 18:30:00.000", "2023-05-12 01:00:00.000")
        );
        assert_eq!(bext("2023-05-13", "00:00:00", 86_399 * 48_000 + 36_000), both("2023-05-12 23:59:59.750", ""));
        assert_eq!(bext("2023-05-12", "", half_past_six), both("", "2023-05-12 18:30:00.000"));
        assert_eq!(bext("2023-02-30", "18:30:00", half_past_six), both("", ""));
        assert_eq!(bext("", "", 0), both("", ""));
        assert_eq!(bext("2023-05-12", "18:30:00", u64::MAX), both("2023-05-12 18:30:00.000", ""));
        assert!(Bext::read(&[0; 345]).is_none());
    }

    #[test]
    fn guano_time_stamps_are_read() {
        let of = |stamp: &str| {
            told(guano_time(&format!("GUANO|Version: 1.0\r\nMake: X\r\nTimestamp: {stamp}\r\nTE: 1\r\n")))
        };
        assert_eq!(of("2023-05-12T18:30:00"), "2023-05-12 18:30:00.000");
        assert_eq!(of("2023-05-12 18:30:00-05:00"), "2023-05-12 18:30:00.000 UTC−05:00");
        assert_eq!(of("2023-05-12T18:30:00.123456+02:00"), "2023-05-12 18:30:00.123 UTC+02:00");
        assert_eq!(of("2023-05-12T18:30:00Z"), "2023-05-12 18:30:00.000 UTC");
        assert_eq!(of("yesterday"), "");
        assert_eq!(told(guano_time("Note: Timestamp: 2023-05-12T18:30:00")), "");
    }

    #[test]
    fn ixml_needs_a_date() {
        let text = "<?xml version=\"1.0\"?><BWFXML><SPEED><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>0</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>\
                    <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>3196824000</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>\
                    <TIMESTAMP_SAMPLE_RATE>48000</TIMESTAMP_SAMPLE_RATE></SPEED></BWFXML>";
        assert_eq!(told(ixml_time(text, None, 96_000)), "");
        assert_eq!(told(ixml_time(text, CivilDate::new(2023, 5, 12), 96_000)), "2023-05-12 18:30:00.500");
        let copied = "<BEXT><BWF_ORIGINATION_DATE>2023-05-12</BWF_ORIGINATION_DATE>\
                      <BWF_ORIGINATION_TIME>18:30:00</BWF_ORIGINATION_TIME></BEXT>";
        assert_eq!(told(ixml_time(copied, None, 48_000)), "2023-05-12 18:30:00.000");
        assert_eq!(told(ixml_time(&format!("{text}{copied}"), None, 96_000)), "2023-05-12 18:30:00.500");
    }

    #[test]
    fn comments_of_audiomoth_are_read() {
        let of = |when: &str| {
            told(comment_time(&format!("Recorded at {when} by AudioMoth 24F319055FDF2902 at medium gain")))
        };
        assert_eq!(of("18:30:00 12/05/2023 (UTC)"), "2023-05-12 18:30:00.000 UTC");
        assert_eq!(of("18:30:00.500 12/05/2023 (UTC+2)"), "2023-05-12 18:30:00.500 UTC+02:00");
        assert_eq!(of("18:30:00 12/05/2023 (UTC-3:30)"), "2023-05-12 18:30:00.000 UTC−03:30");
        assert_eq!(of("18:30:00 12/05/2023"), "2023-05-12 18:30:00.000");
        assert_eq!(of("18:30:00 31/02/2023 (UTC)"), "");
        assert_eq!(of("18:30:00 12/05/2023 (UTC+99)"), "2023-05-12 18:30:00.000");
        assert_eq!(told(comment_time("A quiet evening")), "");
    }

    #[test]
    fn entries_of_lists_never_reach_beyond_them() {
        let mut list = b"INFOIART\x03\0\0\0abc\0ICMT\x05\0\0\0hello\0ICRD".to_vec();
        let names = |list: &[u8]| entries(list).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(names(&list), ["abc", "hello"]);
        list.extend([0xff; 4]);
        assert_eq!(names(&list), ["abc", "hello", ""]);
        assert!(names(b"adtl").is_empty());
    }
}
