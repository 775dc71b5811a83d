//! From stored scores to the predictions of the open recording: what little is to be decided at once, everything else on the deciding
//! thread; and a selected prediction that stays selected when its edges move.

use super::marks::{PredictionKey, Target};
use super::workbench::Workbench;
use crate::decision::{Decided, Prediction};
use std::time::Instant;

/// So many frames of classes are decided within the frame that asks for it: about a millisecond's work.
const DECIDED_AT_ONCE: usize = 50_000;

impl Workbench {
    /// Decides again from the stored scores, without the model, about what has changed.
    pub(super) fn refresh_predictions(&mut self) {
        self.predictions_stale = false;
        self.refreshed_at = Instant::now();
        self.choose_strongest();
        self.ask_for_decisions();
        self.adopt_decisions();
    }

    /// Whether decisions are still being made about the newest rules.
    pub fn is_deciding(&self) -> bool {
        self.deciding.is_some()
    }

    /// The predictions of a class of the open recording, decided about or not, by onset.
    pub fn predictions_of(&self, class: usize) -> &[Prediction] {
        if self.scored_here().is_some() { self.decisions.of(class) } else { &[] }
    }

    /// As long as the user has not chosen, the strongest classes are shown that reach their thresholds.
    fn choose_strongest(&mut self) {
        let Some(open) = &self.open else { return };
        if let Some(scored) = self.scored.get_mut(&open.id).filter(|scored| !scored.chosen_by_user) {
            scored.chosen = scored.strongest();
        }
    }

    fn ask_for_decisions(&mut self) {
        self.deciding = None;
        let focused = self.focused_class();
        let here = self.open.as_ref().and_then(|open| Some((open, self.scored.get(&open.id)?)));
        let Some((open, scored)) = here else {
            self.decider.forget();
            self.decisions.begin_anew();
            return;
        };
        // What the user looks at comes first.
        let first = focused.filter(|class| scored.chosen.contains(class));
        let rest = scored.chosen.iter().copied().filter(|&class| Some(class) != first);
        let wanted = first.into_iter().chain(rest).map(|class| (class, scored.rule_of(class)));
        match self.decisions.stale(&scored.scores, open.viewport.duration_secs(), wanted) {
            None => self.decider.forget(),
            Some(mut request) if request.cost() <= DECIDED_AT_ONCE => {
                self.decider.forget();
                while let Some(decided) = request.decide_next() {
                    self.decisions.take(decided);
                }
            }
            Some(request) => {
                self.deciding = Some(request.generation);
                self.decider.ask(request);
            }
        }
    }

    /// Decisions have come from the thread.
    pub(super) fn decided(&mut self, all: Vec<Decided>) {
        let newest = all.iter().map(|decided| decided.generation).max();
        self.deciding = self.deciding.filter(|&asked| newest.is_none_or(|newest| newest < asked));
        let mut is_news = false;
        for decided in all {
            is_news |= self.decisions.take(decided);
        }
        if is_news {
            self.adopt_decisions();
        }
    }

    /// Shows what was decided last, whichever rules that was by.
    fn adopt_decisions(&mut self) {
        let selected = self.selected.and_then(|target| match target {
            Target::Prediction(key) => self.prediction(key),
            Target::Event(_) => None,
        });
        let chosen = self.scored_here().map(|scored| scored.chosen.clone());
        self.predictions = chosen.map(|chosen| self.decisions.of_all(&chosen)).unwrap_or_default();
        if let Some(before) = selected {
            self.follow(&before);
        }
        self.predictions_changed();
    }

    /// Selects what a prediction has become: the one of its class that it shares most time with.
    fn follow(&mut self, before: &Prediction) {
        let successors = self.predictions.iter().filter(|after| after.class == before.class);
        let shared = |after: &&Prediction| after.span.overlap_secs(before.span);
        let nearest = successors.filter(|after| shared(after) > 0.0).max_by(|a, b| shared(a).total_cmp(&shared(b)));
        if let Some(after) = nearest {
            let target = Some(Target::Prediction(PredictionKey::of(after)));
            if let Some(focus) = self.focus.as_mut().filter(|focus| focus.selected == self.selected) {
                focus.selected = target;
            }
            self.selected = target;
        }
    }
}
