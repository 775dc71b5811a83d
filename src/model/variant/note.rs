//! The note in the folder of a variant: what it was made from and how, and what that changed. Owns its file and its words.

use crate::model::ModelError;
use crate::onnx::variant::Precision;
use crate::project::write_atomically;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

/// The note in a model folder.
pub const VARIANT_FILE: &str = "variant.toml";
const LONGEST_NOTE: u64 = 1 << 16;
/// A network that is not faster by this is not told to be faster.
const FASTER: f64 = 1.05;
/// A score that changes by more than this has changed much; and so have the scores, if decisions change for more than this part of those above
/// the threshold.
const MUCH_APART: f64 = 0.1;
const MANY_CHANGED: f64 = 0.02;

/// What a variant is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantNote {
    /// The numbers that its network computes in.
    pub precision: Precision,
    /// The model that it was made from, by the name of its folder.
    pub made_from: String,
    /// SHA-256 of that model's network, in lower-case hexadecimal.
    pub sha256: String,
    /// The release of Earmark that made it.
    pub made_by: String,
    /// Bytes of the original's network.
    pub original_bytes: u64,
    /// Bytes of its own.
    pub bytes: u64,
    /// Convolutions, matrix products that compute in the smaller numbers.
    pub converted: usize,
    /// What was left in 32-bit floats, and why.
    #[serde(default)]
    pub kept: Vec<String>,
    /// What it was made and compared with.
    pub sound: SoundNote,
    /// What changed.
    pub change: Change,
}

/// What a variant was made and compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundNote {
    /// In words: `the bundled example`, `a.wav and 2 more`, or the self-check's input.
    pub what: String,
    /// Files of recordings; none for the self-check's input.
    pub recordings: usize,
    /// Seconds that were heard.
    pub secs: f64,
}

/// How the scores of a variant differ from those of the original, and how fast it is beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// How many scores were compared.
    pub scores: u64,
    /// The largest difference.
    pub largest: f64,
    /// The mean of all differences, each without its sign.
    pub mean: f64,
    /// The model's own threshold.
    pub threshold: f64,
    /// The original's scores above it.
    pub above: u64,
    /// Scores that are above it in one of both only.
    pub changed: u64,
    /// The original's scores above one half.
    pub above_half: u64,
    /// Scores that are above one half in one of both only.
    pub changed_at_half: u64,
    /// How many times as fast as the original it ran on the CPU with one thread; both took turns.
    pub speed: f64,
    /// What ran both: `ONNX Runtime 1.31.1`.
    pub runtime: String,
}

impl VariantNote {
    /// Writes the note into a model folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(VARIANT_FILE);
        let written = toml::to_string(self)
            .map_err(io::Error::other)
            .and_then(|text| write_atomically(&path, format!("# Written by Earmark.\n{text}").as_bytes()));
        written.map_err(|source| ModelError::Io { path, source })
    }

    /// Reads the note of a model folder; none if there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(VARIANT_FILE);
        let is_short = fs::metadata(&path).ok()?.len() <= LONGEST_NOTE;
        toml::from_str(&fs::read_to_string(path).ok().filter(|_| is_short)?).ok()
    }

    /// What it is and what it changed, as pairs of a word and a line.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let (change, digits) = (&self.change, if self.change.speed < 0.1 { 3 } else { 2 });
        let mut lines = vec![
            ("variant", format!("{} of {} (network {})", self.precision, self.made_from, short_hash(&self.sha256))),
            ("network", self.sizes()),
            ("heard", format!("{}, {:.0} s, {} scores", self.sound.what, self.sound.secs, grouped(change.scores))),
            ("scores", format!("differ by {} at most, {} on average", told(change.largest), told(change.mean))),
            ("decisions", self.decisions()),
            (
                "speed",
                format!(
                    "{:.digits$} × as fast as {} on the CPU ({}, 1 thread, taking turns)",
                    change.speed, self.made_from, change.runtime
                ),
            ),
        ];
        let kept = self.kept.iter().map(|kept| ("kept", format!("{kept} (in 32 bits)")));
        lines.extend(kept);
        lines.extend(self.warnings().into_iter().map(|warning| ("beware", warning)));
        lines
    }

    fn sizes(&self) -> String {
        let share = 100.0 * self.bytes as f64 / self.original_bytes.max(1) as f64;
        let millions = |bytes: u64| bytes as f64 / 1e6;
        format!("{:.2} MB instead of {:.2} MB ({share:.0} %)", millions(self.bytes), millions(self.original_bytes))
    }

    fn decisions(&self) -> String {
        let Change { threshold, above, changed, above_half, changed_at_half, .. } = &self.change;
        let at = |threshold: String, changed: u64, above: u64| {
            let verb = if changed == 1 { "changes" } else { "change" };
            format!("{} {verb} at a threshold of {threshold}, which {} scores exceed", grouped(changed), grouped(above))
        };
        let own = at(threshold.to_string(), *changed, *above);
        if *threshold == 0.5 { own } else { format!("{own}; {}", at("0.5".to_owned(), *changed_at_half, *above_half)) }
    }

    /// In a few words, for lists.
    pub fn short(&self) -> String {
        format!("{} of {}, scores within {}", self.precision, self.made_from, told(self.change.largest))
    }

    /// What speaks against using it.
    pub fn warnings(&self) -> Vec<String> {
        let Change { largest, above, changed, speed, .. } = &self.change;
        let mut warnings = Vec::new();
        if self.sound.recordings == 0 {
            warnings.push("it was compared on an input that is no sound: give recordings of your own".to_owned());
        } else if *above == 0 {
            warnings.push("the model hears nothing in these recordings: give some in which it does".to_owned());
        }
        let share = *changed as f64 / (*above).max(1) as f64;
        let advice = "evaluate it on your recordings before you use it";
        if share > MANY_CHANGED && *changed > 1 {
            let (changed, above, percent) = (grouped(*changed), grouped(*above), 100.0 * share);
            warnings.push(format!(
                "the scores change much: {changed} decisions for {above} scores above the threshold ({percent:.1} %): {advice}"
            ));
        } else if *largest > MUCH_APART {
            warnings.push(format!("single scores change much, by up to {}: {advice}", told(*largest)));
        }
        if *speed < FASTER {
            let hope = match self.precision {
                Precision::Float16 => {
                    ": processors compute 16-bit floats as 32-bit ones; a graphics card can be faster with it"
                }
                Precision::Int8 => "",
            };
            warnings.push(format!("it is not faster on this CPU{hope}"));
        }
        warnings
    }
}

/// Enough of a checksum to tell networks apart.
fn short_hash(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

/// A difference with two digits that count.
fn told(difference: f64) -> String {
    if difference == 0.0 {
        return "0".to_owned();
    }
    let decimals = (1.0 - difference.abs().log10().floor()).clamp(2.0, 9.0) as usize;
    format!("{difference:.decimals$}")
}

/// `34,386`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> VariantNote {
        VariantNote {
            precision: Precision::Int8,
            made_from: "yamnet".to_owned(),
            sha256: "ab".repeat(32),
            made_by: "0.1.0".to_owned(),
            original_bytes: 14_933_580,
            bytes: 3_966_081,
            converted: 28,
            kept: vec!["2 × LSTM: a recurrence".to_owned()],
            sound: SoundNote { what: "a.wav and 2 more".to_owned(), recordings: 3, secs: 90.4 },
            change: Change {
                scores: 34_386,
                largest: 0.0123,
                mean: 0.000_008_4,
                threshold: 0.2,
                above: 1050,
                changed: 1,
                above_half: 400,
                changed_at_half: 2,
                speed: 2.5,
                runtime: "ONNX Runtime 1.31.1".to_owned(),
            },
        }
    }

    #[test]
    fn a_note_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(VariantNote::read(folder.path()), None);
        note().write(folder.path()).unwrap();
        assert_eq!(VariantNote::read(folder.path()), Some(note()));
        fs::write(folder.path().join(VARIANT_FILE), "precision = \"int4\"").unwrap();
        assert_eq!(VariantNote::read(folder.path()), None);
    }

    #[test]
    fn what_changed_is_told_with_the_digits_that_count() {
        let text: Vec<String> = note().lines().into_iter().map(|(word, line)| format!("{word}: {line}")).collect();
        assert_eq!(
            text,
            [
                "variant: int8 of yamnet (network abababababab)",
                "network: 3.97 MB instead of 14.93 MB (27 %)",
                "heard: a.wav and 2 more, 90 s, 34,386 scores",
                "scores: differ by 0.012 at most, 0.0000084 on average",
                "decisions: 1 changes at a threshold of 0.2, which 1,050 scores exceed; 2 change at a threshold of 0.5, which 400 scores exceed",
                "speed: 2.50 × as fast as yamnet on the CPU (ONNX Runtime 1.31.1, 1 thread, taking turns)",
                "kept: 2 × LSTM: a recurrence (in 32 bits)",
            ]
        );
        assert_eq!(note().short(), "int8 of yamnet, scores within 0.012");
    }

    #[test]
    fn what_speaks_against_a_variant_is_said() {
        let mut worse = note();
        (worse.change.changed, worse.change.speed) = (100, 1.0);
        let warnings = worse.warnings();
        assert!(warnings[0].contains("100 decisions for 1,050 scores above the threshold (9.5 %)"), "{warnings:?}");
        assert_eq!(warnings[1], "it is not faster on this CPU");
        worse.precision = Precision::Float16;
        assert!(worse.warnings()[1].contains("a graphics card"));
        (worse.change.above, worse.change.changed) = (0, 0);
        assert!(worse.warnings()[0].contains("hears nothing"));
        worse.sound.recordings = 0;
        assert!(worse.warnings()[0].contains("no sound"));
    }
}
