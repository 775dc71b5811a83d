//! Moments of the calendar and the clock: when a recording was made, to the millisecond.
//!
//! Owns [`CivilDate`] and [`CivilTime`], in the Gregorian calendar without leap seconds, as recorders count. Offsets from UTC are numbers
//! that a file gives; time zones with their rules are not known here. Must not know files or the clock of this machine.

use std::fmt;

const MILLIS_A_DAY: i64 = 86_400_000;

/// Years that are believed of a recording: since the phonautograph, and within four digits.
const YEARS: std::ops::RangeInclusive<i64> = 1857..=9999;

/// The furthest that clocks are from UTC, in minutes: 14 hours (Kiribati), and more than 12 the other way.
const MOST_OFFSET_MINUTES: i16 = 14 * 60;

/// A day of the Gregorian calendar that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    /// Days since 1970-01-01.
    day: i64,
}

impl CivilDate {
    /// The date, `None` for one that does not exist (2023-02-29) or that no recording has (before 1857).
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
            return None;
        }
        Some(Self { day: days_before_year(year) + days_before_month(year, month) + day - 1 - days_before_year(1970) })
    }

    /// Year, month (1 to 12) and day of the month.
    pub fn parts(self) -> (i64, i64, i64) {
        let day = self.day + days_before_year(1970);
        // The mean year has 365.2425 days, so that the guess is off by one at most.
        let guess = day * 400 / 146_097 + 1;
        let year = if days_before_year(guess) > day {
            guess - 1
        } else if days_before_year(guess + 1) <= day {
            guess + 1
        } else {
            guess
        };
        let of_year = day - days_before_year(year);
        let month = (2..=12).take_while(|&month| days_before_month(year, month) <= of_year).last().unwrap_or(1);
        (year, month, of_year - days_before_month(year, month) + 1)
    }
}

/// Days of all years before `year`, from year 1 on.
fn days_before_year(year: i64) -> i64 {
    let years = year - 1;
    years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_month(year: i64, month: i64) -> i64 {
    (1..month).map(|month| days_in(year, month)).sum()
}

/// What a clock showed, to the millisecond, and how far it was from UTC where that is known.
///
/// The order is that of what the clocks showed: two recordings whose clocks stood in different zones are compared by
/// [`CivilTime::secs_since`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilTime {
    /// Milliseconds since 1970-01-01 00:00:00 as the clock counts, not UTC.
    shown_millis: i64,
    offset_minutes: Option<i16>,
}

impl CivilTime {
    /// A time of a day, `None` where the day has no such time; 24:00:00 and leap seconds are none.
    pub fn new(date: CivilDate, hour: i64, minute: i64, second: i64, millis: i64) -> Option<Self> {
        let is_time = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..1_000).contains(&millis);
        let of_day = ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
        is_time.then_some(Self { shown_millis: date.day * MILLIS_A_DAY + of_day, offset_minutes: None })
    }

    /// A moment of UTC, in milliseconds since 1970; `None` for years that no recording has.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        Self { shown_millis: millis, offset_minutes: Some(0) }.believable()
    }

    /// The same clock, known to be `minutes` ahead of UTC; `None` for an offset that no place has.
    pub fn with_offset(self, minutes: i64) -> Option<Self> {
        let minutes =
            i16::try_from(minutes).ok().filter(|minutes| minutes.unsigned_abs() <= MOST_OFFSET_MINUTES as u16)?;
        Some(Self { offset_minutes: Some(minutes), ..self })
    }

    /// What the clock showed, with nothing known of its offset.
    pub fn without_offset(self) -> Self {
        Self { offset_minutes: None, ..self }
    }

    /// Minutes that the clock was ahead of UTC, where known.
    pub fn offset_minutes(self) -> Option<i16> {
        self.offset_minutes
    }

    /// `UTC`, `UTC+02:00`, where the offset is known.
    pub fn offset_text(self) -> Option<String> {
        self.offset_minutes.map(|minutes| match minutes {
            0 => "UTC".to_owned(),
            _ => {
                let sign = if minutes < 0 { '−' } else { '+' };
                let minutes = minutes.unsigned_abs();
                format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        })
    }

    /// The day.
    pub fn date(self) -> CivilDate {
        CivilDate { day: self.shown_millis.div_euclid(MILLIS_A_DAY) }
    }

    /// Milliseconds since midnight.
    pub fn millis_of_day(self) -> i64 {
        self.shown_millis.rem_euclid(MILLIS_A_DAY)
    }

    /// The same clock `secs` later (earlier if negative), rounded to the millisecond. Stays in the years 1857 to 9999; what is no
    /// number moves nothing.
    pub fn plus_secs(self, secs: f64) -> Self {
        // `as` turns what is no number into 0 and stops at the largest number.
        let moved = self.shown_millis.saturating_add((secs * 1_000.0).round() as i64);
        let first = CivilDate::new(*YEARS.start(), 1, 1).map_or(i64::MIN, |date| date.day * MILLIS_A_DAY);
        let last = CivilDate::new(*YEARS.end(), 12, 31).map_or(i64::MAX, |date| (date.day + 1) * MILLIS_A_DAY - 1);
        Self { shown_millis: moved.clamp(first, last), ..self }
    }

    /// Seconds from `earlier` to this moment, negative if it is later: true time where both offsets are known, else by what the
    /// clocks showed.
    pub fn secs_since(self, earlier: Self) -> f64 {
        let apart = match (self.offset_minutes, earlier.offset_minutes) {
            (Some(a), Some(b)) => (i64::from(b) - i64::from(a)) * 60_000,
            _ => 0,
        };
        (self.shown_millis - earlier.shown_millis + apart) as f64 / 1_000.0
    }

    /// `18:30:00.123` with `decimals` digits of a second, 3 at most, cut, not rounded, so that a clock never shows what is to come.
    pub fn time_text(self, decimals: usize) -> String {
        let millis = self.millis_of_day();
        let seconds = millis / 1_000;
        let whole = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
        match decimals {
            0 => whole,
            _ => {
                let digits = decimals.min(3);
                let fraction = millis % 1_000 / 10_i64.pow(3 - digits as u32);
                format!("{whole}.{fraction:0digits$}")
            }
        }
    }

    /// The moment if its year is one that recordings have.
    fn believable(self) -> Option<Self> {
        (self.plus_secs(0.0) == self).then_some(self)
    }
}

/// `2023-05-12`.
impl fmt::Display for CivilDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

/// `2023-05-12 18:30:00.123`, without the offset from UTC.
impl fmt::Display for CivilTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.date(), self.time_text(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> CivilTime {
        CivilTime::new(CivilDate::new(year, month, day).unwrap(), hour, minute, second, 0).unwrap()
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        let (mut year, mut month, mut day) = (1857, 1, 1);
        let mut previous = CivilDate::new(year, month, day).unwrap().day - 1;
        while year < 2_660 {
            let date = CivilDate::new(year, month, day).unwrap();
            assert_eq!((date.day, date.parts()), (previous + 1, (year, month, day)));
            previous = date.day;
            day += 1;
            if CivilDate::new(year, month, day).is_none() {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn known_moments_of_unix_time_are_met() {
        // From `date -u -d @SECONDS`.
        for (secs, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_827_696, "2000-02-29 12:34:56.000"),
            (1_683_916_200, "2023-05-12 18:30:00.000"),
            (4_102_444_799, "2099-12-31 23:59:59.000"),
            (-86_401, "1969-12-30 23:59:59.000"),
        ] {
            assert_eq!(CivilTime::from_unix_millis(secs * 1_000).unwrap().to_string(), text);
        }
        assert_eq!(CivilTime::from_unix_millis(i64::MAX), None);
        assert_eq!(CivilTime::from_unix_millis(i64::MIN), None);
    }

    #[test]
    fn impossible_dates_and_times_are_none() {
        for (year, month, day) in
            [(2023, 2, 29), (1900, 2, 29), (2023, 4, 31), (2023, 13, 1), (2023, 0, 1), (1234, 5, 6)]
        {
            assert_eq!(CivilDate::new(year, month, day), None, "{year}-{month}-{day}");
        }
        let date = CivilDate::new(2000, 2, 29).unwrap();
        for (hour, minute, second, millis) in
            [(24, 0, 0, 0), (0, 60, 0, 0), (0, 0, 60, 0), (0, 0, 0, 1_000), (-1, 0, 0, 0)]
        {
            assert_eq!(CivilTime::new(date, hour, minute, second, millis), None);
        }
        assert_eq!(at(2023, 5, 12, 0, 0, 0).with_offset(15 * 60), None);
        assert_eq!(at(2023, 5, 12, 0, 0, 0).with_offset(i64::MIN), None);
    }

    #[test]
    fn seconds_are_added_across_midnight_and_never_beyond_the_calendar() {
        let evening = at(2023, 12, 31, 23, 59, 59);
        assert_eq!(evening.plus_secs(1.25).to_string(), "2024-01-01 00:00:00.250");
        assert_eq!(evening.plus_secs(-86_400.0).to_string(), "2023-12-30 23:59:59.000");
        assert_eq!(evening.plus_secs(f64::INFINITY).to_string(), "9999-12-31 23:59:59.999");
        assert_eq!(evening.plus_secs(f64::NEG_INFINITY).to_string(), "1857-01-01 00:00:00.000");
        assert_eq!(evening.plus_secs(f64::NAN), evening);
    }

    #[test]
    fn clocks_of_two_zones_are_apart_by_true_time() {
        let (rome, london) = (at(2023, 5, 12, 18, 30, 0), at(2023, 5, 12, 18, 0, 0));
        assert_eq!(rome.secs_since(london), 1_800.0);
        let (rome, london) = (rome.with_offset(120).unwrap(), london.with_offset(60).unwrap());
        assert_eq!(rome.secs_since(london), -1_800.0);
        assert_eq!(rome.offset_text().unwrap(), "UTC+02:00");
        assert_eq!(london.with_offset(-210).unwrap().offset_text().unwrap(), "UTC−03:30");
        assert!(rome > london);
    }

    #[test]
    fn a_clock_shows_as_many_digits_as_asked_for() {
        let time = at(2023, 5, 12, 8, 3, 9).plus_secs(0.789);
        let texts: Vec<String> = (0..5).map(|decimals| time.time_text(decimals)).collect();
        assert_eq!(texts, ["08:03:09", "08:03:09.7", "08:03:09.78", "08:03:09.789", "08:03:09.789"]);
    }
}
