//! What a cell of a table says: numbers, and times as seconds, as `H:MM:SS.fff` or as date and time.
//!
//! Must not know which column a cell belongs to.

use super::{Choice, ReadOptions, TimeUnit};
use crate::audio::{iso_time, time_in_name};
use crate::time::CivilTime;

/// A finite number with a decimal point, or with a decimal comma where the comma separates nothing.
pub(super) fn number(cell: &str, separator: char) -> Option<f64> {
    let cell = cell.trim();
    let parsed = match cell.parse::<f64>() {
        Err(_) if separator != ',' && cell.contains(',') => cell.replacen(',', ".", 1).parse(),
        parsed => parsed,
    };
    parsed.ok().filter(|value| value.is_finite())
}

/// The seconds of `H:MM:SS.fff` or `M:SS.fff`, with a sign or without; minutes and seconds below a greater unit are below 60.
pub(super) fn clock_secs(cell: &str, separator: char) -> Option<f64> {
    let cell = cell.trim();
    let (sign, cell) = match cell.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, cell),
    };
    let mut parts = cell.rsplit(':');
    let secs = parts.next().filter(|secs| secs.starts_with(|char: char| char.is_ascii_digit()))?;
    let secs = number(secs, separator).filter(|secs| *secs < 60.0)?;
    let whole = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let minutes = whole(parts.next()?)?;
    let hours = parts.next().map(whole);
    let hours = match hours {
        Some(hours) => hours.filter(|_| minutes < 60)?,
        None => 0,
    };
    let is_whole = parts.next().is_none();
    is_whole.then(|| sign * (f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + secs))
}

/// Whether a cell is a number or a time of any form.
pub(super) fn is_time(cell: &str, separator: char) -> bool {
    number(cell, separator).is_some() || clock_secs(cell, separator).is_some() || iso_time(cell).is_some()
}

/// How the times of a file count.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Times {
    /// How many of the file's units are a second.
    per_sec: f64,
    separator: char,
    clock_start: Option<CivilTime>,
    /// The recording whose name was last looked at for a time, and that time.
    named: Option<(String, Option<CivilTime>)>,
}

impl Times {
    /// Times in a unit, in a table with this separator. `None` if they are samples and the rate is not known.
    pub fn new(unit: TimeUnit, separator: char, options: &ReadOptions) -> Option<Self> {
        let per_sec = match unit {
            TimeUnit::Seconds => 1.0,
            TimeUnit::Milliseconds => 1e3,
            TimeUnit::Samples => options.sample_rate.filter(|rate| rate.is_finite() && *rate > 0.0)?,
        };
        let clock_start = options.answer(Choice::ClockStart).and_then(iso_time);
        Some(Self { per_sec, separator, clock_start, named: None })
    }

    /// Seconds in a table with this separator.
    pub fn secs_of(separator: char, options: &ReadOptions) -> Self {
        let clock_start = options.answer(Choice::ClockStart).and_then(iso_time);
        Self { per_sec: 1.0, separator, clock_start, named: None }
    }

    /// The seconds from the recording's start that the cell of a column states; `filename` is asked when the recording began if the cell
    /// has a date.
    ///
    /// # Errors
    /// Why it cannot be taken, with the column's name.
    pub fn secs(&mut self, cell: &str, column: &str, filename: &str) -> Result<f64, String> {
        if let Some(value) = number(cell, self.separator) {
            return Ok(value / self.per_sec);
        }
        if let Some(secs) = clock_secs(cell, self.separator) {
            return Ok(secs);
        }
        let cell = cell.trim();
        let Some(time) = iso_time(cell) else {
            return Err(format!("{column} is “{cell}”, not a number of seconds"));
        };
        match self.clock_start.or_else(|| self.start_named(filename)) {
            Some(start) => Ok(time.secs_since(start)),
            None => Err(format!("{column} is the date and time {cell}, and when “{filename}” began is not known")),
        }
    }

    fn start_named(&mut self, filename: &str) -> Option<CivilTime> {
        if self.named.as_ref().is_none_or(|(name, _)| name != filename) {
            let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
            self.named = Some((filename.to_owned(), time_in_name(name)));
        }
        self.named.as_ref().and_then(|(_, time)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_a_point_or_a_comma_that_separates_nothing() {
        assert_eq!(number(" 1,5 ", '\t'), Some(1.5));
        assert_eq!(number("1,5", ','), None);
        assert_eq!(number("1,234,5", ';'), None);
        assert_eq!(number("-1e-3", ','), Some(-0.001));
        assert_eq!(number("+2.", ','), Some(2.0));
        for none in ["inf", "-inf", "NaN", "", "1e999", "1 5", "0x10"] {
            assert_eq!(number(none, '\t'), None, "{none}");
        }
    }

    #[test]
    fn times_of_day_are_seconds() {
        for (text, secs) in [
            ("0:01.250", 1.25),
            ("1:02.5", 62.5),
            ("75:00", 4500.0),
            ("01:02:03.125", 3723.125),
            ("-0:01.5", -1.5),
            ("100:00:00", 360_000.0),
        ] {
            assert_eq!(clock_secs(text, ','), Some(secs), "{text}");
        }
        assert_eq!(clock_secs("0:01,25", '\t'), Some(1.25));
        for none in ["1", "1:60", "1:60:00", "1:2:3:4", "a:01", ":01", "1:", "1:-2", "1:inf", "1:+2", "99999999999:00"]
        {
            assert_eq!(clock_secs(none, ','), None, "{none}");
        }
    }

    #[test]
    fn dates_count_from_the_start_that_is_told_or_named() {
        let mut options = ReadOptions::default();
        let mut times = Times::secs_of(',', &options);
        assert_eq!(times.secs("2023-05-12T18:30:01.250Z", "start", "x/SITE_20230512_183000.wav"), Ok(1.25));
        let told = times.secs("2023-05-12T18:30:01Z", "start", "a.wav").unwrap_err();
        assert!(told.contains("when “a.wav” began is not known"), "{told}");
        options.set_answer(Choice::ClockStart, "2023-05-12T20:29:00+02:00");
        let mut times = Times::secs_of(',', &options);
        assert_eq!(times.secs("2023-05-12T18:30:01Z", "start", "a.wav"), Ok(61.0));
    }

    #[test]
    fn units_are_divided_so_that_they_stay_exact() {
        let mut options = ReadOptions { sample_rate: Some(44_100.0), ..ReadOptions::default() };
        assert_eq!(Times::new(TimeUnit::Samples, ',', &options).unwrap().secs("55125", "onset", ""), Ok(1.25));
        assert_eq!(Times::new(TimeUnit::Milliseconds, ',', &options).unwrap().secs("1001", "onset", ""), Ok(1.001));
        options.sample_rate = None;
        assert!(Times::new(TimeUnit::Samples, ',', &options).is_none());
    }

    proptest! {
        #[test]
        fn no_cell_is_a_panic(cell in "[-+0-9:.,TZe \u{e4}]{0,24}", separator in "[,\t]") {
            let separator = separator.chars().next().unwrap();
            let _ = is_time(&cell, separator);
            let _ = Times::secs_of(separator, &ReadOptions::default()).secs(&cell, "onset", &cell);
        }
    }
}
