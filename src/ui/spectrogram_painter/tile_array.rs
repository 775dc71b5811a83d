//! The texture array that holds tiles: its size, and how tiles are brought into it. It grows with what one frame shows, up to
//! [`MOST_BYTES`]; beyond that, rows are grouped by their maximum. It never shrinks.
//!
//! A layer holds [`TILES_A_LAYER`] tiles, so that devices with few layers have room for many.

use eframe::wgpu;

use crate::spectrogram::{TILE_COLUMNS, Tile};

use super::residency::{Residency, TileId};

/// Bytes of the array, at most.
const MOST_BYTES: usize = 96 << 20;

/// Rows and tiles of an array that has just been made: two wide pictures at 48 kHz, 24 MB.
const FIRST_ROWS: usize = 1_024;
const FIRST_PLACES: usize = 96;

/// Tiles one below the other in a layer.
const TILES_A_LAYER: usize = 4;

/// Rows below which tiles are not grouped, however many there are.
const LEAST_ROWS: usize = 128;

/// Tiles on the device.
pub(super) struct TileArray {
    texture: wgpu::Texture,
    rows: usize,
    /// Rows of a line, at most, while there are so many tiles.
    most_rows: usize,
    /// The same, whatever there is.
    line_limit: usize,
    layer_limit: usize,
    /// Tiles of the pictures of the frame under way, on the device or not.
    shown: usize,
    residency: Residency,
}

/// A tile on the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resident {
    /// Layer of the array.
    pub(super) layer: usize,
    /// Line of the tile's first column.
    pub(super) line: usize,
    /// Columns that are there.
    pub(super) columns: usize,
    /// Rows of the tile in a row of the texture.
    pub(super) group: usize,
}

impl TileArray {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let limits = device.limits();
        let line_limit = previous_power_of_two(limits.max_texture_dimension_2d as usize);
        let layer_limit = (limits.max_texture_array_layers as usize).max(1);
        let (rows, places) = (FIRST_ROWS.min(line_limit), FIRST_PLACES.min(layer_limit * TILES_A_LAYER));
        Self {
            texture: texture(device, rows, places),
            rows,
            most_rows: line_limit,
            line_limit,
            layer_limit,
            shown: 0,
            residency: Residency::new(places),
        }
    }

    /// Before a picture of `tiles` tiles of up to `rows` rows is drawn in `frame`: makes the array as large as it and the last frame have shown
    /// to be needed.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        (tiles, rows): (usize, usize),
        frame: u64,
    ) {
        let places = self.residency.place_count();
        let mut wanted = places;
        if let Some(is_short) = self.residency.begin_frame(frame) {
            let shown = std::mem::take(&mut self.shown);
            if is_short {
                wanted = (2 * places).min(self.layer_limit * TILES_A_LAYER);
                while bytes_of(wanted, self.rows.min(self.most_rows)) > MOST_BYTES && self.most_rows > LEAST_ROWS {
                    self.most_rows = (self.rows.min(self.most_rows) / 2).max(LEAST_ROWS);
                }
            } else if self.most_rows < self.line_limit && bytes_of(2 * shown, 2 * self.most_rows) <= MOST_BYTES {
                // By what is to be shown, not by what has been sent so far: the array would go to and fro.
                self.most_rows *= 2;
            }
        }
        self.shown += tiles;
        let rows = self.rows.max(rows.next_power_of_two()).min(self.most_rows);
        if bytes_of(wanted, rows) > MOST_BYTES {
            wanted = (MOST_BYTES / bytes_of(TILES_A_LAYER, rows)).max(1) * TILES_A_LAYER;
        }
        if rows != self.rows || wanted != places {
            self.remake(device, queue, rows, wanted);
            self.residency.begin_frame(frame);
        }
    }

    /// Makes the array anew, with what it holds if that fits.
    fn remake(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, rows: usize, places: usize) {
        let texture = texture(device, rows, places);
        if rows >= self.rows && places >= self.residency.place_count() {
            // At once, so that what is sent from now on is not overwritten.
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let (from, to) = (self.texture.as_image_copy(), texture.as_image_copy());
            encoder.copy_texture_to_texture(from, to, self.texture.size());
            queue.submit([encoder.finish()]);
            self.residency.grow(places);
        } else {
            self.residency = Residency::new(places);
        }
        (self.texture, self.rows) = (texture, rows);
    }

    /// Where a tile lies, if it does, with all or some of its columns. Counts as drawn.
    pub(super) fn find(&mut self, id: &TileId, tile: &Tile) -> Option<Resident> {
        let (place, columns, group) = self.residency.find(id)?;
        (group == self.group_for(tile)).then(|| resident(place, columns, group))
    }

    /// Brings a tile to the device. `None` if all places hold what this frame draws; the array is then larger in the next one, if it can be.
    pub(super) fn bring(&mut self, queue: &wgpu::Queue, id: TileId, tile: &Tile) -> Option<Resident> {
        let group = self.group_for(tile);
        let place = self.residency.claim(id, tile.columns(), group)?;
        let resident = resident(place, tile.columns(), group);
        self.upload(queue, &resident, tile);
        Some(resident)
    }

    /// Whether more room may come with the next frame.
    pub(super) fn can_grow(&self) -> bool {
        self.residency.place_count() < self.layer_limit * TILES_A_LAYER
    }

    /// Rows of the tile that one row of the texture stands for.
    fn group_for(&self, tile: &Tile) -> usize {
        tile.rows.div_ceil(self.most_rows.min(self.rows)).next_power_of_two()
    }

    /// Sends a tile. A column is a line of the texture, so that the bytes go as they are.
    fn upload(&self, queue: &wgpu::Queue, place: &Resident, tile: &Tile) {
        let grouped: Vec<u8>;
        let (bytes, rows) = if place.group == 1 {
            (tile.bytes(), tile.rows)
        } else {
            let columns = tile.bytes().chunks_exact(tile.rows);
            let greatest = |group: &[u8]| group.iter().copied().max().unwrap_or(0);
            grouped = columns.flat_map(|column| column.chunks(place.group).map(greatest)).collect();
            (grouped.as_slice(), tile.rows.div_ceil(place.group))
        };
        queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                texture: &self.texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x: 0, y: place.line as u32, z: place.layer as u32 },
                aspect: wgpu::TextureAspect::All,
            },
            bytes,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(rows as u32), rows_per_image: None },
            wgpu::Extent3d { width: rows as u32, height: tile.columns() as u32, depth_or_array_layers: 1 },
        );
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor {
            dimension: Some(wgpu::TextureViewDimension::D2Array),
            ..Default::default()
        })
    }
}

fn resident(place: usize, columns: usize, group: usize) -> Resident {
    let line = place % TILES_A_LAYER * TILE_COLUMNS as usize;
    Resident { layer: place / TILES_A_LAYER, line, columns, group }
}

/// Bytes of `places` tiles of `rows` rows.
fn bytes_of(places: usize, rows: usize) -> usize {
    places * rows * TILE_COLUMNS as usize
}

fn texture(device: &wgpu::Device, rows: usize, places: usize) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("spectrogram tiles"),
        size: wgpu::Extent3d {
            width: rows as u32,
            height: TILE_COLUMNS as u32 * TILES_A_LAYER as u32,
            depth_or_array_layers: places.div_ceil(TILES_A_LAYER) as u32,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::R8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

fn previous_power_of_two(value: usize) -> usize {
    1 << value.max(1).ilog2()
}
