//! What can be said of recordings as wholes: done or not, a note, in the project or not; and which of them that is about.

use super::detection_batch::Over;
use super::files::counted;
use super::notices::Gravity;
use super::recording_list::{ListFilter, ListOrder};
use super::workbench::Workbench;
use crate::annotation::{Edit, Fact, Recording, RecordingId};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How a row joins the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choosing {
    /// It alone is selected.
    Only,
    /// It is selected as well, or no longer.
    Toggle,
    /// All from where the selection began up to it are selected.
    Extend,
}

/// A wish about the list of recordings.
#[derive(Clone, Debug, PartialEq)]
pub enum ListRequest {
    /// List those only whose folder or name holds this.
    Search(String),
    /// List these only.
    Filter(ListFilter),
    /// List them in this order.
    Order(ListOrder),
    /// Select a row.
    Choose(RecordingId, Choosing),
    /// Select all rows.
    ChooseAll,
    /// Give recordings a note; an empty one takes it away.
    Note(Vec<RecordingId>, String),
    /// Say of the selected recordings that work on them is done, or not.
    Complete(bool),
    /// Look for missing recordings in a folder.
    FindIn(PathBuf),
    /// Stop looking for missing recordings.
    StopFinding,
}

impl Workbench {
    /// Does what the list asks for.
    pub(super) fn list_request(&mut self, request: ListRequest) {
        match request {
            ListRequest::Search(text) => self.list.text = text,
            ListRequest::Filter(filter) => self.list.filter = filter,
            ListRequest::Order(order) => self.list.order = order,
            ListRequest::Choose(id, choosing) => return self.choose_recording(id, choosing),
            ListRequest::ChooseAll => {
                self.list.selection = self.list.shown().iter().copied().collect();
                return;
            }
            ListRequest::Note(ids, note) => return self.set_note(&ids, &note),
            ListRequest::Complete(is_complete) => {
                let ids = self.chosen_recordings();
                self.set_complete(&ids, is_complete);
                return;
            }
            ListRequest::FindIn(folder) => return self.find_recordings_in(folder),
            ListRequest::StopFinding => return self.stop_relocation(),
        }
        self.list.ask_anew();
    }

    fn choose_recording(&mut self, id: RecordingId, choosing: Choosing) {
        let list = &mut self.list;
        list.cursor = Some(id);
        match choosing {
            Choosing::Only => {
                list.selection = BTreeSet::from([id]);
                list.anchor = Some(id);
            }
            Choosing::Toggle => {
                if !list.selection.remove(&id) {
                    list.selection.insert(id);
                }
                list.anchor = Some(id);
            }
            Choosing::Extend => {
                let from = list.anchor.or_else(|| self.open.as_ref().map(|open| open.id)).unwrap_or(id);
                list.selection = list.between(from, id).iter().copied().collect();
                list.selection.insert(id);
                list.anchor = Some(from);
            }
        }
    }

    /// The recordings that commands for the selection are about, as listed: those that are selected, else the open one.
    pub fn chosen_recordings(&self) -> Vec<RecordingId> {
        if self.list.selection.is_empty() {
            return self.open.iter().map(|open| open.id).collect();
        }
        let shown = self.list.shown().iter().copied();
        shown.filter(|id| self.list.selection.contains(id)).collect()
    }

    fn set_note(&mut self, ids: &[RecordingId], note: &str) {
        let note = note.trim();
        let has_other = |id: &RecordingId| self.document.recording(*id).is_some_and(|recording| recording.note != note);
        let others: Vec<RecordingId> = ids.iter().copied().filter(has_other).collect();
        let edits = others.iter().map(|&recording| Edit::SetNote { recording, note: note.to_owned() }).collect();
        let verb = if note.is_empty() { "remove note of" } else { "note on" };
        self.perform_on_recordings(verb, "", &others, edits);
    }

    fn set_complete(&mut self, ids: &[RecordingId], is_complete: bool) {
        let differs = |id: &RecordingId| {
            self.document.recording(*id).is_some_and(|recording| recording.is_complete != is_complete)
        };
        let others: Vec<RecordingId> = ids.iter().copied().filter(differs).collect();
        let edits = others.iter().map(|&recording| Edit::SetComplete { recording, is_complete }).collect();
        let state = if is_complete { " done" } else { " not done" };
        self.perform_on_recordings("mark", state, &others, edits);
    }

    fn perform_on_recordings(&mut self, verb: &str, state: &str, ids: &[RecordingId], mut edits: Vec<Edit>) {
        let what = match ids {
            [] => return,
            [id] => self.document.recording(*id).map(|recording| recording.file_name()).unwrap_or_default(),
            _ => counted(ids.len(), "recording"),
        };
        let edit = if edits.len() == 1 { edits.remove(0) } else { Edit::Many { edits } };
        self.perform(format!("{verb} {what}{state}"), edit);
    }

    /// Marks the open recording done and goes on to the next one that is not; takes the mark back from one that has it. Of several that
    /// are selected, all are marked.
    pub(super) fn mark_complete(&mut self) {
        let chosen = self.chosen_recordings();
        if chosen.len() > 1 {
            let is_complete =
                |id: &RecordingId| self.document.recording(*id).is_some_and(|recording| recording.is_complete);
            let all_complete = chosen.iter().all(is_complete);
            self.set_complete(&chosen, !all_complete);
            return;
        }
        let Some(id) = self.open.as_ref().map(|open| open.id) else { return };
        let was_complete = self.recording().is_some_and(|recording| recording.is_complete);
        self.set_complete(&[id], !was_complete);
        if !was_complete {
            self.go_to_incomplete(id);
        }
    }

    fn go_to_incomplete(&mut self, from: RecordingId) {
        self.work_on_list(std::time::Duration::from_millis(4));
        let shown = self.list.shown();
        let after = self.list.place(from).map_or(0, |place| place + 1);
        let is_open = |id: &&RecordingId| {
            !self.unknown.contains_key(id)
                && self.document.recording(**id).is_some_and(|recording| !recording.is_complete)
        };
        let next = shown[after..].iter().chain(&shown[..after]).find(is_open).copied();
        match next {
            Some(next) => self.show_recording_of_list(next),
            None if self.document.complete_count() == self.document.recording_count() => {
                let all = counted(self.document.recording_count(), "recording");
                self.notices.add(Gravity::Done, format!("{all}: all done"));
            }
            None => self.notices.add(Gravity::Done, "All recordings of the list are done"),
        }
    }

    /// Shows a recording and lets the list's selection follow.
    pub(super) fn show_recording_of_list(&mut self, id: RecordingId) {
        self.choose_recording(id, Choosing::Only);
        self.show_recording(id);
    }

    /// Takes the selected recordings out of the project, as far as nothing would be lost.
    pub(super) fn remove_recordings(&mut self) {
        if self.refuses_changes() {
            return;
        }
        let chosen = self.chosen_recordings();
        let is_empty = |id: &RecordingId| self.document.recording(*id).is_some_and(Recording::is_untouched);
        let (gone, kept): (BTreeSet<RecordingId>, BTreeSet<RecordingId>) = chosen.iter().partition(|id| is_empty(id));
        if !kept.is_empty() {
            let (stays, has) = if kept.len() == 1 { ("stays: it has", "is") } else { ("stay: they have", "are") };
            let text = format!(
                "{} {stays} events, a note or spans where nothing is missing, or {has} marked done. Delete these first, then remove",
                counted(kept.len(), "recording")
            );
            self.notices.add(Gravity::Warning, text);
        }
        if gone.is_empty() {
            return;
        }
        let edits = gone.iter().map(|&recording| Edit::RemoveRecording { recording }).collect();
        let ids: Vec<RecordingId> = gone.iter().copied().collect();
        self.let_recordings_go(&gone);
        self.perform_on_recordings("remove", " from the project", &ids, edits);
        self.refresh_timeline();
    }

    /// Forgets what the window knows of recordings that are about to be taken out.
    pub(super) fn let_recordings_go(&mut self, gone: &BTreeSet<RecordingId>) {
        if let Some(open) = self.open.as_ref().map(|open| open.id).filter(|open| gone.contains(open)) {
            self.leave_for_another(open, gone);
        }
        gone.iter().for_each(|&id| self.cancel_detection_of(id));
        gone.iter().for_each(|&id| self.forget_recording(id));
    }

    /// A step of the history has brought recordings back or taken them out.
    pub(super) fn recordings_changed_by(&mut self, edit: &Edit) {
        let back = edit.inserted_recordings();
        for &(id, path) in &back {
            self.list.note(&Fact::Added { id, path: path.to_path_buf() });
        }
        if !back.is_empty() || !edit.removed_recordings().is_empty() {
            self.survey.look_later(back.into_iter().map(|(id, path)| (id, path.to_path_buf())));
            self.refresh_timeline();
        }
    }

    fn leave_for_another(&mut self, open: RecordingId, gone: &BTreeSet<RecordingId>) {
        let shown = self.list.shown();
        let place = self.list.place(open).unwrap_or(0);
        let stays = |id: &&RecordingId| !gone.contains(id) && self.specs.contains_key(id);
        let next = shown.iter().skip(place).find(stays).or_else(|| shown.iter().take(place).rev().find(stays));
        match next.copied() {
            Some(next) => self.show_recording_of_list(next),
            None => {
                self.leave_recording();
                self.player.load(None);
            }
        }
    }

    fn forget_recording(&mut self, id: RecordingId) {
        // What the model still tells of it is not heard any more.
        if self.runs.remove(&id).is_some() {
            self.go_on_in_batch(Over::Stopped);
        }
        self.forget_scores(id);
        self.specs.remove(&id);
        self.clocks.remove(&id);
        self.unknown.remove(&id);
        self.left_views.remove(&id);
        self.neighbours.retain(|neighbour| neighbour.id != id);
        if let Some(recording) = self.document.recording(id) {
            self.sound_files.get_mut().remove(&recording.path);
        }
        self.list.note(&Fact::Removed { id });
    }
}
