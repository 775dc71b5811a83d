//! The window, driven by keys, mouse and accessible names, without a display.

mod appearance;
mod complexity;
mod decoding;
mod devices;
mod display;
mod evaluation;
mod keeping;
mod keys;
mod label_files;
mod labels;
mod lint;
mod listening;
mod long_steps;
mod main_job;
mod many_events;
mod many_recordings;
mod models;
mod reaching;
mod recordings;
mod review;
mod saving_picture;
mod selecting;
mod shapes;
mod stage;
mod timeline;
