//! Broken, lying and foreign files: a clear message or what can be decoded, never a panic, never for long.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark::audio::{AudioError, open};

use super::{Numbers, fixtures, folder, open_fixture};
use crate::playback::allocations::most_held;

/// Far more than any of these small files needs; a loop without end exceeds it.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any of these small files needs, the buffer that is read into included.
const MOST_BYTES: u64 = 32 << 20;

/// Opens and reads `bytes` as a file of that name. Messages must name the file. Returns the frames read, `None` if it was refused.
pub(super) fn try_bytes(folder: &Path, name: &str, bytes: &[u8]) -> Option<u64> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    let started = Instant::now();
    let (outcome, most_held) = most_held(|| read_through(&path));
    assert!(most_held < MOST_BYTES, "{name} took {most_held} bytes");
    assert!(started.elapsed() < PATIENCE, "{name} took {:?}", started.elapsed());
    match outcome {
        Ok(frames) => Some(frames),
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains(name) && message.len() > name.len() + 20, "{message}");
            None
        }
    }
}

fn read_through(path: &Path) -> Result<u64, AudioError> {
    let mut source = open(path)?;
    let mut out = vec![0.0; 4_096 * source.spec().channels];
    let mut first = 0;
    // Claims of length cost nothing: only what is there is decoded.
    for _ in 0..2_000 {
        let frames = source.read(first, &mut out)? as u64;
        first += frames;
        if frames < 4_096 {
            break;
        }
    }
    // Anywhere else, too: inside, at the end, far beyond it.
    for frame in [first / 2, first.saturating_sub(1), first + 1_000_000, u64::MAX - 7] {
        source.read(frame, &mut out)?;
    }
    for warning in source.take_warnings() {
        assert!(warning.contains(&path.file_name().unwrap().to_string_lossy().into_owned()), "{warning}");
    }
    Ok(first)
}

#[test]
fn cut_files_give_what_is_left() {
    let temporary = tempfile::tempdir().unwrap();
    for fixture in fixtures() {
        let bytes = std::fs::read(folder().join(&fixture.name)).unwrap();
        let mut previous = 0;
        for part in 0..64 {
            let name = format!("cut-{part}-{}", fixture.name);
            let frames = try_bytes(temporary.path(), &name, &bytes[..bytes.len() * part / 64]).unwrap_or(0);
            assert!(frames <= fixture.frames + 5_000, "{name}: {frames}");
            assert!(frames >= previous, "{name}: {frames} after {previous}");
            previous = frames;
        }
        // Containers that keep their table at the end are lost without it; of all others (packets are long here) most is left.
        let table_is_last = fixture.name.ends_with(".m4a") || fixture.name == "alac.caf";
        assert!(table_is_last || previous * 2 > fixture.frames, "{}: {previous} of {}", fixture.name, fixture.frames);
    }
}

#[test]
fn a_cut_file_says_so() {
    let temporary = tempfile::tempdir().unwrap();
    for name in
        ["pcm-s16.wav", "stereo.flac", "constant.mp3", "vorbis.ogg", "opus.opus", "pcm-s24.aiff", "ima-adpcm.wav"]
    {
        let bytes = std::fs::read(folder().join(name)).unwrap();
        let path = temporary.path().join(name);
        std::fs::write(&path, &bytes[..bytes.len() * 9 / 10]).unwrap();
        let mut source = open(&path).unwrap();
        let frames = super::read_all(source.as_mut()).len() / source.spec().channels;
        let warnings = source.take_warnings();
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        assert!(warnings[0].contains(name) && warnings[0].contains("0:0"), "{warnings:?}");
        assert_eq!(source.spec().frame_count, frames as u64, "{name}");
        assert!(source.take_warnings().is_empty());
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let temporary = tempfile::tempdir().unwrap();
    let mut numbers = Numbers(99);
    for fixture in fixtures() {
        let bytes = std::fs::read(folder().join(&fixture.name)).unwrap();
        for round in 0..24 {
            let mut flipped = bytes.clone();
            // Headers are hit more often than their size would have it.
            let reach = if round % 2 == 0 { 512 } else { bytes.len() as u64 };
            for _ in 0..1 + round / 4 {
                let at = numbers.next(reach.min(bytes.len() as u64)) as usize;
                flipped[at] = numbers.next(256) as u8;
            }
            try_bytes(temporary.path(), &format!("flip-{round}-{}", fixture.name), &flipped);
        }
    }
}

#[test]
fn a_broken_packet_leaves_silence_of_its_length() {
    let temporary = tempfile::tempdir().unwrap();
    for name in ["stereo.flac", "flac.mkv"] {
        let whole = super::read_all(open_fixture(name).as_mut());
        let mut bytes = std::fs::read(folder().join(name)).unwrap();
        // The frame that begins after the middle loses its beginning.
        let middle = bytes.len() / 2;
        let frame = middle + bytes[middle..].windows(2).position(|pair| pair == [0xff, 0xf8]).unwrap();
        bytes[frame..frame + 8].fill(0x55);
        let path = temporary.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut source = open(&path).unwrap();
        let channels = source.spec().channels;
        let broken = super::read_all(source.as_mut());
        assert_eq!(broken.len(), whole.len(), "{name}");
        let differ: Vec<usize> = (0..whole.len()).filter(|&n| whole[n] != broken[n]).collect();
        assert!(!differ.is_empty() && differ.len() < whole.len() / 4, "{name}: {} differ", differ.len());
        assert!(differ.iter().all(|&n| broken[n] == 0.0), "{name}: not silent");
        let warnings = source.take_warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("silent"), "{name}: {warnings:?}");
        // The silence is found from elsewhere, too, and is not told of again.
        let inside = differ[differ.len() / 2] / channels;
        let mut out = vec![9.0; 10 * channels];
        for frame in [0, inside, inside + 1] {
            assert_eq!(source.read(frame as u64, &mut out).unwrap(), 10, "{name}");
            assert_eq!(out, broken[frame * channels..(frame + 10) * channels], "{name}");
        }
        assert!(source.take_warnings().is_empty(), "{name}");
    }
}

#[test]
fn lying_headers_are_held_against_the_file() {
    let temporary = tempfile::tempdir().unwrap();
    let wav = std::fs::read(folder().join("pcm-s16.wav")).unwrap();
    let data = wav.windows(4).position(|window| window == b"data").unwrap();
    let patched = |at: usize, value: &[u8]| {
        let mut bytes = wav.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    // A length of 4 GB, an unknown length (two ways), no channels, too many, no rate, an absurd rate.
    assert_eq!(
        try_bytes(temporary.path(), "long.wav", &patched(data + 4, &0xffff_fff0_u32.to_le_bytes())),
        Some(4_000)
    );
    assert_eq!(try_bytes(temporary.path(), "unknown.wav", &patched(data + 4, &u32::MAX.to_le_bytes())), Some(4_000));
    assert_eq!(try_bytes(temporary.path(), "zero.wav", &patched(data + 4, &[0; 4])), Some(4_000));
    assert_eq!(try_bytes(temporary.path(), "silent.wav", &patched(22, &[0, 0])), None);
    assert_eq!(try_bytes(temporary.path(), "crowd.wav", &patched(22, &[0xff, 0xff])), None);
    assert_eq!(try_bytes(temporary.path(), "still.wav", &patched(24, &[0; 4])), None);
    assert_eq!(try_bytes(temporary.path(), "absurd.wav", &patched(24, &[0xff; 4])), None);
    // The 36-bit length of a FLAC header, all ones.
    let mut flac = std::fs::read(folder().join("stereo.flac")).unwrap();
    flac[21] |= 0x0f;
    flac[22..26].fill(0xff);
    assert_eq!(try_bytes(temporary.path(), "long.flac", &flac), Some(12_000));
    // A packet table of four thousand million entries.
    let mut mp4 = std::fs::read(folder().join("aac.m4a")).unwrap();
    let sizes = mp4.windows(4).position(|window| window == b"stsz").unwrap();
    mp4[sizes + 12..sizes + 16].fill(0xff);
    try_bytes(temporary.path(), "table.m4a", &mp4);
}

#[test]
fn samples_that_are_no_numbers_are_silent_and_told_of_once() {
    let temporary = tempfile::tempdir().unwrap();
    for name in ["pcm-f32.wav", "pcm-f64.wav"] {
        let whole = super::read_all(open_fixture(name).as_mut());
        let mut bytes = std::fs::read(folder().join(name)).unwrap();
        // All ones are no number in either width. The samples are the last section.
        let width = if name.contains("64") { 8 } else { 4 };
        let first = bytes.len() - 100 * width;
        bytes[first..first + 2 * width].fill(0xff);
        let path = temporary.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut source = open(&path).unwrap();
        let read = super::read_all(source.as_mut());
        let place = whole.len() - 100;
        assert_eq!((read[place], read[place + 1]), (0.0, 0.0), "{name}");
        assert!(read[..place] == whole[..place] && read[place + 2..] == whole[place + 2..], "{name}");
        super::read_all(source.as_mut());
        let warnings = source.take_warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("no numbers"), "{name}: {warnings:?}");
    }
}

#[test]
fn what_is_no_recording_is_refused_with_its_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8], reason: &str| {
        assert_eq!(try_bytes(temporary.path(), name, bytes), None, "{name}");
        let message = open(&temporary.path().join(name)).err().unwrap().to_string();
        assert!(message.contains(reason), "{message}");
    };
    refused("empty.wav", b"", "empty");
    refused("notes.txt", b"filename\tonset\toffset\tevent_label\n", "text file");
    refused("table.wav", "onset;offset\n0,1;2,4\n".repeat(50).as_bytes(), "text file");
    refused("zeros.bin", &[0; 5_000], "kind");
    refused("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0", "kind");
    refused(
        "header.wav",
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0",
        "no samples",
    );
    let missing = open(&temporary.path().join("missing.wav")).err().unwrap().to_string();
    assert!(missing.contains("missing.wav") && missing.contains("cannot be read"), "{missing}");
    let directory = open(temporary.path()).err().unwrap().to_string();
    assert!(directory.contains("folder"), "{directory}");
}
