//! A network and its variant on the same input, taking turns: how far their scores are apart, and how long each takes.

use super::hearing::Listener;
use super::note::Change;
use crate::model::backend::NetworkOutput;
use crate::model::{BareNetwork, Layout, ModelFolder};
use std::time::Instant;

/// So often both run at least, since the middle of all turns tells the speed.
const LEAST_TURNS: usize = 11;

/// Two networks that are compared.
pub(super) struct Comparison {
    folder: ModelFolder,
    original: BareNetwork,
    variant: BareNetwork,
    scores: u64,
    largest: f32,
    sum: f64,
    above: [u64; 2],
    changed: [u64; 2],
    /// How many times as fast the variant was, run by run.
    speeds: Vec<f64>,
}

impl Comparison {
    pub fn new(folder: &ModelFolder, original: BareNetwork, variant: BareNetwork) -> Self {
        Self {
            folder: folder.clone(),
            original,
            variant,
            scores: 0,
            largest: 0.0,
            sum: 0.0,
            above: [0; 2],
            changed: [0; 2],
            speeds: Vec::new(),
        }
    }

    /// The model's own threshold, and one half.
    fn thresholds(&self) -> [f32; 2] {
        [self.folder.manifest.decision.threshold, 0.5]
    }

    /// The scores that count, of what a network gave.
    fn scores_of(&self, output: NetworkOutput) -> Result<Vec<f32>, String> {
        let (manifest, classes) = (&self.folder.manifest, self.folder.labels.len());
        let rows = output.values.len() / classes.max(1);
        let scores = output.into_scores(rows, classes, manifest.network.activation, manifest.network.output_axes)?;
        match manifest.layout {
            Layout::FramedClips { given_rows, rows, .. } if rows < given_rows => {
                let clips = scores.chunks(given_rows * classes);
                Ok(clips.flat_map(|clip| clip.iter().take(rows * classes).copied()).collect())
            }
            _ => Ok(scores),
        }
    }

    fn compare(&mut self, original: &[f32], variant: &[f32]) {
        let thresholds = self.thresholds();
        for (&original, &variant) in original.iter().zip(variant) {
            let difference = (original - variant).abs();
            self.largest = self.largest.max(difference);
            self.sum += f64::from(difference);
            for (place, threshold) in thresholds.into_iter().enumerate() {
                self.above[place] += u64::from(original > threshold);
                self.changed[place] += u64::from((original > threshold) != (variant > threshold));
            }
        }
        self.scores += original.len() as u64;
    }

    /// What was found.
    pub fn finish(mut self) -> Change {
        self.speeds.sort_by(f64::total_cmp);
        let round = |number: f64| (number * 1e9).round() / 1e9;
        let threshold = (f64::from(self.thresholds()[0]) * 1e6).round() / 1e6;
        Change {
            scores: self.scores,
            largest: round(f64::from(self.largest)),
            mean: round(self.sum / self.scores.max(1) as f64),
            threshold,
            above: self.above[0],
            changed: self.changed[0],
            above_half: self.above[1],
            changed_at_half: self.changed[1],
            speed: round(self.speeds.get(self.speeds.len() / 2).copied().unwrap_or(0.0)),
            runtime: self.original.runtime().to_owned(),
        }
    }
}

impl Comparison {
    /// Runs both once, and notes how much faster the variant was.
    fn turn(&mut self, input: &[f32], shape: &[usize]) -> Result<[NetworkOutput; 2], String> {
        let timed = |network: &mut BareNetwork| {
            let began = Instant::now();
            let output = network.backend_mut().run(input, shape)?;
            Ok::<_, String>((output, began.elapsed().as_secs_f64().max(1e-9)))
        };
        // Whoever comes second finds the processor warm.
        let (original, variant) = if self.speeds.len().is_multiple_of(2) {
            let original = timed(&mut self.original)?;
            (original, timed(&mut self.variant))
        } else {
            let variant = timed(&mut self.variant);
            (timed(&mut self.original)?, variant)
        };
        let (output, original_secs) = original;
        let (varied, variant_secs) = variant.map_err(|reason| refused(&reason))?;
        self.speeds.push(original_secs / variant_secs);
        Ok([output, varied])
    }
}

impl Listener for Comparison {
    fn hear(&mut self, input: &[f32], shape: &[usize]) -> Result<NetworkOutput, String> {
        if self.scores == 0 {
            // The first run of a network takes memory and may plan: it tells no speed.
            self.turn(input, shape)?;
            self.speeds.clear();
            for _ in 1..LEAST_TURNS {
                self.turn(input, shape)?;
            }
        }
        let [output, varied] = self.turn(input, shape)?;
        let scores = self.scores_of(output.clone())?;
        let varied = self.scores_of(varied).map_err(|reason| refused(&reason))?;
        if scores.len() != varied.len() {
            return Err(refused(&format!(
                "it gives {} scores where the original gives {}",
                varied.len(),
                scores.len()
            )));
        }
        self.compare(&scores, &varied);
        Ok(output)
    }
}

/// Marks what is wrong with the variant, not with the original.
const REFUSED: &str = "the variant: ";

fn refused(reason: &str) -> String {
    format!("{REFUSED}{reason}")
}

/// The reason why the variant is refused, if that is what an error of a run says.
pub(super) fn refusal(reason: &str) -> Option<&str> {
    reason.split_once(REFUSED).map(|(_, reason)| reason)
}
