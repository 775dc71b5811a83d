//! Events as bars above the pictures, so that none hides another: each with its name beside it where there is room for all names, else a
//! row for each class. Pure geometry.

use super::super::labels::text_width;
use super::{Area, LABEL_SIZE, Page, PageEvent};

/// Height of a row, in points.
pub(super) const ROW: f64 = 17.0;

/// Rows of bars with names beside them, at most: more are easier read with a row a class.
const MOST_NAMED_ROWS: usize = 6;

/// Room around a name, and between two neighbours in a row, in points.
const PAD: f64 = 4.0;

/// A bar is at least this wide, in points.
const LEAST_WIDTH: f64 = 1.6;

/// An event's bar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// Which row, from the top.
    pub row: usize,
    /// Left and right end, in points.
    pub ends: (f64, f64),
    /// Place of its class in the order of appearance.
    pub class: usize,
    /// Where its name begins, if it stands beside the bar or in it.
    pub name_x: Option<f64>,
    /// Place of the event on the page.
    pub event: usize,
}

/// All rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EventRows {
    /// Names of the rows, where a row is a class.
    pub names: Vec<String>,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Top of the first row, in points.
    pub top: f64,
    /// Bottom of the last row.
    pub bottom: f64,
    /// Events in view without a bar.
    pub left_out: usize,
}

impl EventRows {
    /// Rows within `room`; left and right are those of the pictures.
    pub fn of(page: &Page, room: Area) -> Self {
        let [left, top, right, _] = room;
        let mut order: Vec<usize> =
            (0..page.events.len()).filter(|&index| is_in_view(page, &page.events[index])).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&page.events[a], &page.events[b]);
            a.onset_secs.total_cmp(&b.onset_secs).then(b.offset_secs.total_cmp(&a.offset_secs))
        });
        let mut classes: Vec<&str> = Vec::new();
        for &index in &order {
            let label = page.events[index].label.as_str();
            if !classes.contains(&label) {
                classes.push(label);
            }
        }
        let x = |secs: f64| {
            let part = (secs - page.start_secs) / (page.end_secs - page.start_secs);
            left + part.clamp(0.0, 1.0) * (right - left)
        };
        let bars = order.iter().map(|&event| {
            let own = &page.events[event];
            let (from, to) = (x(own.onset_secs), x(own.offset_secs));
            let from = from.min(right - LEAST_WIDTH);
            let class = classes.iter().position(|class| *class == own.label).unwrap_or(0);
            Bar { row: 0, ends: (from, to.max(from + LEAST_WIDTH)), class, name_x: None, event }
        });
        let bars: Vec<Bar> = bars.collect();
        let fitting = (((room[3] - top) / ROW) as usize).max(1);
        let named = named_rows(page, bars.clone(), (left, right), fitting.min(MOST_NAMED_ROWS));
        let (names, bars, left_out) =
            named.map_or_else(|| class_rows(&classes, bars, fitting), |bars| (Vec::new(), bars, 0));
        let rows = bars.iter().map(|bar| bar.row + 1).max().unwrap_or(0).max(names.len());
        Self { names, bars, top, bottom: top + rows as f64 * ROW, left_out }
    }

    pub fn is_empty(&self) -> bool {
        self.bars.is_empty() && self.names.is_empty()
    }
}

pub(super) fn is_in_view(page: &Page, event: &PageEvent) -> bool {
    event.offset_secs > page.start_secs && event.onset_secs < page.end_secs
}

/// Bars in as few rows as their names need; none if those are more than `most`.
fn named_rows(page: &Page, mut bars: Vec<Bar>, (left, right): (f64, f64), most: usize) -> Option<Vec<Bar>> {
    let mut ends: Vec<f64> = Vec::new();
    for bar in &mut bars {
        let width = text_width(&page.events[bar.event].label, LABEL_SIZE);
        let (from, to) = bar.ends;
        let (name_x, taken) = if to - from >= width + 2.0 * PAD {
            (from + PAD, (from, to))
        } else if to + PAD + width <= right {
            (to + PAD, (from, to + PAD + width))
        } else {
            let name_x = (from - PAD - width).max(left);
            (name_x, (name_x, to))
        };
        let row = ends.iter().position(|end| end + PAD <= taken.0).unwrap_or(ends.len());
        if row >= most {
            return None;
        }
        if row == ends.len() {
            ends.push(taken.1);
        }
        ends[row] = taken.1;
        (bar.row, bar.name_x) = (row, Some(name_x));
    }
    Some(bars)
}

/// A row for each class, in the order in which they appear; classes without a row are counted.
fn class_rows(classes: &[&str], mut bars: Vec<Bar>, most: usize) -> (Vec<String>, Vec<Bar>, usize) {
    let all = bars.len();
    bars.retain(|bar| bar.class < most);
    bars.iter_mut().for_each(|bar| bar.row = bar.class);
    let left_out = all - bars.len();
    (classes.iter().take(most).map(|&class| class.to_owned()).collect(), bars, left_out)
}

/// A name cut to a width, with `…` for what is missing.
pub(super) fn shortened(name: &str, width: f64) -> String {
    if text_width(name, LABEL_SIZE) <= width {
        return name.to_owned();
    }
    let mut cut: String = name.to_owned();
    while cut.pop().is_some() && text_width(&cut, LABEL_SIZE) > width - 9.0 {}
    format!("{}…", cut.trim_end())
}
