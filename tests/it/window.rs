//! The window, driven by keys, mouse and accessible names, without a display.

mod appearance;
mod complexity;
mod display;
mod keys;
mod lint;
mod listening;
mod main_job;
mod many_events;
mod models;
mod saving_picture;
mod stage;
mod timeline;
