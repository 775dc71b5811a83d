//! How long it takes until predictions follow a dragged threshold, and until curves are there to be drawn. Run with
//! `cargo test --release --test it deciding -- --ignored --nocapture`.
#![expect(clippy::print_stdout, reason = "measurements are told")]

use earmark::decision::{DecisionRule, Decisions, EventFinder, FrameAxis, FrameScores, Prediction, decide_class};
use earmark::work::{Decider, Update, update_channel};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CLASSES: usize = 527;

/// Scores of a recording: each class is silent but for bursts, about a twentieth of the time.
fn scores(frame_count: usize, frames_a_second: f64) -> Arc<FrameScores> {
    let classes: Vec<Arc<str>> = (0..CLASSES).map(|class| format!("class {class}").into()).collect();
    let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 1.0 / frames_a_second };
    let mut scores = FrameScores::new(axis, classes.into());
    let mut row = vec![0.0_f32; CLASSES];
    for frame in 0..frame_count {
        for (class, score) in row.iter_mut().enumerate() {
            let stretch = (frame / 100).wrapping_mul(2_654_435_761).wrapping_add(class * 40_503) % 1000;
            let is_loud = stretch < 50;
            *score = if is_loud { 0.1 + ((frame * 7 + class * 13) % 90) as f32 / 100.0 } else { 0.002 };
        }
        scores.push(&row);
    }
    Arc::new(scores)
}

fn rule(threshold: f32) -> DecisionRule {
    DecisionRule { threshold, median_frames: 7, hysteresis: Some(0.5 * threshold), ..DecisionRule::default() }
}

/// Milliseconds of one of `count` goes.
fn millis(count: u32, mut act: impl FnMut(u32)) -> f64 {
    let began = Instant::now();
    (0..count).for_each(&mut act);
    1e3 * began.elapsed().as_secs_f64() / f64::from(count)
}

/// All frames of the class through the finder, nothing passed over.
fn plainly(scores: &FrameScores, class: usize, rule: &DecisionRule, duration_secs: f64) -> usize {
    let mut finder = EventFinder::new(rule, scores.axis, 1);
    finder.push(&scores.class_scores(class));
    finder.finish(duration_secs).len()
}

#[test]
#[ignore = "measures"]
fn predictions_follow_a_dragged_threshold() {
    for (name, hours, frames_a_second) in [("1 h at 25 a second", 1.0, 25.0), ("24 h at 50 a second", 24.0, 50.0)] {
        let frame_count = (hours * 3600.0 * frames_a_second) as usize;
        // A whole day of so many classes would take gigabytes here.
        let scores = scores(frame_count.min(432_000), frames_a_second);
        let shown = 8;
        let duration_secs = scores.frame_count() as f64 / frames_a_second;
        let threshold = |step: u32| rule(0.3 + 0.001 * (step % 100) as f32);
        let all_plain = millis(3, |step| {
            (0..shown).for_each(|class| {
                black_box(plainly(&scores, class, &threshold(step), duration_secs));
            });
        });
        let all = millis(10, |step| {
            (0..shown).for_each(|class| {
                black_box(decide_class(&scores, class, &threshold(step), duration_secs));
            });
        });
        let one = millis(50, |step| {
            black_box(decide_class(&scores, 0, &threshold(step), duration_secs));
        });
        let hours = duration_secs / 3600.0;
        println!("{name} ({hours:.1} h of it), {CLASSES} classes, {shown} shown:");
        println!("  decided plainly, all shown   {all_plain:8.2} ms");
        println!("  quiet stretches passed over  {all:8.2} ms  (× {:.1})", all_plain / all);
        println!("  the dragged class alone      {one:8.2} ms  (× {:.1})", all_plain / one);
        answered(&scores, duration_secs);
        drawn(&scores);
    }
}

/// From the request to the answer, through the thread.
fn answered(scores: &Arc<FrameScores>, duration_secs: f64) {
    let (sender, receiver) = update_channel(Arc::new(|| {}));
    let decider = Decider::start(&sender);
    let mut decisions = Decisions::default();
    let mut slowest = 0.0_f64;
    let took = millis(50, |step| {
        let began = Instant::now();
        let request = decisions.stale(scores, duration_secs, [(0, rule(0.3 + 0.001 * step as f32))].into_iter());
        decider.ask(request.unwrap());
        let Ok(Update::Decided(all)) = receiver.recv_timeout(Duration::from_secs(60)) else { panic!("no answer") };
        all.into_iter().for_each(|decided| assert!(decisions.take(decided)));
        slowest = slowest.max(1e3 * began.elapsed().as_secs_f64());
    });
    println!("  … by the thread, there and back {took:5.2} ms, at worst {slowest:.2} ms");
}

/// The bounds of four curves, zoomed out, by blocks and by a walk.
fn drawn(scores: &FrameScores) {
    let columns = 1500;
    let per_column = scores.frame_count() / columns;
    let blocks = millis(10, |_| {
        for class in 0..4 {
            for column in 0..columns {
                black_box(scores.bounds_between(class, column * per_column, (column + 1) * per_column));
            }
        }
    });
    let walk = millis(2, |_| {
        for class in 0..4 {
            let column = scores.class_scores(class);
            black_box(column.chunks(per_column).map(|frames| frames.iter().copied().fold(0.0, f32::max)).sum::<f32>());
        }
    });
    println!("  four curves of {columns} columns      {blocks:5.2} ms  (a walk over the frames: {walk:.2} ms)");
}

#[test]
fn deciding_by_the_thread_gives_what_deciding_at_once_gives() {
    let scores = scores(3000, 25.0);
    let (sender, receiver) = update_channel(Arc::new(|| {}));
    let (decider, mut decisions) = (Decider::start(&sender), Decisions::default());
    let request = decisions.stale(&scores, 120.0, (0..CLASSES).map(|class| (class, rule(0.4))));
    decider.ask(request.unwrap());
    let Ok(Update::Decided(all)) = receiver.recv_timeout(Duration::from_secs(60)) else { panic!("no answer") };
    all.into_iter().for_each(|decided| assert!(decisions.take(decided)));
    for class in 0..CLASSES {
        let plain: Vec<Prediction> = decide_class(&scores, class, &rule(0.4), 120.0);
        assert_eq!(decisions.of(class), plain);
    }
}
