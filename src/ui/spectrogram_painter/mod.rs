//! Draws the spectrogram of a recording in a rectangle, on the graphics device or, where there is none, on the processor.
//!
//! A device holds bytes of levels; which colours, which range of levels and which frequencies are shown is decided pixel by pixel in
//! the shader, so that changing them computes no FFT and uploads no tile. Must not handle gestures or draw axes.

mod gpu;
mod residency;
mod software;
mod tile_array;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use eframe::egui::{Painter, Rect};
use eframe::egui_wgpu::{self, RenderState};

use crate::spectrogram::{FrequencyScale, FrequencyView, RowAxis, TILE_COLUMNS, TimeView, ViewSlots, colormap};
use crate::work::TileEngine;

use gpu::{Gpu, Picture, PictureCallback};
use software::SoftwarePictures;

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Place of the colour map in [`crate::spectrogram::colormap::ALL`].
    pub colormap: usize,
    /// Value of the first colour, in the unit of the picture ([`crate::spectrogram::ValueScale`]): decibels relative to a full-scale sine
    /// where levels are shown.
    pub darkest: f32,
    /// Value of the last colour, > `darkest`.
    pub brightest: f32,
    /// Exponent between the two: 1 is even, less shows soft sounds brighter.
    pub gamma: f32,
    /// Shows each row relative to its middle value over the whole recording; `darkest` and `brightest` are then differences from that.
    pub normalise: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { colormap: 0, darkest: -100.0, brightest: -20.0, gamma: 1.0, normalise: false }
    }
}

/// Draws spectrograms. There is one for all pictures of a window.
#[derive(Debug)]
pub struct SpectrogramPainter {
    /// Tiles sent to the device, or pictures computed on the processor.
    uploads: Arc<AtomicU64>,
    /// Pictures drawn by the processor; none with a device.
    software: Option<SoftwarePictures>,
    drawn_by: String,
}

impl SpectrogramPainter {
    /// Makes the shader and the colour tables. The window must not be multisampled and have no depth buffer (eframe's default).
    pub fn new(render_state: &RenderState) -> Self {
        let uploads = Arc::new(AtomicU64::new(0));
        let gpu = Gpu::new(&render_state.device, &render_state.queue, render_state.target_format, Arc::clone(&uploads));
        render_state.renderer.write().callback_resources.insert(gpu);
        let adapter = render_state.adapter.get_info();
        let is_software = adapter.device_type == eframe::wgpu::DeviceType::Cpu;
        let drawn_by = format!("{}{}", adapter.name, if is_software { ": the processor, slowly" } else { "" });
        Self { uploads, software: None, drawn_by }
    }

    /// Draws on the processor, for windows without wgpu.
    pub fn software() -> Self {
        let drawn_by = "the processor: no graphics device was found".to_owned();
        Self { uploads: Arc::default(), software: Some(SoftwarePictures::default()), drawn_by }
    }

    /// What draws, in words.
    pub fn drawn_by(&self) -> &str {
        &self.drawn_by
    }

    /// Tiles sent to the device so far; without one, pictures that were computed.
    pub fn upload_count(&self) -> u64 {
        self.uploads.load(Ordering::Relaxed)
    }

    /// Draws `view` of a plane of the engine's recording into `rect`. Where nothing is known, and outside the recording, nothing is drawn. May be called
    /// several times a frame, for several views and engines. Asks for another frame if tiles are still to be sent to the device.
    #[allow(clippy::too_many_arguments, reason = "all of them say what is drawn, and none belongs to another")]
    pub fn paint(
        &self,
        painter: &Painter,
        rect: Rect,
        engine: &TileEngine,
        plane: usize,
        view: &TimeView,
        frequency: &FrequencyView,
        style: &Style,
    ) {
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            return;
        }
        if let Some(software) = &self.software {
            let is_new = software.paint(painter, rect, engine, plane, view, frequency, style);
            self.uploads.fetch_add(u64::from(is_new), Ordering::Relaxed);
            return;
        }
        let tiles = engine.tiles_for_view(view, plane);
        // By the true width, in case the view was made for another one: the borders stay where they are.
        let width_px = f64::from(rect.width() * painter.pixels_per_point());
        let columns_per_px = view.duration_secs() / engine.layout().column_secs(tiles.slots.level) / width_px;
        let callback = PictureCallback {
            rect,
            picture: picture(engine, plane, &tiles.slots, frequency, style, columns_per_px),
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
    plane: usize,
    slots: &ViewSlots,
    frequency: &FrequencyView,
    style: &Style,
    columns_per_px: f64,
) -> Picture {
    let layout = engine.layout();
    let first_column = (slots.first_index * TILE_COLUMNS) as f64;
    let column = |secs: f64| (secs - layout.first_secs()) / layout.column_secs(slots.level) - first_column;
    let (low, high) = frequency.warped_borders();
    let values = engine.value_scale();
    let byte = |value: f32| if style.normalise { value * values.bytes_per_unit() } else { values.byte_place(value) };
    let (darkest, brightest) = (byte(style.darkest), byte(style.brightest));
    let (axis, first, step) = match layout.axis {
        RowAxis::Bins { hz_per_row, .. } => (0, 0.0, hz_per_row),
        RowAxis::Mel { first_mel, step_mel, .. } => (1, first_mel, step_mel),
    };
    let (lowest, highest) = layout.axis.drawn_rows();
    let scale = match frequency.scale {
        FrequencyScale::Linear => 0,
        FrequencyScale::Mel => 1,
        FrequencyScale::Log10 => 2,
        FrequencyScale::Bark => 3,
    };
    let mut picture = Picture {
        time: [
            slots.left_column as f32,
            columns_per_px as f32,
            column(0.0) as f32,
            column(engine.duration_secs()) as f32,
        ],
        frequency: [low as f32, high as f32, first as f32, step as f32],
        level: [darkest, 1.0 / (brightest - darkest).max(0.01), style.gamma.clamp(0.1, 10.0), 0.0],
        choice: [scale, style.colormap.min(colormap::ALL.len() - 1) as i32, 0, 0],
        rows: [axis, layout.axis.count() as i32, 0, 0],
        drawn: [lowest as f32, highest as f32, 0.0, 0.0],
        ..Picture::default()
    };
    if style.normalise {
        picture.set_medians(&engine.row_medians(plane), layout.bins_per_row(layout.base_level));
    }
    picture
}
