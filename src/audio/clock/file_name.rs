//! Dates and times in file names, as recorders write them.
//!
//! Owns the forms. A name with a date but no time of day tells nothing: it is no clock time.

use crate::time::{CivilDate, CivilTime};

/// Years that a recorder puts into a name; others are numbers of another kind.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2099;

/// What stands between a date and a time of day.
const BETWEEN: &[u8] = b"_-Tt$. ";

/// The first date with a time of day in the name.
///
/// | form | written by |
/// | --- | --- |
/// | `20230512_183000`, `SITE_20230512_183000`, `name_20230512_183000_123` | AudioMoth, Song Meter, PAMGuard (with milliseconds) |
/// | `SITE_20230512$183000`, `20230512-183000`, `20230512183000` | Song Meter, others |
/// | `20230512T183000+0200`, `2023-05-12T18-30-00Z`, `2023-05-12_18.30.00.5` | BAR, ISO 8601 and its kin |
/// | `5678.230512183000`, `230512-183000` | SoundTrap, Zoom: two digits for the year |
/// | `5E90A4D4` | AudioMoth until 2020: seconds of UTC, hexadecimal |
pub fn time_in(name: &str) -> Option<CivilTime> {
    let bytes = name.as_bytes();
    let starts = (0..bytes.len()).filter(|&at| {
        bytes[at].is_ascii_digit() && !at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_digit())
    });
    let mut times = starts.filter_map(|at| {
        let rest = &bytes[at..];
        four_digit_year(rest, false).or_else(|| two_digit_year(rest))
    });
    times.next().or_else(|| hexadecimal(name))
}

/// The date and time at the beginning of a text that holds nothing else, as in ISO 8601: `2023-05-12T18:30:00.5+02:00`.
pub fn iso_time(text: &str) -> Option<CivilTime> {
    four_digit_year(text.trim().as_bytes(), true)
}

/// Reads a text from its beginning.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Decimal digits from here on.
    fn run(&self) -> usize {
        self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// The number in the next `count` digits.
    fn number(&mut self, count: usize) -> Option<i64> {
        if self.run() < count {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    /// The next byte if it is one of these.
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let &byte = self.rest.first().filter(|byte| wanted.contains(byte))?;
        self.rest = &self.rest[1..];
        Some(byte)
    }

    /// What `read` reads; if that is nothing, nothing is passed over.
    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = Self { rest: self.rest };
        let read = read(&mut ahead)?;
        self.rest = ahead.rest;
        Some(read)
    }
}

/// `20230512`, or `2023-05-12` with one sign twice.
fn date(cursor: &mut Cursor) -> Option<CivilDate> {
    let (year, month, day) = if cursor.run() == 4 {
        let year = cursor.number(4)?;
        let sign = cursor.one_of(b"-_.")?;
        let month = cursor.number(2)?;
        cursor.one_of(&[sign])?;
        (year, month, cursor.number(2)?)
    } else {
        (cursor.number(4)?, cursor.number(2)?, cursor.number(2)?)
    };
    CivilDate::new(year, month, day).filter(|_| YEARS.contains(&year))
}

/// `183000`, or `18-30-00` with one sign twice; no digit may follow.
fn time_of_day(cursor: &mut Cursor) -> Option<(i64, i64, i64)> {
    let hour = cursor.number(2)?;
    let (minute, second) = match cursor.one_of(b"-:._") {
        Some(sign) => {
            let minute = cursor.number(2)?;
            cursor.one_of(&[sign])?;
            (minute, cursor.number(2)?)
        }
        None => (cursor.number(2)?, cursor.number(2)?),
    };
    (cursor.run() == 0).then_some((hour, minute, second))
}

/// `.5` of a second in milliseconds, or exactly three digits after `_`.
fn fraction(cursor: &mut Cursor) -> Option<i64> {
    let sign = cursor.one_of(b".,_")?;
    let digits = cursor.run();
    let is_fraction = if sign == b'_' { digits == 3 } else { (1..=9).contains(&digits) };
    let follows = cursor.rest.get(digits).copied();
    // `.3gp` and `.7z` are no fractions.
    if !is_fraction || follows.is_some_and(|byte| byte.is_ascii_alphabetic() && byte != b'Z') {
        return None;
    }
    let number = cursor.number(digits)?;
    Some(if digits <= 3 { number * 10_i64.pow(3 - digits as u32) } else { number / 10_i64.pow(digits as u32 - 3) })
}

/// `Z`, `+0200`, `+02-00`, `+02`; with a minus only after a date in the manner of ISO 8601, for elsewhere it joins words.
fn offset_minutes(cursor: &mut Cursor, is_iso: bool) -> Option<i64> {
    if cursor.one_of(b"Zz").is_some() {
        return cursor.rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()).then_some(0);
    }
    let sign = cursor.one_of(if is_iso { b"+-" } else { b"+" })?;
    let hours = cursor.number(2)?;
    let minutes = cursor.maybe(|cursor| {
        cursor.one_of(b"-:");
        cursor.number(2)
    });
    let minutes = hours * 60 + minutes.unwrap_or(0);
    let is_zone = cursor.run() == 0 && minutes % 15 == 0;
    is_zone.then_some(if sign == b'-' { -minutes } else { minutes })
}

fn four_digit_year(rest: &[u8], is_iso: bool) -> Option<CivilTime> {
    let mut cursor = Cursor { rest };
    let is_one_run = cursor.run() == 14;
    if !matches!(cursor.run(), 4 | 8 | 14) {
        return None;
    }
    let date = date(&mut cursor)?;
    let between = if is_one_run { b' ' } else { cursor.one_of(BETWEEN)? };
    let (hour, minute, second) = time_of_day(&mut cursor)?;
    let millis = cursor.maybe(fraction).unwrap_or(0);
    let time = CivilTime::new(date, hour, minute, second, millis)?;
    match cursor.maybe(|cursor| offset_minutes(cursor, is_iso || matches!(between, b'T' | b't'))) {
        Some(minutes) => time.with_offset(minutes).or(Some(time)),
        None => Some(time),
    }
}

/// Twelve digits in a row, or six and six.
fn two_digit_year(rest: &[u8]) -> Option<CivilTime> {
    let mut cursor = Cursor { rest };
    let run = cursor.run();
    if !matches!(run, 6 | 12) {
        return None;
    }
    let (year, month, day) = (2_000 + cursor.number(2)?, cursor.number(2)?, cursor.number(2)?);
    if run == 6 {
        cursor.one_of(b"_-")?;
        if cursor.run() != 6 {
            return None;
        }
    }
    let (hour, minute, second) = time_of_day(&mut cursor)?;
    let millis = cursor.maybe(fraction).unwrap_or(0);
    CivilTime::new(CivilDate::new(year, month, day)?, hour, minute, second, millis)
}

/// Seconds since 1970 that are taken for a time: from 2017, when the first AudioMoths were sold, to 2022, when the last of them had
/// firmware that writes dates.
const HEXADECIMAL: std::ops::Range<i64> = 1_483_228_800..1_672_531_200;

fn hexadecimal(name: &str) -> Option<CivilTime> {
    let stem = name.split('.').next()?;
    let is_number = stem.len() == 8 && stem.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_lowercase());
    // Digits alone are a serial number.
    let has_letter = stem.bytes().any(|byte| byte.is_ascii_uppercase());
    let secs =
        i64::from_str_radix(stem, 16).ok().filter(|secs| is_number && has_letter && HEXADECIMAL.contains(secs))?;
    CivilTime::from_unix_millis(secs * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time in words, with its offset.
    fn told(name: &str) -> String {
        time_in(name).map_or_else(String::new, |time| match time.offset_text() {
            Some(offset) => format!("{time} {offset}"),
            None => time.to_string(),
        })
    }

    #[test]
    fn names_of_recorders_are_read() {
        let plain = "2023-05-12 18:30:00.000";
        for name in [
            "20230512_183000.WAV",
            "20230512_183000T.WAV",
            "24F319055FDF2902_20230512_183000.WAV",
            "SITE_20230512_183000.wav",
            "SITE-A_0+1_20230512$183000.wac",
            "S4A01234_20230512-183000.flac",
            "20230512183000.wav",
            "2023-05-12T18-30-00.wav",
            "2023-05-12_18.30.00.mp3",
            "2023-05-12 18:30:00",
            "2023_05_12_18_30_00.wav",
            "2023.05.12.18.30.00.wav",
            "5678.230512183000.wav",
            "230512-183000.WAV",
            "230512_183000.WAV",
            "20230512_183000_part2.wav",
            "20230512_183000.3gp",
            "20230512_183000-0500.wav",
            "20230512_183000_1234.wav",
        ] {
            assert_eq!(told(name), plain, "{name}");
        }
    }

    #[test]
    fn fractions_and_offsets_are_read() {
        for (name, wanted) in [
            ("name_20230512_183000_123.wav", "2023-05-12 18:30:00.123"),
            ("SITE_20230512_183000_045_x.wav", "2023-05-12 18:30:00.045"),
            ("2023-05-12_18.30.00.5.wav", "2023-05-12 18:30:00.500"),
            ("20230512_183000.123456.wav", "2023-05-12 18:30:00.123"),
            ("5678.230512183000.25.wav", "2023-05-12 18:30:00.250"),
            ("2023-05-12T18-30-00Z.wav", "2023-05-12 18:30:00.000 UTC"),
            ("20230512T183000Z_site.wav", "2023-05-12 18:30:00.000 UTC"),
            ("2023-05-12T18-30-00.123Z.wav", "2023-05-12 18:30:00.123 UTC"),
            ("20230512T183000+0200_REC.flac", "2023-05-12 18:30:00.000 UTC+02:00"),
            ("20230512T183000-0330_REC.flac", "2023-05-12 18:30:00.000 UTC−03:30"),
            ("2023-05-12T18-30-00+05-45.wav", "2023-05-12 18:30:00.000 UTC+05:45"),
            ("20230512_183000+10.wav", "2023-05-12 18:30:00.000 UTC+10:00"),
            // From `date -u -d @$((0x5E90A4D4))`.
            ("5E90A4D4.WAV", "2020-04-10 16:54:44.000 UTC"),
        ] {
            assert_eq!(told(name), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_no_time_tells_nothing() {
        for name in [
            "",
            "recording.wav",
            "20230512.wav",
            "20230512_site.wav",
            "20231312_183000.wav",
            "20230230_183000.wav",
            "20230512_243000.wav",
            "20230512_1830001.wav",
            "120230512_183000.wav",
            "2023-05.12_18.30.00.wav",
            "230512_0001.wav",
            "DEADBEE.WAV",
            "0000BEEF.WAV",
            "deadbeef.wav",
            "60123456.wav",
            "DEADBEEF.wav",
            "63B0CD00.wav",
            "Ünïcode_99999999_999999.wav",
            "18300512_183000.wav",
        ] {
            assert_eq!(told(name), "", "{name}");
        }
    }
}
