//! Drop-down choices.

use eframe::egui::{ComboBox, Ui};

/// A drop-down of `(value, text)` with an accessible name; returns the value that was chosen.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    hover: &str,
    current: &T,
    all: &[(T, String)],
) -> Option<T> {
    let text = all.iter().find(|(value, _)| value == current).map(|(_, text)| text.clone()).unwrap_or_default();
    let mut chosen = None;
    let combo = ComboBox::from_id_salt(name)
        .height(320.0)
        .width(ui.available_width().min(190.0))
        .truncate()
        .selected_text(text);
    let response = combo.show_ui(ui, |ui| {
        for (value, text) in all {
            if ui.selectable_label(value == current, text.as_str()).clicked() && value != current {
                chosen = Some(value.clone());
            }
        }
    });
    response.response.accessible_name(name).on_hover_text(hover);
    chosen
}
