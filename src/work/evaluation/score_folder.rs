//! Scores of another model in the place of the project's own: a folder with a file of frame scores for each recording, as
//! `earmark detect --scores` and sed_scores_eval write them.

use super::job::{EstimateSource, EvaluationJob};
use super::{Progress, Stopped};
use crate::decision::{FrameAxis, FrameScores};
use crate::format::{FileScores, read_scores};
use crate::metric::ScoreColumns;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Scores of more bytes than this are not held for an evaluation.
const MOST_SCORE_BYTES: usize = 1 << 30;
/// Borders of frames may be this share of a frame away from where they should be: files round them.
const SAME_SHARE: f64 = 0.02;
/// Frames that are handed over at once.
const FRAMES_AT_ONCE: usize = 1024;

/// Reads the scores of the job's recordings if they are to come from a folder. Recordings without a file there are left out, which is noted.
pub fn load(job: &mut EvaluationJob, progress: &Progress<'_>) -> Result<(), Stopped> {
    let EstimateSource::ScoreFolder { path, .. } = &job.estimate else { return Ok(()) };
    let files = files(path)?;
    let (mut without, mut too_large, mut bytes) = (0, 0, 0);
    let mut classes: Option<Arc<[Arc<str>]>> = None;
    for recording in &mut job.recordings {
        progress.reach(0.0)?;
        let Some(file) = files.get(stem(&recording.name)) else {
            without += 1;
            continue;
        };
        let read = read_scores(file).map_err(|error| Stopped::Failed(error.to_string()))?;
        let known = classes.clone().filter(|known| **known == *read.classes);
        let shared = known.unwrap_or_else(|| read.classes.as_slice().into());
        classes = Some(shared.clone());
        let scores =
            frame_scores(&read, shared).map_err(|reason| Stopped::Failed(format!("{}: {reason}", file.display())))?;
        bytes += scores.memory_bytes();
        if bytes > MOST_SCORE_BYTES {
            too_large += 1;
            bytes -= scores.memory_bytes();
            continue;
        }
        recording.scores = Some(Arc::new(scores));
    }
    job.recordings.retain(|recording| recording.scores.is_some());
    if job.recordings.is_empty() {
        return Err(Stopped::Failed(format!(
            "{}: holds no scores of the recordings that are evaluated: expected a file NAME.tsv for a recording NAME.wav",
            path.display()
        )));
    }
    for (count, why) in
        [(without, "that have no scores in the folder"), (too_large, "whose scores do not fit in 1 GiB")]
    {
        if count > 0 {
            job.notes.push(format!("{count} recordings left out {why}"));
        }
    }
    Ok(())
}

/// The files of scores in a folder, by their names without extension.
fn files(folder: &Path) -> Result<HashMap<String, PathBuf>, Stopped> {
    let unreadable = |error: std::io::Error| {
        Stopped::Failed(format!("{}: cannot be read as a folder of scores: {error}", folder.display()))
    };
    let mut files = HashMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"))
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            files.insert(stem(name).to_owned(), path.clone());
        }
    }
    Ok(files)
}

/// A file's name without its last extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The scores as the window keeps those of its own models; else what is wrong with them.
fn frame_scores(read: &FileScores, classes: Arc<[Arc<str>]>) -> Result<FrameScores, String> {
    let axis = axis_of(read.table.borders_secs(0))?;
    let mut columns = Vec::with_capacity(classes.len());
    let mut scratch = Vec::new();
    for class in 0..classes.len() {
        let column = read.table.column(class, &mut scratch);
        if column.iter().any(|score| !(0.0..=1.0).contains(score)) {
            return Err(
                "scores from 0 to 1 are expected, and there are others: turn logits into probabilities".to_owned()
            );
        }
        columns.push(column.iter().map(|&score| score as f32).collect::<Vec<f32>>());
    }
    let mut scores = FrameScores::new(axis, classes);
    let frames = read.table.frame_count();
    let mut rows = Vec::new();
    for first in (0..frames).step_by(FRAMES_AT_ONCE) {
        rows.clear();
        for frame in first..frames.min(first + FRAMES_AT_ONCE) {
            rows.extend(columns.iter().filter_map(|column| column.get(frame)));
        }
        scores.push(&rows);
    }
    Ok(scores)
}

/// Where frames lie that are equally long, but for the first and the last.
fn axis_of(borders: &[f64]) -> Result<FrameAxis, String> {
    let frames = borders.len().saturating_sub(1);
    let (Some(&start), Some(&first), Some(&end)) = (borders.first(), borders.get(1), borders.last()) else {
        return Err("there are no scores".to_owned());
    };
    if start.abs() > 1e-6 {
        return Err(format!("the first frame begins at {start} s: expected the start of the recording"));
    }
    // The last frame may be cut short by the end, and the first one may last longer.
    let mut hop_secs = match frames {
        1 => end,
        2 => first.max(end - first),
        _ => (borders[frames - 1] - first) / (frames - 2) as f64,
    };
    let per_second = (1.0 / hop_secs).round();
    if per_second > 0.0 && (1.0 / per_second - hop_secs).abs() < 1e-6 {
        hop_secs = 1.0 / per_second;
    }
    let first_onset_secs = if (first - hop_secs).abs() < SAME_SHARE * hop_secs { 0.0 } else { first - hop_secs };
    let axis = FrameAxis { first_onset_secs, hop_secs };
    let is_even = |(frame, border): (usize, &f64)| (axis.border_secs(frame) - border).abs() <= SAME_SHARE * hop_secs;
    match borders.iter().enumerate().take(frames).skip(1).all(is_even) && first_onset_secs > -hop_secs {
        true => Ok(axis),
        false => Err(
            "its frames are not equally long, as those of models are: boxes and merged scores cannot be compared here"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_again_from_borders_that_files_round() {
        for (axis, end) in [
            (FrameAxis { first_onset_secs: 0.0, hop_secs: 0.04 }, 9.99),
            (FrameAxis { first_onset_secs: 0.0, hop_secs: 0.016 }, 3.0),
            (FrameAxis { first_onset_secs: 0.24, hop_secs: 0.48 }, 20.1),
            (FrameAxis { first_onset_secs: 0.0, hop_secs: 1.0 / 3.0 }, 7.0),
        ] {
            let mut borders: Vec<f64> =
                (0..).map(|frame| axis.onset_secs(frame)).take_while(|&border| border < end).collect();
            borders.push(end);
            borders.iter_mut().for_each(|border| *border = (*border * 1e6).round() / 1e6);
            let found = axis_of(&borders).unwrap();
            assert!((found.hop_secs - axis.hop_secs).abs() < 1e-6, "{axis:?} {found:?}");
            assert!((found.first_onset_secs - axis.first_onset_secs).abs() < 1e-5, "{axis:?} {found:?}");
        }
        assert!(axis_of(&[0.0, 1.0, 1.5, 4.0, 5.0]).is_err() && axis_of(&[0.5, 1.0]).is_err() && axis_of(&[]).is_err());
    }
}
