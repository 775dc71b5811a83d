//! What a network of the family costs, by closed formulas from its layers: parameters, and multiply-accumulates as the paper that published
//! it counts them (arXiv 2503.11373). Pure; reads no graph and no weights. What a graph really computes is counted by [`crate::onnx::cost`].
//!
//! The paper's convention, for one clip of 10 s without its front end: weights of convolutions and of linear layers times the places where they
//! are applied, and 2·T²·D for each attention; normalisations, activations, biases and products of single numbers count nothing. Recurrences
//! and scans count nothing either, although a GRU's are larger than all the rest ([`Complexity::uncounted_macs`]), and the convolutions of
//! a TCN, registered twice in the program that counted, count twice ([`Complexity::once_macs`]). Parameters are those of a checkpoint:
//! batch normalisations not folded, both heads, rotary frequencies.

/// Mel bands and frames of a clip, and frames of scores: the paper's clip of 10 s.
const BANDS: u64 = 128;
const MEL_FRAMES: u64 = 1000;
const FRAMES: u64 = 250;
const LAYERS: u64 = 2;
/// No dimension, number of heads or of classes is larger: what they are multiplied to stays within 64 bits.
const LARGEST: u64 = 1 << 16;
/// No backbone is wider.
const WIDEST: f64 = 64.0;

/// A sequence model on top of the backbone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SequenceKind {
    /// Transformer blocks: attention with rotary positions and gates, and a feed-forward part.
    Transformer,
    /// The same attention alone.
    Attention,
    /// Bidirectional GRU.
    Gru,
    /// Causal dilated convolutions.
    Tcn,
    /// Mamba-2.
    Mamba,
    /// minGRU and attention side by side, and a feed-forward part.
    Hybrid,
}

/// A sequence model and its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Which one.
    pub kind: SequenceKind,
    /// The dimension in its name: features, or hidden units of one direction of a GRU.
    pub dim: u64,
    /// Heads of the attention or of Mamba's state; 1 where there are none.
    pub heads: u64,
}

impl Sequence {
    /// The sequence model as the paper sizes its heads.
    pub fn published(kind: SequenceKind, dim: u64) -> Self {
        let heads = match kind {
            SequenceKind::Transformer if dim < 128 => 4,
            SequenceKind::Transformer | SequenceKind::Attention | SequenceKind::Hybrid => 8,
            SequenceKind::Mamba if dim == 128 => 2 * dim / 32,
            SequenceKind::Mamba => 2 * dim / 64,
            SequenceKind::Gru | SequenceKind::Tcn => 1,
        };
        Self { kind, dim, heads }
    }

    /// Features of a frame that go to the heads.
    pub fn features(&self) -> u64 {
        if self.kind == SequenceKind::Gru { 2 * self.dim } else { self.dim }
    }
}

/// The sizes that decide what a network costs; those that no network has ([`LARGEST`]) are taken for the largest that count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// Width of the backbone: 1.0 for `fmn10`.
    pub width: f64,
    /// The sequence model, if there is one.
    pub sequence: Option<Sequence>,
    /// Classes of the frame-wise head.
    pub strong_classes: u64,
    /// Classes of the clip-wise head.
    pub weak_classes: u64,
}

/// What a network costs for a clip of 10 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Complexity {
    /// Numbers that were learnt.
    pub parameters: u64,
    /// Multiply-accumulates in the paper's convention.
    pub paper_macs: u64,
    /// The same with each convolution counted once, as it is computed.
    pub once_macs: u64,
    /// Multiply-accumulates of a GRU (input projections and recurrence), which the convention leaves out. Those of minGRU's and Mamba's
    /// scans depend on how they are computed and are counted in a graph only.
    pub uncounted_macs: u64,
}

/// Parameters and multiply-accumulates of a part.
#[derive(Clone, Copy, Default)]
struct Part {
    parameters: u64,
    macs: u64,
    extra_macs: u64,
    uncounted_macs: u64,
}

impl Part {
    fn add(&mut self, other: Self) {
        self.parameters += other.parameters;
        self.macs += other.macs;
        self.extra_macs += other.extra_macs;
        self.uncounted_macs += other.uncounted_macs;
    }

    /// Weights without bias, applied at so many places.
    fn weights(count: u64, places: u64) -> Self {
        Self { parameters: count, macs: count * places, ..Self::default() }
    }

    /// Parameters that multiply nothing that is counted.
    fn silent(count: u64) -> Self {
        Self { parameters: count, ..Self::default() }
    }
}

fn sum(parts: impl IntoIterator<Item = Part>) -> Part {
    parts.into_iter().fold(Part::default(), |mut all, part| {
        all.add(part);
        all
    })
}

/// A multiple of eight near `value`, never a tenth or more below it: the channels of a MobileNet.
pub fn round_channels(value: f64) -> u64 {
    let rounded = (((value + 4.0) / 8.0).floor() * 8.0).max(8.0);
    (if rounded < 0.9 * value { rounded + 8.0 } else { rounded }) as u64
}

/// An inverted residual block at width 1: channels in, expanded and out, kernel, strides over bands and time, squeeze and excitation.
struct Block(u64, u64, u64, u64, u64, u64, bool);

const BLOCKS: [Block; 15] = [
    Block(16, 16, 16, 3, 1, 1, false),
    Block(16, 64, 24, 3, 2, 2, false),
    Block(24, 72, 24, 3, 2, 1, false),
    Block(24, 72, 40, 5, 1, 1, true),
    Block(40, 120, 40, 5, 1, 1, true),
    Block(40, 120, 40, 5, 2, 1, true),
    Block(40, 240, 80, 3, 1, 1, false),
    Block(80, 200, 80, 3, 2, 1, false),
    Block(80, 184, 80, 3, 1, 1, false),
    Block(80, 184, 80, 3, 1, 1, false),
    Block(80, 480, 112, 3, 2, 1, true),
    Block(112, 672, 112, 3, 1, 1, true),
    Block(112, 672, 160, 5, 1, 1, true),
    Block(160, 960, 160, 5, 1, 1, true),
    Block(160, 960, 160, 5, 2, 1, true),
];

/// The backbone, and its channels at the end.
fn backbone(width: f64) -> (Part, u64) {
    let channels = |base: u64| round_channels(base as f64 * width);
    // A convolution that keeps the size but for its stride, with its batch normalisation.
    let convolution =
        |weights: u64, out: u64, places: u64| sum([Part::weights(weights, places), Part::silent(2 * out)]);
    let (mut bands, mut frames) = (BANDS.div_ceil(2), MEL_FRAMES.div_ceil(2));
    let first = channels(16);
    let mut part = convolution(first * 9, first, bands * frames);
    for &Block(input, expanded, output, kernel, band_stride, frame_stride, is_squeezed) in &BLOCKS {
        let (input, expanded, output) = (channels(input), channels(expanded), channels(output));
        if expanded != input {
            part.add(convolution(input * expanded, expanded, bands * frames));
        }
        (bands, frames) = (bands.div_ceil(band_stride), frames.div_ceil(frame_stride));
        part.add(convolution(expanded * kernel * kernel, expanded, bands * frames));
        if is_squeezed {
            let squeezed = round_channels((expanded / 4) as f64);
            part.add(sum([Part::weights(2 * expanded * squeezed, 1), Part::silent(expanded + squeezed)]));
        }
        part.add(convolution(expanded * output, output, bands * frames));
    }
    let last = channels(160);
    part.add(convolution(last * 6 * last, 6 * last, bands * frames));
    (part, 6 * last)
}

fn linear(from: u64, to: u64, places: u64) -> Part {
    sum([Part::weights(from * to, places), Part::silent(to)])
}

/// One softmax attention over all frames, without its projections.
fn attention(dim: u64) -> Part {
    Part { macs: 2 * FRAMES * FRAMES * dim, ..Part::default() }
}

/// The feed-forward part and its norm.
fn feed_forward(dim: u64) -> Part {
    sum([Part::silent(dim), linear(dim, 4 * dim, FRAMES), linear(4 * dim, dim, FRAMES)])
}

/// Attention with its norm, gates, rotary frequencies and projections.
fn gated_attention(dim: u64, heads: u64) -> Part {
    sum([
        Part::silent(dim + dim / heads / 2),
        Part::weights(4 * dim * dim, FRAMES),
        linear(dim, heads, FRAMES),
        attention(dim),
    ])
}

fn hybrid_layer(dim: u64, heads: u64) -> Part {
    let square = dim * dim;
    // Query, key and value; a minGRU in each direction and what joins them; the output.
    let projections = Part::weights((3 + 4 + 2 + 1) * square, FRAMES);
    sum([Part::silent(dim + 2 * (dim / heads)), projections, attention(dim), feed_forward(dim)])
}

fn gru(inputs: u64, dim: u64) -> Part {
    let layer = |inputs: u64| {
        let weights = 2 * 3 * dim * (inputs + dim);
        Part { parameters: weights + 2 * 6 * dim, uncounted_macs: weights * FRAMES, ..Part::default() }
    };
    sum([layer(inputs), layer(2 * dim)])
}

fn tcn_layer(dim: u64) -> Part {
    let weights = 3 * dim * dim;
    // The program pads both ends, computes, and cuts the end off: the cut part is counted.
    let macs: u64 = [1, 2, 4, 8, 16].iter().map(|dilation| 2 * weights * (FRAMES + 2 * dilation)).sum();
    Part { parameters: 10 * (weights + 2 * dim), macs, extra_macs: macs, ..Part::default() }
}

fn mamba_layer(dim: u64, heads: u64) -> Part {
    const STATE: u64 = 64;
    const KERNEL: u64 = 3;
    let inner = 2 * dim;
    let convolved = inner + 2 * STATE;
    sum([
        Part::weights(dim * (inner + convolved + heads), FRAMES),
        Part::weights(convolved * KERNEL, FRAMES),
        // The bias of the convolution; of each head the step's bias, the decay and the direct path; the norm around.
        Part::silent(convolved + 3 * heads + 2 * dim),
        Part::weights(inner * dim, FRAMES),
    ])
}

fn sequence_part(sequence: &Sequence, inputs: u64) -> Part {
    let Sequence { kind, dim, heads } = *sequence;
    let layer = |layer: Part, once: Part| {
        sum([linear(inputs, dim, FRAMES), once].into_iter().chain((0..LAYERS).map(|_| layer)))
    };
    match kind {
        SequenceKind::Transformer => layer(sum([gated_attention(dim, heads), feed_forward(dim)]), Part::silent(dim)),
        SequenceKind::Attention => layer(gated_attention(dim, heads), Part::default()),
        SequenceKind::Gru => gru(inputs, dim),
        SequenceKind::Tcn => layer(tcn_layer(dim), Part::default()),
        SequenceKind::Mamba => layer(mamba_layer(dim, heads), Part::silent(2 * dim)),
        SequenceKind::Hybrid => layer(hybrid_layer(dim, heads), Part::silent(dim)),
    }
}

/// What a network of these sizes costs for a clip of 10 s.
pub fn of(sizes: &Sizes) -> Complexity {
    let (mut all, channels) = backbone(sizes.width.clamp(0.0, WIDEST));
    let sequence = sizes.sequence.map(|Sequence { kind, dim, heads }| Sequence {
        kind,
        dim: dim.min(LARGEST),
        heads: heads.clamp(1, LARGEST),
    });
    let features = sequence.map_or(channels, |sequence| sequence.features());
    if let Some(sequence) = &sequence {
        all.add(sequence_part(sequence, channels));
    }
    all.add(linear(features, sizes.strong_classes.min(LARGEST), FRAMES));
    all.add(linear(features, sizes.weak_classes.min(LARGEST), 1));
    Complexity {
        parameters: all.parameters,
        paper_macs: all.macs + all.extra_macs,
        once_macs: all.macs,
        uncounted_macs: all.uncounted_macs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SequenceKind::{Attention, Gru, Hybrid, Mamba, Tcn, Transformer};

    fn cost(width: f64, sequence: Option<(SequenceKind, u64)>) -> Complexity {
        let sequence = sequence.map(|(kind, dim)| Sequence::published(kind, dim));
        of(&Sizes { width, sequence, strong_classes: 447, weak_classes: 447 })
    }

    /// Parameters, MACs and MACs not counted of the reference's table, in the digits it gives.
    type Row = (f64, Option<(SequenceKind, u64)>, f64, f64, f64);

    const ROWS: [Row; 38] = [
        (0.4, None, 860_318.0, 0.224, 0.0),
        (0.6, None, 1_615_022.0, 0.441, 0.0),
        (1.0, None, 3_830_798.0, 1.055, 0.0),
        (2.0, None, 13_359_254.0, 3.840, 0.0),
        (3.0, None, 28_574_734.0, 8.354, 0.0),
        (1.0, Some((Transformer, 128)), 3.607e6, 1.123, 0.0),
        (1.0, Some((Transformer, 256)), 5.028e6, 1.496, 0.0),
        (1.0, Some((Transformer, 512)), 10.230e6, 2.831, 0.0),
        (1.0, Some((Transformer, 1024)), 30.070e6, 7.860, 0.0),
        (1.0, Some((Gru, 128)), 4.335e6, 0.976, 0.283),
        (1.0, Some((Gru, 256)), 6.484e6, 1.005, 0.762),
        (1.0, Some((Gru, 512)), 13.141e6, 1.062, 2.310),
        (1.0, Some((Gru, 1024)), 35.892e6, 1.177, 7.766),
        (1.0, Some((Hybrid, 128)), 3.802e6, 1.172, 0.0),
        (1.0, Some((Hybrid, 256)), 5.811e6, 1.691, 0.0),
        (1.0, Some((Hybrid, 512)), 13.367e6, 3.615, 0.0),
        (1.0, Some((Hybrid, 1024)), 42.637e6, 11.001, 0.0),
        (1.0, Some((Attention, 128)), 3.343e6, 1.058, 0.0),
        (1.0, Some((Attention, 256)), 3.976e6, 1.234, 0.0),
        (1.0, Some((Attention, 512)), 6.029e6, 1.782, 0.0),
        (1.0, Some((Attention, 1024)), 13.279e6, 3.665, 0.0),
        (1.0, Some((Mamba, 128)), 3.445e6, 1.051, 0.0),
        (1.0, Some((Mamba, 256)), 4.310e6, 1.253, 0.0),
        (1.0, Some((Mamba, 512)), 7.228e6, 1.953, 0.0),
        (1.0, Some((Mamba, 1024)), 17.806e6, 4.539, 0.0),
        (1.0, Some((Tcn, 128)), 4.198e6, 1.508, 0.0),
        (1.0, Some((Tcn, 256)), 7.390e6, 3.101, 0.0),
        (1.0, Some((Tcn, 512)), 19.671e6, 9.382, 0.0),
        (1.0, Some((Tcn, 1024)), 67.828e6, 34.33, 0.0),
        (0.4, Some((Transformer, 104)), 912_048.0, 0.294, 0.0),
        (0.4, Some((Hybrid, 104)), 1.041e6, 0.326, 0.0),
        (0.4, Some((Gru, 104)), 1_204_670.0, 0.205, 0.125),
        (0.6, Some((Transformer, 160)), 1.955e6, 0.612, 0.0),
        (0.6, Some((Hybrid, 160)), 2.260e6, 0.688, 0.0),
        (0.6, Some((Gru, 160)), 2.557e6, 0.412, 0.292),
        (2.0, Some((Transformer, 512)), 19.391e6, 5.630, 0.0),
        (2.0, Some((Hybrid, 512)), 22.529e6, 6.415, 0.0),
        (2.0, Some((Gru, 512)), 24.760e6, 3.739, 3.047),
    ];
    const WIDEST_ROWS: [Row; 3] = [
        (3.0, Some((Transformer, 768)), 43.079e6, 12.404, 0.0),
        (3.0, Some((Hybrid, 768)), 50.145e6, 14.170, 0.0),
        (3.0, Some((Gru, 768)), 54.818e6, 8.203, 6.857),
    ];

    #[test]
    fn every_published_network_costs_what_the_reference_says() {
        for (width, sequence, parameters, giga_macs, giga_uncounted) in ROWS.into_iter().chain(WIDEST_ROWS) {
            let cost = cost(width, sequence);
            let name = format!("{width} {sequence:?}: {cost:?}");
            // Given whole, or in thousands.
            let is_rounded = sequence.is_some() && parameters % 1000.0 == 0.0;
            let tolerance = if is_rounded { 500.0 } else { 0.0 };
            assert!((cost.parameters as f64 - parameters).abs() <= tolerance, "{name}");
            assert!((cost.paper_macs as f64 / 1e9 / giga_macs - 1.0).abs() < 0.003, "{name}");
            assert!((cost.uncounted_macs as f64 / 1e9 - giga_uncounted).abs() <= 0.0005, "{name}");
        }
    }

    #[test]
    fn convolutions_of_a_tcn_can_be_counted_once() {
        for (dim, giga_macs) in [(128, 1.250), (256, 2.069), (512, 5.255), (1024, 17.82)] {
            let once = cost(1.0, Some((Tcn, dim))).once_macs;
            assert!((once as f64 / 1e9 / giga_macs - 1.0).abs() < 0.001, "{dim}: {once}");
        }
    }

    #[test]
    fn sizes_of_no_network_do_not_overflow() {
        for kind in [Transformer, Attention, Gru, Tcn, Mamba, Hybrid] {
            for width in [f64::NAN, f64::INFINITY, -1.0, 1.0] {
                let sequence = Some(Sequence { kind, dim: u64::MAX, heads: 0 });
                of(&Sizes { width, sequence, strong_classes: u64::MAX, weak_classes: 0 });
            }
        }
    }

    #[test]
    fn the_backbone_and_one_head_have_the_parameters_of_the_reference() {
        let parts = [(0.4, 516_128), (0.6, 1_099_184), (1.0, 2_971_664), (2.0, 11_641_880), (3.0, 25_999_120)];
        for (width, parameters) in parts {
            assert_eq!(backbone(width).0.parameters, parameters);
        }
        let head = |strong_classes| of(&Sizes { width: 1.0, sequence: None, strong_classes, weak_classes: 447 });
        assert_eq!(head(447).parameters - head(0).parameters, 447 * 960 + 447);
    }
}
