//! Downloads from a server that breaks, stalls, forgets ranges, changes the file or sends something else.

use crate::http_server::{Answer, Server, ranged};
use earmark::model::download::{self, DownloadError, Downloaded, Patience, Problem, Progress, Source};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, Instant};

/// 300 000 bytes that look like weights: no period, first byte no `<`.
fn weights(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    b"PK\x03\x04".iter().copied().chain((0..299_996).map(move |_| next())).collect()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn source(server: &Server, sha256: Option<String>) -> Source {
    Source {
        address: format!("{}/a+b.pt", server.address),
        published: "https://example.org/a+b.pt".to_owned(),
        file: "a+b.pt".to_owned(),
        bytes: None,
        sha256,
    }
}

const QUICK: Patience = Patience { silence: Duration::from_millis(400), attempts: 3, pause: Duration::from_millis(10) };
/// One attempt only.
const ONCE: Patience = Patience { attempts: 1, ..QUICK };

fn fetch(source: &Source, folder: &Path, patience: &Patience) -> Result<Downloaded, DownloadError> {
    download::fetch(source, folder, patience, &mut |_| (), &|| false)
}

fn problem(result: Result<Downloaded, DownloadError>) -> Problem {
    match result {
        Err(DownloadError::Server { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_comes_whole_and_is_not_fetched_twice() {
    let server = Server::start(|_, request| ranged(request, &weights(1), "\"v1\""));
    let folder = tempfile::tempdir().unwrap();
    let downloads = folder.path().join("new/downloads");
    let mut seen: Vec<Progress> = Vec::new();
    let source = source(&server, Some(digest(&weights(1))));
    let got = download::fetch(&source, &downloads, &QUICK, &mut |at| seen.push(at), &|| false).unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), weights(1));
    assert_eq!(got.path, downloads.join("a+b.pt"));
    assert_eq!((got.bytes, got.is_checked, got.continued_from), (300_000, true, 0));
    assert_eq!(got.sha256, digest(&weights(1)));
    assert_eq!(names(&downloads), ["a+b.pt"]);
    assert!(seen.windows(2).all(|pair| pair[0].bytes <= pair[1].bytes));
    let last = seen.last().unwrap();
    assert_eq!((last.bytes, last.total, last.failed_attempts), (300_000, Some(300_000), 0));
    let request = &server.requests()[0];
    assert_eq!((request.path.as_str(), request.header("range")), ("/a+b.pt", None));
    assert_eq!(request.header("accept-encoding"), Some("identity"));

    let again = fetch(&source, &downloads, &QUICK).unwrap();
    assert_eq!((again.sha256, server.requests().len()), (got.sha256, 1));
}

#[test]
fn a_break_is_continued_where_it_was() {
    let server = Server::start(|before, request| {
        let mut answer = ranged(request, &weights(2), "\"v1\"");
        answer.break_after = [Some(100_000), Some(50_000), None][before];
        answer
    });
    let folder = tempfile::tempdir().unwrap();
    let source = source(&server, None);
    // The first call gives up at the first break, the second bears one.
    let broken = fetch(&source, folder.path(), &ONCE);
    assert!(matches!(problem(broken), Problem::Dropped { received: 100_000, .. }));
    assert_eq!(names(folder.path()), ["a+b.pt.part", "a+b.pt.part.from"]);
    assert_eq!(std::fs::metadata(folder.path().join("a+b.pt.part")).unwrap().len(), 100_000);
    let mut failed = 0;
    let mut report = |at: Progress| failed = failed.max(at.failed_attempts);
    let got = download::fetch(&source, folder.path(), &QUICK, &mut report, &|| false).unwrap();
    assert_eq!((got.continued_from, got.is_checked, failed), (100_000, false, 1));
    assert_eq!(std::fs::read(&got.path).unwrap(), weights(2));
    assert_eq!(got.sha256, digest(&weights(2)));
    assert_eq!(names(folder.path()), ["a+b.pt"]);
    let requests = server.requests();
    let asked: Vec<_> = requests.iter().map(|request| (request.header("range"), request.header("if-range"))).collect();
    let tag = Some("\"v1\"");
    assert_eq!(asked, [(None, None), (Some("bytes=100000-"), tag), (Some("bytes=150000-"), tag)]);
}

#[test]
fn a_server_without_ranges_starts_over() {
    for knows_versions in [true, false] {
        let server = Server::start(move |before, _| {
            let answer = Answer::of(200, &weights(3));
            let answer = if knows_versions { answer.with("ETag", "\"v1\"") } else { answer };
            Answer { break_after: [Some(100_000), None][before], ..answer }
        });
        let folder = tempfile::tempdir().unwrap();
        let got = fetch(&source(&server, None), folder.path(), &QUICK).unwrap();
        assert_eq!(std::fs::read(&got.path).unwrap(), weights(3));
        // Without a version nothing says that what comes belongs to what is there.
        let range = server.requests()[1].header("range").map(str::to_owned);
        assert_eq!(range.as_deref(), knows_versions.then_some("bytes=100000-"));
    }
}

#[test]
fn a_file_that_changed_in_between_is_fetched_anew() {
    let server = Server::start(|before, request| match before {
        0 => Answer { break_after: Some(100_000), ..ranged(request, &weights(4), "\"v1\"") },
        _ => ranged(request, &weights(5), "\"v2\""),
    });
    let folder = tempfile::tempdir().unwrap();
    let got = fetch(&source(&server, None), folder.path(), &QUICK).unwrap();
    assert_eq!(server.requests()[1].header("if-range"), Some("\"v1\""));
    assert!(std::fs::read(&got.path).unwrap() == weights(5), "a mixture");

    // A server that ignores If-Range but tells its version.
    let careless = Server::start(|before, request| {
        let (file, tag) = if before == 0 { (weights(4), "\"v1\"") } else { (weights(5), "\"v2\"") };
        let mut request = request.clone();
        request.headers.remove("if-range");
        Answer { break_after: (before == 0).then_some(100_000), ..ranged(&request, &file, tag) }
    });
    let folder = tempfile::tempdir().unwrap();
    let got = fetch(&source(&careless, None), folder.path(), &QUICK).unwrap();
    assert!(std::fs::read(&got.path).unwrap() == weights(5), "a mixture");
    assert_eq!(careless.requests().len(), 3);
}

#[test]
fn a_part_that_is_whole_or_too_long_is_seen_as_such() {
    for (there, requests) in [(weights(6), 1), ([weights(6), b"more".to_vec()].concat(), 2)] {
        let server = Server::start(|_, request| ranged(request, &weights(6), "\"v1\""));
        let folder = tempfile::tempdir().unwrap();
        let source = source(&server, None);
        std::fs::write(folder.path().join("a+b.pt.part"), there).unwrap();
        std::fs::write(folder.path().join("a+b.pt.part.from"), format!("{}\n\"v1\"\n", source.address)).unwrap();
        let got = fetch(&source, folder.path(), &QUICK).unwrap();
        assert_eq!(std::fs::read(&got.path).unwrap(), weights(6));
        assert_eq!(server.requests().len(), requests);
    }
}

#[test]
fn a_part_from_elsewhere_is_not_continued() {
    let server = Server::start(|_, request| ranged(request, &weights(6), "\"v1\""));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a+b.pt.part"), &weights(7)[..1000]).unwrap();
    std::fs::write(folder.path().join("a+b.pt.part.from"), "http://elsewhere/a+b.pt\n\"v1\"\n").unwrap();
    let got = fetch(&source(&server, None), folder.path(), &QUICK).unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), weights(6));
    assert_eq!(server.requests()[0].header("range"), None);
}

#[test]
fn a_wrong_checksum_or_length_keeps_nothing() {
    let server = Server::start(|_, request| ranged(request, &weights(8), "\"v1\""));
    let folder = tempfile::tempdir().unwrap();
    let result = fetch(&source(&server, Some("ab".repeat(32))), folder.path(), &QUICK);
    let text = result.as_ref().unwrap_err().to_string();
    assert_eq!(problem(result), Problem::Checksum { found: digest(&weights(8)), expected: "ab".repeat(32) });
    for part in ["https://example.org/a+b.pt", "earmark model import", "was not kept"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(server.requests().len(), 1);
    assert!(names(folder.path()).is_empty());

    let longer = Source { bytes: Some(300_001), ..source(&server, None) };
    let found = Problem::Length { found: 300_000, expected: "300001".to_owned() };
    assert_eq!(problem(fetch(&longer, folder.path(), &QUICK)), found);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_part_that_was_damaged_is_fetched_once_more() {
    let server = Server::start(|_, request| ranged(request, &weights(9), "\"v1\""));
    let folder = tempfile::tempdir().unwrap();
    let source = source(&server, Some(digest(&weights(9))));
    std::fs::write(folder.path().join("a+b.pt.part"), [b'x'; 1000]).unwrap();
    std::fs::write(folder.path().join("a+b.pt.part.from"), format!("{}\n\"v1\"\n", source.address)).unwrap();
    let got = fetch(&source, folder.path(), &QUICK).unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), weights(9));
    let requests = server.requests();
    assert_eq!((requests[0].header("range"), requests[1].header("range")), (Some("bytes=1000-"), None));
}

#[test]
fn statuses_are_told_and_only_some_are_tried_again() {
    for (status, requests, part) in [
        (404, 1, "no such file (HTTP 404)"),
        (403, 1, "refuses"),
        (503, 3, "has a fault (HTTP 503)"),
        (429, 3, "too often"),
    ] {
        let server = Server::start(move |_, _| Answer::of(status, b"<p>no</p>").with("Content-Type", "text/html"));
        let folder = tempfile::tempdir().unwrap();
        let result = fetch(&source(&server, None), folder.path(), &QUICK);
        let text = result.as_ref().unwrap_err().to_string();
        assert_eq!(problem(result), Problem::Status(status));
        assert!(text.contains(part) && text.contains("https://example.org/a+b.pt"), "{text}");
        assert_eq!(server.requests().len(), requests);
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn a_page_instead_of_a_checkpoint_is_refused_and_keeps_what_is_there() {
    for kind in ["text/html; charset=utf-8", "application/octet-stream"] {
        let server = Server::start(move |before, request| match before {
            0 => Answer { break_after: Some(100_000), ..ranged(request, &weights(10), "\"v1\"") },
            1 => Answer::of(200, b"\n <!DOCTYPE html><p>Log in").with("Content-Type", kind),
            _ => ranged(request, &weights(10), "\"v1\""),
        });
        let folder = tempfile::tempdir().unwrap();
        let source = source(&server, None);
        assert!(matches!(problem(fetch(&source, folder.path(), &ONCE)), Problem::Dropped { .. }));
        assert!(matches!(problem(fetch(&source, folder.path(), &QUICK)), Problem::Content { .. }));
        let got = fetch(&source, folder.path(), &QUICK).unwrap();
        assert_eq!(std::fs::read(&got.path).unwrap(), weights(10));
        assert_eq!(got.continued_from, if kind.starts_with("text/html") { 100_000 } else { 0 });
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    for stall_after in [0, 100_000] {
        let server = Server::start(move |_, request| Answer {
            stall_after: Some(stall_after),
            ..ranged(request, &weights(11), "\"v1\"")
        });
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let stalled = problem(fetch(&source(&server, None), folder.path(), &ONCE));
        assert_eq!(stalled, Problem::Stalled { secs: 1 });
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(400) && waited < Duration::from_secs(3), "{waited:?}");
        let part = std::fs::metadata(folder.path().join("a+b.pt.part")).map_or(0, |metadata| metadata.len());
        assert_eq!(part, stall_after as u64);
    }
}

#[test]
fn redirections_are_followed_with_the_range_but_not_for_ever() {
    let host = Server::start(|before, request| Answer {
        break_after: (before == 0).then_some(100_000),
        ..ranged(request, &weights(12), "\"v1\"")
    });
    let to = format!("{}/asset?token=1", host.address);
    let server = Server::start(move |_, _| Answer::of(302, b"").with("Location", &to));
    let folder = tempfile::tempdir().unwrap();
    let got = fetch(&source(&server, None), folder.path(), &QUICK).unwrap();
    assert_eq!(std::fs::read(&got.path).unwrap(), weights(12));
    let requests = host.requests();
    assert_eq!(requests[0].path, "/asset?token=1");
    assert_eq!(requests[1].header("range"), Some("bytes=100000-"));

    let circle = Server::start(|_, _| Answer::of(302, b"").with("Location", "/a"));
    assert!(matches!(
        problem(fetch(&source(&circle, None), folder.path().join("b").as_path(), &ONCE)),
        Problem::Content { .. }
    ));
}

#[test]
fn cancelling_stops_at_once_and_keeps_what_is_there() {
    // One server sends slowly, one not at all.
    for stalls in [false, true] {
        let server = Server::start(move |_, request| Answer {
            pause: Some(Duration::from_millis(5)),
            stall_after: stalls.then_some(0),
            ..ranged(request, &weights(13), "\"v1\"")
        });
        let folder = tempfile::tempdir().unwrap();
        let patient = Patience { silence: Duration::from_secs(15), ..QUICK };
        let start = Instant::now();
        let asked = Duration::from_millis(300);
        let result =
            download::fetch(&source(&server, None), folder.path(), &patient, &mut |_| (), &|| start.elapsed() > asked);
        let took = start.elapsed() - asked;
        assert!(matches!(result, Err(DownloadError::Cancelled)), "{result:?}");
        assert!(took < Duration::from_millis(150), "{took:?}");
        let part = std::fs::metadata(folder.path().join("a+b.pt.part")).map_or(0, |metadata| metadata.len());
        assert_eq!(part > 0, !stalls);
    }
}

#[test]
fn more_than_was_announced_or_nothing_at_all_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Server::start(|_, _| Answer::of(200, b""));
    assert!(matches!(problem(fetch(&source(&empty, None), folder.path(), &ONCE)), Problem::Length { found: 0, .. }));
    let huge = Server::start(|_, _| Answer::of(200, b"PK").with("Content-Length", "99999999999999"));
    assert!(matches!(problem(fetch(&source(&huge, None), folder.path(), &ONCE)), Problem::Length { .. }));
    assert!(names(folder.path()).is_empty());
}

fn unreachable(address: String) -> Source {
    Source {
        address,
        published: "https://example.org/a+b.pt".to_owned(),
        file: "a+b.pt".to_owned(),
        bytes: None,
        sha256: None,
    }
}

#[test]
fn no_connection_is_told_without_many_attempts() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a+b.pt", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let source = unreachable(address);
    let mut failed = 0;
    let mut report = |progress: Progress| failed = progress.failed_attempts.max(failed);
    let result = download::fetch(&source, folder.path(), &QUICK, &mut report, &|| false);
    assert!(matches!(problem(result), Problem::Unreachable(_)));
    assert_eq!(failed, 0);
}

#[test]
fn a_network_that_goes_away_in_the_middle_is_waited_for() {
    // A part is there, and nobody listens where the rest is asked for.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a+b.pt", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a+b.pt.part"), &weights(13)[..50_000]).unwrap();
    std::fs::write(folder.path().join("a+b.pt.part.from"), format!("{address}\n\"v1\"\n")).unwrap();
    let source = unreachable(address);
    let mut failed = 0;
    let mut report = |progress: Progress| failed = progress.failed_attempts.max(failed);
    let result = download::fetch(&source, folder.path(), &QUICK, &mut report, &|| false);
    assert!(matches!(problem(result), Problem::Unreachable(_)));
    assert_eq!(failed, QUICK.attempts - 1);
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let server = Server::start(|_, request| Answer {
        pause: Some(Duration::from_millis(2)),
        ..ranged(request, &weights(14), "\"v1\"")
    });
    let folder = tempfile::tempdir().unwrap();
    let source = source(&server, None);
    let mut second = None;
    let mut report = |at: Progress| {
        if at.bytes > 0 && second.is_none() {
            second = Some(fetch(&source, folder.path(), &ONCE));
        }
    };
    let got = download::fetch(&source, folder.path(), &ONCE, &mut report, &|| false).unwrap();
    assert!(matches!(second, Some(Err(DownloadError::Busy { .. }))), "{second:?}");
    assert_eq!(std::fs::read(got.path).unwrap(), weights(14));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let server = Server::start(|_, request| ranged(request, &weights(15), "\"v1\""));
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("a+b.pt.part")).unwrap();
    let error = fetch(&source(&server, None), folder.path(), &QUICK).unwrap_err();
    assert!(matches!(error, DownloadError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("a+b.pt.part: the disk is full"), "{error}");
    assert_eq!(server.requests().len(), 1);
}
