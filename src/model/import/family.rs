//! A checkpoint of the EfficientSED family as a model folder: what is fixed for all of them, and what each says itself.

use super::classes::{Classes, classes};
use super::folder_files::{FolderFiles, ManifestText, SelfCheckText};
use super::{ImportError, ImportOptions};
use crate::checkpoint;
use crate::model::catalogue::{Published, published};
use crate::model::{ModelError, folder::sha256_of_file};
use crate::zoo::{Architecture, Network, Time, complexity};
use std::path::Path;

/// Mel frames of a clip of ten seconds.
const CLIP_FRAMES: usize = 1000;
/// Middle and spread of the self-check's features: what the front end gives for sound.
const CHECK_MEAN: f64 = -0.3;
const CHECK_SPREAD: f64 = 1.2;
const CHECK_TOLERANCE: f32 = 1e-3;

const INPUT: &str = "mel";
const OUTPUT: &str = "scores";
/// What the backbone gives for each row.
const EMBEDDING: &str = "backbone";

/// `[input]`, `[time]` and `[decision]` of every network of the family.
const TABLES: &str = r#"[input]
# 128 mel bands to 7 kHz, 25 ms every 10 ms, of each clip by itself; all is fixed by the kind.
kind = "fmn_mel"

[time]
# The network sees clips of ten seconds, and gives a row of scores for every 40 ms of them.
layout = "framed_clips"
clip_secs = 10.0
rows_per_clip = 250
row_secs = 0.04
clip_hop_secs = 9.0

[decision]
# Low thresholds are the normal range of these networks. The authors filter with a median over 9 frames.
threshold = 0.1
median_secs = 0.36
median_edges = "reflect"
"#;

/// The files of the model folder, the self-check still without scores, and what was recognised, in lines for the user.
pub(super) fn draft(
    path: &Path,
    name: &str,
    options: &ImportOptions,
) -> Result<(FolderFiles, Vec<String>), ImportError> {
    let tensors = checkpoint::read(path)?;
    let fails = |reason| ImportError::Network { path: path.to_path_buf(), reason };
    let network = Network::recognise(&tensors).map_err(fails)?;
    let onnx = network.to_onnx_with_features(Time::Fixed(CLIP_FRAMES)).map_err(fails)?;
    let architecture = &network.architecture;
    let Classes { labels, origin, attribution } = classes(architecture.strong_classes, options.labels.as_deref())?;
    let provenance = Provenance::of(path, architecture)?;
    let summary = vec![
        format!("Recognised {architecture}: {} parameters", complexity::of(architecture).parameters),
        format!("{} classes by frame: {origin}", architecture.strong_classes),
    ];
    let manifest = ManifestText {
        name: name.to_owned(),
        version: provenance.version.clone(),
        summary: format!("{} classes, 25 scores a second ({architecture})", architecture.strong_classes),
        licence: provenance.licence(),
        attribution: provenance.attribution(attribution),
        source: provenance.source(architecture),
        network_input: INPUT.to_owned(),
        network_output: OUTPUT.to_owned(),
        activation: "none",
        is_class_major: false,
        embedding: Some((EMBEDDING, architecture.backbone.channels)),
        tables: TABLES.to_owned(),
        self_check: SelfCheckText {
            frames: CLIP_FRAMES,
            mean: CHECK_MEAN,
            spread: CHECK_SPREAD,
            tolerance: CHECK_TOLERANCE,
            expected: Vec::new(),
        },
    };
    let licence_text = provenance.licence_text();
    Ok((FolderFiles { network: onnx, labels, licence_text, manifest }, summary))
}

/// Where a checkpoint comes from, as far as it can be told.
struct Provenance {
    file: String,
    /// The first digits of the file's SHA-256: two trainings of one architecture are two versions.
    version: String,
    sha256: String,
    /// The published model that it is, by its checksum or, where that is not known, by the file's name and the network in it.
    published: Option<&'static Published>,
    /// Whether the checksum says so.
    is_certain: bool,
}

impl Provenance {
    fn of(path: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let sha256 = sha256_of_file(path)?;
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let network = architecture.to_string();
        let found = published().iter().find_map(|model| {
            let checkpoint = model.checkpoint.as_ref()?;
            match checkpoint.sha256 {
                Some(known) => (known == sha256).then_some((model, true)),
                None => (checkpoint.file == file && model.network() == network).then_some((model, false)),
            }
        });
        let (published, is_certain) = found.map_or((None, false), |(model, is_certain)| (Some(model), is_certain));
        Ok(Self { version: sha256.chars().take(8).collect(), file, sha256, published, is_certain })
    }

    fn licence(&self) -> String {
        match self.published.and_then(|model| model.checkpoint) {
            Some(checkpoint) if self.is_certain => checkpoint.licence.to_owned(),
            Some(checkpoint) => format!("{}, by the file's name", checkpoint.licence),
            None => "as the checkpoint's".to_owned(),
        }
    }

    /// Who made it, with whose work its class names are.
    fn attribution(&self, of_names: Option<&str>) -> String {
        let makers = match self.published {
            Some(_) => "EfficientSED by Florian Schmid and others, EUSIPCO 2025",
            None => {
                "whoever trained the checkpoint; architecture: EfficientSED by Florian Schmid and others, EUSIPCO 2025"
            }
        };
        of_names.map_or_else(|| makers.to_owned(), |names| format!("{makers}; {names}"))
    }

    fn source(&self, architecture: &Architecture) -> String {
        format!("{} (SHA-256 {}), imported as {architecture}", self.file, self.sha256)
    }

    fn licence_text(&self) -> String {
        let (file, sha256) = (&self.file, &self.sha256);
        let weights = format!("The weights in this folder were imported from {file}\n(SHA-256 {sha256}).\n\n");
        let terms = match self.published {
            Some(_) if self.is_certain => format!("By its checksum it is {PUBLISHED_UNDER}{MIT}"),
            Some(_) => format!("By its name and size it is {PUBLISHED_UNDER}{MIT}"),
            None => {
                "Earmark cannot tell under which licence they are: ask whoever trained or published the checkpoint.\n"
                    .to_owned()
            }
        };
        weights + &terms
    }
}

const PUBLISHED_UNDER: &str = "a checkpoint that the authors of EfficientSED published under the MIT licence:\n\n";

const MIT: &str = "\
MIT License

Copyright (c) 2024 Florian Schmid

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the \"Software\"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
";
