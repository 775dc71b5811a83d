//! Benchmarks of the picture: one STFT frame with all that a column needs, the pass over ten minutes, and the first view of an hour.

#![allow(clippy::expect_used, reason = "a benchmark stops where it cannot measure")]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, mpsc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use earmark::audio::{AudioError, SampleSource, StreamSpec};
use earmark::dsp::decibel::byte_from_power;
use earmark::dsp::stft::{Stft, StftSpec};
use earmark::spectrogram::TimeView;
use earmark::work::{TileEngine, TileSettings, Wake};

/// A recording in memory, repeated without end: decoding costs next to nothing.
struct Loop {
    spec: StreamSpec,
    samples: Arc<Vec<f32>>,
}

impl SampleSource for Loop {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let count = (self.spec.frame_count.saturating_sub(first_frame)).min(out.len() as u64) as usize;
        let mut filled = 0;
        while filled < count {
            let place = (first_frame as usize + filled) % self.samples.len();
            let now = (count - filled).min(self.samples.len() - place);
            out[filled..filled + now].copy_from_slice(&self.samples[place..place + now]);
            filled += now;
        }
        Ok(count)
    }
}

fn noise(len: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    (0..len).map(|_| next()).collect()
}

fn columns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("column");
    for fft_size in [512, 1024, 2048, 4096] {
        let mut stft = Stft::new(StftSpec::of_size(fft_size));
        let frame = noise(fft_size);
        let mut power = vec![0.0; fft_size / 2];
        let mut bytes = vec![0; fft_size / 2];
        group.bench_function(fft_size.to_string(), |bencher| {
            bencher.iter(|| {
                power.fill(0.0);
                stft.accumulate_max(black_box(&frame), &mut power);
                bytes.iter_mut().zip(&power).for_each(|(byte, &power)| *byte = byte_from_power(power));
                black_box(&bytes);
            });
        });
    }
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let samples = Arc::new(noise(48_000 * 7));
    let spec = StreamSpec {
        sample_rate: 48_000,
        channels: 1,
        frame_count: 48_000 * 600,
        length_is_exact: true,
        format: "memory".to_owned(),
    };
    let mut group = criterion.benchmark_group("pass over the whole");
    group.sample_size(10).throughput(Throughput::Elements(600));
    group.bench_function("10 min of 48 kHz (elements are seconds)", |bencher| {
        bencher.iter(|| {
            let (sender, woken) = mpsc::channel();
            let (factory_spec, samples) = (spec.clone(), Arc::clone(&samples));
            let factory = move || {
                let source = Loop { spec: factory_spec.clone(), samples: Arc::clone(&samples) };
                Ok(Box::new(source) as Box<dyn SampleSource>)
            };
            let wake = move || {
                let _ = sender.send(());
            };
            let settings = TileSettings { threads: 1, ..TileSettings::default() };
            let mut engine = TileEngine::new(Arc::new(factory), &spec, &settings, &(Arc::new(wake) as Wake));
            while engine.known_duration_secs().is_none() {
                let _ = woken.recv();
                engine.poll();
            }
        });
    });
    group.finish();
}

/// A WAV file of an hour at 48 kHz, 16 bits, one channel.
fn write_hour(path: &Path) -> std::io::Result<()> {
    let (rate, seconds) = (48_000_u32, 3600_u32);
    let byte_count = rate * seconds * 2;
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + byte_count).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    file.write_all(&rate.to_le_bytes())?;
    file.write_all(&(2 * rate).to_le_bytes())?;
    file.write_all(b"\x02\0\x10\0data")?;
    file.write_all(&byte_count.to_le_bytes())?;
    let second: Vec<u8> =
        noise(rate as usize).iter().flat_map(|sample| ((sample * 30_000.0) as i16).to_le_bytes()).collect();
    (0..seconds).try_for_each(|_| file.write_all(&second))?;
    file.flush()
}

/// From a path to all tiles of the first half minute on a screen of 1200 pixels.
fn first_view(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("hour.wav");
    write_hour(&path).expect("350 MB for a recording of an hour");
    let mut group = criterion.benchmark_group("first view");
    group.sample_size(20).bench_function("30 s of a 1 h WAV of 48 kHz, opening included", |bencher| {
        bencher.iter(|| {
            let spec = earmark::audio::open(&path).expect("the recording").spec().clone();
            let (sender, woken) = mpsc::channel();
            let path = path.clone();
            let factory = Arc::new(move || earmark::audio::open(&path));
            let wake = move || {
                let _ = sender.send(());
            };
            let mut engine = TileEngine::new(factory, &spec, &TileSettings::default(), &(Arc::new(wake) as Wake));
            let view = TimeView { start_secs: 0.0, end_secs: 30.0, width_px: 1200 };
            engine.set_view(view);
            while !engine.is_view_complete() {
                let _ = woken.recv();
                engine.poll();
                // As each frame of the window does.
                engine.set_view(view);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, columns, whole, first_view);
criterion_main!(benches);
