//! Where everything of a chart stands on a page: pure geometry that any painter can follow.

use super::labels::{self, Wanted};
use super::{Axis, Chart};

/// Sizes of text, in points of the page.
pub(super) const TITLE_SIZE: f64 = 17.0;
pub(super) const TEXT_SIZE: f64 = 12.5;
pub(super) const LABEL_SIZE: f64 = 11.0;
/// Half the width of a marker.
pub(super) const MARKER_RADIUS: f64 = 4.6;
const LEGEND_LINE: f64 = 19.0;
const NOTE_LINE: f64 = 17.0;

/// A label beside a point.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedLabel {
    /// Place of the series in the chart.
    pub series: usize,
    /// Place of the point in the series.
    pub point: usize,
    /// Left end of the text's line.
    pub x: f64,
    /// The line that the text stands on.
    pub baseline: f64,
    /// A line from the text to the point, x, y to x, y, where they are apart.
    pub leader: Option<[f64; 4]>,
}

/// A chart on a page. Positions are points from the page's top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Width and height of the page.
    pub page: (f64, f64),
    /// Left, top, right and bottom of the area within the axes.
    pub area: [f64; 4],
    /// Least and greatest value along x.
    pub x_range: (f64, f64),
    /// Least and greatest value along y.
    pub y_range: (f64, f64),
    /// Values marked along x.
    pub x_ticks: Vec<f64>,
    /// Values marked along y.
    pub y_ticks: Vec<f64>,
    /// The labels for which there is room.
    pub labels: Vec<PlacedLabel>,
    /// Where the legend's first line begins.
    pub legend: (f64, f64),
    /// Height of a line of the legend.
    pub legend_line: f64,
    /// Baseline of the first note, and from one to the next.
    pub notes: (f64, f64),
}

impl Layout {
    /// Lays a chart out on a page of this size, at least 320 × 240 points.
    pub fn of(chart: &Chart, width: f64, height: f64) -> Self {
        let page = (width.max(320.0), height.max(240.0));
        let names = chart.series.iter().map(|series| labels::text_width(&series.name, TEXT_SIZE));
        let legend_width = 28.0 + names.fold(0.0, f64::max);
        let top = if chart.subtitle.is_empty() { 44.0 } else { 64.0 };
        let below = 56.0 + NOTE_LINE * chart.notes.len() as f64;
        let area = [64.0, top, page.0 - legend_width - 28.0, page.1 - below];
        let (x_range, y_range) = (
            chart.x.range(chart.points().map(|(_, point)| point.x)),
            chart.y.range(chart.points().map(|(_, point)| point.y)),
        );
        let most = |length: f64, each: f64| ((length / each) as usize).max(2);
        let mut layout = Self {
            page,
            area,
            x_range,
            y_range,
            x_ticks: chart.x.ticks(x_range, most(area[2] - area[0], 62.0)),
            y_ticks: chart.y.ticks(y_range, most(area[3] - area[1], 44.0)),
            labels: Vec::new(),
            legend: (area[2] + 18.0, area[1] + 8.0),
            legend_line: LEGEND_LINE,
            notes: (page.1 - NOTE_LINE * chart.notes.len() as f64 + 5.0, NOTE_LINE),
        };
        layout.labels = layout.place_labels(chart);
        layout
    }

    /// Where a value along x stands.
    pub fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.area[0] + axis.place(value, self.x_range) * (self.area[2] - self.area[0])
    }

    /// Where a value along y stands.
    pub fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.area[3] - axis.place(value, self.y_range) * (self.area[3] - self.area[1])
    }

    fn place_labels(&self, chart: &Chart) -> Vec<PlacedLabel> {
        let at = |x: f64, y: f64| (self.x(&chart.x, x), self.y(&chart.y, y));
        let (mut owners, mut wanted) = (Vec::new(), Vec::new());
        let (mut markers, mut lines) = (Vec::new(), Vec::new());
        for (series_index, series) in chart.series.iter().enumerate() {
            for (point_index, point) in series.points.iter().enumerate() {
                if !chart.x.has(point.x) || !chart.y.has(point.y) {
                    continue;
                }
                let (x, y) = at(point.x, point.y);
                markers.push((x, y));
                if !point.label.is_empty() {
                    owners.push((series_index, point_index));
                    let width = labels::text_width(&point.label, LABEL_SIZE);
                    wanted.push(Wanted { x, y, width, height: LABEL_SIZE });
                }
            }
            lines.extend(series_lines(chart, series_index, self));
        }
        let bounds = [self.area[0] + 2.0, self.area[1] + 2.0, self.area[2] - 2.0, self.area[3] - 2.0];
        let placed = labels::place(&wanted, bounds, &markers, MARKER_RADIUS + 1.0, &lines);
        let label = |((&(series, point), wanted), placed): ((&(usize, usize), &Wanted), Option<labels::Placed>)| {
            let (place, is_led) = placed?;
            let leader = is_led.then(|| leader(wanted, place));
            Some(PlacedLabel { series, point, x: place[0], baseline: place[3] - 0.18 * LABEL_SIZE, leader })
        };
        owners.iter().zip(&wanted).zip(placed).filter_map(label).collect()
    }
}

/// From the nearest spot of a label's box to the edge of its point.
fn leader(wanted: &Wanted, place: labels::Box4) -> [f64; 4] {
    let (x, y) = (wanted.x.clamp(place[0], place[2]), wanted.y.clamp(place[1], place[3]));
    let length = (wanted.x - x).hypot(wanted.y - y).max(f64::MIN_POSITIVE);
    let kept = (1.0 - (MARKER_RADIUS + 1.0) / length).max(0.0);
    [x, y, x + kept * (wanted.x - x), y + kept * (wanted.y - y)]
}

/// The straight parts of a series' lines: from x, y to x, y.
pub(super) fn series_lines(chart: &Chart, series: usize, layout: &Layout) -> Vec<[f64; 4]> {
    let Some(series) = chart.series.get(series) else { return Vec::new() };
    let at = |index: &usize| {
        let point = series.points.get(*index).filter(|point| chart.x.has(point.x) && chart.y.has(point.y))?;
        Some((layout.x(&chart.x, point.x), layout.y(&chart.y, point.y)))
    };
    let mut parts = Vec::new();
    for line in &series.lines {
        let places: Vec<(f64, f64)> = line.iter().filter_map(at).collect();
        parts.extend(places.windows(2).map(|pair| [pair[0].0, pair[0].1, pair[1].0, pair[1].1]));
    }
    parts
}
