//! Going to a time that was typed: what the text means, and where on the timeline that is. Changes nothing: the answer is a request.

use super::request::Request;
use super::time_axis::TimeUnit;
use super::workbench::Workbench;
use crate::time::clock_text;

const DAY_SECS: f64 = 86_400.0;

/// What a typed time counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum TypedTime {
    /// Seconds from the recording's start, ≥ 0.
    FromStart(f64),
    /// Seconds from midnight, less than a day.
    OfDay(f64),
}

impl Workbench {
    /// What a prompt for a time says of the texts that it takes.
    pub fn time_hint(&self) -> &'static str {
        match self.time_axis().shown_unit() {
            TimeUnit::Clock => "Time of day (18:30:05.250), or seconds from the start of the recording (83.5)",
            _ => "Seconds (83.5) or h:mm:ss.mmm (0:01:23.5) from the start of the recording",
        }
    }

    /// The request that shows a time that was typed. Colons make a time of day where the axis shows clock time, else a time from the start
    /// of the recording.
    ///
    /// # Errors
    /// In words: the text is no time, or there is no recording then.
    pub fn time_request(&self, text: &str) -> Result<Request, String> {
        let Some(open) = &self.open else { return Err("No recording is open".to_owned()) };
        let is_clock = self.time_axis().shown_unit() == TimeUnit::Clock;
        let duration = open.viewport.duration_secs();
        match typed_time(text, is_clock) {
            Some(TypedTime::FromStart(secs)) if secs <= duration + 0.001 => Ok(Request::GoTo(secs)),
            Some(TypedTime::FromStart(_)) => Err(format!("This recording is {} long", clock_text(duration, 3))),
            Some(TypedTime::OfDay(secs)) => self.time_of_day_request(secs).ok_or_else(|| {
                let axis = self.time_axis();
                let (from, to) = (axis.text(0.0), axis.text(duration));
                format!("No recording at {}; this one goes from {from} to {to}", clock_text(secs, 3))
            }),
            None => Err(format!("\"{}\" is no time", text.trim())),
        }
    }

    /// The open recording at that time of day, else, as long as the timeline is shown, the one that was made then nearest to it.
    fn time_of_day_request(&self, of_day_secs: f64) -> Option<Request> {
        let open = self.open.as_ref()?;
        let within = |id, duration_secs: f64| {
            let began = self.clock_of(id)?.at.millis_of_day() as f64 / 1000.0;
            let secs = (of_day_secs - began).rem_euclid(DAY_SECS);
            (secs <= duration_secs).then_some(secs)
        };
        if let Some(secs) = within(open.id, open.viewport.duration_secs()) {
            return Some(Request::GoTo(secs));
        }
        let here = self.timeline.block(open.id).filter(|_| self.shows_timeline())?.start_secs;
        let blocks = self.timeline.blocks().iter();
        let moments = blocks.filter_map(|block| Some(block.start_secs + within(block.id, block.duration_secs)?));
        let clock_secs = moments.min_by(|a, b| (a - here).abs().total_cmp(&(b - here).abs()))?;
        Some(Request::ShowClock { clock_secs })
    }
}

/// `83.5`, `83.5 s`, `1:23.5`, `0:01:23.5`; with `is_clock`, colons make a time of day: `18:30`, `18:30:05.25`.
fn typed_time(text: &str, is_clock: bool) -> Option<TypedTime> {
    let text = text.trim();
    let text = text.strip_suffix('s').map_or(text, str::trim_end);
    let mut parts = text.split(':');
    let numbers: Vec<f64> = parts.by_ref().take(3).map(number).collect::<Option<_>>()?;
    if parts.next().is_some() {
        return None;
    }
    let is_below_60 = |part: f64| part < 60.0;
    let is_whole = |part: f64| part.fract() == 0.0;
    match (numbers.as_slice(), is_clock) {
        (&[secs], _) => Some(TypedTime::FromStart(secs)),
        (&[hours, minutes], true) if hours < 24.0 && is_below_60(minutes) && is_whole(hours) && is_whole(minutes) => {
            Some(TypedTime::OfDay(3600.0 * hours + 60.0 * minutes))
        }
        (&[minutes, secs], false) if is_below_60(secs) && is_whole(minutes) => {
            Some(TypedTime::FromStart(60.0 * minutes + secs))
        }
        (&[hours, minutes, secs], _)
            if is_whole(hours) && is_whole(minutes) && is_below_60(minutes) && is_below_60(secs) =>
        {
            let all = 3600.0 * hours + 60.0 * minutes + secs;
            match is_clock {
                true => (hours < 24.0).then_some(TypedTime::OfDay(all)),
                false => Some(TypedTime::FromStart(all)),
            }
        }
        _ => None,
    }
}

/// Digits with at most one point or comma; no sign, no exponent.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".");
    let is_plain = text.chars().all(|sign| sign.is_ascii_digit() || sign == '.') && text.contains(|sign| sign != '.');
    if is_plain { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_as_people_type_them() {
        let from_start = |text| typed_time(text, false);
        for (text, secs) in [
            ("83.5", 83.5),
            (" 83,5 s", 83.5),
            ("1:23.5", 83.5),
            ("90:00", 5400.0),
            ("0:01:23.500", 83.5),
            ("30:00:00", 108_000.0),
        ] {
            assert_eq!(from_start(text), Some(TypedTime::FromStart(secs)), "{text}");
        }
        for text in [
            "", " ", "s", ":", "1:", ":5", "-3", "1e9", "inf", "NaN", "1.2.3", ".", "1:60", "1.5:00", "0:60:00",
            "1:2:3:4", "noon",
        ] {
            assert_eq!(from_start(text), None, "{text}");
            assert_eq!(typed_time(text, true), None, "{text}");
        }
        let of_day = |text| typed_time(text, true);
        assert_eq!(of_day("18:30"), Some(TypedTime::OfDay(66_600.0)));
        assert_eq!(of_day("23:59:59.5"), Some(TypedTime::OfDay(86_399.5)));
        assert_eq!((of_day("24:00"), of_day("24:00:00"), of_day("12:30.5")), (None, None, None));
        assert_eq!(of_day("83.5"), Some(TypedTime::FromStart(83.5)));
    }
}
