//! What a chart shows: axes, series of named points, and words. Knows nothing of pages.

use super::Axis;
use std::fmt::Write as _;

/// Colours that people with any colour vision tell apart (Okabe and Ito), the first almost black, the last grey.
pub const COLORS: [&str; 8] = ["#222222", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#777777"];

/// The shape of a series' points: told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Plus,
    Cross,
    Star,
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Along the x axis.
    pub x: f64,
    /// Along the y axis.
    pub y: f64,
    /// What it is, in full: shown when it is pointed at, and in tables.
    pub name: String,
    /// What is written beside it; empty for nothing.
    pub label: String,
    /// Drawn hollow: a figure that was taken from elsewhere.
    pub is_hollow: bool,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// Place in [`COLORS`].
    pub color: usize,
    /// The shape of its points.
    pub marker: Marker,
    /// The points.
    pub points: Vec<Point>,
    /// Lines through points, by their places in `points`.
    pub lines: Vec<Vec<usize>>,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its heading.
    pub title: String,
    /// A line below the heading; may be empty.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is shown; points that an axis has no place for are left out of pictures.
    pub series: Vec<Series>,
    /// Lines below the chart.
    pub notes: Vec<String>,
}

impl Chart {
    /// The points that have a place on both axes, with their series.
    pub fn points(&self) -> impl Iterator<Item = (&Series, &Point)> {
        let all = self.series.iter().flat_map(|series| series.points.iter().map(move |point| (series, point)));
        all.filter(|(_, point)| self.x.has(point.x) && self.y.has(point.y))
    }

    /// A table with a line for each point, comma-separated (RFC 4180).
    pub fn to_csv(&self) -> String {
        let mut text =
            format!("series,name,{},{},taken_from_elsewhere\r\n", quoted(&self.x.title), quoted(&self.y.title));
        for (series, point) in
            self.series.iter().flat_map(|series| series.points.iter().map(move |point| (series, point)))
        {
            let (name, of) = (quoted(&point.name), quoted(&series.name));
            let _ = write!(text, "{of},{name},{},{},{}\r\n", point.x, point.y, u8::from(point.is_hollow));
        }
        text
    }
}

/// A cell of a comma-separated table.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Scale;
    use super::*;

    #[test]
    fn a_table_keeps_commas_and_quotes() {
        let axis = |title: &str| Axis { title: title.to_owned(), scale: Scale::Log };
        let point = Point { x: 1.5, y: 0.0, name: "a \"b\"".to_owned(), label: String::new(), is_hollow: true };
        let series =
            Series { name: "s,t".to_owned(), color: 0, marker: Marker::Plus, points: vec![point], lines: vec![] };
        let (title, subtitle) = (String::new(), String::new());
        let chart = Chart { title, subtitle, x: axis("x"), y: axis("y"), series: vec![series], notes: vec![] };
        let expected = "series,name,x,y,taken_from_elsewhere\r\n\"s,t\",\"a \"\"b\"\"\",1.5,0,1\r\n";
        assert_eq!(chart.to_csv(), expected);
        assert_eq!(chart.points().count(), 0);
    }
}
