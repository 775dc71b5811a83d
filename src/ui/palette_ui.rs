//! The palette in the middle: search a command, or a label for the selected event, as you type. Enter gives the label, Ctrl+Enter adds it
//! to those that the event has.

use super::theme;
use super::widgets::{list_row, text_in};
use super::{Panels, widgets::weak};
use crate::app::{Command, LabelRequest, Request, Target, Workbench};
use eframe::egui::{
    self, Align2, Area, FontId, Frame, Id, Key, Modifiers, Order, Rect, ScrollArea, TextEdit, Ui, vec2,
};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

const WIDTH: f32 = 460.0;
const LABELS_SHOWN: usize = 40;
const ROWS_SHOWN: usize = 14;

/// What is searched.
enum Subject {
    Commands,
    /// A label for a target, or for the events that will be drawn.
    Labels {
        target: Option<Target>,
        /// It comes beside the labels that the target has.
        adds: bool,
    },
}

/// A palette that is open.
pub struct Palette {
    subject: Subject,
    query: String,
    place: usize,
    fresh: bool,
    /// The lines of labels, and what they were found for.
    found: Rc<Vec<Line>>,
    found_for: Option<(String, u64)>,
}

/// One line of the list and what choosing it asks for.
struct Line {
    text: String,
    hint: String,
    request: Request,
    /// What choosing it with Ctrl asks for, if that is something else.
    also: Option<Request>,
    /// The label, if it is one of the project.
    label: Option<Arc<str>>,
    enabled: bool,
}

impl Palette {
    /// Searches commands, with what was typed already.
    pub fn commands(query: String) -> Self {
        Self::new(Subject::Commands, query)
    }

    /// Searches a label for what is selected, else for new events, with what was typed already.
    pub fn labels(bench: &Workbench, query: String) -> Self {
        Self::new(Subject::Labels { target: bench.selected, adds: false }, query)
    }

    /// Searches a label that what is selected gets beside those it has.
    pub fn more_labels(bench: &Workbench, query: String) -> Self {
        Self::new(Subject::Labels { target: bench.selected, adds: true }, query)
    }

    fn new(subject: Subject, query: String) -> Self {
        Self { subject, query, place: 0, fresh: true, found: Rc::default(), found_for: None }
    }

    fn hint(&self, bench: &Workbench) -> String {
        let several = bench.selected_count();
        let hint = match self.subject {
            Subject::Labels { target: Some(_), adds: true } if several > 1 => {
                return format!("Search a label to add to {several} events");
            }
            Subject::Labels { target: Some(_), .. } if several > 1 => {
                return format!("Search a label for {several} events");
            }
            Subject::Commands => "Search a command",
            Subject::Labels { target: Some(_), adds: true } => "Search a label to add to this event",
            Subject::Labels { target: Some(_), .. } => "Search a label for this event",
            Subject::Labels { target: None, .. } => "Search a label for new events",
        };
        hint.to_owned()
    }

    fn lines(&mut self, context: &egui::Context, bench: &Workbench) -> Rc<Vec<Line>> {
        match self.subject {
            Subject::Commands => Rc::new(self.command_lines(context, bench)),
            Subject::Labels { target, adds } => {
                // A large set is searched once a letter, not once a frame.
                let wanted = Some((self.query.clone(), bench.label_stamp()));
                if self.found_for != wanted {
                    self.found = Rc::new(self.label_lines(bench, target, adds));
                    self.found_for = wanted;
                }
                self.found.clone()
            }
        }
    }

    fn command_lines(&self, context: &egui::Context, bench: &Workbench) -> Vec<Line> {
        let words: Vec<String> = self.query.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let fits = |command: &&Command| {
            let text = format!("{} {} {}", command.name(), command.group().title(), command.tooltip()).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let by_name = |command: &&Command| !words.iter().all(|word| command.name().to_lowercase().contains(word));
        let mut commands: Vec<&Command> = Command::ALL.iter().filter(fits).collect();
        commands.sort_by_key(by_name);
        let line = |&command: &Command| Line {
            text: command.name().to_owned(),
            hint: command.key_text(context),
            request: Request::Do(command),
            also: None,
            label: None,
            enabled: bench.can(command),
        };
        commands.into_iter().map(line).collect()
    }

    fn label_lines(&self, bench: &Workbench, target: Option<Target>, adds: bool) -> Vec<Line> {
        let request = |label: Arc<str>| match target {
            Some(target) if adds => LabelRequest::Toggle { target, label }.into(),
            Some(target) => Request::SetLabel { target, label },
            None => Request::SetActiveLabel(label),
        };
        let also = |label: &Arc<str>| {
            target.map(|target| Request::from(LabelRequest::Toggle { target, label: label.clone() }))
        };
        let listed: HashSet<&Arc<str>> = bench.listed_labels().iter().collect();
        let found = bench.find_labels(&self.query, LABELS_SHOWN);
        let mut lines: Vec<Line> = found
            .into_iter()
            .map(|found| Line {
                text: found.name.to_string(),
                hint: found.parents.to_string(),
                also: also(&found.name),
                label: listed.contains(&found.name).then(|| found.name.clone()),
                request: request(found.name),
                enabled: true,
            })
            .collect();
        let own = self.query.trim();
        if !own.is_empty() && !lines.iter().any(|line| line.text.eq_ignore_ascii_case(own)) {
            let label: Arc<str> = own.into();
            lines.push(Line {
                text: format!("Use \"{own}\""),
                hint: "your own label".to_owned(),
                also: also(&label),
                label: None,
                request: request(label),
                enabled: true,
            });
        }
        lines
    }
}

/// Draws the palette that is open, if one is.
pub fn show(context: &egui::Context, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    let Some(palette) = &mut panels.palette else { return };
    let mut closed = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let lines = palette.lines(context, bench);
    palette.place = stepped(context, palette.place, lines.len());
    let add = context.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    let enter = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let mut chosen = if enter || add { lines.get(palette.place) } else { None };
    let area = Area::new(Id::unique("palette")).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    let response = area.accessible_name("Palette").show(context, |ui| {
        Frame::window(ui.style()).show(ui, |ui| {
            ui.set_width(WIDTH);
            query_ui(ui, bench, palette);
            if matches!(palette.subject, Subject::Labels { target: Some(_), adds: false }) {
                ui.label(weak("Enter gives the label · Ctrl+Enter adds it to the event's labels, or takes it away"));
            }
            ui.separator();
            if let Some(clicked) = list_ui(ui, bench, &lines, palette.place) {
                chosen = lines.get(clicked);
            }
        });
    });
    let outside = context.input(|input| {
        input.pointer.any_pressed()
            && input.pointer.interact_pos().is_some_and(|at| !response.response.rect.contains(at))
    });
    closed |= outside && !palette.fresh;
    palette.fresh = false;
    if let Some(line) = chosen.filter(|line| line.enabled) {
        let is_added = add || context.input(|input| input.modifiers.command);
        requests.push(line.also.clone().filter(|_| is_added).unwrap_or_else(|| line.request.clone()));
        closed = true;
    }
    if closed {
        panels.palette = None;
    }
}

fn stepped(context: &egui::Context, place: usize, count: usize) -> usize {
    let (down, up) = context.input_mut(|input| {
        (
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
        )
    });
    (place + down).saturating_sub(up).min(count.saturating_sub(1))
}

fn query_ui(ui: &mut Ui, bench: &Workbench, palette: &mut Palette) {
    let hint = palette.hint(bench);
    let field = TextEdit::singleline(&mut palette.query).hint_text(&*hint).desired_width(f32::INFINITY);
    let response = ui.add(field).accessible_name(hint);
    if palette.fresh {
        response.request_focus();
        // The field has its focus only from the next frame on.
        let events = ui.input(|input| input.events.clone());
        for event in events {
            if let egui::Event::Text(text) = event {
                palette.query.push_str(&text);
            }
        }
    }
    if response.changed() {
        palette.place = 0;
    }
}

fn list_ui(ui: &mut Ui, bench: &Workbench, lines: &[Line], place: usize) -> Option<usize> {
    let mut clicked = None;
    if lines.is_empty() {
        ui.label(weak("Nothing found"));
    }
    // Without a least height the area would be as small as it was when it opened.
    let row_height = theme::ROW_HEIGHT + ui.spacing().item_spacing.y;
    let height = row_height * lines.len().min(ROWS_SHOWN) as f32;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        for (index, line) in lines.iter().enumerate() {
            let response = list_row(ui, &line.text, index == place, |ui, rect| line_ui(ui, bench, line, rect));
            if index == place {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                clicked = Some(index);
            }
        }
    });
    clicked
}

fn line_ui(ui: &Ui, bench: &Workbench, line: &Line, mut rect: Rect) {
    let colors = theme::colors(ui.visuals());
    let color = if line.enabled { ui.visuals().text_color() } else { colors.weak_text };
    if let Some(label) = &line.label {
        let swatch = Rect::from_center_size(rect.left_center() + vec2(6.0, 0.0), vec2(10.0, 10.0));
        ui.painter().rect_filled(swatch, 2.0, theme::label_color_on(ui.visuals(), bench.label_place(label)));
        let digit = bench.digit_of_label(label).map(|digit| digit.to_string()).unwrap_or_default();
        let place = rect.left_center() + vec2(22.0, 0.0);
        ui.painter().text(place, Align2::CENTER_CENTER, digit, FontId::monospace(11.0), colors.weak_text);
        let (labels, _) = bench.label_count(label);
        let count = if labels > 0 { labels.to_string() } else { String::new() };
        text_in(ui, rect, Align2::RIGHT_CENTER, &count, 12.0, colors.weak_text);
        rect.max.x -= 44.0;
    }
    if matches!(line.request, Request::SetLabel { .. } | Request::SetActiveLabel(_)) {
        rect.min.x += 32.0;
    }
    let wide = rect.with_min_x(rect.left() + 0.4 * rect.width());
    let taken = text_in(ui, wide, Align2::RIGHT_CENTER, &line.hint, 12.0, colors.weak_text);
    text_in(ui, rect.with_max_x(rect.max.x - taken - 8.0), Align2::LEFT_CENTER, &line.text, 13.0, color);
}
