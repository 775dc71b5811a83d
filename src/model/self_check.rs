//! The self-check of a model folder: an input by formula and the scores that the network must make of it. A runtime that gets them wrong
//! is not used: a wrong score looks like any other.

use super::backend::Backend;
use super::manifest::{Manifest, SelfCheck};

/// The features of the check, row-major `[frame × band]`.
pub(super) fn features(check: &SelfCheck, band_count: usize) -> Vec<f32> {
    let feature =
        |frame: f64, band: f64| check.mean + check.spread * (0.7 * frame + 1.3 * band + 0.01 * frame * band).sin();
    (0..check.frame_count).flat_map(|f| (0..band_count).map(move |b| feature(f as f64, b as f64) as f32)).collect()
}

/// Runs the check; the error says what was wrong.
pub(super) fn run(manifest: &Manifest, class_count: usize, backend: &mut dyn Backend) -> Result<(), String> {
    let check = &manifest.self_check;
    let bands = manifest.front_end.mel.band_count;
    let shape = manifest.layout.input_shape(check.frame_count, bands);
    let output = backend.run(&features(check, bands), &shape)?;
    let rows = manifest.layout.row_count(check.frame_count);
    let scores = output.into_scores(rows, class_count, manifest.network.activation)?;
    for &(row, class, expected) in &check.expected {
        let score = scores.get(row * class_count + class).copied().unwrap_or(f32::NAN);
        // Not a number is not within the tolerance.
        let is_right = (score - expected).abs() <= check.tolerance;
        if !is_right {
            return Err(format!("it computes {score:.5} where {expected:.5} is right (frame {row}, class {class})"));
        }
    }
    Ok(())
}
