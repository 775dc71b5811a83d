//! The files of a model folder that is being made.

use crate::model::labels::ClassLabel;
use crate::model::{MANIFEST_FILE, folder::sha256_hex};
use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// Names of the files beside the manifest.
const NETWORK_FILE: &str = "model.onnx";
const LABELS_FILE: &str = "labels.tsv";
const LICENCE_FILE: &str = "LICENSE";

/// What goes into the folder.
pub(super) struct FolderFiles {
    pub network: Vec<u8>,
    pub labels: Vec<ClassLabel>,
    pub licence_text: String,
    /// The manifest, but for what the other files decide.
    pub manifest: ManifestText,
}

/// The manifest's tables as text; those that name files are added when it is written.
pub(super) struct ManifestText {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub licence: String,
    pub attribution: String,
    pub source: String,
    pub network_input: String,
    pub network_output: String,
    /// `none` or `sigmoid`.
    pub activation: &'static str,
    /// Whether the output is `[clip, class, row]`.
    pub is_class_major: bool,
    /// The output that gives embeddings, and how many numbers those have.
    pub embedding: Option<(&'static str, usize)>,
    /// The tables `[input]`, `[time]` and `[decision]`.
    pub tables: String,
    /// The table `[self_check]`.
    pub self_check: SelfCheckText,
}

/// The numbers of `[self_check]`.
pub(super) struct SelfCheckText {
    pub frames: usize,
    pub mean: f64,
    pub spread: f64,
    pub tolerance: f32,
    pub expected: Vec<(usize, usize, f32)>,
}

impl FolderFiles {
    /// Writes all files into `folder`.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::write(folder.join(NETWORK_FILE), &self.network)?;
        std::fs::write(folder.join(LABELS_FILE), self.labels_text())?;
        std::fs::write(folder.join(LICENCE_FILE), &self.licence_text)?;
        std::fs::write(folder.join(MANIFEST_FILE), self.manifest_text())
    }

    fn labels_text(&self) -> String {
        self.labels.iter().fold("mid\tname\n".to_owned(), |mut text, label| {
            let _ = writeln!(text, "{}\t{}", label.mid.as_deref().unwrap_or_default(), label.name);
            text
        })
    }

    fn manifest_text(&self) -> String {
        let manifest = &self.manifest;
        let mut text = "format = 1\n".to_owned();
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        };
        line("name", &manifest.name);
        line("version", &manifest.version);
        line("summary", &manifest.summary);
        line("licence", &manifest.licence);
        line("licence_file", LICENCE_FILE);
        line("attribution", &manifest.attribution);
        line("source", &manifest.source);
        let _ = writeln!(text, "\n[network]\nfile = {}", quoted(NETWORK_FILE));
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        };
        line("sha256", &sha256_hex(&self.network));
        line("input", &manifest.network_input);
        line("output", &manifest.network_output);
        line("activation", manifest.activation);
        if manifest.is_class_major {
            line("output_axes", "class_major");
        }
        if let Some((output, size)) = manifest.embedding {
            let _ = writeln!(text, "embedding = {{ output = {}, size = {size} }}", quoted(output));
        }
        let _ = write!(
            text,
            "\n{}\n[labels]\nfile = {}\n\n{}",
            manifest.tables,
            quoted(LABELS_FILE),
            manifest.self_check.text()
        );
        text
    }
}

impl SelfCheckText {
    fn text(&self) -> String {
        let mut text = "[self_check]\n# The input is mean + spread * sin(0.7 f + 1.3 b + 0.01 f b) at frame f and band b; a line of \
                        `expected` is [row of scores, class, score].\n"
            .to_owned();
        let _ = writeln!(text, "frames = {}\nmean = {:?}\nspread = {:?}", self.frames, self.mean, self.spread);
        let _ = writeln!(text, "tolerance = {}\nexpected = [", self.tolerance);
        // Before the trial there is nothing to expect yet, but a manifest must expect something.
        let expected = if self.expected.is_empty() { &[(0, 0, 0.0)][..] } else { &self.expected };
        for (row, class, score) in expected {
            let _ = writeln!(text, "    [{row}, {class}, {score:.6}],");
        }
        text + "]\n"
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
