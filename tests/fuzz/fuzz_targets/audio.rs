//! Any bytes given to what opens recordings: it refuses them or gives finite samples, from the start and from elsewhere, and tells a time or
//! none. Bytes that begin as a seek index are given to what restores one.
//!
//! The decoder library may panic on a broken file; that is caught where it is called and is no finding. A panic anywhere else is.
#![no_main]

use earmark_fuzz::audio::{self, SoundFile};
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Frames that are read from the start, so that a run stays short.
const MOST_FRAMES: u64 = 200_000;

/// A file of this process, in memory where the system has such a folder.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    folder.join(format!("earmark-fuzz-{}_20230512_183000.wav", std::process::id()))
});

fuzz_target!(
    init: {
        std::panic::set_hook(Box::new(|panic| {
            let is_ours = panic.location().is_none_or(|place| !place.file().contains("symphonia"));
            if is_ours {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
    },
    |bytes: &[u8]| {
        if bytes.starts_with(b"EarSeek1") {
            let file = SoundFile::new("nowhere");
            if file.restore(bytes) {
                assert_eq!(file.seek_index_bytes(), bytes);
            }
            return;
        }
        std::fs::write(&*PLACE, bytes).expect("a file can be written");
        read(&PLACE);
    }
);

fn read(path: &Path) {
    let file = SoundFile::new(path);
    let Ok(mut source) = file.open() else { return };
    let spec = source.spec().clone();
    assert!((1..=audio::MAX_CHANNELS).contains(&spec.channels));
    assert!((1..=audio::MAX_SAMPLE_RATE).contains(&spec.sample_rate));
    audio::clock_starts(path, &spec);
    let mut out = vec![9.0; 4_096 * spec.channels];
    let mut first = 0;
    while first < MOST_FRAMES {
        let Ok(frames) = source.read(first, &mut out) else { break };
        assert!(out[..frames * spec.channels].iter().all(|sample| sample.is_finite()));
        first += frames as u64;
        if frames < 4_096 {
            break;
        }
    }
    let restored = SoundFile::new(path);
    restored.restore(&file.seek_index_bytes());
    let informed = restored.open();
    for mut source in [Ok(source), informed].into_iter().flatten() {
        for frame in [first / 3, first * 9 / 10, 0, first + 1_000_000, u64::MAX - 7] {
            let _ = source.read(frame, &mut out[..64 * spec.channels]);
        }
        source.take_warnings();
    }
}
