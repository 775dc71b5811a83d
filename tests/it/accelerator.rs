//! Accelerators: a real provider on a graphics processor in software, and what becomes of a detection when one fails.
//!
//! All is done by the program itself, since accelerators run in a second process of it. `EARMARK_INFERENCE_FAULT` adds a device that stands in
//! for one and fails as it says.

#![expect(clippy::print_stderr, reason = "measured differences, and what was left out, are told")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn earmark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.args(arguments).env("EARMARK_MODELS", root().join("models")).env_remove("RUST_LOG");
    command.env_remove("EARMARK_EP_LIBRARIES").env_remove("EARMARK_INFERENCE_FAULT");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A recording of `secs` seconds at 16 kHz: a tone that is louder and softer, and noise.
fn recording(folder: &TempDir, secs: usize) -> PathBuf {
    let mut state = 1_u32;
    let samples = (0..secs * 16_000).map(|n| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
        let time = n as f32 / 16_000.0;
        let tone = (time * 2200.0 * std::f32::consts::TAU).sin() * (time * 0.7).sin().max(0.0);
        ((0.5 * tone + 0.02 * noise) * 32767.0) as i16
    });
    let samples: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data".to_vec();
    bytes.extend_from_slice(&(samples.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&samples);
    let size = (bytes.len() as u32 - 8).to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    let path = folder.path().join("sound.wav");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Frame scores of a recording and what the program said meanwhile.
struct Detected {
    /// Without the times.
    scores: Vec<f32>,
    events: String,
    said: String,
}

fn detected(recording: &Path, model: &str, device: &str, change: impl FnOnce(&mut Command)) -> Detected {
    let out = tempfile::tempdir().unwrap();
    let (recording, folder) = (recording.to_str().unwrap(), out.path().to_str().unwrap());
    let arguments = ["detect", recording, "--model", model, "--device", device, "--scores", folder, "--threads", "2"];
    let mut command = earmark(&arguments);
    change(&mut command);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = text(&stderr);
    assert!(status.success(), "{said}");
    let table = std::fs::read_to_string(out.path().join("sound.tsv")).unwrap();
    let row = |line: &str| line.split('\t').skip(2).map(|cell| cell.parse::<f32>().unwrap()).collect::<Vec<_>>();
    Detected { scores: table.lines().skip(1).flat_map(row).collect(), events: text(&stdout), said }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert!(!a.is_empty() && a.len() == b.len(), "{} and {}", a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// In the middle of the detection: the trials before it are nine runs at most, and the recording has sixteen pieces.
const MIDDLE: usize = 12;

/// A device that fails in any of these ways while a recording is scored costs nothing but time, and is told.
#[test]
fn a_detection_goes_on_where_its_device_fails() {
    let folder = tempfile::tempdir().unwrap();
    let sound = recording(&folder, 620);
    let on_cpu = detected(&sound, "bicycle-bell", "cpu", |_| {});
    let faults = [
        ("abort", "its process ended unexpectedly (signal: 6"),
        ("exit", "its process ended unexpectedly (exit status: 3)"),
        ("hang", "it did not answer within 5 s and was stopped"),
        ("nan", "the output holds NaN, expected scores of 0 to 1"),
        ("range", "expected scores of 0 to 1"),
        ("shape", "the output has the shape"),
        ("garbage", "its answer cannot be read (no frame begins where one should)"),
    ];
    for (fault, reason) in faults {
        let found = detected(&sound, "bicycle-bell", "stand-in", |command| {
            command.env("EARMARK_INFERENCE_FAULT", format!("{fault}@{MIDDLE}"));
            if fault == "hang" {
                command.env("EARMARK_INFERENCE_LIMIT_SECS", "5");
            }
        });
        let expected = ["Test device · Stand-In failed: ", reason, "went on from there on the CPU; nothing is lost"];
        for part in expected {
            assert!(found.said.contains(part), "{fault}: {part} in\n{}", found.said);
        }
        assert_eq!(found.said.matches("Stand-In failed").count(), 1, "{fault}: {}", found.said);
        assert!(largest_difference(&found.scores, &on_cpu.scores) < 1e-5, "{fault}");
        assert_eq!(found.events, on_cpu.events, "{fault}");
    }
}

/// What fails before the first recording is passed over, and what was asked for and what runs is told.
#[test]
fn a_device_that_fails_its_trial_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let sound = recording(&folder, 20);
    let on_cpu = detected(&sound, "bicycle-bell", "cpu", |_| {});
    let faults = [
        ("abort@0", "its process ended unexpectedly"),
        ("nan@0", "it fails the model's self-check"),
        ("range@2", "expected scores of 0 to 1"),
        ("garbage@1", "its answer cannot be read"),
        ("on-cpu@0", "no node of the network runs on it"),
    ];
    for (fault, reason) in faults {
        let found = detected(&sound, "bicycle-bell", "stand-in", |command| {
            command.env("EARMARK_INFERENCE_FAULT", fault);
        });
        let line = found.said.lines().find(|line| line.contains("Test device · Stand-In requested, running on CPU: "));
        assert!(line.is_some_and(|line| line.contains(reason)), "{fault}: {}", found.said);
        assert_eq!(found.scores, on_cpu.scores, "{fault}");
    }
}

#[test]
fn a_device_that_works_is_used_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let sound = recording(&folder, 620);
    let on_cpu = detected(&sound, "bicycle-bell", "cpu", |_| {});
    let works = |command: &mut Command| {
        command.env("EARMARK_INFERENCE_FAULT", "abort@1000000");
    };
    let found = detected(&sound, "bicycle-bell", "test device · stand-in", works);
    assert!(found.said.contains("Test device · Stand-In, 2 threads"), "{}", found.said);
    assert!(
        found.said.contains("nodes on the device, ") && found.said.contains("× as fast as the CPU"),
        "{}",
        found.said
    );
    assert!(!found.said.contains("note:"), "{}", found.said);
    assert!(largest_difference(&found.scores, &on_cpu.scores) < 1e-5);
}

/// Libraries that are no providers, or not there, are told and harm nothing.
#[test]
fn provider_libraries_that_cannot_be_loaded_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let ending = std::env::consts::DLL_EXTENSION;
    let no_library = folder.path().join(format!("libonnxruntime_providers_text.{ending}"));
    std::fs::write(&no_library, "no library").unwrap();
    let absent = folder.path().join(format!("libonnxruntime_providers_absent.{ending}"));
    // A library of the system's linker, but of no provider.
    let other = earmark::runtime_library::find().expect("the library is part of the test set-up").path;
    for (library, reason) in [
        (&absent, "there is no such provider library"),
        (&no_library, "is no provider library that ONNX Runtime"),
        (&other, "is no provider library that ONNX Runtime"),
    ] {
        let list = earmark(&["devices"]).env("EARMARK_EP_LIBRARIES", library).output().unwrap();
        let printed = text(&list.stdout);
        let has_cpu = printed.lines().any(|line| line.split_whitespace().take(2).eq(["cpu", "CPU"]));
        assert!(list.status.success() && has_cpu, "{printed}{}", text(&list.stderr));
        let note = printed.lines().find(|line| line.starts_with("note: ") && line.contains(library.to_str().unwrap()));
        assert!(note.is_some_and(|note| note.contains(reason)), "{printed}");
    }
    let refused = earmark(&["detect", "a.wav", "--device", "warp drive"]).output().unwrap();
    let said = text(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    assert!(
        said.contains("no device is called \"warp drive\": there are \"auto\", ") && said.contains("\"cpu\""),
        "{said}"
    );
}

fn wait_until(limit: Duration, mut is_done: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if is_done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn the_second_process_ends_with_its_input() {
    let mut child = earmark(&["inference-process"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(child.stdin.take());
    assert!(wait_until(Duration::from_secs(20), || child.try_wait().unwrap().is_some()));
}

/// A program that is killed leaves nothing behind, even while its device hangs.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_of_a_program_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let sound = recording(&folder, 5);
    let mut command = earmark(&["detect", sound.to_str().unwrap(), "--model", "bicycle-bell", "--device", "stand-in"]);
    command.env("EARMARK_INFERENCE_FAULT", "hang@0").stdout(Stdio::null()).stderr(Stdio::null());
    let mut program = command.spawn().unwrap();
    let children = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let stat = |entry: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let (before, after) = stat.rsplit_once(')')?;
            let parent = after.split_whitespace().nth(1)?.parse::<u32>().ok()?;
            let pid = before.split_whitespace().next()?.parse::<u32>().ok()?;
            (parent == program.id()).then_some(pid)
        };
        processes.filter_map(stat).collect::<Vec<u32>>()
    };
    // The first one lists the devices; the one that stays runs the network.
    let mut seen = Vec::new();
    let hangs = wait_until(Duration::from_secs(60), || {
        let now = children();
        let stays = !now.is_empty() && now == seen;
        seen = now;
        std::thread::sleep(Duration::from_secs(1));
        stays
    });
    assert!(hangs, "no second process was started");
    program.kill().unwrap();
    program.wait().unwrap();
    let is_gone = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // What has ended but was not waited for by whoever inherited it counts as gone.
        stat.rsplit_once(')').is_none_or(|(_, after)| after.trim_start().starts_with('Z'))
    };
    assert!(wait_until(Duration::from_secs(20), || seen.iter().all(is_gone)), "{seen:?}");
}

/// The software graphics processor, and the variables by which it is found.
const SOFTWARE_DRIVER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

/// Whether WebGPU can be tested here. Where the set-up says that it must, it is no excuse that it cannot.
fn has_webgpu() -> bool {
    let is_fetched = earmark::runtime_library::cache_folder().is_some_and(|folder| {
        let name = format!("libonnxruntime_providers_webgpu.{}", std::env::consts::DLL_EXTENSION);
        folder.join(earmark::runtime_library::PROVIDERS_FOLDER).join(name).is_file()
    });
    let is_there = is_fetched && Path::new(SOFTWARE_DRIVER).exists();
    assert!(is_there || std::env::var_os("EARMARK_TEST_WEBGPU").is_none(), "WebGPU must be tested, but cannot be");
    is_there
}

fn in_software(command: &mut Command, folder: &Path) {
    command.env("VK_DRIVER_FILES", SOFTWARE_DRIVER).env("VK_ICD_FILENAMES", SOFTWARE_DRIVER);
    command.env("XDG_RUNTIME_DIR", folder);
}

/// What `earmark devices --check` tells of a model on WebGPU.
fn webgpu_truth(model: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = earmark(&["devices", "--check", model, "--device", "webgpu", "--json"]);
    in_software(&mut command, folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let mut json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let device = json["devices"][0].take();
    assert_eq!((&device["name"], &device["check"]["works"]), (&"WebGPU".into(), &true.into()), "{device}");
    eprintln!("{model}: {}", device["check"]["text"]);
    device["check"]["truth"].clone()
}

/// The provider that runs on graphics processors of any maker gives the CPU's scores.
#[test]
fn webgpu_gives_the_scores_of_the_cpu() {
    if !has_webgpu() {
        eprintln!("left out: there is no WebGPU provider or no graphics processor in software");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sound = recording(&folder, 3);
    for model in ["yamnet", "firered-aed", "bicycle-bell"] {
        let truth = webgpu_truth(model);
        assert!(truth["difference"].as_f64().unwrap() < 1e-3, "{model}: {truth}");
        let placement = truth["placement"].as_str().unwrap();
        assert!(placement.ends_with("on the device"), "{model}: {placement}");
        let (ours, cpu) = (
            detected(&sound, model, "webgpu", |command| in_software(command, folder.path())),
            detected(&sound, model, "cpu", |_| {}),
        );
        assert!(ours.said.contains(", WebGPU, 2 threads") && !ours.said.contains("failed"), "{}", ours.said);
        let difference = largest_difference(&ours.scores, &cpu.scores);
        eprintln!("{model}: scores of a recording differ by at most {difference:.1e}");
        assert!(difference < 1e-3, "{model}: {difference}");
    }
}

/// Networks of the family, with and without a sequence model.
#[test]
fn webgpu_gives_the_scores_of_the_cpu_for_networks_of_the_family() {
    if !has_webgpu() {
        eprintln!("left out: there is no WebGPU provider or no graphics processor in software");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["fmn04_dcase2016task2.ckpt", "fmn04+tf-104_strong.pt", "fmn04+gru-104_strong.pt"] {
        let weights = folder.path().join(name);
        let packed = root().join("tests/data/zoo").join(name);
        if packed.exists() {
            std::fs::copy(packed, &weights).unwrap();
        } else {
            let packed = std::fs::File::open(packed.with_extension("pt.gz")).unwrap();
            let mut plain = std::fs::File::create(&weights).unwrap();
            std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut plain).unwrap();
        }
        let model = folder.path().join(format!("{name}.model"));
        let (weights, model) = (weights.to_str().unwrap(), model.to_str().unwrap());
        let imported = earmark(&["model", "import", weights, "-o", model]).output().unwrap();
        assert!(imported.status.success(), "{}", text(&imported.stderr));
        let truth = webgpu_truth(model);
        assert!(truth["difference"].as_f64().unwrap() < 1e-3, "{name}: {truth}");
        // Its hard gates and means of maps are written so that the provider runs them too; of the sequence models it lacks some operators.
        let is_plain = !name.contains('+');
        assert!(!is_plain || !truth["placement"].as_str().unwrap().contains("on the CPU"), "{name}: {truth}");
    }
}
