//! Evening out the channels between two convolutions before they share one scale of 8 bits: what a channel is divided by in the first one it is
//! multiplied by in the second, and since a rectifier stands between them at most, the network computes what it did.
//!
//! Without that, the channel with the largest numbers leaves few steps to all others (Nagel et al., 2019, "Data-free quantization through weight
//! equalization and bias correction"; here the ranges are those that were seen).

use super::prepared::Prepared;
use super::tensors::{float_tensor, floats_of};
use super::{Range, Ranges};
use crate::onnx::proto::{Node, Tensor};
use crate::onnx::shapes::int;

/// No channel is made larger by more than this where each has a scale of its own in the second convolution, and where they share one.
const MOST_GAIN: [f32; 2] = [1e4, 1e3];

/// A convolution's constants.
struct Convolution<'a> {
    weights: &'a Tensor,
    bias: Option<&'a Tensor>,
    groups: i64,
}

/// Two convolutions in a row.
struct Pair<'a> {
    first: Convolution<'a>,
    second: Convolution<'a>,
    /// The value between them, after the rectifier if there is one.
    between: &'a str,
    /// What the first one gives.
    given: &'a str,
}

/// Evens out all channels that can be, and tells the ranges of what that changes.
pub(super) fn equalise(prepared: &mut Prepared, ranges: &mut Ranges) {
    let mut changed: Vec<Tensor> = Vec::new();
    // In order, so that a convolution between two others is divided first and multiplied then.
    for place in 0..prepared.graph.node.len() {
        changed.clear();
        if let Some(pair) = pair_at(prepared, place)
            && let Some(gains) = gains(&pair, ranges)
        {
            changed.extend(divided(&pair, &gains));
            let Some(seen) = ranges.channels_of(pair.between).filter(|_| !changed.is_empty()) else { continue };
            let greatest = seen.iter().zip(&gains).fold(0.0_f32, |most, (seen, gain)| most.max(seen * gain));
            let old = ranges.of(pair.between).unwrap_or(Range { least: 0.0, greatest });
            let least = if old.least < 0.0 { -greatest } else { 0.0 };
            let (between, given) = (pair.between.to_owned(), pair.given.to_owned());
            ranges.set(&between, Range { least, greatest });
            if given != between {
                ranges.set(&given, Range { least: -greatest, greatest });
            }
        }
        for tensor in changed.drain(..) {
            if let Some(old) = prepared.graph.initializer.iter_mut().find(|old| old.name == tensor.name) {
                *old = tensor;
            }
        }
    }
}

/// The pair whose first convolution is the node at `place`, if there is one and its constants are nobody else's.
fn pair_at(prepared: &Prepared, place: usize) -> Option<Pair<'_>> {
    let nodes = &prepared.graph.node;
    if nodes.get(place)?.op_type != "Conv" {
        return None;
    }
    let (takers, constants) = (prepared.takers(), prepared.constants());
    let only_taker = |value: &str| -> Option<&Node> {
        let is_given = prepared.graph.output.iter().any(|output| output.name == value);
        match takers.get(value).map(Vec::as_slice) {
            Some([one]) if !is_given => nodes.get(*one),
            _ => None,
        }
    };
    let convolution = |node: &Node| -> Option<Convolution<'_>> {
        let constant = |place: usize| -> Option<&Tensor> {
            let tensor = *constants.get(node.input.get(place)?.as_str())?;
            (takers.get(tensor.name.as_str()).map(Vec::len) == Some(1)).then_some(tensor)
        };
        let has_bias = node.input.get(2).is_some_and(|name| !name.is_empty());
        let bias = if has_bias { Some(constant(2)?) } else { None };
        let is_own = node.op_type == "Conv" && matches!(node.domain.as_str(), "" | "ai.onnx");
        if is_own { Some(Convolution { weights: constant(1)?, bias, groups: int_of(node, "group") }) } else { None }
    };
    let node = nodes.get(place)?;
    let first = convolution(node)?;
    let given = node.output.first()?.as_str();
    let next = only_taker(given)?;
    let (between, second) = if next.op_type == "Relu" {
        let between = next.output.first()?.as_str();
        (between, only_taker(between)?)
    } else {
        (given, next)
    };
    if second.input.first().map(String::as_str) != Some(between) {
        return None;
    }
    Some(Pair { first, second: convolution(second)?, between, given })
}

fn int_of(node: &Node, name: &str) -> i64 {
    int(node, name).unwrap_or(1)
}

/// Whether each channel has a filter of its own.
fn is_by_channel(convolution: &Convolution<'_>, channels: usize) -> bool {
    convolution.groups > 1
        && usize::try_from(convolution.groups) == Ok(channels)
        && convolution.weights.dims.first() == Some(&convolution.groups)
        && convolution.weights.dims.get(1) == Some(&1)
}

/// What each channel between the two is multiplied by; none if nothing is gained or the sizes do not fit.
fn gains(pair: &Pair<'_>, ranges: &Ranges) -> Option<Vec<f32>> {
    let seen = ranges.channels_of(pair.between)?;
    let channels = seen.len();
    if pair.first.weights.dims.first() != Some(&(channels as i64)) || !seen.iter().all(|most| most.is_finite()) {
        return None;
    }
    let (wanted, most_gain): (Vec<f32>, f32) = if is_by_channel(&pair.second, channels) {
        (seen.to_vec(), MOST_GAIN[0])
    } else {
        if pair.second.groups != 1 || pair.second.weights.dims.get(1) != Some(&(channels as i64)) {
            return None;
        }
        let weights = floats_of(pair.second.weights)?;
        let window: usize = weights.len().checked_div(channels * *pair.second.weights.dims.first()? as usize)?;
        let mut heaviest = vec![0.0_f32; channels];
        for (place, part) in weights.chunks_exact(window.max(1)).enumerate() {
            let most = &mut heaviest[place % channels];
            *most = part.iter().fold(*most, |most, weight| most.max(weight.abs()));
        }
        // A channel that is made as large as all others makes its weights larger: half of the way for each.
        let even = seen.iter().zip(&heaviest).map(|(seen, heaviest)| (seen / heaviest.max(1e-9)).sqrt());
        (even.collect(), MOST_GAIN[1])
    };
    let largest = wanted.iter().fold(0.0_f32, |most, &wanted| most.max(wanted));
    if largest.is_nan() || largest <= 0.0 || largest.is_infinite() {
        return None;
    }
    Some(wanted.iter().map(|wanted| largest / wanted.max(largest / most_gain)).collect())
}

/// The constants of both convolutions with the channels between them multiplied.
fn divided(pair: &Pair<'_>, gains: &[f32]) -> Vec<Tensor> {
    let channels = gains.len();
    let scaled = |tensor: &Tensor, gain_of: &dyn Fn(usize, usize) -> f32| {
        let numbers = floats_of(tensor)?;
        let count = numbers.len();
        let numbers: Vec<f32> = numbers.iter().enumerate().map(|(at, number)| number * gain_of(at, count)).collect();
        numbers.iter().all(|number| number.is_finite()).then(|| float_tensor(&tensor.name, &tensor.dims, &numbers))
    };
    let rows = |at: usize, count: usize| gains[(at * channels / count.max(1)).min(channels - 1)];
    let weights = scaled(pair.first.weights, &rows);
    let bias = pair.first.bias.map(|bias| scaled(bias, &rows));
    let second = if is_by_channel(&pair.second, channels) {
        scaled(pair.second.weights, &|at, count| 1.0 / rows(at, count))
    } else {
        let filters = usize::try_from(pair.second.weights.dims.first().copied().unwrap_or(1)).unwrap_or(1).max(1);
        scaled(pair.second.weights, &|at, count| {
            let window = (count / (channels * filters).max(1)).max(1);
            1.0 / gains[at / window % channels]
        })
    };
    // All of them or none: half of it would be another network.
    let all: Option<Vec<Tensor>> = [Some(weights), bias, Some(second)].into_iter().flatten().collect();
    all.unwrap_or_default()
}
