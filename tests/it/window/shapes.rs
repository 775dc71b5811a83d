//! Boxes, points and spans: drawn, resized, moved, cut and put together by mouse and keys; what is said about them; making them by ear.

mod by_ear;
mod panel;

use super::stage::{at_secs, drag, opened, press, press_with, soundscape, wait};
use earmark::annotation::{Band, Event, Origin, Status};
use earmark::app::{App, DisplayChange, Request, Target};
use earmark::time::Span;
use earmark::ui::frequency_scale;
use eframe::egui::{self, Key, Modifiers, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

type Window = Harness<'static, App>;

fn events(harness: &Window) -> Vec<Event> {
    harness.state().bench.recording().unwrap().events_by_onset().into_iter().cloned().collect()
}

fn selected(harness: &Window) -> Event {
    harness.state().bench.selected_event().expect("an event is selected").clone()
}

/// Where a moment and a frequency lie, in the upper one of `planes` pictures.
fn at_place(harness: &Window, secs: f64, hz: f64, planes: usize) -> Pos2 {
    let rect = harness.get_by_label("Spectrogram").rect();
    let bench = &harness.state().bench;
    let (low_hz, high_hz) = bench.open.as_ref().unwrap().frequencies;
    let scale = frequency_scale(&bench.display.frequency_scale);
    let view = earmark::spectrogram::FrequencyView { low_hz, high_hz, scale };
    let gap = if planes > 1 { 2.0 } else { 0.0 };
    let height = rect.height() / planes as f32 - gap;
    Pos2::new(at_secs(harness, secs).x, rect.top() + height * (1.0 - view.y_from_hz(hz) as f32))
}

fn drag_with(harness: &mut Window, modifiers: Modifiers, from: Pos2, to: Pos2) {
    harness.event(egui::Event::ModifiersChanged(modifiers));
    drag(harness, from, to);
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(2);
}

fn draw(harness: &mut Window, span: Span) -> Event {
    harness.state_mut().bench.dispatch(Request::Draw(span));
    harness.run_steps(2);
    selected(harness)
}

fn undo_all(harness: &mut Window) -> usize {
    let steps = harness.state().bench.history.undo_count();
    while harness.state().bench.history.undo_title().is_some() {
        press_with(harness, Modifiers::COMMAND, Key::Z);
    }
    assert!(events(harness).is_empty());
    steps
}

fn assert_band(band: Option<Band>, low_hz: f64, high_hz: f64, tolerance_hz: f64) {
    let band = band.expect("the event has frequencies");
    assert!((band.low_hz - low_hz).abs() < tolerance_hz, "{band:?}, not {low_hz} Hz");
    assert!((band.high_hz - high_hz).abs() < tolerance_hz, "{band:?}, not {high_hz} Hz");
}

#[test]
fn a_drag_draws_a_span_or_in_box_mode_a_box_on_every_frequency_scale() {
    let mut harness = opened(vec![soundscape(0)]);
    let (from, to) = (at_place(&harness, 5.0, 2_000.0, 1), at_place(&harness, 6.0, 5_000.0, 1));
    drag(&mut harness, from, to);
    assert_eq!(selected(&harness).band, None);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    press(&mut harness, Key::X);
    assert!(harness.state().bench.settings.shaping.box_mode);
    for scale in ["linear", "mel", "log", "bark"] {
        harness.state_mut().bench.dispatch(Request::Display(DisplayChange::FrequencyScale(scale.into())));
        harness.run_steps(2);
        let (from, to) = (at_place(&harness, 5.0, 5_000.0, 1), at_place(&harness, 6.0, 2_000.0, 1));
        drag(&mut harness, from, to);
        let drawn = selected(&harness);
        assert_band(drawn.band, 2_000.0, 5_000.0, 40.0);
        assert!((drawn.span.onset_secs - 5.0).abs() < 0.05 && (drawn.span.offset_secs - 6.0).abs() < 0.05);
        assert_eq!((drawn.status, drawn.origin), (Status::Accepted, Origin::Human));

        // The lower right corner.
        let (from, to) = (at_place(&harness, 6.0, 2_000.0, 1), at_place(&harness, 6.5, 1_000.0, 1));
        drag(&mut harness, from, to);
        let resized = selected(&harness);
        assert_eq!(resized.id, drawn.id);
        assert_band(resized.band, 1_000.0, 5_000.0, 60.0);
        assert!((resized.span.offset_secs - 6.5).abs() < 0.05 && resized.span.onset_secs == drawn.span.onset_secs);

        // The upper edge.
        let (from, to) = (at_place(&harness, 5.7, 5_000.0, 1), at_place(&harness, 5.9, 7_000.0, 1));
        drag(&mut harness, from, to);
        assert_band(selected(&harness).band, 1_000.0, 7_000.0, 90.0);
        assert_eq!(selected(&harness).span, resized.span);

        // With Alt, the whole: in time and frequency.
        let before = selected(&harness);
        let (from, to) = (at_place(&harness, 5.7, 3_000.0, 1), at_place(&harness, 7.7, 3_500.0, 1));
        drag_with(&mut harness, Modifiers::ALT, from, to);
        let moved = selected(&harness);
        assert_eq!(moved.id, before.id);
        assert!((moved.span.onset_secs - before.span.onset_secs - 2.0).abs() < 0.05);
        assert!((moved.span.duration_secs() - before.span.duration_secs()).abs() < 1e-9);
        assert!(moved.band.unwrap().low_hz > before.band.unwrap().low_hz + 50.0, "{:?}", moved.band);
        assert_eq!(undo_all(&mut harness), 4, "one step each");
    }
    // A level drag is an event in time alone also in this mode.
    let (from, to) = (at_place(&harness, 5.0, 2_000.0, 1), at_place(&harness, 6.0, 2_000.0, 1));
    drag(&mut harness, from, to);
    assert_eq!(selected(&harness).band, None);
}

#[test]
fn a_box_is_drawn_in_the_channel_under_the_pointer_and_seen_in_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stereo.wav");
    let frames: Vec<u8> = (0..32_000_u32)
        .flat_map(|frame| [(frame * 37 % 8_000) as i16, (frame * 91 % 8_000) as i16])
        .flat_map(i16::to_le_bytes)
        .collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend([4, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((frames.len() as u32).to_le_bytes());
    bytes.extend(frames);
    std::fs::write(&path, bytes).unwrap();
    let mut harness = opened(vec![path]);
    harness.state_mut().bench.dispatch(Request::Display(DisplayChange::Channels(earmark::app::ChannelView::All)));
    wait(&mut harness, "two pictures", |bench| bench.open.as_ref().is_some_and(|open| open.tiles.plane_count() == 2));
    press(&mut harness, Key::X);
    // The picture becomes lower as soon as there are lanes below it.
    let plane =
        |harness: &Window, plane: f32| vec2(0.0, 0.5 * plane * harness.get_by_label("Spectrogram").rect().height());
    for [drawn_in, dragged_in] in [[0.0, 1.0], [1.0, 0.0]] {
        let lower = plane(&harness, drawn_in);
        let (from, to) = (at_place(&harness, 1.0, 1_000.0, 2), at_place(&harness, 2.0, 3_000.0, 2));
        drag(&mut harness, from + lower, to + lower);
        assert_band(selected(&harness).band, 1_000.0, 3_000.0, 60.0);
        // Its edge can be taken hold of in the other channel.
        let other = plane(&harness, dragged_in);
        let (from, to) = (at_place(&harness, 1.5, 3_000.0, 2), at_place(&harness, 1.5, 2_000.0, 2));
        drag(&mut harness, from + other, to + other);
        assert_band(selected(&harness).band, 1_000.0, 2_000.0, 60.0);
        assert_eq!(undo_all(&mut harness), 2);
    }
}

#[test]
fn an_edge_that_two_events_share_is_moved_for_both() {
    let mut harness = opened(vec![soundscape(0)]);
    let first = draw(&mut harness, Span::between(5.0, 7.0));
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("Other".into()));
    let second = draw(&mut harness, Span::between(7.0, 9.0));
    let steps = harness.state().bench.history.undo_count();
    let (from, to) = (at_secs(&harness, 7.0), at_secs(&harness, 7.6));
    drag_with(&mut harness, Modifiers::SHIFT, from, to);
    let spans = |harness: &Window| events(harness).iter().map(|event| event.span).collect::<Vec<Span>>();
    let moved = spans(&harness);
    assert!((moved[0].offset_secs - 7.6).abs() < 0.05, "{moved:?}");
    assert_eq!((moved[0].offset_secs, moved[0].onset_secs, moved[1].offset_secs), (moved[1].onset_secs, 5.0, 9.0));
    assert_eq!(harness.state().bench.history.undo_count(), steps + 1);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(spans(&harness), [first.span, second.span]);
    // Without Shift only one of them.
    let (from, to) = (at_secs(&harness, 7.0) - vec2(2.0, 0.0), at_secs(&harness, 6.5));
    press(&mut harness, Key::Escape);
    drag(&mut harness, from, to);
    let moved = spans(&harness);
    assert!((moved[0].offset_secs - 6.5).abs() < 0.05 && moved[1] == second.span, "{moved:?}");
    // Far from any other edge, Shift does not matter.
    let (from, to) = (at_secs(&harness, 9.0), at_secs(&harness, 9.5));
    drag_with(&mut harness, Modifiers::SHIFT, from, to);
    assert!((spans(&harness)[1].offset_secs - 9.5).abs() < 0.05);
}

#[test]
fn edges_snap_with_alt_or_without_it() {
    let mut harness = opened(vec![soundscape(0)]);
    draw(&mut harness, Span::between(5.0, 7.0));
    harness.state_mut().bench.dispatch(Request::Seek(8.125));
    harness.run_steps(2);
    let near = at_secs(&harness, 8.125) + vec2(4.0, 0.0);
    let from = at_secs(&harness, 7.0);
    drag_with(&mut harness, Modifiers::ALT, from, near);
    assert_eq!(selected(&harness).span.offset_secs, 8.125, "at the playhead exactly");
    let (from, to) = (at_secs(&harness, 8.125), at_secs(&harness, 9.0));
    drag(&mut harness, from, to);
    let from = at_secs(&harness, selected(&harness).span.offset_secs);
    drag(&mut harness, from, near);
    assert_ne!(selected(&harness).span.offset_secs, 8.125, "edges do not snap by themselves at first");
    // The other way round.
    harness.state_mut().bench.dispatch(Request::Do(earmark::app::Command::ToggleSnap));
    let (from, to) = (at_secs(&harness, 10.0), at_secs(&harness, 5.0) - vec2(5.0, 0.0));
    drag(&mut harness, from, to);
    assert_eq!(selected(&harness).span.onset_secs, 5.0, "a new event snaps to the onset of another one");
    let from = at_secs(&harness, 10.0);
    let to = at_secs(&harness, 8.125) + vec2(4.0, 0.0);
    drag_with(&mut harness, Modifiers::ALT, from, to);
    assert_ne!(selected(&harness).span.offset_secs, 8.125);
}

#[test]
fn a_point_is_made_by_click_or_key_moved_and_exported() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.event(egui::Event::ModifiersChanged(Modifiers::COMMAND));
    let at = at_secs(&harness, 6.0);
    harness.hover_at(at);
    harness.step();
    harness.drag_at(at);
    harness.step();
    harness.drop_at(at);
    harness.run_steps(2);
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(2);
    let point = selected(&harness);
    assert!(point.is_point && point.span.duration_secs() == 0.0 && (point.span.onset_secs - 6.0).abs() < 0.05);
    let (from, to) = (at, at_secs(&harness, 7.0));
    drag(&mut harness, from, to);
    let moved = selected(&harness);
    assert_eq!(moved.id, point.id);
    assert!(moved.is_point && moved.span.duration_secs() == 0.0 && (moved.span.onset_secs - 7.0).abs() < 0.05);
    let spoken = harness.state().bench.selected_mark().unwrap().spoken();
    assert!(spoken.contains("at 7.0"), "{spoken}");
    harness.get_by_label(&spoken);
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::ArrowRight);
    assert!((selected(&harness).span.offset_secs - moved.span.onset_secs - 0.01).abs() < 1e-9);
    assert!(selected(&harness).is_point);

    harness.state_mut().bench.dispatch(Request::Seek(3.0));
    press(&mut harness, Key::P);
    assert_eq!(selected(&harness).span, Span::between(3.0, 3.0));
    let labels = earmark::format::export(&harness.state().bench.document);
    assert_eq!(labels.rows.len(), 2);
    assert!(labels.rows.iter().all(|row| row.span.onset_secs == row.span.offset_secs));
    // A point cannot be cut in two, which is said.
    press(&mut harness, Key::S);
    assert_eq!(events(&harness).len(), 2);
    assert!(harness.state().bench.notices.list().iter().any(|notice| notice.text.contains("Nothing was split")));
}

#[test]
fn splitting_and_merging_are_one_step_each_and_lose_nothing() {
    let mut harness = opened(vec![soundscape(0)]);
    let drawn = draw(&mut harness, Span::between(5.0, 9.0));
    let target = Target::Event(drawn.id);
    let bench = &mut harness.state_mut().bench;
    bench.dispatch(Request::ChangeEvent { target, change: earmark::app::EventChange::ToggleLabel("Bark".into()) });
    bench.dispatch(Request::ChangeEvent { target, change: earmark::app::EventChange::Comment("far away".into()) });
    bench.dispatch(Request::Seek(6.5));
    let before = selected(&harness);
    let steps = harness.state().bench.history.undo_count();
    press(&mut harness, Key::S);
    let halves = events(&harness);
    assert_eq!([halves[0].span, halves[1].span], [Span::between(5.0, 6.5), Span::between(6.5, 9.0)]);
    assert!(halves.iter().all(|half| half.more_labels == before.more_labels && half.comment == before.comment));
    assert_eq!(harness.state().bench.selected, Some(Target::Event(halves[1].id)), "the second half is selected");
    assert_eq!(harness.state().bench.history.undo_count(), steps + 1);

    press(&mut harness, Key::K);
    press(&mut harness, Key::M);
    let merged = selected(&harness);
    assert_eq!(Event { edited: before.edited.clone(), ..merged }, before);
    assert_eq!(events(&harness).len(), 1);
    assert_eq!(harness.state().bench.history.undo_count(), steps + 2);
    press(&mut harness, Key::M);
    assert!(harness.state().bench.notices.list().iter().any(|notice| notice.text.contains("Nothing was merged")));
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(events(&harness).len(), 2);
}

#[test]
fn a_new_event_goes_from_the_end_of_the_previous_one_to_the_playhead() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.state_mut().bench.dispatch(Request::Seek(2.0));
    press_with(&mut harness, Modifiers::SHIFT, Key::N);
    assert_eq!(selected(&harness).span, Span::between(0.0, 2.0), "nothing before: from the beginning");
    draw(&mut harness, Span::between(3.0, 4.0));
    draw(&mut harness, Span::between(3.5, 9.0));
    harness.state_mut().bench.dispatch(Request::Seek(6.0));
    press_with(&mut harness, Modifiers::SHIFT, Key::N);
    assert_eq!(selected(&harness).span, Span::between(4.0, 6.0), "what goes on does not count");
}

#[test]
fn the_band_of_the_selected_event_is_heard_and_frames_are_jumped_over() {
    let mut harness = opened(vec![soundscape(0)]);
    press(&mut harness, Key::X);
    press(&mut harness, Key::B);
    let (from, to) = (at_place(&harness, 5.0, 2_000.0, 1), at_place(&harness, 6.0, 5_000.0, 1));
    let tuned = |harness: &Window| harness.state().bench.player.tuning().band_hz.unwrap();
    let of_view = tuned(&harness);
    drag(&mut harness, from, to);
    let band = selected(&harness).band.unwrap();
    assert_eq!(tuned(&harness), (band.low_hz, band.high_hz));
    press(&mut harness, Key::Escape);
    assert_eq!(tuned(&harness), of_view);
    let here = harness.state().bench.playhead_secs();
    press_with(&mut harness, Modifiers::COMMAND, Key::Period);
    press_with(&mut harness, Modifiers::COMMAND, Key::Period);
    assert!((harness.state().bench.playhead_secs() - here - 0.02).abs() < 1e-9, "10 ms each, where no model has run");
    press_with(&mut harness, Modifiers::COMMAND, Key::Comma);
    assert!((harness.state().bench.playhead_secs() - here - 0.01).abs() < 1e-9);
}
