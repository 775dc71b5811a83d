//! One class's scores as columns of pixels: the curve, what lies beneath it, and the frames after the median filter where single frames
//! can be told apart. Draws; knows no gestures.

use crate::app::TimeScale;
use crate::decision::{DecisionRule, FrameScores, Prediction, median_filter};
use eframe::egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2};

/// The filtered curve is drawn where no more frames than this are in view: zoomed out further, it would cost more than it shows.
const MOST_FILTERED: usize = 6_000;
/// And for filters no wider than this, in frames.
const WIDEST_FILTER: usize = 1_001;

/// Columns that are drawn strongly and faintly in turn, so that curves differ by more than their colour; none is drawn through.
const PATTERNS: [Option<(usize, usize)>; 4] = [None, Some((14, 5)), Some((6, 4)), Some((2, 3))];

/// From scores to heights and back.
#[derive(Clone, Copy)]
pub struct ScoreAxis {
    /// Where the lane lies.
    pub rect: Rect,
    /// Whether heights are cube roots.
    pub is_stretched: bool,
}

impl ScoreAxis {
    /// How high a score lies, in points of the window.
    pub fn y(&self, score: f32) -> f32 {
        let score = score.clamp(0.0, 1.0);
        let share = if self.is_stretched { score.cbrt() } else { score };
        self.rect.bottom() - 1.0 - share * (self.rect.height() - 3.0)
    }

    /// The score at a height, 0 to 1, in steps that a pointer can tell apart.
    pub fn score(&self, y: f32) -> f32 {
        let share = ((self.rect.bottom() - 1.0 - y) / (self.rect.height() - 3.0).max(1.0)).clamp(0.0, 1.0);
        let (score, step) = if self.is_stretched { (share.powi(3), 0.001) } else { (share, 0.005) };
        (score / step).round() * step
    }
}

/// One class in the lane.
pub struct Curve<'a> {
    /// All scores.
    pub scores: &'a FrameScores,
    /// Which class.
    pub class: usize,
    /// How it is decided.
    pub rule: DecisionRule,
    /// Its colour.
    pub color: Color32,
    /// Its place among the curves, 0 for the one in front.
    pub place: usize,
}

/// A column of pixels: its middle, and the frames that it stands for.
struct Column {
    x: f32,
    first: usize,
    after: usize,
}

/// The columns of the lane in which there are frames.
fn columns(scores: &FrameScores, scale: &TimeScale, rect: Rect, pixels_per_point: f32) -> Vec<Column> {
    let step = 1.0 / pixels_per_point.max(0.5);
    // The view may begin before the recording, where there are no scores.
    let left = rect.left().max(scale.x_from_secs(0.0));
    let end = scale.x_from_secs(scores.axis.border_secs(scores.frame_count()));
    let count = ((rect.right().min(end) - left) / step).ceil().max(0.0) as usize;
    let frame_at = |x: f32| scores.axis.frame_at(scale.secs_from_x(x));
    let column = |place: usize| {
        let x = left + place as f32 * step;
        let first = frame_at(x);
        Column { x: x + 0.5 * step, first, after: frame_at(x + step).max(first + 1) }
    };
    (0..count).map(column).collect()
}

impl Curve<'_> {
    /// Draws the curve.
    pub fn paint(&self, painter: &Painter, axis: &ScoreAxis, scale: &TimeScale) {
        let columns = columns(self.scores, scale, axis.rect, painter.pixels_per_point());
        let filtered = if self.place == 0 { self.filtered(&columns, axis) } else { None };
        let bounds: Vec<(f32, f32)> =
            columns.iter().map(|column| self.scores.bounds_between(self.class, column.first, column.after)).collect();
        if self.place == 0 {
            let half = 0.5 / painter.pixels_per_point().max(0.5);
            let mut mesh = Mesh::default();
            for (column, (low, high)) in columns.iter().zip(&bounds) {
                let bar = |top: f32| {
                    Rect::from_min_max(pos2(column.x - half, axis.y(top)), pos2(column.x + half, axis.rect.bottom()))
                };
                mesh.add_colored_rect(bar(*high), self.color.gamma_multiply(0.16));
                mesh.add_colored_rect(bar(*low), self.color.gamma_multiply(0.16));
            }
            painter.add(Shape::mesh(mesh));
        }
        let line: Vec<Pos2> =
            columns.iter().zip(&bounds).map(|(column, (_, high))| pos2(column.x, axis.y(*high))).collect();
        let is_behind = self.place > 0 || filtered.is_some();
        let color = if is_behind { self.color.gamma_multiply(0.7) } else { self.color };
        self.line(painter, &line, Stroke::new(if is_behind { 1.0 } else { 1.5 }, color));
        if let Some(filtered) = filtered {
            painter.add(Shape::line(filtered, Stroke::new(2.0, self.color)));
        }
    }

    fn line(&self, painter: &Painter, line: &[Pos2], stroke: Stroke) {
        match PATTERNS[self.place % PATTERNS.len()] {
            None => {
                painter.add(Shape::line(line.to_vec(), stroke));
            }
            Some((drawn, left_out)) => {
                // Steep flanks would get lost in the gaps.
                let faint = Stroke::new(stroke.width, stroke.color.gamma_multiply(0.5));
                painter.add(Shape::line(line.to_vec(), faint));
                let scale = painter.pixels_per_point().max(1.0) as usize;
                for piece in line.chunks((drawn + left_out) * scale) {
                    let piece = &piece[..piece.len().min(drawn * scale + 1)];
                    painter.add(Shape::line(piece.to_vec(), stroke));
                }
            }
        }
    }

    /// The curve after the median filter; none if there is none, or too much of it in view.
    fn filtered(&self, columns: &[Column], axis: &ScoreAxis) -> Option<Vec<Pos2>> {
        let width = self.rule.applied_median();
        let (first, after) = (columns.first()?.first, columns.last()?.after.min(self.scores.frame_count()));
        if !(2..=WIDEST_FILTER).contains(&width) || after.saturating_sub(first) > MOST_FILTERED {
            return None;
        }
        // What lies beside the view counts for the frames at its border.
        let from = first.saturating_sub(width);
        let raw = self.scores.class_scores_between(self.class, from, after + width);
        let filtered = median_filter(&raw, width, self.rule.median_edges);
        let greatest = |column: &Column| {
            let frames = filtered.get(column.first - from..column.after.min(after).saturating_sub(from))?;
            Some(pos2(column.x, axis.y(frames.iter().copied().fold(0.0, f32::max))))
        };
        Some(columns.iter().map_while(greatest).collect())
    }

    /// The filtered score of one frame.
    pub fn filtered_score(&self, frame: usize) -> f32 {
        let width = self.rule.applied_median().min(WIDEST_FILTER);
        let from = frame.saturating_sub(width);
        let raw = self.scores.class_scores_between(self.class, from, frame + width + 1);
        median_filter(&raw, width, self.rule.median_edges).get(frame - from).copied().unwrap_or_default()
    }

    /// Shades the stretches that become events: at full height for the curve in front, and as a bar at the foot for each.
    pub fn shade(&self, painter: &Painter, axis: &ScoreAxis, scale: &TimeScale, predictions: &[Prediction]) {
        let foot = axis.rect.bottom() - 4.0 * self.place as f32;
        for (left, right) in stretches(predictions, scale, axis.rect) {
            let bar = Rect::from_min_max(pos2(left, foot - 3.0), pos2(right, foot));
            painter.rect_filled(bar, 0.0, self.color);
            if self.place == 0 {
                let whole = Rect::from_min_max(pos2(left, axis.rect.top()), pos2(right, foot - 3.0));
                painter.rect_filled(whole, 0.0, self.color.gamma_multiply(0.14));
            }
        }
    }
}

/// Where predictions lie in the lane, those that touch as one: as many steps as there are points of width, however many predictions.
fn stretches(predictions: &[Prediction], scale: &TimeScale, rect: Rect) -> Vec<(f32, f32)> {
    let mut stretches: Vec<(f32, f32)> = Vec::new();
    let mut next = predictions.partition_point(|one| scale.x_from_secs(one.span.offset_secs) < rect.left());
    while let Some(one) = predictions.get(next) {
        let left = scale.x_from_secs(one.span.onset_secs).max(rect.left());
        if left > rect.right() {
            break;
        }
        let right = scale.x_from_secs(one.span.offset_secs).clamp(left + 1.0, rect.right().max(left + 1.0));
        match stretches.last_mut() {
            Some(last) if left <= last.1 + 0.5 => last.1 = last.1.max(right),
            _ => stretches.push((left, right)),
        }
        // Those that end within the same point add nothing.
        let after = &predictions[next + 1..];
        next += 1 + after.partition_point(|other| scale.x_from_secs(other.span.offset_secs) < right);
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn rect() -> Rect {
        Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 100.0))
    }

    #[test]
    fn a_height_stands_for_the_score_that_lies_there() {
        for is_stretched in [false, true] {
            let axis = ScoreAxis { rect: rect(), is_stretched };
            for score in [0.0, 0.1, 0.5, 0.99, 1.0] {
                assert!((axis.score(axis.y(score)) - score).abs() < 0.02, "{score} {is_stretched}");
            }
            assert_eq!((axis.score(-50.0), axis.score(500.0)), (1.0, 0.0));
        }
    }

    #[test]
    fn many_predictions_become_few_stretches() {
        let scale = TimeScale { span: Span::between(0.0, 1000.0), left: 0.0, width: 100.0 };
        let prediction = |place: usize| {
            let onset = place as f64 * 0.1;
            Prediction { class: 0, span: Span::between(onset, onset + 0.05), score: 0.5 }
        };
        let dense: Vec<Prediction> = (0..10_000).map(prediction).collect();
        assert_eq!(stretches(&dense, &scale, rect()).len(), 1);
        let sparse: Vec<Prediction> = [1, 3000, 9000].map(prediction).to_vec();
        assert_eq!(stretches(&sparse, &scale, rect()).len(), 3);
    }
}
