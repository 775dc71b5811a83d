//! The palette in the middle: search a command, or a label for the selected event, as you type.

use super::theme;
use super::widgets::{list_row, text_in};
use super::{Panels, widgets::weak};
use crate::annotation::label_search::{Fit, Match};
use crate::app::{Command, EventChange, Request, Target, Workbench};
use eframe::egui::{self, Align2, Area, Frame, Id, Key, Modifiers, Order, ScrollArea, TextEdit, Ui, vec2};
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
    },
    /// A label more for a target, or less.
    MoreLabels {
        target: Target,
    },
}

/// A palette that is open.
pub struct Palette {
    subject: Subject,
    query: String,
    place: usize,
    fresh: bool,
}

/// One line of the list and what choosing it asks for.
struct Line {
    text: String,
    hint: String,
    request: Request,
    enabled: bool,
}

impl Palette {
    /// Searches commands, with what was typed already.
    pub fn commands(query: String) -> Self {
        Self { subject: Subject::Commands, query, place: 0, fresh: true }
    }

    /// Searches a label for what is selected, else for new events, with what was typed already.
    pub fn labels(bench: &Workbench, query: String) -> Self {
        Self { subject: Subject::Labels { target: bench.selected }, query, place: 0, fresh: true }
    }

    /// Searches a label that what is selected gets beside those it has.
    pub fn more_labels(bench: &Workbench, query: String) -> Self {
        let subject = bench.selected.map_or(Subject::Labels { target: None }, |target| Subject::MoreLabels { target });
        Self { subject, query, place: 0, fresh: true }
    }

    fn hint(&self) -> &'static str {
        match self.subject {
            Subject::MoreLabels { .. } => "Search a label to add to this event",
            Subject::Commands => "Search a command",
            Subject::Labels { target: Some(_) } => "Search a label for this event",
            Subject::Labels { target: None } => "Search a label for new events",
        }
    }

    fn lines(&self, context: &egui::Context, bench: &Workbench) -> Vec<Line> {
        match &self.subject {
            Subject::Commands => self.command_lines(context, bench),
            Subject::Labels { target } => self.label_lines(bench, |label| match *target {
                Some(target) => Request::SetLabel { target, label },
                None => Request::SetActiveLabel(label),
            }),
            Subject::MoreLabels { target } => self.label_lines(bench, |label| {
                let change = EventChange::ToggleLabel(label);
                Request::ChangeEvent { target: *target, change }
            }),
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
            enabled: bench.can(command),
        };
        commands.into_iter().map(line).collect()
    }

    fn label_lines(&self, bench: &Workbench, request: impl Fn(Arc<str>) -> Request) -> Vec<Line> {
        let recent: Vec<Arc<str>> = bench.settings.recent_labels.iter().map(|label| label.as_str().into()).collect();
        let mut found = bench.label_set.search(&self.query, &recent, LABELS_SHOWN);
        if self.query.trim().is_empty() {
            // Nothing typed yet: what was given last, then all labels of the project.
            let of_project = bench.label_order.iter().filter(|label| !recent.contains(label));
            found.extend(of_project.map(|label| Match { name: label.clone(), parents: "".into(), fit: Fit::Whole }));
        }
        let mut lines: Vec<Line> = found
            .into_iter()
            .map(|found| Line {
                text: found.name.to_string(),
                hint: found.parents.to_string(),
                request: request(found.name),
                enabled: true,
            })
            .collect();
        let own = self.query.trim();
        if !own.is_empty() && !lines.iter().any(|line| line.text.eq_ignore_ascii_case(own)) {
            let hint = "your own label".to_owned();
            lines.push(Line { text: format!("Use \"{own}\""), hint, request: request(own.into()), enabled: true });
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
    let enter = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let mut chosen = if enter { lines.get(palette.place) } else { None };
    let area = Area::new(Id::unique("palette")).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    let response = area.accessible_name("Palette").show(context, |ui| {
        Frame::window(ui.style()).show(ui, |ui| {
            ui.set_width(WIDTH);
            query_ui(ui, palette);
            ui.separator();
            if let Some(clicked) = list_ui(ui, &lines, palette.place) {
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
        requests.push(line.request.clone());
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

fn query_ui(ui: &mut Ui, palette: &mut Palette) {
    let hint = palette.hint();
    let field = TextEdit::singleline(&mut palette.query).hint_text(hint).desired_width(f32::INFINITY);
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

fn list_ui(ui: &mut Ui, lines: &[Line], place: usize) -> Option<usize> {
    let mut clicked = None;
    if lines.is_empty() {
        ui.label(weak("Nothing found"));
    }
    // Without a least height the area would be as small as it was when it opened.
    let row_height = theme::ROW_HEIGHT + ui.spacing().item_spacing.y;
    let height = row_height * lines.len().min(ROWS_SHOWN) as f32;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        for (index, line) in lines.iter().enumerate() {
            let response = list_row(ui, &line.text, index == place, |ui, rect| {
                let colors = theme::colors(ui.visuals());
                let color = if line.enabled { ui.visuals().text_color() } else { colors.weak_text };
                let taken = text_in(ui, rect, Align2::RIGHT_CENTER, &line.hint, 12.0, colors.weak_text);
                let rest = rect.with_max_x(rect.max.x - taken - 8.0);
                text_in(ui, rest, Align2::LEFT_CENTER, &line.text, 13.0, color);
            });
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
