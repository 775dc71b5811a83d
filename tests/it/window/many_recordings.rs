//! A measurement, not a test: how a window opens 100,000 recordings, and how fluent it stays. Run with
//! `cargo test --release --test it many_recordings -- --ignored --nocapture`; `EARMARK_RECORDINGS` names another number.

#![expect(clippy::print_stderr, reason = "what is measured is printed")]

use super::recordings::wave;
use super::stage::{settings, window};
use earmark::app::{App, Command, ListFilter, ListOrder, ListRequest, Request, Workbench};
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, MouseWheelSource, MouseWheelUnit, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::path::Path;
use std::time::{Duration, Instant};

/// Resident memory of this process, in MB of 2^20 bytes; none where the system does not tell it so.
fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Names like those of a recorder that writes one file every ten seconds, in a folder a day; all of one content and some of others.
fn lay_out(folder: &Path, count: usize) {
    let seeds: Vec<_> = (0..count.div_ceil(20_000)).map(|seed| folder.join(format!("seed{seed}.bin"))).collect();
    for (number, seed) in seeds.iter().enumerate() {
        wave(seed, 50, number as i16 + 1);
    }
    for number in 0..count {
        let (day, rest) = (number / 8640, number % 8640);
        let (hour, minute, second) = (rest / 360, rest / 6 % 60, rest % 6 * 10);
        let site = folder.join(format!("2026-05-{:02}", day + 1));
        if rest == 0 {
            std::fs::create_dir_all(&site).unwrap();
        }
        let name = format!("SITE7_202605{:02}_{hour:02}{minute:02}{second:02}.wav", day + 1);
        // Links, since file systems bound how often one file may be linked to.
        std::fs::hard_link(&seeds[number / 20_000], site.join(name)).unwrap();
    }
    seeds.iter().for_each(|seed| std::fs::remove_file(seed).unwrap());
}

/// Lets the window run until something is so; returns the time and the longest frames' times in milliseconds, the longest first.
fn run_until(harness: &mut Harness<'_, App>, done: impl Fn(&Workbench) -> bool) -> (Duration, Vec<f64>) {
    let began = Instant::now();
    let mut frames = Vec::new();
    while !done(&harness.state().bench) && began.elapsed() < Duration::from_secs(1800) {
        let frame = Instant::now();
        harness.step();
        frames.push(1e3 * frame.elapsed().as_secs_f64());
        std::thread::sleep(Duration::from_millis(4));
    }
    (began.elapsed(), frames)
}

fn tell(what: &str, (took, mut frames): (Duration, Vec<f64>)) {
    frames.sort_by(|a, b| b.total_cmp(a));
    let at = |part: f64| frames.get((part * frames.len() as f64) as usize).copied().unwrap_or_default();
    eprintln!(
        "{what}: {:.2} s; {} frames, median {:.1} ms, 1 in 100 above {:.1} ms, longest {:.1} ms; {:.0} MB",
        took.as_secs_f64(),
        frames.len(),
        at(0.5),
        at(0.01),
        at(0.0),
        memory_mb().unwrap_or_default()
    );
}

#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_recordings() {
    let count = std::env::var("EARMARK_RECORDINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    lay_out(folder.path(), count);
    eprintln!("{count} files laid out in {:.1} s", began.elapsed().as_secs_f64());
    let mut harness = window(settings(), Vec::new());
    harness.run_steps(5);
    tell("empty window", run_until(&mut harness, |_| true));
    harness.state_mut().bench.dispatch(Request::Open(vec![folder.path().to_path_buf()]));
    tell("first recording in the picture", run_until(&mut harness, |bench| bench.open.is_some()));
    let is_listed = |bench: &Workbench| bench.list.shown().len() == count && !bench.list.is_being_made();
    tell("all listed", run_until(&mut harness, is_listed));
    tell("all looked at", run_until(&mut harness, Workbench::is_surveyed));
    tell("timeline settled", run_until(&mut harness, |bench| bench.timeline.blocks().len() == count));

    let began = Instant::now();
    let mut frames = Vec::new();
    let place = harness.get_by_role_and_label(Role::ListBox, "List of recordings").rect().center();
    harness.hover_at(place);
    for _ in 0..200 {
        let unit = MouseWheelUnit::Point;
        let delta = vec2(0.0, -900.0);
        let modifiers = eframe::egui::Modifiers::NONE;
        harness.event(Event::MouseWheel {
            unit,
            delta,
            modifiers,
            phase: eframe::egui::TouchPhase::Move,
            source: MouseWheelSource::Unknown,
        });
        let frame = Instant::now();
        harness.step();
        frames.push(1e3 * frame.elapsed().as_secs_f64());
    }
    tell("scrolling", (began.elapsed(), frames));
    for text in ["s", "05_1", "12_093", "nothing like it", ""] {
        harness.state_mut().bench.dispatch(Request::List(ListRequest::Search(text.to_owned())));
        let result = run_until(&mut harness, |bench| !bench.list.is_being_made());
        let listed = harness.state().bench.list.shown().len();
        tell(&format!("search {text:?}, {listed} found"), result);
    }
    for order in ListOrder::ALL {
        harness.state_mut().bench.dispatch(Request::List(ListRequest::Order(order)));
        tell(&format!("{order:?}"), run_until(&mut harness, |bench| !bench.list.is_being_made()));
    }
    harness.state_mut().bench.dispatch(Request::List(ListRequest::Filter(ListFilter::Incomplete)));
    tell("filter", run_until(&mut harness, |bench| !bench.list.is_being_made()));
    let mut frames = Vec::new();
    let began = Instant::now();
    for _ in 0..50 {
        let frame = Instant::now();
        harness.state_mut().bench.dispatch(Request::Do(Command::MarkComplete));
        harness.step();
        frames.push(1e3 * frame.elapsed().as_secs_f64());
    }
    tell("50 recordings marked complete", (began.elapsed(), frames));
    let has_prints = |bench: &Workbench| {
        bench.document.recordings().next_back().is_some_and(|(_, recording)| recording.fingerprint.is_some())
    };
    tell("all recognised by content", run_until(&mut harness, has_prints));
    harness.state_mut().bench.dispatch(Request::List(ListRequest::ChooseAll));
    let began = Instant::now();
    harness.state_mut().bench.dispatch(Request::Do(Command::DetectSelection));
    eprintln!("queueing all for a model: {:.0} ms", 1e3 * began.elapsed().as_secs_f64());
    harness.state_mut().bench.dispatch(Request::Do(Command::CancelDetection));
    tell("stopping that", run_until(&mut harness, |bench| bench.runs.is_empty()));
}
