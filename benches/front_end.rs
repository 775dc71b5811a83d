//! How fast the front ends of the bundled models are, on one thread: `cargo bench --bench front_end`.
//!
//! Criterion's throughput is in samples a second; divided by 16,000 it is the multiple of real time.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run should say so at once")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use earmark::dsp::{ClipMel, ClipMelSpec, LogMel};
use earmark::model::{FrontEnd, ModelFolder};
use std::hint::black_box;
use std::path::Path;

fn front_ends(criterion: &mut Criterion) {
    // A minute of something that is neither silent nor periodic.
    let samples: Vec<f32> =
        (0..60 * 16_000).map(|at| ((at as f32 * 0.37).sin() * (at as f32 * 1e-4).cos()) * 0.3).collect();
    let mut group = criterion.benchmark_group("front_end");
    group.throughput(Throughput::Elements(samples.len() as u64));
    for id in ["yamnet", "firered-aed"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(id);
        let FrontEnd::LogMel(spec) = ModelFolder::open(&folder).unwrap().manifest.front_end else {
            unreachable!("{id} has another front end")
        };
        let mut frames = Vec::new();
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                frames.clear();
                let mut front_end = LogMel::new(spec.clone());
                samples.chunks(8000).for_each(|piece| front_end.push(piece, &mut frames));
                black_box(&frames);
            });
        });
    }
    // Clips of 10 s, as the EfficientSED networks see them: a clip takes a sixth of what is printed.
    let mut levels = vec![0.0; 128 * 1000];
    group.bench_function("fmn", |bencher| {
        bencher.iter(|| {
            let mut front_end = ClipMel::new(ClipMelSpec::FMN);
            samples.chunks_exact(160_000).for_each(|clip| front_end.compute(clip, &mut levels));
            black_box(&levels);
        });
    });
    group.finish();
}

criterion_group!(benches, front_ends);
criterion_main!(benches);
