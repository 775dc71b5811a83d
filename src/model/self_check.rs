//! The self-check of a model folder: an input by formula and the scores that the network must make of it. A runtime that gets them wrong
//! is not used: a wrong score looks like any other.

use super::backend::{Backend, NetworkOutput};
use super::folder::ModelFolder;
use super::manifest::{FrontEnd, Layout, Manifest, SelfCheck};
use super::truth::Trial;

/// The features of the check, as the network wants them: `[frame × band]`, or clip by clip `[band × frame]` for those that take log-mel levels
/// clip by clip.
pub(super) fn features(check: &SelfCheck, front_end: &FrontEnd, layout: Layout) -> Vec<f32> {
    let feature = |frame: usize, band: usize| {
        let (frame, band) = (frame as f64, band as f64);
        (check.mean + check.spread * (0.7 * frame + 1.3 * band + 0.01 * frame * band).sin()) as f32
    };
    let (clip_frames, bands) = front_end.clip_features(layout.frames_at_once());
    match front_end {
        FrontEnd::LogMel(_) | FrontEnd::Waveform(_) => {
            (0..check.frame_count).flat_map(|frame| (0..bands).map(move |band| feature(frame, band))).collect()
        }
        FrontEnd::ClipMel(_) => {
            let onsets = (0..check.frame_count).step_by(clip_frames.max(1));
            let rows = onsets.flat_map(|onset| (0..bands).map(move |band| (onset, band)));
            rows.flat_map(|(onset, band)| (onset..onset + clip_frames).map(move |frame| feature(frame, band))).collect()
        }
    }
}

/// How many stream frames stand behind the features of the check.
fn stream_frames(check: &SelfCheck, front_end: &FrontEnd, layout: Layout) -> usize {
    match layout {
        Layout::Frames { .. } => check.frame_count,
        Layout::Clips { .. } | Layout::FramedClips { .. } => {
            let clip = layout.frames_at_once();
            check.frame_count / front_end.clip_features(clip).0.max(1) * clip
        }
    }
}

/// The scores `[row × class]` that the network makes of the check's features.
pub(super) fn scores(manifest: &Manifest, class_count: usize, backend: &mut dyn Backend) -> Result<Vec<f32>, String> {
    let (check, front_end, layout) = (&manifest.self_check, &manifest.front_end, manifest.layout);
    let frames = stream_frames(check, front_end, layout);
    let shape = layout.input_shape(front_end, frames);
    let output = backend.run(&features(check, front_end, layout), &shape)?;
    output.into_scores(layout.row_count(frames), class_count, manifest.network.activation, manifest.network.output_axes)
}

/// Runs the check; the error says what was wrong.
pub(super) fn run(manifest: &Manifest, class_count: usize, backend: &mut dyn Backend) -> Result<(), String> {
    let check = &manifest.self_check;
    let scores = scores(manifest, class_count, backend)?;
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

/// A model folder's self-check as what a network is tried with.
pub(super) struct FolderTrial<'a>(pub &'a ModelFolder);

impl Trial for FolderTrial<'_> {
    fn check(&mut self, backend: &mut dyn Backend) -> Result<(), String> {
        run(&self.0.manifest, self.0.labels.len(), backend)
    }

    fn input(&self, times: usize) -> Option<(Vec<f32>, Vec<usize>)> {
        let Manifest { self_check: check, front_end, layout, clips_at_once, .. } = &self.0.manifest;
        let frames = stream_frames(check, front_end, *layout) * times;
        let clips = frames / layout.frames_at_once().max(1);
        // What a detection runs at once, and no more.
        let fits = times == 1
            || match layout {
                Layout::Frames { .. } => frames <= layout.frames_at_once(),
                Layout::Clips { .. } | Layout::FramedClips { .. } => clips_at_once.is_none_or(|most| clips <= most),
            };
        fits.then(|| (features(check, front_end, *layout).repeat(times), layout.input_shape(front_end, frames)))
    }

    /// Where the network computes in small numbers, rounding takes its part, and what is right depends on how it is done.
    fn tolerance(&self) -> f32 {
        if self.0.variant.is_some() { 2.0 * self.0.manifest.self_check.tolerance } else { 0.0 }
    }

    fn scores(&self, output: NetworkOutput, times: usize) -> Result<Vec<f32>, String> {
        let manifest = &self.0.manifest;
        let frames = stream_frames(&manifest.self_check, &manifest.front_end, manifest.layout) * times;
        let (rows, network) = (manifest.layout.row_count(frames), &manifest.network);
        output.into_scores(rows, self.0.labels.len(), network.activation, network.output_axes)
    }
}

/// A network that nothing is known of: any that opens will do.
pub(super) struct NoTrial;

impl Trial for NoTrial {
    fn check(&mut self, _backend: &mut dyn Backend) -> Result<(), String> {
        Ok(())
    }

    fn input(&self, _times: usize) -> Option<(Vec<f32>, Vec<usize>)> {
        None
    }

    fn scores(&self, output: NetworkOutput, _times: usize) -> Result<Vec<f32>, String> {
        Ok(output.values)
    }
}
