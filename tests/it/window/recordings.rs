//! The list of recordings: what a folder gives, states, search, selection, notes, complete marks, moved files, a model over many.

use super::stage::{press, press_with, settings, soundscape, wait, window};
use earmark::annotation::{Edit, RecordingId};
use earmark::app::{App, Choosing, Command, ListFilter, ListOrder, ListRequest, RecordingState, Request, Workbench};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::path::{Path, PathBuf};

/// A sound file of so many milliseconds at 8 kHz, told from others by its samples.
pub fn wave(path: &Path, millis: u32, sample: i16) {
    let frames = 8 * millis;
    let mut wave = b"RIFF".to_vec();
    wave.extend((36 + 2 * frames).to_le_bytes());
    wave.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    wave.extend((2 * frames).to_le_bytes());
    (0..frames).for_each(|frame| wave.extend(sample.wrapping_mul(frame as i16).to_le_bytes()));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, wave).unwrap();
}

/// Opens paths and waits until every recording was looked at and is listed.
fn opened(paths: Vec<PathBuf>, count: usize) -> Harness<'static, App> {
    let mut harness = window(settings(), paths);
    wait(&mut harness, "the recordings", |bench| {
        bench.document.recording_count() == count && bench.is_surveyed() && !bench.list.is_being_made()
    });
    harness
}

fn names(bench: &Workbench) -> Vec<String> {
    let name = |&id: &RecordingId| bench.document.recording(id).unwrap().file_name();
    bench.list.shown().iter().map(name).collect()
}

fn open_name(harness: &Harness<'_, App>) -> String {
    harness.state().bench.recording().map(|recording| recording.file_name()).unwrap_or_default()
}

fn ask(harness: &mut Harness<'_, App>, request: ListRequest) {
    harness.state_mut().bench.dispatch(Request::List(request));
    wait(harness, "the list", |bench| !bench.list.is_being_made());
}

fn a_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=12 {
        let site = if number % 2 == 0 { "north" } else { "south" };
        wave(&folder.path().join(site).join(format!("take{number}.wav")), 100 * number, number as i16);
    }
    std::fs::write(folder.path().join("north/broken.wav"), b"no sound in here").unwrap();
    folder
}

#[test]
fn a_folder_is_opened_with_all_its_folders_and_a_broken_file_is_one_row_and_one_notice() {
    let folder = a_folder();
    let harness = opened(vec![folder.path().to_path_buf()], 13);
    let bench = &harness.state().bench;
    let listed = names(bench);
    assert_eq!(listed[..4], ["broken.wav", "take1.wav", "take2.wav", "take3.wav"]);
    assert_eq!(listed[12], "take12.wav", "numbers count by their value");
    let broken = bench.list.shown()[0];
    assert_eq!(bench.recording_state(broken), RecordingState::Unreadable);
    let told: Vec<&str> = bench.notices.list().iter().map(|notice| notice.text.as_str()).collect();
    let about_broken = told.iter().filter(|text| text.contains("broken.wav")).count();
    assert_eq!(about_broken, 1, "{told:?}");
    let row = harness.get_by_role_and_label(Role::ListItem, "broken.wav");
    assert_eq!(row.accesskit_node().description().as_deref(), Some("unreadable"));
    // One that can be read is shown.
    assert!(open_name(&harness).starts_with("take"));
}

#[test]
fn a_file_that_is_no_recording_is_told_and_not_kept() {
    let folder = a_folder();
    let mut harness = window(settings(), vec![folder.path().join("north/broken.wav")]);
    wait(&mut harness, "the notice", |bench| !bench.notices.list().is_empty());
    assert_eq!(harness.state().bench.document.recording_count(), 0);
    harness.get_by_label("Open example");
}

#[test]
fn keys_go_through_what_the_search_has_left() {
    let folder = a_folder();
    std::fs::remove_file(folder.path().join("north/broken.wav")).unwrap();
    let mut harness = opened(vec![folder.path().to_path_buf()], 12);
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    harness.get_by_role_and_label(Role::TextInput, "Search recordings").type_text("north");
    wait(&mut harness, "the list", |bench| bench.list.text == "north" && !bench.list.is_being_made());
    let listed = names(&harness.state().bench);
    let even: Vec<String> = (1..=6).map(|number| format!("take{}.wav", 2 * number)).collect();
    let others: Vec<&String> = listed.iter().filter(|name| !even.contains(name)).collect();
    assert!(listed.len() - others.len() == 6 && others.len() <= 1, "no more than the open one besides: {listed:?}");
    // Down goes into the list; Enter opens; the recording's keys go on from there.
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::ArrowDown);
    let cursor = harness.state().bench.list.cursor.unwrap();
    let expected = listed[harness.state().bench.list.place(cursor).unwrap()].clone();
    press(&mut harness, Key::Enter);
    wait(&mut harness, "the recording", |bench| bench.open.as_ref().is_some_and(|open| open.id == cursor));
    assert_eq!(open_name(&harness), expected);
    let place = listed.iter().position(|name| *name == expected).unwrap();
    press_with(&mut harness, Modifiers::COMMAND, Key::PageDown);
    assert_eq!(open_name(&harness), listed[place + 1]);
    press_with(&mut harness, Modifiers::COMMAND, Key::PageUp);
    assert_eq!(open_name(&harness), expected);
}

#[test]
fn rows_are_selected_by_mouse_and_keys_and_said_to_be_complete_in_one_step() {
    let folder = a_folder();
    std::fs::remove_file(folder.path().join("north/broken.wav")).unwrap();
    let mut harness = opened(vec![folder.path().to_path_buf()], 12);
    let at =
        |harness: &Harness<'_, App>, name: &str| harness.get_by_role_and_label(Role::ListItem, name).rect().center();
    let click = |harness: &mut Harness<'_, App>, name: &str, modifiers: Modifiers| {
        let place = at(harness, name);
        harness.hover_at(place);
        harness.step();
        for pressed in [true, false] {
            harness.event_modifiers(
                eframe::egui::Event::PointerButton {
                    pos: place,
                    button: eframe::egui::PointerButton::Primary,
                    pressed,
                    modifiers,
                },
                modifiers,
            );
            harness.step();
        }
        harness.run_steps(2);
    };
    click(&mut harness, "take2.wav", Modifiers::NONE);
    assert_eq!(open_name(&harness), "take2.wav");
    click(&mut harness, "take5.wav", Modifiers::SHIFT);
    assert_eq!(open_name(&harness), "take2.wav", "selecting opens nothing");
    assert_eq!(harness.state().bench.list.selection.len(), 4);
    click(&mut harness, "take3.wav", Modifiers::COMMAND);
    assert_eq!(harness.state().bench.list.selection.len(), 3);
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(harness.state().bench.document.complete_count(), 3);
    assert_eq!(harness.state().bench.history.undo_title(), Some("mark 3 recordings done"));
    harness.get_by_label_contains("3 of 12 done");
    // The list has the keyboard: all of it.
    press_with(&mut harness, Modifiers::COMMAND, Key::A);
    assert_eq!(harness.state().bench.list.selection.len(), 12);
    press_with(&mut harness, Modifiers::SHIFT, Key::ArrowDown);
    assert!(harness.state().bench.list.selection.len() < 12);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(harness.state().bench.document.complete_count(), 0);
}

#[test]
fn the_list_is_filtered_and_ordered_through_its_menus() {
    let folder = a_folder();
    std::fs::remove_file(folder.path().join("north/broken.wav")).unwrap();
    let mut harness = opened(vec![folder.path().to_path_buf()], 12);
    let done = open_name(&harness);
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    let mut choose = |menu: &str, line: &str, count: usize| {
        harness.get_by_label(menu).click();
        harness.run_steps(3);
        harness.get_by_label(line).click();
        wait(&mut harness, line, |bench| !bench.list.is_being_made() && bench.list.shown().len() == count);
        names(&harness.state().bench)
    };
    assert!(!choose("Filter recordings", "Not done", 11).contains(&done));
    choose("Filter recordings", "All recordings", 12);
    let by_state = choose("Order recordings", ListOrder::State.words(), 12);
    assert_eq!(by_state.last(), Some(&done), "what asks for something comes first");
    let by_name = choose("Order recordings", ListOrder::Name.words(), 12);
    assert_eq!(by_name[..3], ["take1.wav", "take2.wav", "take3.wav"]);
}

#[test]
fn a_complete_recording_gives_way_to_the_next_that_is_not() {
    let folder = a_folder();
    std::fs::remove_file(folder.path().join("north/broken.wav")).unwrap();
    let mut harness = opened(vec![folder.path().to_path_buf()], 12);
    let first = open_name(&harness);
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    let bench = &harness.state().bench;
    assert_eq!(bench.document.complete_count(), 1);
    assert_ne!(open_name(&harness), first);
    ask(&mut harness, ListRequest::Filter(ListFilter::Incomplete));
    assert_eq!(names(&harness.state().bench).len(), 11);
    for _ in 0..11 {
        assert!(!harness.state().bench.recording().unwrap().is_complete);
        press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().bench.document.complete_count(), 12);
    harness.get_by_label_contains("all done");
    // Again takes it back, and stays.
    let here = open_name(&harness);
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!((harness.state().bench.document.complete_count(), open_name(&harness)), (11, here));
}

#[test]
fn a_note_is_written_beside_the_list_and_nothing_is_decided_meanwhile() {
    let folder = a_folder();
    let mut harness = opened(vec![folder.path().join("south")], 6);
    harness.state_mut().bench.dispatch(Request::List(ListRequest::Choose(RecordingId(0), Choosing::Only)));
    let id = harness.state().bench.open.as_ref().unwrap().id;
    let note = |harness: &Harness<'_, App>| harness.state().bench.document.recording(id).unwrap().note.clone();
    press_with(&mut harness, Modifiers::COMMAND, Key::P);
    harness.get_by_role_and_label(Role::TextInput, "Search a command").type_text("Recording note");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    harness.run_steps(2);
    harness.get_by_label("Note on the recording").type_text("wind, and a dog");
    harness.run_steps(2);
    assert_eq!(harness.state().bench.history.undo_title(), None);
    press(&mut harness, Key::Enter);
    assert_eq!(note(&harness), "wind, and a dog");
    assert!(harness.query_by_label("Note on the recording").is_none());
    ask(&mut harness, ListRequest::Filter(ListFilter::WithNote));
    assert_eq!(names(&harness.state().bench), ["take1.wav"]);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(note(&harness), "");
}

#[test]
fn what_has_events_or_a_note_is_not_removed_with_the_others() {
    let folder = a_folder();
    let mut harness = opened(vec![folder.path().join("south")], 6);
    let bench = &mut harness.state_mut().bench;
    bench.dispatch(Request::List(ListRequest::Note(vec![RecordingId(2)], "keep".to_owned())));
    bench.dispatch(Request::List(ListRequest::ChooseAll));
    bench.dispatch(Request::Do(Command::CloseRecording));
    wait(&mut harness, "the list", |bench| !bench.list.is_being_made() && bench.open.is_some());
    let bench = &harness.state().bench;
    assert_eq!(bench.document.recordings().map(|(id, _)| id).collect::<Vec<_>>(), [RecordingId(2)]);
    assert_eq!(bench.open.as_ref().unwrap().id, RecordingId(2));
    harness.get_by_label_contains("1 recording stays");
}

#[test]
fn a_model_runs_over_all_while_another_recording_is_shown_and_only_over_new_ones_next_time() {
    let mut harness = window(settings(), (0..3).map(soundscape).collect());
    wait(&mut harness, "the recordings", |bench| bench.is_surveyed() && bench.open.is_some());
    harness.state_mut().bench.dispatch(Request::Do(Command::DetectAll));
    harness.run_steps(2);
    harness.get_by_label_contains("of 3 recordings");
    wait(&mut harness, "the model", |bench| bench.runs.is_empty() && bench.batch.is_none());
    let bench = &harness.state().bench;
    let ids: Vec<RecordingId> = bench.document.recordings().map(|(id, _)| id).collect();
    for &id in &ids {
        assert_eq!(bench.recording_state(id), RecordingState::Predicted);
        assert!(bench.scores_of(id).unwrap().undecided > 0);
    }
    // What the list says of a recording before it is shown is what is shown then.
    let counted = bench.decided_of(ids[2]);
    let (decided, all) = bench.decided_of_all();
    assert_eq!((decided, all), (0, ids.iter().map(|&id| bench.decided_of(id).1).sum()));
    harness.state_mut().bench.dispatch(Request::ShowRecording(ids[2]));
    harness.run_steps(2);
    assert_eq!(harness.state().bench.decided_of(ids[2]), counted);
    assert_eq!(harness.state().bench.marks.len(), counted.1);
    harness.state_mut().bench.dispatch(Request::Do(Command::DetectAll));
    assert!(harness.state().bench.batch.is_none());
    harness.run_steps(2);
    harness.get_by_label_contains("scored by yamnet already");
    ask(&mut harness, ListRequest::Order(ListOrder::Undecided));
    let order: Vec<usize> =
        harness.state().bench.list.shown().iter().map(|&id| harness.state().bench.decided_of(id).1).collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");
}

#[test]
fn the_thread_is_given_no_more_recordings_than_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.wav", "b.wav", "c.wav", "d.wav"] {
        wave(&folder.path().join(name), 130_000, 3);
    }
    let mut harness = opened(vec![folder.path().to_path_buf()], 4);
    harness.state_mut().bench.dispatch(Request::Do(Command::DetectAll));
    assert_eq!(harness.state().bench.runs.len(), 2, "the one at work, and the next");
    harness.state_mut().bench.dispatch(Request::Do(Command::CancelDetection));
    wait(&mut harness, "the end", |bench| bench.runs.is_empty() && bench.batch.is_none());
}

#[test]
fn recordings_that_were_moved_are_found_by_their_content_and_keep_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    wave(&at("here/a.wav"), 300, 3);
    wave(&at("here/b.wav"), 300, 5);
    wave(&at("here/c.wav"), 300, 7);
    let project = at("project.earmark");
    let mut harness = opened(vec![at("here")], 3);
    wait(&mut harness, "the fingerprints", |bench| {
        bench.document.recordings().all(|(_, recording)| recording.fingerprint.is_some())
    });
    harness.state_mut().bench.dispatch(Request::List(ListRequest::Note(vec![RecordingId(1)], "b".to_owned())));
    harness.state_mut().bench.dispatch(Request::SaveProjectTo(project.clone()));
    wait(&mut harness, "the project", |bench| !bench.is_unsaved());
    drop(harness);
    std::fs::create_dir_all(at("deep/down")).unwrap();
    std::fs::rename(at("here/b.wav"), at("deep/down/renamed.wav")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(at("here/c.wav"), elsewhere.path().join("c.wav")).unwrap();

    let again = project.clone();
    let mut harness = window(settings(), vec![project]);
    wait(&mut harness, "the recording that lies beside the project", |bench| {
        bench
            .document
            .recording(RecordingId(1))
            .is_some_and(|recording| recording.path.ends_with("deep/down/renamed.wav"))
            && bench.is_surveyed()
    });
    let bench = &harness.state().bench;
    assert_eq!(bench.document.recording(RecordingId(1)).unwrap().note, "b");
    assert_eq!(bench.recording_state(RecordingId(1)), RecordingState::Untouched);
    assert_eq!(bench.recording_state(RecordingId(2)), RecordingState::NotFound);
    harness.get_by_label_contains("1 recording found in another place: recognised by content");
    // The other one is found where the user says.
    harness.state_mut().bench.dispatch(Request::List(ListRequest::FindIn(elsewhere.path().to_path_buf())));
    wait(&mut harness, "the other one", |bench| bench.missing().next().is_none() && bench.is_surveyed());
    assert_eq!(harness.state().bench.recording_state(RecordingId(2)), RecordingState::Untouched);
    // Where it lies now is kept.
    drop(harness);
    let mut harness = window(settings(), vec![again]);
    wait(&mut harness, "the project", |bench| bench.document.recording_count() == 3 && bench.is_surveyed());
    let path = harness.state().bench.document.recording(RecordingId(2)).unwrap().path.clone();
    assert_eq!(path, elsewhere.path().join("c.wav"));
}

#[test]
fn undo_of_a_complete_mark_comes_back_to_its_recording() {
    let folder = a_folder();
    let mut harness = opened(vec![folder.path().join("south")], 6);
    let bench = &mut harness.state_mut().bench;
    let id = bench.open.as_ref().unwrap().id;
    bench.dispatch(Request::Do(Command::MarkComplete));
    assert_ne!(bench.open.as_ref().map(|open| open.id), Some(id));
    assert!(matches!(bench.history.next_undo(), Some(Edit::SetComplete { recording, .. }) if *recording == id));
    bench.dispatch(Request::Do(Command::Undo));
    assert_eq!(bench.document.complete_count(), 0);
}
