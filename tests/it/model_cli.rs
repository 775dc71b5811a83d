//! `earmark model`: the real program, with data folders of its own and a server on this machine.

use crate::http_server::{Answer, Server, ranged};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// Runs the program with the bundled models and the data folder `data`, and with `mirror` in the place of the published addresses.
fn earmark(arguments: &[&str], data: &Path, mirror: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(arguments)
        .env("EARMARK_MODELS", bundled())
        .env("EARMARK_DATA", data)
        .env("EARMARK_MODEL_SOURCE", mirror)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")
}

fn copy_model(id: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(bundled().join(id)).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_list_shows_what_is_installed_and_what_is_published() {
    let data = tempfile::tempdir().unwrap();
    copy_model("bicycle-bell", &data.path().join("models/fmn04_strong"));
    let list = |more: &[&str]| {
        let output = earmark(&[&["model", "list"], more].concat(), data.path(), "");
        assert!(output.status.success());
        text(&output.stdout)
    };
    let all = list(&[]);
    let (installed, published) = all.split_once("\n\n").unwrap();
    for part in ["  yamnet ", "521", "Apache-2.0", "  fmn04_strong "] {
        assert!(installed.contains(part), "{part}: {installed}");
    }
    let row = |name: &str| -> Vec<String> {
        let line = published
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name))
            .unwrap_or_else(|| panic!("{name}"));
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(row("fmn04_strong"), ["fmn04_strong", "39.52", "0.860 M", "0.224 G", "yes"]);
    assert_eq!(row("fmn10+tf-256_strong"), ["fmn10+tf-256_strong", "43.86", "5.028 M", "1.496 G"]);
    assert!(row("fmn06+gru-160_strong").last().unwrap().contains("Below plain fmn06"));
    // What cannot be got is not offered.
    assert!(!all.contains("mamba"), "{all}");
    assert_eq!(list(&["--installed"]).trim_end(), installed);
    let available = list(&["--available"]);
    assert!(
        !available.contains("yamnet") && !available.contains("fmn04_strong ") && available.contains("fmn06_strong ")
    );
    assert_eq!(text(&earmark(&["models"], data.path(), "").stdout), all);
}

#[test]
fn of_a_published_model_everything_is_told() {
    let data = tempfile::tempdir().unwrap();
    let told = |name: &str| text(&earmark(&["model", "info", name], data.path(), "").stdout);
    let plain = told("fmn10");
    for part in [
        "fmn10_strong\n",
        "releases/download/v0.0.1/fmn10_strong.pt",
        "15.54 MB",
        "92a5c1dc",
        "3830798",
        "42.28",
        "MIT",
    ] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    assert!(told("fmn10+gru-256").contains("1.005 G for 10 s, as the paper counts; 0.762 G of the recurrence"));
    assert!(told("fmn10+tcn-128").contains("the authors released no checkpoint"));
    for (name, near) in [("yamnett", "yamnet"), ("fmn10+tf-25", "fmn10+tf-256")] {
        let wrong = earmark(&["model", "info", name], data.path(), "");
        assert_eq!(wrong.status.code(), Some(1));
        assert!(text(&wrong.stderr).contains(&format!("did you mean \"{near}\"")), "{}", text(&wrong.stderr));
    }
}

#[test]
fn only_own_models_are_removed() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("models/mine");
    copy_model("bicycle-bell", &own);
    let bundled = earmark(&["model", "remove", "yamnet"], data.path(), "");
    assert_eq!(bundled.status.code(), Some(1));
    let said = text(&bundled.stderr);
    assert!(said.contains("yamnet is not removed") && said.contains(&data.path().display().to_string()), "{said}");
    assert!(self::bundled().join("yamnet/model.toml").is_file());
    assert!(text(&earmark(&["model", "info", "mine"], data.path(), "").stdout).contains("passes the self-check"));
    let removed = earmark(&["model", "remove", "mine", "nothing"], data.path(), "");
    let said = text(&removed.stderr);
    assert_eq!(removed.status.code(), Some(1));
    assert!(said.contains(&format!("removed mine: {}", own.display())), "{said}");
    assert!(said.contains("no model is called \"nothing\""), "{said}");
    assert!(!own.exists());
}

#[test]
fn a_download_comes_from_the_mirror_and_a_file_that_is_no_checkpoint_is_removed_and_told() {
    let file: Vec<u8> =
        b"PK\x03\x04".iter().copied().chain((0..200_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8)).collect();
    let server = Server::start(move |before, request| match request.path.as_str() {
        "/sub/fmn04+tf-104_strong.pt" => {
            Answer { break_after: (before == 0).then_some(60_000), ..ranged(request, &file, "\"1\"") }
        }
        _ => Answer::of(404, b""),
    });
    let data = tempfile::tempdir().unwrap();
    let output = earmark(&["model", "get", "fmn04+tf-104", "fmn06"], data.path(), &format!("{}/sub/", server.address));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let path = data.path().join("downloads").join("fmn04+tf-104_strong.pt");
    assert!(!path.exists(), "the next try would find it and fail again");
    for part in [
        "fmn04+tf-104_strong: the connection broke at 60.00 kB, trying again",
        "The downloaded file may be damaged and was removed: try again",
        "fmn06_strong: http://127.0.0.1",
        "no such file (HTTP 404)",
        "https://github.com/theMoro/EfficientSED/releases/download/v0.0.1/fmn06_strong.pt by hand",
        "2 of 2 models failed",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(server.requests()[1].header("range"), Some("bytes=60000-"));
    assert!(!data.path().join("models/fmn04+tf-104_strong").exists());
}

/// The whole life of a published model: fetched with a break, imported, listed, described, used, fetched again, removed.
#[test]
fn a_published_model_is_got_used_got_again_and_removed() {
    let file = crate::zoo::checkpoint_bytes("fmn04+tf-104_strong.pt.gz");
    let (served, half) = (file.clone(), file.len() / 2);
    let server = Server::start(move |before, request| match request.path.as_str() {
        "/fmn04+tf-104_strong.pt" => {
            Answer { break_after: (before == 0).then_some(half), ..ranged(request, &served, "\"1\"") }
        }
        _ => Answer::of(404, b""),
    });
    let data = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = earmark(arguments, data.path(), &server.address);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    let (_, said) = run(&["model", "get", "fmn04+tf-104"]);
    for part in ["the connection broke at", "Recognised fmn04+tf-104", "447 classes by frame: those of AudioSet Strong"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(server.requests()[1].header("range"), Some(format!("bytes={half}-").as_str()));
    let models = data.path().join("models");
    let folder = models.join("fmn04+tf-104_strong");
    assert!(folder.join("model.onnx").is_file());
    assert_eq!(std::fs::read_dir(data.path().join("downloads")).unwrap().count(), 0, "the checkpoint is not kept");

    assert!(run(&["model", "list", "--installed"]).0.contains("fmn04+tf-104_strong"));
    let (info, _) = run(&["model", "info", "fmn04+tf-104_strong"]);
    let digest = sha2_hex(&file);
    for part in [&format!("{}/fmn04+tf-104_strong.pt", server.address), &digest, "passes the self-check"] {
        assert!(info.contains(part), "{part}: {info}");
    }
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo/short3.wav");
    let (events, _) = run(&["detect", recording.to_str().unwrap(), "--model", "fmn04+tf-104_strong"]);
    assert!(events.starts_with("filename\tonset\toffset\tevent_label"), "{events}");

    let asked = server.requests().len();
    assert!(run(&["model", "get", "fmn04+tf-104"]).1.contains("--again gets it once more"));
    assert_eq!(server.requests().len(), asked);
    // What lies in the old folder is gone with it, and nothing else is left beside.
    std::fs::write(folder.join("model.onnx"), "damaged").unwrap();
    std::fs::write(folder.join("note.txt"), "old").unwrap();
    run(&["model", "get", "fmn04+tf-104", "--again"]);
    assert!(!folder.join("note.txt").exists() && folder.join("origin.toml").is_file());
    assert!(run(&["model", "info", "fmn04+tf-104_strong"]).0.contains("passes the self-check"));
    assert_eq!(std::fs::read_dir(&models).unwrap().count(), 1);

    assert!(run(&["model", "remove", "fmn04+tf-104_strong"]).1.contains("removed fmn04+tf-104_strong"));
    assert_eq!(std::fs::read_dir(&models).unwrap().count(), 0);
}

fn sha2_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn names_and_mirrors_that_make_no_sense_ask_nobody() {
    let data = tempfile::tempdir().unwrap();
    for (name, mirror, part) in [
        ("fmn10+tf-255", "", "did you mean \"fmn10+tf-256\""),
        ("fmn10+mamba-256", "", "released no checkpoint"),
        ("zebra", "", "see `earmark model list`"),
        ("fmn10", "/a/folder", "EARMARK_MODEL_SOURCE is \"/a/folder\", which is no web address"),
    ] {
        let output = earmark(&["model", "get", name], data.path(), mirror);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(part), "{}", text(&output.stderr));
    }
}

#[test]
fn help_teaches_by_examples() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, parts) in [
        (vec!["model", "--help"], vec!["Examples:", "earmark model get fmn10+tf-256", "EARMARK_MODEL_SOURCE"]),
        (vec!["model", "get", "--help"], vec!["Examples:", "--again", "continued"]),
        (vec!["model", "import", "--help"], vec!["Examples:", "--labels", "--output"]),
    ] {
        let help = text(&earmark(&arguments, data.path(), "").stdout);
        for part in parts {
            assert!(help.contains(part), "{part}: {help}");
        }
    }
}
