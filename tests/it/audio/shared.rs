//! What one source finds out about a recording serves all others, changes no sample, and is believed only where it fits.

use std::fs::File;
use std::path::{Path, PathBuf};

use earmark::audio::{SampleSource, SoundFile, open};

use super::{Numbers, folder, open_fixture, read_all};

/// Streams of bare packets: without an index, only counting from the beginning tells where a frame is.
const BARE: [&str; 6] = ["vbr-bare.mp3", "vbr-lame.mp3", "vbr.aac", "no-index.mp3", "constant.mp3", "layer-2.mp2"];

fn copy_of(name: &str, folder: &Path) -> PathBuf {
    let path = folder.join(name);
    std::fs::copy(super::folder().join(name), &path).unwrap();
    path
}

/// The last `frames` frames but a hundred, or what went wrong.
fn read_near_the_end(source: &mut dyn SampleSource, all: &[f32], frames: usize) -> Result<Vec<f32>, String> {
    let first = all.len() - frames - 100;
    let mut out = vec![9.0; frames];
    let read = source.read(first as u64, &mut out).map_err(|error| error.to_string())?;
    out.truncate(read);
    Ok(out)
}

#[test]
fn after_one_pass_every_source_jumps() {
    let temporary = tempfile::tempdir().unwrap();
    for name in BARE {
        let path = copy_of(name, temporary.path());
        let file = SoundFile::new(&path);
        let all = read_all(file.open().unwrap().as_mut());
        let kept = file.seek_index_bytes();
        // What lies between the first packets and the end is gone: who reads it on the way is lost.
        let mut bytes = std::fs::read(&path).unwrap();
        let (from, to) = (bytes.len() / 10, bytes.len() / 4);
        bytes[from..to].fill(0);
        // By its size and its time of change it is still the file that was read.
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, bytes).unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
        let wanted = &all[all.len() - 3_100..all.len() - 100];
        let counted = read_near_the_end(open(&path).unwrap().as_mut(), &all, 3_000);
        assert!(counted.is_err() || counted.is_ok_and(|counted| counted != wanted), "{name}: nothing was to be read");
        let shared = read_near_the_end(file.clone().open().unwrap().as_mut(), &all, 3_000);
        assert!(shared.is_ok_and(|shared| shared == wanted), "{name}: by the index of another source");
        let later = SoundFile::new(&path);
        assert!(later.restore(&kept), "{name}");
        let restored = read_near_the_end(later.open().unwrap().as_mut(), &all, 3_000);
        assert!(restored.is_ok_and(|restored| restored == wanted), "{name}: by an index that was kept");
    }
}

#[test]
fn an_index_gives_the_true_length_at_once() {
    let file = SoundFile::new(folder().join("vbr-bare.mp3"));
    let mut first = file.open().unwrap();
    let frames = read_all(first.as_mut()).len() as u64;
    let second = file.open().unwrap();
    assert_eq!((second.spec().frame_count, second.spec().length_is_exact), (frames, true));
}

#[test]
fn an_index_of_another_file_changes_no_sample() {
    let temporary = tempfile::tempdir().unwrap();
    for name in BARE.into_iter().chain(["aac.mkv", "flac.mkv", "vorbis.mkv"]) {
        let original = SoundFile::new(folder().join(name));
        read_all(original.open().unwrap().as_mut());
        // As long as the original, but its packets lie elsewhere and are others.
        let bytes = std::fs::read(folder().join(name)).unwrap();
        let mut other = bytes.clone();
        if name.ends_with(".mkv") {
            let late = other.len() * 3 / 4;
            other[late] ^= 0xff;
        } else {
            let third = bytes.len() / 3;
            other = [&bytes[..third], &[0; 200], &bytes[third..]].concat();
            other.truncate(bytes.len());
        }
        let path = temporary.path().join(name);
        std::fs::write(&path, other).unwrap();
        let all = read_all(open(&path).unwrap().as_mut());
        let file = SoundFile::new(&path);
        assert!(file.restore(&original.seek_index_bytes()), "{name}");
        let mut source = file.open().unwrap();
        let mut numbers = Numbers(3);
        for _ in 0..20 {
            let first = numbers.next(all.len() as u64 - 600) as usize;
            let mut out = vec![9.0; 500];
            let read = source.read(first as u64, &mut out).unwrap();
            let worst = out[..read].iter().zip(&all[first..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= if name.starts_with("aac") { 1e-2 } else { 0.0 }, "{name} at {first}: {worst}");
        }
    }
}

#[test]
fn joined_recordings_are_one_whatever_is_read_first() {
    let temporary = tempfile::tempdir().unwrap();
    let part = |name: &str| std::fs::read(folder().join(name)).unwrap();
    // The second begins with a table of its own, which is no sound; between them lies junk, and packets of silence are alike.
    let joined = [part("no-index.mp3"), vec![0; 1_000], part("vbr-lame.mp3"), part("vbr-bare.mp3")].concat();
    let path = temporary.path().join("joined.mp3");
    std::fs::write(&path, joined).unwrap();
    let all = read_all(open(&path).unwrap().as_mut());
    let parts = ["no-index.mp3", "vbr-bare.mp3"].map(|name| read_all(open_fixture(name).as_mut()).len());
    assert!(all.len() > parts[0] + 2 * parts[1] - 5_000, "{} of {parts:?}", all.len());
    let file = SoundFile::new(&path);
    let mut numbers = Numbers(11);
    // By sources that know nothing, then something, then everything.
    for round in 0..60 {
        let mut source = if round < 20 { open(&path).unwrap() } else { file.open().unwrap() };
        if round == 40 {
            read_all(source.as_mut());
        }
        let first = numbers.next(all.len() as u64 - 600) as usize;
        let mut out = vec![9.0; 500];
        assert_eq!(source.read(first as u64, &mut out).unwrap(), 500, "round {round} at {first}");
        assert_eq!(out, all[first..first + 500], "round {round} at {first}");
    }
}

#[test]
fn many_threads_share_one_file() {
    for name in ["vbr-bare.mp3", "vbr.aac", "flac.mkv", "stereo.flac"] {
        let file = SoundFile::new(folder().join(name));
        let channels = open_fixture(name).spec().channels;
        let all = read_all(open_fixture(name).as_mut());
        let frames = (all.len() / channels) as u64;
        std::thread::scope(|scope| {
            for seed in 0..4 {
                let (file, all) = (&file, &all);
                scope.spawn(move || {
                    let mut source = file.open().unwrap();
                    if seed == 0 {
                        assert_eq!(read_all(source.as_mut()).len(), all.len(), "{name}");
                    }
                    let mut numbers = Numbers(seed);
                    for _ in 0..20 {
                        let first = numbers.next(frames - 400);
                        let mut out = vec![9.0; 300 * channels];
                        assert_eq!(source.read(first, &mut out).unwrap(), 300, "{name} at {first}");
                        let wanted = &all[first as usize * channels..][..300 * channels];
                        assert_eq!(out, wanted, "{name} at {first}");
                    }
                });
            }
        });
    }
}
