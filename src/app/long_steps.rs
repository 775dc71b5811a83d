//! Steps of the history that are too large for one frame: made, taken back and made again in pieces of a few milliseconds a frame, so that the
//! window goes on meanwhile.
//!
//! What is done so far is shown. Until all is done neither the history nor the project's file knows of the step, so that whoever stops it, or
//! a computer that goes off, leaves the project as it was before. Nothing else is changed in between: [`Workbench::perform`] refuses.

use super::crash_report;
use super::importing_many::{ImportEnd, ImportMany, Preparation};
use super::keeping_marks::events_of;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Change, Direction, EditError, HistoryEntry, LongStep};
use crate::work::let_go;
use std::time::{Duration, Instant};

/// A step about more events than this is made in pieces.
pub(super) const MOST_AT_ONCE: usize = 2000;
/// How long one frame may spend on it, and edits between two looks at the clock.
const BUDGET: Duration = Duration::from_millis(6);
const EDITS_A_PIECE: usize = 128;
/// Where frames take long anyway, because there is no graphics device, it is so large a part of the time between them, up to so long.
const PART_OF_FRAMES: f64 = 0.4;
const MOST_BUDGET: Duration = Duration::from_millis(60);
/// What is said about it takes the place of what was said before.
const ABOUT_STEP: &str = "long step";

/// A step that is under way.
#[derive(Debug)]
pub struct StepUnderWay {
    stage: Stage,
    /// How many steps of the history follow it in the same direction.
    steps_after: u64,
    /// What is told when it is done, if it is an import.
    import: Option<Box<ImportEnd>>,
    /// Whoever wants to leave was told that it is waited for.
    is_leave_told: bool,
    /// When it was gone on with last, unless a thread was waited for since, and how long after the time before.
    worked_at: Option<Instant>,
    between: Duration,
}

#[derive(Debug)]
enum Stage {
    /// The edits of an import are being found out.
    Preparing(Box<ImportMany>),
    Making(Box<LongStep>),
    /// It was stopped, or does not fit.
    Leaving(Box<LongStep>, Option<EditError>),
}

impl StepUnderWay {
    fn new(stage: Stage) -> Self {
        let (worked_at, between) = (None, Duration::ZERO);
        Self { stage, steps_after: 0, import: None, is_leave_told: false, worked_at, between }
    }

    /// How long the frame that begins now may spend on it.
    fn budget(&mut self, now: Instant) -> Duration {
        let between = self.worked_at.replace(now).map_or(Duration::ZERO, |before| now.duration_since(before));
        // One long frame is an accident, two are how it is.
        let between = std::mem::replace(&mut self.between, between).min(between);
        between.mul_f64(PART_OF_FRAMES).clamp(BUDGET, MOST_BUDGET)
    }

    /// What is being done, in words: `undo import 20,000 events from labels.tsv`.
    pub fn text(&self) -> String {
        match &self.stage {
            Stage::Preparing(import) => format!("Import from {}", import.name()),
            Stage::Leaving(step, _) => format!("Stopping: {}", words(step)),
            Stage::Making(step) => words(step),
        }
    }

    /// How much of it is done, 0 to 1.
    pub fn part(&self) -> f32 {
        match &self.stage {
            Stage::Preparing(_) => 0.0,
            Stage::Making(step) | Stage::Leaving(step, _) => step.part(),
        }
    }

    /// Whether it is being stopped.
    pub fn is_stopping(&self) -> bool {
        matches!(self.stage, Stage::Leaving(..))
    }
}

fn words(step: &LongStep) -> String {
    let title = step.title();
    match step.direction() {
        Direction::Undo => format!("Undo {title}"),
        Direction::Redo => format!("Redo {title}"),
        Direction::Do | Direction::ForgetUndo | Direction::ForgetRedo => {
            let mut letters = title.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

impl Workbench {
    /// The step that is under way, if one is.
    pub fn step_under_way(&self) -> Option<&StepUnderWay> {
        self.under_way.as_ref()
    }

    /// Begins to import so many events that this takes more than a frame.
    pub(super) fn begin_import_of_many(&mut self, import: ImportMany) {
        self.leave_others();
        self.under_way = Some(StepUnderWay::new(Stage::Preparing(Box::new(import))));
    }

    /// Begins to take the last step back, or to make the one again that was taken back last, if that is long; false if it is not.
    pub(super) fn begin_long_step(&mut self, direction: Direction) -> bool {
        let is_undo = direction == Direction::Undo;
        let next = if is_undo { self.history.next_undo() } else { self.history.next_redo() };
        if !next.is_some_and(|edit| edit.is_long(MOST_AT_ONCE)) {
            return false;
        }
        let edited = self.edited();
        let step = if is_undo { self.history.begin_undo(&edited) } else { self.history.begin_redo(&edited) };
        let Some(step) = step else { return false };
        self.leave_others();
        self.under_way = Some(StepUnderWay::new(Stage::Making(Box::new(step))));
        true
    }

    /// Once the step that is under way is done, so many more are made in the same direction; false if none is under way.
    pub(super) fn go_on_after_step(&mut self, steps: u64) -> bool {
        if let Some(under_way) = &mut self.under_way {
            under_way.steps_after = steps;
        }
        self.under_way.is_some()
    }

    /// Whether a step is under way; then that is said, so that no key seems to do nothing.
    pub(super) fn waits_for_step(&mut self) -> bool {
        let Some(under_way) = &self.under_way else { return false };
        let text = format!(
            "Nothing was changed: \u{201c}{}\u{201d} is still under way ({:.0} %). Wait for it, or stop it in the bar at the bottom",
            under_way.text(),
            100.0 * under_way.part()
        );
        self.notices.renew(ABOUT_STEP, Gravity::Warning, text);
        true
    }

    /// Whether leaving waits for a step, which is told once.
    pub(super) fn leaves_after_step(&mut self) -> bool {
        let Some(under_way) = &mut self.under_way else { return false };
        if !std::mem::replace(&mut under_way.is_leave_told, true) {
            let text = format!("Before leaving, this is waited for: {}", under_way.text());
            self.notices.renew(ABOUT_STEP, Gravity::Warning, text);
        }
        true
    }

    /// Leaves everything as it was before the step that is under way.
    pub(super) fn stop_step(&mut self) {
        let Some(mut under_way) = self.under_way.take() else { return };
        under_way.steps_after = 0;
        under_way.stage = match under_way.stage {
            Stage::Preparing(import) => {
                self.notices.renew(ABOUT_STEP, Gravity::Done, format!("Nothing was imported from {}", import.name()));
                let_go(import);
                return;
            }
            Stage::Making(step) => Stage::Leaving(step, None),
            leaving @ Stage::Leaving(..) => leaving,
        };
        self.under_way = Some(under_way);
    }

    /// Goes on with the step that is under way, a few milliseconds of it.
    pub(super) fn go_on_with_step(&mut self) {
        let Some(under_way) = &mut self.under_way else { return };
        let now = Instant::now();
        let until = now + under_way.budget(now);
        if !self.work_on_step(Some(until)) {
            (self.wake)();
        } else if let Some(under_way) = &mut self.under_way {
            under_way.worked_at = None;
        }
    }

    /// Makes the rest of a step at once, or lets go of it if nothing of it is made: whoever is about to write the whole state must have the
    /// step in it or not.
    pub(super) fn settle_step(&mut self) {
        match &self.under_way {
            None => {}
            Some(StepUnderWay { stage: Stage::Preparing(_), .. }) => self.stop_step(),
            Some(_) => drop(self.work_on_step(None)),
        }
    }

    /// Works until a moment, or until all is done; returns whether a thread must be waited for, which wakes the window itself.
    fn work_on_step(&mut self, until: Option<Instant>) -> bool {
        let (mut is_changed, mut is_waiting) = (false, false);
        while let Some(under_way) = self.under_way.take() {
            is_changed |= !matches!(under_way.stage, Stage::Preparing(_));
            is_waiting = self.make_piece(under_way);
            if is_waiting || until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
        }
        if is_changed {
            self.revision += 1;
            self.follow_pieces();
        }
        is_waiting
    }

    /// Does one piece of work; returns whether a thread must be waited for.
    fn make_piece(&mut self, mut under_way: StepUnderWay) -> bool {
        under_way.stage = match under_way.stage {
            Stage::Preparing(mut import) => match self.prepare_import(&mut import) {
                Preparation::Ready(step, end) => {
                    under_way.import = Some(end);
                    let Some(step) = step else {
                        self.tell_import(under_way.import);
                        return false;
                    };
                    Stage::Making(step)
                }
                Preparation::Failed(reason) => {
                    self.notices.add(Gravity::Failure, format!("Nothing was imported: {reason}"));
                    return false;
                }
                unready => {
                    under_way.stage = Stage::Preparing(import);
                    self.under_way = Some(under_way);
                    return matches!(unready, Preparation::Waiting);
                }
            },
            Stage::Making(mut step) => match step.advance(&mut self.document, EDITS_A_PIECE) {
                Ok(Some(inverse)) => {
                    let events = events_of(inverse, self.marks_of);
                    self.follow_piece(events);
                    Stage::Making(step)
                }
                Ok(None) => {
                    self.step_made(*step, under_way.steps_after);
                    self.tell_import(under_way.import);
                    return false;
                }
                Err(error) => Stage::Leaving(step, Some(error)),
            },
            Stage::Leaving(mut step, error) => match step.retreat(&mut self.document) {
                Some(inverse) => {
                    let events = events_of(&inverse, self.marks_of);
                    self.follow_piece(events);
                    Stage::Leaving(step, error)
                }
                None => {
                    self.step_left(*step, error);
                    return false;
                }
            },
        };
        self.under_way = Some(under_way);
        false
    }

    /// All of a step is made.
    fn step_made(&mut self, step: LongStep, steps_after: u64) {
        let (entry, forgotten) = self.history.finish(step);
        let_steps_go(forgotten);
        crash_report::note(&entry.title);
        let (direction, touched) = (entry.direction, self.touched_by(&entry.inverse));
        self.unlogged.push(Change::Step(Box::new(entry)));
        match direction {
            Direction::Undo => {
                self.show_touched(touched);
                self.undo_steps(steps_after);
            }
            Direction::Redo => {
                self.show_touched(touched);
                self.redo_steps(steps_after);
            }
            Direction::Do | Direction::ForgetUndo | Direction::ForgetRedo => {
                self.forget_unread_redo();
                self.ask_whose_edits();
            }
        }
    }

    /// A step was stopped or does not fit; all is as it was before it.
    fn step_left(&mut self, step: LongStep, error: Option<EditError>) {
        let text = words(&step);
        match error {
            None => {
                if let Some(new) = self.history.give_up(step) {
                    let_go(new);
                }
                self.notices.renew(ABOUT_STEP, Gravity::Done, format!("Stopped, nothing was changed: {text}"));
            }
            Some(error) => {
                if let Some(entry) = self.history.forget(step) {
                    self.unlogged.push(Change::Step(Box::new(entry)));
                }
                self.notices.add(Gravity::Failure, format!("Nothing was changed: {error} ({text})"));
            }
        }
    }

    /// Tells what was imported.
    fn tell_import(&mut self, end: Option<Box<ImportEnd>>) {
        if let Some(end) = end {
            self.import_taken(*end);
        }
    }
}

/// Frees steps that cannot be made again any more, long ones on a thread.
pub(super) fn let_steps_go(steps: Vec<HistoryEntry>) {
    if steps.iter().any(|step| step.edit.is_long(MOST_AT_ONCE)) {
        let_go(steps);
    }
}
