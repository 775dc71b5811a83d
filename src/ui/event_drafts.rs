//! Texts about the selected event that are being typed: kept until they are done, so that each is one step of undo.

use crate::annotation::Event;
use crate::app::{EventChange, Request, Target, Workbench};
use std::collections::BTreeMap;

/// What is being typed about an event.
#[derive(Debug, Default)]
pub struct EventDrafts {
    /// About which event.
    target: Option<Target>,
    /// The remark.
    pub comment: String,
    /// The values of the fields that it has.
    pub fields: BTreeMap<String, String>,
    /// The name and value of a field that it shall have, if one is being added.
    pub new_field: Option<(String, String)>,
    /// The remark's text field shall have the focus.
    pub focus_comment: bool,
    /// What the event has.
    kept: (String, BTreeMap<String, String>),
}

impl EventDrafts {
    /// Takes up what the selected event has. What was typed about another one is not lost.
    pub fn follow(&mut self, bench: &Workbench, requests: &mut Vec<Request>) {
        let event = bench.selected_event();
        let has = |event: &Event| self.kept.0 == event.comment && self.kept.1 == event.fields;
        if self.target == bench.selected && event.map_or(self.kept == Default::default(), has) {
            return;
        }
        if self.target != bench.selected
            && let Some(target) = self.target
        {
            requests.extend(self.comment_request(target));
            requests.extend(self.fields_request(target));
        }
        self.target = bench.selected;
        self.kept = event.map(|event| (event.comment.clone(), event.fields.clone())).unwrap_or_default();
        (self.comment, self.fields) = self.kept.clone();
        self.new_field = None;
    }

    /// What asks for the remark that was typed, if it is another one. It is asked for once: a prediction that is remarked on becomes an
    /// event, and what was typed would else be taken for a remark on yet another one.
    pub fn comment_request(&mut self, target: Target) -> Option<Request> {
        let comment = self.comment.trim_end();
        if comment == self.kept.0 {
            return None;
        }
        self.kept.0 = comment.to_owned();
        Some(Request::ChangeEvent { target, change: EventChange::Comment(self.kept.0.clone()) })
    }

    /// What asks for the fields that were typed, if they are others; once, too.
    pub fn fields_request(&mut self, target: Target) -> Option<Request> {
        if self.fields == self.kept.1 {
            return None;
        }
        self.kept.1.clone_from(&self.fields);
        Some(Request::ChangeEvent { target, change: EventChange::Fields(self.fields.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::EventId;

    #[test]
    fn what_was_typed_is_asked_for_once() {
        let target = Target::Event(EventId(1));
        let mut drafts = EventDrafts { comment: "far away \n".to_owned(), ..EventDrafts::default() };
        drafts.fields.insert("quality".to_owned(), "good".to_owned());
        let change = EventChange::Comment("far away".to_owned());
        assert_eq!(drafts.comment_request(target), Some(Request::ChangeEvent { target, change }));
        assert!(drafts.fields_request(target).is_some());
        assert!(drafts.comment_request(target).is_none() && drafts.fields_request(target).is_none());
        drafts.comment = "near".to_owned();
        assert!(drafts.comment_request(target).is_some());
    }
}
