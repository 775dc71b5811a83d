//! The decoding lane under the spectrogram: score curves of the focused classes, thresholds that can be dragged, and the stretches that
//! become events.

use super::canvas_ui::Canvas;
use super::score_curve::{Curve, ScoreAxis};
use super::theme::label_color_on;
use super::{Panels, icons, rule_ui, theme};
use crate::app::{Command, LaneChange, MOST_CURVES, Request, RuleChange, Scored, Workbench};
use crate::decision::DecisionRule;
use eframe::egui::{
    self, Align2, Button, Color32, CursorIcon, EventFilter, FontId, Id, Key, Popup, PopupCloseBehavior, Rect,
    RectAlign, Response, RichText, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, accesskit, accesskit::Role, pos2,
    vec2,
};

/// How close to a threshold's line the pointer takes hold of it, in points.
const GRIP_POINTS: f32 = 5.0;
const TEXT: f32 = 11.0;
/// How far a key moves a line that has the focus.
const KEY_STEP: f32 = 0.01;
/// The name of a class takes no more room than this on its line, in points.
const NAME_POINTS: f32 = 110.0;

/// How high the lane shall be, in points; 0 if there is none.
pub fn height(bench: &Workbench) -> f32 {
    let settings = &bench.settings.decoding;
    if settings.is_shown && bench.scored_here().is_some() { settings.height } else { 0.0 }
}

/// One of the two lines of a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Threshold,
    Lower,
}

/// Draws the lane.
pub fn show(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, panels: &mut Panels, requests: &mut Vec<Request>) {
    let Some(scored) = canvas.bench.scored_here().filter(|_| rect.height() > 1.0) else { return };
    handle(ui, canvas, rect, requests);
    let axis = ScoreAxis { rect, is_stretched: canvas.bench.settings.decoding.is_stretched };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    scale(ui, canvas, &axis);
    let response = ui.interact(rect, ui.scope_id().with("decoding lane"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Decoding lane"));
    let curves = curves(ui, canvas.bench, scored);
    if curves.is_empty() {
        let text = "No class is shown here: tick one on the Model page";
        painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(13.0), canvas.colors.weak_text);
    }
    // The one in front is drawn last.
    for curve in curves.iter().rev() {
        curve.shade(&painter, &axis, &canvas.scale, canvas.bench.predictions_of(curve.class));
        curve.paint(&painter, &axis, &canvas.scale);
    }
    for curve in curves.iter().rev() {
        lines(ui, canvas, &axis, curve, requests);
    }
    tags(ui, canvas, &axis, &curves, requests);
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
        requests.push(Request::Seek(canvas.scale.secs_from_x(at.x)));
    }
    read_out(ui, canvas, &axis, &curves, &response, panels);
    buttons(ui, canvas, rect, requests);
}

/// The focused class, and the strongest in view of the others that are shown.
fn curves<'a>(ui: &Ui, bench: &Workbench, scored: &'a Scored) -> Vec<Curve<'a>> {
    let most = if bench.settings.decoding.is_alone { 1 } else { MOST_CURVES };
    let focused = bench.focused_class();
    let others = bench.strongest_in_view().into_iter().filter(|&class| Some(class) != focused);
    let classes = focused.into_iter().chain(others).take(most).enumerate();
    let curve = |(place, class): (usize, usize)| {
        let label = scored.scores.classes.get(class)?;
        let color = label_color_on(ui.visuals(), bench.label_place(label));
        Some(Curve { scores: &scored.scores, class, rule: scored.rule_of(class), color, place })
    };
    classes.filter_map(curve).collect()
}

fn name<'a>(curve: &Curve<'a>) -> &'a str {
    curve.scores.classes.get(curve.class).map_or("", |label| label)
}

/// The strip above the lane by which it is made higher or lower.
fn handle(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let strip = Rect::from_min_max(pos2(rect.left(), rect.top() - 2.0 * theme::GRID), rect.right_top());
    let response = ui.interact(strip, ui.scope_id().with("decoding lane height"), Sense::click_and_drag());
    let height = canvas.bench.settings.decoding.height;
    response.widget_info(|| WidgetInfo::slider(true, f64::from(height), "Height of the decoding lane"));
    let color = if response.hovered() || response.dragged() || response.has_focus() {
        canvas.colors.accent
    } else {
        canvas.colors.line
    };
    let grip = Rect::from_center_size(strip.center(), vec2(36.0, 2.0));
    ui.painter().rect_filled(grip, 1.0, color);
    let by_keys = 8.0 * key_steps(ui, &response);
    let by = by_keys - if response.dragged() { response.drag_delta().y } else { 0.0 };
    if by != 0.0 {
        requests.push(Request::DecodingLane(LaneChange::Height(height + by)));
    }
    response.on_hover_text("Drag: height of the decoding lane").on_hover_cursor(CursorIcon::ResizeVertical);
}

/// How many steps up (> 0) or down the keys and a screen reader ask a control for that has the focus.
fn key_steps(ui: &Ui, response: &Response) -> f32 {
    // Asked before the input is looked at: both take the same lock.
    let has_focus = response.has_focus();
    if has_focus {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
    ui.input(|input| {
        let keys = if has_focus {
            input.num_presses(Key::ArrowUp) as f32 - input.num_presses(Key::ArrowDown) as f32
        } else {
            0.0
        };
        let asked = |action| input.num_accesskit_action_requests(response.id, action) as f32;
        keys + asked(accesskit::Action::Increment) - asked(accesskit::Action::Decrement)
    })
}

/// The scale at the left, with faint lines through the lane.
fn scale(ui: &Ui, canvas: &Canvas<'_>, axis: &ScoreAxis) {
    let marks: &[(f32, &str)] = if axis.is_stretched {
        &[(0.0, "0"), (0.01, ".01"), (0.1, ".1"), (0.4, ".4"), (1.0, "1")]
    } else {
        &[(0.0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1.0, "1")]
    };
    let few = axis.rect.height() < 76.0;
    if axis.rect.height() < 12.0 {
        return;
    }
    for (place, &(score, text)) in marks.iter().enumerate() {
        let y = axis.y(score);
        ui.painter().hline(axis.rect.x_range(), y, Stroke::new(1.0, canvas.colors.line.gamma_multiply(0.6)));
        if few && place % 2 == 1 {
            continue;
        }
        let left = axis.rect.left();
        ui.painter().hline(left - 5.0..=left, y, Stroke::new(1.0, canvas.colors.weak_text));
        let text_y = y.clamp(axis.rect.top() + 5.0, axis.rect.bottom() - 5.0);
        let font = FontId::proportional(TEXT);
        ui.painter().text(pos2(left - 8.0, text_y), Align2::RIGHT_CENTER, text, font, canvas.colors.weak_text);
    }
}

/// The thresholds of one class, which can be dragged, and moved by keys when they have the focus.
fn lines(ui: &Ui, canvas: &Canvas<'_>, axis: &ScoreAxis, curve: &Curve<'_>, requests: &mut Vec<Request>) {
    let rule = &curve.rule;
    if let Some(lower) = rule.lower_threshold() {
        // Above the threshold it would extend nothing.
        let lower = lower.min(rule.threshold);
        let changed = line(ui, canvas, axis, curve, Line::Lower, lower, requests);
        if let Some(lower) = changed {
            let lower = lower.clamp(rule_ui::LEAST_HYSTERESIS, rule.threshold.max(rule_ui::LEAST_HYSTERESIS));
            let rule = DecisionRule { hysteresis: Some(lower), ..*rule };
            requests.push(Request::Rule(RuleChange::Set { class: curve.class, rule }));
        }
    }
    if let Some(threshold) = line(ui, canvas, axis, curve, Line::Threshold, rule.threshold, requests) {
        let threshold = threshold.clamp(*rule_ui::THRESHOLDS.start(), *rule_ui::THRESHOLDS.end());
        let rule = DecisionRule { threshold, ..*rule };
        requests.push(Request::Rule(RuleChange::Set { class: curve.class, rule }));
    }
}

/// One line; the value that it was given, if it was moved.
fn line(
    ui: &Ui,
    canvas: &Canvas<'_>,
    axis: &ScoreAxis,
    curve: &Curve<'_>,
    which: Line,
    value: f32,
    requests: &mut Vec<Request>,
) -> Option<f32> {
    let y = axis.y(value);
    let band = Rect::from_x_y_ranges(axis.rect.x_range(), y - GRIP_POINTS..=y + GRIP_POINTS);
    let id = ui.scope_id().with(("threshold", which == Line::Lower, name(curve)));
    let response = ui.interact(band, id, Sense::click_and_drag());
    let spoken = match which {
        Line::Threshold => format!("Threshold of {}", name(curve)),
        Line::Lower => format!("Lower threshold of {}", name(curve)),
    };
    response.widget_info(|| WidgetInfo::slider(true, f64::from(value), &spoken));
    declare(ui, id);
    paint_line(ui, canvas, axis, curve, which, y, &response);
    if response.double_clicked() {
        if which == Line::Threshold {
            requests.push(Request::Rule(RuleChange::ResetThreshold(curve.class)));
        }
        return None;
    }
    if response.clicked() {
        response.request_focus();
        requests.push(Request::Rule(RuleChange::Focus(curve.class)));
    }
    let dragged = response.interact_pointer_pos().filter(|_| response.dragged()).map(|at| axis.score(at.y));
    let steps = key_steps(ui, &response);
    let stepped = (steps != 0.0).then_some(value + steps * KEY_STEP);
    let key = Command::ThresholdUp.key_text(ui.ctx());
    let hover = match which {
        Line::Threshold => format!("{spoken}: {value:.3}\nDrag, ↑ ↓ or {key}; double-click: as in the preset"),
        Line::Lower => format!("{spoken}: {value:.3}\nEvents last as long as the score is above this"),
    };
    if !response.dragged() {
        response.on_hover_text_at_pointer(hover).on_hover_cursor(CursorIcon::ResizeVertical);
    } else {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeVertical);
    }
    dragged.or_else(|| asked_value(ui, id)).or(stepped).filter(|asked| (asked - value).abs() > 1e-6)
}

/// Tells a screen reader what it can do with a line.
fn declare(ui: &Ui, id: Id) {
    ui.ctx().accesskit_node_builder(id, |builder| {
        builder.set_min_numeric_value(0.0);
        builder.set_max_numeric_value(1.0);
        builder.set_numeric_value_step(f64::from(KEY_STEP));
        builder.add_action(accesskit::Action::SetValue);
        builder.add_action(accesskit::Action::Increment);
        builder.add_action(accesskit::Action::Decrement);
    });
}

/// The value that a screen reader asks a line to take.
fn asked_value(ui: &Ui, id: Id) -> Option<f32> {
    ui.input(|input| {
        let asked = input.accesskit_action_requests(id, accesskit::Action::SetValue);
        let value = |request: &accesskit::ActionRequest| match request.data {
            Some(accesskit::ActionData::NumericValue(value)) => Some(value as f32),
            _ => None,
        };
        asked.filter_map(value).last()
    })
}

fn paint_line(
    ui: &Ui,
    canvas: &Canvas<'_>,
    axis: &ScoreAxis,
    curve: &Curve<'_>,
    which: Line,
    y: f32,
    response: &Response,
) {
    let painter = ui.painter_at(axis.rect.expand2(vec2(0.0, 1.0)));
    let is_held = response.hovered() || response.dragged() || response.has_focus();
    let width = if is_held {
        2.5
    } else if curve.place == 0 {
        1.5
    } else {
        1.0
    };
    let ends = [pos2(axis.rect.left(), y), pos2(axis.rect.right(), y)];
    let stroke = Stroke::new(width, curve.color);
    match which {
        Line::Threshold => painter.line_segment(ends, stroke),
        Line::Lower => painter.add(Shape::Vec(Shape::dashed_line(&ends, stroke, 6.0, 4.0))),
    };
    if response.has_focus() {
        let knob = Rect::from_center_size(ends[0] + vec2(5.0, 0.0), vec2(8.0, 8.0));
        painter.rect_filled(knob, 2.0, canvas.colors.accent);
    }
}

/// The name and value of each class on its line, from the right end on side by side; a click brings the class to the front.
fn tags(ui: &Ui, canvas: &Canvas<'_>, axis: &ScoreAxis, curves: &[Curve<'_>], requests: &mut Vec<Request>) {
    let mut right = axis.rect.right() - 4.0;
    for curve in curves {
        let value = format!(" {:.*}", if curve.rule.threshold < 0.1 { 3 } else { 2 }, curve.rule.threshold);
        let lower = curve.rule.lower_threshold().map(|lower| format!(" / {:.2}", lower.min(curve.rule.threshold)));
        let value = format!("{value}{}", lower.unwrap_or_default());
        let font = FontId::proportional(TEXT);
        let color = ui.visuals().text_color();
        let value = ui.painter().layout_no_wrap(value, font.clone(), color);
        let mut job = egui::text::LayoutJob::simple_singleline(name(curve).to_owned(), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(NAME_POINTS);
        let label = ui.painter().layout_job(job);
        let size = vec2(label.size().x + value.size().x + 20.0, 16.0);
        if right - size.x < axis.rect.left() {
            break;
        }
        // On the line's upper side where there is room, else beneath it.
        let y = axis.y(curve.rule.threshold);
        let top = if y - size.y - 1.0 >= axis.rect.top() { y - size.y - 1.0 } else { y + 2.0 };
        let tag = Rect::from_min_size(pos2(right - size.x, top), size);
        let id = ui.scope_id().with(("curve", name(curve)));
        let response = ui.interact(tag, id, Sense::click());
        let is_front = curve.place == 0;
        response.widget_info(|| {
            WidgetInfo::selected(Role::Button, true, is_front, format!("Score curve of {}", name(curve)))
        });
        paint_tag(ui, canvas, curve, tag, &response);
        ui.painter().galley(tag.left_center() + vec2(14.0, -0.5 * label.size().y), label.clone(), color);
        ui.painter().galley(tag.left_center() + vec2(14.0 + label.size().x, -0.5 * value.size().y), value, color);
        if response.clicked() {
            requests.push(Request::Rule(RuleChange::Focus(curve.class)));
        }
        response.on_hover_text(format!("{}\nClick: to the front", name(curve)));
        right = tag.left() - 4.0;
    }
}

fn paint_tag(ui: &Ui, canvas: &Canvas<'_>, curve: &Curve<'_>, tag: Rect, response: &Response) {
    let fill = if response.hovered() || response.has_focus() {
        ui.visuals().widgets.hovered.weak_bg_fill
    } else {
        ui.visuals().panel_fill
    };
    ui.painter().rect_filled(tag, 3.0, fill.gamma_multiply(0.92));
    if curve.place == 0 {
        let stroke = Stroke::new(1.0, curve.color);
        ui.painter().rect_stroke(tag, 3.0, stroke, egui::StrokeKind::Inside);
    } else {
        ui.painter().rect_stroke(tag, 3.0, Stroke::new(1.0, canvas.colors.line), egui::StrokeKind::Inside);
    }
    let swatch = Rect::from_center_size(tag.left_center() + vec2(8.0, 0.0), vec2(7.0, 7.0));
    ui.painter().rect_filled(swatch, 1.0, curve.color);
}

/// Time and scores under the pointer.
fn read_out(
    ui: &Ui,
    canvas: &Canvas<'_>,
    axis: &ScoreAxis,
    curves: &[Curve<'_>],
    response: &Response,
    panels: &mut Panels,
) {
    let pointer = ui.ctx().pointer_hover_pos().filter(|&at| axis.rect.contains(at));
    let Some(at) = pointer.filter(|&at| ui.ctx().layer_id_at(at) == Some(response.layer_id)) else { return };
    let Some(curve) = curves.first() else { return };
    let secs = canvas.scale.secs_from_x(at.x);
    let frame = curve.scores.axis.frame_at(secs);
    let score = curve.scores.score(frame, curve.class);
    let filtered = if curve.rule.applied_median() > 1 {
        format!(" (median {:.3})", curve.filtered_score(frame))
    } else {
        String::new()
    };
    panels.readout = format!("{}  {} {score:.3}{filtered}", canvas.time_axis().text(secs), name(curve));
    let color: Color32 = ui.visuals().text_color().gamma_multiply(0.4);
    ui.painter_at(axis.rect).vline(at.x, axis.rect.y_range(), Stroke::new(1.0, color));
    let there = pos2(at.x, axis.y(score));
    ui.painter_at(axis.rect).circle_filled(there, 3.0, curve.color);
}

/// Beside the lane: the rule, and how the lane looks.
fn buttons(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let room = Rect::from_min_size(rect.right_top() + vec2(8.0, 0.0), vec2(28.0, rect.height()));
    let bench = canvas.bench;
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let button = Button::new(RichText::new(icons::SLIDERS).size(15.0)).min_size(vec2(26.0, 26.0));
        let response =
            ui.add(button.frame_when_inactive(false)).accessible_name("Rule of the class and look of the lane");
        let response = response
            .on_hover_text("Thresholds or bounding boxes, what they are applied to, shortest length; look of the lane");
        let popup = Popup::menu(&response).align(RectAlign::TOP_END);
        popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            ui.set_max_width(300.0);
            rule_ui::controls_of_focused(ui, bench, requests);
            ui.separator();
            look(ui, bench, requests);
        });
    });
}

fn look(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let settings = &bench.settings.decoding;
    let (mut is_stretched, mut is_alone) = (settings.is_stretched, settings.is_alone);
    let hover = "The height of a score is its cube root: for models whose scores are small";
    if ui.checkbox(&mut is_stretched, "Spread small scores").on_hover_text(hover).changed() {
        requests.push(Request::DecodingLane(LaneChange::Stretched(is_stretched)));
    }
    let hover = format!("Draw one curve only, not those of up to {MOST_CURVES} classes that are shown");
    if ui.checkbox(&mut is_alone, "Focused class only").on_hover_text(hover).changed() {
        requests.push(Request::DecodingLane(LaneChange::Alone(is_alone)));
    }
    let hide = format!("Hide the lane ({})", Command::ToggleDecoding.key_text(ui.ctx()));
    if ui.button(hide).clicked() {
        requests.push(Request::Do(Command::ToggleDecoding));
        ui.close();
    }
}
