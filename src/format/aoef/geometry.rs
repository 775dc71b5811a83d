//! The shapes of sound events, and what of them is a span and a band.
//!
//! Must not know tags.

use crate::format::json::{Kind, Node};

/// The stretch and the frequencies around a shape, in the file's own seconds and hertz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) onset: f64,
    pub(super) offset: f64,
    /// Low and high end.
    pub(super) band: Option<(f64, f64)>,
    pub(super) is_point: bool,
    /// Whether the bounds are the whole shape.
    pub(super) is_exact: bool,
}

/// So deep are the arrays of the deepest shape, a `MultiPolygon`, and one more.
const MOST_DEPTH: usize = 5;

/// The bounds of a shape, or what is wrong with it.
pub(super) fn bounds(geometry: Node<'_>) -> Result<Bounds, String> {
    let (mut kind, mut coordinates) = (None, None);
    for (key, value) in geometry.entries() {
        match &*key {
            "type" => kind = value.string(),
            "coordinates" => coordinates = Some(value),
            _ => {}
        }
    }
    let kind = kind.ok_or("the geometry has no type")?;
    let coordinates = coordinates.ok_or("the geometry has no coordinates")?;
    let numbers: Option<Vec<f64>> = coordinates.elements().take(5).map(Node::number).collect();
    let numbers = numbers.unwrap_or_default();
    let exact = |onset, offset, band, is_point| Ok(Bounds { onset, offset, band, is_point, is_exact: true });
    match (&*kind, &numbers[..]) {
        ("TimeStamp", _) => match coordinates.number() {
            Some(secs) => exact(secs, secs, None, true),
            None => Err("the coordinates of a TimeStamp are no number".to_owned()),
        },
        ("TimeInterval", [onset, offset]) => exact(*onset, *offset, None, false),
        ("BoundingBox", [onset, low, offset, high]) => exact(*onset, *offset, Some((*low, *high)), false),
        ("Point", [secs, hz]) => exact(*secs, *secs, Some((*hz, *hz)), true),
        ("LineString" | "Polygon" | "MultiPoint" | "MultiLineString" | "MultiPolygon", _) => {
            around(coordinates).ok_or_else(|| format!("the coordinates of a {kind} are no pairs of seconds and hertz"))
        }
        ("TimeInterval" | "BoundingBox" | "Point", _) => {
            Err(format!("the coordinates of a {kind} are not as many numbers as it needs"))
        }
        _ => Err(format!("the geometry “{kind}” is not known")),
    }
}

/// The box around all pairs of a nested array.
fn around(coordinates: Node<'_>) -> Option<Bounds> {
    let mut found: Option<(f64, f64, f64, f64)> = None;
    add_pairs(coordinates, 0, &mut found)?;
    let (onset, low, offset, high) = found?;
    Some(Bounds { onset, offset, band: Some((low, high)), is_point: false, is_exact: false })
}

fn add_pairs(node: Node<'_>, depth: usize, found: &mut Option<(f64, f64, f64, f64)>) -> Option<()> {
    let first = node.elements().next()?;
    if first.kind() == Kind::Array {
        if depth >= MOST_DEPTH {
            return None;
        }
        return node.elements().try_for_each(|inner| add_pairs(inner, depth + 1, found));
    }
    let mut numbers = node.elements();
    let (Some(secs), Some(hz), None) = (numbers.next()?.number(), numbers.next()?.number(), numbers.next()) else {
        return None;
    };
    let (onset, low, offset, high) = found.unwrap_or((secs, hz, secs, hz));
    *found = Some((onset.min(secs), low.min(hz), offset.max(secs), high.max(hz)));
    Some(())
}
