//! The page as an SVG drawing and as a PNG file.
//!
//! In the SVG axes and words are lines and text, and the pictures are embedded. In the PNG the pictures' own pixels lie under the drawing,
//! so that none is smeared by being scaled.

use super::super::labels::text_width;
use super::super::png::{self, Layer};
use super::super::{Axis, COLORS, Scale, svg::escaped, tick_text};
use super::events::{Bar, ROW, shortened};
use super::ticks::{frequency_ticks, frequency_title};
use super::{Area, EventState, LABEL_SIZE, PrintedPage, TEXT_SIZE, TITLE_SIZE};
use crate::spectrogram::render::palette;
use std::fmt::Write as _;

/// More events than this are not drawn over the pictures: their bars say where they are.
const MOST_BOXES: usize = 60;

/// Colours in the colour bar's gradient.
const BAR_STOPS: usize = 64;

/// The colours of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    page: [u8; 3],
    ink: &'static str,
    faint_ink: &'static str,
    frame: &'static str,
}

impl Ground {
    /// Dark text on white, or light text on almost black.
    pub fn of(dark: bool) -> Self {
        if dark {
            Self { page: [0x16, 0x18, 0x1c], ink: "#f0f0f0", faint_ink: "#c4c8ce", frame: "#8a9099" }
        } else {
            Self { page: [0xff, 0xff, 0xff], ink: "#1a1a1a", faint_ink: "#444444", frame: "#444444" }
        }
    }

    fn page_text(self) -> String {
        let [red, green, blue] = self.page;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The page as an SVG file.
///
/// # Errors
/// A picture is too large to be embedded.
pub fn svg(printed: &PrintedPage) -> Result<String, String> {
    let mut drawing = Drawing::new(printed);
    let (width, height) = printed.layout.size;
    drawing.raw(&format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>", drawing.ground.page_text()));
    for (area, picture) in printed.layout.panels.iter().zip(printed.pictures) {
        let Some(known) = picture.known() else { continue };
        let bytes = png::encode_indexed(known.width, known.height, &known.shades, palette(printed.page.map), "", None)?;
        let (px, py) = ((area[2] - area[0]) / picture.width as f64, (area[3] - area[1]) / picture.height as f64);
        let x = area[0] + px * picture.known_columns.start as f64;
        let y = area[1] + py * picture.known_lines.start as f64;
        let (width, height) = (px * known.width as f64, py * known.height as f64);
        drawing.raw(&format!(
            "<image x=\"{x:.3}\" y=\"{y:.3}\" width=\"{width:.3}\" height=\"{height:.3}\" preserveAspectRatio=\"none\" \
             image-rendering=\"optimizeSpeed\" href=\"data:image/png;base64,{}\"/>",
            base64(&bytes)
        ));
    }
    Ok(drawing.finish())
}

/// The page as a PNG file with `scale` pixels a point.
///
/// # Errors
/// The page is too large.
pub fn png(printed: &PrintedPage, scale: f64) -> Result<Vec<u8>, String> {
    let map = palette(printed.page.map);
    let layers = printed.layout.panels.iter().zip(printed.pictures).map(|(area, picture)| Layer {
        left: (area[0] * scale).round() as usize,
        top: (area[1] * scale).round() as usize,
        picture,
        map,
    });
    let drawing = Drawing::new(printed).finish();
    let layers: Vec<Layer> = layers.collect();
    png::render_over(&drawing, scale as f32, Ground::of(printed.page.dark).page, &layers, &printed.page.description)
}

struct Drawing<'a> {
    printed: &'a PrintedPage<'a>,
    ground: Ground,
    out: String,
}

impl<'a> Drawing<'a> {
    fn new(printed: &'a PrintedPage<'a>) -> Self {
        let (width, height) = printed.layout.size;
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"Roboto, 'Helvetica Neue', Arial, sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n",
            escaped(&printed.page.title),
            escaped(&printed.page.description)
        );
        Self { printed, ground: Ground::of(printed.page.dark), out }
    }

    fn finish(mut self) -> String {
        self.title();
        self.events();
        for index in 0..self.printed.layout.panels.len() {
            self.panel(index);
        }
        self.time_axis();
        self.color_bar();
        self.out.push_str("</svg>\n");
        self.out
    }

    fn raw(&mut self, element: &str) {
        self.out.push_str(element);
        self.out.push('\n');
    }

    fn text(&mut self, (x, y): (f64, f64), style: &str, text: &str) {
        let _ = writeln!(self.out, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", escaped(text));
    }

    fn line(&mut self, [x0, y0, x1, y1]: [f64; 4], style: &str) {
        let _ = writeln!(self.out, "<path d=\"M{x0:.2} {y0:.2}L{x1:.2} {y1:.2}\" fill=\"none\" {style}/>");
    }

    fn rect(&mut self, [left, top, right, bottom]: Area, style: &str, hover: &str) {
        let hover = if hover.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(hover)) };
        let (width, height) = (right - left, bottom - top);
        let place = format!("x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"");
        self.raw(&format!("<rect {place} {style}>{hover}</rect>"));
    }

    fn words(&self, size: f64, anchor: &str, is_faint: bool) -> String {
        let fill = if is_faint { self.ground.faint_ink } else { self.ground.ink };
        format!("font-size=\"{size}\" fill=\"{fill}\" text-anchor=\"{anchor}\"")
    }

    fn title(&mut self) {
        let left = self.printed.layout.panels[0][0];
        let style = format!("{} font-weight=\"500\"", self.words(TITLE_SIZE, "start", false));
        let title = &self.printed.page.title;
        if !title.is_empty() {
            self.text((left, 24.0), &style, title);
        }
    }

    fn events(&mut self) {
        let rows = &self.printed.layout.rows;
        let left = self.printed.layout.panels[0][0];
        for (row, name) in rows.names.iter().enumerate() {
            let style = self.words(LABEL_SIZE, "end", false);
            self.text((left - 8.0, self.baseline(row)), &style, &shortened(name, left - 14.0));
            let y = rows.top + (row as f64 + 0.5) * ROW;
            let faint = format!("stroke=\"{}\" stroke-width=\"0.6\" stroke-opacity=\"0.35\"", self.ground.frame);
            self.line([left, y, self.printed.layout.panels[0][2], y], &faint);
        }
        for bar in &rows.bars {
            self.bar(bar);
        }
        let note = self.note();
        if !note.is_empty() {
            let style = self.words(LABEL_SIZE, "end", true);
            self.text((self.printed.layout.panels[0][2], 24.0), &style, &note);
        }
    }

    /// What the ways of drawing mean that are on the page, and what is not on it.
    fn note(&self) -> String {
        let rows = &self.printed.layout.rows;
        let is_there =
            |state: EventState| rows.bars.iter().any(|bar| self.printed.page.events[bar.event].state == state);
        let left_out = match rows.left_out {
            0 => None,
            count => Some(format!("{count} more events in classes without a row")),
        };
        let ways = [(EventState::Predicted, "dashed: predicted"), (EventState::Uncertain, "dotted: uncertain")];
        let ways = ways.into_iter().filter(|(state, _)| is_there(*state)).map(|(_, text)| text.to_owned());
        ways.chain(left_out).collect::<Vec<_>>().join("; ")
    }

    fn baseline(&self, row: usize) -> f64 {
        self.printed.layout.rows.top + row as f64 * ROW + 0.5 * ROW + 0.36 * LABEL_SIZE
    }

    fn bar(&mut self, bar: &Bar) {
        let event = &self.printed.page.events[bar.event];
        let top = self.printed.layout.rows.top + bar.row as f64 * ROW;
        let color = class_color(bar.class);
        let (state, opacity) = match event.state {
            EventState::Label => ("", 0.42),
            EventState::Predicted => (", predicted", 0.0),
            EventState::Uncertain => (", uncertain", 0.0),
        };
        let (from, to) = (tick_text(event.onset_secs), tick_text(event.offset_secs));
        let hover = format!("{}{state}, {from} s to {to} s", event.label);
        let dashes = dashes(event.state);
        let style =
            format!("fill=\"{color}\" fill-opacity=\"{opacity}\" stroke=\"{color}\" stroke-width=\"1.2\"{dashes}");
        self.rect([bar.ends.0, top + 2.0, bar.ends.1, top + ROW - 2.0], &style, &hover);
        if let Some(x) = bar.name_x {
            let style = self.words(LABEL_SIZE, "start", false);
            self.text((x, self.baseline(bar.row)), &style, &event.label);
        }
    }

    fn panel(&mut self, index: usize) {
        let area = self.printed.layout.panels[index];
        self.boxes(area);
        self.rect(area, &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"1\"", self.ground.frame), "");
        let name = &self.printed.page.panels.get(index).cloned().unwrap_or_default();
        if !name.is_empty() {
            let (x, y) = (area[0] + 7.0, area[1] + 16.0);
            let plate = [x - 4.0, y - 11.5, x + text_width(name, LABEL_SIZE) + 4.0, y + 4.5];
            self.rect(plate, &format!("fill=\"{}\" fill-opacity=\"0.8\" rx=\"2\"", self.ground.page_text()), "");
            let style = self.words(LABEL_SIZE, "start", false);
            self.text((x, y), &style, name);
        }
        self.frequency_axis(area);
    }

    /// Onset and offset of each event in the picture; where it has frequencies, a box.
    fn boxes(&mut self, [left, top, right, bottom]: Area) {
        let bars = &self.printed.layout.rows.bars;
        if bars.len() > MOST_BOXES {
            return;
        }
        let page = self.printed.page;
        let y = |hz: f64| bottom - page.frequency.y_from_hz(hz) * (bottom - top);
        for bar in bars {
            let event = &page.events[bar.event];
            let ends = event.band_hz.map_or((bottom, top), |(low_hz, high_hz)| (y(low_hz), y(high_hz)));
            let (low, high) = (ends.0.clamp(top, bottom), ends.1.clamp(top, bottom));
            if event.band_hz.is_some() && low - high <= 0.0 {
                continue;
            }
            let edges = [(bar.ends.0, event.onset_secs), (bar.ends.1, event.offset_secs)];
            // Where an event goes on beyond the picture there is no edge to be seen.
            let in_view = edges.into_iter().filter(|(_, secs)| (page.start_secs..=page.end_secs).contains(secs));
            let mut lines: Vec<Area> = in_view.map(|(x, _)| x.clamp(left, right)).map(|x| [x, high, x, low]).collect();
            let sides = event.band_hz.map(|_| [ends.0, ends.1]).into_iter().flatten();
            let sides = sides.filter(|side| (top..=bottom).contains(side));
            lines.extend(sides.map(|side| [bar.ends.0.clamp(left, right), side, bar.ends.1.clamp(left, right), side]));
            let (color, dashes) = (class_color_on_picture(bar.class), dashes(event.state));
            for line in lines {
                let shadow = format!("stroke=\"#000000\" stroke-opacity=\"0.55\" stroke-width=\"2.6\"{dashes}");
                self.line(line, &shadow);
                self.line(line, &format!("stroke=\"{color}\" stroke-width=\"1.3\"{dashes}"));
            }
        }
    }

    fn frequency_axis(&mut self, [left, top, _, bottom]: Area) {
        let view = &self.printed.page.frequency;
        let (title, _) = frequency_title(view);
        let number = self.words(TEXT_SIZE, "end", true);
        let mark = format!("stroke=\"{}\" stroke-width=\"1\"", self.ground.frame);
        for (hz, text) in frequency_ticks(view, bottom - top, 24.0) {
            let y = bottom - view.y_from_hz(hz) * (bottom - top);
            self.line([left - 4.0, y, left, y], &mark);
            self.text((left - 7.0, y + 4.4), &number, &text);
        }
        let (x, y) = (left - 46.0, 0.5 * (top + bottom));
        if text_width(&title, TEXT_SIZE) <= bottom - top + 20.0 {
            let style = self.words(TEXT_SIZE, "middle", false);
            self.text((x, y), &format!("{style} transform=\"rotate(-90 {x:.1} {y:.1})\""), &title);
        }
    }

    fn time_axis(&mut self) {
        let page = self.printed.page;
        let panels = &self.printed.layout.panels;
        let [left, _, right, bottom] = panels[panels.len() - 1];
        let number = self.words(TEXT_SIZE, "middle", true);
        let mark = format!("stroke=\"{}\" stroke-width=\"1\"", self.ground.frame);
        for (secs, text) in page.time.ticks(page.start_secs, page.end_secs, (((right - left) / 78.0) as usize).max(2)) {
            let x = left + (secs - page.start_secs) / (page.end_secs - page.start_secs) * (right - left);
            self.line([x, bottom, x, bottom + 4.0], &mark);
            self.text((x, bottom + 17.0), &number, &text);
        }
        let style = self.words(TEXT_SIZE, "middle", false);
        self.text((0.5 * (left + right), bottom + 37.0), &style, page.time.title(page.end_secs));
    }

    fn color_bar(&mut self) {
        let page = self.printed.page;
        let panels = &self.printed.layout.panels;
        let (top, bottom) = (panels[0][1], panels[panels.len() - 1][3]);
        let left = panels[0][2] + 18.0;
        let map = palette(page.map);
        self.out.push_str("<linearGradient id=\"levels\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
        for stop in 0..=BAR_STOPS {
            let [red, green, blue] = map[stop * (map.len() - 1) / BAR_STOPS];
            let offset = stop as f64 / BAR_STOPS as f64;
            let _ = write!(self.out, "<stop offset=\"{offset:.4}\" stop-color=\"#{red:02x}{green:02x}{blue:02x}\"/>");
        }
        self.out.push_str("</linearGradient>\n");
        let frame = format!("fill=\"url(#levels)\" stroke=\"{}\" stroke-width=\"1\"", self.ground.frame);
        self.rect([left, top, left + 14.0, bottom], &frame, "");
        let range = (f64::from(page.levels.0), f64::from(page.levels.1));
        let axis = Axis { title: String::new(), scale: Scale::Linear };
        let number = self.words(TEXT_SIZE, "start", true);
        let mark = format!("stroke=\"{}\" stroke-width=\"1\"", self.ground.frame);
        for db in axis.ticks(range, (((bottom - top) / 30.0) as usize).max(2)) {
            let y = bottom - axis.place(db, range) * (bottom - top);
            self.line([left + 14.0, y, left + 18.0, y], &mark);
            self.text((left + 21.0, y + 4.4), &number, &tick_text(db));
        }
        let (x, y) = (self.printed.layout.size.0 - 12.0, 0.5 * (top + bottom));
        let style = self.words(TEXT_SIZE, "middle", false);
        self.text((x, y), &format!("{style} transform=\"rotate(-90 {x:.1} {y:.1})\""), &page.level_title);
    }
}

/// How lines about an event are broken.
fn dashes(state: EventState) -> &'static str {
    match state {
        EventState::Label => "",
        EventState::Predicted => " stroke-dasharray=\"5 3\"",
        EventState::Uncertain => " stroke-dasharray=\"1.2 2.6\"",
    }
}

/// The colour of a class on the page: those that people with any colour vision tell apart.
fn class_color(class: usize) -> &'static str {
    COLORS[1 + class % (COLORS.len() - 2)]
}

/// The same hues, light enough for dark pictures.
fn class_color_on_picture(class: usize) -> &'static str {
    const LIGHT: [&str; 6] = ["#4db2ff", "#ff8c42", "#2fd6a5", "#f0a0cf", "#f0c030", "#9bdcff"];
    LIGHT[class % LIGHT.len()]
}

/// Bytes as text (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let is_there = digit <= group.len();
            text.push(if is_there { char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
