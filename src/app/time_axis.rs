//! What the time axis counts: seconds, hours and minutes, samples, or the clock's time; as texts and as ticks. Pure.

use crate::time::{CivilTime, Span, clock_text};

/// A unit of the time axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// `h:mm:ss.mmm` from the recording's start.
    #[default]
    Hms,
    /// Seconds from the recording's start.
    Seconds,
    /// Samples from the recording's start.
    Samples,
    /// The time of day at which it was recorded.
    Clock,
}

impl TimeUnit {
    /// All units, in the order of a menu.
    pub const ALL: [Self; 4] = [Self::Hms, Self::Seconds, Self::Samples, Self::Clock];

    /// What menus call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hms => "h:mm:ss.mmm",
            Self::Seconds => "Seconds",
            Self::Samples => "Samples",
            Self::Clock => "Clock time",
        }
    }
}

const DAY_SECS: f64 = 86_400.0;

/// Steps of clocks, from a second on.
const CLOCK_STEPS_SECS: [f64; 17] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0,
    43_200.0,
];

/// A labelled place of a time axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in seconds of the recording.
    pub secs: f64,
    /// What stands there.
    pub text: String,
    /// Whether a day begins here.
    pub is_midnight: bool,
}

/// Ticks of a stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticks {
    /// From the first to the last in view, and one beyond each border.
    pub ticks: Vec<Tick>,
    /// Seconds from one to the next.
    pub step_secs: f64,
}

/// How moments of one recording are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeAxis {
    /// What is counted. [`TimeUnit::Clock`] without a clock time falls back to hours and minutes.
    pub unit: TimeUnit,
    /// Samples a second.
    pub sample_rate: u32,
    /// Clock time of the recording's first sample, where it is known.
    pub clock_start: Option<CivilTime>,
}

impl TimeAxis {
    /// The unit that texts are really in.
    pub fn shown_unit(&self) -> TimeUnit {
        match (self.unit, self.clock_start) {
            (TimeUnit::Clock, None) => TimeUnit::Hms,
            (unit, _) => unit,
        }
    }

    /// A moment in full: to the millisecond, or to the sample.
    pub fn text(&self, secs: f64) -> String {
        self.text_to(secs, 3)
    }

    /// A moment with so many decimals of a second. (Samples have none.)
    pub fn text_to(&self, secs: f64, decimals: usize) -> String {
        match (self.shown_unit(), self.clock_start) {
            (TimeUnit::Clock, Some(start)) => start.plus_secs(secs).time_text(decimals),
            (TimeUnit::Seconds, _) => format!("{secs:.decimals$} s"),
            (TimeUnit::Samples, _) => grouped((secs * f64::from(self.sample_rate)).round()),
            _ if secs < 0.0 => format!("−{}", clock_text(-secs, decimals)),
            _ => clock_text(secs, decimals),
        }
    }

    /// A length: in samples if those are counted, else in seconds.
    pub fn length_text(&self, secs: f64) -> String {
        match self.shown_unit() {
            TimeUnit::Samples => format!("{} samples", self.text(secs)),
            _ => format!("{secs:.3} s"),
        }
    }

    /// The day of a moment, `2026-11-25`; none where the clock's time is not shown.
    pub fn date_text(&self, secs: f64) -> Option<String> {
        match (self.shown_unit(), self.clock_start) {
            (TimeUnit::Clock, Some(start)) => Some(start.plus_secs(secs).date().to_string()),
            _ => None,
        }
    }

    /// Ticks of `span` that are at least `least_secs` apart (> 0).
    pub fn ticks(&self, span: Span, least_secs: f64) -> Ticks {
        // A view is never so wide that more than a few hundred stand in it; whatever is asked for, memory is bounded.
        let least_secs = least_secs.max(span.duration_secs() / 2000.0).max(1e-9);
        let rate = f64::from(self.sample_rate.max(1));
        let (step_secs, zero_secs) = match (self.shown_unit(), self.clock_start) {
            (TimeUnit::Clock, Some(start)) => {
                // Clock times are known to the millisecond, and counted from midnight here.
                (clock_step(least_secs.max(1e-3)), -1e-3 * start.millis_of_day() as f64)
            }
            (TimeUnit::Seconds, _) => (decimal_step(least_secs), 0.0),
            (TimeUnit::Samples, _) => (decimal_step((least_secs * rate).max(0.6)) / rate, 0.0),
            _ => (clock_step(least_secs), 0.0),
        };
        let decimals = decimals_of(step_secs);
        let first = ((span.onset_secs - zero_secs) / step_secs).floor() as i64;
        let last = ((span.offset_secs - zero_secs) / step_secs).ceil() as i64;
        let ticks = (first..=last).map(|place| {
            let secs = zero_secs + place as f64 * step_secs;
            let (text, is_midnight) = self.tick_text(secs, decimals);
            Tick { secs, text, is_midnight }
        });
        Ticks { ticks: ticks.collect(), step_secs }
    }

    fn tick_text(&self, secs: f64, decimals: usize) -> (String, bool) {
        match (self.shown_unit(), self.clock_start) {
            (TimeUnit::Clock, Some(start)) => {
                let clock = start.plus_secs(secs);
                let is_midnight = clock.millis_of_day() == 0;
                (if is_midnight { clock.date().to_string() } else { clock.time_text(decimals) }, is_midnight)
            }
            (TimeUnit::Seconds, _) => (format!("{secs:.decimals$}"), false),
            _ => (self.text_to(secs, decimals), false),
        }
    }
}

/// The least of 1, 2 and 5 and their tens that is not below `least`.
fn decimal_step(least: f64) -> f64 {
    let ten = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * ten)
        .into_iter()
        .find(|&step| step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * ten)
}

/// Below a second as [`decimal_step`], then what clocks have, then days.
fn clock_step(least: f64) -> f64 {
    if least <= 0.5 {
        return decimal_step(least);
    }
    CLOCK_STEPS_SECS
        .into_iter()
        .find(|&step| step >= least)
        .unwrap_or_else(|| DAY_SECS * decimal_step((least / DAY_SECS).max(1.0)))
}

/// Decimals that tell neighbouring ticks apart.
fn decimals_of(step_secs: f64) -> usize {
    if step_secs >= 1.0 { 0 } else { ((-step_secs.log10()).ceil() as usize).min(9) }
}

/// A whole number with its digits in threes.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::from(if number < 0.0 { "−" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CivilDate;

    const RATE: u32 = 48_000;
    fn before_midnight() -> CivilTime {
        CivilTime::new(CivilDate::new(2026, 11, 27).unwrap(), 23, 59, 30, 0).unwrap()
    }

    fn axis(unit: TimeUnit, clock_start: Option<CivilTime>) -> TimeAxis {
        TimeAxis { unit, sample_rate: RATE, clock_start }
    }

    #[test]
    fn a_moment_in_each_unit() {
        let text = |unit| axis(unit, Some(before_midnight())).text(61.5);
        assert_eq!(text(TimeUnit::Hms), "1:01.500");
        assert_eq!(text(TimeUnit::Seconds), "61.500 s");
        assert_eq!(text(TimeUnit::Samples), "2\u{a0}952\u{a0}000");
        assert_eq!(text(TimeUnit::Clock), "00:00:31.500");
        assert_eq!(axis(TimeUnit::Clock, None).text(61.5), "1:01.500", "without a clock time");
        assert_eq!(axis(TimeUnit::Clock, Some(before_midnight())).date_text(61.5).as_deref(), Some("2026-11-28"));
    }

    #[test]
    fn midnight_shows_the_new_day() {
        let ticks = axis(TimeUnit::Clock, Some(before_midnight())).ticks(Span::between(0.0, 60.0), 9.0).ticks;
        let texts: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["23:59:30", "23:59:40", "23:59:50", "2026-11-28", "00:00:10", "00:00:20", "00:00:30"]);
        assert_eq!(ticks.iter().filter(|tick| tick.is_midnight).count(), 1);
        assert!((ticks[3].secs - 30.0).abs() < 1e-6);
    }

    #[test]
    fn ticks_are_far_enough_apart_and_labelled_exactly() {
        for unit in TimeUnit::ALL {
            for exponent in -50..60 {
                let least = 10_f64.powf(f64::from(exponent) / 10.0);
                let span = Span::between(5.0 * least, 17.0 * least);
                let Ticks { ticks, step_secs } = axis(unit, Some(before_midnight().plus_secs(1.25))).ticks(span, least);
                // Nothing is told more finely than by samples, clock times by milliseconds.
                let finest = if unit == TimeUnit::Clock { 1e-3 } else { 1.0 / f64::from(RATE) };
                assert!(step_secs >= least * 0.999, "{unit:?} {least} {step_secs}");
                assert!(step_secs <= 3.4 * least.max(finest), "{unit:?} {least} {step_secs}");
                let mut texts: Vec<String> = ticks.iter().map(|tick| tick.text.clone()).collect();
                texts.dedup();
                assert_eq!(texts.len(), ticks.len(), "{unit:?} {least}: neighbours read alike: {texts:?}");
            }
        }
    }
}
