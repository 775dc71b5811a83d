//! Where the writer of a graph gets its weights: a checkpoint, checked tensor by tensor, or random numbers.

use super::{Architecture, ZooError};
use crate::checkpoint::Tensor;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Gives each tensor that a layer asks for.
pub(super) trait Weights {
    /// The values of `name`, row-major of exactly `shape`.
    fn get(&mut self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, ZooError>;

    /// The tensors of the module `again` are those of `module` under a second name.
    fn alias(&mut self, again: &str, module: &str);
}

/// The tensors of a checkpoint by their names within the network.
pub(super) struct Trained<'a> {
    tensors: &'a BTreeMap<String, &'a Tensor>,
    used: BTreeSet<String>,
}

impl<'a> Trained<'a> {
    pub fn new(tensors: &'a BTreeMap<String, &'a Tensor>) -> Self {
        Self { tensors, used: BTreeSet::new() }
    }

    /// Refuses a checkpoint with tensors that no layer has asked for: it would be another network than it was taken for.
    pub fn all_used(&self, architecture: &Architecture) -> Result<(), ZooError> {
        let names: Vec<String> = self.tensors.keys().filter(|name| !self.used.contains(*name)).cloned().collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(ZooError::Unexpected { architecture: architecture.to_string(), names })
    }
}

impl Weights for Trained<'_> {
    fn get(&mut self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, ZooError> {
        let Some(&tensor) = self.tensors.get(name) else {
            return Err(ZooError::Missing { name: name.to_owned(), expected: format!("the shape {shape:?}") });
        };
        if tensor.shape != shape {
            return Err(ZooError::Shape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                expected: format!("{shape:?}"),
            });
        }
        if !tensor.values.iter().all(|value| value.is_finite()) {
            return Err(ZooError::NotFinite { name: name.to_owned() });
        }
        self.used.insert(name.to_owned());
        Ok(Cow::Borrowed(&tensor.values))
    }

    fn alias(&mut self, again: &str, module: &str) {
        let is_same = |name: &&String| {
            let part = name.strip_prefix(again).filter(|part| part.starts_with('.'))?;
            Some(self.tensors.get(&format!("{module}{part}"))? == self.tensors.get(*name)?)
        };
        let same: Vec<String> = self.tensors.keys().filter(|name| is_same(name) == Some(true)).cloned().collect();
        self.used.extend(same);
    }
}

/// Random weights of a size that keeps activations in range: for measuring speed, never for detecting.
pub(super) struct Untrained {
    state: u64,
}

impl Untrained {
    pub fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// Uniform in −1 to 1 (SplitMix64).
    fn next(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

impl Weights for Untrained {
    fn get(&mut self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, ZooError> {
        let count: usize = shape.iter().product();
        let fan_in = shape.iter().skip(1).product::<usize>().max(1);
        let is_vector = shape.len() == 1;
        let is_scale = ["running_var", "gamma", "weight_g"].iter().any(|part| name.ends_with(part));
        let values = if name.ends_with("freqs") {
            (0..count).map(|index| 10_000.0_f32.powf(-(index as f32) / count as f32)).collect()
        } else if is_scale || is_vector && name.ends_with("weight") {
            vec![1.0; count]
        } else if is_vector {
            vec![0.0; count]
        } else {
            // Variance 2 / fan-in, as He et al. (2015).
            let spread = (6.0 / fan_in as f32).sqrt();
            (0..count).map(|_| self.next() * spread).collect()
        };
        Ok(Cow::Owned(values))
    }

    fn alias(&mut self, _again: &str, _module: &str) {}
}
