//! Review goes on to other recordings: it looks through them for what is undecided and shown, a few milliseconds a frame, and opens the next
//! one that has something.

use super::files::counted;
use super::marks::Target;
use super::notices::Gravity;
use super::review::ABOUT_QUEUE;
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So long one frame may look.
const BUDGET: Duration = Duration::from_millis(4);

/// A look through the recordings that is under way.
#[derive(Clone, Debug)]
pub(super) struct Looking {
    left: VecDeque<RecordingId>,
    /// Of so many recordings it is not known whether they have something.
    unseen: usize,
    /// The recording that was open and what was selected when it began: who goes elsewhere does not want to be taken away.
    from: (Option<RecordingId>, Option<Target>),
}

impl Workbench {
    /// Opens the next recording that has undecided events that are shown, and has its first one brought.
    pub(super) fn go_on_to_next_recording(&mut self) {
        if self.is_more_to_come() {
            self.review.awaited = self.open.as_ref().map(|open| open.id);
            return;
        }
        let left = self.recordings_from_here();
        self.review.looking = Some(Looking { left, unseen: 0, from: self.where_it_stands() });
        self.look_on();
    }

    /// Whether undecided events of the open recording may still come by themselves.
    fn is_more_to_come(&self) -> bool {
        let is_expected = |id: &RecordingId| self.runs.contains_key(id) || self.keeping.scores_asked.contains(id);
        self.is_deciding() || self.predictions_stale || self.open.as_ref().is_some_and(|open| is_expected(&open.id))
    }

    fn where_it_stands(&self) -> (Option<RecordingId>, Option<Target>) {
        (self.open.as_ref().map(|open| open.id), self.selected)
    }

    /// The recordings after the open one, then those before it.
    fn recordings_from_here(&self) -> VecDeque<RecordingId> {
        let ids: Vec<RecordingId> = self.document.recordings().map(|(id, _)| id).collect();
        let here = self.open.as_ref().map(|open| open.id);
        let after = ids.partition_point(|&id| here.is_some_and(|here| id <= here));
        let around = ids[after..].iter().chain(&ids[..after]).copied();
        around.filter(|&id| Some(id) != here).collect()
    }

    /// Goes on with a look through the recordings, a few milliseconds of it.
    fn look_on(&mut self) {
        let Some(mut looking) = self.review.looking.take() else { return };
        if looking.from != self.where_it_stands() {
            return;
        }
        let began = Instant::now();
        while let Some(id) = looking.left.pop_front() {
            let is_passed = self.review.looked_at.contains(&id);
            match self.undecided_in(id) {
                None => looking.unseen += 1,
                Some(count) if count > 0 && !is_passed => return self.go_to_awaited(id),
                Some(_) => {}
            }
            if began.elapsed() > BUDGET {
                self.review.looking = Some(looking);
                (self.wake)();
                return;
            }
        }
        self.review.looked_at.clear();
        self.tell_all_is_decided(looking.unseen);
    }

    fn go_to_awaited(&mut self, id: RecordingId) {
        self.review.looked_at.insert(id);
        self.review.awaited = Some(id);
        self.review.pace.pause();
        self.show_recording(id);
        if self.open.as_ref().is_some_and(|open| open.id == id)
            && let Some(target) = self.next_undecided(None)
        {
            self.bring(target);
        }
        (self.wake)();
    }

    fn tell_all_is_decided(&mut self, unseen: usize) {
        let class = self.queue_class().map(|class| format!(" of {class:?}")).unwrap_or_default();
        let progress = self.progress();
        let hidden = self.marks.count(Status::Predicted) - self.marks.shown_count(Status::Predicted);
        let hidden = if hidden > 0 { format!("; {hidden} undecided here are not shown") } else { String::new() };
        let decided = format!("{} of {} decided{hidden}", progress.decided, progress.all);
        let (gravity, text) = if unseen > 0 {
            let (were, has) = if unseen == 1 { ("was", "its scores are") } else { ("were", "their scores are") };
            let left = format!("Nothing{class} is left to review in the recordings that were looked at: {decided}");
            let unseen = counted(unseen, "recording");
            let text = format!(
                "{left}. {unseen} {were} not looked at, as {has} on disk only or the file is missing: open from the list"
            );
            (Gravity::Warning, text)
        } else if progress.all == 0 {
            (Gravity::Done, "Nothing to review yet: detect events (Ctrl+R), or import labels".to_owned())
        } else {
            (Gravity::Done, format!("Nothing{class} is left to review: {decided}"))
        };
        self.notices.renew(ABOUT_QUEUE, gravity, text);
    }

    /// Brings the first event of a recording that review has gone on to, as soon as there is one; where there is none, it goes on.
    pub(super) fn take_awaited(&mut self) {
        self.look_on();
        let Some(awaited) = self.review.awaited else { return };
        let is_here = self.open.as_ref().is_some_and(|open| open.id == awaited);
        if self.selected.is_some() || (!is_here && self.opening != Some(awaited)) {
            self.review.awaited = None;
        } else if is_here && let Some(target) = self.next_undecided(None) {
            self.bring(target);
        } else if is_here && !self.is_more_to_come() {
            self.review.awaited = None;
            self.go_on_to_next_recording();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Edit, Event, LabelClass, Origin};
    use crate::app::score_shelf::ScoreSummary;
    use crate::app::{Mode, Settings};
    use crate::audio::StreamSpec;
    use crate::time::Span;
    use std::path::Path;
    use std::sync::Arc;

    /// A project with one undecided event of each of these labels, one a recording, none of which is in the picture.
    fn bench(labels: &[&str]) -> (Workbench, Vec<RecordingId>) {
        let mut bench = Workbench::new(Settings::default(), Arc::new(|| {}));
        let mut ids = Vec::new();
        for (place, label) in labels.iter().enumerate() {
            let recording = bench.document.add_recording(Path::new(&format!("{place}.wav")), 60.0);
            let id = bench.document.new_event_id();
            let event = Event::new(id, Span::between(1.0, 2.0), *label, Status::Predicted, Origin::Human);
            assert!(bench.perform("import", Edit::Insert { recording, event }));
            ids.push(recording);
        }
        bench.review.mode = Mode::Review;
        (bench, ids)
    }

    fn told(bench: &Workbench) -> String {
        bench.notices.list().last().map(|notice| notice.text.clone()).unwrap_or_default()
    }

    #[test]
    fn what_is_hidden_is_not_gone_to() {
        let (mut bench, ids) = bench(&["Dog", "Cat"]);
        assert_eq!(ids.iter().map(|&id| bench.undecided_in(id)).collect::<Vec<_>>(), [Some(1), Some(1)]);
        bench.filter.text = "cat".to_owned();
        bench.sift();
        assert_eq!(ids.iter().map(|&id| bench.undecided_in(id)).collect::<Vec<_>>(), [Some(0), Some(1)]);
        bench.filter.text.clear();
        let mut dog = LabelClass::new("Dog");
        dog.is_hidden = true;
        assert!(bench.perform("hide", Edit::SetLabelClasses { classes: vec![dog] }));
        bench.sift();
        assert_eq!(bench.undecided_in(ids[0]), Some(0));
        bench.filter.text = "horse".to_owned();
        bench.sift();
        bench.go_on_to_next_recording();
        assert!(told(&bench).starts_with("Nothing is left to review: 0 of 2 decided"), "{}", told(&bench));
        assert_eq!(bench.review.awaited, None);
    }

    #[test]
    fn scores_that_are_on_disk_only_are_not_taken_for_none() {
        let (mut bench, ids) = bench(&["Dog", "Dog"]);
        let summary = ScoreSummary { model: "formula".into(), version: "1".into(), undecided: 3 };
        bench.shelf_of_scores.put(ids[1], Some(summary));
        assert_eq!(bench.undecided_in(ids[1]), Some(4));
        bench.review.class = Some("Cat".into());
        assert_eq!((bench.undecided_in(ids[0]), bench.undecided_in(ids[1])), (Some(0), None));
        bench.go_on_to_next_recording();
        assert!(told(&bench).contains("1 recording was not looked at"), "{}", told(&bench));
        // Outside review nobody sees that the queue has one class.
        bench.review.mode = Mode::Browse;
        assert_eq!(bench.undecided_in(ids[1]), Some(4));
    }

    #[test]
    fn a_recording_that_turned_out_to_show_nothing_is_passed_over_in_the_same_round() {
        let (mut bench, ids) = bench(&["Dog", "Cat"]);
        bench.review.looked_at.extend(&ids);
        bench.go_on_to_next_recording();
        assert!(told(&bench).starts_with("Nothing is left to review"), "{}", told(&bench));
        assert!(bench.review.looked_at.is_empty(), "the next round looks at all again");
    }

    #[test]
    fn where_nothing_comes_review_goes_on_by_itself() {
        let (mut bench, ids) = bench(&["Dog", "Dog", "Dog"]);
        for &id in &ids {
            let format = "WAV".to_owned();
            let spec =
                StreamSpec { sample_rate: 8_000, channels: 1, frame_count: 480_000, length_is_exact: true, format };
            bench.specs.insert(id, spec);
        }
        let only = |bench: &Workbench, id| *bench.document.recording(id).unwrap().events.keys().next().unwrap();
        for &recording in &ids[..2] {
            let id = only(&bench, recording);
            assert!(bench.perform("remove", Edit::Remove { recording, id }));
        }
        // What was known last of this one is not so any more.
        let summary = ScoreSummary { model: "formula".into(), version: "1".into(), undecided: 3 };
        bench.shelf_of_scores.put(ids[1], Some(summary));
        bench.show_recording(ids[0]);
        bench.go_to_undecided();
        assert_eq!(bench.open.as_ref().map(|open| open.id), Some(ids[1]));
        bench.take_awaited();
        assert_eq!(bench.open.as_ref().map(|open| open.id), Some(ids[2]));
        assert_eq!(bench.selected, Some(Target::Event(only(&bench, ids[2]))));
    }
}
