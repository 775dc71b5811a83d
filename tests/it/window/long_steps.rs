//! Steps about thousands of events, made in pieces: the window goes on meanwhile, and nothing is done by half. And, where asked for, how long
//! the frames take.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

use super::many_events::silence;
use super::stage::{opened, settings, soundscape, wait, window, window_keeping};
use earmark::annotation::RecordingId;
use earmark::app::{App, Command, EstimateChoice, EvaluationRequest, FrameTimes, ImportRequest, Request, Workbench};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Window = Harness<'static, App>;

const EVENTS: usize = 30_000;

/// Labels of a second each, all over recordings of these names.
fn labels(path: &Path, names: &[String], events: usize, duration_secs: f64) {
    let mut text = "filename\tonset\toffset\tevent_label\n".to_owned();
    let each = events / names.len();
    for name in names {
        for place in 0..each {
            let onset = duration_secs * place as f64 / each as f64;
            let label = ["Dog", "Cat", "Bell", "Car horn", "Speech"][place % 5];
            writeln!(text, "{name}\t{onset:.6}\t{:.6}\t{label}", (onset + 1.0).min(duration_secs)).unwrap();
        }
    }
    std::fs::write(path, text).unwrap();
}

fn count(bench: &Workbench) -> usize {
    bench.document.total_counts().all()
}

fn shown(bench: &Workbench) -> usize {
    bench.marks.len()
}

fn do_it(harness: &mut Window, command: Command) {
    harness.state_mut().bench.dispatch(Request::Do(command));
}

fn is_told(harness: &Window, words: &str) -> bool {
    harness.state().bench.notices.list().iter().any(|notice| notice.text.contains(words))
}

/// Previews the labels, and begins to import them.
fn begin_import(harness: &mut Window, path: &Path) {
    harness.state_mut().bench.dispatch(ImportRequest::Read(vec![path.to_path_buf()]).into());
    wait(harness, "the preview", |bench| bench.importing.as_ref().is_some_and(|import| import.ready().is_some()));
    harness.state_mut().bench.dispatch(ImportRequest::Take.into());
    assert!(harness.state().bench.step_under_way().is_some());
}

/// Lets the step that is under way come into the document, not to its end.
fn half_way(harness: &mut Window, is_begun: impl Fn(&Workbench) -> bool) {
    let began = Instant::now();
    while !is_begun(&harness.state().bench) {
        assert!(began.elapsed() < Duration::from_secs(60), "the step does not begin");
        harness.step();
    }
    assert!(harness.state().bench.step_under_way().is_some(), "it is done at once: this proves nothing");
}

fn done(harness: &mut Window) {
    wait(harness, "the end of the step", |bench| bench.step_under_way().is_none());
}

#[test]
fn thousands_of_events_come_and_go_in_pieces_and_as_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.tsv");
    labels(&path, &["soundscape_000.flac".to_owned()], EVENTS, 20.0);
    let mut harness = opened(vec![soundscape(0)]);
    begin_import(&mut harness, &path);
    half_way(&mut harness, |bench| count(bench) > 0);
    let bench = &harness.state().bench;
    assert!(count(bench) < EVENTS && shown(bench) == count(bench), "what is there is shown");
    assert_eq!(bench.history.undo_count(), 0, "there is no step before all of it is made");

    // Nothing else is changed in between, and that is said.
    let before = count(&harness.state().bench);
    do_it(&mut harness, Command::DrawAtPlayhead);
    do_it(&mut harness, Command::Undo);
    assert_eq!(count(&harness.state().bench), before);
    assert!(is_told(&harness, "still under way"));

    // Stopped, all is as it was.
    harness.step();
    harness.get_by_label("Stop this step").click();
    harness.run_steps(2);
    done(&mut harness);
    let bench = &harness.state().bench;
    assert_eq!((count(bench), shown(bench), bench.history.undo_count()), (0, 0, 0));
    assert!(bench.document.label_counts().is_empty());

    // To its end, back, and there again.
    begin_import(&mut harness, &path);
    done(&mut harness);
    let bench = &harness.state().bench;
    assert_eq!((count(bench), shown(bench), bench.history.undo_count()), (EVENTS, EVENTS, 1));
    assert_eq!(bench.history.undo_title(), Some("import 30000 events from many.tsv"));
    assert!(is_told(&harness, "Imported 30000 events for 1 recording"));
    let whole = bench.document.clone();
    do_it(&mut harness, Command::Undo);
    half_way(&mut harness, |bench| count(bench) < EVENTS);
    harness.state_mut().bench.dispatch(Request::StopStep);
    done(&mut harness);
    assert_eq!(harness.state().bench.document, whole);
    assert_eq!(harness.state().bench.history.undo_count(), 1);
    do_it(&mut harness, Command::Undo);
    done(&mut harness);
    assert_eq!((count(&harness.state().bench), shown(&harness.state().bench)), (0, 0));
    do_it(&mut harness, Command::Redo);
    done(&mut harness);
    assert_eq!(harness.state().bench.document, whole);
    assert_eq!(shown(&harness.state().bench), EVENTS);

    // A second import of the same file adds nothing.
    begin_import(&mut harness, &path);
    done(&mut harness);
    assert!(is_told(&harness, "Imported 0 events for 1 recording; 30000 there already"));
    assert_eq!((count(&harness.state().bench), harness.state().bench.history.undo_count()), (EVENTS, 1));
}

#[test]
fn going_back_in_the_history_passes_over_long_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.tsv");
    labels(&path, &["soundscape_000.flac".to_owned()], EVENTS, 20.0);
    let mut harness = opened(vec![soundscape(0)]);
    do_it(&mut harness, Command::DrawAtPlayhead);
    do_it(&mut harness, Command::DrawAtPlayhead);
    begin_import(&mut harness, &path);
    done(&mut harness);
    do_it(&mut harness, Command::DrawAtPlayhead);
    let end = harness.state().bench.document.clone();
    // To the first of four steps, and to the last.
    harness.state_mut().bench.dispatch(Request::GoToStep(3));
    done(&mut harness);
    assert_eq!((count(&harness.state().bench), harness.state().bench.step_counts()), (1, (3, 1)));
    harness.state_mut().bench.dispatch(Request::GoToStep(0));
    done(&mut harness);
    assert_eq!(harness.state().bench.document, end);
    // Something new lets go of what could be done again, also of very much.
    harness.state_mut().bench.dispatch(Request::GoToStep(2));
    done(&mut harness);
    do_it(&mut harness, Command::DrawAtPlayhead);
    assert_eq!((count(&harness.state().bench), harness.state().bench.step_counts()), (3, (0, 3)));
}

#[test]
fn what_is_half_made_when_the_program_ends_has_never_been() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("many.tsv");
    labels(&path, &["soundscape_000.flac".to_owned()], EVENTS, 20.0);
    let mut harness = window_keeping(data.path(), vec![soundscape(0)]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    do_it(&mut harness, Command::DrawAtPlayhead);
    wait(&mut harness, "the event on disk", |bench| !bench.is_unsaved());
    begin_import(&mut harness, &path);
    half_way(&mut harness, |bench| count(bench) > 1);
    drop(harness);
    let mut harness = window_keeping(data.path(), vec![]);
    wait(&mut harness, "the project", |bench| bench.open.is_some());
    assert_eq!((count(&harness.state().bench), harness.state().bench.history.undo_count()), (1, 1));

    // Whoever closes the window waits for it, and has it whole.
    begin_import(&mut harness, &path);
    half_way(&mut harness, |bench| count(bench) > 1);
    assert!(!harness.state_mut().bench.may_close());
    assert!(is_told(&harness, "this is waited for"));
    wait(&mut harness, "the window's leave", Workbench::takes_leave);
    drop(harness);
    let mut harness = window_keeping(data.path(), vec![]);
    wait(&mut harness, "the project", |bench| bench.open.is_some());
    assert_eq!((count(&harness.state().bench), harness.state().bench.history.undo_count()), (EVENTS + 1, 2));

    // The step that was made in pieces is taken back from what the file says of it.
    do_it(&mut harness, Command::Undo);
    done(&mut harness);
    assert_eq!(count(&harness.state().bench), 1);
}

/// Time that the processor spent on this thread, other programs beside it or not, to a few milliseconds; none where the system does not
/// tell it so.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// Does something, and counts the processor's time for it as a frame's.
fn counting(times: &mut FrameTimes, work: impl FnOnce()) {
    let before = processor_time();
    work();
    times.add(processor_time().saturating_sub(before));
}

/// Runs until something is so; tells how long that took, and the processor's time for each frame.
fn tell(harness: &mut Window, what: &str, done: impl Fn(&Workbench) -> bool) {
    let began = Instant::now();
    let mut times = FrameTimes::default();
    while !done(&harness.state().bench) {
        counting(&mut times, || harness.step());
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("  {what}: {:.2} s; {times}", began.elapsed().as_secs_f64());
}

fn measured(recordings: usize, events: usize) {
    let folder = tempfile::tempdir().unwrap();
    let duration_secs = if recordings == 1 { 3600 } else { 20 };
    let names: Vec<String> = (0..recordings).map(|place| format!("{place:04}.wav")).collect();
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    paths.iter().for_each(|path| silence(path, duration_secs));
    let file = folder.path().join("labels.tsv");
    labels(&file, &names, events, f64::from(duration_secs));
    let mut harness = window(settings(), paths);
    println!("{events} events for {recordings} recordings:");
    tell(&mut harness, "opened", |bench| {
        bench.is_surveyed() && bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0)
    });
    let mut times = FrameTimes::default();
    for _ in 0..100 {
        counting(&mut times, || harness.step());
    }
    println!("  at rest: {times}");
    harness.state_mut().bench.dispatch(ImportRequest::Read(vec![file]).into());
    tell(&mut harness, "previewed", |bench| {
        bench.importing.as_ref().is_some_and(|import| import.ready().is_some() && !import.is_working())
    });
    harness.state_mut().bench.dispatch(ImportRequest::Take.into());
    let is_done = |bench: &Workbench| bench.step_under_way().is_none();
    tell(&mut harness, "imported", is_done);
    assert_eq!(count(&harness.state().bench), events);
    for (what, command) in [("undone", Command::Undo), ("done again", Command::Redo)] {
        do_it(&mut harness, command);
        tell(&mut harness, what, is_done);
    }
    do_it(&mut harness, Command::ExportLabels);
    tell(&mut harness, "gathered and weighed for export", |bench| {
        bench.exporting.as_ref().is_some_and(|export| !export.is_working() && export.weighed.is_some())
    });
    harness.state_mut().bench.dispatch(earmark::app::ExportRequest::Drop.into());
    tell(&mut harness, "export closed", |_| true);
    do_it(&mut harness, Command::Evaluate);
    let nobody = EvaluationRequest::Compare(EstimateChoice::Annotator("nobody".into()));
    harness.state_mut().bench.dispatch(Request::Evaluation(nobody));
    harness.state_mut().bench.dispatch(Request::Evaluation(EvaluationRequest::Compute));
    tell(&mut harness, "evaluated", |bench| {
        !bench.evaluation.is_at_work() && (bench.evaluation.report.is_some() || bench.evaluation.failure.is_some())
    });
    println!("    {:?}", harness.state().bench.evaluation.failure);
    do_it(&mut harness, Command::Evaluate);
    if recordings > 20 {
        let (mut requests, mut frames) = (FrameTimes::default(), FrameTimes::default());
        for id in 1..20 {
            let request = Request::ShowRecording(RecordingId(id));
            counting(&mut requests, || harness.state_mut().bench.dispatch(request));
            for _ in 0..3 {
                counting(&mut frames, || harness.step());
            }
        }
        println!("  other recordings, the request: {requests}");
        println!("  other recordings, what follows: {frames}");
    }
}

#[test]
#[ignore = "measures; needs minutes and gigabytes"]
fn what_importing_a_million_events_costs() {
    let events = std::env::var("EARMARK_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    measured(1000, events);
    measured(1, events);
}
