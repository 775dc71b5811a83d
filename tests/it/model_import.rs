//! Plain ONNX files as models: small networks of every form, whose scores are known by formula; a bundled one against itself; refusals.

use earmark::audio;
use earmark::model::import::{self, Form, ImportOptions, InputKind};
use earmark::model::{Detector, DetectorOptions, ModelFolder};
use earmark::onnx::builder::{int, ints};
use earmark::onnx::{GraphBuilder, Size, Value};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CLIP: Size = Size::Open("clip");
const SECOND: usize = 16_000;
/// What the classes make of the loudest sample: `sigmoid(factor × loudest)`.
const FACTORS: [f32; 3] = [1.0, 4.0, -2.0];
const NAMES: &str = "Loud\nVery loud\nQuiet\n";

struct Work(tempfile::TempDir);

impl Work {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Three seconds at 16 kHz: silence, then 0.5, then 0.25.
    fn recording(&self) -> PathBuf {
        let samples = [0_i16, 16_384, 8192].map(|level| vec![level; SECOND]).concat();
        let bytes = samples.len() as u32 * 2;
        let mut file = [b"RIFF", &(36 + bytes).to_le_bytes()[..], b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
        file.extend([1_u16, 1].iter().flat_map(|value| value.to_le_bytes()));
        file.extend([16_000_u32, 32_000].iter().flat_map(|value| value.to_le_bytes()));
        file.extend([2_u16, 16].iter().flat_map(|value| value.to_le_bytes()));
        file.extend([&b"data"[..], &bytes.to_le_bytes()].concat());
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.file("steps.wav", &file)
    }

    /// The names in the folder, without what the test put there.
    fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".onnx") && !name.ends_with(".wav") && !name.ends_with(".txt")).collect()
    }
}

/// `sigmoid(factor × x)` for each class, after `x` got a last axis of one; `is_logit` leaves the sigmoid out.
fn by_class(graph: &mut GraphBuilder, x: &Value, is_logit: bool) -> Value {
    let factors = graph.floats("factors", &[3], &FACTORS);
    let products = graph.node("Mul", &[x, &factors], vec![]);
    if is_logit { products } else { graph.node("Sigmoid", &[&products], vec![]) }
}

fn loudest(graph: &mut GraphBuilder, x: &Value, axes: &[i64], keeps: bool) -> Value {
    let axes = graph.integers("axes", axes);
    graph.node("ReduceMax", &[x, &axes], vec![int("keepdims", i64::from(keeps))])
}

/// A row of scores a clip of samples; `sizes` are those of the input, `axes` those over which the loudest sample is taken.
fn clips(sizes: &[Size], axes: &[i64], is_logit: bool) -> Vec<u8> {
    let mut graph = GraphBuilder::new("clips");
    let samples = graph.input("samples", sizes);
    let loudest = loudest(&mut graph, &samples, axes, false);
    let loudest = match sizes.len() {
        1 => loudest,
        _ => {
            let last = graph.integers("last", &[-1]);
            graph.node("Unsqueeze", &[&loudest, &last], vec![])
        }
    };
    let scores = by_class(&mut graph, &loudest, is_logit);
    let open = [CLIP, Size::Fixed(3)];
    graph.output(&scores, "scores", if sizes.len() == 1 { &open[1..] } else { &open });
    graph.finish("test")
}

/// Ten rows a clip of a second, `[clip, row, class]` or `[clip, class, row]`; the declared rows may be open.
fn rows(class_major: bool, declared: [Size; 3], is_logit: bool) -> Vec<u8> {
    let mut graph = GraphBuilder::new("rows");
    let samples = graph.input("samples", &[CLIP, Size::Fixed(SECOND)]);
    let shape = graph.integers("shape", &[-1, 10, 1600]);
    let cut = graph.node("Reshape", &[&samples, &shape], vec![]);
    let loudest = loudest(&mut graph, &cut, &[2], true);
    let mut scores = by_class(&mut graph, &loudest, is_logit);
    if class_major {
        scores = graph.node("Transpose", &[&scores], vec![ints("perm", &[0, 2, 1])]);
    }
    graph.output(&scores, "scores", &declared);
    graph.finish("test")
}

/// A row of scores a log-mel frame, `[frame, band]` or `[1, frame, band]`; classes last or before the frames.
fn frames(has_batch: bool, class_major: bool) -> Vec<u8> {
    let mut graph = GraphBuilder::new("frames");
    let sizes = [Size::Fixed(1), Size::Open("frame"), Size::Fixed(80)];
    let mel = graph.input("mel", if has_batch { &sizes } else { &sizes[1..] });
    let loudest = loudest(&mut graph, &mel, &[-1], true);
    let tenth = graph.scalar("tenth", 0.05);
    let loudest = graph.node("Mul", &[&loudest, &tenth], vec![]);
    let mut scores = by_class(&mut graph, &loudest, false);
    if class_major {
        let perm: &[i64] = if has_batch { &[0, 2, 1] } else { &[1, 0] };
        scores = graph.node("Transpose", &[&scores], vec![ints("perm", perm)]);
    }
    let open = [Size::Open("a"), Size::Open("b"), Size::Open("c")];
    graph.output(&scores, "scores", if has_batch { &open } else { &open[1..] });
    graph.finish("test")
}

/// A row of scores a patch of log-mel, or 250 a clip of the EfficientSED front end.
fn patches(is_fmn: bool) -> Vec<u8> {
    let mut graph = GraphBuilder::new("patches");
    let scores = if is_fmn {
        let mel = graph.input("mel", &[CLIP, Size::Fixed(1), Size::Fixed(128), Size::Fixed(1000)]);
        let shape = graph.integers("shape", &[-1, 128, 250, 4]);
        let cut = graph.node("Reshape", &[&mel, &shape], vec![]);
        let loudest = loudest(&mut graph, &cut, &[1, 3], false);
        let last = graph.integers("last", &[-1]);
        let rows = graph.node("Unsqueeze", &[&loudest, &last], vec![]);
        by_class(&mut graph, &rows, true)
    } else {
        let mel = graph.input("mel", &[CLIP, Size::Fixed(96), Size::Fixed(64)]);
        let loudest = loudest(&mut graph, &mel, &[1, 2], false);
        let last = graph.integers("last", &[-1]);
        let column = graph.node("Unsqueeze", &[&loudest, &last], vec![]);
        by_class(&mut graph, &column, false)
    };
    let open = [CLIP, Size::Open("row"), Size::Fixed(3)];
    if is_fmn {
        graph.output(&scores, "scores", &open);
    } else {
        graph.output(&scores, "scores", &[open[0], open[2]]);
    }
    graph.finish("test")
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Imports the network, and gives what was told and the scores of the recording, row by row.
fn scores_of(work: &Work, onnx: &[u8], form: Form) -> (Vec<String>, Vec<Vec<f32>>) {
    let file = work.file("network.onnx", onnx);
    let names = work.file("names.txt", NAMES.as_bytes());
    let options =
        ImportOptions { output: Some(work.path("model")), labels: Some(names), form, ..ImportOptions::default() };
    let imported = import::import(&file, &options).unwrap();
    let folder = ModelFolder::open(&imported.folder).unwrap();
    assert_eq!(&*folder.labels[2].name, "Quiet");
    let rows = detected(&folder, &work.recording());
    std::fs::remove_dir_all(&imported.folder).unwrap();
    (imported.summary, rows)
}

fn detected(folder: &ModelFolder, recording: &Path) -> Vec<Vec<f32>> {
    let mut detector = Detector::load(folder, &DetectorOptions::default()).unwrap();
    let mut rows = Vec::new();
    let mut take = |scores: &[f32]| rows.extend(scores.chunks_exact(folder.labels.len()).map(<[f32]>::to_vec));
    detector.run(audio::open(recording).unwrap(), &|| false, &mut |block| take(block.scores)).unwrap();
    rows
}

fn check_levels(rows: &[Vec<f32>], levels: &[f32], what: &str) {
    assert_eq!(rows.len(), levels.len(), "{what}");
    for (row, level) in rows.iter().zip(levels) {
        for (score, factor) in row.iter().zip(FACTORS) {
            assert!((score - sigmoid(factor * level)).abs() < 1e-4, "{what}: {row:?} at {level}");
        }
    }
}

#[test]
fn taggers_of_samples_in_every_shape_score_each_clip() {
    let work = Work::new();
    let (one, n, second) = (Size::Fixed(1), Size::Open("n"), Size::Fixed(SECOND));
    let form = || Form { hop_secs: Some(1.0), ..Form::default() };
    let open = || Form { clip_secs: Some(1.0), ..form() };
    for (what, sizes, axes, form) in [
        ("[n]", vec![n], vec![0], open()),
        ("[16000]", vec![second], vec![0], form()),
        ("[clip, n]", vec![CLIP, n], vec![1], open()),
        ("[1, 16000]", vec![one, second], vec![1], form()),
        ("[clip, 1, n]", vec![CLIP, one, n], vec![1, 2], open()),
        ("[clip, 16000, 1]", vec![CLIP, second, one], vec![1, 2], form()),
    ] {
        // A tagger without an axis of clips keeps one for its classes.
        let onnx = match sizes.len() {
            1 => {
                let mut graph = GraphBuilder::new("clip");
                let samples = graph.input("samples", &sizes);
                let loudest = loudest(&mut graph, &samples, &axes, true);
                let scores = by_class(&mut graph, &loudest, false);
                graph.output(&scores, "scores", &[Size::Fixed(3)]);
                graph.finish("test")
            }
            _ => clips(&sizes, &axes, false),
        };
        let (told, rows) = scores_of(&work, &onnx, form);
        check_levels(&rows, &[0.0, 0.5, 0.25], what);
        assert!(told.iter().any(|line| line == "One row of scores a clip, every 1 s"), "{told:?}");
    }
    // Logits of sound are seldom all within 0 and 1.
    let (told, rows) = scores_of(&work, &clips(&[CLIP, second], &[1], true), form());
    check_levels(&rows, &[0.0, 0.5, 0.25], "logits");
    assert!(told.contains(&"The output scores holds logits".to_owned()), "{told:?}");
}

#[test]
fn rows_of_clips_are_read_with_classes_last_and_with_classes_first() {
    let work = Work::new();
    let levels = [[0.0; 10], [0.5; 10], [0.25; 10]].concat();
    let (three, ten) = (Size::Fixed(3), Size::Fixed(10));
    for (class_major, declared) in [(false, [CLIP, ten, three]), (true, [CLIP, three, ten])] {
        for is_logit in [false, true] {
            let (told, rows) = scores_of(&work, &rows(class_major, declared, is_logit), Form::default());
            check_levels(&rows, &levels, &format!("{class_major} {is_logit}"));
            let is_told = told.iter().any(|line| line == "Output [1, 3, 10]: classes come before rows");
            assert_eq!(is_told, class_major, "{told:?}");
        }
    }
    // Without names: what the graph leaves open are the rows, and the user may say it.
    let attempt = |declared: [Size; 3], form: Form| {
        let file = work.file("network.onnx", &rows(true, declared, false));
        let options = ImportOptions { output: Some(work.path("model")), form, ..ImportOptions::default() };
        let folder = ModelFolder::open(&import::import(&file, &options).map_err(|error| error.to_string())?.folder);
        std::fs::remove_dir_all(work.path("model")).unwrap();
        Ok::<usize, String>(folder.unwrap().labels.len())
    };
    assert_eq!(attempt([CLIP, three, Size::Open("row")], Form::default()), Ok(3));
    assert_eq!(attempt([CLIP, three, ten], Form { classes_first: true, ..Form::default() }), Ok(3));
    let refused = attempt([CLIP, three, ten], Form::default()).unwrap_err();
    assert!(refused.contains("gives 3 rows") && refused.ends_with("say --classes-first"), "{refused}");
}

#[test]
fn networks_of_log_mel_give_a_score_a_frame_or_a_patch() {
    let work = Work::new();
    let logit = |score: f32| (score / (1.0 - score)).ln();
    let related = |rows: &[Vec<f32>], what: &str| {
        for row in rows {
            let one = logit(row[0]);
            for (score, factor) in row.iter().zip(FACTORS) {
                assert!((score - sigmoid(one * factor)).abs() < 1e-3, "{what}: {row:?}");
            }
        }
    };
    for (has_batch, class_major) in [(false, false), (true, false), (false, true), (true, true)] {
        let what = format!("frames {has_batch} {class_major}");
        let (_, rows) = scores_of(&work, &frames(has_batch, class_major), Form::default());
        // A hundred a second, the last one where its 25 ms end with the recording.
        assert!((298..=300).contains(&rows.len()), "{what}: {}", rows.len());
        related(&rows, &what);
        assert!(rows[99][0] > rows[50][0] + 0.1, "{what}: the step is heard");
    }
    let form = Form { hop_secs: Some(0.48), ..Form::default() };
    let (_, rows) = scores_of(&work, &patches(false), form);
    assert_eq!(rows.len(), 6);
    related(&rows, "patches");
    let (told, rows) = scores_of(&work, &patches(true), Form::default());
    assert_eq!(rows.len(), 75, "25 a second");
    related(&rows, "maps");
    assert!(told.contains(&"Sample rate 16000 Hz".to_owned()), "{told:?}");
}

fn bundled(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(id)
}

#[test]
fn a_bundled_network_imported_again_scores_as_the_bundled_model() {
    let work = Work::new();
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo/short3.wav");
    let form = Form { input: Some(InputKind::YamnetMel), hop_secs: Some(0.1), ..Form::default() };
    let options = ImportOptions {
        output: Some(work.path("model")),
        labels: Some(bundled("yamnet").join("labels.tsv")),
        form,
        ..ImportOptions::default()
    };
    let imported = import::import(&bundled("yamnet").join("model.onnx"), &options).unwrap();
    let own = detected(&ModelFolder::open(&imported.folder).unwrap(), &recording);
    let expected = detected(&ModelFolder::open(&bundled("yamnet")).unwrap(), &recording);
    assert_eq!((own.len(), own[0].len()), (expected.len(), 521));
    assert_eq!(own, expected);
}

fn import(work: &Work, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(["model", "import"])
        .args(arguments)
        .current_dir(work.0.path())
        .env("EARMARK_DATA", work.path("data"))
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap().replace("\r\n", "\n")
}

#[test]
fn what_cannot_be_imported_is_refused_with_the_flag_that_helps_and_leaves_nothing() {
    let work = Work::new();
    let second = Size::Fixed(SECOND);
    work.file("clips.onnx", &clips(&[CLIP, second], &[1], false));
    work.file("uneven.onnx", &{
        let mut graph = GraphBuilder::new("uneven");
        let samples = graph.input("samples", &[CLIP, Size::Fixed(16_001)]);
        let scores = graph.node("Sigmoid", &[&samples], vec![]);
        let (from, to) = (graph.integers("from", &[0]), graph.integers("to", &[30]));
        let axis = graph.integers("axis", &[1]);
        let cut = graph.node("Slice", &[&scores, &from, &to, &axis], vec![]);
        let shape = graph.integers("shape", &[-1, 10, 3]);
        let rows = graph.node("Reshape", &[&cut, &shape], vec![]);
        graph.output(&rows, "scores", &[CLIP, Size::Open("row"), Size::Fixed(3)]);
        graph.finish("test")
    });
    work.file("two.onnx", &{
        let mut graph = GraphBuilder::new("two");
        let samples = graph.input("samples", &[CLIP, second]);
        let state = graph.input("state", &[CLIP, second]);
        let sum = graph.node("Add", &[&samples, &state], vec![]);
        graph.output(&sum, "scores", &[CLIP, second]);
        graph.finish("test")
    });
    work.file("whole.onnx", &{
        let mut graph = GraphBuilder::new("whole");
        let samples = graph.input("samples", &[CLIP, second]);
        let axis = graph.integers("axis", &[1]);
        let sum = graph.node("ReduceMax", &[&samples, &axis], vec![]);
        graph.output(&sum, "scores", &[CLIP, Size::Fixed(1)]);
        let mut model = graph.finish_model("test");
        let port = &mut model.graph.as_mut().unwrap().input[0];
        port.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = 7;
        prost::Message::encode_to_vec(&model)
    });
    work.file("nan.onnx", &{
        let mut graph = GraphBuilder::new("nan");
        let samples = graph.input("samples", &[CLIP, second]);
        let axis = graph.integers("axis", &[1]);
        let least = graph.node("ReduceMin", &[&samples, &axis], vec![]);
        let log = graph.node("Log", &[&least], vec![]);
        graph.output(&log, "scores", &[CLIP, Size::Fixed(1)]);
        graph.finish("test")
    });
    work.file("broken.onnx", b"not a network");
    work.file("names.txt", b"Dog\nCat\n");
    work.file("twice.txt", b"Dog\nCat\ndog\n");
    for (arguments, parts) in [
        (&["two.onnx"][..], &["it has the inputs \"samples\" [?, 16000], \"state\" [?, 16000]; expected one"][..]),
        (&["whole.onnx"], &["its input \"samples\" [?, 16000] holds 64-bit whole numbers; expected 32-bit floats"]),
        (&["nan.onnx"], &["its output holds NaN"]),
        (&["broken.onnx"], &["broken.onnx: cannot be imported: it is no ONNX file"]),
        (&["missing.onnx"], &["missing.onnx: cannot be read"]),
        (&["uneven.onnx"], &["10 rows of scores for a clip of 16001 samples", "1600.1 samples a row", "--hop"]),
        (&["clips.onnx", "--labels", "names.txt"], &["names 2 classes; expected 3"]),
        (&["clips.onnx", "--labels", "twice.txt"], &["twice.txt: line 4", "a name that no other class has"]),
        (&["clips.onnx", "--input", "fmn-mel"], &["does not fit --input fmn-mel", "it could be waveform"]),
        (&["clips.onnx", "--clip", "5"], &["its clips are fixed at 1 s, not --clip 5"]),
        (&["clips.onnx", "--rate", "7"], &["--rate 7: expected 1000 to 384000 Hz"]),
        (&["clips.onnx", "--hop", "0"], &["--hop 0: expected more than 0 s"]),
        (
            &["clips.onnx", "--hop", "2"],
            &["time.hop_choices_secs: found 2, expected", "clips.onnx: cannot be imported"],
        ),
        (
            &["clips.onnx", "--scores-output", "x"],
            &["it has no output \"x\", but \"scores\" [?, 3]", "--scores-output"],
        ),
        (&["clips.onnx", "--name", "a/b"], &["\"a/b\" cannot be a model's name"]),
        (&["clips.onnx", "--name", ".a"], &["\".a\" cannot be a model's name"]),
        (&["clips.onnx", "--name", ""], &["\"\" cannot be a model's name"]),
    ] {
        let output = import(&work, &[arguments, &["-o", "models/new"]].concat());
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: {part}: {said}");
        }
        assert!(!said.contains(".importing"), "{said}");
        let models = std::fs::read_dir(work.path("models")).map_or(0, Iterator::count);
        assert_eq!(models, 0, "{arguments:?}");
    }
    assert!(work.left().iter().all(|name| name == "models"), "{:?}", work.left());
}

#[test]
fn a_model_is_tried_at_once_and_its_place_is_not_taken_twice() {
    let work = Work::new();
    work.file("network.onnx", &clips(&[CLIP, Size::Fixed(SECOND)], &[1], false));
    work.file("names.txt", NAMES.as_bytes());
    work.recording();
    let arguments = ["network.onnx", "--name", "steps", "--labels", "names.txt", "--hop", "1", "--try", "steps.wav"];
    let output = import(&work, &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let tried = String::from_utf8(output.stdout.clone()).unwrap();
    let lines: Vec<&str> = tried.lines().map(str::trim).collect();
    assert_eq!(lines[0], "steps.wav: 3 rows of scores, 1.0000 a second");
    assert_eq!(lines[1], "scores from 0.2689 to 0.8808; the strongest classes:");
    assert_eq!(
        lines[2..],
        ["0.8808  at    1.000 s  Very loud", "0.6225  at    1.000 s  Loud", "0.5000  at    0.000 s  Quiet"]
    );
    assert!(work.path("data/models/steps/model.toml").is_file());
    // Whoever may read folders beside it may read the model.
    let rights = |path: &str| std::fs::metadata(work.path(path)).unwrap().permissions();
    assert_eq!(rights("data/models/steps"), rights("data/models"));
    let again = import(&work, &arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("steps: is there already: remove it first"), "{}", said(&again));
    // A folder with something else in it is nobody's place either; an empty one is.
    std::fs::create_dir_all(work.path("mine")).unwrap();
    std::fs::write(work.path("mine/notes.txt"), "mine").unwrap();
    let other = import(&work, &["network.onnx", "-o", "mine"]);
    assert!(said(&other).contains("mine: is there already"), "{}", said(&other));
    assert_eq!(std::fs::read_dir(work.path("mine")).unwrap().count(), 1);
    std::fs::create_dir(work.path("empty")).unwrap();
    assert!(import(&work, &["network.onnx", "-o", "empty"]).status.success());
    let mut left = work.left();
    left.sort();
    assert_eq!(left, ["data", "empty", "mine"]);
    assert_eq!(std::fs::read_dir(work.path("data/models")).unwrap().count(), 1);
}

#[test]
fn scores_that_never_change_look_wrong() {
    let work = Work::new();
    work.recording();
    work.file("network.onnx", &{
        let mut graph = GraphBuilder::new("constant");
        let samples = graph.input("samples", &[CLIP, Size::Fixed(SECOND)]);
        let axis = graph.integers("axis", &[1]);
        let loudest = graph.node("ReduceMax", &[&samples, &axis], vec![]);
        let nothing = graph.scalar("nothing", 0.0);
        let zero = graph.node("Mul", &[&loudest, &nothing], vec![]);
        graph.output(&zero, "scores", &[CLIP, Size::Fixed(1)]);
        graph.finish("test")
    });
    let output = import(&work, &["network.onnx", "-o", "model", "--try", "steps.wav"]);
    let tried = String::from_utf8(output.stdout).unwrap();
    assert!(tried.contains("looks wrong: all scores are 0.0000"), "{tried}");
    assert!(tried.contains("looks wrong: all scores are below 0.01"), "{tried}");
    let missing = import(&work, &["network.onnx", "-o", "other", "--try", "missing.wav"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("the model was made, but fails on missing.wav"), "{}", said(&missing));
}
