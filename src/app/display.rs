//! How recordings are displayed: what a project remembers, and a user for new projects. Pure: what a change means for the pictures is
//! the workbench's.

use super::time_axis::TimeUnit;
use crate::spectrogram::{FRAME_LEN_RANGE, PictureKind, PictureSettings, ValueScale, colormap};

/// Overlap of pages at most, as a share of one.
pub const MOST_PAGE_OVERLAP: f64 = 0.5;

/// Which channels are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelView {
    /// The mean of all.
    #[default]
    Mix,
    /// One, counted from 0; the last one if there are not so many.
    One(usize),
    /// Each for itself, one above the other.
    All,
}

/// The choices. Missing fields take their defaults, so that versions can follow each other.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Display {
    /// How the pictures are computed.
    pub picture: PictureSettings,
    /// Which channels are shown.
    pub channels: ChannelView,
    /// Colour map of the spectrogram, by name.
    pub colormap: String,
    /// Level that takes the darkest colour, in dB relative to full scale.
    pub floor_db: f32,
    /// Level that takes the brightest colour, in dB relative to full scale.
    pub ceiling_db: f32,
    /// Values of the darkest and brightest colour of pictures that do not show plain levels, where they were chosen.
    pub color_ranges: Vec<ColorRange>,
    /// Exponent between the two: 1 is even, less shows soft sounds brighter.
    pub gamma: f32,
    /// Each frequency band is shown relative to its usual level.
    pub normalise: bool,
    /// Frequency axis: `linear`, `mel`, `log` or `bark`.
    pub frequency_scale: String,
    /// What the time axis counts.
    pub time_unit: TimeUnit,
    /// Where clock times come from, in the words of [`crate::audio::ClockSource`]; the best one where it is not given, or not there.
    pub clock_source: Option<String>,
    /// How much of a page the next one shows again, 0 to [`MOST_PAGE_OVERLAP`].
    pub page_overlap: f64,
    /// The recordings with clock times are shown as one timeline.
    pub show_timeline: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            picture: PictureSettings::default(),
            channels: ChannelView::default(),
            colormap: "magma".to_owned(),
            floor_db: -95.0,
            ceiling_db: -25.0,
            color_ranges: Vec::new(),
            gamma: 1.0,
            normalise: false,
            frequency_scale: "mel".to_owned(),
            time_unit: TimeUnit::default(),
            clock_source: None,
            page_overlap: 0.1,
            show_timeline: true,
        }
    }
}

/// The colours of one kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ColorRange {
    /// Which kind.
    pub kind: PictureKind,
    /// Whether its bands are normalised.
    pub normalised: bool,
    /// Value of the darkest colour, in the unit of the kind.
    pub darkest: f32,
    /// Value of the brightest colour.
    pub brightest: f32,
}

impl ColorRange {
    fn is_ordered(&self) -> bool {
        self.darkest.is_finite() && self.brightest.is_finite() && self.darkest < self.brightest
    }
}

/// Kinds of pictures with and without normalised bands, and some to spare.
const MOST_RANGES: usize = 16;

/// One change of the choices.
#[derive(Clone, Debug, PartialEq)]
pub enum DisplayChange {
    /// How the pictures are computed.
    Picture(PictureSettings),
    /// Which channels are shown.
    Channels(ChannelView),
    /// Colours, by name.
    Colormap(String),
    /// Values of the darkest and brightest colour of one kind of picture, in its unit.
    Colors {
        /// The kind that is shown, which need not be the one that was asked for.
        kind: PictureKind,
        /// Whether its bands are normalised.
        normalised: bool,
        /// Darkest.
        darkest: f32,
        /// Brightest, greater.
        brightest: f32,
    },
    /// Exponent of the colours.
    Gamma(f32),
    /// Each band relative to its usual level.
    Normalise(bool),
    /// `linear`, `mel`, `log` or `bark`.
    FrequencyScale(String),
    /// What the time axis counts.
    TimeUnit(TimeUnit),
    /// Where clock times come from; none for the best there is.
    ClockSource(Option<String>),
    /// How much of a page the next one shows again.
    PageOverlap(f64),
    /// The timeline of the recordings.
    Timeline(bool),
    /// Everything as it was first, but the timeline.
    Reset,
}

impl Display {
    /// Makes a change; values out of range are brought into it.
    pub fn apply(&mut self, change: &DisplayChange) {
        match change {
            DisplayChange::Picture(picture) => self.picture = picture.clone(),
            DisplayChange::Channels(channels) => self.channels = *channels,
            DisplayChange::Colormap(name) => self.colormap.clone_from(name),
            DisplayChange::Colors { kind, normalised, darkest, brightest } => {
                let (kind, normalised, darkest, brightest) = (*kind, *normalised, *darkest, *brightest);
                self.set_color_range(ColorRange { kind, normalised, darkest, brightest });
            }
            DisplayChange::Gamma(gamma) => self.gamma = *gamma,
            DisplayChange::Normalise(normalise) => self.normalise = *normalise,
            DisplayChange::FrequencyScale(scale) => self.frequency_scale.clone_from(scale),
            DisplayChange::TimeUnit(unit) => self.time_unit = *unit,
            DisplayChange::ClockSource(source) => self.clock_source.clone_from(source),
            DisplayChange::PageOverlap(overlap) => self.page_overlap = *overlap,
            DisplayChange::Timeline(shown) => self.show_timeline = *shown,
            DisplayChange::Reset => *self = Self { show_timeline: self.show_timeline, ..Self::default() },
        }
        self.bound();
    }

    /// Makes a change that was made where pictures were computed as `before` says: what it leaves as it was there stays as it is here.
    pub fn apply_difference(&mut self, change: &DisplayChange, before: &PictureSettings) {
        let DisplayChange::Picture(after) = change else { return self.apply(change) };
        fn take<T: Clone + PartialEq>(own: &mut T, before: &T, after: &T) {
            if before != after {
                own.clone_from(after);
            }
        }
        let PictureSettings { frame_len, window, hops, zero_padding, kind } = &mut self.picture;
        take(frame_len, &before.frame_len, &after.frame_len);
        take(window, &before.window, &after.window);
        take(hops, &before.hops, &after.hops);
        take(zero_padding, &before.zero_padding, &after.zero_padding);
        take(kind, &before.kind, &after.kind);
        self.bound();
    }

    /// Brings values, as a file may hold them, into their ranges.
    pub fn bound(&mut self) {
        let defaults = Self::default();
        let clamp = |value: f32, low: f32, high: f32, default: f32| {
            if value.is_finite() { value.clamp(low, high) } else { default }
        };
        self.floor_db = clamp(self.floor_db, -140.0, -20.0, defaults.floor_db);
        self.ceiling_db =
            clamp(self.ceiling_db, self.floor_db + 10.0, 20.0_f32.max(self.floor_db + 10.0), defaults.ceiling_db);
        self.gamma = clamp(self.gamma, 0.2, 4.0, 1.0);
        self.color_ranges.retain(|range| range.is_ordered());
        self.color_ranges.truncate(MOST_RANGES);
        let overlap = if self.page_overlap.is_finite() { self.page_overlap } else { defaults.page_overlap };
        self.page_overlap = overlap.clamp(0.0, MOST_PAGE_OVERLAP);
    }

    /// Values of the darkest and brightest colour for a picture of that kind and scale.
    pub fn color_range(&self, kind: PictureKind, scale: &ValueScale) -> (f32, f32) {
        if scale.is_decibels() && !self.normalise {
            return (self.floor_db, self.ceiling_db);
        }
        let kept = self.color_ranges.iter().find(|range| range.kind == kind && range.normalised == self.normalise);
        kept.map_or_else(|| scale.default_colors(kind, self.normalise), |range| (range.darkest, range.brightest))
    }

    fn set_color_range(&mut self, range: ColorRange) {
        let is_of_levels = range.kind.value_scale().is_some_and(|scale| scale.is_decibels());
        if is_of_levels && !range.normalised {
            (self.floor_db, self.ceiling_db) = (range.darkest, range.brightest);
            return;
        }
        self.color_ranges.retain(|other| (other.kind, other.normalised) != (range.kind, range.normalised));
        if range.is_ordered() {
            self.color_ranges.push(range);
        }
    }

    /// The frame length a step longer (1) or shorter (−1) than it is at `sample_rate` hertz.
    pub fn stepped_frame(&self, step: i32, sample_rate: u32) -> DisplayChange {
        let (least, most) = FRAME_LEN_RANGE;
        let now = self.picture.stft(sample_rate).frame_len;
        let next = if step > 0 { now.saturating_mul(2) } else { now / 2 };
        DisplayChange::Picture(PictureSettings { frame_len: Some(next.clamp(least, most)), ..self.picture.clone() })
    }

    /// The colour map after this one.
    pub fn next_colormap(&self) -> DisplayChange {
        let here = colormap::index_of(&self.colormap).unwrap_or_default();
        let next = colormap::ALL[(here + 1) % colormap::ALL.len()].name;
        DisplayChange::Colormap(next.to_owned())
    }

    /// Whether the frames matter: the model's own are not the user's to choose.
    pub fn has_own_frames(&self) -> bool {
        self.picture.kind != PictureKind::ModelInput
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_hostile_file_are_brought_into_range() {
        let text =
            r#"{"floor_db": -1e9, "ceiling_db": -1e9, "gamma": 1e9, "page_overlap": 7, "colormap": "no such map"}"#;
        let mut display: Display = serde_json::from_str(text).unwrap();
        display.bound();
        assert_eq!((display.floor_db, display.ceiling_db, display.gamma), (-140.0, -130.0, 4.0));
        assert_eq!(display.page_overlap, 0.5);
        assert_eq!(display.next_colormap(), DisplayChange::Colormap(colormap::ALL[1].name.to_owned()));
    }

    #[test]
    fn each_kind_of_picture_has_its_own_colours() {
        let mut display = Display::default();
        display
            .apply(&DisplayChange::Picture(PictureSettings { kind: PictureKind::Pcen, ..PictureSettings::default() }));
        let colors =
            |kind, normalised, darkest, brightest| DisplayChange::Colors { kind, normalised, darkest, brightest };
        let pcen = |display: &Display| display.color_range(PictureKind::Pcen, &ValueScale::PCEN);
        assert_eq!(pcen(&display), ValueScale::PCEN.default_colors(PictureKind::Pcen, false));
        display.apply(&colors(PictureKind::Pcen, false, 0.25, 2.5));
        display.apply(&DisplayChange::Normalise(true));
        display.apply(&colors(PictureKind::Pcen, true, 3.0, 2.0));
        assert_eq!(pcen(&display), ValueScale::PCEN.default_colors(PictureKind::Pcen, true), "the wrong way round");
        display.apply(&DisplayChange::Normalise(false));
        assert_eq!(pcen(&display), (0.25, 2.5));
        assert_eq!(display.color_range(PictureKind::Level, &ValueScale::DECIBELS), (-95.0, -25.0));
        // Also while another kind is asked for, which could not be shown.
        display.apply(&colors(PictureKind::Level, false, -80.0, -10.0));
        assert_eq!((display.floor_db, display.ceiling_db), (-80.0, -10.0));
        assert_eq!(pcen(&display), (0.25, 2.5));
    }

    #[test]
    fn of_a_change_elsewhere_only_what_is_different_is_taken() {
        let before = PictureSettings { kind: PictureKind::Pcen, hops: 8, ..PictureSettings::default() };
        let after = PictureSettings { frame_len: Some(512), ..before.clone() };
        let mut display = Display::default();
        display.apply_difference(&DisplayChange::Picture(after), &before);
        assert_eq!(display.picture, PictureSettings { frame_len: Some(512), ..PictureSettings::default() });
    }

    #[test]
    fn frames_step_by_two_within_their_range() {
        let mut display = Display::default();
        let mut lens = Vec::new();
        for step in [1, 1, 1, 1, -1] {
            display.apply(&display.stepped_frame(step, 48_000));
            lens.push(display.picture.frame_len.unwrap());
        }
        assert_eq!(lens, [4096, 8192, 16_384, 16_384, 8192]);
    }
}
