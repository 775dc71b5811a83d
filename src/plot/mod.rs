//! Charts as values, and as files: SVG, PNG and CSV. Pure: knows no model, no window and no path.
//!
//! A [`Chart`] says what is shown; [`Layout`] places it on a page of given size; [`svg::write`] draws the layout, [`png::render`] turns the drawing
//! into pixels with the bundled font, so that text looks the same on every machine.

mod axis;
mod chart;
mod labels;
mod layout;
pub mod page;
pub mod png;
pub mod svg;

pub use axis::{Axis, Scale, tick_text};
pub use chart::{COLORS, Chart, Marker, Point, Series};
pub use layout::{Layout, PlacedLabel};
