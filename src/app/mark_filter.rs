//! Which events are shown: by state, class, origin, annotator and words. Pure.

use super::marks::{Mark, MarkOrigin};
use crate::annotation::Status;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a person has chosen to see, in a project. Missing fields hide nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct MarkFilter {
    /// States that are not shown; that of rejected events is a setting of its own.
    pub hidden_states: BTreeSet<Status>,
    /// Origins that are not shown.
    pub hidden_origins: BTreeSet<MarkOrigin>,
    /// Only what this annotator changed last; empty for what nobody has told a name for.
    pub annotator: Option<Arc<str>>,
    /// Only what has this in a label or in its comment, upper and lower case alike; empty for all.
    pub text: String,
}

impl MarkFilter {
    /// Whether it lets everything through.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// A filter that is ready to be used, with all else that hides events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sieve {
    filter: MarkFilter,
    hidden_labels: BTreeSet<Arc<str>>,
    /// The text that is looked for, in lower case.
    wanted: String,
}

impl Sieve {
    /// A filter, with the labels whose class is hidden.
    pub fn new(filter: MarkFilter, hidden_labels: BTreeSet<Arc<str>>) -> Self {
        let wanted = filter.text.trim().to_lowercase();
        Self { filter, hidden_labels, wanted }
    }

    /// Whether everything is let through.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it hides everything that nobody has decided about.
    pub fn hides_all_undecided(&self) -> bool {
        self.filter.hidden_states.contains(&Status::Predicted)
    }

    /// Whether it may hide something that nobody has decided about.
    pub fn may_hide_undecided(&self) -> bool {
        let states = self.filter.hidden_states.clone();
        self.hides_all_undecided()
            || !self.hidden_labels.is_empty()
            || self.filter != MarkFilter { hidden_states: states, ..MarkFilter::default() }
    }

    /// Whether a mark is shown. One with several labels is, as long as one of them is.
    pub fn lets_through(&self, mark: &Mark) -> bool {
        let is_hidden = |label: &Arc<str>| self.hidden_labels.contains(label);
        let is_class_hidden =
            || !self.hidden_labels.is_empty() && is_hidden(&mark.label) && mark.more_labels.iter().all(is_hidden);
        let filter = &self.filter;
        !filter.hidden_states.contains(&mark.state)
            && !filter.hidden_origins.contains(&mark.origin)
            && filter.annotator.as_ref().is_none_or(|name| mark.by.as_deref() == Some(name))
            && !is_class_hidden()
            && (self.wanted.is_empty() || self.has_text(mark))
    }

    fn has_text(&self, mark: &Mark) -> bool {
        let labels = std::iter::once(&mark.label).chain(mark.more_labels.iter());
        labels.chain(&mark.comment).any(|text| contains_folded(text, &self.wanted))
    }
}

/// Whether a text has another in it, that is in lower case, whatever the case of the first.
fn contains_folded(text: &str, wanted: &str) -> bool {
    if text.is_ascii() && wanted.is_ascii() {
        return text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    text.to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Edited, Event, EventId, Origin};
    use crate::time::Span;

    fn mark(label: &str, status: Status) -> Mark {
        let mut event = Event::new(EventId(1), Span::between(1.0, 2.0), label, status, Origin::Human);
        event.edited = Some(Edited { by: "Ada".into(), at_ms: 1 });
        event.comment = "Straße, far away".to_owned();
        Mark::of_event(&event)
    }

    fn lets_through(filter: MarkFilter) -> bool {
        Sieve::new(filter, BTreeSet::new()).lets_through(&mark("Dog", Status::Accepted))
    }

    #[test]
    fn each_part_hides_what_it_is_about() {
        assert!(lets_through(MarkFilter::default()));
        let states = |status| MarkFilter { hidden_states: [status].into(), ..MarkFilter::default() };
        assert!(lets_through(states(Status::Rejected)) && !lets_through(states(Status::Accepted)));
        let origins = |origin| MarkFilter { hidden_origins: [origin].into(), ..MarkFilter::default() };
        assert!(lets_through(origins(MarkOrigin::Model)) && !lets_through(origins(MarkOrigin::Human)));
        let annotator = |name: &str| MarkFilter { annotator: Some(name.into()), ..MarkFilter::default() };
        assert!(lets_through(annotator("Ada")) && !lets_through(annotator("Bo")));
        let text = |text: &str| MarkFilter { text: text.to_owned(), ..MarkFilter::default() };
        assert!(lets_through(text("dO")) && lets_through(text(" STRAßE")) && !lets_through(text("cat")));
    }

    #[test]
    fn a_class_is_hidden_only_with_all_labels_of_the_event() {
        let sieve = Sieve::new(MarkFilter::default(), ["Dog".into()].into());
        let mut mark = mark("Dog", Status::Accepted);
        assert!(!sieve.lets_through(&mark));
        mark.more_labels = ["Bark".into()].into();
        assert!(sieve.lets_through(&mark));
    }
}
