//! What a network of the family is made of: sizes of its layers, read from the shapes of tensors or given by name. Never derived from a
//! file's name: the released checkpoints are not all what their names say.

use super::ZooError;
use crate::checkpoint::Tensor;
use std::collections::BTreeMap;
use std::fmt;

/// Tensors of a network by name.
pub(super) type Shapes<'a> = BTreeMap<String, &'a Tensor>;

/// A network of the family.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// The frame-wise MobileNet.
    pub backbone: Backbone,
    /// What follows it, if anything.
    pub sequence: Option<Sequence>,
    /// Classes of the frame-wise head.
    pub strong_classes: usize,
    /// Classes of the clip-wise head; 0 without one.
    pub weak_classes: usize,
}

/// A frame-wise MobileNetV3: what the width decides about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backbone {
    /// Channels of the first convolution.
    pub stem: usize,
    /// The fifteen inverted residuals.
    pub blocks: Vec<Block>,
    /// Channels of the last convolution, which are those of the output.
    pub channels: usize,
}

/// Channels of an inverted residual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// After the expansion.
    pub expanded: usize,
    /// After the projection.
    pub out: usize,
    /// Within the squeeze-and-excitation; 0 without one.
    pub squeeze: usize,
}

/// What every width shares: a line of the layer table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub kernel: usize,
    pub expanded: usize,
    pub out: usize,
    /// Of the frequency axis and of the time axis.
    pub strides: [usize; 2],
    pub has_squeeze: bool,
    pub is_hard_swish: bool,
}

const fn line(
    kernel: usize,
    [expanded, out]: [usize; 2],
    strides: [usize; 2],
    has_squeeze: bool,
    is_hard_swish: bool,
) -> Line {
    Line { kernel, expanded, out, strides, has_squeeze, is_hard_swish }
}

/// The inverted residuals at width 1.
pub(super) const LINES: [Line; 15] = [
    line(3, [16, 16], [1, 1], false, false),
    line(3, [64, 24], [2, 2], false, false),
    line(3, [72, 24], [2, 1], false, false),
    line(5, [72, 40], [1, 1], true, false),
    line(5, [120, 40], [1, 1], true, false),
    line(5, [120, 40], [2, 1], true, false),
    line(3, [240, 80], [1, 1], false, true),
    line(3, [200, 80], [2, 1], false, true),
    line(3, [184, 80], [1, 1], false, true),
    line(3, [184, 80], [1, 1], false, true),
    line(3, [480, 112], [2, 1], true, true),
    line(3, [672, 112], [1, 1], true, true),
    line(5, [672, 160], [1, 1], true, true),
    line(5, [960, 160], [1, 1], true, true),
    line(5, [960, 160], [2, 1], true, true),
];
/// Channels of the first convolution at width 1.
const STEM: usize = 16;
/// The last convolution has this many times the channels that come in.
const LAST_EXPANSION: usize = 6;
/// No layer of a network that runs is larger. A tensor without elements may claim any size; sums and products of these fit 64 bits.
const LARGEST_SIZE: usize = 1 << 20;
/// Widths that have names, in tenths: fmn04 to fmn30.
const NAMED_WIDTHS: [u32; 5] = [4, 6, 10, 20, 30];

impl Backbone {
    /// The backbone of a width multiplier (0.4 for fmn04).
    pub fn of_width(width: f64) -> Self {
        let channels = |base: usize| rounded(base as f64 * width);
        let blocks = LINES.map(|line| {
            let expanded = channels(line.expanded);
            let squeeze = if line.has_squeeze { rounded((expanded / 4) as f64) } else { 0 };
            Block { expanded, out: channels(line.out), squeeze }
        });
        let last = LINES.last().map_or(0, |line| channels(line.out));
        Self { stem: channels(STEM), blocks: blocks.to_vec(), channels: LAST_EXPANSION * last }
    }

    /// `fmn04` … `fmn30`, or none for another width.
    pub fn name(&self) -> Option<String> {
        let is_this = |tenths: &u32| Self::of_width(f64::from(*tenths) / 10.0) == *self;
        NAMED_WIDTHS.into_iter().find(is_this).map(|tenths| format!("fmn{tenths:02}"))
    }

    fn recognise(shapes: &Shapes<'_>) -> Result<Self, ZooError> {
        let stem = first_size(shapes, "features.0.0.weight", "a convolution")?;
        let mut blocks = Vec::with_capacity(LINES.len());
        let mut input = stem;
        for (index, line) in LINES.iter().enumerate() {
            let names = BlockNames::new(index + 1, shapes);
            let expanded = first_size(shapes, &format!("{}.0.weight", names.depthwise), "a depthwise convolution")?;
            let out = first_size(shapes, &format!("{}.0.weight", names.project), "a projection")?;
            let squeeze = match line.has_squeeze {
                true => first_size(shapes, &format!("{}.fc1.weight", names.squeeze), "a squeeze")?,
                false => 0,
            };
            if !names.has_expansion && expanded != input {
                let name = format!("{}.0.weight", names.depthwise);
                let found = shapes.get(&name).map(|tensor| tensor.shape.clone()).unwrap_or_default();
                return Err(ZooError::Shape { name, found, expected: format!("{input} channels") });
            }
            blocks.push(Block { expanded, out, squeeze });
            input = out;
        }
        Ok(Self { stem, blocks, channels: first_size(shapes, "features.16.0.weight", "the last convolution")? })
    }
}

/// Channel numbers are multiples of 8, at least 8, and never a tenth below what was asked for.
fn rounded(channels: f64) -> usize {
    let nearest = (((channels + 4.0) / 8.0).floor() * 8.0).max(8.0);
    let kept = if nearest < 0.9 * channels { nearest + 8.0 } else { nearest };
    kept as usize
}

/// Names of the parts of an inverted residual, which are counted through, so that they depend on which there are.
pub(super) struct BlockNames {
    pub has_expansion: bool,
    pub expand: String,
    pub depthwise: String,
    pub squeeze: String,
    pub project: String,
}

impl BlockNames {
    /// Of the inverted residual `layer` (1 to 15): a block without expansion has its depthwise convolution, of one channel a group, first.
    fn new(layer: usize, shapes: &Shapes<'_>) -> Self {
        let first = shapes.get(&format!("features.{layer}.block.0.0.weight"));
        let has_expansion = first.is_none_or(|tensor| tensor.shape.get(2).is_none_or(|&kernel| kernel == 1));
        Self::of(layer, has_expansion, LINES.get(layer - 1).is_some_and(|line| line.has_squeeze))
    }

    pub fn of(layer: usize, has_expansion: bool, has_squeeze: bool) -> Self {
        let part = |place: usize| format!("features.{layer}.block.{place}");
        let depthwise = usize::from(has_expansion);
        Self {
            has_expansion,
            expand: part(0),
            depthwise: part(depthwise),
            squeeze: format!("{}.conc_se_layers.0", part(depthwise + 1)),
            project: part(depthwise + 1 + usize::from(has_squeeze)),
        }
    }
}

/// A sequence model: what it does to the backbone's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Which kind.
    pub kind: SequenceKind,
    /// Its dimension, the number in the network's name.
    pub dim: usize,
    /// Heads of attention or of the state space; 1 where there are none.
    pub heads: usize,
    /// Layers one after the other.
    pub layers: usize,
    /// Sizes that only Mamba-2 has.
    pub state_space: Option<StateSpace>,
    /// Whether a linear layer brings the backbone's channels to `dim` first.
    pub is_projected: bool,
}

/// Sizes of a Mamba-2 layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSpace {
    /// States a channel.
    pub states: usize,
    /// Channels after the expansion.
    pub inner: usize,
}

/// The kinds of sequence models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SequenceKind {
    /// Transformer blocks: attention with rotary embedding and gates, and a feed-forward layer each (`tf`).
    Transformer,
    /// Attention alone (`attn`).
    Attention,
    /// A bidirectional gated recurrent unit (`gru`).
    Gru,
    /// A temporal convolutional network, causal (`tcn`).
    Tcn,
    /// Mamba-2, causal (`mamba`).
    Mamba,
    /// A bidirectional minimal GRU and attention side by side (`hybrid`).
    Hybrid,
}

impl SequenceKind {
    const ALL: [Self; 6] = [Self::Transformer, Self::Attention, Self::Gru, Self::Tcn, Self::Mamba, Self::Hybrid];

    /// The kind that has this word in a network's name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The word in a network's name: `tf`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transformer => "tf",
            Self::Attention => "attn",
            Self::Gru => "gru",
            Self::Tcn => "tcn",
            Self::Mamba => "mamba",
            Self::Hybrid => "hybrid",
        }
    }
}

impl Sequence {
    /// The sequence model that the published programs make for `word` and `dim`.
    pub fn named(word: &str, dim: usize) -> Result<Self, ZooError> {
        let kind = SequenceKind::of_word(word).ok_or_else(|| ZooError::Setting {
            what: "sequence model".to_owned(),
            found: format!("{word:?}"),
            expected: "tf, attn, gru, tcn, mamba or hybrid".to_owned(),
        })?;
        // Rotary embedding turns pairs, so that a head that has it needs an even dimension.
        let (heads, step) = match kind {
            SequenceKind::Transformer if dim < 128 => (4, 8),
            SequenceKind::Transformer | SequenceKind::Attention => (8, 16),
            SequenceKind::Hybrid => (8, 8),
            SequenceKind::Gru | SequenceKind::Tcn => (1, 1),
            SequenceKind::Mamba if dim == 128 => (8, 32),
            SequenceKind::Mamba => (2 * dim / 64, 32),
        };
        if !(8..=8192).contains(&dim) || !dim.is_multiple_of(step) {
            return Err(ZooError::Setting {
                what: format!("dimension of {word}"),
                found: dim.to_string(),
                expected: format!("a multiple of {step} from {} to 8192", step.max(8)),
            });
        }
        let state_space = (kind == SequenceKind::Mamba).then_some(StateSpace { states: 64, inner: 2 * dim });
        Ok(Self { kind, dim, heads, layers: 2, state_space, is_projected: kind != SequenceKind::Gru })
    }

    /// Features of a frame that comes out.
    pub fn output_dim(&self) -> usize {
        if self.kind == SequenceKind::Gru { 2 * self.dim } else { self.dim }
    }
}

impl Architecture {
    /// A network by name: `fmn10`, `fmn10+tf-256`. The heads have `strong_classes` and `weak_classes` outputs.
    pub fn named(name: &str, strong_classes: usize, weak_classes: usize) -> Result<Self, ZooError> {
        let refuse = |what: &str, found: &str, expected: &str| ZooError::Setting {
            what: what.to_owned(),
            found: format!("{found:?}"),
            expected: expected.to_owned(),
        };
        let (backbone, sequence) = name.split_once('+').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let tenths = backbone.strip_prefix("fmn").and_then(|digits| digits.parse().ok());
        let Some(tenths) = tenths.filter(|tenths| NAMED_WIDTHS.contains(tenths)) else {
            return Err(refuse("backbone", backbone, "fmn04, fmn06, fmn10, fmn20 or fmn30"));
        };
        let sequence = match sequence {
            None => None,
            Some(text) => {
                let expected = "a kind and a dimension, as in tf-256";
                let (word, dim) = text.rsplit_once('-').ok_or_else(|| refuse("sequence model", text, expected))?;
                let dim = dim.parse().map_err(|_| refuse("sequence model", text, expected))?;
                Some(Sequence::named(word, dim)?)
            }
        };
        Ok(Self { backbone: Backbone::of_width(f64::from(tenths) / 10.0), sequence, strong_classes, weak_classes })
    }

    /// Reads the architecture from the shapes of a network's tensors, named as [`super::network_tensors`] names them.
    pub(super) fn recognise(shapes: &Shapes<'_>) -> Result<Self, ZooError> {
        let backbone = Backbone::recognise(shapes)?;
        let sequence = super::recognise::sequence(shapes, backbone.channels)?;
        let strong_classes = first_size(shapes, "strong_head.weight", "the frame-wise head [class × feature]")?;
        let weak_classes = match shapes.contains_key("weak_head.weight") {
            true => first_size(shapes, "weak_head.weight", "the clip-wise head")?,
            false => 0,
        };
        Ok(Self { backbone, sequence, strong_classes, weak_classes })
    }

    /// Features of a frame that the heads see.
    pub fn feature_count(&self) -> usize {
        self.sequence.map_or(self.backbone.channels, |sequence| sequence.output_dim())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.backbone.name() {
            Some(name) => out.write_str(&name)?,
            None => write!(out, "fmn ({} channels)", self.backbone.channels)?,
        }
        match &self.sequence {
            Some(sequence) => write!(out, "+{}-{}", sequence.kind.word(), sequence.dim),
            None => Ok(()),
        }
    }
}

/// The first dimension of a tensor: what a layer gives, 1 to [`LARGEST_SIZE`].
pub(super) fn first_size(shapes: &Shapes<'_>, name: &str, what: &str) -> Result<usize, ZooError> {
    size_at(shapes, name, 0, what)
}

/// The dimension `axis` of a tensor, 1 to [`LARGEST_SIZE`].
pub(super) fn size_at(shapes: &Shapes<'_>, name: &str, axis: usize, what: &str) -> Result<usize, ZooError> {
    let Some(tensor) = shapes.get(name) else {
        return Err(ZooError::Missing { name: name.to_owned(), expected: what.to_owned() });
    };
    let expected = match tensor.shape.get(axis) {
        Some(&size) if (1..=LARGEST_SIZE).contains(&size) => return Ok(size),
        Some(&size) if size > 0 => format!("{what}, of at most {LARGEST_SIZE}"),
        _ => what.to_owned(),
    };
    Err(ZooError::Shape { name: name.to_owned(), found: tensor.shape.clone(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_rounded_as_published() {
        let of = |width: f64| {
            let backbone = Backbone::of_width(width);
            let squeezes: Vec<usize> = backbone.blocks.iter().map(|block| block.squeeze).filter(|&s| s > 0).collect();
            (backbone.stem, backbone.blocks[1].expanded, backbone.blocks[10].out, squeezes, backbone.channels)
        };
        assert_eq!(of(0.4), (8, 24, 48, vec![8, 16, 16, 48, 72, 72, 96, 96], 384));
        assert_eq!(of(0.6), (16, 40, 64, vec![16, 24, 24, 72, 104, 104, 144, 144], 576));
        assert_eq!(of(1.0), (16, 64, 112, vec![24, 32, 32, 120, 168, 168, 240, 240], 960));
        assert_eq!(of(2.0), (32, 128, 224, vec![40, 64, 64, 240, 336, 336, 480, 480], 1920));
        assert_eq!(of(3.0), (48, 192, 336, vec![56, 88, 88, 360, 504, 504, 720, 720], 2880));
    }

    #[test]
    fn names_are_read_and_written() {
        for name in ["fmn04", "fmn30", "fmn10+tf-256", "fmn06+gru-160", "fmn04+hybrid-104", "fmn10+mamba-128"] {
            assert_eq!(Architecture::named(name, 447, 447).unwrap().to_string(), name);
        }
        let heads = |name| Architecture::named(name, 1, 1).unwrap().sequence.unwrap().heads;
        assert_eq!((heads("fmn04+tf-104"), heads("fmn10+tf-128"), heads("fmn10+mamba-128")), (4, 8, 8));
        assert_eq!((heads("fmn10+mamba-256"), heads("fmn10+attn-112")), (8, 8));
        for name in ["fmn05", "fmn10+lstm-3", "fmn10+tf", "fmn10+attn-104", "fmn10+mamba-100", "", "fmn10+tf-0"] {
            assert!(Architecture::named(name, 1, 1).is_err(), "{name}");
        }
    }
}
