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

    /// What was typed is to be kept now, before its project is left.
    pub fn take(&mut self) -> Vec<Request> {
        let target = self.target.take();
        let requests = target.map(|target| self.comment_request(target).into_iter().chain(self.fields_request(target)));
        let requests = requests.into_iter().flatten().collect();
        *self = Self::default();
        requests
    }

    /// What asks for the remark that was typed, if it is another one.
    pub fn comment_request(&self, target: Target) -> Option<Request> {
        let change = EventChange::Comment(self.comment.trim_end().to_owned());
        (self.comment.trim_end() != self.kept.0).then_some(Request::ChangeEvent { target, change })
    }

    /// What asks for the fields that were typed, if they are others.
    pub fn fields_request(&self, target: Target) -> Option<Request> {
        let change = EventChange::Fields(self.fields.clone());
        (self.fields != self.kept.1).then_some(Request::ChangeEvent { target, change })
    }
}
