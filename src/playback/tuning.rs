//! How a recording is listened to: speed, mode, band. Pure.

/// How the sound and its speed belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListeningMode {
    /// Slower or faster without another pitch.
    #[default]
    PitchKept,
    /// The pitch follows the speed, as with a tape: at a tenth of the speed, 40 kHz become 4 kHz.
    Expanded,
    /// The frequencies around one that is tuned in are moved down to 0 Hz, as by a bat detector.
    Heterodyne,
}

impl ListeningMode {
    /// All modes, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::PitchKept, Self::Expanded, Self::Heterodyne];

    /// The mode after this one.
    pub fn next(self) -> Self {
        match self {
            Self::PitchKept => Self::Expanded,
            Self::Expanded => Self::Heterodyne,
            Self::Heterodyne => Self::PitchKept,
        }
    }
}

/// What is done to the sound before it is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Seconds of the recording a second, [`Tuning::LEAST_SPEED`] to [`Tuning::MOST_SPEED`].
    pub speed: f64,
    /// What becomes of the pitch.
    pub mode: ListeningMode,
    /// The frequency in hertz that a heterodyne moves to 0 Hz.
    pub heterodyne_hz: f64,
    /// The frequencies in hertz, low and high, that alone are heard. A heterodyne has its own band instead.
    pub band_hz: Option<(f64, f64)>,
}

impl Default for Tuning {
    /// As it was recorded.
    fn default() -> Self {
        Self { speed: 1.0, mode: ListeningMode::PitchKept, heterodyne_hz: 40_000.0, band_hz: None }
    }
}

/// What a heterodyne lets through on each side of its frequency, in hertz.
const HETERODYNE_REACH_HZ: f64 = 5_000.0;

impl Tuning {
    /// The slowest.
    pub const LEAST_SPEED: f64 = 0.05;
    /// The fastest.
    pub const MOST_SPEED: f64 = 4.0;

    /// The highest frequency in hertz that a heterodyne can be tuned to in a recording of `sample_rate` hertz: all above it is heard there
    /// too.
    pub fn most_heterodyne_hz(sample_rate: u32) -> f64 {
        let rate = f64::from(sample_rate.max(1));
        (0.5 * rate - HETERODYNE_REACH_HZ).max(0.25 * rate)
    }

    /// The same with a speed that is possible.
    pub(super) fn within_bounds(self) -> Self {
        let speed = if self.speed.is_finite() { self.speed.clamp(Self::LEAST_SPEED, Self::MOST_SPEED) } else { 1.0 };
        Self { speed, ..self }
    }

    /// What the sound goes through at the recording's own rate.
    pub(super) fn front(&self) -> Front {
        match (self.mode, self.band_hz) {
            (ListeningMode::Heterodyne, _) => Front::Heterodyne { centre_hz: self.heterodyne_hz },
            (_, Some((low_hz, high_hz))) => Front::Band { low_hz, high_hz },
            (_, None) => Front::Plain,
        }
    }

    /// Whether the pitch moves with the speed.
    pub(super) fn is_expanded(&self) -> bool {
        self.mode == ListeningMode::Expanded
    }
}

/// What is done to a recording before its time is stretched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Front {
    Plain,
    Band { low_hz: f64, high_hz: f64 },
    Heterodyne { centre_hz: f64 },
}

/// The frequency that a heterodyne really moves to 0 Hz in a recording of `sample_rate` hertz, and what it lets through on each side.
pub(super) fn heterodyne_band(centre_hz: f64, sample_rate: u32) -> (f64, f64) {
    let most = Tuning::most_heterodyne_hz(sample_rate);
    let centre_hz = if centre_hz.is_finite() { centre_hz.clamp(0.01 * most, most) } else { most };
    // Near both ends the band narrows, so that what the sum of two frequencies becomes stays outside.
    let room_hz = (0.5 * f64::from(sample_rate.max(1)) - centre_hz).min(0.5 * centre_hz);
    (centre_hz, HETERODYNE_REACH_HZ.min(room_hz))
}
