//! A device that goes away.

use std::sync::atomic::Ordering;

use super::{Desk, RATE, ramp};
use earmark::playback::{ListeningMode, PlaybackEvent, Tuning};
use earmark::time::Span;

/// Has the device fail, and stands ready for the next one.
fn lose(desk: &mut Desk) {
    desk.pull = None;
    let lost = desk.lost.take().unwrap();
    lost("unplugged".into());
    // Told twice, heard once.
    lost("unplugged".into());
}

#[test]
fn playing_goes_on_from_the_same_place_on_the_next_device() {
    let mut desk = Desk::new(40_000, RATE, 1);
    desk.player.play(0.5);
    desk.sound(3_000);
    // What was given but not heard yet, 60 ms of it, is heard again; the clock of the made-up device stands still meanwhile.
    desk.refusals.store(2, Ordering::SeqCst);
    lose(&mut desk);
    let next = desk.sound(1)[0];
    let frame = (next * 32_768.0).round() as u64;
    assert!((4_000..=7_000).contains(&frame), "{frame}");
    assert_eq!(desk.sound(900), ramp(frame + 1..frame + 901));
    assert!(desk.player.is_playing() && desk.player.take_events().is_empty());
    assert_eq!(desk.closed.load(Ordering::SeqCst), 1);
    let heard = desk.player.position_secs_at(desk.now() + super::LATENCY);
    assert!((heard - (frame + 901) as f64 / f64::from(RATE)).abs() < 0.001, "{heard}");
}

#[test]
fn a_loop_goes_on_inside_itself_with_its_tuning() {
    let mut desk = Desk::new(40_000, RATE, 1);
    desk.player.set_tuning(Tuning { speed: 0.5, mode: ListeningMode::Expanded, ..Tuning::default() });
    desk.player.play_span(Span::between(1.0, 1.5), true);
    desk.sound(4_000);
    lose(&mut desk);
    let heard = desk.sound(20_000);
    let (low, high) = (8_000.0 / 32_768.0, 12_000.0 / 32_768.0);
    // The seam of a ramp rings a little.
    assert!(heard.iter().all(|sample| (low - 0.02..high + 0.02).contains(sample)));
    // Half a sample's step a sample.
    let steps = heard.windows(2).filter(|pair| (pair[1] - pair[0] - 0.5 / 32_768.0).abs() < 1e-5).count();
    assert!(steps > 19_000, "{steps}");
}

#[test]
fn without_another_device_playing_stops_and_the_next_play_opens_again() {
    let mut desk = Desk::new(20_000, RATE, 1);
    desk.player.play(0.0);
    desk.sound(50);
    desk.refusals.store(3, Ordering::SeqCst);
    lose(&mut desk);
    let events = desk.events();
    let [PlaybackEvent::DeviceLost(told)] = events.as_slice() else { panic!("{events:?}") };
    assert!(told.contains("unplugged"), "{told}");
    assert!(!desk.player.is_playing());
    assert_eq!(desk.closed.load(Ordering::SeqCst), 1);
    desk.player.play(1.0);
    assert_eq!(desk.sound(300), ramp(8_000..8_300));
}

#[test]
fn a_device_that_fails_at_once_every_time_is_told() {
    let mut desk = Desk::new(20_000, RATE, 1);
    desk.player.play(0.0);
    for _ in 0..4 {
        desk.pull();
        lose(&mut desk);
    }
    let events = desk.events();
    assert!(matches!(events.as_slice(), [PlaybackEvent::DeviceLost(_)]), "{events:?}");
}

#[test]
fn a_device_lost_while_idle_is_no_news_and_the_next_play_opens_another() {
    let mut desk = Desk::new(20_000, RATE, 1);
    desk.player.play(0.0);
    desk.sound(50);
    desk.player.pause();
    lose(&mut desk);
    desk.player.play(1.0);
    assert_eq!(desk.sound(300), ramp(8_000..8_300));
    assert!(desk.player.take_events().is_empty());
}
