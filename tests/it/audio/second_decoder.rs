//! Any recordings beside ffmpeg, sample by sample: `benches/compare_decoders.py` asks for it. Without being asked it does nothing, because neither
//! ffmpeg nor the recordings are part of this repository; the fixtures are compared with what ffmpeg gave once (`formats`).

// What it finds is for whoever asked.
#![allow(clippy::print_stdout)]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use earmark::audio::SoundFile;

use super::Numbers;

const BLOCK_FRAMES: usize = 65_536;
const SEEKS: usize = 50;
const SEED: u64 = 50;

/// What was found in one recording.
struct Comparison {
    frames: u64,
    other_frames: u64,
    largest_difference: f32,
    differing_samples: u64,
    seeks_alike: usize,
}

/// Compares all samples of a file with what `ffmpeg` (a program) decodes.
fn compare(ffmpeg: &str, path: &Path) -> Comparison {
    let file = SoundFile::new(path);
    let mut source = file.open().unwrap();
    let channels = source.spec().channels;
    let mut child = Command::new(ffmpeg)
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:a:0", "-f", "f32le", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut numbers = Numbers(SEED);
    let frames_told = source.spec().frame_count;
    let places: Vec<u64> = (0..SEEKS).map(|_| numbers.next(frames_told.saturating_sub(1_000))).collect();
    let mut heard = vec![Vec::new(); SEEKS];
    let mut found =
        Comparison { frames: 0, other_frames: 0, largest_difference: 0.0, differing_samples: 0, seeks_alike: 0 };
    let (mut ours, mut bytes) = (vec![0.0; BLOCK_FRAMES * channels], Vec::new());
    loop {
        let read = source.read(found.frames, &mut ours).unwrap();
        bytes.clear();
        pipe.by_ref().take((BLOCK_FRAMES * channels * 4) as u64).read_to_end(&mut bytes).unwrap();
        let theirs: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        for (a, b) in ours[..read * channels].iter().zip(&theirs) {
            let difference = (a - b).abs();
            found.largest_difference = found.largest_difference.max(difference);
            found.differing_samples += u64::from(difference > 0.0);
        }
        for (place, heard) in places.iter().zip(&mut heard) {
            let (first, end) = (found.frames.max(*place), (found.frames + read as u64).min(place + 1_000));
            if first < end {
                let within = |frame: u64| (frame - found.frames) as usize * channels;
                heard.extend_from_slice(&ours[within(first)..within(end)]);
            }
        }
        found.frames += read as u64;
        found.other_frames += (theirs.len() / channels) as u64;
        if read < BLOCK_FRAMES && theirs.len() < BLOCK_FRAMES * channels {
            break;
        }
    }
    assert!(child.wait().unwrap().success(), "{ffmpeg} failed on {}", path.display());
    // One source that saw nothing, one that knows what the first found out.
    let mut readers = [earmark::audio::open(path).unwrap(), file.open().unwrap()];
    let mut out = vec![0.0; 1_000 * channels];
    for (round, (place, heard)) in places.iter().zip(&heard).enumerate() {
        let read = readers[round % 2].read(*place, &mut out).unwrap();
        found.seeks_alike += usize::from(out[..read * channels] == heard[..]);
    }
    found
}

#[test]
fn recordings_decode_as_by_ffmpeg() {
    let (Ok(ffmpeg), Some(files)) = (std::env::var("EARMARK_FFMPEG"), std::env::var_os("EARMARK_COMPARED")) else {
        println!("EARMARK_FFMPEG (a program) and EARMARK_COMPARED (files) are not set: nothing is compared");
        return;
    };
    println!("file\tframes\tffmpeg's frames\tlargest difference\tdiffering samples\tseeks alike of {SEEKS}");
    for path in std::env::split_paths(&files) {
        let found = compare(&ffmpeg, &path);
        println!(
            "{}\t{}\t{}\t{:e}\t{}\t{}",
            path.file_name().unwrap().to_string_lossy(),
            found.frames,
            found.other_frames,
            found.largest_difference,
            found.differing_samples,
            found.seeks_alike
        );
    }
}
