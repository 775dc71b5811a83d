//! A row of the list of recordings: state by shape, name cut in its middle, how far the decisions have come.

use super::widgets::text_in;
use super::{icons, theme};
use crate::annotation::{Recording, RecordingId};
use crate::app::{RecordingState, Workbench, counted};
use crate::work::Unknown;
use eframe::egui::{
    self, Align2, FontId, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, vec2,
};

/// The shape of a state.
pub fn state_icon(state: RecordingState) -> &'static str {
    match state {
        RecordingState::NotFound => icons::STATE_NOT_FOUND,
        RecordingState::Unreadable => icons::WARNING,
        RecordingState::AtWork => icons::MAGIC,
        RecordingState::Waiting => icons::STATE_WAITING,
        RecordingState::InReview => icons::STATE_HALF,
        RecordingState::Predicted => icons::STATE_PREDICTED,
        RecordingState::Untouched => icons::STATE_EMPTY,
        RecordingState::Complete => icons::DONE,
    }
}

/// How a row stands among the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowPlace {
    /// It is the open recording.
    pub is_open: bool,
    /// It is selected.
    pub is_selected: bool,
    /// Keys act from here, and the list has the keyboard.
    pub has_cursor: bool,
}

/// The name of a row's control, the same as long as it is the row of this recording.
pub fn row_id(id: RecordingId) -> egui::Id {
    egui::Id::unique(("row of a recording", id))
}

/// Draws the row.
pub fn show(ui: &mut Ui, bench: &Workbench, id: RecordingId, recording: &Recording, place: RowPlace) -> Response {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::hover());
    // Not a stop of the tabulator: that is the list, and arrows go from row to row.
    let response = ui.interact(rect, row_id(id), Sense::CLICK);
    let state = bench.recording_state(id);
    let name = recording.file_name();
    let (decided, all) = bench.decided_of(id);
    let words = words(state, decided, all);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, place.is_selected || place.is_open, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(words.clone()));
    let visuals = ui.visuals();
    let colors = theme::colors(visuals);
    if place.is_open {
        ui.painter().rect_filled(rect, 4.0, visuals.selection.bg_fill);
    } else if place.is_selected {
        ui.painter().rect_filled(rect, 4.0, visuals.selection.bg_fill.gamma_multiply(0.45));
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, visuals.widgets.hovered.weak_bg_fill);
    }
    if place.has_cursor {
        ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, colors.accent), StrokeKind::Inside);
    }
    if ui.is_rect_visible(rect) {
        let has_trouble = matches!(state, RecordingState::NotFound | RecordingState::Unreadable);
        let color = if has_trouble { visuals.weak_text_color() } else { visuals.text_color() };
        let inner = rect.shrink2(vec2(6.0, 0.0));
        let icon_color = if has_trouble { visuals.warn_fg_color } else { colors.weak_text };
        text_in(ui, inner, Align2::LEFT_CENTER, state_icon(state), 14.0, icon_color);
        let mut right = inner.right();
        if all > 0 {
            right -=
                text_in(ui, inner, Align2::RIGHT_CENTER, &format!("{decided}/{all}"), 12.0, colors.weak_text) + 6.0;
        }
        if !recording.note.is_empty() {
            let note = Rect::from_min_max(inner.min, egui::pos2(right, inner.bottom()));
            right -= text_in(ui, note, Align2::RIGHT_CENTER, icons::NOTE_PENCIL, 12.0, colors.weak_text) + 4.0;
        }
        let middle =
            Rect::from_min_max(inner.min + vec2(20.0, 0.0), egui::pos2(right.max(inner.left() + 20.0), inner.bottom()));
        let font = FontId::proportional(13.0);
        let shown = ui.fonts_mut(|fonts| {
            cut_in_the_middle(&name, middle.width(), &mut |letter| fonts.glyph_width(&font, letter))
        });
        text_in(ui, middle, Align2::LEFT_CENTER, &shown, 13.0, color);
    }
    if response.hovered() {
        return response.on_hover_text(hover_text(bench, id, recording, &words));
    }
    response
}

fn words(state: RecordingState, decided: usize, all: usize) -> String {
    if all > 0 { format!("{}, {decided} of {all} decided", state.words()) } else { state.words().to_owned() }
}

fn hover_text(bench: &Workbench, id: RecordingId, recording: &Recording, words: &str) -> String {
    let mut lines = vec![recording.path.display().to_string()];
    if let Some(spec) = bench.specs.get(&id) {
        let length = crate::time::clock_text(recording.duration_secs, 1);
        lines.push(format!("{length} · {} · {} Hz · {} ch", spec.format, spec.sample_rate, spec.channels));
    }
    let labels = bench.document.counts(id).labels();
    lines.push(if labels > 0 { format!("{words} · {}", counted(labels, "label")) } else { words.to_owned() });
    match bench.unknown.get(&id) {
        Some(Unknown::NotFound(_)) => lines.push("Its labels are kept; \"Find recordings…\" looks for it".to_owned()),
        Some(Unknown::Unreadable(reason)) => lines.push(reason.clone()),
        None => {}
    }
    if let Some(summary) = bench.scores_of(id) {
        let part = if bench.is_partly_scored(id) { " in part: detection did not come to its end" } else { "" };
        lines.push(format!("Scored by {} {}{part}", summary.model, summary.version));
    }
    if !recording.note.is_empty() {
        lines.push(format!("Note: {}", recording.note));
    }
    lines.join("\n")
}

/// The text, with `…` in the place of its middle where it is wider than `width` points: names of recordings differ at both ends.
fn cut_in_the_middle(text: &str, width: f32, letter_width: &mut dyn FnMut(char) -> f32) -> String {
    let letters: Vec<(char, f32)> = text.chars().map(|letter| (letter, letter_width(letter))).collect();
    if letters.iter().map(|(_, width)| width).sum::<f32>() <= width {
        return text.to_owned();
    }
    let mut room = width - letter_width('…');
    let (mut head, mut tail) = (0, letters.len());
    // The end with its number and extension tells more than the beginning, and gets three of five.
    while head < tail {
        let takes_tail = (letters.len() - tail) * 2 <= head * 3;
        let place = if takes_tail { tail - 1 } else { head };
        room -= letters[place].1;
        if room < 0.0 {
            break;
        }
        if takes_tail {
            tail -= 1;
        } else {
            head += 1;
        }
    }
    let letter = |&(letter, _): &(char, f32)| letter;
    letters[..head].iter().map(letter).chain(['…']).chain(letters[tail..].iter().map(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_at_their_end_differ_when_they_are_cut() {
        let cut = |text: &str, width: f32| cut_in_the_middle(text, width, &mut |_| 1.0);
        assert_eq!(cut("short.wav", 9.0), "short.wav");
        assert_eq!(cut("SITE7_20260501_053000.wav", 16.0), "SITE7_…53000.wav");
        assert_eq!(cut("SITE7_20260501_054000.wav", 16.0), "SITE7_…54000.wav");
        assert_eq!(cut("abc", 1.0), "…");
        assert_eq!(cut("abc", 0.0), "…");
        assert_eq!(cut("Möwen-und-Krähen.wav", 8.0).chars().count(), 8);
    }
}
