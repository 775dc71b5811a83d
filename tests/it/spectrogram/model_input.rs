//! What a model sees, as a picture.

use std::path::Path;
use std::sync::Arc;

use earmark::audio::Resampler;
use earmark::dsp::{ClipMel, ClipMelSpec};
use earmark::model::{Manifest, ModelFolder, ModelInput};
use earmark::spectrogram::{Channel, PictureKind, PictureSettings, TimeView};
use earmark::work::TileSettings;

use super::source::{Synthetic, Watched, noise};

fn manifest(id: &str) -> Manifest {
    ModelFolder::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(id)).expect("a model").manifest
}

/// YAMNet's front end, which sees each frame by itself.
pub fn yamnet() -> ModelInput {
    ModelInput::new(&manifest("yamnet")).expect("a mel front end")
}

/// YAMNet's manifest with another input.
fn changed(input: &str, time: &str) -> Manifest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/yamnet/model.toml");
    let text = std::fs::read_to_string(&path).expect("a manifest");
    let (head, rest) = text.split_once("[input]").expect("an input");
    let (_, labels) = rest.split_once("[labels]").expect("labels");
    let (labels, _) = labels.split_once("[self_check]").expect("a check");
    let check =
        "[self_check]\nframes = FRAMES\nmean = 0.0\nspread = 1.0\ntolerance = 0.001\nexpected = [[0, 0, 0.5]]\n";
    let frames = if input.contains("waveform") { "16000" } else { "100" };
    let text = format!("{head}{input}\n{time}\n[labels]{labels}{}", check.replace("FRAMES", frames));
    Manifest::parse(&path, &text).expect("a manifest")
}

const CLIPS: &str = "[time]\nlayout = \"clips\"\nclip_secs = 1.0\nhop_choices_secs = [0.5]\n";

/// The front end of EfficientSED's networks on clips of a second.
pub fn per_clip() -> ModelInput {
    ModelInput::new(&changed("[input]\nkind = \"fmn_mel\"\n", CLIPS)).expect("a mel front end")
}

fn settings(model: Option<ModelInput>) -> TileSettings {
    let picture = PictureSettings { kind: PictureKind::ModelInput, ..PictureSettings::default() };
    TileSettings { picture, model_input: model.map(Arc::new), threads: 1, ..TileSettings::default() }
}

/// The recording and levels of the model's own program, see `tests/it/model.rs`.
#[test]
fn rows_are_the_levels_that_the_model_gets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/model");
    let (expected, shape) = crate::npy::read(&folder.join("mix_16k.log_mel.npy"));
    let model = yamnet();
    let open = || {
        let source = earmark::audio::open(&folder.join("mix_16k.wav")).expect("a recording");
        Resampler::mono(source, model.sample_rate()).expect("the same rate")
    };
    let (mut samples, mut frames) = (open(), model.frames());
    let mut levels = Vec::new();
    while let Some(frame) = frames.next_frame(&mut samples).expect("readable") {
        levels.extend_from_slice(frame);
    }
    let compared = levels.len().min(expected.len());
    assert!(compared >= expected.len() - 96 * 64, "{} of {}", levels.len(), expected.len());
    let worst = levels.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-4, "{worst}");
    assert_eq!(shape[1], model.layout().axis.count());
    // From anywhere the same.
    for first in [1000_u64, 3, 0, 700] {
        frames.seek(first);
        let frame = frames.next_frame(&mut samples).expect("readable").expect("a frame").to_vec();
        assert_eq!(frame, levels[64 * first as usize..64 * (first as usize + 1)], "frame {first}");
    }
}

/// The front end itself is held against the networks' own program in `tests/it/decode.rs`.
#[test]
fn levels_of_clips_are_those_of_each_clip() {
    let source = Synthetic::noise(16_000, 3.4);
    let mut samples = Resampler::mono(source.open().expect("a recording"), 16_000).expect("the same rate");
    let mut frames = per_clip().frames();
    let mut columns = Vec::new();
    while let Some(frame) = frames.next_frame(&mut samples).expect("readable") {
        columns.push(frame.to_vec());
    }
    assert_eq!(columns.len(), 341);
    let mut front_end = ClipMel::new(ClipMelSpec::FMN);
    for clip in 0..4 {
        let at = |n: u64| if n < source.frame_count { (source.sample)(n) } else { 0.0 };
        let clip_samples: Vec<f32> = (16_000 * clip..16_000 * (clip + 1)).map(at).collect();
        let mut levels = vec![0.0; 128 * 100];
        front_end.compute(&clip_samples, &mut levels);
        for frame in 0..100 {
            let Some(column) = columns.get(100 * clip as usize + frame) else { break };
            assert!((0..128).all(|band| column[band] == levels[100 * band + frame]), "clip {clip}, frame {frame}");
        }
    }
}

#[test]
fn a_tone_is_read_out_where_it_is_in_the_models_unit() {
    // 2 kHz at 44.1 kHz from second 5 on: the model hears it at 16 kHz.
    let tone = |n: u64| {
        let phase = std::f64::consts::TAU * 2000.0 * n as f64 / 44_100.0;
        (if n >= 220_500 { 0.1 * phase.sin() } else { 0.0 }) as f32 + 1e-5 * noise(n)
    };
    for (model, high_hz) in [(yamnet(), 7500.0), (per_clip(), 7000.0)] {
        let mut watched = Watched::with(Synthetic::new(44_100, 10.0, tone), &settings(Some(model)));
        let view = TimeView { start_secs: 4.9, end_secs: 5.1, width_px: 200 };
        watched.wait_for(&view);
        watched.wait_for_the_whole();
        let engine = &watched.engine;
        assert_eq!(engine.known_duration_secs(), Some(10.0));
        let layout = engine.layout();
        assert_eq!(layout.axis.count(), engine.layout().rows(0));
        let value = |secs: f64, hz: f64| engine.value_at(secs, hz, 0).expect("known");
        let scale = engine.value_scale();
        // A tenth of full scale lies near the top of the range, the noise near its bottom.
        let place = |secs: f64, hz: f64| (value(secs, hz) - scale.low) / (scale.high - scale.low);
        assert!(place(5.04, 2000.0) > 0.6 && place(5.04, 500.0) < 0.35 && place(4.96, 2000.0) < 0.35);
        let at_onset: Vec<f32> = (-3..=3).map(|n| place(5.0 + 0.005 * f64::from(n), 2000.0)).collect();
        assert!(at_onset[0] < 0.45 && at_onset[6] > 0.6, "{at_onset:?}");
        assert_eq!(engine.byte_at(5.0, high_hz + 300.0, 0), None);
        assert_eq!(engine.level_db_at(5.0, 2000.0, 0), None);
        assert!(engine.value_text(100).ends_with(" log mel"));
        // The waveform is that of the recording at its own rate.
        let peaks = engine.peaks(earmark::time::Span::between(0.0, 10.0), 100, 0);
        assert!(peaks[70].expect("known").max > 0.099 && peaks[30].expect("known").max < 1e-3);
        assert!(watched.engine.take_notices().is_empty());
    }
}

#[test]
fn what_cannot_be_shown_is_told() {
    let samples = changed("[input]\nkind = \"waveform\"\nsample_rate = 16000\nlayout = \"batch_samples\"\n", CLIPS);
    let error = ModelInput::new(&samples).expect_err("no picture").to_string();
    assert!(error.contains("takes the samples as they are"), "{error}");
    let mut without = Watched::with(Synthetic::noise(8_000, 1.0), &settings(None));
    assert_eq!(without.engine.kind(), PictureKind::Level);
    assert!(without.engine.take_notices()[0].starts_with("No model is chosen"));
    let stereo = TileSettings { channels: vec![Channel::One(0), Channel::One(1)], ..settings(Some(yamnet())) };
    let mut stereo = Watched::with(Synthetic { channels: 2, ..Synthetic::noise(8_000, 1.0) }, &stereo);
    assert_eq!((stereo.engine.plane_count(), stereo.engine.plane_channel(0)), (1, Some(Channel::Mix)));
    assert!(stereo.engine.take_notices()[0].contains("mean of all channels"));
}

#[test]
fn a_recording_that_breaks_off_is_shown_up_to_there() {
    let source = Synthetic { broken_from: Some(80_000), ..Synthetic::noise(8_000, 60.0) };
    let mut watched = Watched::with(source, &settings(Some(yamnet())));
    watched.wait_for_the_whole();
    assert_eq!(watched.engine.take_notices(), ["formula: is broken"]);
    let known = watched.engine.known_duration_secs().expect("the pass is over");
    assert!((7.0..=10.0).contains(&known), "{known} s");
}

#[test]
fn the_range_of_values_reaches_from_silence_to_a_full_scale_sine() {
    let firered = ModelInput::new(&manifest("firered-aed")).expect("a mel front end");
    for model in [yamnet(), per_clip(), firered] {
        let scale = model.value_scale();
        let levels_of = |amplitude: f64| {
            let sine = move |n: u64| (amplitude * (std::f64::consts::TAU * 1000.0 * n as f64 / 16_000.0).sin()) as f32;
            let source = Synthetic::new(16_000, 1.0, sine).open().expect("a recording");
            let (mut samples, mut frames) = (Resampler::mono(source, 16_000).expect("the same rate"), model.frames());
            let mut levels = Vec::new();
            while let Some(frame) = frames.next_frame(&mut samples).expect("readable") {
                levels.extend_from_slice(frame);
            }
            levels
        };
        assert!(levels_of(0.0).iter().all(|level| (level - scale.low).abs() < 1e-3), "{}", model.name());
        let loudest = levels_of(1.0).into_iter().fold(f32::MIN, f32::max);
        let place = (loudest - scale.low) / (scale.high - scale.low);
        assert!((0.85..=1.001).contains(&place), "{}: {place}", model.name());
    }
}
