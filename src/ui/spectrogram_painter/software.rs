//! Draws pictures on the processor, for windows without a graphics device: the columns of the tiles through the renderer of
//! [`crate::spectrogram::render`] into textures, which are kept as long as nothing changes.
//!
//! The sums of a picture take a few milliseconds; a processor takes some hundreds for the shader.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, Painter, Rect, TextureHandle, TextureOptions, pos2, vec2};

use super::Style;
use crate::spectrogram::render::{LevelColumns, Shading, palette, render};
use crate::spectrogram::{FrequencyView, TILE_COLUMNS, Tile, TileKey, TimeView};
use crate::ui::theme;
use crate::work::{TileEngine, ViewTiles};

/// Which picture of the window: of which plane of which engine, and where, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    engine_id: u64,
    plane: usize,
    corner: (i32, i32),
    size: (usize, usize),
}

/// All that a picture depends on.
#[derive(PartialEq)]
struct Shown {
    view: TimeView,
    frequency: FrequencyView,
    style: Style,
    duration_secs: f64,
    /// What of each tile was known, best candidates first.
    tiles: Vec<(TileKey, usize)>,
    medians: Arc<[u8]>,
}

struct Kept {
    shown: Shown,
    texture: TextureHandle,
    /// Frame in which it was drawn last.
    frame: u64,
}

/// The pictures of a window.
#[derive(Default)]
pub(super) struct SoftwarePictures {
    kept: RefCell<HashMap<Place, Kept>>,
}

impl std::fmt::Debug for SoftwarePictures {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(text, "{} pictures", self.kept.borrow().len())
    }
}

impl SoftwarePictures {
    /// As [`super::SpectrogramPainter::paint`]. Returns whether the picture was computed anew.
    #[allow(clippy::too_many_arguments, reason = "those of the painter")]
    pub(super) fn paint(
        &self,
        painter: &Painter,
        rect: Rect,
        engine: &TileEngine,
        plane: usize,
        view: &TimeView,
        frequency: &FrequencyView,
        style: &Style,
    ) -> bool {
        let scale = painter.pixels_per_point();
        // On whole pixels, so that each texel is one.
        let (left, top) = ((rect.left() * scale).round(), (rect.top() * scale).round());
        let (right, bottom) = ((rect.right() * scale).round(), (rect.bottom() * scale).round());
        let size = ((right - left) as usize, (bottom - top) as usize);
        if size.0 == 0 || size.1 == 0 {
            return false;
        }
        let tiles = engine.tiles_for_view(view, plane);
        let shown = Shown {
            view: *view,
            frequency: *frequency,
            style: *style,
            duration_secs: engine.duration_secs(),
            tiles: tiles.candidates.iter().flatten().map(|tile| (tile.key, tile.columns())).collect(),
            medians: if style.normalise { engine.row_medians(plane) } else { Arc::from([]) },
        };
        let place = Place { engine_id: engine.id(), plane, corner: (left as i32, top as i32), size };
        let frame = painter.ctx().cumulative_frame_nr();
        let mut kept = self.kept.borrow_mut();
        // What was not drawn in the frame before this one is not there any more.
        kept.retain(|_, picture| picture.frame + 1 >= frame);
        let is_same = kept.get(&place).is_some_and(|picture| picture.shown == shown);
        if !is_same {
            let image = image(engine, &tiles, &shown, size);
            let texture = texture(painter.ctx(), kept.remove(&place), image);
            kept.insert(place, Kept { shown, texture, frame });
        }
        if let Some(picture) = kept.get_mut(&place) {
            picture.frame = frame;
            let area = Rect::from_min_max(pos2(left, top) / scale, pos2(right, bottom) / scale);
            painter.image(
                picture.texture.id(),
                area,
                Rect::from_min_size(pos2(0.0, 0.0), vec2(1.0, 1.0)),
                Color32::WHITE,
            );
        }
        !is_same
    }
}

/// The texture of an image: the one that was there, if any.
fn texture(context: &Context, kept: Option<Kept>, image: ColorImage) -> TextureHandle {
    match kept {
        Some(Kept { mut texture, .. }) => {
            texture.set(image, TextureOptions::NEAREST);
            texture
        }
        None => context.load_texture("spectrogram", image, TextureOptions::NEAREST),
    }
}

fn image(engine: &TileEngine, tiles: &ViewTiles, shown: &Shown, (width, height): (usize, usize)) -> ColorImage {
    let columns = gather(engine, tiles, shown, width);
    let shading = Shading {
        floor: shown.style.darkest,
        ceiling: shown.style.brightest,
        gamma: shown.style.gamma,
        band_bytes: band_bytes(engine, &shown.medians, columns.rows, columns.group),
    };
    let picture = render(&columns, &shown.frequency, &shading, width, height);
    let colors = palette(shown.style.colormap).map(theme::map_color);
    let mut pixels: Vec<Color32> = picture.shades.iter().map(|&shade| colors[usize::from(shade)]).collect();
    for (line, pixels) in pixels.chunks_exact_mut(width).enumerate() {
        if picture.known_lines.contains(&line) {
            let unknown = pixels.iter_mut().zip(&picture.known).filter(|(_, known)| !**known);
            unknown.for_each(|(pixel, _)| *pixel = Color32::TRANSPARENT);
        } else {
            pixels.fill(Color32::TRANSPARENT);
        }
    }
    ColorImage::new([width, height], pixels)
}

/// The medians, which are those of the base level's rows, for rows of `group` rows of the axis.
fn band_bytes(engine: &TileEngine, medians: &[u8], rows: usize, group: usize) -> Vec<u8> {
    let layout = engine.layout();
    let base_group = layout.bins_per_row(layout.base_level).max(1);
    let rows = if medians.is_empty() { 0 } else { rows };
    (0..rows).map(|row| medians.get(row * group / base_group).copied().unwrap_or(0)).collect()
}

/// The columns that `width` pixels show, each from the finest tile that has it.
fn gather(engine: &TileEngine, tiles: &ViewTiles, shown: &Shown, width: usize) -> LevelColumns {
    let layout = engine.layout();
    let slots = &tiles.slots;
    let (rows, bins_per_row) = (layout.rows(slots.level), layout.bins_per_row(slots.level));
    // By the true width, in case the view was made for another one: the borders stay where they are.
    let columns_per_px = shown.view.duration_secs() / layout.column_secs(slots.level) / width as f64;
    let tile_columns = TILE_COLUMNS as usize;
    let first = (slots.left_column - 1.0).floor().max(0.0) as usize;
    let end = (slots.left_column + columns_per_px * width as f64 + 2.0).ceil().max(0.0) as usize;
    let end = end.min(slots.count as usize * tile_columns).max(first);
    let mut bytes = vec![0; (end - first) * rows];
    let mut known = vec![false; end - first];
    for ((column, known), out) in (first..end).zip(&mut known).zip(bytes.chunks_exact_mut(rows.max(1))) {
        let candidates = tiles.candidates.get(column / tile_columns).map(Vec::as_slice).unwrap_or_default();
        let column = slots.first_index * TILE_COLUMNS + column as u64;
        *known = candidates.iter().any(|tile| copy_column(tile, slots.level, column, bins_per_row, out));
    }
    let in_columns = |secs: f64| {
        let column = (secs - layout.first_secs()) / layout.column_secs(slots.level);
        column - (slots.first_index * TILE_COLUMNS) as f64 - first as f64
    };
    LevelColumns {
        rows,
        axis: layout.axis,
        group: bins_per_row,
        scale: *engine.value_scale(),
        bytes,
        known,
        left_column: slots.left_column - first as f64,
        columns_per_px,
        begin_column: in_columns(0.0),
        end_column: in_columns(shown.duration_secs),
    }
}

/// Copies what a tile of the same or a coarser level has of a column; false if that is nothing. Rows that are grouped in the tile are
/// repeated.
fn copy_column(tile: &Tile, level: u8, column: u64, bins_per_row: usize, out: &mut [u8]) -> bool {
    let rise = u32::from(tile.key.level.saturating_sub(level)).min(63);
    let Some(place) = (column >> rise).checked_sub(tile.key.index * TILE_COLUMNS) else { return false };
    let bytes = tile.column(place as usize);
    if bytes.is_empty() {
        return false;
    }
    match (tile.bins_per_row / bins_per_row.max(1)).max(1) {
        1 => out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = byte),
        group => out.chunks_mut(group).zip(bytes).for_each(|(out, &byte)| out.fill(byte)),
    }
    true
}
