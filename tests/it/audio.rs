//! Integration tests: audio. Fixtures in `tests/data/audio` were written by ffmpeg; `manifest.tsv` holds what ffmpeg decodes from
//! them: lossless ones as a hash of all samples, lossy ones as their length. All of them hold the same chirp.

mod broken;
mod clock;
mod formats;
mod hostile;
#[cfg(unix)]
mod long;
mod resample;
mod second_decoder;
mod shared;

use std::path::PathBuf;

use earmark::audio::{SampleSource, open};

/// A row of `manifest.tsv`.
struct Fixture {
    name: String,
    sample_rate: u32,
    channels: usize,
    frames: u64,
    kind: String,
    hash: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/audio")
}

fn fixtures() -> Vec<Fixture> {
    let manifest = std::fs::read_to_string(folder().join("manifest.tsv")).unwrap();
    let rows = manifest.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        Fixture {
            name: cells[0].into(),
            sample_rate: cells[1].parse().unwrap(),
            channels: cells[2].parse().unwrap(),
            frames: cells[3].parse().unwrap(),
            kind: cells[4].into(),
            hash: cells[5].into(),
        }
    });
    rows.collect()
}

fn open_fixture(name: &str) -> Box<dyn SampleSource> {
    open(&folder().join(name)).unwrap()
}

/// All samples from the start, in reads of an odd size.
fn read_all(source: &mut dyn SampleSource) -> Vec<f32> {
    let channels = source.spec().channels;
    let mut all = Vec::new();
    let mut block = vec![0.0; 1_777 * channels];
    loop {
        let first = (all.len() / channels) as u64;
        let frames = source.read(first, &mut block).unwrap();
        all.extend_from_slice(&block[..frames * channels]);
        if frames < 1_777 {
            return all;
        }
    }
}

/// A small generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }
}
