//! How a picture's height is shared by channels: one band, or one for each channel, one above the other over one time axis.

use super::axis_ui::note;
use super::canvas_ui::{Canvas, style_of};
use super::spectrogram_painter::SpectrogramPainter;
use crate::app::{OpenRecording, Previous};
use crate::spectrogram::{FrequencyView, TimeView};
use crate::work::TileEngine;
use eframe::egui::{Align2, Painter, Rect, Ui, pos2, vec2};

/// Points between two bands.
const GAP: f32 = 2.0;
/// Height of the waveform of one channel, and of each of several; and of all of them at most.
const WAVEFORM_HEIGHT: f32 = 56.0;
const WAVEFORM_OF_MANY: f32 = 20.0;
const WAVEFORMS_MOST: f32 = 128.0;

/// A band of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Where it lies.
    pub rect: Rect,
    /// Which of the pictures of the engine it shows.
    pub plane: usize,
    /// Its channel; none where there is only one band.
    pub name: Option<String>,
}

/// Draws what is known of the open recording in a band; beneath it what was to be seen before, as long as that is kept.
pub fn paint(
    canvas: &Canvas<'_>,
    painter: &Painter,
    spectrogram: &SpectrogramPainter,
    band: &Band,
    view: &TimeView,
    frequencies: &FrequencyView,
) {
    if let Some(previous) =
        canvas.open.previous.as_ref().filter(|previous| is_wanted(previous, &canvas.open.tiles, view))
    {
        let plane = band.plane.min(previous.tiles.plane_count().saturating_sub(1));
        let style = style_of(&previous.display, &previous.tiles);
        spectrogram.paint(painter, band.rect, &previous.tiles, plane, view, frequencies, &style);
    }
    spectrogram.paint(painter, band.rect, &canvas.open.tiles, band.plane, view, frequencies, &canvas.style());
}

/// Whether a picture from before is to be seen, where the new one of that view has holes. One of another kind must not stand beside the
/// new one for long.
fn is_wanted(previous: &Previous, fresh: &TileEngine, view: &TimeView) -> bool {
    let layout = fresh.layout();
    if layout.level_for(view) < layout.base_level {
        return !fresh.is_view_complete();
    }
    fresh.progress() < 1.0 && (previous.tiles.kind() == fresh.kind() || fresh.progress() == 0.0)
}

/// How high the waveforms are, in points.
pub fn waveform_height(open: &OpenRecording) -> f32 {
    match open.tiles.plane_count() {
        0 | 1 => WAVEFORM_HEIGHT,
        many => (many as f32 * WAVEFORM_OF_MANY).clamp(WAVEFORM_HEIGHT, WAVEFORMS_MOST),
    }
}

/// The bands of a picture, from the top.
pub fn bands(canvas: &Canvas<'_>, rect: Rect) -> Vec<Band> {
    split(rect, canvas.open.tiles.plane_count())
}

/// The band at a height; the nearest one above and below all of them.
pub fn band_at(canvas: &Canvas<'_>, rect: Rect, y: f32) -> Band {
    let count = canvas.open.tiles.plane_count().max(1);
    let place = ((y - rect.top()) / rect.height().max(1.0) * count as f32).floor().max(0.0) as usize;
    let mut bands = split(rect, count);
    bands.swap_remove(place.min(count - 1))
}

fn split(rect: Rect, count: usize) -> Vec<Band> {
    let count = count.max(1);
    let height = rect.height() / count as f32;
    let gap = if count > 1 { GAP.min(0.2 * height) } else { 0.0 };
    let band = |plane: usize| {
        let top = rect.top() + plane as f32 * height;
        let band = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), (height - gap).max(1.0)));
        Band { rect: band, plane, name: (count > 1).then(|| format!("Ch {}", plane + 1)) }
    };
    (0..count).map(band).collect()
}

/// Writes the channels' names into their bands.
pub fn names(ui: &Ui, canvas: &Canvas<'_>, rect: Rect) {
    for band in bands(canvas, rect) {
        if let Some(name) = band.name {
            note(&ui.painter_at(band.rect), band.rect.left_bottom() + vec2(3.0, -2.0), Align2::LEFT_BOTTOM, &name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_share_the_height_and_do_not_touch() {
        let rect = Rect::from_min_max(pos2(10.0, 100.0), pos2(410.0, 500.0));
        assert_eq!(split(rect, 1), [Band { rect, plane: 0, name: None }]);
        let bands = split(rect, 8);
        assert_eq!(bands.len(), 8);
        assert!(bands.windows(2).all(|pair| pair[0].rect.bottom() + 1.0 < pair[1].rect.top()));
        assert_eq!((bands[0].rect.top(), bands[7].name.as_deref()), (100.0, Some("Ch 8")));
        assert!(bands.iter().all(|band| band.rect.height() > 45.0 && rect.contains_rect(band.rect)));
    }
}
