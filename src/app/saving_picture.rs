//! Saving a picture: what is in view, as a page with axes, colour bar and events.

use super::marks::Mark;
use super::notices::Gravity;
use super::time_axis::TimeUnit;
use super::workbench::Workbench;
use crate::annotation::Status;
use crate::plot::page::{self, EventState, Page, PageEvent};
use crate::spectrogram::{Channel, FrequencyView, colormap};
use crate::time::Span;
use crate::ui::frequency_scale;
use crate::work::{self, CancelOnDrop, Drawing, DrawingForm, PictureJob};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The page, in points, and pixels a point.
const PAGE: (f64, f64) = (1100.0, 480.0);
const SCALE: f64 = 2.0;
/// A channel more makes the page so much higher.
const CHANNEL_HEIGHT: f64 = 200.0;
/// No page is higher, however many channels there are.
const MOST_HEIGHT: f64 = 2400.0;

/// That a page ends where the recording does is told from this part of the view on: less is a border that rounding missed.
const NOTED_CUT: f64 = 1e-3;

/// A picture that is being drawn.
pub struct SavingPicture {
    /// Dropped, it is stopped.
    pub(super) cancel: CancelOnDrop,
    /// Where it goes.
    pub path: PathBuf,
    /// How much is done, 0 to 1.
    pub part: f64,
}

impl Workbench {
    /// Draws what is in view and writes it, as PNG unless the name says SVG.
    pub(super) fn save_picture_to(&mut self, mut path: PathBuf) {
        if self.saving_picture.is_some() {
            self.notices.add(Gravity::Warning, "A picture is being drawn: wait until it is done, or stop it");
            return;
        }
        let is = |path: &Path, ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
        if !is(&path, "png") && !is(&path, "svg") {
            path.as_mut_os_string().push(".png");
            // Whoever asked whether the old file may go, asked about the name without the ending.
            if path.exists() {
                let text =
                    format!("{}: is there already; save the picture under this name to replace it", path.display());
                self.notices.add(Gravity::Warning, text);
                return;
            }
        }
        let form = if is(&path, "svg") { DrawingForm::Svg(SCALE) } else { DrawingForm::Png(SCALE) };
        let Some(in_view) = self.printed_span() else { return };
        let Some(drawing) = self.drawing(form, in_view) else { return };
        let cancel = CancelOnDrop::default();
        let job = PictureJob { path: path.clone(), drawing, cancel: cancel.0.clone() };
        if work::save_picture(job, &self.updates) {
            self.saving_picture = Some(SavingPicture { cancel, path, part: 0.0 });
        }
    }

    /// Stops drawing.
    pub(super) fn stop_picture(&mut self) {
        if let Some(saving) = &self.saving_picture {
            saving.cancel.0.cancel();
        }
    }

    /// Drawing has come further.
    pub(super) fn picture_came(&mut self, part: f64) {
        if let Some(saving) = &mut self.saving_picture {
            saving.part = part;
        }
    }

    /// Drawing is over.
    pub(super) fn picture_saved(&mut self, path: &Path, result: Option<Result<Vec<String>, String>>) {
        self.saving_picture = None;
        match result {
            None => self.notices.add(Gravity::Done, "Drawing the picture was stopped"),
            Some(Err(reason)) => self.notices.add(Gravity::Failure, reason),
            Some(Ok(notes)) => {
                for note in notes {
                    self.notices.add(Gravity::Warning, format!("{}: {note}", path.display()));
                }
                self.notices.add(Gravity::Done, format!("Saved the picture as {}", path.display()));
            }
        }
    }

    /// What of the open recording is in view: a page shows no other. Tells if something of the view is left out, or if nothing is left.
    fn printed_span(&mut self) -> Option<Span> {
        let open = self.open.as_ref()?;
        let view = open.viewport.span();
        let name = self.recording()?.file_name();
        let (onset, offset) = (view.onset_secs.max(0.0), view.offset_secs.min(open.viewport.duration_secs()));
        if offset <= onset {
            let text =
                format!("There is nothing of {name} in view to be saved as a picture: go to the recording first");
            self.notices.add(Gravity::Warning, text);
            return None;
        }
        let cut_secs = view.duration_secs() - (offset - onset);
        if cut_secs > NOTED_CUT * view.duration_secs() {
            let text = format!("The picture shows {name} only: {cut_secs:.1} s of the view lie outside that recording");
            self.notices.add(Gravity::Warning, text);
        }
        Some(Span { onset_secs: onset, offset_secs: offset })
    }

    fn drawing(&self, form: DrawingForm, in_view: Span) -> Option<Drawing> {
        let open = self.open.as_ref()?;
        let recording = self.recording()?;
        let settings = self.tile_settings(&open.spec);
        let kind = open.tiles.kind();
        let channels = if settings.model_input.is_some() { vec![Channel::Mix] } else { settings.channels };
        let (darkest, brightest) = self.display.color_range(kind, open.tiles.value_scale());
        let file = self.sound_file(&recording.path);
        Some(Drawing {
            source: Arc::new(move || file.open()),
            page: self.printed_page(&channels, in_view)?,
            channels,
            settings: crate::spectrogram::PictureSettings { kind, ..settings.picture },
            any_overlap: true,
            model: settings.model_input,
            colors: (Some(darkest), Some(brightest)),
            gamma: self.display.gamma,
            normalise: self.display.normalise,
            form,
            to_the_end: false,
        })
    }

    fn printed_page(&self, channels: &[Channel], in_view: Span) -> Option<Page> {
        let open = self.open.as_ref()?;
        let name = self.recording()?.file_name();
        let events = self.marks.shown_in_span(in_view).filter(|_| self.show_marks).filter_map(page_event);
        let panel = |channel: &Channel| match channel {
            Channel::One(index) if open.spec.channels > 1 => format!("Channel {}", index + 1),
            _ => String::new(),
        };
        let (low_hz, high_hz) = open.frequencies;
        let height = PAGE.1 + CHANNEL_HEIGHT * channels.len().saturating_sub(1) as f64;
        Some(Page {
            size: (PAGE.0, height.min(MOST_HEIGHT)),
            description: format!("{name}, drawn by Earmark {}", env!("CARGO_PKG_VERSION")),
            title: name,
            start_secs: in_view.onset_secs,
            end_secs: in_view.offset_secs,
            time: self.page_time(),
            frequency: FrequencyView { low_hz, high_hz, scale: frequency_scale(&self.display.frequency_scale) },
            panels: channels.iter().map(panel).collect(),
            map: colormap::index_of(&self.display.colormap).unwrap_or_default(),
            levels: (0.0, 1.0),
            level_title: String::new(),
            events: events.collect(),
            dark: self.settings.dark,
        })
    }

    fn page_time(&self) -> page::TimeUnit {
        let axis = self.time_axis();
        match (axis.shown_unit(), axis.clock_start) {
            (TimeUnit::Seconds, _) => page::TimeUnit::Seconds,
            (TimeUnit::Samples, _) => page::TimeUnit::Samples(axis.sample_rate),
            (TimeUnit::Clock, Some(start)) => page::TimeUnit::OfDay(start.millis_of_day() as f64 / 1000.0),
            (TimeUnit::Hms | TimeUnit::Clock, _) => page::TimeUnit::Clock,
        }
    }
}

/// A mark on paper; what was rejected is not there.
fn page_event(mark: &Mark) -> Option<PageEvent> {
    let state = match mark.state {
        Status::Predicted => EventState::Predicted,
        Status::Accepted | Status::Corrected => EventState::Label,
        Status::Uncertain => EventState::Uncertain,
        Status::Rejected => return None,
    };
    Some(PageEvent {
        label: mark.label_text().into_owned(),
        onset_secs: mark.span.onset_secs,
        offset_secs: mark.span.offset_secs,
        band_hz: mark.band.map(|band| (band.low_hz, band.high_hz)),
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Event, EventId, Origin};

    #[test]
    fn marks_keep_their_state_on_paper_and_rejected_ones_are_not_there() {
        let mark = |state| {
            let span = Span::between(1.0, 2.0);
            Mark::of_event(&Event::new(EventId(1), span, "Dog", state, Origin::Human))
        };
        let on_paper = |state| page_event(&mark(state)).map(|event| event.state);
        assert_eq!(on_paper(Status::Predicted), Some(EventState::Predicted));
        assert_eq!(on_paper(Status::Accepted), Some(EventState::Label));
        assert_eq!(on_paper(Status::Corrected), Some(EventState::Label));
        assert_eq!(on_paper(Status::Uncertain), Some(EventState::Uncertain));
        assert_eq!(on_paper(Status::Rejected), None);
    }
}
