//! The EfficientSED networks' front end and decoding against their own program, and model folders whose clips give many rows.
//!
//! `tests/data/zoo/README.md` says what is compared.
#![allow(clippy::print_stdout, reason = "measured errors are worth seeing")]

mod framed_model;

use super::npy;
use earmark::decision::{
    DecisionRule, EventFinder, FrameAxis, FrameScores, MedianEdges, Preset, decide_class, median_filter,
};
use earmark::dsp::{ClipMel, ClipMelSpec, FrameWindow, MelBank, elementary};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const AXIS: FrameAxis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.04 };

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo").join(name)
}

fn array(name: &str) -> npy::Array {
    npy::read(&path(&format!("{name}.npy")))
}

/// All arrays of 32-bit floats of an `.npz` file that are kept row by row, by name.
fn npz(path: &Path) -> BTreeMap<String, npy::Array> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let (mut bytes, name) = (Vec::new(), file.name().unwrap().trim_end_matches(".npy").to_owned());
        file.read_to_end(&mut bytes).unwrap();
        let header = String::from_utf8_lossy(&bytes[..128.min(bytes.len())]).into_owned();
        if header.contains("'<f4'") && header.contains("'fortran_order': False") {
            arrays.insert(name, npy::parse(&bytes));
        }
    }
    arrays
}

/// The samples of a recording of 32-bit floats.
fn samples(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|word| word == b"data").unwrap();
    bytes[data + 8..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Levels `[band × frame]` and the number of frames.
fn levels(samples: &[f32]) -> (Vec<f32>, usize) {
    let frames = ClipMelSpec::FMN.frame_count(samples.len());
    let mut out = vec![0.0; 128 * frames];
    ClipMel::new(ClipMelSpec::FMN).compute(samples, &mut out);
    (out, frames)
}

/// Compares the frames that `frame_of` names for each column of the reference, within the reference's tolerances.
fn check_levels(name: &str, samples: &[f32], reference: &npy::Array, frame_of: impl Fn(usize) -> usize) {
    let (ours, frames) = levels(samples);
    let (expected, shape) = reference;
    assert_eq!(shape[0], 128);
    let mut errors: Vec<f32> = (0..128 * shape[1])
        .map(|at| (ours[at / shape[1] * frames + frame_of(at % shape[1])] - expected[at]).abs())
        .collect();
    errors.sort_by(f32::total_cmp);
    let (ordinary, worst) = (errors[errors.len() * 999 / 1000], errors[errors.len() - 1]);
    println!("{name}: {ordinary:.1e} in 999 of 1000, {worst:.1e} at most");
    assert!(ordinary < 5e-5 && worst < 5e-4, "{name}: {ordinary} {worst}");
}

fn with_silence(mut samples: Vec<f32>, count: usize) -> Vec<f32> {
    samples.resize(samples.len() + count, 0.0);
    samples
}

#[test]
fn the_bands_and_the_window_are_those_of_the_reference() {
    let (expected, shape) = array("mel_basis");
    let bank = MelBank::new(&ClipMelSpec::FMN.mel);
    let mut worst = 0.0_f32;
    for bin in 0..shape[1] {
        let (mut spectrum, mut bands) = (vec![0.0; shape[1]], vec![0.0; 128]);
        spectrum[bin] = 1.0;
        bank.apply(&spectrum, &mut bands);
        (0..128).for_each(|band| worst = worst.max((bands[band] - expected[band * shape[1] + bin]).abs()));
    }
    println!("band weights: {worst:.1e}");
    // The reference computes its weights in 32 bits.
    assert!(worst < 1.5e-5, "{worst}");
    let (expected, _) = array("window512");
    let window = FrameWindow::HannSymmetric.weights(400);
    let own = |at: usize| at.checked_sub(56).and_then(|at| window.get(at)).copied().unwrap_or(0.0);
    assert!(expected.iter().enumerate().all(|(at, &weight)| (own(at) - f64::from(weight)).abs() < 1e-6));
}

#[test]
fn clip_mel_is_that_of_the_reference() {
    let clip10 = samples(&path("clip10.wav"));
    check_levels("clip10", &clip10, &array("clip10.mel_every_4th_frame"), |column| 4 * column);
    check_levels("end of clip10", &clip10, &array("clip10.mel_last_20"), |column| 980 + column);
    let direct = array("long23.samples_44800_to_48000").0;
    let whole = |(values, shape): npy::Array| {
        // The first two frames reach back before these samples.
        let rows = values.chunks(shape[1]).flat_map(|row| row[2..].to_vec()).collect();
        (rows, vec![shape[0], shape[1] - 2])
    };
    check_levels("end of 3 s", &direct, &whole(array("direct3s.mel_frames_280_to_300")), |column| 2 + column);
    let short = with_silence(array("short3.samples_from_44800").0, 8000);
    check_levels("padding", &short, &whole(array("short3.mel_frames_280_to_320")), |column| 2 + column);
    let last = with_silence(array("long23.samples_from_371200").0, 8000);
    check_levels("last clip", &last, &whole(array("long23.mel_last_clip_frames_320_to_380")), |column| 2 + column);
}

#[test]
fn mirrored_medians_are_those_of_scipy() {
    let cases = npz(&path("median_cases.npz"));
    let mut compared = 0;
    for (name, (expected, shape)) in cases.iter().filter(|(name, _)| name.starts_with("med_")) {
        let [frames, width] = [1, 2].map(|part| name.split('_').nth(part).unwrap().parse::<usize>().unwrap());
        // Where the window reaches back four times the length, scipy 1.x takes a value from before the array: no number to compare with.
        if frames > 1 && width / 2 >= 4 * frames {
            continue;
        }
        let scores = &cases[&format!("x_{frames}")].0;
        for class in 0..shape[1] {
            let column = |values: &[f32]| values.iter().skip(class).step_by(shape[1]).copied().collect::<Vec<_>>();
            let filtered = median_filter(&column(scores), width, MedianEdges::Reflect);
            assert_eq!(filtered, column(expected), "{name}, class {class}");
        }
        compared += 1;
    }
    assert_eq!(compared, 98);
}

/// The scores `[frame × class]` of logits `[class × frame]`.
fn scores_of(logits: &[f32], class_count: usize) -> Vec<f32> {
    let frames = logits.len() / class_count;
    let mut scores: Vec<f32> =
        (0..frames).flat_map(|frame| (0..class_count).map(move |class| logits[class * frames + frame])).collect();
    elementary::logistic(&mut scores);
    scores
}

fn reference_rule(threshold: f32) -> DecisionRule {
    DecisionRule {
        threshold,
        median_frames: 9,
        median_edges: MedianEdges::Reflect,
        preset: Some(Preset::Reference),
        ..DecisionRule::default()
    }
}

/// A table of the reference for one recording: threshold, class, onset and offset as they stand there.
fn table(text: &str, file: &str) -> Vec<String> {
    let cells = |line: &str| {
        let first: Vec<&str> = line.splitn(4, ',').collect();
        let last: Vec<&str> = line.rsplitn(3, ',').collect();
        (first[0] == file).then(|| [first[1], first[2], last[1], last[0]].join(","))
    };
    text.lines().skip(1).filter_map(cells).collect()
}

/// The same table by this program; `class_of` gives the reference's number of a class.
fn own_table(scores: &[f32], class_count: usize, secs: f64, class_of: impl Fn(usize) -> usize) -> Vec<String> {
    let mut rows = Vec::new();
    for threshold in ["0.1", "0.2", "0.5"] {
        let mut finder = EventFinder::new(&reference_rule(threshold.parse().unwrap()), AXIS, class_count);
        // In blocks as they come of the network, whatever their length.
        scores.chunks(37 * class_count).for_each(|block| finder.push(block));
        let events = finder.finish(secs);
        rows.extend(events.iter().map(|(class, span)| {
            format!("{threshold},{},{:?},{:?}", class_of(*class), span.onset_secs, span.offset_secs)
        }));
    }
    rows
}

/// Scores kept in 16 bits must give the same events, but for those without length.
fn check_kept_scores(scores: &[f32], class_count: usize, secs: f64) {
    let classes: Arc<[Arc<str>]> = (0..class_count).map(|class| class.to_string().into()).collect();
    let mut kept = FrameScores::new(AXIS, classes);
    kept.push(scores);
    for threshold in [0.1, 0.2, 0.5] {
        let mut finder = EventFinder::new(&reference_rule(threshold), AXIS, class_count);
        finder.push(scores);
        let exact: Vec<_> = finder.finish(secs).into_iter().filter(|(_, span)| span.duration_secs() > 0.0).collect();
        let rule = reference_rule(threshold);
        let of_class =
            |class| decide_class(&kept, class, &rule, secs).into_iter().map(|event| (event.class, event.span));
        let rounded: Vec<_> = (0..class_count).flat_map(of_class).collect();
        assert_eq!(rounded, exact, "{threshold}");
    }
}

#[test]
fn events_are_those_of_the_reference_to_the_last_digit() {
    let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let every_8th = |class: usize| 3 + 8 * class;
    for (logits, tables, file, secs) in [
        ("dcase.clip10.logits", "dcase.events.csv", "clip10", 10.0),
        ("strong.short3.logits_every_8th_class_from_3", "strong.events.csv", "short3", 3.0),
        ("strong.long23.logits_every_8th_class_from_3", "strong.events.csv", "long23", 23.7),
    ] {
        let (logits, shape) = array(logits);
        let scores = scores_of(&logits, shape[0]);
        let class_of = |class| if file == "clip10" { class } else { every_8th(class) };
        let expected = table(&text(tables), file);
        assert!(expected.len() > 50, "{file}: {}", expected.len());
        assert_eq!(own_table(&scores, shape[0], secs, class_of), expected, "{file}");
        let at_end = format!("{secs:?},{secs:?}");
        assert_eq!(file != "clip10", expected.iter().any(|row| row.ends_with(&at_end)), "{file}");
        check_kept_scores(&scores, shape[0], secs);
    }
}
