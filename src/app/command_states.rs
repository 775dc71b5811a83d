//! Which commands would do something now, and which of those that switch something are on.

use super::command::{Command, Group};
use super::keeping_state::KeptIn;
use super::workbench::{Inspector, Workbench};
use crate::annotation::Status;

impl Workbench {
    /// Whether a command would do something now.
    pub fn can(&self, command: Command) -> bool {
        match command {
            Command::ToggleAutoAdvance | Command::ToggleAutoPlay | Command::ToggleReview | Command::ShowHistory => true,
            Command::NextQueueOrder => self.is_reviewing(),
            Command::MarkViewComplete | Command::MarkRecordingComplete => self.open.is_some(),
            Command::Split => self.selected.is_some() && !self.is_reviewing(),
            Command::QueueThisClass => self.is_reviewing() && (self.selected.is_some() || self.review.class.is_some()),
            Command::OnsetFrameEarlier
            | Command::OnsetFrameLater
            | Command::OffsetFrameEarlier
            | Command::OffsetFrameLater
            | Command::SnapEdges => self.selected.is_some() && self.scored_here().is_some(),
            Command::ImportModel | Command::GetModels | Command::GetGpuSupport | Command::ShowComplexity => true,
            Command::SetAnnotator => true,
            Command::ShowVersions => self.keeping.place != KeptIn::Memory,
            Command::Undo => self.history.undo_title().is_some(),
            Command::Redo => self.history.redo_title().is_some(),
            Command::CancelDetection => !self.runs.is_empty(),
            Command::FindRecordings => self.missing().next().is_some(),
            Command::MarkComplete | Command::NoteRecording | Command::DetectSelection | Command::CloseRecording => {
                self.open.is_some() || !self.list.selection.is_empty()
            }
            Command::DetectAll | Command::DetectAllAgain | Command::SearchRecordings => {
                self.document.recording_count() > 0
            }
            Command::ThresholdUp | Command::ThresholdDown => self.scored_here().is_some(),
            Command::Undecide if self.selection().is_some() => true,
            Command::Undecide => self
                .selected_event()
                .is_some_and(|event| event.origin.proposal().is_some() && event.status != Status::Predicted),
            Command::Accept | Command::Reject | Command::Uncertain | Command::SavePicture => self.open.is_some(),
            Command::SelectAll => self.open.is_some() && !self.is_reviewing(),
            Command::DrawAtPlayhead | Command::NextUndecided => self.open.is_some(),
            Command::DrawFromPrevious | Command::PointAtPlayhead | Command::RecordByEar => self.open.is_some(),
            Command::ToggleBoxes | Command::ToggleSnap => true,
            Command::ZoomIn | Command::ZoomOut | Command::FitAll | Command::FitFrequencies => self.open.is_some(),
            Command::ToggleZoom => self.open.as_ref().is_some_and(|open| self.zooms.before(open.id).is_some()),
            Command::LoopSelected => self.selected.is_some(),
            Command::SameLabel => self.selected.is_some() && self.last_given_label().is_some(),
            Command::ExportLabelClasses => !self.listed_labels().is_empty(),
            Command::ShowAllLabels => self.are_labels_hidden(),
            Command::LongerFrame | Command::ShorterFrame => self.open.is_some() && self.display.has_own_frames(),
            Command::PlayEvent | Command::FitEvent | Command::Deselect => self.selected.is_some(),
            _ if command.heard_edge().is_some() => self.selected.is_some(),
            Command::NextError | Command::PreviousError => !self.evaluation.shown.places.is_empty(),
            Command::Evaluate
            | Command::CheckLabels
            | Command::Relabel
            | Command::SaveProject
            | Command::SaveProjectAs
            | Command::SaveCopy
            | Command::ExportText
            | Command::ExportLabels
            | Command::ImportLabels => self.document.recordings().next().is_some(),
            _ => match command.group() {
                Group::Edit | Group::Review => self.selected.is_some(),
                Group::Sound | Group::Move | Group::Model => self.open.is_some(),
                Group::File | Group::View | Group::Help => true,
            },
        }
    }

    /// Whether a command that switches something has it switched on; none for all other commands.
    pub fn is_on(&self, command: Command) -> Option<bool> {
        let settings = &self.settings;
        match command {
            Command::ToggleReview => Some(self.is_reviewing()),
            Command::QueueThisClass => Some(self.queue_class().is_some()),
            Command::ToggleAutoAdvance => Some(self.advances()),
            Command::ToggleAutoPlay => Some(self.plays_by_itself()),
            Command::ToggleBoxes => Some(settings.shaping.box_mode),
            Command::ToggleSnap => Some(settings.shaping.snap),
            Command::ToggleContrast => Some(settings.high_contrast),
            Command::ToggleRecordings => Some(settings.show_recordings),
            Command::ToggleInspector => Some(settings.show_inspector),
            Command::ToggleWaveform => Some(settings.show_waveform),
            Command::ToggleLanes => Some(settings.show_lanes),
            Command::ToggleDecoding => Some(settings.decoding.is_shown),
            Command::ToggleRejected => Some(settings.show_rejected),
            Command::ToggleLabels => Some(self.show_marks),
            Command::LoopEvent => Some(self.player.is_looping()),
            Command::ToggleTimeline => Some(self.display.show_timeline),
            Command::ShowDisplay => Some(settings.show_inspector && self.inspector == Inspector::Display),
            Command::ShowHistory => Some(settings.show_inspector && self.inspector == Inspector::History),
            Command::CheckLabels => Some(self.shows_findings()),
            Command::Evaluate => Some(self.evaluation.is_shown),
            Command::MarkComplete => self.recording().map(|recording| recording.is_complete),
            Command::ToggleBand => Some(self.listening.is_banded),
            _ => command.speed().map(|speed| speed == self.listening.speed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Mode, Request, Settings};
    use crate::audio::StreamSpec;
    use std::path::Path;
    use std::sync::Arc;

    /// A recording of a minute in the picture, without events.
    fn opened() -> Workbench {
        let mut bench = Workbench::new(Settings::default(), Arc::new(|| {}));
        let id = bench.document.add_recording(Path::new("a.wav"), 60.0);
        let format = "WAV".to_owned();
        let spec = StreamSpec { sample_rate: 8_000, channels: 1, frame_count: 480_000, length_is_exact: true, format };
        bench.specs.insert(id, spec);
        bench.show_recording(id);
        bench
    }

    #[test]
    fn only_what_is_about_an_event_needs_one_selected() {
        let mut bench = opened();
        bench.review.mode = Mode::Review;
        let is_about_event = |command: Command| match command {
            Command::Undo | Command::Redo => true,
            Command::SameLabel | Command::AddLabel | Command::EditComment | Command::Split | Command::MergeNext => true,
            Command::SnapEdges | Command::MoveEarlier | Command::MoveLater | Command::Undecide => true,
            Command::AcceptShown | Command::RejectShown | Command::AcceptAbove | Command::RejectBelow => true,
            // Nothing was evaluated.
            Command::NextError | Command::PreviousError => true,
            // Several events are not selected in review.
            Command::QueueThisClass | Command::SelectAll => true,
            _ => command.id().starts_with("Onset") || command.id().starts_with("Offset"),
        };
        let of_events = |command: &Command| matches!(command.group(), Group::Edit | Group::Review);
        for &command in Command::ALL.iter().filter(|command| of_events(command)) {
            assert_eq!(bench.can(command), !is_about_event(command), "{command:?}");
        }
        bench.review.mode = Mode::Browse;
        assert!(bench.can(Command::SelectAll));
    }

    #[test]
    fn the_last_two_zooms_take_turns() {
        let mut bench = opened();
        let view = |bench: &Workbench| bench.view_now().unwrap().1;
        let whole = view(&bench);
        assert!(!bench.can(Command::ToggleZoom));
        bench.dispatch(Request::Do(Command::ZoomIn));
        let near = view(&bench);
        assert_ne!(near, whole);
        for wanted in [whole, near, whole] {
            bench.dispatch(Request::Do(Command::ToggleZoom));
            assert_eq!(view(&bench), wanted);
        }
    }
}
