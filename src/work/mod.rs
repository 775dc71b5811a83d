//! Work on threads: jobs that can be cancelled, and the one way in which their results reach the window.

pub mod archive;
mod cancel;
mod decider;
mod detection;
mod device_listing;
mod drawing;
pub mod evaluation;
pub mod example;
mod features;
pub mod folders;
mod frames;
mod gpu_support;
mod keeper;
mod keeping_queue;
mod label_files;
mod label_sets;
mod later;
mod linting;
mod measuring;
mod model_queue;
mod picture;
mod picture_job;
mod relocation;
mod storage;
mod survey;
pub mod thread;
mod tiles;
mod unnamed;
mod update;

pub use cancel::{CancelOnDrop, CancelToken};
pub use decider::Decider;
pub use detection::{DetectionJob, DetectionQueue};
pub use device_listing::list_devices;
pub use drawing::{Drawing, DrawingForm, Drawn, draw};
pub use features::{FeatureError, FeatureSpec, log_mel_rows};
pub use gpu_support::{
    GpuNews, GpuTask, GpuTrial, get_gpu_support, gpu_found_text, see_to_gpu_support, try_gpu_support,
};
pub use keeper::{Carried, OpenedProject, ProjectId, ProjectNews, ProjectRequest};
pub use keeping_queue::KeepingQueue;
pub use label_files::{
    ExportTarget, ExportWeighed, ExportWritten, LabelFileNews, LabelFileTask, LabelReading, LabelsRead, Recordings,
    RememberedAnswer, label_extensions,
};
pub use label_sets::{LabelSetNews, LabelSetTask, RememberedSet};
pub use later::{Later, let_go};
pub use linting::check_labels;
pub use measuring::{MeasuringJob, measure};
pub use model_queue::{ModelEnd, ModelJob, ModelPlaces, ModelQueue, ModelTask};
pub use picture::{PictureError, PictureLevels, PictureSpec, picture_levels};
pub use picture_job::{PictureJob, save_picture};
pub use relocation::{Found, MOST_FOLDERS, Missing, Relocated, Relocation};
pub use storage::{Storage, StorageRequest};
pub use survey::{Survey, Surveyed, Unknown};
pub use tiles::{MOST_PLANES, PicturePlace, SourceFactory, TileEngine, TileSettings, ViewTiles};
pub use unnamed::UnnamedProject;
pub use update::{
    ChartForm, DetectionEnd, DetectionStart, DialogPurpose, RunId, Update, UpdateSender, Wake, update_channel,
};
