//! The order in which recordings are listed, and which of them: kept ready, so that a list of 100,000 costs a frame nothing but the rows
//! that are seen. Made anew in slices of a frame when something changes; until then the list is what it was.

use super::recording_state::RecordingState;
use super::workbench::Workbench;
use crate::annotation::{Document, Fact, RecordingId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Recordings looked at between two looks at the clock.
const AT_ONCE: usize = 256;
/// A list that depends on states is made anew no more often than this.
const BETWEEN_STATES: Duration = Duration::from_millis(700);

/// By what recordings are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// By file name, numbers in it by their value.
    #[default]
    Name,
    /// As they came into the project.
    Added,
    /// By state, what asks for something first.
    State,
    /// Those with the most undecided events first.
    Undecided,
}

impl ListOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Name, Self::Added, Self::State, Self::Undecided];

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "By name",
            Self::Added => "As added",
            Self::State => "By state",
            Self::Undecided => "Most undecided first",
        }
    }
}

/// Which recordings are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFilter {
    /// All.
    #[default]
    All,
    /// Those in one state.
    In(RecordingState),
    /// All that are not marked complete.
    Incomplete,
    /// Those with a note.
    WithNote,
}

/// What a recording is found and ordered by.
struct Entry {
    /// Folder and name in lower case.
    text: Box<str>,
    /// Bytes in whose order names stand.
    key: Arc<[u8]>,
}

/// A list that is being made.
#[derive(Default)]
struct Making {
    /// The recording that was looked at last.
    last: Option<(Arc<[u8]>, RecordingId)>,
    /// Found so far: what they are ordered by, and the recording.
    found: Vec<(u64, RecordingId)>,
}

/// The recordings in the order of the list, and which of them are selected.
#[derive(Default)]
pub struct RecordingList {
    entries: BTreeMap<RecordingId, Entry>,
    /// All of `entries` in the order of names: so that one that comes or goes costs no sorting.
    by_name: BTreeSet<(Arc<[u8]>, RecordingId)>,
    /// Recordings from this one on are still to be taken in.
    next: u64,
    shown: Vec<RecordingId>,
    making: Option<Making>,
    is_stale: bool,
    states_stale: bool,
    made_at: Option<Instant>,
    /// Which recordings are listed.
    pub filter: ListFilter,
    /// What their names hold.
    pub text: String,
    /// In which order.
    pub order: ListOrder,
    /// Which are selected.
    pub selection: BTreeSet<RecordingId>,
    /// Where a selection began that is extended.
    pub anchor: Option<RecordingId>,
    /// The row that keys act from.
    pub cursor: Option<RecordingId>,
}

impl RecordingList {
    /// The recordings that are listed, in order.
    pub fn shown(&self) -> &[RecordingId] {
        &self.shown
    }

    /// Whether all recordings are meant to be listed.
    pub fn is_whole(&self) -> bool {
        self.filter == ListFilter::All && self.text.is_empty()
    }

    /// Whether the list is not yet what was asked for.
    pub fn is_being_made(&self) -> bool {
        self.is_stale || self.making.is_some()
    }

    /// Where a recording stands in the list.
    pub fn place(&self, id: RecordingId) -> Option<usize> {
        self.shown.iter().position(|&shown| shown == id)
    }

    /// The recording `step` rows below another one; from one that is not listed, the first or the last.
    pub fn beside(&self, id: RecordingId, step: isize) -> Option<RecordingId> {
        match self.place(id) {
            Some(place) => self.shown.get(place.checked_add_signed(step)?).copied(),
            None if step > 0 => self.shown.first().copied(),
            None => self.shown.last().copied(),
        }
    }

    /// The recordings of the rows from one to another, both included.
    pub fn between(&self, from: RecordingId, to: RecordingId) -> &[RecordingId] {
        match (self.place(from), self.place(to)) {
            (Some(from), Some(to)) => &self.shown[from.min(to)..=from.max(to)],
            _ => &[],
        }
    }

    /// Another recording is open: it is selected, unless several are.
    pub(super) fn follow_open(&mut self, id: RecordingId) {
        if self.selection.len() <= 1 {
            self.selection = BTreeSet::from([id]);
            (self.anchor, self.cursor) = (Some(id), Some(id));
        }
    }

    /// The rows may be others now.
    pub fn ask_anew(&mut self) {
        self.is_stale = true;
        self.making = None;
    }

    /// States of recordings may be others now.
    pub fn states_changed(&mut self) {
        self.states_stale = true;
    }

    /// Forgets all recordings, as another project takes the place of this one.
    pub fn clear(&mut self) {
        *self = Self { order: self.order, is_stale: true, ..Self::default() };
    }

    /// Takes in what became of recordings.
    pub fn note(&mut self, fact: &Fact) {
        match fact {
            // One that has come back has an old name.
            Fact::Added { id, .. } if id.0 < self.next => {
                self.entries.clear();
                self.by_name.clear();
                self.next = 0;
                self.ask_anew();
            }
            // Added ones are found by their names.
            Fact::Added { .. } => self.is_stale = true,
            Fact::Removed { id } => {
                self.take_out(*id);
                self.selection.remove(id);
                self.cursor = self.cursor.filter(|cursor| cursor != id);
                self.anchor = self.anchor.filter(|anchor| anchor != id);
                self.ask_anew();
            }
            Fact::Path { id, path } => {
                if self.take_out(*id) {
                    self.take_in(*id, path);
                    self.ask_anew();
                }
            }
            Fact::Duration { .. } | Fact::Fingerprint { .. } => {}
        }
    }

    fn depends_on_states(&self) -> bool {
        matches!(self.order, ListOrder::State | ListOrder::Undecided)
            || matches!(self.filter, ListFilter::In(_) | ListFilter::Incomplete | ListFilter::WithNote)
    }

    fn take_in(&mut self, id: RecordingId, path: &Path) {
        let entry = Entry::new(path);
        self.by_name.insert((entry.key.clone(), id));
        self.entries.insert(id, entry);
    }

    /// Whether it was there.
    fn take_out(&mut self, id: RecordingId) -> bool {
        let Some(entry) = self.entries.remove(&id) else { return false };
        self.by_name.remove(&(entry.key, id))
    }

    /// Takes recordings in that came since, until `deadline`; returns whether those are all.
    fn follow(&mut self, document: &Document, deadline: Instant) -> bool {
        let mut taken = 0;
        for (id, recording) in document.recordings_from(RecordingId(self.next)) {
            if taken == AT_ONCE {
                if Instant::now() >= deadline {
                    return false;
                }
                taken = 0;
            }
            taken += 1;
            self.take_in(id, &recording.path);
            self.next = id.0 + 1;
        }
        if self.entries.len() != document.recording_count() {
            // Others went without a word.
            self.entries.retain(|&id, _| document.recording(id).is_some());
            self.by_name.retain(|(_, id)| document.recording(*id).is_some());
        }
        true
    }

    /// The next recordings of the order in which the list is made, after one of them.
    fn after(&self, last: Option<&(Arc<[u8]>, RecordingId)>) -> Vec<(RecordingId, &Entry)> {
        if self.order == ListOrder::Added {
            let after = last.map_or(Bound::Unbounded, |(_, id)| Bound::Excluded(*id));
            let range = self.entries.range((after, Bound::Unbounded));
            return range.take(AT_ONCE).map(|(&id, entry)| (id, entry)).collect();
        }
        let after = last.map_or(Bound::Unbounded, |last| Bound::Excluded(last.clone()));
        let range = self.by_name.range((after, Bound::Unbounded)).take(AT_ONCE);
        range.filter_map(|(_, id)| Some((*id, self.entries.get(id)?))).collect()
    }

    /// Works on the list until `deadline`; returns whether there is more to do.
    fn work(&mut self, bench: &Workbench, deadline: Instant) -> bool {
        let is_rested = self.made_at.is_none_or(|at| at.elapsed() > BETWEEN_STATES);
        if self.making.is_none() {
            let by_states = self.states_stale && self.depends_on_states();
            if !(self.is_stale || by_states && is_rested) {
                return by_states;
            }
            if !self.follow(&bench.document, deadline) {
                return true;
            }
            (self.is_stale, self.states_stale) = (false, false);
            self.making = Some(Making::default());
        }
        let Some(mut making) = self.making.take() else { return false };
        let query = self.text.to_lowercase();
        let open = bench.open.as_ref().map(|open| open.id);
        loop {
            let some = self.after(making.last.as_ref());
            let is_all = some.len() < AT_ONCE;
            for (id, entry) in &some {
                // Who has filtered the open recording away would have no place to go on from.
                if open == Some(*id) || self.is_wanted(bench, *id, entry, &query) {
                    making.found.push((self.rank(bench, *id), *id));
                }
            }
            making.last = some.last().map(|(id, entry)| (entry.key.clone(), *id)).or(making.last);
            if is_all {
                break;
            }
            if Instant::now() >= deadline {
                self.making = Some(making);
                return true;
            }
        }
        if matches!(self.order, ListOrder::State | ListOrder::Undecided) {
            // Stable: within a rank they stay in the order of names.
            making.found.sort_by_key(|&(rank, _)| rank);
        }
        self.shown = making.found.into_iter().map(|(_, id)| id).collect();
        self.made_at = Some(Instant::now());
        self.is_stale
    }

    fn is_wanted(&self, bench: &Workbench, id: RecordingId, entry: &Entry, query: &str) -> bool {
        let recording = || bench.document.recording(id);
        entry.text.contains(query)
            && match self.filter {
                ListFilter::All => true,
                ListFilter::In(state) => bench.recording_state(id) == state,
                ListFilter::Incomplete => recording().is_some_and(|recording| !recording.is_complete),
                ListFilter::WithNote => recording().is_some_and(|recording| !recording.note.is_empty()),
            }
    }

    fn rank(&self, bench: &Workbench, id: RecordingId) -> u64 {
        match self.order {
            ListOrder::Name | ListOrder::Added => 0,
            ListOrder::State => bench.recording_state(id) as u64,
            ListOrder::Undecided => {
                let (decided, all) = bench.decided_of(id);
                u64::MAX - all.saturating_sub(decided) as u64
            }
        }
    }
}

impl Workbench {
    /// Works on the list of recordings for at most `budget`; returns whether there is more to do.
    pub(super) fn work_on_list(&mut self, budget: Duration) -> bool {
        let mut list = std::mem::take(&mut self.list);
        let more = list.work(self, Instant::now() + budget);
        self.list = list;
        more
    }
}

impl Entry {
    fn new(path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().to_lowercase();
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().to_lowercase());
        let folder = folder.unwrap_or_default();
        let key = [name_key(&name), name_key(&folder)].join(&0);
        Self { text: format!("{folder}/{name}").into(), key: key.into() }
    }
}

/// Bytes in whose order names stand: numbers in them by their value, whatever zeros they begin with.
fn name_key(name: &str) -> Vec<u8> {
    let bytes = name.as_bytes();
    let mut key = Vec::with_capacity(bytes.len() + 4);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_digit() {
            let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let zeros = bytes[at..at + digits].iter().take_while(|&&byte| byte == b'0').count().min(digits - 1);
            let value = &bytes[at + zeros..at + digits];
            // A longer number is a larger one.
            key.extend([b'0', u8::try_from(value.len()).unwrap_or(u8::MAX)]);
            key.extend(value);
            at += digits;
        } else {
            key.push(byte);
            at += 1;
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::Edit;
    use crate::app::Settings;
    use std::sync::Arc;

    fn bench(names: &[&str]) -> Workbench {
        let mut bench = Workbench::new(Settings::default(), Arc::new(|| {}));
        for (id, name) in names.iter().enumerate() {
            bench.note(Fact::Added { id: RecordingId(id as u64), path: Path::new("/field").join(name) });
        }
        bench
    }

    fn names(bench: &mut Workbench) -> Vec<String> {
        bench.follow_decisions();
        while bench.work_on_list(Duration::from_secs(5)) {}
        let name = |&id: &RecordingId| bench.document.recording(id).unwrap().file_name();
        bench.list.shown().iter().map(name).collect()
    }

    #[test]
    fn numbers_in_names_are_ordered_by_their_value() {
        let mut bench = bench(&["b10.wav", "b2.wav", "B002a.wav", "a.wav", "b2b/1.wav"]);
        assert_eq!(names(&mut bench), ["1.wav", "a.wav", "b2.wav", "B002a.wav", "b10.wav"]);
        bench.note(Fact::Added { id: RecordingId(9), path: "/field/b3.wav".into() });
        assert_eq!(names(&mut bench), ["1.wav", "a.wav", "b2.wav", "B002a.wav", "b3.wav", "b10.wav"]);
        bench.list.order = ListOrder::Added;
        bench.list.ask_anew();
        assert_eq!(names(&mut bench)[..2], ["b10.wav", "b2.wav"]);
    }

    #[test]
    fn what_is_typed_is_looked_for_in_folder_and_name() {
        let mut bench = bench(&["north/a1.wav", "south/a1.wav", "south/b.wav"]);
        for (text, found) in [("SOUTH", 2), ("a1", 2), ("south/a", 1), ("x", 0), ("", 3)] {
            bench.list.text = text.to_owned();
            bench.list.ask_anew();
            assert_eq!(names(&mut bench).len(), found, "{text}");
        }
    }

    #[test]
    fn a_recording_that_is_complete_leaves_the_list_of_those_that_are_not() {
        let mut bench = bench(&["a.wav", "b.wav", "c.wav"]);
        bench.list.filter = ListFilter::Incomplete;
        bench.list.ask_anew();
        assert_eq!(names(&mut bench).len(), 3);
        bench.perform("complete", Edit::SetComplete { recording: RecordingId(1), is_complete: true });
        assert_eq!(names(&mut bench), ["a.wav", "c.wav"]);
        bench.list.filter = ListFilter::In(RecordingState::Complete);
        bench.list.ask_anew();
        assert_eq!(names(&mut bench), ["b.wav"]);
        bench.list.filter = ListFilter::All;
        bench.list.order = ListOrder::State;
        bench.list.ask_anew();
        assert_eq!(names(&mut bench), ["a.wav", "c.wav", "b.wav"]);
    }

    #[test]
    fn rows_are_found_beside_each_other_and_gone_ones_are_forgotten() {
        let mut bench = bench(&["a.wav", "b.wav", "c.wav"]);
        names(&mut bench);
        let id = RecordingId;
        assert_eq!(bench.list.beside(id(0), 1), Some(id(1)));
        assert_eq!(bench.list.beside(id(0), -1), None);
        assert_eq!(bench.list.beside(id(77), 1), Some(id(0)));
        assert_eq!(bench.list.between(id(2), id(1)), [id(1), id(2)]);
        bench.list.selection.extend([id(1), id(2)]);
        bench.note(Fact::Removed { id: id(1) });
        assert_eq!(names(&mut bench), ["a.wav", "c.wav"]);
        assert_eq!(bench.list.selection, BTreeSet::from([id(2)]));
        bench.list.selection = BTreeSet::from([id(0)]);
        bench.perform("note", Edit::SetNote { recording: id(0), note: "wind".to_owned() });
        bench.undo();
        bench.remove_recordings();
        assert_eq!(names(&mut bench), ["c.wav"]);
        bench.undo();
        assert_eq!(names(&mut bench), ["a.wav", "c.wav"]);
        bench.redo();
        assert_eq!(names(&mut bench), ["c.wav"]);
        bench.undo();
        names(&mut bench);
        bench.note(Fact::Path { id: id(0), path: "/field/z.wav".into() });
        assert_eq!(names(&mut bench), ["c.wav", "z.wav"]);
    }

    #[test]
    fn recordings_that_come_are_taken_in_by_slices() {
        let all: Vec<String> = (0..3 * AT_ONCE).map(|place| format!("{:04}.wav", place * 7919 % 1009)).collect();
        let mut bench = bench(&all.iter().map(String::as_str).collect::<Vec<&str>>());
        bench.follow_decisions();
        let mut slices = 0;
        while bench.work_on_list(Duration::ZERO) {
            slices += 1;
        }
        assert!(slices >= 5, "{slices}");
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(names(&mut bench), sorted);
        for id in (0..all.len() as u64).filter(|id| id % 3 > 0) {
            bench.note(Fact::Removed { id: RecordingId(id) });
        }
        let mut left: Vec<String> = all.iter().step_by(3).cloned().collect();
        left.sort();
        assert_eq!(names(&mut bench), left);
    }
}
