//! The EfficientSED networks against the reference program: what it computes for `clip10.wav` with the checkpoints in `tests/data/zoo`
//! (random weights; `README.md` there says how they were made), on both runtimes.
#![allow(clippy::print_stdout, reason = "measured errors are worth seeing")]

use crate::npy;
use earmark::audio;
use earmark::checkpoint::{self, Tensor, Tensors};
use earmark::decision::{EventFinder, Preset};
use earmark::model::import::{self, ImportOptions};
use earmark::model::{BareNetwork, Detector, DetectorOptions, DeviceChoice, ModelFolder, RuntimeChoice};
use earmark::zoo::{Architecture, Network, Time, ZooError, untrained};
use std::io::Read;
use std::path::{Path, PathBuf};

const RUNTIMES: [RuntimeChoice; 2] = [RuntimeChoice::OnnxRuntime, RuntimeChoice::BuiltIn];
/// Logits from the reference's own log-mel may be off by this much.
const TOLERANCE: f32 = 2e-3;
const CLIP: Time = Time::Fixed(1000);
const CLIP_SHAPE: [usize; 4] = [1, 1, 128, 1000];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo").join(name)
}

/// The tensors of a checkpoint, which may be compressed.
pub fn tensors(name: &str) -> Tensors {
    checkpoint::from_bytes(Path::new(name), &checkpoint_bytes(name)).unwrap()
}

/// The file as it was released.
pub fn checkpoint_bytes(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(data(name)).unwrap();
    if !name.ends_with(".gz") {
        return bytes;
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
    plain
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // What is no number is larger than any.
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |most, next| if next <= most { most } else { next })
}

/// Compares an output with every `step`-th row of it as the reference computed it.
fn check(network: &mut BareNetwork, output: &str, name: &str, step: usize) -> f32 {
    let (mel, _) = npy::read(&data("clip10.mel.npy"));
    let (expected, shape) = npy::read(&data(&format!("{name}.{output}.npy")));
    let columns = *shape.last().unwrap();
    let (values, _) = network.run(&mel, &CLIP_SHAPE).unwrap();
    let rows: Vec<f32> = values.chunks_exact(columns).step_by(step).flatten().copied().collect();
    largest_difference(&rows, &expected)
}

fn check_network(file: &str, architecture: &str, strong_step: usize) {
    let tensors = tensors(file);
    let network = Network::recognise(&tensors).unwrap();
    assert_eq!(network.architecture.to_string(), architecture);
    let name = file.split(".pt").next().unwrap().trim_end_matches(".ckpt");
    let onnx = network.to_onnx_with_features(CLIP).unwrap();
    let mut outputs = vec![("strong", strong_step), ("weak", 1), ("features", 10)];
    if network.architecture.sequence.is_none() {
        outputs.push(("backbone", 10));
    }
    for runtime in RUNTIMES {
        for (output, step) in &outputs {
            let mut open = BareNetwork::open(&onnx, ["mel", output], runtime).unwrap();
            let difference = check(&mut open, output, name, *step);
            println!("{name}, {output} by {}: {difference:.1e}", open.runtime());
            assert!(difference < TOLERANCE, "{name}, {output} by {}: {difference}", open.runtime());
        }
    }
}

#[test]
fn the_backbone_alone_computes_what_the_reference_does() {
    check_network("fmn04_dcase2016task2.ckpt", "fmn04", 1);
}

#[test]
fn transformer_blocks_compute_what_the_reference_does() {
    check_network("fmn04+tf-104_strong.pt.gz", "fmn04+tf-104", 5);
}

#[test]
fn attention_computes_what_the_reference_does() {
    check_network("fmn04+attn-112_strong.pt.gz", "fmn04+attn-112", 5);
}

#[test]
fn the_gru_computes_what_the_reference_does() {
    check_network("fmn04+gru-104_strong.pt.gz", "fmn04+gru-104", 5);
}

#[test]
fn the_tcn_computes_what_the_reference_does() {
    check_network("fmn04+tcn-104_strong.pt.gz", "fmn04+tcn-104", 5);
}

#[test]
fn mamba_computes_what_the_reference_does() {
    check_network("fmn04+mamba-128_strong.pt.gz", "fmn04+mamba-128", 5);
}

#[test]
fn the_hybrid_computes_what_the_reference_does() {
    check_network("fmn04+hybrid-104_strong.pt.gz", "fmn04+hybrid-104", 5);
}

/// Every kind but the hybrid, whose recurrence is unrolled, takes clips of any length.
#[test]
fn an_open_time_axis_changes_no_score() {
    let (mel, _) = npy::read(&data("clip10.mel.npy"));
    for file in ["fmn04+tf-104_strong.pt.gz", "fmn04+gru-104_strong.pt.gz", "fmn04+mamba-128_strong.pt.gz"] {
        let tensors = tensors(file);
        let network = Network::recognise(&tensors).unwrap();
        let open = network.to_onnx(Time::Open).unwrap();
        let fixed = network.to_onnx(CLIP).unwrap();
        // Two clips of another length, which is no multiple of anything.
        let short: Vec<f32> = mel.chunks_exact(1000).flat_map(|band| &band[..333]).copied().collect();
        let two = [short.clone(), short].concat();
        let of_two = RUNTIMES.map(|runtime| {
            let run = |onnx: &[u8], mel: &[f32], shape: &[usize]| {
                BareNetwork::open(onnx, ["mel", "strong"], runtime).unwrap().run(mel, shape).unwrap()
            };
            let (whole, _) = run(&fixed, &mel, &CLIP_SHAPE);
            let (same, shape) = run(&open, &mel, &CLIP_SHAPE);
            assert_eq!(shape, [1, 250, 447]);
            assert!(largest_difference(&whole, &same) < 1e-3, "{file}");
            let (both, shape) = run(&open, &two, &[2, 1, 128, 333]);
            assert_eq!(shape, [2, 84, 447], "{file}");
            let (first, second) = both.split_at(84 * 447);
            assert!(largest_difference(first, second) < 1e-4, "{file}: the clips are the same");
            both
        });
        assert!(largest_difference(&of_two[0], &of_two[1]) < 2e-3, "{file}: the runtimes differ");
    }
    let tensors = tensors("fmn04+hybrid-104_strong.pt.gz");
    let refused = Network::recognise(&tensors).unwrap().to_onnx(Time::Open).unwrap_err();
    assert!(refused.to_string().contains("a fixed number of frames"), "{refused}");
}

#[test]
fn every_form_of_names_is_the_same_network() {
    let bare: Tensors = tensors("fmn04_dcase2016task2.ckpt")
        .into_iter()
        .map(|(name, tensor)| (name.replace("model.model.fmn.", "").replace("model.", ""), tensor))
        .collect();
    let expected = Network::recognise(&bare).unwrap().to_onnx(CLIP).unwrap();
    for (backbone, rest) in [
        ("net.model.", "net."),
        ("model.model.", "model."),
        ("model.fmn.", ""),
        ("_orig_mod.model.frame_mn.", "_orig_mod."),
    ] {
        let renamed = |name: &String| match name.starts_with("features.") {
            true => format!("{backbone}{name}"),
            false => format!("{rest}{name}"),
        };
        let tensors: Tensors = bare.iter().map(|(name, tensor)| (renamed(name), tensor.clone())).collect();
        assert!(Network::recognise(&tensors).unwrap().to_onnx(CLIP).unwrap() == expected, "{backbone}");
    }
}

/// What is said when `change` was done to a checkpoint that was right.
fn refusal(change: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = tensors("fmn04+tf-104_strong.pt.gz");
    change(&mut tensors);
    let refused: Result<Vec<u8>, ZooError> = Network::recognise(&tensors).and_then(|network| network.to_onnx(CLIP));
    refused.unwrap_err().to_string()
}

#[test]
fn what_does_not_fit_is_named() {
    let name = |part: &str| format!("net.{part}");
    let missing = refusal(|tensors| drop(tensors.remove(&name("seq_model.1.norm.gamma")).unwrap()));
    assert_eq!(missing, "the tensor \"seq_model.1.norm.gamma\" is missing; expected the shape [104]");
    let shape = refusal(|tensors| {
        let tensor = Tensor { shape: vec![104, 380], values: vec![0.0; 104 * 380] };
        tensors.insert(name("seq_model.0.weight"), tensor);
    });
    assert_eq!(shape, "the tensor \"seq_model.0.weight\" has the shape [104, 380], expected [104, 384]");
    let more = refusal(|tensors| {
        let tensor = tensors[&name("seq_model.0.bias")].clone();
        tensors.insert(name("seq_model.7.bias"), tensor);
    });
    assert_eq!(more, "no layer of fmn04+tf-104 has the tensor seq_model.7.bias");
    let diverged = refusal(|tensors| tensors.get_mut(&name("strong_head.bias")).unwrap().values[3] = f32::NAN);
    assert!(diverged.contains("\"strong_head.bias\" holds values that are not finite"), "{diverged}");
    let heads = refusal(|tensors| {
        let tensor = Tensor { shape: vec![3, 104], values: vec![0.0; 312] };
        tensors.insert(name("seq_model.1.layers.0.0.to_gates.weight"), tensor);
    });
    assert!(heads.contains("expected heads that divide the dimension 104"), "{heads}");
    let nothing = refusal(|tensors| tensors.retain(|name, _| !name.contains("features.0.0")));
    assert!(nothing.contains("this is no frame-wise MobileNet"), "{nothing}");
}

#[test]
fn untrained_networks_of_every_kind_run() {
    for name in ["fmn06+tf-64", "fmn04+attn-96", "fmn04+gru-24", "fmn04+tcn-24", "fmn04+mamba-64", "fmn04+hybrid-16"] {
        let architecture = Architecture::named(name, 5, 0).unwrap();
        let onnx = untrained(&architecture, Time::Fixed(200), 1).unwrap();
        for runtime in RUNTIMES {
            let mut network = BareNetwork::open(&onnx, ["mel", "strong"], runtime).unwrap();
            let (scores, shape) = network.run(&vec![0.5; 2 * 128 * 200], &[2, 1, 128, 200]).unwrap();
            assert_eq!(shape, [2, 250, 5], "{name}");
            assert!(scores.iter().all(|score| score.is_finite()), "{name}");
        }
    }
}

/// Rows of a table of the reference: recording, threshold, class, name, onset and offset as they stand there.
fn reference_table(name: &str) -> String {
    let bytes = std::fs::read(data(&format!("{name}.events.csv.gz"))).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

/// The same by this program: from the checkpoint to the events, through a model folder, with nothing of the reference in between.
fn own_table(folder: &ModelFolder, runtime: RuntimeChoice) -> String {
    let options = DetectorOptions {
        runtime,
        device: DeviceChoice::Cpu,
        threads: Some(2),
        preset: Preset::Reference,
        ..DetectorOptions::default()
    };
    let mut detector = Detector::load(folder, &options).unwrap();
    assert!(detector.report().notes.is_empty(), "{:?}", detector.report());
    let mut table = "file,threshold,class_index,event_label,onset,offset\n".to_owned();
    for recording in ["clip10", "long23", "short3"] {
        let mut scores: Vec<f32> = Vec::new();
        let source = audio::open(&data(&format!("{recording}.wav"))).unwrap();
        let summary = detector.run(source, &|| false, &mut |block| scores.extend_from_slice(block.scores)).unwrap();
        for threshold in ["0.1", "0.2", "0.5"] {
            let mut rule = folder.manifest.rule(0.04, Preset::Reference);
            rule.threshold = threshold.parse().unwrap();
            let mut finder = EventFinder::new(&rule, detector.axis(), folder.labels.len());
            finder.push(&scores);
            for (class, span) in finder.finish(summary.duration_secs) {
                let name = &folder.labels[class].name;
                let name = if name.contains(',') { format!("\"{name}\"") } else { name.to_string() };
                let (onset, offset) = (span.onset_secs, span.offset_secs);
                table.push_str(&format!("{recording},{threshold},{class},{name},{onset:?},{offset:?}\n"));
            }
        }
    }
    table
}

/// Compares whole tables; `file` is the checkpoint.
fn check_events(file: &str, runtimes: &[RuntimeChoice]) {
    let work = tempfile::tempdir().unwrap();
    let name = file.split(".pt").next().unwrap().trim_end_matches(".ckpt");
    let checkpoint = work.path().join(file.trim_end_matches(".gz"));
    std::fs::write(&checkpoint, checkpoint_bytes(file)).unwrap();
    let options = ImportOptions { output: Some(work.path().join("model")), ..ImportOptions::default() };
    let imported = import::import(&checkpoint, &options).unwrap();
    let folder = ModelFolder::open(&imported.folder).unwrap();
    let expected = reference_table(name);
    for &runtime in runtimes {
        let own = own_table(&folder, runtime);
        let differing = expected.lines().zip(own.lines()).find(|(expected, own)| expected != own);
        assert_eq!(differing, None, "{file} on {runtime:?}");
        assert_eq!(own.lines().count(), expected.lines().count(), "{file} on {runtime:?}");
    }
}

#[test]
fn events_of_an_imported_checkpoint_are_those_of_the_reference_to_the_last_digit() {
    check_events("fmn04_dcase2016task2.ckpt", &RUNTIMES);
    check_events("fmn04+tf-104_strong.pt.gz", &RUNTIMES);
    for file in [
        "fmn04+attn-112_strong.pt.gz",
        "fmn04+gru-104_strong.pt.gz",
        "fmn04+hybrid-104_strong.pt.gz",
        "fmn04+mamba-128_strong.pt.gz",
        "fmn04+tcn-104_strong.pt.gz",
    ] {
        check_events(file, &RUNTIMES[..1]);
    }
}

#[test]
fn embeddings_of_an_imported_network_are_what_the_reference_s_backbone_gives() {
    let work = tempfile::tempdir().unwrap();
    let file = "fmn04_dcase2016task2.ckpt";
    let checkpoint = work.path().join(file);
    std::fs::write(&checkpoint, checkpoint_bytes(file)).unwrap();
    let options = ImportOptions { output: Some(work.path().join("model")), ..ImportOptions::default() };
    let folder = ModelFolder::open(&import::import(&checkpoint, &options).unwrap().folder).unwrap();
    let (expected, shape) = npy::read(&data("fmn04_dcase2016task2.backbone.npy"));
    for runtime in RUNTIMES {
        let options = DetectorOptions {
            runtime,
            device: DeviceChoice::Cpu,
            threads: Some(1),
            preset: Preset::Reference,
            embeddings: true,
            ..DetectorOptions::default()
        };
        let mut detector = Detector::load(&folder, &options).unwrap();
        assert_eq!(Some(&detector.embedding_size()), shape.last());
        let (mut embeddings, mut scores) = (Vec::new(), 0);
        let source = audio::open(&data("clip10.wav")).unwrap();
        detector
            .run(source, &|| false, &mut |block| {
                scores += block.scores.len();
                embeddings.extend_from_slice(block.embeddings);
            })
            .unwrap();
        assert_eq!(scores / folder.labels.len(), 250);
        let size = detector.embedding_size();
        let rows: Vec<f32> = embeddings.chunks_exact(size).step_by(10).flatten().copied().collect();
        let difference = largest_difference(&rows, &expected);
        println!("backbone of {file} by {}: {difference:.1e}", detector.report());
        // The front end's own rounding is in it, which the network amplifies.
        assert!(difference < 0.01, "{difference}");
    }
}
