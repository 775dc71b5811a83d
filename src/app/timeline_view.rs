//! The recordings before and after the open one: their pictures are kept while they are in view, and one of them becomes the open one
//! when the view's centre lies in it.

use super::notices::Gravity;
use super::timeline::Timeline;
use super::viewport::Room;
use super::workbench::{OpenRecording, Workbench};
use crate::annotation::{Recording, RecordingId};
use crate::audio::{ClockSource, ClockStart};
use crate::spectrogram::TimeView;
use crate::work::{Later, TileEngine, let_go};
use std::time::{Duration, Instant};

/// Recordings beside the open one whose pictures are kept, at most.
pub(super) const MOST_NEIGHBOURS: usize = 4;
/// Pictures that are not in view are kept as long as all together have no more bytes than this: those of a day have twice as many.
const KEPT_BYTES: usize = 96 << 20;
/// So many recordings are put in clock order within a frame; more are gathered so long a frame, with looks at the clock in between, and put
/// in order on a thread.
const MOST_AT_ONCE: usize = 2000;
const BUDGET: Duration = Duration::from_millis(2);
const GATHERED_AT_ONCE: usize = 256;
/// While recordings come, they are put in order no more often than this.
const BETWEEN_ORDERS: Duration = Duration::from_millis(300);
/// Playing goes on in the next recording if it ended this close to the end of this one, in seconds.
const AT_END_SECS: f64 = 0.3;

/// How far it is to put the recordings in clock order again.
#[derive(Debug, Default)]
pub(super) struct TimelineOrder {
    /// Recordings have come, or lengths of them, that the timeline lacks.
    is_stale: bool,
    /// Before that it is not begun again.
    due: Option<Instant>,
    work: OrderWork,
}

#[derive(Debug, Default)]
enum OrderWork {
    #[default]
    Idle,
    Gathering {
        next: RecordingId,
        known: Vec<(RecordingId, ClockStart, f64)>,
    },
    Sorting(Later<Timeline>),
}

/// The pictures of a recording beside the open one.
pub struct Neighbour {
    /// Which.
    pub id: RecordingId,
    /// Its pictures.
    pub tiles: TileEngine,
    /// When they were looked at last.
    used_at: Instant,
}

impl Workbench {
    /// Puts the recordings in clock order again: a few at once, many within the next frames and on a thread.
    pub(super) fn refresh_timeline(&mut self) {
        if self.document.recording_count() > MOST_AT_ONCE {
            self.timeline_order = TimelineOrder { is_stale: true, ..TimelineOrder::default() };
            return;
        }
        self.timeline_order = TimelineOrder::default();
        let known = self.document.recordings().filter_map(|(id, recording)| self.on_timeline(id, recording));
        self.timeline = Timeline::new(known);
        self.make_room();
    }

    /// When a recording began and how long it is, if that is known.
    fn on_timeline(&self, id: RecordingId, recording: &Recording) -> Option<(RecordingId, ClockStart, f64)> {
        // The date of a file is that of its copy as often as not: only who asks for it gets a timeline of it.
        let wants_file_date = self.display.clock_source.as_deref() == Some(ClockSource::FileDate.words());
        let clock = self.clock_of(id).filter(|clock| wants_file_date || clock.source != ClockSource::FileDate)?;
        self.specs.contains_key(&id).then_some((id, clock, recording.duration_secs))
    }

    /// More recordings are known.
    pub(super) fn timeline_grows(&mut self) {
        self.timeline_order.is_stale = true;
    }

    /// Puts the recordings in clock order again if some have come: gathers them for a few milliseconds, or takes the order that a thread has
    /// found. Returns whether there is more to do.
    pub(super) fn follow_timeline(&mut self) -> bool {
        let order = &mut self.timeline_order;
        match std::mem::take(&mut order.work) {
            OrderWork::Idle if !order.is_stale => false,
            // While recordings come by the thousand, not at every batch of them.
            OrderWork::Idle if order.due.is_some_and(|due| Instant::now() < due) => self.is_surveyed(),
            OrderWork::Idle if self.document.recording_count() <= MOST_AT_ONCE => {
                self.refresh_timeline();
                false
            }
            OrderWork::Idle => {
                order.is_stale = false;
                self.gather_timeline(RecordingId(0), Vec::new())
            }
            OrderWork::Gathering { next, known } => self.gather_timeline(next, known),
            OrderWork::Sorting(later) => {
                match later.poll() {
                    None => order.work = OrderWork::Sorting(later),
                    Some(result) => {
                        order.due = Some(Instant::now() + BETWEEN_ORDERS);
                        self.timeline_ordered(result);
                    }
                }
                false
            }
        }
    }

    fn gather_timeline(&mut self, from: RecordingId, mut known: Vec<(RecordingId, ClockStart, f64)>) -> bool {
        let until = Instant::now() + BUDGET;
        for (place, (id, recording)) in self.document.recordings_from(from).enumerate() {
            if place % GATHERED_AT_ONCE == GATHERED_AT_ONCE - 1 && Instant::now() >= until {
                self.timeline_order.work = OrderWork::Gathering { next: id, known };
                return true;
            }
            known.extend(self.on_timeline(id, recording));
        }
        if let Some(later) = Later::start("timeline", &self.updates, move || Timeline::new(known)) {
            self.timeline_order.work = OrderWork::Sorting(later);
        }
        false
    }

    fn timeline_ordered(&mut self, result: Result<Timeline, String>) {
        match result {
            Ok(mut timeline) => {
                std::mem::swap(&mut self.timeline, &mut timeline);
                let_go(timeline);
                self.make_room();
            }
            Err(reason) => {
                let text = format!("The recordings could not be put in clock order: {reason}");
                self.notices.add(Gravity::Failure, text);
            }
        }
    }

    /// Whether the timeline is to be seen.
    pub fn shows_timeline(&self) -> bool {
        self.display.show_timeline && self.timeline.is_of_use()
    }

    /// How far a view of a recording may go beyond it: to the ends of the timeline, as long as that is to be seen.
    pub(super) fn room_of(&self, id: RecordingId) -> Room {
        match self.timeline.block(id) {
            Some(block) if self.shows_timeline() => {
                Room { before_secs: block.start_secs, after_secs: self.timeline.end_secs() - block.end_secs() }
            }
            _ => Room::default(),
        }
    }

    /// Lets the view of the open recording go as far as the timeline does.
    pub(super) fn make_room(&mut self) {
        let room = self.open.as_ref().map(|open| self.room_of(open.id)).unwrap_or_default();
        if let Some(open) = &mut self.open {
            open.viewport.set_room(room);
        }
        if !self.shows_timeline() {
            self.neighbours.clear();
        }
    }

    /// The pictures of a recording, if they were kept.
    pub(super) fn take_neighbour(&mut self, id: RecordingId) -> Option<TileEngine> {
        let place = self.neighbours.iter().position(|neighbour| neighbour.id == id)?;
        Some(self.neighbours.swap_remove(place).tiles)
    }

    /// Keeps the pictures of a recording that is no longer the open one, where it may still be in view.
    pub(super) fn keep_as_neighbour(&mut self, open: OpenRecording) {
        if self.shows_timeline() && self.timeline.block(open.id).is_some() {
            self.neighbours.push(Neighbour { id: open.id, tiles: open.tiles, used_at: Instant::now() });
            self.drop_old_neighbours();
        }
    }

    fn drop_old_neighbours(&mut self) {
        while self.neighbours.len() > MOST_NEIGHBOURS {
            let oldest = self.neighbours.iter().enumerate().min_by_key(|(_, neighbour)| neighbour.used_at);
            let Some(place) = oldest.map(|(place, _)| place) else { return };
            self.neighbours.swap_remove(place);
        }
    }

    /// Has the pictures of the recordings computed that are in view beside the open one; the nearest to the centre come first.
    pub(super) fn look_at_neighbours(&mut self, views: &[(RecordingId, TimeView)]) {
        for (id, view) in views.iter().take(MOST_NEIGHBOURS) {
            let kept = self.neighbours.iter().position(|neighbour| neighbour.id == *id);
            let Some(place) = kept.or_else(|| self.start_neighbour(*id)) else { continue };
            let neighbour = &mut self.neighbours[place];
            neighbour.used_at = Instant::now();
            neighbour.tiles.set_views(&[*view]);
        }
        self.drop_old_neighbours();
        let bytes: usize = self.neighbours.iter().map(|neighbour| neighbour.tiles.byte_count()).sum();
        if bytes > KEPT_BYTES {
            self.neighbours.retain(|neighbour| views.iter().any(|(id, _)| *id == neighbour.id));
        }
    }

    fn start_neighbour(&mut self, id: RecordingId) -> Option<usize> {
        let spec = self.specs.get(&id)?;
        let path = &self.document.recording(id)?.path;
        let tiles = self.engine_of(path, spec);
        self.neighbours.push(Neighbour { id, tiles, used_at: Instant::now() });
        Some(self.neighbours.len() - 1)
    }

    /// Takes in what the threads of the neighbours have done.
    pub(super) fn poll_neighbours(&mut self) {
        for neighbour in &mut self.neighbours {
            neighbour.tiles.poll();
        }
    }

    /// Opens the recording in which the view's centre lies, if that is another one. Not while something plays: the view follows that.
    pub(super) fn follow_centre(&mut self) {
        let Some(open) = &self.open else { return };
        let view = open.viewport.span();
        let centre = 0.5 * (view.onset_secs + view.offset_secs);
        if !self.player.is_playing() {
            self.open_beside(centre);
        }
    }

    /// Opens the recording that was going on `secs` after the beginning of the open one, if that is another one, with the same stretch of
    /// the timeline in view. Returns what to add to seconds of the one before.
    fn open_beside(&mut self, secs: f64) -> f64 {
        let Some(open) = self.open.as_ref().filter(|_| self.shows_timeline()) else { return 0.0 };
        if (0.0..=open.viewport.duration_secs()).contains(&secs) {
            return 0.0;
        }
        let Some(here) = self.timeline.block(open.id) else { return 0.0 };
        let there = self.timeline.at(here.start_secs + secs).filter(|there| there.id != open.id);
        let Some(there) = there else { return 0.0 };
        let (id, shift) = (there.id, here.start_secs - there.start_secs);
        let (onset, width) = (open.viewport.span().onset_secs, open.viewport.width_secs());
        self.show_recording_at(id, onset + shift, width);
        shift
    }

    /// Puts the playhead somewhere, also where the view shows another recording: that is opened then, and the view stays. What plays goes
    /// on there.
    pub(super) fn seek_on_timeline(&mut self, secs: f64) {
        let was_playing = self.player.is_playing();
        // Where nothing is opened, the playhead stops at the border.
        let shift = self.open_beside(secs);
        self.seek_and_play(secs + shift, was_playing);
    }

    /// Puts the playhead somewhere in the open recording; if something was playing before that was opened, it goes on there.
    fn seek_and_play(&mut self, secs: f64, was_playing: bool) {
        self.seek(secs);
        if was_playing && !self.player.is_playing() {
            self.play_on_from(self.playhead_secs());
        }
    }

    /// Shows a moment of the timeline: the recording that was going on then, or the nearest one.
    pub(super) fn show_clock(&mut self, clock_secs: f64) {
        let Some(block) = self.timeline.nearest(clock_secs).copied() else { return };
        let was_playing = self.player.is_playing();
        let secs = (clock_secs - block.start_secs).clamp(0.0, block.duration_secs);
        let width = self.open.as_ref().map(|open| open.viewport.width_secs());
        let width = width.unwrap_or(block.duration_secs).min(block.duration_secs);
        let onset = (secs - 0.5 * width).clamp(0.0, (block.duration_secs - width).max(0.0));
        if self.open.as_ref().is_some_and(|open| open.id == block.id) {
            if let Some(open) = &mut self.open {
                open.viewport.show(onset, width);
            }
        } else {
            self.show_recording_at(block.id, onset, width);
        }
        self.seek_and_play(secs, was_playing);
    }

    /// What was played has ended: at the end of a recording of the timeline, it goes on with the next one, unless only a span was asked
    /// for.
    pub(super) fn go_on_after_end(&mut self) {
        let Some(open) = &self.open else { return };
        let (id, duration, width) = (open.id, open.viewport.duration_secs(), open.viewport.width_secs());
        let is_at_end = self.player.position_secs() >= duration - AT_END_SECS;
        if !self.shows_timeline() || self.listening.is_span || !is_at_end {
            return;
        }
        if let Some((next, from)) = self.timeline.after_end(id) {
            self.show_recording_at(next, from, width);
            self.play_on_from(from);
        }
    }
}
