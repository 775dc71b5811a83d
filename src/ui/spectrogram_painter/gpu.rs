//! What lies on the graphics device: the tiles' texture array, the colour tables, the pipeline; and the callback that draws one picture.
//!
//! Keeps to what OpenGL ES 3 and WebGL 2 have: no storage buffers, one uniform buffer, textures read without samplers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{Context, PaintCallbackInfo, Rect};
use eframe::egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use eframe::wgpu;

use crate::spectrogram::{COARSE_ROWS, TILE_COLUMNS, Tile, colormap};
use crate::work::ViewTiles;

use super::tile_array::{Resident, TileArray};

/// Places of tiles in the shader.
const SLOT_COUNT: usize = 64;

/// Medians in a `vec4` of the shader, a byte each.
const MEDIANS_PACKED: usize = 16;

/// Bytes of tiles sent to the device in one frame, about, for all its pictures: 16 tiles at 48 kHz.
const UPLOAD_BYTES_A_FRAME: usize = 4 << 20;

/// What the shader is told. Field by field the struct `Picture` of `shader.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Picture {
    pub(super) rect: [f32; 4],
    pub(super) time: [f32; 4],
    pub(super) frequency: [f32; 4],
    pub(super) level: [f32; 4],
    pub(super) choice: [i32; 4],
    pub(super) rows: [i32; 4],
    pub(super) drawn: [f32; 4],
    pub(super) medians: [[u32; 4]; COARSE_ROWS / MEDIANS_PACKED],
    pub(super) slots: [[i32; 4]; SLOT_COUNT],
}

impl Picture {
    /// Takes what is subtracted from each of the groups of `group` rows.
    pub(super) fn set_medians(&mut self, medians: &[u8], group: usize) {
        self.rows[2] = group as i32;
        let words = self.medians.as_flattened_mut().iter_mut();
        for (word, bytes) in words.zip(medians.chunks(4)) {
            *word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        }
    }
}

impl Default for Picture {
    fn default() -> Self {
        bytemuck::Zeroable::zeroed()
    }
}

/// All that the pictures of a window share.
pub(super) struct Gpu {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    colors: wgpu::TextureView,
    tiles: TileArray,
    wants_linear: bool,
    uploads: Arc<AtomicU64>,
    /// The frame under way, and the bytes that may still be sent in it.
    budget: (u64, usize),
}

impl Gpu {
    pub(super) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        target: wgpu::TextureFormat,
        uploads: Arc<AtomicU64>,
    ) -> Self {
        let layout = bind_group_layout(device);
        Self {
            pipeline: pipeline(device, &layout, target),
            layout,
            colors: color_tables(device, queue),
            tiles: TileArray::new(device),
            wants_linear: target.is_srgb(),
            uploads,
            budget: (0, 0),
        }
    }

    /// Puts into each place of `picture` the best tile that is on the device or can be brought there now. Returns whether better ones
    /// are still to come.
    fn fill_slots(&mut self, queue: &wgpu::Queue, callback: &PictureCallback, picture: &mut Picture) -> bool {
        if self.budget.0 != callback.frame {
            self.budget = (callback.frame, UPLOAD_BYTES_A_FRAME);
        }
        let (mut is_waiting, mut is_full) = (false, false);
        let slots = &callback.tiles.slots;
        picture.choice[2] = slots.count.min(SLOT_COUNT as u64) as i32;
        for (place, candidates) in callback.tiles.candidates.iter().take(SLOT_COUNT).enumerate() {
            picture.slots[place] = [-1, 256, 0, 0];
            let chosen = candidates.iter().enumerate().find_map(|(rank, tile)| {
                // The last resort is brought whatever the budget: it is shared by many places, and better than a hole.
                let is_last = rank + 1 == candidates.len();
                let found = self.bring(queue, callback, tile, is_last, &mut is_full);
                is_waiting |= found.is_none_or(|resident| resident.columns < tile.columns());
                found.map(|resident| (resident, tile))
            });
            if let Some((resident, tile)) = chosen {
                picture.slots[place] = slot(&resident, tile, slots.level, slots.first_index + place as u64);
            }
        }
        // Where no more room can be made, nothing will change by itself.
        is_waiting && (!is_full || self.tiles.can_grow())
    }

    /// Where a tile lies on the device, after bringing it there if need and budget allow.
    fn bring(
        &mut self,
        queue: &wgpu::Queue,
        callback: &PictureCallback,
        tile: &Tile,
        is_last: bool,
        is_full: &mut bool,
    ) -> Option<Resident> {
        let id = (callback.engine_id, tile.key);
        let found = self.tiles.find(&id, tile);
        let is_current = found.is_some_and(|resident| resident.columns == tile.columns());
        if is_current || (self.budget.1 == 0 && !(is_last && found.is_none())) {
            return found;
        }
        let Some(resident) = self.tiles.bring(queue, id, tile) else {
            *is_full = true;
            return found;
        };
        self.budget.1 = self.budget.1.saturating_sub(tile.bytes().len());
        self.uploads.fetch_add(1, Ordering::Relaxed);
        Some(resident)
    }
}

/// One of the shader's `slots`: where the columns of place `index` at `level` lie in a tile of the same or a coarser level.
fn slot(resident: &Resident, tile: &Tile, level: u8, index: u64) -> [i32; 4] {
    let rise = u32::from(tile.key.level - level).min(31);
    let first = (index * TILE_COLUMNS) >> rise;
    let line = first.saturating_sub(tile.key.index * TILE_COLUMNS) as usize + resident.line;
    let bins_per_row = tile.bins_per_row * resident.group;
    let end = resident.line + resident.columns;
    [resident.layer as i32, 256 * bins_per_row as i32 + rise as i32, line as i32, end as i32]
}

/// One picture in one frame.
pub(super) struct PictureCallback {
    pub(super) rect: Rect,
    pub(super) picture: Picture,
    pub(super) engine_id: u64,
    pub(super) tiles: ViewTiles,
    pub(super) frame: u64,
    pub(super) ctx: Context,
    pub(super) prepared: Mutex<Option<wgpu::BindGroup>>,
}

impl CallbackTrait for PictureCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(gpu) = resources.get_mut::<Gpu>() else { return Vec::new() };
        let rows = self.tiles.candidates.iter().flatten().map(|tile| tile.rows).max().unwrap_or(1);
        gpu.tiles.prepare(device, queue, (self.tiles.candidates.len(), rows), self.frame);
        let mut picture = self.picture;
        let scale = screen.pixels_per_point;
        let (corner, size) = (self.rect.min * scale, self.rect.size() * scale);
        picture.rect = [corner.x, corner.y, size.x, size.y];
        picture.choice[3] = i32::from(gpu.wants_linear);
        if gpu.fill_slots(queue, self, &mut picture) {
            self.ctx.request_repaint();
        }
        let bind_group = bind_group(device, queue, gpu, &picture);
        *self.prepared.lock().unwrap_or_else(PoisonError::into_inner) = Some(bind_group);
        Vec::new()
    }

    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(gpu), Some(bind_group)) = (resources.get::<Gpu>(), prepared.as_ref()) {
            pass.set_pipeline(&gpu.pipeline);
            pass.set_bind_group(0, bind_group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

fn bind_group(device: &wgpu::Device, queue: &wgpu::Queue, gpu: &Gpu, picture: &Picture) -> wgpu::BindGroup {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("spectrogram picture"),
        size: size_of::<Picture>() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    queue.write_buffer(&buffer, 0, bytemuck::bytes_of(picture));
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("spectrogram picture"),
        layout: &gpu.layout,
        entries: &[
            wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() },
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&gpu.tiles.view()) },
            wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(&gpu.colors) },
        ],
    })
}

fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry =
        |binding, ty| wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None };
    let texture = |view_dimension| wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable: false },
        view_dimension,
        multisampled: false,
    };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("spectrogram"),
        entries: &[
            entry(0, uniform),
            entry(1, texture(wgpu::TextureViewDimension::D2Array)),
            entry(2, texture(wgpu::TextureViewDimension::D2)),
        ],
    })
}

fn pipeline(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    target: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::include_wgsl!("shader.wgsl"));
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("spectrogram"),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("spectrogram"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex_main"),
            buffers: &[],
            compilation_options: wgpu::PipelineCompilationOptions::default(),
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("fragment_main"),
            targets: &[Some(wgpu::ColorTargetState {
                format: target,
                blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
            compilation_options: wgpu::PipelineCompilationOptions::default(),
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// All colour maps in one texture, a line each, so that choosing one sends nothing.
fn color_tables(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let bytes: Vec<u8> = colormap::ALL
        .iter()
        .flat_map(|map| map.colors)
        .flat_map(|[red, green, blue]| [red, green, blue, 255])
        .collect();
    let size = wgpu::Extent3d {
        width: colormap::COLOR_COUNT as u32,
        height: colormap::ALL.len() as u32,
        depth_or_array_layers: 1,
    };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("colour maps"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * size.width), rows_per_image: None };
    queue.write_texture(texture.as_image_copy(), &bytes, layout, size);
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
