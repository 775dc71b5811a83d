//! A whole network as an ONNX file: the input, the backbone, the sequence model, and both heads.

use super::architecture::Architecture;
use super::sequence::RowCount;
use super::weights::{Trained, Untrained};
use super::writer::Writer;
use super::{ZooError, network_tensors};
use crate::checkpoint::{Tensor, Tensors};
use crate::onnx::builder::int;
use crate::onnx::{GraphBuilder, Size, Value};
use std::collections::BTreeMap;

/// Name of the input: the front end's `[batch, 1, 128, frame]`.
const INPUT: &str = "mel";
/// Names of outputs: logits `[batch, row, class]` and `[batch, class]`, the first as scores of 0 to 1, and on request what the heads see and
/// what the backbone gives.
const STRONG: &str = "strong";
const SCORES: &str = "scores";
const WEAK: &str = "weak";
const FEATURES: &str = "features";
const BACKBONE: &str = "backbone";
/// Mel bands of the front end.
const BANDS: usize = 128;
/// Rows that the reference brings clips of any length to.
const REFERENCE_ROWS: usize = 250;
/// Clips of other lengths than the reference's may have this many frames, which are 100 s.
const MOST_FRAMES: usize = 10_000;

/// The time axis of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Clips of this many frames of the front end, 1000 for ten seconds. As in the reference there are 250 rows, whatever the length.
    Fixed(usize),
    /// Clips of any length, one row every four frames.
    Open,
}

impl Time {
    fn size(self) -> Size {
        match self {
            Self::Fixed(frames) => Size::Fixed(frames),
            Self::Open => Size::Open("frames"),
        }
    }

    fn rows(self) -> (RowCount, Size) {
        match self {
            Self::Fixed(_) => (RowCount::Fixed(REFERENCE_ROWS), Size::Fixed(REFERENCE_ROWS)),
            Self::Open => (RowCount::Open, Size::Open("rows")),
        }
    }
}

/// A network with its weights.
pub struct Network<'a> {
    /// What it is made of.
    pub architecture: Architecture,
    tensors: BTreeMap<String, &'a Tensor>,
}

impl<'a> Network<'a> {
    /// Recognises the network in the tensors of a checkpoint.
    pub fn recognise(tensors: &'a Tensors) -> Result<Self, ZooError> {
        let tensors = network_tensors(tensors)?;
        Ok(Self { architecture: Architecture::recognise(&tensors)?, tensors })
    }

    /// The network as an ONNX file: input `mel` `[batch, 1, 128, frame]`, the output of the front end; outputs `strong`
    /// `[batch, row, class]` and `weak` `[batch, class]`, both logits, and `scores`, the logistic function of the first.
    ///
    /// Every tensor of the network must be asked for by a layer and have the shape that the layer needs.
    pub fn to_onnx(&self, time: Time) -> Result<Vec<u8>, ZooError> {
        self.write(time, false)
    }

    /// The same, with the outputs `features` `[batch, row, feature]`, which the heads see, and `backbone` `[batch, row, channel]`.
    pub fn to_onnx_with_features(&self, time: Time) -> Result<Vec<u8>, ZooError> {
        self.write(time, true)
    }

    fn write(&self, time: Time, has_features: bool) -> Result<Vec<u8>, ZooError> {
        let mut weights = Trained::new(&self.tensors);
        let writer = Writer { graph: GraphBuilder::new(&self.architecture.to_string()), weights: &mut weights };
        let onnx = writer.network(&self.architecture, time, has_features)?;
        weights.all_used(&self.architecture)?;
        Ok(onnx)
    }
}

/// A network of random weights as an ONNX file: to measure its speed, never to detect with.
pub fn untrained(architecture: &Architecture, time: Time, seed: u64) -> Result<Vec<u8>, ZooError> {
    let mut weights = Untrained::new(seed);
    let writer = Writer { graph: GraphBuilder::new(&architecture.to_string()), weights: &mut weights };
    writer.network(architecture, time, false)
}

impl Writer<'_> {
    fn network(mut self, architecture: &Architecture, time: Time, has_features: bool) -> Result<Vec<u8>, ZooError> {
        if let Time::Fixed(frames) = time
            && !(4..=MOST_FRAMES).contains(&frames)
        {
            return Err(ZooError::Setting {
                what: "frames of a clip".to_owned(),
                found: frames.to_string(),
                expected: format!("4 to {MOST_FRAMES}"),
            });
        }
        let (row_count, row_size) = time.rows();
        let channels = architecture.backbone.channels;
        let batch = Size::Open("batch");
        let mel = self.graph.input(INPUT, &[batch, Size::Fixed(1), Size::Fixed(BANDS), time.size()]);
        let mut maps = self.backbone(&mel, &architecture.backbone)?;
        if let Time::Fixed(frames) = time {
            maps = self.adapted(&maps, frames.div_ceil(2).div_ceil(2), REFERENCE_ROWS);
        }
        let features = match &architecture.sequence {
            Some(sequence) => self.sequence(&maps, channels, sequence, row_count)?,
            None => self.rows_of_maps(&maps),
        };
        let feature_count = architecture.feature_count();
        let strong = self.linear_rows(&features, "strong_head", feature_count, architecture.strong_classes)?;
        let scores = self.graph.node("Sigmoid", &[&strong], vec![]);
        for (value, name) in [(&strong, STRONG), (&scores, SCORES)] {
            self.graph.output(value, name, &[batch, row_size, Size::Fixed(architecture.strong_classes)]);
        }
        if architecture.weak_classes > 0 {
            let mean = self.mean_row(&features, row_count);
            let weak = self.linear_rows(&mean, "weak_head", feature_count, architecture.weak_classes)?;
            self.graph.output(&weak, WEAK, &[batch, Size::Fixed(architecture.weak_classes)]);
        }
        if has_features {
            let seen = self.rows_of_maps(&maps);
            self.graph.output(&seen, BACKBONE, &[batch, row_size, Size::Fixed(channels)]);
            let seen = self.graph.node("Identity", &[&features], vec![]);
            self.graph.output(&seen, FEATURES, &[batch, row_size, Size::Fixed(feature_count)]);
        }
        Ok(self.graph.finish(env!("CARGO_PKG_VERSION")))
    }

    /// The mean over rows, `[batch, feature]`. Runtimes compute it whether it is asked for or not, and a product takes them a tenth of the time that
    /// a reduction over the outer axis takes.
    fn mean_row(&mut self, features: &Value, rows: RowCount) -> Value {
        let axis = self.graph.integers("row axis", &[1]);
        match rows {
            RowCount::Fixed(count) => {
                let shares = self.graph.floats("row shares", &[1, count], &vec![1.0 / count as f32; count]);
                let mean = self.mat_mul(&shares, features);
                self.graph.node("Squeeze", &[&mean, &axis], vec![])
            }
            RowCount::Open => self.graph.node("ReduceMean", &[features, &axis], vec![int("keepdims", 0)]),
        }
    }
}
