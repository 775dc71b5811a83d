//! When a recording was made, as files of other programs tell it: `tests/data/audio/dated` was written by ffmpeg and flac.

use std::path::Path;
use std::time::{Duration, SystemTime};

use earmark::audio::{ClockSource, clock_starts, open};

fn told(path: &Path) -> Vec<(ClockSource, String)> {
    let spec = open(path).unwrap().spec().clone();
    let starts = clock_starts(path, &spec);
    let text = |start: &earmark::audio::ClockStart| match start.at.offset_text() {
        Some(offset) => format!("{} {offset}", start.at),
        None => start.at.to_string(),
    };
    starts.iter().map(|start| (start.source, text(start))).collect()
}

fn without_file_date(path: &Path) -> Vec<(ClockSource, String)> {
    let mut told = told(path);
    assert_eq!(told.pop().map(|(source, _)| source), Some(ClockSource::FileDate), "{}", path.display());
    told
}

fn dated(name: &str) -> std::path::PathBuf {
    super::folder().join("dated").join(name)
}

#[test]
fn sections_that_ffmpeg_wrote_are_read() {
    // `time_reference` is a quarter of a second after half past six.
    let wanted = [
        (ClockSource::Bext, "2023-05-12 18:30:00.250".to_owned()),
        (ClockSource::Comment, "2023-05-12 18:30:00.000 UTC+02:00".to_owned()),
    ];
    assert_eq!(without_file_date(&dated("bext.wav")), wanted);
}

#[test]
fn tags_with_a_time_of_day_are_read() {
    for (name, wanted) in [
        ("dated.flac", "2023-05-12 18:30:00.000 UTC+02:00"),
        ("dated.mp3", "2023-05-12 18:30:00.000"),
        ("dated.m4a", "2023-05-12 18:30:00.000 UTC"),
        ("dated.ogg", "2023-05-12 18:30:00.000"),
    ] {
        assert_eq!(without_file_date(&dated(name)), [(ClockSource::Tag, wanted.to_owned())], "{name}");
    }
}

#[test]
fn all_sources_are_told_in_the_order_of_trust() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(dated("bext.wav")).unwrap();
    // After the sound: an odd GUANO section, padded, and iXML.
    let guano = b"GUANO|Version: 1.0\nTimestamp: 2023-05-12T16:30:00.125Z\nNote: ab";
    let ixml = b"<BWFXML><SPEED><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>532806000</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED></BWFXML>";
    for (name, inside) in [(b"guan", guano.as_slice()), (b"iXML", ixml)] {
        bytes.extend(name);
        bytes.extend((inside.len() as u32).to_le_bytes());
        bytes.extend(inside);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    let path = folder.path().join("SITE_20230512_183001_500.wav");
    std::fs::write(&path, bytes).unwrap();
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_683_916_200);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    let wanted = [
        ("bext", "2023-05-12 18:30:00.250"),
        ("GUANO", "2023-05-12 16:30:00.125 UTC"),
        ("iXML", "2023-05-12 18:30:00.750"),
        ("file name", "2023-05-12 18:30:01.500"),
        ("comment", "2023-05-12 18:30:00.000 UTC+02:00"),
        // 50 ms before it was written.
        ("file date", "2023-05-12 18:29:59.950 UTC"),
    ];
    let told: Vec<(&str, String)> = told(&path).into_iter().map(|(source, text)| (source.words(), text)).collect();
    assert_eq!(told, wanted.map(|(source, text)| (source, text.to_owned())));
}

#[test]
fn broken_headers_tell_nothing_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(dated("bext.wav")).unwrap();
    let spec = open(&dated("bext.wav")).unwrap().spec().clone();
    let mut numbers = super::Numbers(17);
    for round in 0..300 {
        let mut broken = bytes[..numbers.next(bytes.len() as u64 + 1) as usize].to_vec();
        for _ in 0..round % 8 {
            let at = numbers.next(broken.len() as u64) as usize;
            broken.iter_mut().skip(at).take(1).for_each(|byte| *byte = numbers.next(256) as u8);
        }
        let path = folder.path().join("broken.wav");
        std::fs::write(&path, broken).unwrap();
        for start in clock_starts(&path, &spec) {
            assert_eq!(start.at.to_string().len(), 23);
        }
    }
}
