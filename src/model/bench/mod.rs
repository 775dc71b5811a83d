//! What a model costs here: counts from its graph, and times measured on this machine. Owns no words of a report and no chart but those of
//! [`charts`] and [`report`].
//!
//! Throughput is measured as detection runs a network: on a CPU, with several threads, in copies with a thread each. Models are measured in
//! turns, so that a machine that is busy for a while is so for all of them, and the median counts.

pub mod charts;
mod measure;
pub mod report;
mod subject;

use super::{DeviceChoice, RuntimeChoice};
use crate::onnx::cost::Costs;
use crate::zoo::complexity::Complexity;

pub use measure::{Progress, forget_peak_memory, measure, peak_memory_bytes, run_once};
pub use subject::Subject;

/// How to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The runtime.
    pub runtime: RuntimeChoice,
    /// The device.
    pub device: DeviceChoice,
    /// Clips in a run of the network, 1 to [`Settings::LARGEST_BATCH`] each.
    pub batches: Vec<usize>,
    /// Threads that run the network, 1 to 256 each; an accelerator ignores them.
    pub threads: Vec<usize>,
    /// How often each is measured; the median counts.
    pub repetitions: usize,
    /// How long one measurement takes at least, in seconds.
    pub turn_secs: f64,
}

impl Settings {
    /// No run of a network has more clips.
    pub const LARGEST_BATCH: usize = 256;
}

impl Default for Settings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = vec![1, processors.min(8)];
        threads.dedup();
        Self {
            runtime: RuntimeChoice::Auto,
            device: DeviceChoice::Auto,
            batches: vec![1, 8],
            threads,
            repetitions: 7,
            turn_secs: 0.25,
        }
    }
}

/// What is known of a model without running it.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// The model's name.
    pub name: String,
    /// Length of the clip that is counted and measured, in seconds.
    pub clip_secs: f64,
    /// Counted in its graph, for one clip.
    pub graph: Costs,
    /// By the formulas of the family's paper, if it is a network of that family.
    pub paper: Option<Complexity>,
    /// Length of the network's file, in bytes.
    pub file_bytes: u64,
}

impl Counts {
    /// Parameters as published, or those of the graph.
    pub fn parameters(&self) -> u64 {
        self.paper.map_or(self.graph.parameters, |paper| paper.parameters)
    }

    /// Multiply-accumulates for a clip in the paper's convention.
    pub fn paper_macs(&self) -> u64 {
        self.paper.map_or_else(|| self.graph.paper_macs(), |paper| paper.paper_macs)
    }
}

/// The network of a model alone, with one batch size and one number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Throughput {
    /// Clips in a run.
    pub batch: usize,
    /// Threads.
    pub threads: usize,
    /// Clips a second: the median of all turns.
    pub clips_per_sec: f64,
    /// The slowest and the fastest turn.
    pub range: (f64, f64),
}

/// Where the time of a clip goes, on one thread: medians, in seconds a clip.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// From samples to features.
    pub front_end_secs: f64,
    /// The network, one clip at a time.
    pub network_secs: f64,
    /// From scores to events of all classes.
    pub decoding_secs: f64,
}

impl Parts {
    /// All three.
    pub fn sum_secs(&self) -> f64 {
        self.front_end_secs + self.network_secs + self.decoding_secs
    }

    /// Shares of front end, network and decoding, which make up 1.
    pub fn shares(&self) -> [f64; 3] {
        let sum = self.sum_secs().max(f64::MIN_POSITIVE);
        [self.front_end_secs / sum, self.network_secs / sum, self.decoding_secs / sum]
    }
}

/// All that was measured of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The model's name.
    pub name: String,
    /// Length of a clip, in seconds.
    pub clip_secs: f64,
    /// Which runtime: `ONNX Runtime 1.31.1`.
    pub runtime: String,
    /// Which device: `CPU`.
    pub device: String,
    /// The network alone.
    pub throughputs: Vec<Throughput>,
    /// A clip from samples to events; none if the model's front end cannot be run by itself.
    pub parts: Option<Parts>,
    /// The most memory of a process that only runs this model, in bytes, where that was measured.
    pub peak_bytes: Option<u64>,
    /// What could not be measured, and why.
    pub notes: Vec<String>,
}

impl Measured {
    /// The fastest of all that was measured.
    pub fn fastest(&self) -> Option<&Throughput> {
        self.throughputs.iter().max_by(|a, b| a.clips_per_sec.total_cmp(&b.clips_per_sec))
    }
}

#[cfg(test)]
mod tests;
