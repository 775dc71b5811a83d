//! A chart as an SVG file. Owns the drawing; where things stand is the layout's business.

use super::layout::{LABEL_SIZE, MARKER_RADIUS, TEXT_SIZE, TITLE_SIZE, series_lines};
use super::{COLORS, Chart, Layout, Marker, Series, tick_text};
use std::fmt::Write as _;

const INK: &str = "#222222";
const FAINT_INK: &str = "#555555";
const GRID: &str = "#e4e4e4";

/// Draws a chart on a white page of this size, in points.
pub fn write(chart: &Chart, width: f64, height: f64) -> String {
    let layout = Layout::of(chart, width, height);
    let (width, height) = layout.page;
    let mut drawing = Drawing { out: String::new() };
    let _ = write!(
        drawing.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Roboto, 'Helvetica Neue', Arial, sans-serif\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escaped(&chart.title)
    );
    drawing.words(chart, &layout);
    drawing.axes(chart, &layout);
    for index in 0..chart.series.len() {
        drawing.lines(chart, &layout, index);
    }
    for series in &chart.series {
        drawing.points(chart, &layout, series);
    }
    for label in &layout.labels {
        let Some(series) = chart.series.get(label.series) else { continue };
        let Some(point) = series.points.get(label.point) else { continue };
        if let Some(leader) = label.leader {
            drawing.line(leader, &format!("stroke=\"{}\" stroke-width=\"0.7\"", color(series)));
        }
        drawing.halo_text(label.x, label.baseline, color(series), &point.label);
    }
    drawing.legend(chart, &layout);
    drawing.out.push_str("</svg>\n");
    drawing.out
}

fn color(series: &Series) -> &'static str {
    COLORS.get(series.color).copied().unwrap_or(INK)
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Control characters have no place in XML.
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

struct Drawing {
    out: String,
}

impl Drawing {
    fn text(&mut self, x: f64, y: f64, style: &str, text: &str) {
        let _ = writeln!(self.out, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", escaped(text));
    }

    /// Text with a white rim, readable over lines.
    fn halo_text(&mut self, x: f64, y: f64, fill: &str, text: &str) {
        let rim = "stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\"";
        self.text(x, y, &format!("font-size=\"{LABEL_SIZE}\" fill=\"#ffffff\" {rim}"), text);
        self.text(x, y, &format!("font-size=\"{LABEL_SIZE}\" fill=\"{fill}\""), text);
    }

    fn line(&mut self, [x0, y0, x1, y1]: [f64; 4], style: &str) {
        let _ = writeln!(self.out, "<path d=\"M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}\" fill=\"none\" {style}/>");
    }

    fn words(&mut self, chart: &Chart, layout: &Layout) {
        let left = layout.area[0];
        self.text(left, 26.0, &format!("font-size=\"{TITLE_SIZE}\" font-weight=\"500\" fill=\"{INK}\""), &chart.title);
        let faint = format!("font-size=\"{TEXT_SIZE}\" fill=\"{FAINT_INK}\"");
        if !chart.subtitle.is_empty() {
            self.text(left, 46.0, &faint, &chart.subtitle);
        }
        for (index, note) in chart.notes.iter().enumerate() {
            let small = format!("font-size=\"{LABEL_SIZE}\" fill=\"{FAINT_INK}\"");
            self.text(left, layout.notes.0 + layout.notes.1 * index as f64, &small, note);
        }
    }

    fn axes(&mut self, chart: &Chart, layout: &Layout) {
        let [left, top, right, bottom] = layout.area;
        let grid = format!("stroke=\"{GRID}\" stroke-width=\"1\"");
        let number = |anchor: &str| format!("font-size=\"{TEXT_SIZE}\" fill=\"{FAINT_INK}\" text-anchor=\"{anchor}\"");
        for &tick in &layout.x_ticks {
            let x = layout.x(&chart.x, tick);
            self.line([x, top, x, bottom], &grid);
            self.text(x, bottom + 18.0, &number("middle"), &tick_text(tick));
        }
        for &tick in &layout.y_ticks {
            let y = layout.y(&chart.y, tick);
            self.line([left, y, right, y], &grid);
            self.text(left - 8.0, y + 4.4, &number("end"), &tick_text(tick));
        }
        let frame = format!("stroke=\"{FAINT_INK}\" stroke-width=\"1\"");
        self.line([left, bottom, right, bottom], &frame);
        self.line([left, top, left, bottom], &frame);
        let title = format!("font-size=\"{TEXT_SIZE}\" font-weight=\"500\" fill=\"{INK}\" text-anchor=\"middle\"");
        self.text(0.5 * (left + right), bottom + 40.0, &title, &chart.x.title);
        let (x, y) = (20.0, 0.5 * (top + bottom));
        self.text(x, y, &format!("{title} transform=\"rotate(-90 {x:.1} {y:.1})\""), &chart.y.title);
    }

    fn lines(&mut self, chart: &Chart, layout: &Layout, index: usize) {
        let Some(series) = chart.series.get(index) else { return };
        let style = format!("stroke=\"{}\" stroke-width=\"1.4\" stroke-opacity=\"0.55\"", color(series));
        for part in series_lines(chart, index, layout) {
            self.line(part, &style);
        }
    }

    fn points(&mut self, chart: &Chart, layout: &Layout, series: &Series) {
        for point in series.points.iter().filter(|point| chart.x.has(point.x) && chart.y.has(point.y)) {
            let (x, y) = (layout.x(&chart.x, point.x), layout.y(&chart.y, point.y));
            // What a browser shows when the point is pointed at.
            let hover = format!("{}: {} {}, {} {}", point.name, chart.x.title, point.x, chart.y.title, point.y);
            self.marker(series.marker, color(series), x, y, point.is_hollow, &hover);
        }
    }

    fn marker(&mut self, marker: Marker, color: &str, x: f64, y: f64, is_hollow: bool, hover: &str) {
        let is_open = matches!(marker, Marker::Plus | Marker::Cross);
        let style = match (is_open, is_hollow) {
            (true, true) => format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\""),
            (true, false) => format!("fill=\"none\" stroke=\"{color}\" stroke-width=\"2.8\""),
            (false, true) => format!("fill=\"#ffffff\" stroke=\"{color}\" stroke-width=\"1.5\""),
            (false, false) => format!("fill=\"{color}\" stroke=\"#ffffff\" stroke-width=\"0.8\""),
        };
        let hover = if hover.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(hover)) };
        let _ = writeln!(self.out, "<path d=\"{}\" {style}>{hover}</path>", outline(marker, x, y));
    }

    fn legend(&mut self, chart: &Chart, layout: &Layout) {
        let (x, top) = layout.legend;
        for (index, series) in chart.series.iter().enumerate() {
            let y = top + layout.legend_line * index as f64;
            let is_hollow = !series.points.is_empty() && series.points.iter().all(|point| point.is_hollow);
            self.marker(series.marker, color(series), x + 6.0, y, is_hollow, "");
            self.text(x + 20.0, y + 4.4, &format!("font-size=\"{TEXT_SIZE}\" fill=\"{INK}\""), &series.name);
        }
    }
}

/// A marker as a path around its middle.
fn outline(marker: Marker, x: f64, y: f64) -> String {
    let r = MARKER_RADIUS;
    let polygon = |corners: &[(f64, f64)]| {
        let places: Vec<String> =
            corners.iter().map(|(dx, dy)| format!("{:.2} {:.2}", x + dx * r, y + dy * r)).collect();
        format!("M{}Z", places.join("L"))
    };
    match marker {
        Marker::Circle => {
            format!("M{:.2} {y:.2}a{r} {r} 0 1 0 {:.2} 0a{r} {r} 0 1 0 {:.2} 0Z", x - r, 2.0 * r, -2.0 * r)
        }
        Marker::Square => polygon(&[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]),
        Marker::Up => polygon(&[(0.0, -1.15), (1.05, 0.8), (-1.05, 0.8)]),
        Marker::Down => polygon(&[(0.0, 1.15), (1.05, -0.8), (-1.05, -0.8)]),
        Marker::Diamond => polygon(&[(0.0, -1.25), (1.05, 0.0), (0.0, 1.25), (-1.05, 0.0)]),
        Marker::Star => {
            let corner = |index: i32| {
                let angle = std::f64::consts::PI * (f64::from(index) / 5.0 - 0.5);
                let reach = if index % 2 == 0 { 1.35 } else { 0.58 };
                (reach * angle.cos(), reach * angle.sin())
            };
            polygon(&(0..10).map(corner).collect::<Vec<_>>())
        }
        Marker::Plus => format!("M{:.2} {y:.2}h{:.2}M{x:.2} {:.2}v{:.2}", x - r, 2.0 * r, y - r, 2.0 * r),
        Marker::Cross => {
            let d = 0.8 * r;
            let (left, right, top, bottom) = (x - d, x + d, y - d, y + d);
            format!("M{left:.2} {top:.2}L{right:.2} {bottom:.2}M{left:.2} {bottom:.2}L{right:.2} {top:.2}")
        }
    }
}
