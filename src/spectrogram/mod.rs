//! Tiles of the spectrogram: geometry, pyramid, cache policy. Pure.
//!
//! Owns what a picture is made of; must not know about files, threads or the screen's toolkit. The words: a *column* at *level* k
//! is the maximum over 2^k neighbouring STFT columns, a *tile* is a block of [`TILE_COLUMNS`] columns of one level.

mod cache;
mod coarse;
pub mod colormap;
mod frequency_view;
mod layout;
mod levels;
pub mod render;
mod row_axis;
mod row_medians;
mod settings;
mod tile;
mod time_view;
mod value_scale;
mod waveform;

pub use cache::TileCache;
pub use coarse::{CoarseBuilder, CoarseStore, CoarseUpdate, StoredCoarse};
pub use frequency_view::{FrequencyScale, FrequencyView};
pub use layout::{COARSE_ROWS, Channel, PyramidLayout, TILE_COLUMNS, TileKey, ViewSlots};
pub use levels::automatic_levels;
pub use row_axis::RowAxis;
pub use row_medians::RowMedians;
pub use settings::{FRAME_LEN_RANGE, PictureKind, PictureSettings};
pub use tile::Tile;
pub use time_view::TimeView;
pub use value_scale::ValueScale;
pub use waveform::{FineWave, PAGE_PEAKS, WaveBuilder, WaveStore, WaveUpdate, wave_block_samples};
