//! A network that is to be counted or measured: an installed model, or one of the family with random weights.

use super::super::backend::{NetworkOutput, NetworkSource};
use super::super::catalogue;
use super::super::features::{ClipFeatures, FeatureStream};
use super::super::runtime::{self, OpenNetwork, Wanted};
use super::super::self_check::NoTrial;
use super::super::{Activation, Layout, ModelError, ModelFolder, OutputAxes};
use super::{Counts, Settings};
use crate::decision::{DecisionRule, FrameAxis, MedianEdges, Preset};
use crate::dsp::{ClipMel, ClipMelSpec};
use crate::onnx::cost;
use crate::onnx::proto::Model;
use crate::zoo::{self, Architecture, Time, ZooError, complexity};
use prost::Message;

/// Classes of the heads of the published networks.
const PUBLISHED_CLASSES: usize = 447;
/// A clip of the family: 10 s, which are so many samples and frames of the front end.
const CLIP_SAMPLES: usize = 160_000;
const CLIP_FRAMES: usize = 1000;
/// Rows of scores that it gives for one.
const CLIP_ROWS: usize = 250;

/// Appends the features of a clip's samples.
pub(super) type ClipFrontEnd = Box<dyn FnMut(&[f32], &mut Vec<f32>) + Send>;

/// How the network's output for one clip becomes events.
pub(super) struct Decoding {
    /// Rows of scores that the network gives, and how many of them are used.
    given_rows: usize,
    used_rows: usize,
    activation: Activation,
    axes: OutputAxes,
    /// Classes of the scores.
    pub class_count: usize,
    /// The rule.
    pub rule: DecisionRule,
    /// Where the rows lie.
    pub axis: FrameAxis,
}

impl Decoding {
    /// The scores `[row × class]` that count.
    pub fn scores(&self, output: NetworkOutput) -> Result<Vec<f32>, String> {
        let mut scores = output.into_scores(self.given_rows, self.class_count, self.activation, self.axes)?;
        scores.truncate(self.used_rows * self.class_count);
        Ok(scores)
    }
}

/// A network that is to be counted or measured.
pub struct Subject {
    name: String,
    onnx: Vec<u8>,
    origin: Origin,
}

enum Origin {
    Folder(Box<ModelFolder>),
    Untrained(Box<Architecture>),
}

impl Subject {
    /// An installed model.
    pub fn of_folder(folder: &ModelFolder) -> Result<Self, ModelError> {
        let onnx = folder.network_bytes()?;
        Ok(Self { name: folder.id.clone(), onnx, origin: Origin::Folder(Box::new(folder.clone())) })
    }

    /// A network of the family with random weights, by name (`fmn10+tf-256`): as fast as a trained one, and of no other use.
    pub fn untrained(name: &str) -> Result<Self, ZooError> {
        let architecture = Architecture::named(name, PUBLISHED_CLASSES, PUBLISHED_CLASSES)?;
        let onnx = zoo::untrained(&architecture, Time::Fixed(CLIP_FRAMES), 1)?;
        Ok(Self { name: architecture.to_string(), onnx, origin: Origin::Untrained(Box::new(architecture)) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its weights are random.
    pub fn is_untrained(&self) -> bool {
        matches!(self.origin, Origin::Untrained(_))
    }

    /// How many bytes its network's file has.
    pub fn file_bytes(&self) -> usize {
        self.onnx.len()
    }

    /// Names of the input and of the output that gives scores.
    fn ends(&self) -> (&str, &str) {
        match &self.origin {
            Origin::Folder(folder) => (&folder.manifest.network.input, &folder.manifest.network.output),
            Origin::Untrained(_) => ("mel", "scores"),
        }
    }

    /// Length of a clip, in seconds.
    pub fn clip_secs(&self) -> f64 {
        match &self.origin {
            Origin::Folder(folder) => {
                self.clip_sample_count() as f64 / f64::from(folder.manifest.front_end.sample_rate())
            }
            Origin::Untrained(_) => 10.0,
        }
    }

    /// Samples of a clip: of a model that takes any number of frames, those of 10 s.
    pub(super) fn clip_sample_count(&self) -> usize {
        match &self.origin {
            Origin::Folder(folder) => {
                let spec = &folder.manifest.front_end;
                spec.sample_count(self.clip_frames() as u64) as usize
            }
            Origin::Untrained(_) => CLIP_SAMPLES,
        }
    }

    /// Stream frames of a clip, as [`Layout`] means them.
    fn clip_frames(&self) -> usize {
        match &self.origin {
            Origin::Folder(folder) => match folder.manifest.layout {
                Layout::Clips { frame_count } => frame_count,
                Layout::FramedClips { clip_samples, .. } => clip_samples,
                Layout::Frames { .. } => (10.0 / folder.manifest.frame_hop_secs()).round() as usize,
            },
            Origin::Untrained(_) => CLIP_FRAMES,
        }
    }

    /// Whether several clips go through the network at once.
    fn has_batches(&self) -> bool {
        match &self.origin {
            Origin::Folder(folder) => {
                folder.manifest.clips_at_once != Some(1) && !matches!(folder.manifest.layout, Layout::Frames { .. })
            }
            Origin::Untrained(_) => true,
        }
    }

    /// The dimensions of the network's input for so many clips; the error says why not.
    pub(super) fn input_shape(&self, batch: usize) -> Result<Vec<usize>, String> {
        if batch > 1 && !self.has_batches() {
            return Err(format!("{} takes one stretch of time at a time: no batch of {batch} is measured", self.name));
        }
        Ok(match &self.origin {
            Origin::Folder(folder) => {
                let manifest = &folder.manifest;
                manifest.layout.input_shape(&manifest.front_end, batch * self.clip_frames())
            }
            Origin::Untrained(_) => vec![batch, 1, ClipMelSpec::FMN.mel.band_count, CLIP_FRAMES],
        })
    }

    /// The front end of a clip of so many samples, features appended to a buffer.
    pub(super) fn front_end(&self) -> ClipFrontEnd {
        match &self.origin {
            Origin::Folder(folder) => {
                let front_end = folder.manifest.front_end.clone();
                let mut clip = ClipFeatures::new(&front_end, folder.manifest.layout);
                let mut frames = Vec::new();
                Box::new(move |samples, features| {
                    frames.clear();
                    FeatureStream::new(&front_end).push(samples, &mut frames);
                    features.extend_from_slice(clip.of(&frames));
                })
            }
            Origin::Untrained(_) => {
                let mut front_end = ClipMel::new(ClipMelSpec::FMN);
                Box::new(move |samples, features| {
                    features.resize(ClipMelSpec::FMN.mel.band_count * CLIP_FRAMES, 0.0);
                    front_end.compute(samples, features);
                })
            }
        }
    }

    /// How its output becomes events, as in detection with what the manifest chooses.
    pub(super) fn decoding(&self) -> Decoding {
        match &self.origin {
            Origin::Folder(folder) => {
                let (manifest, class_count) = (&folder.manifest, folder.labels.len());
                let hop_secs = manifest.default_hop_secs();
                let given_rows = manifest.layout.row_count(self.clip_frames());
                Decoding {
                    given_rows,
                    used_rows: if let Layout::FramedClips { rows, .. } = manifest.layout { rows } else { given_rows },
                    class_count,
                    activation: manifest.network.activation,
                    axes: manifest.network.output_axes,
                    rule: manifest.rule(hop_secs, Preset::Overlapping),
                    axis: manifest.axis(hop_secs),
                }
            }
            // As an import of such a network says.
            Origin::Untrained(architecture) => Decoding {
                given_rows: CLIP_ROWS,
                used_rows: CLIP_ROWS,
                class_count: architecture.strong_classes,
                activation: Activation::None,
                axes: OutputAxes::RowMajor,
                rule: DecisionRule {
                    threshold: 0.1,
                    median_frames: 9,
                    median_edges: MedianEdges::Reflect,
                    ..DecisionRule::default()
                },
                axis: FrameAxis { first_onset_secs: 0.0, hop_secs: 10.0 / CLIP_ROWS as f64 },
            },
        }
    }

    /// Opens the network for so many threads. An installed model must pass its self-check; one of random weights has none.
    pub(super) fn open(&self, settings: &Settings, threads: usize) -> Result<OpenNetwork, ModelError> {
        let (input, output) = self.ends();
        let wanted = Wanted { runtime: settings.runtime, device: settings.device.clone(), threads };
        match &self.origin {
            Origin::Folder(folder) => runtime::open(folder, &self.onnx, &[], &wanted),
            Origin::Untrained(_) => {
                let source = NetworkSource { onnx: &self.onnx, input, outputs: &[output] };
                runtime::open_checked(&self.name, source, &wanted, &mut NoTrial)
            }
        }
    }

    /// Counts what it costs for one clip; only what the scores need. The error says why the file cannot be read.
    pub fn counts(&self) -> Result<Counts, String> {
        let model = Model::decode(self.onnx.as_slice()).map_err(|error| format!("{}: {error}", self.name))?;
        let shape = self.input_shape(1)?;
        let (input, output) = self.ends();
        let open_size =
            |name: &str, place: usize, _: &str| if name == input { shape.get(place).copied() } else { None };
        let paper = match &self.origin {
            Origin::Untrained(architecture) => Some(complexity::of(architecture)),
            Origin::Folder(folder) => published_architecture(folder).map(|architecture| complexity::of(&architecture)),
        };
        Ok(Counts {
            name: self.name.clone(),
            clip_secs: self.clip_secs(),
            graph: cost::count(&model, &open_size, &[output]),
            paper,
            file_bytes: self.onnx.len() as u64,
        })
    }
}

/// The published network that a folder was made of. Its name alone tells nothing: anything can be called so, with other heads too.
fn published_architecture(folder: &ModelFolder) -> Option<Architecture> {
    let published = catalogue::find(&folder.id).filter(|_| folder.labels.len() == PUBLISHED_CLASSES)?;
    let architecture = Architecture::named(&published.network(), PUBLISHED_CLASSES, PUBLISHED_CLASSES).ok()?;
    let (_, imported_as) = folder.manifest.source.rsplit_once("imported as ")?;
    (imported_as.trim() == architecture.to_string()).then_some(architecture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;
    use std::path::Path;

    #[test]
    fn only_what_was_made_of_a_published_network_has_the_papers_counts() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut folder = registry::find_in("bicycle-bell", &[models]).unwrap();
        let label = folder.labels[0].clone();
        folder.id = "fmn10+tf-256_strong".to_owned();
        folder.labels = vec![label; 447];
        assert_eq!(published_architecture(&folder), None);
        folder.manifest.source = "fmn10+tf-256_strong.pt (SHA-256 00), imported as fmn10+tf-256".to_owned();
        assert_eq!(published_architecture(&folder).unwrap().to_string(), "fmn10+tf-256");
        folder.manifest.source = "x.pt (SHA-256 00), imported as fmn10+tf-128".to_owned();
        assert_eq!(published_architecture(&folder), None);
        folder.manifest.source = "fmn10+tf-256_strong.pt (SHA-256 00), imported as fmn10+tf-256".to_owned();
        folder.labels.pop();
        assert_eq!(published_architecture(&folder), None);
    }
}
