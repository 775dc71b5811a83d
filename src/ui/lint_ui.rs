//! The page of findings: what is suspicious in the labels of the project, by rule; a click goes to the event.

use super::event_table_ui::grouped;
use super::long_list::LongList;
use super::widgets::{list_row, text_in, weak};
use super::{icons, theme};
use crate::annotation::Document;
use crate::annotation::lint::{Finding, RULES, Report, Rule, RuleKind, Severity};
use crate::app::{LintRequest, Request, Target, Workbench};
use crate::time::clock_text;
use eframe::egui::{self, Align, Align2, Button, Color32, Layout, Rect, RichText, Spinner, Ui, UiBuilder, pos2, vec2};
use std::collections::BTreeSet;

const FIX_WIDTH: f32 = 40.0;

/// What the page keeps for itself.
pub struct LintPage {
    list: LongList,
    closed: BTreeSet<RuleKind>,
}

impl Default for LintPage {
    fn default() -> Self {
        // Hints are many and rarely wrong: they are opened by whoever wants to look at them.
        let hints = RULES.iter().filter(|rule| rule.severity == Severity::Hint);
        Self { list: LongList::default(), closed: hints.map(|rule| rule.kind).collect() }
    }
}

/// A line of the list.
enum Line<'a> {
    Rule(&'a Group<'a>),
    Finding(&'a Finding),
}

/// A rule with what it has found.
struct Group<'a> {
    rule: &'static Rule,
    findings: &'a [Finding],
    fixable: usize,
}

/// Draws the page.
pub fn show(ui: &mut Ui, bench: &Workbench, page: &mut LintPage, requests: &mut Vec<Request>) {
    let linting = &bench.linting;
    let Some(report) = &linting.report else {
        ui.horizontal(|ui| {
            ui.add(Spinner::new().size(14.0));
            ui.label(weak("Checking labels…"));
        });
        return;
    };
    summary(ui, bench, report);
    let fixable = report.fixable_count();
    if fixable > 0 {
        let button = ui.button(format!("Fix all safe ones ({})", grouped(fixable)));
        let hover = "Put right everything that can be put right safely; one step of undo";
        if button.on_hover_text(hover).clicked() {
            requests.push(Request::Findings(LintRequest::FixAll(None)));
        }
    }
    ui.separator();
    let of_rules = RULES.iter().zip(report.findings.iter().zip(&report.fixable));
    let groups: Vec<Group<'_>> = of_rules
        .filter(|(_, (findings, _))| !findings.is_empty())
        .map(|(rule, (findings, &fixable))| Group { rule, findings, fixable })
        .collect();
    let starts = starts(&groups, &page.closed);
    let rows = starts.last().copied().unwrap_or_default();
    let mut toggled = None;
    let closed = &page.closed;
    page.list.show(ui, "Findings", rows, |ui, rows| {
        for row in rows {
            match line_at(&groups, &starts, row) {
                Some(Line::Rule(group)) => {
                    let is_clicked = rule_row(ui, group, !closed.contains(&group.rule.kind), requests);
                    toggled = toggled.or(is_clicked.then_some(group.rule.kind));
                }
                Some(Line::Finding(finding)) => finding_row(ui, bench, finding, requests),
                None => {}
            }
        }
    });
    if let Some(kind) = toggled
        && !page.closed.remove(&kind)
    {
        page.closed.insert(kind);
    }
}

fn summary(ui: &mut Ui, bench: &Workbench, report: &Report) {
    ui.horizontal(|ui| {
        let events = grouped(report.event_count);
        let text = match report.len() {
            0 => format!("Nothing suspicious in {events} events"),
            1 => format!("1 finding in {events} events"),
            count => format!("{} findings in {events} events", grouped(count)),
        };
        ui.label(weak(text));
        if bench.linting.is_at_work() || bench.linting.of_revision != bench.revision {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(Spinner::new().size(12.0)).on_hover_text("The labels are checked again");
            });
        }
    });
}

/// The row of each group's heading, and how many rows there are in all.
fn starts(groups: &[Group<'_>], closed: &BTreeSet<RuleKind>) -> Vec<usize> {
    let mut rows = 0;
    let mut starts = Vec::with_capacity(groups.len() + 1);
    for group in groups {
        starts.push(rows);
        rows += 1 + if closed.contains(&group.rule.kind) { 0 } else { group.findings.len() };
    }
    starts.push(rows);
    starts
}

fn line_at<'a>(groups: &'a [Group<'a>], starts: &[usize], row: usize) -> Option<Line<'a>> {
    let place = starts.partition_point(|&start| start <= row).checked_sub(1)?;
    let group = groups.get(place)?;
    match row - starts[place] {
        0 => Some(Line::Rule(group)),
        below => group.findings.get(below - 1).map(Line::Finding),
    }
}

/// The heading of a rule's findings; whether it was clicked.
fn rule_row(ui: &mut Ui, group: &Group<'_>, is_open: bool, requests: &mut Vec<Request>) -> bool {
    let Group { rule, findings, fixable } = group;
    let is_fixable = *fixable > 0;
    let count = grouped(findings.len());
    let name = format!("{}, {count} found, {}", rule.title, if is_open { "open" } else { "closed" });
    let mut row = Rect::NOTHING;
    let response = list_row(ui, &name, false, |ui, rect| {
        row = rect;
        let caret = if is_open { icons::CARET_DOWN } else { icons::CARET_UP };
        let (icon, color) = severity_icon(ui, rule.severity);
        let weak_text = theme::colors(ui.visuals()).weak_text;
        text_in(ui, rect, Align2::LEFT_CENTER, caret, 11.0, weak_text);
        text_in(ui, rect.with_min_x(rect.left() + 16.0), Align2::LEFT_CENTER, icon, 14.0, color);
        let right = rect.with_max_x(rect.right() - if is_fixable { FIX_WIDTH + 6.0 } else { 0.0 });
        let taken = text_in(ui, right, Align2::RIGHT_CENTER, &count, 12.0, weak_text);
        let middle = Rect::from_min_max(rect.min + vec2(36.0, 0.0), pos2(right.right() - taken - 6.0, rect.bottom()));
        text_in(ui, middle, Align2::LEFT_CENTER, rule.title, 13.0, ui.visuals().strong_text_color());
    });
    if is_fixable {
        let what = format!("Fix all: {}", rule.title);
        let hover = format!("Put right the {} of these that can be, in one step of undo", grouped(*fixable));
        if fix_button(ui, row, &what, &hover) {
            requests.push(Request::Findings(LintRequest::FixAll(Some(rule.kind))));
        }
    }
    let hover = format!("{} ({})\n{}", rule.title, rule.severity.text(), rule.why);
    response.on_hover_text(hover).clicked()
}

fn finding_row(ui: &mut Ui, bench: &Workbench, finding: &Finding, requests: &mut Vec<Request>) {
    let text = finding.text(&bench.document);
    let place = place_text(&bench.document, finding);
    let is_here = bench.open.as_ref().is_some_and(|open| open.id == finding.recording);
    let is_selected = is_here && finding.events.iter().any(|&id| bench.selected == Some(Target::Event(id)));
    let mut row = Rect::NOTHING;
    let name = format!("{}: {text}, {place}", finding.rule.rule().title);
    let response = list_row(ui, &name, is_selected, |ui, rect| {
        row = rect;
        let weak_text = theme::colors(ui.visuals()).weak_text;
        let right = rect.with_max_x(rect.right() - if finding.is_fixable { FIX_WIDTH + 6.0 } else { 0.0 });
        let half = rect.with_min_x(rect.center().x).with_max_x(right.right());
        let taken = text_in(ui, half, Align2::RIGHT_CENTER, &place, 11.0, weak_text);
        let left = Rect::from_min_max(rect.min + vec2(16.0, 0.0), pos2(right.right() - taken - 8.0, rect.bottom()));
        text_in(ui, left, Align2::LEFT_CENTER, &text, 13.0, ui.visuals().text_color());
    });
    if finding.is_fixable && fix_button(ui, row, &format!("Fix: {text}, {place}"), "Put this right; one step of undo") {
        requests.push(Request::Findings(LintRequest::Fix(Box::new(finding.clone()))));
    }
    if response.on_hover_text(format!("{text}\n{place}\nClick to go there")).clicked()
        && let Some(&event) = finding.events.first()
    {
        requests.push(Request::Findings(LintRequest::GoTo(finding.recording, event)));
    }
}

/// The recording and the moment.
fn place_text(document: &Document, finding: &Finding) -> String {
    let time = clock_text(finding.at_secs, 2);
    match document.recording(finding.recording).filter(|_| document.recording_count() > 1) {
        Some(recording) => format!("{} {time}", recording.file_name()),
        None => time,
    }
}

fn fix_button(ui: &mut Ui, row: Rect, name: &str, hover: &str) -> bool {
    if !ui.is_rect_visible(row) {
        return false;
    }
    let place =
        Rect::from_min_max(pos2(row.right() - FIX_WIDTH, row.top() + 2.0), pos2(row.right(), row.bottom() - 2.0));
    let builder = UiBuilder::new().max_rect(place).layout(Layout::centered_and_justified(egui::Direction::LeftToRight));
    let button = Button::new(RichText::new("Fix").size(12.0)).min_size(place.size());
    let response = ui.scope_builder(builder, |ui| ui.add(button)).inner;
    response.accessible_name(name).on_hover_text(hover).clicked()
}

/// Told by shape as well as by colour.
fn severity_icon(ui: &Ui, severity: Severity) -> (&'static str, Color32) {
    let colors = theme::colors(ui.visuals());
    match severity {
        Severity::Error => (icons::FAILURE, colors.failure),
        Severity::Warning => (icons::WARNING, colors.warning),
        Severity::Hint => (icons::NOTE, colors.accent),
    }
}
