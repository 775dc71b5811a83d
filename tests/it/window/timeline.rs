//! Recordings in clock order: pages from one to the next, the strip, and the view across borders and gaps.

use super::stage::{at_secs, opened, press, press_with, soundscape, wait};
use earmark::app::{App, Command, DisplayChange, Request, TimeUnit};
use earmark::playback::{ConnectOutput, LostOutput, OpenOutput, Output, OutputFormat, Player};
use earmark::time::Span;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Four recordings of 30 s with clock times: the second follows the first at once, the third 10 s later, the fourth after midnight. In the
/// list they stand in another order.
const NAMES: [&str; 4] =
    ["D_20260501_225940.flac", "A_20260501_230010.flac", "C_20260501_230050.flac", "B_20260502_000100.flac"];
/// Seconds of each from the first one on.
const STARTS: [f64; 4] = [0.0, 30.0, 70.0, 3680.0];

fn recordings() -> (TempDir, Harness<'static, App>) {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        std::fs::copy(soundscape(0), folder.path().join(name)).unwrap();
    }
    let mut harness = opened(vec![folder.path().to_path_buf()]);
    wait(&mut harness, "the timeline", |bench| bench.timeline.blocks().len() == 4);
    (folder, harness)
}

/// Which recording is in the picture, by its place in the clock's order.
fn shown(harness: &Harness<'_, App>) -> usize {
    let name = harness.state().bench.recording().unwrap().file_name();
    NAMES.iter().position(|own| *own == name).unwrap()
}

fn show(harness: &mut Harness<'_, App>, place: usize) {
    let bench = &mut harness.state_mut().bench;
    let id = bench.document.recordings().find(|(_, recording)| recording.file_name() == NAMES[place]).unwrap().0;
    bench.dispatch(Request::ShowRecording(id));
    harness.run_steps(2);
}

/// What is in view, in seconds of the timeline.
fn clock_view(harness: &Harness<'_, App>) -> (f64, f64) {
    let bench = &harness.state().bench;
    let open = bench.open.as_ref().unwrap();
    let start = bench.timeline.block(open.id).unwrap().start_secs;
    let view = open.viewport.span();
    (start + view.onset_secs, start + view.offset_secs)
}

#[test]
fn a_folder_is_put_into_clock_order_with_its_gaps() {
    let (_folder, harness) = recordings();
    let bench = &harness.state().bench;
    let starts: Vec<f64> = bench.timeline.blocks().iter().map(|block| block.start_secs).collect();
    assert_eq!(starts, STARTS);
    assert_eq!(bench.timeline.gaps(), [(60.0, 70.0), (100.0, 3680.0)]);
    assert_eq!(shown(&harness), 1, "the list is by name");
    let strip = harness.get_by_label("Timeline of recordings");
    assert_eq!(strip.accesskit_node().value().as_deref(), Some("4 recordings, 2 gaps"));
    let overview = harness.get_by_label("Overview of the whole recording").rect();
    assert!(strip.rect().bottom() <= overview.top() + 0.5);
    for name in NAMES {
        assert!(harness.query_by_label(&format!("{name} on the timeline, untouched")).is_some(), "{name}");
    }
}

#[test]
fn pages_overlap_and_go_on_in_the_next_recording_of_the_clock() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::Display(DisplayChange::PageOverlap(0.2)));
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(0.0, 10.0)));
    let onset = |harness: &Harness<'_, App>| harness.state().bench.open.as_ref().unwrap().viewport.span().onset_secs;
    let mut onsets = Vec::new();
    for _ in 0..3 {
        press(&mut harness, Key::PageDown);
        onsets.push((onset(&harness) * 1e6).round() / 1e6);
    }
    assert_eq!(onsets, [8.0, 16.0, 20.0], "the last page ends with the recording");
    assert_eq!(shown(&harness), 0);
    let mut order = Vec::new();
    for _ in 0..4 {
        press(&mut harness, Key::PageDown);
        order.push((shown(&harness), onset(&harness).round()));
    }
    assert_eq!(order, [(1, 0.0), (1, 8.0), (1, 16.0), (1, 20.0)]);
    press(&mut harness, Key::PageDown);
    assert_eq!((shown(&harness), onset(&harness)), (2, 0.0), "over the gap");
    press(&mut harness, Key::PageUp);
    assert_eq!((shown(&harness), onset(&harness).round()), (1, 20.0), "the last page of the one before");
    let width = harness.state().bench.open.as_ref().unwrap().viewport.width_secs();
    assert!((width - 10.0).abs() < 1e-6);
}

#[test]
fn a_click_on_the_strip_goes_to_that_recording_and_moment() {
    let (_folder, mut harness) = recordings();
    let block = harness.get_by_label(&format!("{} on the timeline, untouched", NAMES[3])).rect();
    let at = Pos2::new(block.center().x, block.center().y);
    harness.hover_at(at);
    harness.step();
    harness.drag_at(at);
    harness.step();
    harness.drop_at(at);
    harness.run_steps(3);
    assert_eq!(shown(&harness), 3);
    let playhead = harness.state().bench.playhead_secs();
    assert!((5.0..=25.0).contains(&playhead), "half-way through the block: {playhead}");
    press(&mut harness, Key::F10);
    assert!(harness.query_by_label("Timeline of recordings").is_none());
}

#[test]
fn the_view_goes_across_borders_and_the_centre_decides_which_is_open() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(10.0, 25.0)));
    let pan = |harness: &mut Harness<'_, App>, secs: f64| {
        harness.state_mut().bench.dispatch(Request::Pan(secs));
        harness.run_steps(3);
    };
    pan(&mut harness, 10.0);
    assert_eq!(clock_view(&harness), (20.0, 35.0));
    assert_eq!(shown(&harness), 0);
    let neighbours = |harness: &Harness<'_, App>| -> Vec<String> {
        let bench = &harness.state().bench;
        bench.neighbours.iter().map(|neighbour| bench.document.recording(neighbour.id).unwrap().file_name()).collect()
    };
    assert_eq!(neighbours(&harness), [NAMES[1]], "the one in view is computed too");
    pan(&mut harness, 5.0);
    assert_eq!((shown(&harness), clock_view(&harness)), (1, (25.0, 40.0)), "the centre has crossed the border");
    assert_eq!(neighbours(&harness), [NAMES[0]], "the one before is kept");
    // Into the gap: nothing there to open; and beyond it.
    pan(&mut harness, 32.0);
    assert_eq!((shown(&harness), clock_view(&harness)), (1, (57.0, 72.0)));
    pan(&mut harness, 6.0);
    assert_eq!((shown(&harness), clock_view(&harness)), (2, (63.0, 78.0)));
    harness.state_mut().bench.dispatch(Request::Do(Command::FitAll));
    harness.run_steps(2);
    assert_eq!(clock_view(&harness), (70.0, 100.0));
    press(&mut harness, Key::F10);
    assert!(harness.state().bench.neighbours.is_empty());
    pan(&mut harness, 500.0);
    assert_eq!(clock_view(&harness), (70.0, 100.0), "without the timeline the view ends with the recording");
}

#[test]
fn a_drag_that_scrolls_past_the_border_draws_in_its_own_recording() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("dog".into()));
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(5.0, 25.0)));
    harness.run_steps(2);
    let (from, end) = (at_secs(&harness, 22.0), at_secs(&harness, 24.99));
    harness.hover_at(from);
    harness.step();
    harness.drag_at(from);
    harness.step();
    // Held at the right border, it would scroll on for ever.
    for _ in 0..200 {
        harness.hover_at(end);
        harness.step();
    }
    harness.drop_at(end);
    harness.run_steps(3);
    assert_eq!(shown(&harness), 0);
    let (from_secs, to_secs) = clock_view(&harness);
    assert!((from_secs - 10.0).abs() < 1e-6 && (to_secs - 30.0).abs() < 1e-6, "{from_secs} to {to_secs}");
    let events: Vec<Span> =
        harness.state().bench.recording().unwrap().events_by_onset().iter().map(|event| event.span).collect();
    assert_eq!(events.len(), 1);
    assert!((events[0].onset_secs - 22.0).abs() < 0.05, "{events:?}");
    assert!(events[0].offset_secs > 29.0 && events[0].offset_secs <= 30.0, "{events:?}");
}

/// A device that takes sound a good deal faster than it is heard.
struct Quick;

/// Pulls until it is dropped.
struct Pulling(Arc<AtomicBool>);

impl OpenOutput for Pulling {}

impl Drop for Pulling {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Output for Quick {
    fn open(&mut self, connect: ConnectOutput<'_>, _lost: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
        let mut pull = connect(OutputFormat { sample_rate: 8_000, channels: 1 });
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        std::thread::spawn(move || {
            let mut out = [0.0_f32; 400];
            while !is_over.load(Ordering::SeqCst) {
                pull.fill(&mut out, Instant::now(), Duration::ZERO, |sample| sample);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Ok(Box::new(Pulling(over)))
    }
}

#[test]
fn playing_goes_on_in_the_next_recording_of_the_clock() {
    let (_folder, mut harness) = recordings();
    harness.state_mut().bench.player = Player::with_output(Arc::new(|| ()), Box::new(Quick));
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(20.0, 30.0)));
    harness.state_mut().bench.dispatch(Request::Seek(28.0));
    press(&mut harness, Key::Space);
    wait(&mut harness, "the next recording", |bench| {
        bench.recording().is_some_and(|recording| recording.file_name() == NAMES[1]) && bench.player.is_playing()
    });
    let open = harness.state().bench.open.as_ref().unwrap();
    assert!((open.viewport.width_secs() - 10.0).abs() < 1e-6, "the width stays");
}

#[test]
fn a_span_that_ends_with_the_recording_does_not_play_on() {
    let (_folder, mut harness) = recordings();
    harness.state_mut().bench.player = Player::with_output(Arc::new(|| ()), Box::new(Quick));
    show(&mut harness, 0);
    let bench = &mut harness.state_mut().bench;
    bench.dispatch(Request::SetActiveLabel("dog".into()));
    bench.dispatch(Request::Draw(Span::between(29.5, 30.0)));
    bench.dispatch(Request::Do(Command::PlayEvent));
    assert!(bench.player.is_playing());
    // What is selected does not matter, what was asked for does.
    bench.dispatch(Request::Select(None));
    wait(&mut harness, "the end", |bench| !bench.player.is_playing());
    harness.run_steps(5);
    assert_eq!(shown(&harness), 0);
    assert!(!harness.state().bench.player.is_playing());
}

#[test]
fn a_click_beside_the_recording_goes_on_playing_there() {
    let (_folder, mut harness) = recordings();
    harness.state_mut().bench.player = Player::with_output(Arc::new(|| ()), Box::new(Quick));
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span { onset_secs: 15.0, offset_secs: 35.0 }));
    harness.state_mut().bench.dispatch(Request::Seek(1.0));
    press(&mut harness, Key::Space);
    harness.state_mut().bench.dispatch(Request::Seek(33.0));
    let bench = &harness.state().bench;
    assert_eq!(shown(&harness), 1);
    assert!(bench.player.is_playing());
    assert!((3.0..4.0).contains(&bench.playhead_secs()), "{}", bench.playhead_secs());
    // Where the playhead was left in the first one is remembered.
    let first = bench.document.recordings().find(|(_, recording)| recording.file_name() == NAMES[0]).unwrap().0;
    assert!(bench.left_views[&first].1 >= 1.0);
}

#[test]
fn zooming_out_opens_what_comes_to_the_middle() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(20.0, 30.0)));
    harness.state_mut().bench.dispatch(Request::Zoom { anchor_secs: 20.0, factor: 0.25 });
    harness.run_steps(2);
    assert_eq!((shown(&harness), clock_view(&harness)), (1, (20.0, 60.0)));
}

#[test]
fn a_time_that_is_typed_is_gone_to() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(0.0, 5.0)));
    let go = |harness: &mut Harness<'_, App>, text: &str| {
        press_with(harness, Modifiers::COMMAND, Key::G);
        harness.get_by_role_and_label(Role::TextInput, "Go to time").type_text(text);
        harness.run_steps(2);
        press(harness, Key::Enter);
    };
    let is_open = |harness: &Harness<'_, App>| harness.query_by_role_and_label(Role::TextInput, "Go to time").is_some();
    go(&mut harness, "0:00:12.5");
    assert!(!is_open(&harness));
    let bench = &harness.state().bench;
    assert_eq!(bench.playhead_secs(), 12.5);
    assert!(bench.open.as_ref().unwrap().viewport.span().contains(12.5));
    press_with(&mut harness, Modifiers::SHIFT, Key::Comma);
    assert_eq!(harness.state().bench.playhead_secs(), 7.5);
    press_with(&mut harness, Modifiers::SHIFT, Key::Period);
    assert_eq!(harness.state().bench.playhead_secs(), 12.5);
    // What is wrong is told where it was typed.
    go(&mut harness, "99");
    assert!(harness.query_by_label("This recording is 0:30.000 long").is_some());
    press(&mut harness, Key::Escape);
    assert!(!is_open(&harness));
    assert_eq!(harness.state().bench.playhead_secs(), 12.5);
    // With a clock: five seconds into the recording after midnight, which is the fourth.
    harness.state_mut().bench.dispatch(Request::Display(DisplayChange::TimeUnit(TimeUnit::Clock)));
    go(&mut harness, "00:01:05");
    assert_eq!((shown(&harness), harness.state().bench.playhead_secs()), (3, 5.0));
    go(&mut harness, "12:00");
    assert!(is_open(&harness));
    assert!(harness.query_by_label_contains("No recording at 12:00:00.000; this one goes from 00:01:00").is_some());
}

#[test]
fn a_gap_is_hatched_and_the_neighbour_is_drawn_at_its_place() {
    let (_folder, mut harness) = recordings();
    show(&mut harness, 1);
    // The second ends at 30 s of its own, the third begins 10 s later.
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span { onset_secs: 20.0, offset_secs: 60.0 }));
    wait(&mut harness, "both pictures", |bench| {
        let done = |tiles: &earmark::work::TileEngine| tiles.is_view_complete() && tiles.progress() >= 1.0;
        bench.open.as_ref().is_some_and(|open| done(&open.tiles))
            && bench.neighbours.iter().any(|beside| done(&beside.tiles))
    });
    harness.run_steps(8);
    assert_eq!((shown(&harness), clock_view(&harness)), (2, (50.0, 90.0)), "the centre lies in the third");
    let rect = harness.get_by_label("Spectrogram").rect();
    let picture = harness.render().unwrap();
    let colors_in = |from: f32, to: f32| {
        let mut colors: Vec<[u8; 4]> = Vec::new();
        for step in 0..200_u32 {
            let x = rect.left() + (from + (to - from) * (step as f32 + 0.5) / 200.0) * rect.width();
            // Below the middle, where no note stands.
            colors.push(picture.get_pixel(x as u32, (rect.bottom() - 0.2 * rect.height()) as u32).0);
        }
        colors.sort_unstable();
        colors.dedup();
        colors.len()
    };
    assert!(colors_in(0.02, 0.23) > 30, "the recording before: {}", colors_in(0.02, 0.23));
    assert!(colors_in(0.52, 0.98) > 30, "the open recording: {}", colors_in(0.52, 0.98));
    let gap = colors_in(0.27, 0.48);
    assert!((2..30).contains(&gap), "a hatch on an even ground: {gap} colours");
}
