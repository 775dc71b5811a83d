//! Timing networks: warming up, taking turns, medians. Knows no names of models and no report.

use super::super::ModelError;
use super::super::backend::Backend;
use super::super::runtime::OpenNetwork;
use super::subject::{ClipFrontEnd, Decoding};
use super::{Measured, Parts, Settings, Subject, Throughput};
use crate::decision::EventFinder;
use std::time::Instant;

/// Networks that are open at once may have this many bytes of weights, all copies together.
const OPEN_AT_ONCE_BYTES: usize = 768 << 20;
/// A turn has no more runs than this, however quick they are.
const MOST_RUNS: usize = 10_000;

/// How far a measurement has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is being measured.
    pub name: String,
    /// How much is done, 0 to 1.
    pub part: f64,
}

/// Measures all subjects in turns. `is_cancelled` is asked between turns, which ends the measurement with [`ModelError::Cancelled`].
pub fn measure(
    subjects: &[Subject],
    settings: &Settings,
    is_cancelled: &dyn Fn() -> bool,
    on_progress: &mut dyn FnMut(&Progress),
) -> Result<Vec<Measured>, ModelError> {
    let mut all = Vec::new();
    for group in groups(subjects, settings) {
        let first = all.len();
        let mut tell = |name: &str, part: f64| {
            let done = first as f64 + part * group.len() as f64;
            on_progress(&Progress { name: name.to_owned(), part: done / subjects.len().max(1) as f64 });
        };
        all.extend(measure_group(group, settings, is_cancelled, &mut tell)?);
    }
    Ok(all)
}

/// Neighbours that may be open together.
fn groups<'a>(subjects: &'a [Subject], settings: &Settings) -> Vec<&'a [Subject]> {
    let copies: usize = settings.threads.iter().sum::<usize>().max(1);
    let (mut groups, mut first, mut bytes) = (Vec::new(), 0, 0_usize);
    for (index, subject) in subjects.iter().enumerate() {
        let more = subject.file_bytes().saturating_mul(copies);
        if index > first && bytes.saturating_add(more) > OPEN_AT_ONCE_BYTES {
            groups.push(&subjects[first..index]);
            (first, bytes) = (index, 0);
        }
        bytes = bytes.saturating_add(more);
    }
    if first < subjects.len() {
        groups.push(&subjects[first..]);
    }
    groups
}

/// A subject that is open.
struct Open<'a> {
    subject: &'a Subject,
    measured: Measured,
    /// For each number of threads, the network and what is measured with it.
    networks: Vec<(usize, OpenNetwork, Vec<Case>)>,
    parts: Option<PartsCase>,
}

/// One batch size on one network.
struct Case {
    shape: Vec<usize>,
    batch: usize,
    input: Vec<f32>,
    runs: usize,
    clips_per_sec: Vec<f64>,
}

fn measure_group(
    subjects: &[Subject],
    settings: &Settings,
    is_cancelled: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(&str, f64),
) -> Result<Vec<Measured>, ModelError> {
    let stop = || if is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) };
    let turns = settings.repetitions.max(1);
    let steps = (subjects.len() * (turns + 1)).max(1) as f64;
    let mut open = Vec::new();
    for subject in subjects {
        stop()?;
        tell(subject.name(), open.len() as f64 / steps);
        open.push(opened(subject, settings)?);
    }
    for turn in 0..turns {
        for (index, one) in open.iter_mut().enumerate() {
            tell(one.subject.name(), (subjects.len() * (turn + 1) + index) as f64 / steps);
            for (_, network, cases) in &mut one.networks {
                for case in cases {
                    stop()?;
                    let clips_per_sec = turn_of(one.subject, network, case)?;
                    case.clips_per_sec.push(clips_per_sec);
                }
            }
            stop()?;
            if let (Some(parts), Some((_, network, _))) = (&mut one.parts, one.networks.first_mut()) {
                parts.turn(one.subject, network, settings.turn_secs)?;
            }
        }
    }
    Ok(open.into_iter().map(Open::finish).collect())
}

/// Opens a subject for every number of threads, warms it up and finds how many runs make a turn.
fn opened<'a>(subject: &'a Subject, settings: &Settings) -> Result<Open<'a>, ModelError> {
    let mut measured = Measured {
        name: subject.name().to_owned(),
        clip_secs: subject.clip_secs(),
        runtime: String::new(),
        device: String::new(),
        throughputs: Vec::new(),
        parts: None,
        peak_bytes: None,
        notes: Vec::new(),
    };
    let mut networks = Vec::new();
    for &threads in &settings.threads {
        let mut network = subject.open(settings, threads.clamp(1, 256))?;
        measured.runtime.clone_from(&network.report.runtime);
        measured.device.clone_from(&network.report.device);
        measured.notes.extend(network.report.notes.iter().cloned());
        let mut cases = Vec::new();
        for &batch in &settings.batches {
            match subject.input_shape(batch.clamp(1, Settings::LARGEST_BATCH)) {
                Ok(shape) => cases.push(warmed(subject, &mut network, shape, batch, settings.turn_secs)?),
                Err(reason) => measured.notes.push(reason),
            }
        }
        let is_cpu = network.is_cpu;
        networks.push((threads, network, cases));
        if !is_cpu {
            break;
        }
    }
    measured.notes.sort();
    measured.notes.dedup();
    let parts = Some(PartsCase::new(subject));
    Ok(Open { subject, measured, networks, parts })
}

fn warmed(
    subject: &Subject,
    network: &mut OpenNetwork,
    shape: Vec<usize>,
    batch: usize,
    turn_secs: f64,
) -> Result<Case, ModelError> {
    let input = noise(shape.iter().product());
    let mut case = Case { shape, batch, input, runs: 1, clips_per_sec: Vec::new() };
    turn_of(subject, network, &case)?;
    // The first run takes memory and may plan; the second tells the time.
    let began = Instant::now();
    turn_of(subject, network, &case)?;
    let run_secs = began.elapsed().as_secs_f64().max(1e-6);
    case.runs = ((turn_secs / run_secs).ceil() as usize).clamp(1, MOST_RUNS);
    Ok(case)
}

fn failed(subject: &Subject) -> impl Fn(String) -> ModelError + '_ {
    |reason| ModelError::Inference { model: subject.name().to_owned(), reason }
}

/// Runs every copy of the network `case.runs` times side by side, and gives clips a second of all together.
fn turn_of(subject: &Subject, network: &mut OpenNetwork, case: &Case) -> Result<f64, ModelError> {
    let repeat = |backend: &mut Box<dyn Backend>| -> Result<(), String> {
        (0..case.runs).try_for_each(|_| backend.run(&case.input, &case.shape).map(drop))
    };
    let count = network.backends.len() * case.runs * case.batch;
    let began = Instant::now();
    match network.backends.as_mut_slice() {
        [one] => repeat(one).map_err(failed(subject))?,
        many => std::thread::scope(|scope| {
            let spawn = |(index, backend)| {
                let builder = std::thread::Builder::new().name(format!("bench-{index}"));
                builder.spawn_scoped(scope, move || repeat(backend)).map_err(|error| error.to_string())
            };
            let threads: Vec<_> = many.iter_mut().enumerate().map(spawn).collect();
            let ended = threads.into_iter().map(|thread| {
                thread.and_then(|handle| handle.join().unwrap_or_else(|_| Err("the runtime panicked".to_owned())))
            });
            ended.collect::<Result<Vec<()>, String>>()
        })
        .map(drop)
        .map_err(failed(subject))?,
    }
    Ok(count as f64 / began.elapsed().as_secs_f64().max(1e-9))
}

/// Front end, network and decoding of one clip after the other, on one thread.
struct PartsCase {
    samples: Vec<f32>,
    features: Vec<f32>,
    front_end: ClipFrontEnd,
    decoding: Decoding,
    turns: Vec<Parts>,
}

impl PartsCase {
    fn new(subject: &Subject) -> Self {
        Self {
            samples: noise(subject.clip_sample_count()).iter().map(|sample| 0.1 * sample).collect(),
            features: Vec::new(),
            front_end: subject.front_end(),
            decoding: subject.decoding(),
            turns: Vec::new(),
        }
    }

    fn turn(&mut self, subject: &Subject, network: &mut OpenNetwork, least_secs: f64) -> Result<(), ModelError> {
        let (began, mut sums, mut clips) = (Instant::now(), Parts::default(), 0);
        while clips == 0 || (began.elapsed().as_secs_f64() < least_secs && clips < MOST_RUNS) {
            let parts = self.clip(subject, network).map_err(failed(subject))?;
            sums.front_end_secs += parts.front_end_secs;
            sums.network_secs += parts.network_secs;
            sums.decoding_secs += parts.decoding_secs;
            clips += 1;
        }
        let clips = clips as f64;
        self.turns.push(Parts {
            front_end_secs: sums.front_end_secs / clips,
            network_secs: sums.network_secs / clips,
            decoding_secs: sums.decoding_secs / clips,
        });
        Ok(())
    }

    /// A clip from samples to events.
    fn clip(&mut self, subject: &Subject, network: &mut OpenNetwork) -> Result<Parts, String> {
        let shape = subject.input_shape(1)?;
        let backend = network.backends.first_mut().ok_or("no network is open")?;
        let began = Instant::now();
        self.features.clear();
        (self.front_end)(&self.samples, &mut self.features);
        let front_end_secs = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let output = backend.run(&self.features, &shape)?;
        let network_secs = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let decoding = &self.decoding;
        let scores = decoding.scores(output)?;
        let mut finder = EventFinder::new(&decoding.rule, decoding.axis, decoding.class_count);
        finder.push(&scores);
        std::hint::black_box(finder.finish(subject.clip_secs()));
        Ok(Parts { front_end_secs, network_secs, decoding_secs: began.elapsed().as_secs_f64() })
    }

    fn medians(&self) -> Parts {
        let median_of = |part: fn(&Parts) -> f64| median(&self.turns.iter().map(part).collect::<Vec<_>>());
        Parts {
            front_end_secs: median_of(|parts| parts.front_end_secs),
            network_secs: median_of(|parts| parts.network_secs),
            decoding_secs: median_of(|parts| parts.decoding_secs),
        }
    }
}

impl Open<'_> {
    fn finish(mut self) -> Measured {
        for (threads, _, cases) in &self.networks {
            self.measured.throughputs.extend(cases.iter().map(|case| Throughput {
                batch: case.batch,
                threads: *threads,
                clips_per_sec: median(&case.clips_per_sec),
                range: range(&case.clips_per_sec),
            }));
        }
        self.measured.parts = self.parts.map(|parts| parts.medians());
        self.measured
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[middle],
        _ => 0.5 * (sorted[middle - 1] + sorted[middle]),
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, 0.0), |(least, greatest), &value| (value.min(least), value.max(greatest)))
}

/// Numbers of −1 to 1 that are the same every time.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Runs a subject a few times as a whole: what a process needs for it, memory above all.
pub fn run_once(subject: &Subject, settings: &Settings) -> Result<(), ModelError> {
    let few = Settings { repetitions: 1, turn_secs: 0.0, ..settings.clone() };
    measure(std::slice::from_ref(subject), &few, &|| false, &mut |_| {}).map(drop)
}

/// Lets [`peak_memory_bytes`] start again from what is held now, where the system can.
pub fn forget_peak_memory() {
    if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
        log::debug!("the peak of memory cannot be reset: {error}");
    }
}

/// The most memory that this process has had, in bytes; none where the system does not say.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_turns_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!((median(&[]), range(&[2.0, 5.0, 3.0])), (0.0, (2.0, 5.0)));
    }

    #[test]
    fn noise_fills_its_range() {
        let (least, greatest) = noise(1000).iter().fold((1.0_f32, -1.0_f32), |(a, b), &x| (a.min(x), b.max(x)));
        assert!(least < -0.98 && greatest > 0.98 && least >= -1.0 && greatest <= 1.0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_is_at_least_what_is_held() {
        let held = vec![1_u8; 64 << 20];
        assert!(held.iter().map(|&byte| u64::from(byte)).sum::<u64>() == 64 << 20);
        assert!(peak_memory_bytes().unwrap() > 64 << 20);
    }
}
