//! Taking up again what was stopped, and what must not be replaced.

use super::{earmark, record, recordings, root, run, said, tree};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

fn start(sound: &Path, results: &Path) -> std::process::Child {
    let arguments = [sound.display().to_string(), "-r".to_owned(), "-o".to_owned(), results.display().to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    earmark(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The recordings that the journal lists as done, and when their results were written.
fn done(results: &Path) -> BTreeMap<String, SystemTime> {
    let text = fs::read(results.join("earmark-archive.jsonl")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut done = BTreeMap::new();
    for line in whole.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(file) = line["done"]["results"][0]["file"].as_str() {
            done.insert(file.to_owned(), fs::metadata(results.join(file)).unwrap().modified().unwrap());
        }
    }
    done
}

#[test]
fn a_process_that_is_killed_at_any_moment_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, whole) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("whole"));
    recordings(&sound, 150);
    let began = std::time::Instant::now();
    assert_eq!(run(&sound, &whole, &[]).0, Some(0));
    let all = began.elapsed();
    let (mut before, mut partial) = (BTreeMap::new(), 0);
    for kill in 0..12_u32 {
        let mut process = start(&sound, &results);
        std::thread::sleep(all.mul_f64(0.35 + f64::from(kill * 37 % 60) / 100.0));
        process.kill().unwrap();
        process.wait().unwrap();
        let now = done(&results);
        partial += usize::from(!now.is_empty() && now.len() < 150);
        for (file, time) in &before {
            assert_eq!(now.get(file), Some(time), "{file} was done again");
        }
        before = now;
    }
    assert!(partial > 0, "no kill came in the middle of the work");
    let (code, told) = run(&sound, &results, &[]);
    assert_eq!(code, Some(0), "{told}");
    for (file, time) in &before {
        assert_eq!(done(&results).get(file), Some(time), "{file} was done again");
    }
    assert_eq!(tree(&results), tree(&whole));
    let (code, told) = run(&sound, &results, &[]);
    assert!(code == Some(0) && told.contains("150 recordings: 150 done before"), "{told}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_in_an_orderly_way_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    recordings(&sound, 30);
    record(&sound.join("long.wav"), 1, 16_000 * 3_600);
    let process = start(&sound, &results);
    let begun = std::time::Instant::now();
    while done(&results).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing is done");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = process.wait_with_output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("stopped: ") && told.contains("the same command goes on"), "{told}");
    let kept = done(&results);
    assert!(!kept.is_empty() && tree(&results).keys().all(|name| !name.ends_with(".tmp")), "{kept:?}");
    fs::remove_file(sound.join("long.wav")).unwrap();
    assert_eq!(run(&sound, &results, &[]).0, Some(0));
    assert!(kept.iter().all(|(file, time)| done(&results).get(file) == Some(time)));
}

#[test]
fn only_what_has_changed_or_is_gone_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    let paths = recordings(&sound, 6);
    assert_eq!(run(&sound, &results, &[]).0, Some(0));
    record(&paths[0], 99, 8_000);
    fs::remove_file(results.join("day2/north/r0001.tsv")).unwrap();
    // As a power cut can leave it.
    fs::write(results.join("r0002.tsv"), "").unwrap();
    fs::remove_file(&paths[3]).unwrap();
    record(&sound.join("new.wav"), 5, 5_000);
    let (code, told) = run(&sound, &results, &[]);
    assert_eq!(code, Some(0), "{told}");
    let expected = "6 recordings: 2 done before, 1 new, 1 changed since they were done, 2 without their results";
    assert!(told.contains(expected) && told.contains("4 recordings done"), "{told}");
    let files = tree(&results);
    assert!(files["r0002.tsv"].starts_with(b"filename\tonset") && files.contains_key("day2/north/r0001.tsv"));
    // The result of what is no longer there is left alone.
    assert!(files.contains_key("day1/r0003.tsv"));
}

#[test]
fn what_a_person_has_made_of_a_result_is_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    let paths = recordings(&sound, 3);
    assert_eq!(run(&sound, &results, &[]).0, Some(0));
    let edited = results.join("day1/r0000.tsv");
    let mine = "filename\tonset\toffset\tevent_label\nday1/r0000.wav\t0.100000\t0.200000\tBicycle bell\n";
    fs::write(&edited, mine).unwrap();
    record(&sound.join("new.wav"), 5, 5_000);
    let joint = folder.path().join("all.tsv").display().to_string();
    let (code, told) = run(&sound, &results, &["--joint", &joint]);
    assert_eq!(code, Some(0), "{told}");
    let expected =
        "4 recordings: 2 done before, 1 new, 1 with results that were changed by hand and are left as they are";
    assert!(told.contains(expected) && told.contains("1 recording done"), "{told}");
    assert_eq!(fs::read_to_string(&edited).unwrap(), mine);
    assert!(fs::read_to_string(&joint).unwrap().contains("day1/r0000.wav\t0.100000\t0.200000\tBicycle bell\t\n"));
    // Nor where the recording has changed as well.
    record(&paths[0], 99, 8_000);
    let (code, told) = run(&sound, &results, &[]);
    assert!(code == Some(1) && told.contains("r0000.tsv: was changed since it was written"), "{told}");
    assert_eq!(fs::read_to_string(&edited).unwrap(), mine);
    let (code, told) = run(&sound, &results, &["--redo"]);
    assert!(code == Some(0) && told.contains("1 recording done"), "{told}");
    assert_ne!(fs::read_to_string(&edited).unwrap(), mine);
}

/// Recorders that keep to one schedule make files of one name, length and, to the two seconds of their cards, time.
#[test]
fn recordings_of_one_name_length_and_time_are_told_apart_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let card = |name: &str, seed: u32| {
        let path = folder.path().join(name).join("20240501_050000.WAV");
        record(&path, seed, 5_000);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        folder.path().join(name)
    };
    let (one, other, results) = (card("card1", 1), card("card2", 2), folder.path().join("out"));
    assert_eq!(run(&one, &results, &[]).0, Some(0));
    let (code, told) = run(&other, &results, &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("holds results of") && told.contains("card2"), "{told}");
    // The same recordings in another place are the same recordings, also the time after that.
    let moved = folder.path().join("copied");
    fs::rename(&one, &moved).unwrap();
    for _ in 0..2 {
        let (code, told) = run(&moved, &results, &[]);
        assert!(code == Some(0) && told.contains("1 recording: 1 done before"), "{told}");
    }
    let journal = || fs::read_to_string(results.join("earmark-archive.jsonl")).unwrap();
    assert_eq!(journal().matches("copied").count(), 1, "{}", journal());
    // Cards keep times without their zone.
    let file = fs::File::options().write(true).open(moved.join("20240501_050000.WAV")).unwrap();
    for (later, expected) in [(3_600, "1 done before"), (3_600, "1 done before"), (3_608, "1 changed since")] {
        file.set_modified(time + Duration::from_secs(later)).unwrap();
        let (code, told) = run(&moved, &results, &[]);
        assert!(code == Some(0) && told.contains(expected), "{later}: {told}");
    }
}

#[test]
fn a_model_whose_folder_was_edited_is_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, models) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("models"));
    recordings(&sound, 2);
    let (from, to) = (root().join("models/bicycle-bell"), models.join("bicycle-bell"));
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(&from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let (sound, results) = (sound.display().to_string(), results.display().to_string());
    let run = || {
        let output = earmark(&[&sound, "-r", "-o", &results]).env("EARMARK_MODELS", &models).output().unwrap();
        (output.status.code(), said(&output))
    };
    assert_eq!(run().0, Some(0));
    let labels = fs::read_to_string(to.join("labels.tsv")).unwrap();
    fs::write(to.join("labels.tsv"), labels.replace("Bicycle bell", "Bell of a bicycle")).unwrap();
    let (code, told) = run();
    assert!(code == Some(1) && told.contains("2 recordings were done there with other parameters"), "{told}");
}

#[test]
fn results_of_other_parameters_recordings_and_hands_are_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    recordings(&sound, 3);
    fs::create_dir_all(results.join("day1")).unwrap();
    fs::write(results.join("day1/r0000.tsv"), "my own labels").unwrap();
    let (code, told) = run(&sound, &results, &[]);
    assert!(code == Some(1) && told.contains("r0000.tsv: is in the way of a result"), "{told}");
    fs::remove_file(results.join("day1/r0000.tsv")).unwrap();
    assert_eq!(run(&sound, &results, &[]).0, Some(0));
    let first = tree(&results);
    let (code, told) = run(&sound, &results, &["--threshold", "0.01"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("3 recordings were done there with other parameters (rule: threshold "), "{told}");
    assert!(told.contains("now threshold 0.01") && told.contains("--redo"), "{told}");
    assert_eq!(tree(&results), first);
    let (code, told) = run(&sound, &results, &["--threshold", "0.01", "--redo"]);
    assert!(code == Some(0) && told.contains("3 done otherwise before"), "{told}");
    assert_ne!(tree(&results), first);
    // Other recordings of the same names.
    let others = folder.path().join("others");
    recordings(&others, 3);
    record(&others.join("day1/r0000.wav"), 55, 4_000);
    let (code, told) = run(&others, &results, &["--threshold", "0.01"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("holds results of") && told.contains("others"), "{told}");
}

#[test]
fn two_processes_do_not_write_into_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    record(&sound.join("long.wav"), 1, 16_000 * 3_600);
    let mut first = start(&sound, &results);
    let began = std::time::Instant::now();
    while !results.join("earmark-archive.jsonl-lock").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "the first process does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (code, told) = run(&sound, &results, &[]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("another Earmark writes results there (process "), "{told}");
}
