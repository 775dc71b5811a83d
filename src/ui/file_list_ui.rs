//! The list of recordings on the left: searched, filtered, ordered, selected by mouse and keys. Draws the rows that are seen and no others.

use super::file_row_ui::{self, RowPlace, row_id, state_icon};
use super::widgets::{choosing, icon_button, menu_line, section, weak};
use super::{icons, theme};
use crate::annotation::RecordingId;
use crate::app::{Choosing, Command, ListFilter, ListOrder, ListRequest, RecordingState, Request, Workbench, counted};
use eframe::egui::{
    self, Button, EventFilter, Id, Key, KeyboardShortcut, Modifiers, RichText, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, accesskit::Role,
};

/// Fewer recordings are seen at a glance and need no search.
const SEARCHED_FROM: usize = 9;

/// What the list keeps for itself.
#[derive(Default)]
pub struct FileList {
    /// The recordings of the rows in view.
    seen: Vec<RecordingId>,
    /// The row that was brought into view last.
    revealed: Option<RecordingId>,
    /// How far the rows are scrolled, and the height in which they are seen, in points.
    offset: f32,
    height: f32,
    wants_search: bool,
    note: Option<NoteDraft>,
}

/// A note that is being written.
struct NoteDraft {
    ids: Vec<RecordingId>,
    text: String,
    is_fresh: bool,
}

impl FileList {
    /// The recordings of the rows in view.
    pub fn seen(&self) -> &[RecordingId] {
        &self.seen
    }

    /// Lets the search field have the keyboard.
    pub fn search(&mut self) {
        self.wants_search = true;
    }

    /// The note that is being written is to be kept now.
    pub fn take_note(&mut self) -> Option<Request> {
        self.note.take().map(|draft| Request::List(ListRequest::Note(draft.ids, draft.text)))
    }

    /// Begins a note on the selected recordings.
    pub fn begin_note(&mut self, bench: &Workbench, typed: &str) {
        let ids = bench.chosen_recordings();
        let note = ids.first().and_then(|&id| bench.document.recording(id)).map(|recording| recording.note.clone());
        if let Some(note) = note {
            self.note = Some(NoteDraft { ids, text: note + typed, is_fresh: true });
        }
    }
}

/// Draws the list, as high as there is room.
pub fn show(ui: &mut Ui, bench: &Workbench, list: &mut FileList, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        section(ui, "Recordings");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            icon_button(ui, Command::OpenRecordings, true, requests);
        });
    });
    let count = bench.document.recording_count();
    if count >= SEARCHED_FROM || !bench.list.is_whole() || list.wants_search {
        search_row(ui, bench, list, requests);
    }
    let below = footer_height(bench, list);
    let rows_height = (ui.available_height() - below).max(3.0 * theme::ROW_HEIGHT);
    rows(ui, bench, list, rows_height, requests);
    footer(ui, bench, requests);
    note_editor(ui, bench, list, requests);
}

fn search_row(ui: &mut Ui, bench: &Workbench, list: &mut FileList, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            order_menu(ui, bench, requests);
            filter_menu(ui, bench, requests);
            let mut text = bench.list.text.clone();
            let field = TextEdit::singleline(&mut text).hint_text("Search names").desired_width(f32::INFINITY);
            let response = ui.add(field).accessible_name("Search recordings");
            if std::mem::take(&mut list.wants_search) {
                response.request_focus();
            }
            if response.changed() {
                requests.push(Request::List(ListRequest::Search(text)));
            }
            let goes_to_list =
                response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown));
            let is_done = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if (goes_to_list || is_done)
                && let Some(&first) = bench.list.shown().first()
            {
                requests.push(Request::List(ListRequest::Choose(first, Choosing::Only)));
                ui.memory_mut(|memory| memory.request_focus(list_id()));
            }
        });
    });
}

fn filter_menu(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let is_on = bench.list.filter != ListFilter::All;
    let button = Button::new(RichText::new(icons::FILTER).size(14.0)).selected(is_on).frame_when_inactive(is_on);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        let mut line = |ui: &mut Ui, filter: ListFilter, icon: &str, words: String| {
            let text = if icon.is_empty() { words.clone() } else { format!("{icon}  {words}") };
            if ui.selectable_label(bench.list.filter == filter, text).accessible_name(words).clicked() {
                requests.push(Request::List(ListRequest::Filter(filter)));
                ui.close();
            }
        };
        line(ui, ListFilter::All, "", "All recordings".to_owned());
        line(ui, ListFilter::Incomplete, "", "Not done".to_owned());
        line(ui, ListFilter::WithNote, icons::NOTE_PENCIL, "With a note".to_owned());
        ui.separator();
        for state in RecordingState::ALL {
            line(ui, ListFilter::In(state), state_icon(state), capitalised(state.words()));
        }
    });
    response.accessible_name("Filter recordings").on_hover_text("List recordings in one state only");
}

fn order_menu(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let button = Button::new(RichText::new(icons::ORDER).size(14.0)).frame_when_inactive(false);
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for order in ListOrder::ALL {
            if ui.selectable_label(bench.list.order == order, order.words()).clicked() {
                requests.push(Request::List(ListRequest::Order(order)));
                ui.close();
            }
        }
    });
    let hover = format!("Order of the recordings: {}", bench.list.order.words().to_lowercase());
    response.accessible_name("Order recordings").on_hover_text(hover);
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether the list has the keyboard, where Ctrl+A selects recordings.
pub fn has_keyboard(context: &egui::Context) -> bool {
    context.memory(|memory| memory.has_focus(list_id()))
}

/// The control that has the keyboard while arrows go from row to row.
fn list_id() -> Id {
    Id::unique("list of recordings")
}

fn rows(ui: &mut Ui, bench: &Workbench, list: &mut FileList, height: f32, requests: &mut Vec<Request>) {
    let shown = bench.list.shown();
    let pitch = theme::ROW_HEIGHT + ui.spacing().item_spacing.y;
    let mut area = ScrollArea::vertical().id_salt("recordings").max_height(height).auto_shrink([false, false]);
    if let Some(offset) = list.revealing_offset(bench, pitch) {
        area = area.vertical_scroll_offset(offset);
    }
    let has_keyboard = ui.memory(|memory| memory.has_focus(list_id()));
    let mut wants_keyboard = false;
    list.seen.clear();
    let output = area.show_rows(ui, theme::ROW_HEIGHT, shown.len(), |ui, rows| {
        for &id in shown.get(rows).unwrap_or_default() {
            let Some(recording) = bench.document.recording(id) else { continue };
            list.seen.push(id);
            let place = RowPlace {
                is_open: bench.open.as_ref().is_some_and(|open| open.id == id),
                is_selected: bench.list.selection.contains(&id),
                has_cursor: has_keyboard && bench.list.cursor == Some(id),
            };
            let response = file_row_ui::show(ui, bench, id, recording, place);
            wants_keyboard |= clicks(ui, bench, &response, id, place, requests);
        }
        if shown.is_empty() && !bench.list.is_being_made() {
            nothing_fits(ui, requests);
        }
    });
    list.offset = output.state.unclamped_offset().y;
    list.height = output.inner_rect.height();
    let response = ui.interact(output.inner_rect, list_id(), Sense::FOCUSABLE);
    response.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, "List of recordings"));
    if let Some(cursor) = bench.list.cursor.filter(|cursor| list.seen.contains(cursor)) {
        let row = row_id(cursor).accesskit_id();
        ui.ctx().accesskit_node_builder(list_id(), |node| node.set_active_descendant(row));
    }
    if wants_keyboard {
        // Not before: a click beside a control takes the keyboard from it.
        response.request_focus();
    }
    if response.has_focus() {
        keys(ui, bench, requests);
    }
}

fn nothing_fits(ui: &mut Ui, requests: &mut Vec<Request>) {
    ui.label(weak("No recording is like that"));
    if ui.link("List all recordings").clicked() {
        requests.push(Request::List(ListRequest::Search(String::new())));
        requests.push(Request::List(ListRequest::Filter(ListFilter::All)));
    }
}

impl FileList {
    /// Where to scroll to so that the row can be seen that keys, or a change of the open recording, have come to; none if it stays.
    fn revealing_offset(&mut self, bench: &Workbench, pitch: f32) -> Option<f32> {
        let wanted = bench.list.cursor.or(bench.open.as_ref().map(|open| open.id));
        if wanted == self.revealed || bench.list.is_being_made() {
            return None;
        }
        self.revealed = wanted;
        let top = bench.list.place(wanted?)? as f32 * pitch;
        let bottom = top + pitch;
        if top < self.offset {
            Some(top)
        } else if bottom > self.offset + self.height {
            Some((bottom - self.height).max(0.0))
        } else {
            None
        }
    }
}

/// Sees to clicks on a row; returns whether the list shall have the keyboard.
fn clicks(
    ui: &Ui,
    bench: &Workbench,
    response: &egui::Response,
    id: RecordingId,
    place: RowPlace,
    requests: &mut Vec<Request>,
) -> bool {
    let mut wants_keyboard = false;
    let choose = |choosing| Request::List(ListRequest::Choose(id, choosing));
    if response.clicked() {
        let chosen_as = choosing(ui.input(|input| input.modifiers));
        requests.push(choose(chosen_as));
        if chosen_as == Choosing::Only {
            requests.push(Request::ShowRecording(id));
        } else {
            // Whoever selects goes on with keys of the list; whoever opens, with those of the picture.
            wants_keyboard = true;
        }
    }
    if response.secondary_clicked() && !place.is_selected {
        requests.push(choose(Choosing::Only));
    }
    response.context_menu(|ui| row_menu(ui, bench, requests));
    wants_keyboard
}

fn row_menu(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let chosen = &bench.list.selection;
    if chosen.len() > 1 {
        ui.label(weak(format!("{} selected", counted(chosen.len(), "recording"))));
    }
    menu_line(ui, bench, Command::DetectSelection, requests);
    let first = chosen.first().and_then(|&id| bench.document.recording(id));
    let is_complete = first.is_some_and(|recording| recording.is_complete);
    let words = if is_complete { "Mark as not done" } else { "Mark as done" };
    if ui.button(words).clicked() {
        requests.push(Request::List(ListRequest::Complete(!is_complete)));
        ui.close();
    }
    menu_line(ui, bench, Command::NoteRecording, requests);
    if ui.button(if chosen.len() > 1 { "Copy paths" } else { "Copy path" }).clicked() {
        let path = |&id: &RecordingId| Some(bench.document.recording(id)?.path.display().to_string());
        ui.ctx().copy_text(bench.chosen_recordings().iter().filter_map(path).collect::<Vec<_>>().join("\n"));
        ui.close();
    }
    ui.separator();
    menu_line(ui, bench, Command::FindRecordings, requests);
    menu_line(ui, bench, Command::CloseRecording, requests);
}

/// Arrows go from row to row, with Shift they select; Enter opens; Ctrl+A selects all.
fn keys(ui: &Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(list_id(), filter));
    let from = bench.list.cursor.or(bench.open.as_ref().map(|open| open.id));
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    // The stricter ones first: a key without modifiers fits them too.
    let steps = [
        (Modifiers::SHIFT, Key::ArrowDown, 1, Choosing::Extend),
        (Modifiers::SHIFT, Key::ArrowUp, -1, Choosing::Extend),
        (Modifiers::NONE, Key::ArrowDown, 1, Choosing::Only),
        (Modifiers::NONE, Key::ArrowUp, -1, Choosing::Only),
    ];
    for (modifiers, key, step, choosing) in steps {
        if pressed(modifiers, key) {
            let next = from.map_or(bench.list.shown().first().copied(), |from| bench.list.beside(from, step));
            requests.extend(next.map(|next| Request::List(ListRequest::Choose(next, choosing))));
        }
    }
    if pressed(Modifiers::COMMAND, Key::A) {
        requests.push(Request::List(ListRequest::ChooseAll));
    }
    if pressed(Modifiers::NONE, Key::Enter)
        && let Some(cursor) = bench.list.cursor
    {
        requests.push(Request::ShowRecording(cursor));
        ui.memory_mut(|memory| memory.surrender_focus(list_id()));
    }
}

const LINE: f32 = 18.0;

fn footer_height(bench: &Workbench, list: &FileList) -> f32 {
    let lines = 2 + usize::from(survey_text(bench).is_some()) + usize::from(bench.is_relocating());
    let note = if list.note.is_some() { 104.0 } else { 0.0 };
    lines as f32 * LINE + note + theme::GRID
}

/// How many recordings are still to be looked at, if there are so many that it takes a while.
fn survey_text(bench: &Workbench) -> Option<String> {
    let (looked, all) = (bench.specs.len() + bench.unknown.len(), bench.document.recording_count());
    (!bench.is_surveyed() && all >= 200).then(|| format!("Looking at recordings: {looked} of {all}"))
}

fn footer(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let small = |text: String| RichText::new(text).size(12.0).weak();
    let all = bench.document.recording_count();
    let (decided, events) = bench.decided_of_all();
    let line = |ui: &mut Ui, text: String| {
        ui.allocate_ui(egui::vec2(ui.available_width(), LINE), |ui| {
            ui.set_min_height(LINE);
            ui.add(egui::Label::new(small(text)).truncate());
        });
    };
    line(ui, if events > 0 { format!("{decided} of {events} decided") } else { "Nothing to decide yet".to_owned() });
    let complete = format!("{} of {all} done", bench.document.complete_count());
    let listed = bench.list.shown().len();
    line(ui, if bench.list.is_whole() { complete } else { format!("{complete} · {listed} listed") });
    if let Some(text) = survey_text(bench) {
        line(ui, text);
    }
    if bench.is_relocating() {
        ui.horizontal(|ui| {
            ui.label(small("Looking for missing recordings".to_owned()));
            if ui.small_button(icons::STOP).accessible_name("Stop looking for recordings").clicked() {
                requests.push(Request::List(ListRequest::StopFinding));
            }
        });
    }
}

fn note_editor(ui: &mut Ui, bench: &Workbench, list: &mut FileList, requests: &mut Vec<Request>) {
    let Some(draft) = &mut list.note else { return };
    let name = match draft.ids.as_slice() {
        [id] => bench.document.recording(*id).map(|recording| recording.file_name()).unwrap_or_default(),
        ids => counted(ids.len(), "recording"),
    };
    ui.add_space(theme::GRID);
    ui.add(egui::Label::new(RichText::new(format!("Note on {name}")).size(12.0)).truncate());
    let field = Id::unique("note on a recording");
    let has_keyboard = ui.memory(|memory| memory.has_focus(field));
    let pressed = |key| has_keyboard && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (mut is_kept, is_dropped) = (pressed(Key::Enter), pressed(Key::Escape));
    let new_line = KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter);
    // Else Esc would only take the keyboard away, which keeps what was typed.
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, escape: true, tab: false };
    let edit = TextEdit::multiline(&mut draft.text)
        .event_filter(filter)
        .id(field)
        .desired_rows(2)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit.return_key(Some(new_line))).accessible_name("Note on the recording");
    if std::mem::take(&mut draft.is_fresh) {
        response.request_focus();
    }
    let response = response.on_hover_text("Enter keeps the note, Shift+Enter begins a line, Esc drops it");
    // What was typed is not lost because something else was clicked.
    is_kept |= response.lost_focus() && !is_dropped;
    if is_kept {
        requests.push(Request::List(ListRequest::Note(draft.ids.clone(), draft.text.clone())));
    }
    if is_kept || is_dropped {
        list.note = None;
    }
}
