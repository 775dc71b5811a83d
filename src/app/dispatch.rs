//! From requests and updates to changes: the only two doors into the [`Workbench`].

use super::command::{Command, Group};
use super::dialogs;
use super::display::DisplayChange;
use super::editing::Edge;
use super::exporting::ExportRequest;
use super::gpu_support::GpuRequest;
use super::importing::ImportRequest;
use super::label_classes::LabelRequest;
use super::label_sets::LabelSetRequest;
use super::notices::Gravity;
use super::request::Request;
use super::workbench::{Inspector, Workbench};
use crate::decision::Preset;
use crate::model::ShortClips;
use crate::playback::PlaybackEvent;
use crate::work::{DialogPurpose, ProjectId, StorageRequest, Update};
use std::time::{Duration, Instant};

/// While scores come, predictions are decided again no more often than this.
const BETWEEN_REFRESHES: Duration = Duration::from_millis(250);

/// How long one frame may spend on the list of recordings.
const LIST_BUDGET: Duration = Duration::from_millis(2);

/// How long one frame may spend on updates.
const UPDATE_BUDGET: Duration = Duration::from_millis(4);

impl Workbench {
    /// Does what a panel asks for.
    pub fn dispatch(&mut self, request: Request) {
        // Nothing would be kept of it any more.
        if self.keeping.may_close {
            return;
        }
        let (view, is_wheel) = (self.view_now(), Self::is_wheel(&request));
        match request {
            Request::Do(command) => self.perform_command(command),
            Request::Open(paths) => self.open_paths(paths),
            Request::SaveProjectTo(path) => self.save_project_to(path),
            Request::CopyProjectTo(path) => self.copy_project_to(path),
            Request::ExportTextTo(folder) => self.export_text_to(folder),
            Request::OpenVersion(generation) => self.open_version(generation),
            Request::GoToStep(place) => self.go_to_step(place),
            Request::SetAnnotator(name) => self.set_annotator(&name),
            Request::AskAnnotatorNoMore => self.ask_annotator_no_more(),
            Request::ExportLabels(request) => self.change_export(request),
            Request::ImportLabels(request) => self.change_import(request),
            Request::ShowRecording(id) => self.show_recording(id),
            Request::List(request) => self.list_request(request),
            Request::Select(target) => self.select_only(target),
            Request::SelectAndReveal(target) => self.select_and_reveal(target),
            Request::SelectMore(target, choosing) => self.select_more(target, choosing),
            Request::SetSpan { target, span } => self.set_span(target, span),
            Request::SetLabel { target, label } => self.set_label(target, label),
            Request::ChangeEvent { target, change } => self.change_event(target, change),
            Request::Draw(span) => self.draw(span),
            Request::DrawShape(shape) => self.draw_shape(shape),
            Request::MoveShared { left, right, secs } => self.move_shared(left, right, secs),
            Request::EndByEar => self.end_by_ear(),
            Request::SetShaping(shaping) => self.settings.shaping = shaping.within_bounds(),
            Request::SetActiveLabel(label) => self.use_label(&label),
            Request::Labels(request) => self.change_labels(request),
            Request::LabelSet(request) => self.change_label_sets(request),
            Request::Seek(secs) => self.seek_on_timeline(secs),
            Request::GoTo(secs) => self.go_to(secs),
            Request::SetRule(rule) => self.set_rule(&rule),
            Request::Rule(change) => self.change_rule(change),
            Request::DecodingLane(change) => self.settings.decoding.change(change),
            Request::SetFilter(filter) => self.set_filter(filter),
            Request::Findings(request) => self.see_to_findings(request),
            Request::Evaluation(request) => self.see_to_evaluation(request),
            Request::ChooseClasses(classes) => self.choose_classes(classes),
            Request::DismissNotice(id) => self.notices.dismiss(id),
            Request::ShowInspector(inspector) => self.inspector = inspector,
            Request::Review(change) => self.change_review(change),
            Request::Measure(networks) => self.measure(networks),
            Request::StopMeasuring => self.stop_measuring(),
            Request::SavePictureTo(path) => self.save_picture_to(path),
            Request::StopPicture => self.stop_picture(),
            Request::StopStep => self.stop_step(),
            Request::AskForChart(against, form) => self.ask(DialogPurpose::ExportChart(against, form)),
            Request::ExportChartTo { path, against, form } => self.export_chart(path, against, form),
            Request::AskForImport(path) => self.ask_for_import(path),
            Request::TakeModelLabels(path) => self.take_model_labels(path),
            Request::AskForModelLabels => self.ask(DialogPurpose::ModelLabels),
            Request::DropImport => self.shelf.asked = None,
            Request::ImportModel { path, options } => self.import_model(path, options),
            Request::GetModel(name) => self.get_model(name),
            Request::CancelModelTask(number) => self.cancel_model_task(number),
            Request::VaryModel(id, precision) => self.vary_model(&id, precision),
            Request::RemoveModel(id) => self.remove_model(&id),
            Request::Gpu(request) => self.see_to_gpu(request),
            Request::Pan(_)
            | Request::Scroll(_)
            | Request::Zoom { .. }
            | Request::ShowSpan(_)
            | Request::ShowFrequencies { .. } => self.change_view(&request),
            Request::SetSpeed(speed) => self.set_speed(speed),
            Request::SetListeningMode(mode) => self.set_listening_mode(mode),
            Request::SetHeterodyne(hz) => self.settings.listening.heterodyne_hz = hz.filter(|hz| hz.is_finite()),
            Request::SetRolls { pre_secs, post_secs } => self.set_rolls(pre_secs, post_secs),
            Request::SetKeys { command, keys } => self.set_keys(command, &keys),
            Request::ResetKeys(command) => self.reset_keys(command),
            Request::SetKeyPreset(name) => self.set_key_preset(&name),
            Request::AskForKeys(purpose) => self.ask(purpose),
            Request::ExportKeysTo(path) => self.export_keys(path),
            Request::ImportKeysFrom(path) => {
                self.ask_storage(StorageRequest::ReadKeys(path));
            }
            _ => self.change_setting(request),
        }
        self.note_zoom(view, is_wheel);
        self.sift();
        self.keep_selection();
        self.forget_stale_batch();
        // What is in view may be what is listened to.
        self.tune();
    }

    fn change_view(&mut self, request: &Request) {
        if let Request::ShowFrequencies { low_hz, high_hz } = *request {
            self.show_frequencies(low_hz, high_hz);
        }
        let Some(open) = &mut self.open else { return };
        match *request {
            Request::Pan(by_secs) => open.viewport.pan(by_secs),
            Request::Scroll(by_secs) => open.viewport.pan_within(by_secs),
            Request::Zoom { anchor_secs, factor } => open.viewport.zoom_at(anchor_secs, factor),
            Request::ShowSpan(span) => open.viewport.show(span.onset_secs, span.duration_secs()),
            _ => {}
        }
        if matches!(request, Request::Pan(_) | Request::Zoom { .. } | Request::ShowSpan(_)) {
            self.follow_centre();
        }
    }

    fn change_setting(&mut self, request: Request) {
        match request {
            Request::SetModel(name) => {
                self.settings.model = name;
                self.hop_secs = None;
                self.model_changed();
            }
            Request::SetHop(hop_secs) => self.hop_secs = hop_secs,
            Request::SetRuntime(runtime) => self.settings.runtime = runtime,
            Request::SetDevice(device) => self.settings.device = device,
            Request::ListDevices => self.ask_for_devices(),
            Request::SetPreset(preset) => {
                let word = if preset == Preset::Reference { "reference" } else { "overlapping" };
                self.settings.preset = word.to_owned();
            }
            Request::SetShortClips(short) => {
                let word = if short == ShortClips::Repeat { "repeat" } else { "pad" };
                self.settings.short_recordings = word.to_owned();
            }
            Request::Display(change) => self.change_display(&change),
            Request::ShowClock { clock_secs } => self.show_clock(clock_secs),
            Request::SetVolume(volume) => {
                self.settings.volume = volume.clamp(0.0, 1.0);
                self.player.set_gain(self.settings.volume);
            }
            _ => {}
        }
    }

    fn perform_command(&mut self, command: Command) {
        match command {
            Command::OpenRecordings => self.ask(DialogPurpose::Open),
            Command::OpenFolder => self.ask(DialogPurpose::OpenFolder),
            Command::OpenExample => self.open_example(),
            Command::NewProject => self.new_project(),
            Command::SaveProject => self.save_project(),
            Command::SaveProjectAs => self.ask(DialogPurpose::SaveProject),
            Command::SaveCopy => self.ask(DialogPurpose::CopyProject),
            Command::ExportText => self.ask(DialogPurpose::ExportText),
            Command::ShowVersions => self.list_versions(),
            Command::SetAnnotator => self.asks_annotator = true,
            Command::ShowHistory => self.toggle_page(Inspector::History),
            Command::ImportLabels => self.ask(DialogPurpose::ImportLabels),
            Command::ImportLabelSet => self.ask(DialogPurpose::LabelSet),
            Command::ExportLabelClasses => self.ask(DialogPurpose::ExportLabelClasses),
            Command::ShowAllLabels => self.change_labels(LabelRequest::ShowAll),
            Command::SavePicture => self.ask(DialogPurpose::SavePicture),
            Command::ExportLabels => self.begin_export(),
            Command::CloseRecording => self.remove_recordings(),
            Command::FindRecordings => self.ask(DialogPurpose::FindRecordings),
            Command::ClearPictures => self.clear_pictures(),
            Command::Quit => self.quit = true,
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Detect => self.detect(),
            Command::DetectSelection => self.detect_selection(),
            Command::DetectAll => self.detect_all(),
            Command::DetectAllAgain => self.detect_all_again(),
            Command::MarkComplete => self.mark_complete(),
            Command::CancelDetection => self.cancel_detection(),
            Command::ImportModel => self.ask(DialogPurpose::ImportModel),
            Command::GetGpuSupport => self.see_to_gpu(GpuRequest::Show),
            Command::ThresholdUp => self.step_threshold(1.0),
            Command::ThresholdDown => self.step_threshold(-1.0),
            Command::Evaluate => self.toggle_evaluation(),
            Command::NextError => self.step_error(1),
            Command::PreviousError => self.step_error(-1),
            _ => self.perform_on_event(command),
        }
    }

    pub(super) fn ask(&mut self, purpose: DialogPurpose) {
        self.keeping.asked_to_open |= purpose.is_of_project();
        if self.settings.system_dialogs {
            dialogs::ask(purpose, self.keeping.project, &self.updates);
        } else {
            self.typed_dialog = Some(purpose);
        }
    }

    fn perform_on_event(&mut self, command: Command) {
        match command {
            _ if command.group() == Group::Review && command != Command::CheckLabels => self.perform_review(command),
            Command::SelectAll => self.select_all(),
            Command::SameLabel => self.repeat_label(),
            Command::DrawAtPlayhead => self.draw_at_playhead(),
            Command::DrawFromPrevious => self.draw_from_previous(),
            Command::PointAtPlayhead => self.point_at_playhead(),
            Command::RecordByEar => self.hold_by_ear(),
            Command::Split => self.split_unless_reviewing(),
            Command::MergeNext => self.merge_with_next(),
            Command::OnsetToPlayhead => self.edge_to_playhead(Edge::Onset),
            Command::OffsetToPlayhead => self.edge_to_playhead(Edge::Offset),
            Command::OnsetEarlier => self.nudge_edge(Edge::Onset, -1.0),
            Command::OnsetLater => self.nudge_edge(Edge::Onset, 1.0),
            Command::OffsetEarlier => self.nudge_edge(Edge::Offset, -1.0),
            Command::OffsetLater => self.nudge_edge(Edge::Offset, 1.0),
            Command::OnsetFrameEarlier => self.nudge_edge_by_frame(Edge::Onset, -1.0),
            Command::OnsetFrameLater => self.nudge_edge_by_frame(Edge::Onset, 1.0),
            Command::OffsetFrameEarlier => self.nudge_edge_by_frame(Edge::Offset, -1.0),
            Command::OffsetFrameLater => self.nudge_edge_by_frame(Edge::Offset, 1.0),
            Command::SnapEdges => self.snap_selected(),
            Command::MoveEarlier => self.nudge_event(-1.0),
            Command::MoveLater => self.nudge_event(1.0),
            _ if command.group() == Group::Sound => self.perform_sound(command),
            Command::NextEvent => self.step_event(1),
            Command::PreviousEvent => self.step_event(-1),
            Command::SelectNextToo => self.extend_selection(1),
            Command::SelectPreviousToo => self.extend_selection(-1),
            Command::NextUndecided => self.go_to_undecided(),
            Command::Deselect if self.held_event.take().is_some() => {}
            Command::Deselect => self.leave_selection(),
            _ => self.perform_on_view(command),
        }
    }

    fn perform_on_view(&mut self, command: Command) {
        let settings = &mut self.settings;
        match command {
            Command::PageForward => self.page(1),
            Command::PageBack => self.page(-1),
            Command::GoToStart => self.jump(f64::NEG_INFINITY),
            Command::GoToEnd => self.jump(f64::INFINITY),
            Command::NextRecording => self.step_recording(1),
            Command::PreviousRecording => self.step_recording(-1),
            Command::ZoomIn => self.zoom(2.0),
            Command::ZoomOut => self.zoom(0.5),
            Command::FitAll => {
                if let Some(open) = &mut self.open {
                    open.viewport.show_all();
                }
            }
            Command::FitEvent => self.fit_selected(),
            Command::ToggleZoom => self.toggle_zoom(),
            Command::FitFrequencies => self.show_frequencies(0.0, f64::INFINITY),
            Command::LongerFrame => self.step_frame(1),
            Command::ShorterFrame => self.step_frame(-1),
            Command::NextColormap => self.change_display(&self.display.next_colormap()),
            Command::ShowDisplay => self.toggle_display_page(),
            Command::CheckLabels => self.toggle_findings(),
            Command::ToggleTimeline => self.change_display(&DisplayChange::Timeline(!self.display.show_timeline)),
            Command::ToggleRecordings => settings.show_recordings = !settings.show_recordings,
            Command::ToggleInspector => settings.show_inspector = !settings.show_inspector,
            Command::ToggleWaveform => settings.show_waveform = !settings.show_waveform,
            Command::ToggleLanes => settings.show_lanes = !settings.show_lanes,
            Command::ToggleDecoding => settings.decoding.is_shown = !settings.decoding.is_shown,
            Command::ToggleRejected => settings.show_rejected = !settings.show_rejected,
            Command::ToggleLabels | Command::Peek => self.show_marks = !self.show_marks,
            Command::ToggleBoxes => settings.shaping.box_mode = !settings.shaping.box_mode,
            Command::ToggleSnap => settings.shaping.snap = !settings.shaping.snap,
            Command::EditComment => {
                settings.show_inspector = true;
                self.inspector = Inspector::Events;
            }
            Command::ToggleTheme => settings.dark = !settings.dark,
            Command::ToggleContrast => settings.high_contrast = !settings.high_contrast,
            Command::ScaleUp => settings.scale = (settings.scale + 0.1).min(3.0),
            Command::ScaleDown => settings.scale = (settings.scale - 0.1).max(0.5),
            // These open something in the window and are seen to by the panels.
            _ => {}
        }
    }

    fn fit_selected(&mut self) {
        if let Some(span) = self.selected_mark().map(|mark| mark.span)
            && let Some(open) = &mut self.open
        {
            open.viewport.show_span(span);
        }
    }

    fn open_example(&mut self) {
        match crate::work::example::folder() {
            Ok(folder) => self.dispatch(Request::Open(vec![folder])),
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }

    /// Takes what threads have sent, a few milliseconds of it; returns whether there is more. `ask_for_path` is told which paths must be
    /// typed, and whether that is because the system has no dialog.
    pub fn take_updates(&mut self, mut ask_for_path: impl FnMut(DialogPurpose, bool)) -> bool {
        if let Some(purpose) = self.typed_dialog.take() {
            ask_for_path(purpose, false);
        }
        let began = Instant::now();
        let mut scores_came = false;
        let mut more = false;
        while let Ok(update) = self.received.try_recv() {
            scores_came |= self.is_of_open_recording(&update);
            match update {
                Update::Chosen { purpose, unavailable: true, .. } => ask_for_path(purpose, true),
                update => self.take(update),
            }
            if began.elapsed() > UPDATE_BUDGET {
                more = true;
                break;
            }
        }
        self.predictions_stale |= scores_came;
        if self.predictions_stale && self.refreshed_at.elapsed() > BETWEEN_REFRESHES {
            self.refresh_predictions();
        }
        more |= self.follow_timeline();
        self.follow_decisions();
        self.keep_selection();
        more |= self.work_on_list(LIST_BUDGET);
        self.take_awaited();
        self.take_playback_events();
        self.follow_by_ear();
        self.take_tile_news();
        self.follow_import();
        self.go_on_with_step();
        // What looks at all events begins again after each change: not at each piece of a step.
        if self.under_way.is_none() {
            self.go_on_linting();
            self.go_on_exporting();
            self.go_on_evaluating();
        }
        self.keep_up();
        more
    }

    fn is_of_open_recording(&self, update: &Update) -> bool {
        let shown = self.open.as_ref().map(|open| open.id);
        matches!(update, Update::Scores { run, .. } if Some(run.recording) == shown)
    }

    fn take(&mut self, update: Update) {
        match update {
            Update::Expanded { project, files, failures, is_first } => {
                self.expanded(project, files, &failures, is_first);
            }
            Update::Surveyed(batch) => self.surveyed(batch),
            Update::Fingerprints(prints) => self.fingerprints_came(prints),
            Update::Relocated(relocated) => self.relocated(&relocated),
            Update::Devices(list) => self.devices_came(list),
            Update::GpuSupport(news) => self.gpu_news(news),
            Update::DetectionStarted { run, start } => self.detection_started(run, *start),
            Update::Scores { run, scores, done_secs, elapsed_secs } => {
                self.scores_came(run, &scores, done_secs, elapsed_secs);
            }
            Update::Decided(all) => self.decided(all),
            Update::DetectionEnded { run, end } => self.detection_ended(run, end),
            Update::Project(project, news) => self.project_news(project, news),
            Update::LabelFiles(news) => self.label_files_came(news),
            Update::LabelSet(news) => self.label_set_came(news),
            Update::CrashReports { reports, project } => self.tell_crashes(&reports, project.as_deref()),
            Update::ChartExported { path, result } => self.chart_exported(&path, result),
            Update::PictureProgress(part) => self.picture_came(part),
            Update::PictureSaved { path, result } => self.picture_saved(&path, result),
            Update::MeasuringProgress(progress) => self.measuring_came(progress),
            Update::MeasuringEnded(end) => self.measuring_ended(end),
            Update::ModelTaskProgress { number, stage } => self.model_task_came(number, stage),
            Update::ModelTaskEnded { number, end, models } => self.model_task_ended(number, end, models),
            Update::LabelsChecked { revision, result } => self.labels_checked(revision, result),
            Update::EvaluationProgress { number, part } => self.evaluation_came(number, part),
            Update::Evaluated { number, result } => self.evaluated(number, result),
            Update::Tuned { number, result } => self.tuned(number, result),
            Update::Chosen { purpose, project, paths, .. } => self.chosen(purpose, project, paths),
            Update::KeysWritten { path, result } => self.keys_written(&path, result),
            Update::KeysRead { path, result } => self.keys_read(&path, result),
            Update::PicturesCleared { result } => self.pictures_cleared(result),
            Update::SettingsNotKept { reason } => self.notices.add(Gravity::Warning, reason),
            Update::Failed { work, reason } => {
                let text = format!("The thread \"{work}\" failed: {reason}\n{}", self.how_to_start_again());
                self.notices.add(Gravity::Failure, text);
            }
        }
    }

    fn chosen(&mut self, purpose: DialogPurpose, project: ProjectId, mut paths: Vec<std::path::PathBuf>) {
        let words = || "What was chosen in a file dialog was not done".to_owned();
        if !paths.is_empty() && purpose.is_of_project() && !self.is_for_this(project, words) {
            return;
        }
        match purpose {
            DialogPurpose::Open | DialogPurpose::OpenFolder => self.dispatch(Request::Open(paths)),
            DialogPurpose::FindRecordings => paths.drain(..).for_each(|path| self.find_recordings_in(path)),
            DialogPurpose::SaveProject => paths.drain(..).for_each(|path| self.save_project_to(path)),
            DialogPurpose::CopyProject => paths.drain(..).for_each(|path| self.copy_project_to(path)),
            DialogPurpose::ExportText => paths.drain(..).for_each(|path| self.export_text_to(path)),
            DialogPurpose::ExportLabels(_) | DialogPurpose::ExportLabelsFolder(_) => {
                paths.drain(..).for_each(|path| self.change_export(ExportRequest::WriteTo(path)));
            }
            DialogPurpose::SavePicture => paths.drain(..).for_each(|path| self.save_picture_to(path)),
            DialogPurpose::ExportChart(against, form) => {
                paths.drain(..).for_each(|path| self.export_chart(path, against, form));
            }
            DialogPurpose::ImportModel => paths.drain(..).for_each(|path| self.ask_for_import(path)),
            DialogPurpose::GpuWheel => paths.drain(..).for_each(|path| self.see_to_gpu(GpuRequest::Take(path))),
            DialogPurpose::ModelLabels => paths.drain(..).for_each(|path| self.take_model_labels(path)),
            DialogPurpose::ExportKeys => paths.drain(..).for_each(|path| self.export_keys(path)),
            DialogPurpose::ImportKeys => paths.drain(..).for_each(|path| self.dispatch(Request::ImportKeysFrom(path))),
            DialogPurpose::LabelSet => {
                paths.drain(..).for_each(|path| self.change_label_sets(LabelSetRequest::Preview(path)));
            }
            DialogPurpose::ExportLabelClasses => {
                paths.drain(..).for_each(|path| self.change_label_sets(LabelSetRequest::ExportTo(path)));
            }
            DialogPurpose::ImportLabels if paths.is_empty() => {}
            DialogPurpose::ImportLabels => self.change_import(ImportRequest::Read(paths)),
            DialogPurpose::EvaluatedLabels | DialogPurpose::EvaluatedScores | DialogPurpose::EvaluationMap => {
                let request = |path| super::evaluation::chosen(purpose, path);
                paths.drain(..).for_each(|path| self.see_to_evaluation(request(path)));
            }
        }
    }

    fn take_playback_events(&mut self) {
        for event in self.player.take_events() {
            match event {
                PlaybackEvent::Ended => self.go_on_after_end(),
                PlaybackEvent::Unavailable(_) if std::mem::replace(&mut self.silence_told, true) => {}
                PlaybackEvent::Unavailable(reason)
                | PlaybackEvent::DeviceLost(reason)
                | PlaybackEvent::Unreadable(reason) => {
                    self.notices.add(Gravity::Warning, reason);
                }
            }
        }
    }

    /// The background pass over the recording has found its true length, or trouble.
    fn take_tile_news(&mut self) {
        let Some(open) = &mut self.open else { return };
        open.tiles.poll();
        let notices = open.tiles.take_notices();
        let kept_secs = self.document.recording(open.id).map(|recording| recording.duration_secs);
        if let Some(duration_secs) = open.tiles.known_duration_secs()
            && (kept_secs.is_some_and(|kept_secs| (duration_secs - kept_secs).abs() > 1e-6)
                || !open.viewport.has_duration(duration_secs))
        {
            open.viewport.set_duration(duration_secs);
            let id = open.id;
            self.state_duration(id, duration_secs);
            self.refresh_timeline();
            self.refresh_predictions();
        }
        notices.into_iter().for_each(|notice| self.notices.add(Gravity::Warning, notice));
        self.poll_neighbours();
    }

    /// Has the settings written, on the storage thread.
    pub(super) fn keep_settings(&mut self, path: &std::path::Path) {
        match self.settings.to_json() {
            Ok(text) => {
                self.ask_storage(StorageRequest::KeepSettings { path: path.to_path_buf(), text });
            }
            Err(reason) => self.notices.add(Gravity::Warning, format!("Settings are not kept: {reason}")),
        }
    }
}
