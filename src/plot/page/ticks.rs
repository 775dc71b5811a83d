//! Where times and frequencies are marked along their axes, and how they are written.

use super::super::{Axis, Scale, tick_text};
use crate::spectrogram::{FrequencyScale, FrequencyView};
use crate::time::clock_text;

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Hours, minutes and seconds.
    Clock,
    /// Numbers of samples, at this rate in hertz.
    Samples(u32),
    /// Time of day: the recording begins so many seconds after midnight.
    OfDay(f64),
}

/// Seconds from one mark of a clock to the next.
const CLOCK_STEPS: [f64; 24] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    900.0, 1800.0, 3600.0, 7200.0, 10_800.0,
];

/// A mark along an axis: its value, and what is written there.
pub(super) type Tick = (f64, String);

impl TimeUnit {
    /// The axis' words.
    pub(super) fn title(self, end_secs: f64) -> &'static str {
        match self {
            Self::Seconds => "Time (s)",
            Self::Clock if end_secs >= 3600.0 => "Time (h:mm:ss)",
            Self::Clock => "Time (min:s)",
            Self::Samples(_) => "Time (samples)",
            Self::OfDay(_) => "Time of day",
        }
    }

    /// Marks between two times, at most about `most`.
    pub(super) fn ticks(self, start_secs: f64, end_secs: f64, most: usize) -> Vec<Tick> {
        let linear = |factor: f64| {
            let axis = Axis { title: String::new(), scale: Scale::Linear };
            axis.ticks((start_secs * factor, end_secs * factor), most)
                .into_iter()
                .map(move |at| (at / factor, tick_text(at)))
        };
        match self {
            Self::Seconds => linear(1.0).collect(),
            Self::Samples(rate) => linear(f64::from(rate.max(1))).collect(),
            Self::Clock => clock_ticks(start_secs, end_secs, most, None),
            Self::OfDay(midnight_secs) => clock_ticks(start_secs, end_secs, most, Some(midnight_secs)),
        }
    }
}

/// Marks at round times of the recording, or of a day that was `midnight_secs` old when the recording began.
fn clock_ticks(start_secs: f64, end_secs: f64, most: usize, midnight_secs: Option<f64>) -> Vec<Tick> {
    let offset_secs = midnight_secs.unwrap_or(0.0);
    let rough = (end_secs - start_secs) / most.max(1) as f64;
    let days = |step: f64| step * (rough / step).ceil().max(1.0);
    let step = CLOCK_STEPS.into_iter().find(|&step| step >= rough * 0.999).unwrap_or_else(|| days(21_600.0));
    let decimals = if step >= 1.0 { 0 } else { (-step.log10()).ceil() as usize };
    let first = ((start_secs + offset_secs) / step).ceil();
    let count = ((end_secs + offset_secs) / step - first).floor().clamp(0.0, 1000.0) as usize;
    let text = |clock_secs: f64| {
        if midnight_secs.is_none() {
            return clock_text(clock_secs, decimals);
        }
        // Rounded before it is taken apart, so that no minute has 60 seconds.
        let scale = 10_f64.powi(decimals as i32);
        let of_day = ((clock_secs * scale).round() / scale).rem_euclid(86_400.0);
        let (hours, rest) = ((of_day / 3600.0).floor(), of_day % 3600.0);
        let width = if decimals > 0 { 3 + decimals } else { 2 };
        format!("{hours:02.0}:{:02.0}:{:0width$.decimals$}", (rest / 60.0).floor(), rest % 60.0)
    };
    (0..=count).map(|n| (first + n as f64) * step).map(|clock| (clock - offset_secs, text(clock))).collect()
}

/// The words of a frequency axis, and hertz in its unit.
pub(super) fn frequency_title(view: &FrequencyView) -> (String, f64) {
    let (unit, hz) = if view.high_hz >= 2000.0 { ("kHz", 1000.0) } else { ("Hz", 1.0) };
    let scale = match view.scale {
        FrequencyScale::Linear => "",
        FrequencyScale::Mel => ", mel scale",
        FrequencyScale::Log10 => ", log scale",
        FrequencyScale::Bark => ", Bark scale",
    };
    (format!("Frequency ({unit}{scale})"), hz)
}

/// Frequencies to mark on an axis `height` points high: round numbers that are at least `apart` points from each other.
pub(super) fn frequency_ticks(view: &FrequencyView, height: f64, apart: f64) -> Vec<Tick> {
    let (_, unit_hz) = frequency_title(view);
    let (low, high) = (view.low_hz.max(0.0), view.high_hz);
    if view.scale == FrequencyScale::Linear {
        let axis = Axis { title: String::new(), scale: Scale::Linear };
        let most = ((height / apart) as usize).max(2);
        let ticks = axis.ticks((low / unit_hz, high / unit_hz), most);
        return ticks.into_iter().map(|value| (value * unit_hz, tick_text(value))).collect();
    }
    // A logarithmic axis has no 0.
    let has_zero = low <= 0.0 && view.scale != FrequencyScale::Log10;
    let mut chosen: Vec<f64> = if has_zero { vec![0.0] } else { Vec::new() };
    // Rounder numbers first; each must keep its distance from those before.
    for factors in [&[1.0][..], &[5.0], &[2.0], &[3.0, 4.0, 6.0, 8.0], &[1.5, 7.0, 9.0]] {
        for power in 0..7 {
            for hz in factors.iter().map(|factor| factor * 10.0_f64.powi(power)) {
                let y = view.y_from_hz(hz) * height;
                let is_free = |other: &f64| (view.y_from_hz(*other) * height - y).abs() >= apart;
                if (low..=high).contains(&hz) && (-0.5..=height + 0.5).contains(&y) && chosen.iter().all(is_free) {
                    chosen.push(hz);
                }
            }
        }
    }
    chosen.sort_by(f64::total_cmp);
    chosen.into_iter().map(|hz| (hz, tick_text(hz / unit_hz))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn times_are_round_in_every_unit() {
        assert_eq!(texts(TimeUnit::Seconds.ticks(0.0, 10.0, 6)), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(TimeUnit::Clock.ticks(0.0, 3600.0, 5)), ["0:00", "15:00", "30:00", "45:00", "1:00:00"]);
        assert_eq!(
            texts(TimeUnit::Clock.ticks(61.0, 61.5, 6)),
            ["1:01.0", "1:01.1", "1:01.2", "1:01.3", "1:01.4", "1:01.5"]
        );
        assert_eq!(texts(TimeUnit::Samples(48_000).ticks(0.0, 1.0, 3)), ["0", "20\u{2009}000", "40\u{2009}000"]);
        let of_day = TimeUnit::OfDay(86_390.0).ticks(0.0, 20.0, 4);
        assert_eq!(of_day.iter().map(|tick| tick.0).collect::<Vec<_>>(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(texts(of_day), ["23:59:50", "23:59:55", "00:00:00", "00:00:05", "00:00:10"]);
        // Midnight itself is a time of day like any other.
        assert_eq!(
            texts(TimeUnit::OfDay(0.0).ticks(0.0, 3600.0, 4)),
            ["00:00:00", "00:15:00", "00:30:00", "00:45:00", "01:00:00"]
        );
        assert_eq!(texts(TimeUnit::Clock.ticks(0.0, 86_400.0, 5)).len(), 5);
    }

    #[test]
    fn frequencies_are_round_and_apart_on_every_scale() {
        let view = |scale| FrequencyView { low_hz: 0.0, high_hz: 24_000.0, scale };
        assert_eq!(texts(frequency_ticks(&view(FrequencyScale::Linear), 300.0, 40.0)), ["0", "5", "10", "15", "20"]);
        assert_eq!(
            texts(frequency_ticks(&view(FrequencyScale::Log10), 300.0, 29.0)),
            ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20"]
        );
        for scale in FrequencyScale::ALL {
            let ticks = frequency_ticks(&view(scale), 300.0, 30.0);
            assert!((5..=10).contains(&ticks.len()), "{scale:?} {ticks:?}");
            let heights: Vec<f64> = ticks.iter().map(|(hz, _)| view(scale).y_from_hz(*hz) * 300.0).collect();
            assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= 29.9), "{scale:?} {heights:?}");
        }
    }
}
