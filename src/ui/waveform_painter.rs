//! Draws the waveform of a recording in a rectangle: a bar from the least to the greatest sample of each pixel, and a brighter one for
//! the effective value. Must not handle gestures.

use eframe::egui::{Color32, Mesh, Painter, Rect, Shape, pos2};

use crate::dsp::peaks::Peak;
use crate::spectrogram::TimeView;
use crate::time::Span;
use crate::work::TileEngine;

/// Colours and height of the waveform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveStyle {
    /// From the least to the greatest sample.
    pub peak: Color32,
    /// The effective value.
    pub rms: Color32,
    /// Factor on the samples, 1 shows full scale.
    pub gain: f32,
}

/// Draws what the engine knows of a plane in `view` into `rect`.
pub fn paint(painter: &Painter, rect: Rect, engine: &TileEngine, plane: usize, view: &TimeView, style: &WaveStyle) {
    let range = Span { onset_secs: view.start_secs, offset_secs: view.start_secs + view.duration_secs() };
    let peaks = engine.peaks(range, view.width_px.max(1) as usize, plane);
    let painter = painter.with_clip_rect(rect);
    painter.add(Shape::mesh(mesh(rect, &peaks, style, painter.pixels_per_point())));
}

/// Two bars a pixel.
fn mesh(rect: Rect, peaks: &[Option<Peak>], style: &WaveStyle, pixels_per_point: f32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(8 * peaks.len());
    mesh.reserve_triangles(4 * peaks.len());
    let step = rect.width() / peaks.len().max(1) as f32;
    let half = 0.5 * rect.height();
    let y = |sample: f32| rect.center().y - (sample * style.gain).clamp(-1.0, 1.0) * half;
    // Silence is a line of one pixel, not nothing.
    let least = 0.5 / pixels_per_point.max(0.1);
    let mut bar = |x: f32, top: f32, bottom: f32, color: Color32| {
        let middle = 0.5 * (top + bottom);
        let (top, bottom) = (top.min(middle - least), bottom.max(middle + least));
        mesh.add_colored_rect(Rect::from_min_max(pos2(x, top), pos2(x + step, bottom)), color);
    };
    let mut last: Option<Peak> = None;
    for (n, peak) in peaks.iter().enumerate() {
        let x = rect.left() + n as f32 * step;
        if let Some(peak) = *peak {
            let joined = joined(peak, last);
            bar(x, y(joined.max), y(joined.min), style.peak);
            bar(x, y(peak.rms.min(joined.max)), y((-peak.rms).max(joined.min)), style.rms);
        }
        last = *peak;
    }
    mesh
}

/// The peak, reaching to the one before it, so that a steep curve in a deep zoom stays one line.
fn joined(peak: Peak, last: Option<Peak>) -> Peak {
    last.map_or(peak, |last| Peak { min: peak.min.min(last.max), max: peak.max.max(last.min), rms: peak.rms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: WaveStyle = WaveStyle { peak: Color32::GRAY, rms: Color32::WHITE, gain: 1.0 };

    #[test]
    fn bars_stand_where_the_samples_are() {
        let rect = Rect::from_min_max(pos2(10.0, 20.0), pos2(14.0, 120.0));
        let peak = Peak { min: -0.5, max: 1.0, rms: 0.25 };
        let mesh = mesh(rect, &[None, Some(peak), None, None], &STYLE, 1.0);
        assert_eq!(mesh.vertices.len(), 8);
        let bounds = mesh.calc_bounds();
        assert_eq!((bounds.left(), bounds.right()), (11.0, 12.0));
        assert_eq!((bounds.top(), bounds.bottom()), (20.0, 95.0));
    }

    #[test]
    fn neighbouring_bars_touch() {
        let at = |value| Peak { min: value, max: value, rms: 0.0 };
        assert_eq!(joined(at(0.9), Some(at(-0.9))).min, -0.9);
        assert_eq!(joined(at(-0.9), Some(at(0.9))).max, 0.9);
        assert_eq!(joined(at(0.9), None), at(0.9));
    }
}
