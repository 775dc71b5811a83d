//! Models from the outside: folders and manifests, runtimes and devices, detection.
//!
//! [`registry`] finds a [`ModelFolder`]; [`Detector::load`] opens its network on a runtime that passes the model's self-check;
//! [`Detector::run`] gives frame scores over a recording. [`catalogue`] lists published models, and [`acquire`] fetches one and makes a model
//! folder of it; [`variant`] makes one of it in smaller numbers. What becomes of scores is the business of [`crate::decision`].

pub mod acquire;
mod backend;
mod bare_network;
mod batch_choice;
pub mod bench;
mod built_in;
pub mod catalogue;
pub mod child;
mod covering;
mod detector;
mod device_watch;
pub mod devices;
pub mod download;
mod error;
mod features;
mod folder;
mod framed_clips;
pub mod gpu_support;
mod hardware_names;
pub mod import;
mod input_view;
pub mod installed;
mod labels;
mod manifest;
mod onnx_runtime;
mod pipeline;
mod placement;
mod planner;
mod providers;
pub mod registry;
mod runtime;
mod self_check;
mod truth;
pub mod variant;

pub use bare_network::BareNetwork;
pub use batch_choice::{BatchChoice, Work};
pub use covering::ScoreTaker;
pub use detector::{Detector, DetectorOptions, RunSummary, ScoreBlock, ShortClips};
pub use device_watch::DeviceWatch;
pub use devices::{Device, DeviceChoice, DeviceList};
pub use error::ModelError;
pub use folder::{MANIFEST_FILE, ModelFolder};
pub use input_view::{ModelFrames, ModelInput};
pub use labels::{ClassLabel, class_index, class_indices, parse_labels};
pub use manifest::{
    Activation, ClipAxes, Decision, EmbeddingOutput, FrontEnd, Layout, Manifest, Network, OutputAxes, Padding,
    SelfCheck, WaveformSpec,
};
pub use pipeline::{NetworkTime, QueuedRecording};
pub use runtime::{RuntimeChoice, RuntimeReport};
pub use truth::DeviceTruth;
