//! `earmark model variant`: the real program makes variants of bundled models, which are run and held against what the reference's tools give.
//!
//! The reference is ONNX Runtime 1.31.1's own: `onnxruntime.transformers.float16` (inputs and outputs kept) and
//! `onnxruntime.quantization.quantize_static` (pairs of operators, a scale a filter, 7-bit weights, bytes for what flows), on the log-mel levels
//! of the two recordings in `tests/data/model`. `tests/reference/compare_variants.py` makes its numbers again.

use earmark::model::variant::{MakeError, Precision, VARIANT_FILE, VariantNote, VariantOptions, make};
use earmark::model::{BareNetwork, Detector, DetectorOptions, RuntimeChoice, import, registry};
use earmark::onnx::variant::{Original, Ranges};
use earmark::onnx::{GraphBuilder, Size};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn recordings() -> [PathBuf; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/model");
    [folder.join("bell_10s_16k.wav"), folder.join("mix_16k.wav")]
}

fn earmark(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(arguments)
        .env("EARMARK_MODELS", bundled())
        .env("EARMARK_DATA", data)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")
}

/// Makes a variant with the two recordings; the JSON that is printed.
fn made(data: &Path, model: &str, precision: &str) -> serde_json::Value {
    let [bell, mix] = recordings();
    let (bell, mix) = (bell.to_str().unwrap(), mix.to_str().unwrap());
    let output = earmark(&["model", "variant", model, precision, "--json", "--calibrate", bell, mix], data);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn change(made: &serde_json::Value) -> VariantNote {
    serde_json::from_value(made["variant"].clone()).unwrap()
}

/// How a variant may differ from its model: on average no more than the reference's does, at most half as much again, since a single score is a
/// matter of chance.
struct Bounds {
    bytes: u64,
    largest: f64,
    mean: f64,
    changed: u64,
}

fn check(data: &Path, model: &str, precision: &str, bounds: &Bounds) {
    let printed = made(data, model, precision);
    let note = change(&printed);
    let change = &note.change;
    let told = format!("{model} {precision}: {change:?}");
    // The same sound: the reference's classes and patches, or a few rows of context more.
    assert!(change.scores >= 3264 && change.above > 50, "{told}");
    assert!((note.bytes as f64 / bounds.bytes as f64 - 1.0).abs() < 0.1, "{told}: {} bytes", note.bytes);
    assert!(change.largest <= bounds.largest && change.mean <= bounds.mean, "{told}");
    assert!(change.changed <= bounds.changed && change.speed > 0.0, "{told}");
    let folder = registry::find_in(printed["folder"].as_str().unwrap(), &[]).unwrap();
    assert_eq!(folder.variant.as_ref(), Some(&note));
    assert_eq!((note.sound.recordings, note.sound.what.as_str()), (2, "bell_10s_16k.wav and 1 more"));
    // Its self-check is its own, and holds on ONNX Runtime.
    let options = DetectorOptions { runtime: RuntimeChoice::OnnxRuntime, ..DetectorOptions::default() };
    Detector::load(&folder, &options).map(drop).unwrap();
}

#[test]
fn variants_of_yamnet_are_as_near_to_it_as_the_reference_s() {
    let data = tempfile::tempdir().unwrap();
    // The reference: 7,478,815 bytes, 0.0059 at most, 0.000008 on average, no decision changed; the largest may fall elsewhere on another processor.
    let bounds = Bounds { bytes: 7_478_815, largest: 0.009, mean: 0.000_012, changed: 1 };
    check(data.path(), "yamnet", "--float16", &bounds);
    // The reference: 3,977,342 bytes, 0.73 at most, 0.0014 on average, 30 decisions changed of 105.
    let bounds = Bounds { bytes: 3_977_342, largest: 1.0, mean: 0.0014, changed: 30 };
    check(data.path(), "yamnet", "--int8", &bounds);
    let told = text(&earmark(&["model", "info", "yamnet-int8"], data.path()).stdout);
    for part in ["int8 of yamnet", "instead of 14.93 MB", "passes the self-check", "beware", "scores change much"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let listed = text(&earmark(&["models", "--installed"], data.path()).stdout);
    assert!(listed.contains("(float16 of yamnet, scores within 0.0"), "{listed}");
    // It is a model like any other, and hears what the original hears.
    let mix = recordings()[1].to_str().unwrap().to_owned();
    let events = |model: &str| {
        let output = earmark(&["detect", &mix, "--model", model, "--threshold", "0.5"], data.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        lines
    };
    let (original, variant) = (events("yamnet"), events("yamnet-float16"));
    assert!(original.len() > 2 && original.len() == variant.len(), "{original:?} {variant:?}");
    // A variant of a variant would tell nothing of the model that it comes from.
    let again = earmark(&["model", "variant", "yamnet-int8", "--float16"], data.path());
    assert_eq!(again.status.code(), Some(1));
    let said = text(&again.stderr);
    assert!(said.contains("yamnet-int8 is itself the int8 variant of yamnet: make variants of yamnet"), "{said}");
    let removed = earmark(&["model", "remove", "yamnet-int8"], data.path());
    assert!(removed.status.success() && !data.path().join("models/yamnet-int8").exists());
}

#[test]
fn variants_of_the_small_models_are_as_near_to_them_as_the_reference_s() {
    let data = tempfile::tempdir().unwrap();
    // The reference: 1,197,457 bytes, 0.0010, 0.000024, none changed.
    let bounds = Bounds { bytes: 1_197_457, largest: 0.0015, mean: 0.000_024, changed: 1 };
    check(data.path(), "firered-aed", "--float16", &bounds);
    // The reference: 711,417 bytes, 0.18, 0.0036, 5 of 1,734 changed.
    let bounds = Bounds { bytes: 711_417, largest: 0.28, mean: 0.0037, changed: 6 };
    check(data.path(), "firered-aed", "--int8", &bounds);
    // The reference: 148,838 bytes, 0.0011, 0.000051, none changed.
    let bounds = Bounds { bytes: 148_838, largest: 0.0017, mean: 0.000_051, changed: 1 };
    check(data.path(), "bicycle-bell", "--float16", &bounds);
    // The reference: 283,509 bytes, 0.061, 0.0011, 2 of 1,017 changed. Nearly all of it is two recurrences, which stay as they are.
    let bounds = Bounds { bytes: 283_509, largest: 0.091, mean: 0.0012, changed: 2 };
    check(data.path(), "bicycle-bell", "--int8", &bounds);
}

/// A network of random weights: the reference's 16 bits are off by 0.023 at most and 0.00045 on average, and change one decision of 490.
#[test]
fn an_imported_network_has_variants_too() {
    let data = tempfile::tempdir().unwrap();
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo");
    let options = import::ImportOptions { output: Some(data.path().join("own")), ..import::ImportOptions::default() };
    let imported = import::import(&zoo.join("fmn04_dcase2016task2.ckpt"), &options).unwrap();
    let folder = earmark::model::ModelFolder::open(&imported.folder).unwrap();
    let options = VariantOptions {
        recordings: vec![zoo.join("clip10.wav")],
        output: Some(data.path().join("half")),
        ..VariantOptions::new(Precision::Float16)
    };
    let mut parts = Vec::new();
    let made = make(&folder, &options, &|| false, &mut |part| parts.push(part)).unwrap();
    assert!(made.note.change.largest <= 0.034 && made.note.change.mean <= 0.0007, "{:?}", made.note.change);
    assert_eq!((made.note.converted, made.note.made_from.as_str(), made.id.as_str()), (65, "own", "half"));
    assert!(parts.is_sorted() && parts.last() == Some(&1.0), "{parts:?}");
    assert_eq!(VariantNote::read(&made.folder), Some(made.note));
}

/// What a network of whole numbers computes is what its scales say, on both runtimes.
#[test]
fn whole_numbers_mean_what_their_scales_say() {
    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[Size::Open("batch"), Size::Fixed(3)]);
    let weights = [[0.5, -1.28], [1.0, 0.64], [-0.25, 0.01]];
    let matrix = graph.floats("w", &[3, 2], weights.as_flattened());
    let product = graph.node("MatMul", &[&input, &matrix], vec![]);
    graph.output(&product, "y", &[Size::Open("batch"), Size::Fixed(2)]);
    let original = Original::read(&graph.finish("1")).unwrap();
    let mut ranges = Ranges::default();
    ranges.watch("x", &[-1.0, 1.55], &[1, 2]);
    ranges.watch("y", &[-3.0, 3.0], &[1, 2]);
    let onnx = original.rewritten(Precision::Int8, &ranges).unwrap().to_bytes();
    // 255 steps of 0.01; weights in steps of 1/64 and 0.02.
    let stepped = |number: f32, step: f32| (number / step).round() * step;
    let x: [f32; 6] = [0.123, -0.5, 1.5, 9.0, -9.0, 0.004];
    let held: Vec<f32> = x.iter().map(|&number| stepped(number.clamp(-1.0, 1.55), 0.01)).collect();
    let mut expected = Vec::new();
    for row in held.chunks(3) {
        for (column, step) in [1.0 / 64.0, 0.02].into_iter().enumerate() {
            expected.push((0..3).map(|at| row[at] * stepped(weights[at][column], step)).sum::<f32>());
        }
    }
    for runtime in [RuntimeChoice::OnnxRuntime, RuntimeChoice::BuiltIn] {
        let mut network = BareNetwork::open(&onnx, ["x", "y"], runtime).unwrap();
        let (found, _) = network.run(&x, &[2, 3]).unwrap();
        let is_near = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(is_near, "{runtime:?}: {found:?} {expected:?}");
    }
}

/// Files and folders below, but for the models that were there.
fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_goes_wrong_is_told_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let models = data.path().join("models");
    let bell = recordings()[0].to_str().unwrap().to_owned();
    let file = data.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let below_file = file.join("model");
    let failed = |arguments: &[&str], code: i32, part: &str| {
        let output = earmark(&[&["model", "variant"], arguments].concat(), data.path());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_eq!(left_in(&models), [] as [&str; 0], "{arguments:?}");
    };
    failed(&["yamnett", "--int8"], 1, "did you mean \"yamnet\"");
    failed(&["yamnet"], 2, "--float16");
    failed(&["yamnet", "--int8", "--float16"], 2, "cannot be used with");
    failed(&["bicycle-bell", "--int8", "--name", "a/b"], 1, "cannot be a model's name");
    failed(&["bicycle-bell", "--int8", "--calibrate", "nowhere.wav"], 1, "nowhere.wav");
    failed(&["bicycle-bell", "--int8", "--to", bundled().join("yamnet").to_str().unwrap()], 1, "is there already");
    let to = below_file.to_str().unwrap();
    failed(&["bicycle-bell", "--float16", "--calibrate", &bell, "--to", to], 1, "cannot be written");
    assert_eq!(left_in(data.path()), ["file"]);
}

#[test]
fn a_network_of_other_operators_is_refused_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let mut graph = GraphBuilder::new("test");
    let input = graph.input("x", &[Size::Open("batch"), Size::Fixed(16_000)]);
    let squared = graph.node("Mul", &[&input, &input], vec![]);
    let axes = graph.integers("axes", &[1]);
    let mean = graph.node("ReduceMean", &[&squared, &axes], vec![]);
    let score = graph.node("Sigmoid", &[&mean], vec![]);
    graph.output(&score, "loud", &[Size::Open("batch"), Size::Fixed(1)]);
    let onnx = data.path().join("loudness.onnx");
    std::fs::write(&onnx, graph.finish("1")).unwrap();
    let output = earmark(&["model", "import", onnx.to_str().unwrap(), "--input", "waveform"], data.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    for precision in ["--float16", "--int8"] {
        let refused = earmark(&["model", "variant", "loudness", precision], data.path());
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said.contains("loudness: no") && said.contains("nothing in it can be computed"), "{said}");
        assert_eq!(left_in(&data.path().join("models")), ["loudness"]);
    }
}

#[test]
fn who_stops_gets_nothing() {
    let data = tempfile::tempdir().unwrap();
    let folder = registry::find_in("bicycle-bell", &[bundled()]).unwrap();
    let options = VariantOptions {
        recordings: recordings().to_vec(),
        output: Some(data.path().join("models/x")),
        ..VariantOptions::new(Precision::Int8)
    };
    let stopped = make(&folder, &options, &|| true, &mut |_| {}).unwrap_err();
    assert!(stopped.is_cancelled() && matches!(stopped, MakeError::Model(_)), "{stopped}");
    assert_eq!(left_in(data.path()), [] as [&str; 0]);
    // Without a recording the self-check's input must do, and that is said.
    let options = VariantOptions { recordings: Vec::new(), ..options };
    let made = make(&folder, &options, &|| false, &mut |_| {}).unwrap();
    assert!(made.note.warnings()[0].contains("no sound"), "{:?}", made.note);
    assert!(made.folder.join(VARIANT_FILE).is_file());
}
