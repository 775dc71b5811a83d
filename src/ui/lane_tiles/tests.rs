//! Tiles against what the events say, also after edits.

use super::*;
use crate::annotation::{Event, EventId, Origin};
use crate::app::{Mark, Target};
use proptest::prelude::*;

fn event(id: u64, onset_secs: f64, length_secs: f64) -> Event {
    let label = ["Dog", "Cat"][id as usize % 2];
    let span = Span::between(onset_secs, onset_secs + length_secs);
    let mut event = Event::new(EventId(id), span, label, Status::ALL[id as usize % 5], Origin::Human);
    if id.is_multiple_of(7) {
        event.add_label("Cat".into());
    }
    event
}

/// The states of a label that events have in a step, by looking at all of them.
fn states_plainly(marks: &MarkList, label: &str, step: Span) -> u8 {
    let here = marks
        .iter()
        .filter(|mark| mark.has_label(label))
        .filter(|mark| mark.span.overlap_secs(step) > 1e-9 || step.contains(mark.span.onset_secs));
    here.fold(0, |states, mark| states | state_bit(mark.state))
}

fn assert_tiles(tiles: &mut LaneTiles, marks: &MarkList, view: Span, secs_per_point: f64) {
    for tile in tiles.of_view(marks, RecordingId(0), view, secs_per_point) {
        assert!(tile.step_secs <= secs_per_point && 2.0 * tile.step_secs > secs_per_point);
        for label in ["Dog", "Cat"] {
            let mut steps = vec![0_u8; STEPS];
            for (span, states) in tile.runs(label) {
                let at = |secs: f64| ((secs - tile.onset_secs) / tile.step_secs).round() as usize;
                steps[at(span.onset_secs)..at(span.offset_secs)].fill(states);
            }
            for (place, states) in steps.into_iter().enumerate().step_by(7) {
                let onset_secs = tile.onset_secs + place as f64 * tile.step_secs;
                let step = Span { onset_secs, offset_secs: onset_secs + tile.step_secs };
                assert_eq!(states, states_plainly(marks, label, step), "{label} at {step:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn tiles_say_what_the_events_say(
        count in 2500_u64..4000,
        changes in prop::collection::vec((0_u64..5000, 0.0_f64..90.0, 0.0_f64..9.0, any::<bool>()), 0..6),
    ) {
        let all = (0..count).map(|id| Mark::from(&event(id, (id * 7919 % 4099) as f64 / 41.0, (id % 4) as f64 * 0.25)));
        let mut marks = MarkList::new(all.collect());
        let mut tiles = LaneTiles::default();
        assert_tiles(&mut tiles, &marks, Span::between(0.0, 100.0), 0.1);
        for (id, onset, length, is_gone) in changes {
            if is_gone {
                marks.remove(Target::Event(EventId(id)));
            } else {
                marks.insert(Mark::from(&event(id, onset, length)));
            }
            assert_tiles(&mut tiles, &marks, Span::between(0.0, 100.0), 0.1);
        }
        assert_tiles(&mut tiles, &marks, Span::between(20.0, 30.0), 0.01);
    }
}
