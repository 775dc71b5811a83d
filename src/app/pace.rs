//! How fast decisions are made, and how long the rest will take. Pure.

use std::collections::VecDeque;

/// The last so many decisions tell the pace.
const REMEMBERED: usize = 20;
/// Fewer tell nothing.
const LEAST: usize = 3;
/// Who takes longer than this for a decision was doing something else.
const PAUSE_SECS: f64 = 30.0;

/// Times between decisions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    last_secs: Option<f64>,
    between_secs: VecDeque<f64>,
}

impl Pace {
    /// A decision was made at a moment of the program's clock, in seconds.
    pub fn note(&mut self, now_secs: f64) {
        let before = self.last_secs.replace(now_secs);
        let Some(between) = before.map(|before| now_secs - before) else { return };
        if (0.0..=PAUSE_SECS).contains(&between) {
            self.between_secs.push_back(between);
            if self.between_secs.len() > REMEMBERED {
                self.between_secs.pop_front();
            }
        }
    }

    /// What comes next does not follow on what was before: the time until then is no decision's.
    pub fn pause(&mut self) {
        self.last_secs = None;
    }

    /// The median time of a decision in seconds, over the last twenty; none before there are three.
    pub fn median_secs(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.between_secs.iter().copied().collect();
        if sorted.len() < LEAST {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        Some(if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) })
    }

    /// `1.1 s a decision · 13 min left`, for so many decisions that are left; empty as long as nothing is known.
    pub fn text(&self, left: usize) -> String {
        let Some(median_secs) = self.median_secs() else { return String::new() };
        let pace = format!("{median_secs:.1} s a decision");
        if left == 0 { pace } else { format!("{pace} · {} left", duration_text(left as f64 * median_secs)) }
    }
}

/// `40 s`, `13 min`, `2 h 5 min`.
fn duration_text(secs: f64) -> String {
    let minutes = (secs / 60.0).round();
    if secs < 90.0 {
        format!("{secs:.0} s")
    } else if minutes < 90.0 {
        format!("{minutes:.0} min")
    } else {
        format!("{:.0} h {:.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_median_of_the_last_twenty_without_pauses() {
        let mut pace = Pace::default();
        let mut now = 100.0;
        // The first decision of all tells nothing; slow ones are forgotten after twenty.
        pace.note(now);
        for _ in 0..5 {
            now += 9.0;
            pace.note(now);
        }
        assert_eq!(pace.median_secs(), Some(9.0));
        for _ in 0..19 {
            now += 1.1;
            pace.note(now);
        }
        now += 600.0;
        pace.note(now);
        now += 1.1;
        pace.note(now);
        assert!((pace.median_secs().unwrap() - 1.1).abs() < 1e-9);
        assert_eq!(pace.text(728), "1.1 s a decision · 13 min left");
        assert_eq!(pace.text(0), "1.1 s a decision");
        pace.pause();
        now += 5.0;
        pace.note(now);
        assert!((pace.median_secs().unwrap() - 1.1).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_said_before_anything_is_known() {
        let mut pace = Pace::default();
        for now in [0.0, 1.0, 2.0] {
            pace.note(now);
            assert_eq!(pace.text(10), "");
        }
        pace.note(3.0);
        assert_eq!(pace.text(10), "1.0 s a decision · 10 s left");
        // A clock that is set back is no decision.
        pace.note(-50.0);
        assert_eq!(pace.median_secs(), Some(1.0));
    }

    #[test]
    fn times_are_told_shortly() {
        assert_eq!([40.0, 100.0, 7_500.0].map(duration_text), ["40 s", "2 min", "2 h 5 min"]);
    }
}
