//! A spectrogram on a page, as printed: title, pictures one below the other, axes with units, colour bar, and events as labelled bars above.
//!
//! Owns what is on the page and where; [`svg`] draws it, and [`PageLayout`] is known before the pictures are, so that they are computed in
//! the size they are printed in.

mod drawing;
mod events;
mod ticks;

use super::labels::text_width;
use crate::spectrogram::FrequencyView;
use crate::spectrogram::render::Picture;
pub use drawing::{Ground, png, svg};
use events::EventRows;
pub use ticks::TimeUnit;

/// Sizes of text, in points.
const TITLE_SIZE: f64 = 16.0;
const TEXT_SIZE: f64 = 12.5;
const LABEL_SIZE: f64 = 11.0;

/// Room beside the pictures, in points.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 98.0;
const BELOW: f64 = 48.0;
const BETWEEN: f64 = 10.0;
const MOST_LEFT: f64 = 190.0;

/// No page is smaller, in points.
pub const LEAST_PAGE: (f64, f64) = (320.0, 200.0);

/// What is known of an event; each is drawn in another way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EventState {
    /// It is there: drawn solid.
    #[default]
    Label,
    /// A model proposes it and nobody has decided: dashed.
    Predicted,
    /// A person could not tell: dotted.
    Uncertain,
}

/// An event on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct PageEvent {
    /// Its class.
    pub label: String,
    /// Beginning, in seconds of the recording.
    pub onset_secs: f64,
    /// End, in seconds of the recording.
    pub offset_secs: f64,
    /// Its lowest and highest frequency, in hertz; none for an event at all frequencies.
    pub band_hz: Option<(f64, f64)>,
    /// What is known of it.
    pub state: EventState,
}

/// All that is said on the page around the pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Width and height, in points (1/96 inch); [`LEAST_PAGE`] at least.
    pub size: (f64, f64),
    /// The heading; empty for none.
    pub title: String,
    /// How it was computed, for the file's description.
    pub description: String,
    /// Time at the left border, in seconds.
    pub start_secs: f64,
    /// Time at the right border, in seconds, > `start_secs`.
    pub end_secs: f64,
    /// How times are written.
    pub time: TimeUnit,
    /// The frequency axis.
    pub frequency: FrequencyView,
    /// A name for each picture (the channel's), from the top; empty for none.
    pub panels: Vec<String>,
    /// Place of the colour map.
    pub map: usize,
    /// Levels of the first and the last colour.
    pub levels: (f32, f32),
    /// What the colour bar shows, with its unit.
    pub level_title: String,
    /// The events, those out of view among them.
    pub events: Vec<PageEvent>,
    /// Light text on a dark page.
    pub dark: bool,
}

/// A rectangle on the page: left, top, right, bottom, in points.
pub type Area = [f64; 4];

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PageLayout {
    /// The page.
    size: (f64, f64),
    /// Each picture's rectangle, from the top.
    panels: Vec<Area>,
    /// The events.
    rows: EventRows,
}

impl PageLayout {
    /// Lays the page out.
    pub fn of(page: &Page) -> Self {
        let size = (page.size.0.max(LEAST_PAGE.0), page.size.1.max(LEAST_PAGE.1));
        let in_view = |event: &&PageEvent| events::is_in_view(page, event);
        let is_explained = page.events.iter().filter(in_view).any(|event| event.state != EventState::Label);
        let top = if page.title.is_empty() && !is_explained { 14.0 } else { 36.0 };
        let right = (size.0 - RIGHT).round();
        let room = 0.45 * (size.1 - top - BELOW);
        // Names of classes may need more room on the left, and then the events have less.
        let mut rows = EventRows::of(page, [LEFT, top, right, top + room]);
        let named = rows.names.iter().map(|name| text_width(name, LABEL_SIZE) + 16.0).fold(0.0, f64::max);
        let left = named.clamp(LEFT, MOST_LEFT).round();
        if left > LEFT {
            rows = EventRows::of(page, [left, top, right, top + room]);
        }
        let first_top = (rows.bottom + if rows.is_empty() { 0.0 } else { 6.0 }).round();
        let count = page.panels.len().max(1) as f64;
        let height = ((size.1 - BELOW - first_top - BETWEEN * (count - 1.0)) / count).floor().max(8.0);
        let panel = |index: usize| {
            let top = first_top + index as f64 * (height + BETWEEN);
            [left, top, right, top + height]
        };
        Self { size, panels: (0..page.panels.len().max(1)).map(panel).collect(), rows }
    }

    /// Pixels of each picture, across and down, with `scale` pixels a point.
    pub fn picture_px(&self, scale: f64) -> (usize, usize) {
        let [left, top, right, bottom] = self.panels[0];
        let px = |points: f64| ((points * scale).round() as usize).max(1);
        (px(right - left), px(bottom - top))
    }

    /// How many events in view have no place on the page.
    pub fn events_left_out(&self) -> usize {
        self.rows.left_out
    }
}

/// A page with its pictures, of [`PageLayout::picture_px`] each.
#[derive(Clone, Debug)]
pub struct PrintedPage<'a> {
    /// What is said.
    pub page: &'a Page,
    /// Where.
    pub layout: &'a PageLayout,
    /// The pictures, one a panel.
    pub pictures: &'a [Picture],
}

#[cfg(test)]
mod tests;
