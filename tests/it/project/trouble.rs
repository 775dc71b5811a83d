//! Disks that are full, files that cannot be written, are taken away or replaced, two programs on one file, bytes that flip.

use super::kept::assert_sound;
use super::killed::{command_for, say};
use super::random::{Annotator, beginning};
use earmark::annotation::{Change, Edit, Edited, Fact, RecordingId};
use earmark::project::{self, ProjectError, ProjectFile, ProjectState, ReadOnly};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn note(state: &mut ProjectState, text: &str) -> Change {
    let edited = Edited { by: "Ada".into(), at_ms: 5 };
    let edit = Edit::SetNote { recording: RecordingId(0), note: text.to_owned() };
    Change::Step(Box::new(state.history.perform(&mut state.document, text, edit, &edited).unwrap()))
}

fn created(seed: u64) -> (TempDir, PathBuf, ProjectFile, ProjectState) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let state = beginning(seed);
    let file = ProjectFile::create(&path, &state).unwrap();
    (folder, path, file, state)
}

#[test]
fn a_change_that_cannot_be_kept_keeps_nothing_of_its_company_and_the_next_ones_are_kept() {
    let (_folder, path, mut file, mut state) = created(1);
    let first = note(&mut state, "first");
    let impossible = Change::Fact(Fact::Duration { id: RecordingId(0), duration_secs: f64::INFINITY });
    let error = file.append(&[first.clone(), impossible]).unwrap_err();
    assert!(matches!(error, ProjectError::Write { .. }), "{error}");
    assert!(error.to_string().contains("a value in the project cannot be written"), "{error}");
    let second = note(&mut state, "second");
    // A step that the file does not know cannot be taken back.
    let strange = Change::Step(Box::new(earmark::annotation::LogEntry {
        direction: earmark::annotation::Direction::Redo,
        title: String::new(),
        edit: Edit::Many { edits: Vec::new() },
        inverse: Edit::Many { edits: Vec::new() },
        edited: Edited::default(),
    }));
    assert!(file.append(&[first.clone(), second.clone(), strange]).is_err());
    file.append(&[first, second]).unwrap();
    drop(file);
    assert_sound(&path);
    assert_eq!(ProjectFile::open(&path).unwrap().1, state);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_taken_away_or_replaced_is_told_and_everything_can_be_saved_elsewhere() {
    for replaced in [false, true] {
        let (folder, path, mut file, mut state) = created(2);
        let first = note(&mut state, "first");
        file.append(&[first]).unwrap();
        if replaced {
            let other = folder.path().join("other");
            project::save(&other, &ProjectState::default()).unwrap();
            fs::rename(other, &path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let second = note(&mut state, "second");
        let error = file.append(&[second]).unwrap_err();
        assert!(matches!(error, ProjectError::Gone { .. }), "{error}");
        assert!(error.to_string().contains("save the project under another name"), "{error}");
        assert!(matches!(file.keep_view(&serde_json::json!(1)), Err(ProjectError::Gone { .. })));
        let elsewhere = folder.path().join("again.earmark");
        drop(ProjectFile::create(&elsewhere, &state).unwrap());
        drop(file);
        assert_eq!(ProjectFile::open(&elsewhere).unwrap().1, state);
        if replaced {
            assert_eq!(ProjectFile::open(&path).unwrap().1, ProjectState::default());
        } else {
            assert!(!path.exists());
        }
        assert_sound(&elsewhere);
    }
}

const ELSEWHERE: &str = "EARMARK_TEST_ELSEWHERE";

#[test]
fn the_second_process() {
    let Ok(path) = std::env::var(ELSEWHERE) else { return };
    let (mut file, mut state) = ProjectFile::open(Path::new(&path)).unwrap();
    let Some(ReadOnly::OpenElsewhere { holder }) = file.read_only().cloned() else { panic!("{:?}", file.read_only()) };
    if cfg!(unix) {
        let parent = std::env::var("EARMARK_TEST_PARENT").unwrap();
        assert!(holder.unwrap().starts_with(&format!("process {parent}")));
    }
    assert_eq!(state.document.recording(RecordingId(0)).unwrap().note, "first");
    let change = note(&mut state, "second");
    let error = file.append(&[change]).unwrap_err();
    assert!(matches!(error, ProjectError::IsReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("another Earmark has it open"), "{error}");
    assert!(ProjectFile::create(Path::new(&path), &state).is_err());
    // Looking and copying are free.
    file.generations().unwrap();
    file.copy_to(&Path::new(&path).with_file_name("copy.earmark")).unwrap();
    file.close().unwrap();
}

#[test]
fn a_second_program_may_look_but_not_write() {
    let (folder, path, mut file, mut state) = created(3);
    let first = note(&mut state, "first");
    file.append(&[first]).unwrap();
    let name =
        module_path!().split_once("::").map_or(String::new(), |(_, module)| format!("{module}::the_second_process"));
    let output = command_for(&name)
        .env(ELSEWHERE, &path)
        .env("EARMARK_TEST_PARENT", std::process::id().to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    let third = note(&mut state, "third");
    file.append(&[third]).unwrap();
    file.close().unwrap();
    let (file, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!((file.read_only(), &opened), (None, &state));
    let copied = ProjectFile::open(&folder.path().join("copy.earmark")).unwrap().1;
    assert_eq!(copied.document.recording(RecordingId(0)).unwrap().note, "first");
}

#[test]
fn a_file_that_is_marked_read_only_is_opened_to_be_looked_at_and_not_changed() {
    let (folder, path, file, state) = created(4);
    file.close().unwrap();
    let bytes = fs::read(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    let (mut file, mut opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(opened, state);
    assert!(matches!(file.read_only(), Some(ReadOnly::NotWritable { .. })));
    let change = note(&mut opened, "second");
    let error = file.append(&[change]).unwrap_err().to_string();
    assert!(error.contains("cannot be changed") && error.contains("read-only"), "{error}");
    let copy = folder.path().join("copy.earmark");
    file.copy_to(&copy).unwrap();
    drop(file);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(ProjectFile::open(&copy).unwrap().1, state);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

/// Whatever flips, is missing or is added: the file is refused, or what is read is exactly what was kept. It is never changed.
#[test]
fn damage_is_found_and_never_taken_for_annotations() {
    let (folder, path, mut file, state) = created(5);
    let mut annotator = Annotator::new(&state, 6);
    for _ in 0..150 {
        file.append(&annotator.act()).unwrap();
    }
    file.close().unwrap();
    let state = ProjectFile::open(&path).unwrap().1;
    let whole = fs::read(&path).unwrap();
    let broken = folder.path().join("broken.earmark");
    let (mut found, mut harmless) = (0, 0);
    for place in (100..whole.len()).step_by(509) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&broken, &bytes).unwrap();
        match ProjectFile::open(&broken) {
            Ok((file, opened)) => {
                // Free space, a kept state or an old entry of the log.
                assert_eq!(opened, state, "byte {place}");
                drop(file);
                harmless += 1;
            }
            Err(error) => {
                assert!(matches!(error, ProjectError::Damaged { .. }), "byte {place}: {error}");
                assert_eq!(fs::read(&broken).unwrap(), bytes);
                found += 1;
            }
        }
    }
    assert!(found > harmless / 20 && found > 10, "{found} of {}", found + harmless);
}

#[test]
fn what_is_cut_short_is_refused_and_what_can_be_read_is_offered() {
    let (folder, path, mut file, state) = created(5);
    let mut annotator = Annotator::new(&state, 7);
    for _ in 0..150 {
        file.append(&annotator.act()).unwrap();
    }
    file.close().unwrap();
    let state = ProjectFile::open(&path).unwrap().1;
    let whole = fs::read(&path).unwrap();
    for length in [60, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = ProjectFile::open(&path).err().unwrap();
        assert!(matches!(error, ProjectError::Damaged { .. } | ProjectError::NotAProject { .. }), "{length}: {error}");
        assert_eq!(fs::read(&path).unwrap(), &whole[..length]);
    }
    // One event's label is overwritten where it stands in its table.
    fs::write(&path, &whole).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute("UPDATE events SET label = 'Cat' WHERE rowid IS NOT NULL OR 1", [])
        .unwrap_or_else(|_| connection.execute("UPDATE events SET label = 'Cat'", []).unwrap());
    drop(connection);
    let error = ProjectFile::open(&path).err().unwrap().to_string();
    assert!(error.contains("checksum") && error.contains("earmark project recover"), "{error}");
    assert!(error.contains("All annotations can still be read"), "{error}");
    let report = project::check(&path).unwrap();
    assert!(!report.problems.is_empty());
    let new = folder.path().join("new.earmark");
    let recovered = project::recover(&path, &new).unwrap();
    assert!(recovered.is_present);
    assert_eq!(ProjectFile::open(&new).unwrap().1.document, state.document);
    let error = project::recover(&path, &path).unwrap_err().to_string();
    assert!(error.contains("a name of its own"), "{error}");
}

const FULL: &str = "EARMARK_TEST_FULL";

/// Keeps changes until the disk refuses; says what was kept.
#[test]
fn the_process_on_a_full_disk() {
    let Ok(path) = std::env::var(FULL) else { return };
    let (mut file, state) = ProjectFile::open(Path::new(&path)).unwrap();
    let mut annotator = Annotator::new(&state, 21);
    for kept in 0..100_000 {
        if let Err(error) = file.append(&annotator.act()) {
            assert!(matches!(error, ProjectError::Write { .. }), "{error}");
            assert!(error.to_string().contains("set.earmark: cannot be saved"), "{error}");
            say(&format!("\nkept {kept}"));
            return;
        }
    }
    panic!("the disk is not full");
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_loses_nothing_that_was_kept() {
    let (_folder, path, file, state) = created(20);
    file.close().unwrap();
    let name = module_path!()
        .split_once("::")
        .map_or(String::new(), |(_, module)| format!("{module}::the_process_on_a_full_disk"));
    let itself = std::env::current_exe().unwrap();
    // No file may be longer than so many blocks of 512 or 1024 bytes, by the shell. The signal that says so is not wanted.
    let script = "ulimit -f 400; trap '' XFSZ; exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(itself)
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(FULL, &path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let kept = told.lines().find_map(|line| line.strip_prefix("kept ")).unwrap().parse().unwrap();
    assert!(kept > 10, "{kept}");
    assert_sound(&path);
    let (mut file, opened) = ProjectFile::open(&path).unwrap();
    let mut annotator = Annotator::new(&state, 21);
    for _ in 0..kept {
        annotator.act();
    }
    assert_eq!(opened.history, annotator.history);
    assert!(opened.document.recordings().eq(annotator.document.recordings()));
    // With room again, everything goes on.
    file.append(&annotator.act()).unwrap();
    drop(file);
    assert_sound(&path);
}

/// On a file system that really is small: `mount -t tmpfs -o size=4m tmpfs DIR`, then
/// `EARMARK_TEST_SMALL_DISK=DIR cargo test --test it -- --ignored small_file_system`.
#[test]
#[ignore = "needs a small file system of its own"]
fn a_small_file_system_fills_up_and_is_freed_again() {
    let folder = PathBuf::from(std::env::var("EARMARK_TEST_SMALL_DISK").unwrap());
    let path = folder.join("set.earmark");
    let start = beginning(30);
    let mut file = ProjectFile::create(&path, &start).unwrap();
    let mut annotator = Annotator::new(&start, 31);
    file.append(&annotator.act()).unwrap();
    let filler = folder.join("filler");
    let mut bytes = vec![0; 64 << 20];
    while let Err(error) = fs::write(&filler, &bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        fs::remove_file(&filler).unwrap();
        let half = bytes.len() * 15 / 16;
        bytes.truncate(half);
    }
    let mut waiting = Vec::new();
    let mut refused = 0;
    for _ in 0..2000 {
        waiting.extend(annotator.act());
        match file.append(&waiting) {
            Ok(()) => waiting.clear(),
            Err(error) => {
                assert!(matches!(error, ProjectError::Write { .. }), "{error}");
                refused += 1;
            }
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(refused, 20);
    let error = file.copy_to(&folder.join("copy.earmark")).unwrap_err();
    assert!(matches!(error, ProjectError::Write { .. }), "{error}");
    assert!(!folder.join("copy.earmark").exists());
    fs::remove_file(&filler).unwrap();
    file.append(&waiting).unwrap();
    file.close().unwrap();
    assert_sound(&path);
    let (_file, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(opened.history, annotator.history);
    assert!(opened.document.recordings().eq(annotator.document.recordings()));
}
