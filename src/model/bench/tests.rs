//! Networks that are counted and measured for real, and what reports and charts say of them.

use super::charts::{Against, OwnThroughput, chart, own_throughputs};
use super::*;
use crate::model::registry;
use crate::plot::{png, svg};
use std::path::Path;

fn quick(runtime: RuntimeChoice) -> Settings {
    Settings {
        runtime,
        device: DeviceChoice::Cpu,
        batches: vec![1, 2],
        threads: vec![1, 2],
        repetitions: 3,
        turn_secs: 0.0,
    }
}

fn bundled(name: &str) -> Subject {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    Subject::of_folder(&registry::find_in(name, &[models]).unwrap()).unwrap()
}

#[test]
fn a_network_of_the_family_is_counted_and_measured() {
    let subjects = [Subject::untrained("fmn04").unwrap(), bundled("yamnet"), bundled("bicycle-bell")];
    let mut parts_seen = Vec::new();
    let measured =
        measure(&subjects, &quick(RuntimeChoice::Auto), &|| false, &mut |progress| parts_seen.push(progress.part));
    let measured = measured.unwrap();
    assert!(parts_seen.is_sorted() && parts_seen.iter().all(|part| (0.0..1.0).contains(part)), "{parts_seen:?}");
    let cases =
        |index: usize| measured[index].throughputs.iter().map(|one| (one.batch, one.threads)).collect::<Vec<_>>();
    assert_eq!(cases(0), [(1, 1), (2, 1), (1, 2), (2, 2)]);
    // It takes one stretch of time at a time, and that is said.
    assert_eq!(cases(2), [(1, 1), (1, 2)]);
    let (own, conditions) = own_throughputs(&measured[..1]);
    let fastest = measured[0].fastest().unwrap();
    let batch = if fastest.batch == 1 { "single clips" } else { "batches of 2" };
    assert!(own.len() == 1 && conditions.contains(batch) && conditions.contains("CPU"), "{conditions}");
    assert!(measured[2].notes.iter().any(|note| note.contains("no batch of 2")), "{:?}", measured[2].notes);
    for one in &measured {
        assert!(one.throughputs.iter().all(|one| one.range.0 <= one.clips_per_sec && one.clips_per_sec <= one.range.1));
        let parts = one.parts.unwrap();
        assert!(parts.front_end_secs > 0.0 && parts.network_secs > 0.0 && parts.decoding_secs > 0.0, "{parts:?}");
        assert!((parts.shares().iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let counts: Vec<Counts> = subjects.iter().map(|subject| subject.counts().unwrap()).collect();
    assert_eq!((counts[0].parameters(), counts[1].paper), (860_318, None));
    assert!((counts[0].paper_macs() as f64 / 0.224e9 - 1.0).abs() < 0.01);
    let csv = report::to_csv(&counts, &measured);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().all(|line| line.split(',').count() == columns), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 4 + 4 + 2);
    let counted_only = report::to_csv(&counts[..1], &[]);
    assert_eq!(counted_only.lines().nth(1).unwrap().split(',').count(), columns);
    assert_eq!(report::to_json(&counts, &measured)[0]["measured"]["throughput"][3]["batch"], 2);
}

#[test]
fn measuring_can_be_stopped() {
    let subjects = [Subject::untrained("fmn04").unwrap()];
    let result = measure(&subjects, &quick(RuntimeChoice::Auto), &|| true, &mut |_| {});
    assert!(matches!(result, Err(crate::model::ModelError::Cancelled)));
}

#[test]
fn a_name_of_no_network_is_refused() {
    assert!(Subject::untrained("fmn11").err().unwrap().to_string().contains("fmn11"));
}

#[test]
fn charts_show_every_published_network_and_draw_it() {
    for against in Against::ALL {
        let own = [OwnThroughput { name: "fmn10+tf-256".to_owned(), clips_per_sec: 40.0 }];
        let chart = chart(against, &own, "2 threads");
        let count = chart.points().count();
        // 41 networks and one trained otherwise; two more of PretrainedSED but for their throughput, five transformers by parameters.
        let expected = match against {
            Against::Throughput => 42,
            Against::Parameters => 44 + 5,
            Against::Macs | Against::AllMacs => 44,
        };
        assert_eq!(count, expected, "{against:?}");
        let find = |name: &str| chart.points().find(|(_, point)| point.name == name).unwrap().1.clone();
        let gru = find("fmn10+gru-1024_strong");
        match against {
            Against::Macs => assert!((gru.x - 1.177).abs() < 1e-9),
            Against::AllMacs => assert!((gru.x - 1.177 - 7.766).abs() < 1e-9),
            Against::Parameters => assert!((gru.x - 35.892).abs() < 1e-9),
            Against::Throughput => {
                assert!(gru.is_hollow && (gru.x - 1010.0).abs() < 1e-9);
                assert_eq!((find("fmn10+tf-256_strong").x, find("fmn10+tf-256_strong").is_hollow), (40.0, false));
            }
        }
        let drawing = svg::write(&chart, 1000.0, 640.0);
        assert!(drawing.contains("fmn30 · 768") && drawing.contains(&chart.x.title), "{against:?}");
        assert!(png::render(&drawing, 1.0).unwrap().len() > 10_000);
    }
}
