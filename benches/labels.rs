//! How fast labels are found while they are typed: AudioSet's, and a set of 50,000 species of the user's own.
//!
//! `cargo bench --bench labels`

#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{Criterion, criterion_group, criterion_main};
use earmark::annotation::LabelSet;
use std::hint::black_box;

/// 50,000 names of two to three words with a scientific name, a family and a code each, all made up from syllables.
fn species() -> LabelSet {
    let syllables = [
        "tur", "dus", "me", "ru", "la", "cor", "vus", "al", "ca", "pi", "ca", "gar", "ru", "los", "tri", "no", "sy",
        "wren",
    ];
    let mut state = 7_u64;
    let mut word = |count: u64| -> String {
        let mut word = String::new();
        for _ in 0..count {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            word.push_str(syllables[(state >> 33) as usize % syllables.len()]);
        }
        word
    };
    let mut set = LabelSet::default();
    for number in 0..50_000 {
        let name = format!("{} {} {number}", word(2), word(3));
        let (latin, code, family) = (format!("{} {}", word(3), word(3)), word(2), format!("{}idae", word(2)));
        set.add(&name, &family, [latin.as_str(), code.as_str()]);
    }
    set.prepare();
    set
}

fn finding(criterion: &mut Criterion) {
    for (name, set) in [("audioset", LabelSet::audioset()), ("50,000 species", species())] {
        set.prepare();
        for query in ["t", "tu", "wren", "turdus me", "tdsm", "zzz", "49999"] {
            criterion.bench_function(&format!("{name}: {query:?}"), |bencher| {
                bencher.iter(|| black_box(set.search(black_box(query), &[], 40)));
            });
        }
    }
    let mut group = criterion.benchmark_group("once");
    group.sample_size(10);
    group.bench_function("making 50,000 labels ready", |bencher| bencher.iter(species));
}

criterion_group!(benches, finding);
criterion_main!(benches);
