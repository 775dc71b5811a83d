//! Between heights on the screen and frequencies, over all channels that are stacked.

use super::bands;
use super::canvas_ui::Canvas;
use crate::annotation::Band;
use crate::spectrogram::FrequencyView;
use eframe::egui::{Rangef, Rect};

/// Where frequencies lie in a picture with one band of height a channel.
pub struct Heights {
    whole: Rangef,
    planes: Vec<Rangef>,
    view: FrequencyView,
}

impl Heights {
    /// Those of the spectrogram at `rect`.
    pub fn of(canvas: &Canvas<'_>, rect: Rect) -> Self {
        let planes = bands::bands(canvas, rect).into_iter().map(|band| band.rect.y_range()).collect();
        Self { whole: rect.y_range(), planes, view: canvas.frequencies() }
    }

    /// The channel at a height; the nearest one above and below all of them.
    pub fn plane_at(&self, y: f32) -> usize {
        let after = self.planes.partition_point(|plane| plane.max < y);
        after.min(self.planes.len().saturating_sub(1))
    }

    fn plane(&self, plane: usize) -> Rangef {
        self.planes.get(plane).or(self.planes.first()).copied().unwrap_or(self.whole)
    }

    /// The frequency at a height of a channel, in hertz; beyond its borders that of the border.
    pub fn hz_at(&self, plane: usize, y: f32) -> f64 {
        let plane = self.plane(plane);
        let height = f64::from((plane.max - y) / plane.span().max(1.0));
        // A logarithmic axis cannot show the lowest frequencies, but whoever draws to its end means them too.
        match height {
            _ if height <= 0.0 => self.view.low_hz,
            _ if height >= 1.0 => self.view.high_hz,
            _ => self.view.hz_from_y(height),
        }
    }

    /// Where a frequency lies in a channel; outside of it if it is not in view.
    pub fn y_of(&self, plane: usize, hz: f64) -> f32 {
        let plane = self.plane(plane);
        let height = self.view.y_from_hz(hz);
        let height = if height.is_finite() { height.clamp(-10.0, 10.0) } else { 0.0 };
        plane.max - height as f32 * plane.span()
    }

    /// Where a band lies: once in each channel that shows some of it. No band is the whole height, once.
    pub fn strips(&self, band: Option<Band>) -> impl Iterator<Item = Rangef> {
        let whole = band.is_none().then_some(self.whole);
        let of_planes = band.into_iter().flat_map(move |band| {
            let strip = move |plane: usize| Rangef::new(self.y_of(plane, band.high_hz), self.y_of(plane, band.low_hz));
            let is_seen = move |plane: usize, strip: &Rangef| {
                let plane = self.plane(plane);
                strip.max > plane.min && strip.min < plane.max
            };
            (0..self.planes.len())
                .map(move |plane| (plane, strip(plane)))
                .filter(move |(plane, strip)| is_seen(*plane, strip))
        });
        whole.into_iter().chain(of_planes.map(|(_, strip)| strip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::FrequencyScale;
    use proptest::prelude::*;

    fn stacked(scale: FrequencyScale) -> Heights {
        let planes = vec![Rangef::new(100.0, 298.0), Rangef::new(300.0, 498.0)];
        let view = FrequencyView { low_hz: 50.0, high_hz: 12_000.0, scale };
        Heights { whole: Rangef::new(100.0, 498.0), planes, view }
    }

    proptest! {
        #[test]
        fn heights_and_frequencies_agree_in_every_channel(plane in 0_usize..2, part in 0.0_f32..1.0) {
            for scale in FrequencyScale::ALL {
                let heights = stacked(scale);
                let y = heights.plane(plane).min + part * 198.0;
                prop_assert_eq!(heights.plane_at(y), plane);
                let hz = heights.hz_at(plane, y);
                prop_assert!((50.0..=12_000.0).contains(&hz));
                prop_assert!((heights.y_of(plane, hz) - y).abs() < 0.05, "{:?}: {} for {}", scale, heights.y_of(plane, hz), y);
            }
        }
    }

    #[test]
    fn a_box_is_in_every_channel_and_a_span_over_all_of_them() {
        let heights = stacked(FrequencyScale::Linear);
        let strips: Vec<Rangef> = heights.strips(Some(Band { low_hz: 50.0, high_hz: 6_025.0 })).collect();
        assert_eq!(strips, [Rangef::new(199.0, 298.0), Rangef::new(399.0, 498.0)]);
        assert_eq!(heights.strips(None).collect::<Vec<_>>(), [Rangef::new(100.0, 498.0)]);
        let above = Band { low_hz: 13_000.0, high_hz: 14_000.0 };
        assert_eq!(heights.strips(Some(above)).count(), 0);
        assert_eq!((heights.hz_at(0, 0.0), heights.hz_at(1, 900.0)), (12_000.0, 50.0));
        assert_eq!((heights.plane_at(0.0), heights.plane_at(900.0)), (0, 1));
    }
}
