//! The pictures of the open recording, as its display settings want them: what must be computed again and what only looks different.

use super::display::{ChannelView, Display, DisplayChange};
use super::notices::Gravity;
use super::time_axis::{TimeAxis, TimeUnit};
use super::workbench::{Inspector, OpenRecording, Previous, Workbench};
use crate::annotation::RecordingId;
use crate::audio::{ClockStart, SoundFile, StreamSpec};
use crate::model::ModelInput;
use crate::spectrogram::{Channel, PictureKind, TimeView};
use crate::work::{SourceFactory, TileEngine, TileSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long old pictures stay under new ones that are not done.
const PREVIOUS_STAYS: Duration = Duration::from_secs(2);
/// An old picture of the whole stays until there is a new one, if it is no larger than this.
const PREVIOUS_BYTES: usize = 64 << 20;

impl Workbench {
    /// Makes a change of how recordings are displayed, in this project and for new ones.
    pub(super) fn change_display(&mut self, change: &DisplayChange) {
        let before = self.display.clone();
        self.display.apply(change);
        self.settings.display.apply_difference(change, &before.picture);
        if self.display != before {
            self.view_choice_changed();
        }
        self.display_changed(&before);
        if *change == DisplayChange::Reset {
            self.frequency_ranges.clear();
            self.show_frequencies(0.0, f64::INFINITY);
        }
        if *change == DisplayChange::TimeUnit(TimeUnit::Clock) {
            self.tell_of_clock();
        }
    }

    /// Says it if the time axis cannot show clock times.
    fn tell_of_clock(&mut self) {
        let Some(open) = self.open.as_ref().filter(|open| self.clock_of(open.id).is_none()) else { return };
        let name = self.document.recording(open.id).map(|recording| recording.file_name()).unwrap_or_default();
        let text = format!(
            "{name}: no clock time is known, neither by the file's name nor by its header; the axis counts from the recording's start"
        );
        self.notices.add(Gravity::Warning, text);
    }

    fn display_changed(&mut self, before: &Display) {
        if self.display.picture != before.picture || self.display.channels != before.channels {
            self.neighbours.clear();
            self.renew_pictures(before);
        }
        if self.display.clock_source != before.clock_source || self.display.show_timeline != before.show_timeline {
            self.refresh_timeline();
        }
    }

    /// Takes the display settings of a project; one that has none is displayed as a new one.
    pub(super) fn restore_display(&mut self, view: &serde_json::Value) {
        let kept: Option<Display> = serde_json::from_value(view["display"].clone()).ok();
        self.display = kept.unwrap_or_else(|| self.settings.display.clone());
        self.display.bound();
        let ranges: Vec<(u32, f64, f64)> = serde_json::from_value(view["frequency_ranges"].clone()).unwrap_or_default();
        let ranges = ranges.into_iter().filter_map(|(rate, low, high)| Some((rate, range_within(rate, low, high)?)));
        self.frequency_ranges = ranges.collect();
    }

    /// Has the pictures of the open recording computed anew; view, playhead and selection stay, and so does what was to be seen, until
    /// there is something new.
    fn renew_pictures(&mut self, before: &Display) {
        let Some(path) = self.recording().map(|recording| recording.path.clone()) else { return };
        let Some(spec) = self.open.as_ref().map(|open| open.spec.clone()) else { return };
        let fresh = self.engine_of(&path, &spec);
        if let Some(open) = &mut self.open {
            let old = std::mem::replace(&mut open.tiles, fresh);
            // Steps that follow each other fast leave engines that have nothing yet.
            if old.is_view_complete() || open.previous.is_none() {
                open.previous = Some(Previous { tiles: old, display: before.clone(), since: Instant::now() });
            }
        }
    }

    /// Has the pictures of what is looked at computed, the most important view first.
    pub(super) fn look_at(&mut self, views: &[TimeView]) {
        if let Some(open) = &mut self.open {
            open.tiles.set_views(views);
            open.drop_previous();
            if open.tiles.is_view_complete()
                && let Some(shown_at) = open.shown_at.take()
            {
                let elapsed_ms = 1e3 * shown_at.elapsed().as_secs_f64();
                log::info!("first view complete {elapsed_ms:.0} ms after the recording was shown");
            }
        }
    }

    /// Starts to compute the pictures of a recording.
    pub(super) fn engine_of(&self, path: &Path, spec: &StreamSpec) -> TileEngine {
        let file = self.sound_file(path);
        let factory: SourceFactory = Arc::new(move || file.open());
        let settings = TileSettings { place: self.picture_place(path), ..self.tile_settings(spec) };
        TileEngine::new(factory, spec, &settings, &self.wake)
    }

    /// The file of a recording; what one thread finds out about it serves all.
    pub(super) fn sound_file(&self, path: &Path) -> SoundFile {
        let mut files = self.sound_files.borrow_mut();
        files.entry(path.to_path_buf()).or_insert_with(|| SoundFile::new(path)).clone()
    }

    pub(super) fn tile_settings(&self, spec: &StreamSpec) -> TileSettings {
        TileSettings {
            picture: self.display.picture.clone(),
            channels: channels_of(self.display.channels, spec),
            model_input: self.model_input(),
            ..TileSettings::default()
        }
    }

    /// What the chosen model sees, if the picture shall show that.
    fn model_input(&self) -> Option<Arc<ModelInput>> {
        let wanted = self.display.picture.kind == PictureKind::ModelInput;
        let folder = self.model().ok().filter(|_| wanted)?;
        ModelInput::new(&folder.manifest).ok().map(Arc::new)
    }

    /// Why the picture cannot show what the chosen model sees, if it cannot.
    pub fn no_model_input(&self) -> Option<String> {
        let input =
            self.model().and_then(|folder| ModelInput::new(&folder.manifest).map_err(|error| error.to_string()));
        input.err()
    }

    /// Another model was chosen: the picture shows what that one sees, if it shows that.
    pub(super) fn model_changed(&mut self) {
        if self.display.picture.kind == PictureKind::ModelInput {
            self.neighbours.clear();
            let display = self.display.clone();
            self.renew_pictures(&display);
        }
    }

    /// Twice or half the samples in a frame.
    pub(super) fn step_frame(&mut self, step: i32) {
        if let Some(open) = self.open.as_ref().filter(|_| self.display.has_own_frames()) {
            let change = self.display.stepped_frame(step, open.spec.sample_rate);
            self.change_display(&change);
        }
    }

    /// Shows the page of display settings, or puts it away.
    pub(super) fn toggle_display_page(&mut self) {
        self.toggle_page(Inspector::Display);
    }

    /// Shows a page of the panel on the right, or the events again.
    pub(super) fn toggle_page(&mut self, page: Inspector) {
        let shown = self.settings.show_inspector && self.inspector == page;
        self.inspector = if shown { Inspector::Events } else { page };
        self.settings.show_inspector = true;
    }

    /// Shows a range of frequencies, as far as the recording has them, and remembers it for its sample rate.
    pub(super) fn show_frequencies(&mut self, low_hz: f64, high_hz: f64) {
        let Some(open) = &mut self.open else { return };
        if let Some(range) = range_within(open.spec.sample_rate, low_hz, high_hz) {
            let is_new = std::mem::replace(&mut open.frequencies, range) != range;
            self.frequency_ranges.insert(open.spec.sample_rate, range);
            if is_new {
                self.view_choice_changed();
            }
        }
    }

    /// A choice that a project remembers was made.
    fn view_choice_changed(&mut self) {
        self.revision += 1;
    }

    /// When a recording began, by the teller that the user prefers, else by the most trustworthy one.
    pub fn clock_of(&self, id: RecordingId) -> Option<ClockStart> {
        let starts = self.clocks.get(&id)?;
        let wanted = self.display.clock_source.as_deref();
        let preferred = starts.iter().find(|start| Some(start.source.words()) == wanted);
        preferred.or_else(|| starts.first()).copied()
    }

    /// How moments of the open recording are told.
    pub fn time_axis(&self) -> TimeAxis {
        match &self.open {
            Some(open) => TimeAxis {
                unit: self.display.time_unit,
                sample_rate: open.spec.sample_rate,
                clock_start: self.clock_of(open.id).map(|start| start.at),
            },
            None => TimeAxis { unit: TimeUnit::Hms, sample_rate: 1, clock_start: None },
        }
    }
}

impl OpenRecording {
    /// Lets the old pictures go as soon as they are of no more use.
    pub(super) fn drop_previous(&mut self) {
        let Some(previous) = &mut self.previous else { return };
        previous.tiles.poll();
        let has_whole = self.tiles.progress() >= 1.0;
        let is_worth_more = previous.tiles.progress() >= 1.0 && previous.tiles.byte_count() < PREVIOUS_BYTES;
        let is_old = previous.since.elapsed() > PREVIOUS_STAYS;
        if (self.tiles.is_view_complete() && has_whole) || (is_old && !is_worth_more) {
            self.previous = None;
        }
    }
}

/// What the engine is told of the channels.
fn channels_of(view: ChannelView, spec: &StreamSpec) -> Vec<Channel> {
    match view {
        ChannelView::Mix => vec![Channel::Mix],
        ChannelView::One(channel) => vec![Channel::One(channel.min(spec.channels.saturating_sub(1)))],
        ChannelView::All => (0..spec.channels.max(1)).map(Channel::One).collect(),
    }
}

/// A range of frequencies that a recording of `sample_rate` hertz has, at least 50 Hz wide; none for what are no numbers.
fn range_within(sample_rate: u32, low_hz: f64, high_hz: f64) -> Option<(f64, f64)> {
    if low_hz.is_nan() || high_hz.is_nan() {
        return None;
    }
    let nyquist = f64::from(sample_rate) / 2.0;
    let width = (high_hz - low_hz).clamp((nyquist / 100.0).max(50.0).min(nyquist), nyquist);
    let low = low_hz.clamp(0.0, nyquist - width);
    Some((low, low + width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_frequencies_lies_within_the_recording() {
        assert_eq!(range_within(48_000, 0.0, f64::INFINITY), Some((0.0, 24_000.0)));
        assert_eq!(range_within(48_000, 30_000.0, 40_000.0), Some((14_000.0, 24_000.0)));
        assert_eq!(range_within(48_000, 1_000.0, 1_001.0), Some((1_000.0, 1_240.0)));
        assert_eq!(range_within(48_000, f64::NAN, 1.0), None);
    }
}
