//! Getting GPU support from a package index that breaks, lies or has nothing, and from files; a small wheel stands in for the real one.

use crate::http_server::{Answer, Request, Server, ranged};
use earmark::model::gpu_support::{self, GpuSupportError, Places, Stage, Way};
use earmark::runtime_library::installer::Wheel;
use earmark::runtime_library::wheels::{self, Release};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const FILE: &str = "stand_in-1.0-py3-none-any.whl";
const PROVIDER: &str = "libonnxruntime_providers_stand_in.so";
const COMPILER: &str = "compiler.so";

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a library holds here: 200 000 bytes without a period.
fn library(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..200_000).map(next).collect()
}

fn wheel() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [
        ("stand_in/__init__.py".to_owned(), b"raise SystemExit".to_vec()),
        (format!("stand_in/{COMPILER}"), library(1)),
        (format!("stand_in/{PROVIDER}"), library(2)),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The release whose wheel is `wheel`, with these libraries.
fn release_of(wheel: &[u8], provider: &[u8]) -> Release {
    let kept = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let files = vec![(COMPILER, kept(digest(&library(1)))), (PROVIDER, kept(digest(provider)))];
    Release {
        package: "stand-in",
        version: "1.0",
        wheel: Wheel { pip_platform: "any", uv_platform: "any", sha256: kept(digest(wheel)) },
        file: FILE,
        bytes: wheel.len() as u64,
        licence: "MIT",
        module: "stand_in",
        files: Box::leak(files.into_boxed_slice()),
    }
}

/// An index with the package, whose file is answered by `file`.
fn index(file: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |before, request| match request.path.as_str() {
        "/mirror/simple/stand-in/" => {
            let page = format!(
                "<!DOCTYPE html><html><body><a href=\"../../other-1.0.whl\">other</a>\n\
                 <a href=\"../../files/ab/{FILE}#sha256=00\" data-requires-python=\"&gt;=3.11\">{FILE}</a></body></html>"
            );
            Answer::of(200, page.as_bytes()).with("Content-Type", "text/html; charset=utf-8")
        }
        path if path == format!("/mirror/files/ab/{FILE}") => file(before, request),
        _ => Answer::of(404, b""),
    })
}

fn way(server: &Server) -> Way {
    Way::Index(format!("{}/mirror/simple", server.address))
}

/// Places with a provider that was there before.
fn places(folder: &TempDir) -> Places {
    let places = Places { downloads: folder.path().join("downloads"), libraries: folder.path().join("providers") };
    std::fs::create_dir_all(&places.libraries).unwrap();
    std::fs::write(places.libraries.join(PROVIDER), "the old one").unwrap();
    places
}

fn get(release: &Release, way: &Way, places: &Places) -> Result<(), GpuSupportError> {
    gpu_support::get(release, way, places, &mut |_| (), &|| false)
}

fn is_in_place(places: &Places) -> bool {
    let read = |name: &str| std::fs::read(places.libraries.join(name)).unwrap_or_default();
    read(COMPILER) == library(1) && read(PROVIDER) == library(2) && left_over(places).is_empty()
}

/// What lies in the folder of libraries that is no library.
fn left_over(places: &Places) -> Vec<String> {
    let names = std::fs::read_dir(&places.libraries).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| ![COMPILER, PROVIDER, ".set-up.lock"].contains(&name.as_str())).collect()
}

fn is_as_before(places: &Places) -> bool {
    let old = std::fs::read(places.libraries.join(PROVIDER)).unwrap();
    old == b"the old one" && !places.libraries.join(COMPILER).exists() && left_over(places).is_empty()
}

#[test]
fn libraries_of_a_wheel_come_from_an_index_into_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (wheel, places) = (wheel(), places(&folder));
    let release = release_of(&wheel, &library(2));
    let served = wheel.clone();
    let server = index(move |_, request| ranged(request, &served, "\"1\""));
    let mut stages = Vec::new();
    gpu_support::get(&release, &way(&server), &places, &mut |stage| stages.push(stage), &|| false).unwrap();
    assert!(is_in_place(&places));
    assert_eq!((stages.first(), stages.last()), (Some(&Stage::Asking), Some(&Stage::Unpacking)));
    let whole = |stage: &Stage| matches!(stage, Stage::Fetching(at) if at.bytes == wheel.len() as u64);
    assert!(stages.iter().any(whole), "{stages:?}");
    assert!(std::fs::read_dir(&places.downloads).unwrap().next().is_none(), "the wheel is not needed any more");
}

#[test]
fn what_breaks_off_or_is_stopped_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let (wheel, places) = (wheel(), places(&folder));
    let release = release_of(&wheel, &library(2));
    let served = wheel.clone();
    let server = index(move |before, request| {
        let answer = ranged(request, &served, "\"1\"");
        // The first request was for the page.
        if before == 1 { Answer { break_after: Some(100_000), ..answer } } else { answer }
    });
    let seen = std::cell::Cell::new(0);
    let mut stop_there = |stage: Stage| {
        if let Stage::Fetching(at) = stage {
            seen.set(at.bytes);
        }
    };
    let stopped = gpu_support::get(&release, &way(&server), &places, &mut stop_there, &|| seen.get() > 0);
    assert!(matches!(stopped, Err(GpuSupportError::Cancelled)), "{stopped:?}");
    assert!(is_as_before(&places));
    get(&release, &way(&server), &places).unwrap();
    assert!(is_in_place(&places));
    let continued = server.requests().iter().any(|request| request.header("range").is_some());
    assert!(continued, "{:?}", server.requests());
}

#[test]
fn what_is_not_the_known_wheel_is_not_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let (wheel, places) = (wheel(), places(&folder));
    let release = release_of(&wheel, &library(2));
    let mut other = wheel.clone();
    other[1000] ^= 1;
    let server = index(move |_, request| ranged(request, &other, "\"1\""));
    let said = get(&release, &way(&server), &places).unwrap_err().to_string();
    assert!(said.contains("SHA-256") && said.contains("is expected") && said.contains(FILE), "{said}");
    assert!(is_as_before(&places));

    // The wheel is the known one, but not what is in it.
    let odd = release_of(&wheel, b"another library");
    let served = wheel.clone();
    let server = index(move |_, request| ranged(request, &served, "\"1\""));
    let said = get(&odd, &way(&server), &places).unwrap_err().to_string();
    assert!(said.contains(PROVIDER) && said.contains("it is not used"), "{said}");
    assert!(is_as_before(&places));
}

#[test]
fn where_there_is_nothing_to_fetch_the_way_around_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (wheel, places) = (wheel(), places(&folder));
    let release = release_of(&wheel, &library(2));
    let by_hand = format!("download {FILE} elsewhere (package stand-in 1.0 of the Python Package Index)");
    let said = |way: &Way| get(&release, way, &places).unwrap_err().to_string();

    let nothing = Server::start(|_, _| Answer::of(404, b""));
    let text = said(&way(&nothing));
    assert!(text.contains("there is no such file (HTTP 404)") && text.contains(&by_hand), "{text}");
    let empty = Server::start(|_, _| Answer::of(200, b"<html>").with("Content-Type", "text/html"));
    let text = said(&way(&empty));
    assert!(text.contains(&format!("does not offer {FILE}")) && text.contains(&by_hand), "{text}");
    // A port on which nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = said(&Way::Index(format!("http://{free}/simple")));
    assert!(text.contains("no connection") && text.contains(&by_hand), "{text}");
    let text = said(&Way::ByHand);
    assert!(text.contains("EARMARK_PACKAGE_INDEX") && text.contains(&by_hand), "{text}");
    assert!(is_as_before(&places));
}

#[test]
fn two_do_not_write_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let (wheel, places) = (wheel(), places(&folder));
    let release = release_of(&wheel, &library(2));
    let server = index(move |_, request| ranged(request, &wheel, "\"1\""));
    let lock = std::fs::File::create(places.libraries.join(".set-up.lock")).unwrap();
    lock.lock().unwrap();
    let refused = get(&release, &way(&server), &places);
    assert!(matches!(refused, Err(GpuSupportError::Busy { .. })), "{refused:?}");
    drop(lock);
    get(&release, &way(&server), &places).unwrap();
    assert!(is_in_place(&places));
}

fn earmark(cache: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.args(arguments).env("XDG_CACHE_HOME", cache).env("EARMARK_DATA", cache).env_remove("RUST_LOG");
    command.env_remove("PIP_INDEX_URL").env_remove("UV_INDEX_URL").env_remove("UV_DEFAULT_INDEX");
    let output = command.env_remove("EARMARK_EP_LIBRARIES").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_command_line_takes_only_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.whl");
    std::fs::write(&other, wheel()).unwrap();
    let (worked, said) = earmark(folder.path(), &["devices", "--get", other.to_str().unwrap()]);
    assert!(!worked && said.contains("is another file, or damaged"), "{said}");
    if let Some(release) = wheels::webgpu() {
        assert!(said.contains(release.file), "{said}");
    }
    let (worked, said) = earmark(folder.path(), &["devices", "--get", "vulkan"]);
    assert!(!worked && said.contains("is neither webgpu nor cuda nor a file that exists"), "{said}");
}
