//! Draws the spectrogram of a recording in a rectangle, on the graphics device.
//!
//! The device holds decibel bytes; which colours, which range of levels and which frequencies are shown is decided pixel by pixel in
//! the shader, so that changing them computes no FFT and uploads no tile. Must not handle gestures or draw axes.

mod gpu;
mod residency;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use eframe::egui::{Painter, Rect};
use eframe::egui_wgpu::{self, RenderState};

use crate::dsp::decibel::FLOOR_DB;
use crate::spectrogram::{FrequencyScale, FrequencyView, TILE_COLUMNS, TimeView, ViewSlots, colormap};
use crate::work::TileEngine;

use gpu::{Gpu, Picture, PictureCallback};

/// How levels become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Place of the colour map in [`crate::spectrogram::colormap::ALL`].
    pub colormap: usize,
    /// Level of the first colour, in decibels relative to a full-scale sine.
    pub floor_db: f32,
    /// Level of the last colour, in decibels, > `floor_db`.
    pub ceiling_db: f32,
    /// Exponent between the two: 1 is even, less shows soft sounds brighter.
    pub gamma: f32,
}

impl Default for Style {
    fn default() -> Self {
        Self { colormap: 0, floor_db: -100.0, ceiling_db: -20.0, gamma: 1.0 }
    }
}

/// Draws spectrograms. There is one for all pictures of a window.
#[derive(Debug)]
pub struct SpectrogramPainter {
    uploads: Arc<AtomicU64>,
}

impl SpectrogramPainter {
    /// Makes the shader and the colour tables. The window must not be multisampled and have no depth buffer (eframe's default).
    pub fn new(render_state: &RenderState) -> Self {
        let uploads = Arc::new(AtomicU64::new(0));
        let gpu = Gpu::new(&render_state.device, &render_state.queue, render_state.target_format, Arc::clone(&uploads));
        render_state.renderer.write().callback_resources.insert(gpu);
        Self { uploads }
    }

    /// Tiles sent to the device so far.
    pub fn upload_count(&self) -> u64 {
        self.uploads.load(Ordering::Relaxed)
    }

    /// Draws `view` of the engine's recording into `rect`. Where nothing is known, and outside the recording, nothing is drawn. May be called
    /// several times a frame, for several views and engines. Asks for another frame if tiles are still to be sent to the device.
    pub fn paint(
        &self,
        painter: &Painter,
        rect: Rect,
        engine: &TileEngine,
        view: &TimeView,
        frequency: &FrequencyView,
        style: &Style,
    ) {
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            return;
        }
        let tiles = engine.tiles_for_view(view);
        // By the true width, in case the view was made for another one: the borders stay where they are.
        let width_px = f64::from(rect.width() * painter.pixels_per_point());
        let columns_per_px = view.duration_secs() / engine.layout().column_secs(tiles.slots.level) / width_px;
        let callback = PictureCallback {
            rect,
            picture: picture(engine, &tiles.slots, frequency, style, columns_per_px),
            engine_id: engine.id(),
            tiles,
            frame: painter.ctx().cumulative_frame_nr(),
            ctx: painter.ctx().clone(),
            prepared: Mutex::new(None),
        };
        painter.add(egui_wgpu::Callback::new_paint_callback(rect, callback));
    }
}

/// All that the shader is told but the rectangle and the layers of the tiles.
fn picture(
    engine: &TileEngine,
    slots: &ViewSlots,
    frequency: &FrequencyView,
    style: &Style,
    columns_per_px: f64,
) -> Picture {
    let layout = engine.layout();
    let first_column = (slots.first_index * TILE_COLUMNS) as f64;
    let end_column = engine.duration_secs() / layout.column_secs(slots.level) - first_column;
    let (low, high) = frequency.warped_borders();
    let byte = |db: f32| 255.0 * (1.0 - db / FLOOR_DB);
    let (floor, ceiling) = (byte(style.floor_db), byte(style.ceiling_db));
    let scale = match frequency.scale {
        FrequencyScale::Linear => 0,
        FrequencyScale::Mel => 1,
        FrequencyScale::Log10 => 2,
        FrequencyScale::Bark => 3,
    };
    Picture {
        time: [slots.left_column as f32, columns_per_px as f32, -first_column as f32, end_column as f32],
        frequency: [low as f32, high as f32, layout.hz_per_bin() as f32, layout.stft.rows() as f32],
        level: [floor, 1.0 / (ceiling - floor).max(0.01), style.gamma.clamp(0.1, 10.0), 0.0],
        choice: [scale, style.colormap.min(colormap::ALL.len() - 1) as i32, 0, 0],
        ..Picture::default()
    }
}
