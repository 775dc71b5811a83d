//! A person who does anything at random, the same with the same seed: every kind of edit, undo, redo, and facts.

use earmark::annotation::{
    Band, Change, CompleteSpan, Document, Edit, Edited, Event, EventId, Fact, History, LabelClass, Origin, Proposal,
    RecordingId, Status,
};
use earmark::project::ProjectState;
use earmark::time::Span;
use std::path::PathBuf;
use std::sync::Arc;

/// Numbers that look random: xorshift64*.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn secs(&mut self) -> f64 {
        self.below(1 << 30) as f64 / 262_147.0
    }
}

/// The person, with the project as it is in memory.
pub struct Annotator {
    pub document: Document,
    pub history: History,
    pub dice: Dice,
    pub removes_recordings: bool,
    clock_ms: i64,
}

impl Annotator {
    pub fn new(state: &ProjectState, seed: u64) -> Self {
        let (document, history) = (state.document.clone(), state.history.clone());
        Self { document, history, dice: Dice::new(seed), removes_recordings: true, clock_ms: 1_700_000_000_000 }
    }

    pub fn state(&self) -> ProjectState {
        ProjectState { document: self.document.clone(), history: self.history.clone(), ..ProjectState::default() }
    }

    /// One thing that is done, with all that the project file is told of it.
    pub fn act(&mut self) -> Vec<Change> {
        // A clock that goes back now and then.
        self.clock_ms += self.dice.below(5000) as i64 - 1500;
        let edited = Edited { by: ["", "Ada", "Grace"][self.dice.below(3) as usize].into(), at_ms: self.clock_ms };
        loop {
            let change = match self.dice.below(20) {
                0..=2 => self.fact().map(|fact| {
                    self.document.apply_fact(&fact);
                    Change::Fact(fact)
                }),
                3..=5 => self.history.undo(&mut self.document, &edited).map(stepped),
                6..=7 => self.history.redo(&mut self.document, &edited).map(stepped),
                _ => {
                    let edit = self.edit(0);
                    let title = format!("step {}", self.dice.below(1000));
                    let done = self.history.perform(&mut self.document, title, edit, &edited);
                    done.ok().map(|entry| Change::Step(Box::new(entry)))
                }
            };
            if let Some(change) = change {
                return vec![change];
            }
        }
    }

    fn recording(&mut self) -> RecordingId {
        let count = self.document.recording_count() as u64;
        let place = self.dice.below(count) as usize;
        self.document.recordings().nth(place).map_or(RecordingId(0), |(id, _)| id)
    }

    fn fact(&mut self) -> Option<Fact> {
        let id = self.recording();
        let path = |dice: &mut Dice| {
            let folder = ["/audio", "/audio/Möwen", "/elsewhere/a b"][dice.below(3) as usize];
            PathBuf::from(folder).join(format!("{}.wav", dice.below(1 << 40)))
        };
        Some(match self.dice.below(5) {
            0 if self.removes_recordings => Fact::Removed { id },
            1 => Fact::Duration { id, duration_secs: self.dice.secs() },
            2 => Fact::Path { id, path: path(&mut self.dice) },
            3 => Fact::Fingerprint { id, fingerprint: format!("{:x}", self.dice.next()) },
            _ if self.document.recording_count() > 30 => return None,
            _ => Fact::Added { id: self.document.next_recording_id(), path: path(&mut self.dice) },
        })
    }

    fn edit(&mut self, depth: u64) -> Edit {
        let recording = self.recording();
        let event_id = |this: &mut Self| {
            let events = this.document.recording(recording).map_or(0, |recording| recording.events.len());
            let place = this.dice.below(events as u64) as usize;
            this.document.recording(recording)?.events.keys().nth(place).copied()
        };
        match self.dice.below(16 - depth) {
            0 => Edit::SetNote { recording, note: format!("a note\n№ {}", self.dice.below(99)) },
            1 => Edit::SetComplete { recording, is_complete: self.dice.below(2) == 0 },
            2 => Edit::SetCompleteSpans { recording, spans: self.spans() },
            3 => Edit::SetLabelClasses { classes: self.classes() },
            4 | 5 => event_id(self).map_or(Edit::Many { edits: Vec::new() }, |id| Edit::Remove { recording, id }),
            6..=8 => match event_id(self) {
                Some(id) => Edit::Replace { recording, event: self.event(id) },
                None => Edit::SetNote { recording, note: String::new() },
            },
            14 | 15 => Edit::Many { edits: (0..self.dice.below(6)).map(|_| self.edit(2)).collect() },
            _ => {
                let id = self.document.new_event_id();
                Edit::Insert { recording, event: self.event(id) }
            }
        }
    }

    fn span(&mut self) -> Span {
        let onset = self.dice.secs();
        Span::between(onset, onset + self.dice.secs() / 3.0)
    }

    fn label(&mut self) -> Arc<str> {
        ["Dog", "Walk, footsteps", "Möwe", "", "a \"quoted\"\ttab"][self.dice.below(5) as usize].into()
    }

    fn spans(&mut self) -> Vec<CompleteSpan> {
        let edited = Edited { by: "Ada".into(), at_ms: self.clock_ms };
        let span = |this: &mut Self| {
            let labels = (0..this.dice.below(3)).map(|_| this.label()).collect();
            CompleteSpan { span: this.span(), labels, edited: edited.clone() }
        };
        (0..self.dice.below(4)).map(|_| span(self)).collect()
    }

    fn classes(&mut self) -> Vec<LabelClass> {
        let class = |this: &mut Self| LabelClass {
            name: this.label(),
            color: (this.dice.below(2) == 0).then_some(7),
            is_hidden: this.dice.below(2) == 0,
            digit: (this.dice.below(2) == 0).then_some(3),
            synonyms: (0..this.dice.below(3)).map(|_| this.label()).collect(),
            parent: this.label(),
        };
        (0..self.dice.below(5)).map(|_| class(self)).collect()
    }

    fn event(&mut self, id: EventId) -> Event {
        let origin = match self.dice.below(3) {
            0 => Origin::Human,
            1 => Origin::Import,
            _ => Origin::Model(Arc::new(Proposal {
                model: ["yamnet", "fmn10"][self.dice.below(2) as usize].into(),
                version: "1".into(),
                label: self.label(),
                span: self.span(),
                score: self.dice.below(1 << 24) as f32 / (1 << 24) as f32,
                parameters: "threshold 0.2 · median 7".into(),
            })),
        };
        let (label, span) = (self.label(), self.span());
        let status = Status::ALL[self.dice.below(5) as usize];
        let mut event = Event::new(id, span, label, status, origin);
        if self.dice.below(3) == 0 {
            let low_hz = self.dice.secs();
            event.band = Some(Band { low_hz, high_hz: low_hz + self.dice.secs() });
        }
        if self.dice.below(4) == 0 {
            event.more_labels = (0..self.dice.below(3)).map(|_| self.label()).collect();
            event.comment = "heard twice — \u{1f415}\0".to_owned();
            event.fields.insert("site".to_owned(), "north".to_owned());
        }
        if self.dice.below(5) == 0 {
            event.is_point = true;
            event.span.offset_secs = event.span.onset_secs;
        }
        event
    }
}

fn stepped(step: earmark::annotation::Stepped) -> Change {
    Change::Step(Box::new(step.unwrap_or_else(|(_, forgotten)| forgotten)))
}

/// A project with three recordings and a few events, for those who want to start somewhere.
pub fn beginning(seed: u64) -> ProjectState {
    let mut state = ProjectState::default();
    for name in ["/audio/a.wav", "/audio/b.wav", "/audio/Möwe 1.wav"] {
        state.document.add_recording(std::path::Path::new(name), 60.0);
    }
    let mut annotator = Annotator::new(&state, seed);
    for _ in 0..10 {
        annotator.act();
    }
    annotator.state()
}
