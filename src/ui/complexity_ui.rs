//! What models cost: the paper's charts with this machine's own throughput, and all numbers in a table. Measures and writes nothing itself.

use super::theme;
use super::widgets::weak;
use crate::app::{Request, Workbench};
use crate::model::bench::charts::Against;
use crate::model::catalogue::{self, Published, Training};
use crate::plot::{COLORS, Chart, Marker, Point, Series, tick_text};
use crate::work::ChartForm;
use eframe::egui::{
    self, Align2, Checkbox, Color32, Grid, ProgressBar, RichText, ScrollArea, Sense, Shape, Stroke, Ui, Vec2b, Window,
    vec2,
};
use egui_plot::{GridInput, GridMark, HoverPosition, Line, MarkerShape, Plot, PlotPoints, Points};
use std::collections::BTreeSet;

/// Networks that are measured unless others are chosen: one of each kind that differs in speed.
const FIRST_CHOICE: [&str; 6] = ["fmn04", "fmn06", "fmn10", "fmn10+tf-256", "fmn10+gru-256", "fmn10+hybrid-256"];
/// Height of the table, in points.
const TABLE_HEIGHT: f32 = 210.0;

/// What the page keeps for itself.
pub struct ComplexityPage {
    /// Whether it is shown.
    pub shown: bool,
    against: Against,
    chosen: BTreeSet<String>,
}

impl Default for ComplexityPage {
    fn default() -> Self {
        let chosen = FIRST_CHOICE.iter().map(|&name| name.to_owned()).collect();
        Self { shown: false, against: Against::Macs, chosen }
    }
}

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, bench: &Workbench, page: &mut ComplexityPage, requests: &mut Vec<Request>) {
    if page.shown && context.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        page.shown = false;
    }
    let room = context.content_rect().size() - vec2(60.0, 90.0);
    let mut shown = page.shown;
    let window = Window::new("Model complexity").open(&mut shown).collapsible(false).resizable(false);
    window.anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        ui.set_width(room.x.min(1080.0));
        ui.set_height(room.y.min(780.0));
        let chart = bench.complexity.chart(page.against);
        choice_ui(ui, page, &chart);
        let height = (ui.available_height() - TABLE_HEIGHT - 84.0).max(160.0);
        chart_ui(ui, &chart, height);
        actions_ui(ui, bench, page, requests);
        ui.separator();
        table_ui(ui, bench, page);
    });
    page.shown = shown;
}

fn choice_ui(ui: &mut Ui, page: &mut ComplexityPage, chart: &Chart) {
    ui.horizontal_wrapped(|ui| {
        ui.label("PSDS1 (× 100) against");
        for against in Against::ALL {
            if ui.selectable_label(page.against == against, against.name()).clicked() {
                page.against = against;
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        for series in &chart.series {
            legend_ui(ui, series);
        }
        ui.add_space(theme::GRID);
        ui.label(weak(&chart.subtitle));
    });
}

/// A series' marker and name.
fn legend_ui(ui: &mut Ui, series: &Series) {
    let color = series_color(series, ui.visuals().dark_mode, ui.visuals().strong_text_color());
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, theme::ROW_HEIGHT), Sense::hover());
    let at = |x: f32, y: f32| rect.center() + 4.5 * vec2(x, y);
    let polygon = |corners: &[(f32, f32)]| {
        Shape::convex_polygon(corners.iter().map(|&(x, y)| at(x, y)).collect(), color, Stroke::NONE)
    };
    let cross = |lines: [(f32, f32); 2]| {
        let line = |(x, y): (f32, f32)| Shape::line_segment([at(x, y), at(-x, -y)], Stroke::new(1.6, color));
        Shape::Vec(lines.into_iter().map(line).collect())
    };
    ui.painter().add(match series.marker {
        Marker::Circle => Shape::circle_filled(rect.center(), 4.5, color),
        Marker::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Marker::Up => polygon(&[(0.0, -1.0), (1.0, 0.8), (-1.0, 0.8)]),
        Marker::Down => polygon(&[(0.0, 1.0), (-1.0, -0.8), (1.0, -0.8)]),
        Marker::Diamond => polygon(&[(0.0, -1.1), (1.0, 0.0), (0.0, 1.1), (-1.0, 0.0)]),
        Marker::Plus => cross([(1.0, 0.0), (0.0, 1.0)]),
        Marker::Cross => cross([(0.8, 0.8), (0.8, -0.8)]),
        Marker::Star => Shape::Vec(vec![cross([(1.0, 0.0), (0.5, 0.87)]), cross([(0.5, -0.87), (0.5, -0.87)])]),
    });
    ui.label(&series.name);
}

fn chart_ui(ui: &mut Ui, chart: &Chart, height: f32) {
    let x_range = chart.x.range(chart.points().map(|(_, point)| point.x));
    let y_range = chart.y.range(chart.points().map(|(_, point)| point.y));
    let dark = ui.visuals().dark_mode;
    let text_color = ui.visuals().strong_text_color();
    let response = Plot::new(("complexity", &chart.title))
        .height(height)
        .default_x_bounds(x_range.0.log10(), x_range.1.log10())
        .default_y_bounds(y_range.0, y_range.1)
        .auto_bounds(Vec2b::FALSE)
        .x_grid_spacer(|input| log_marks(chart, &input))
        .x_axis_formatter(|mark, _| tick_text(10.0_f64.powf(mark.value)))
        .label_formatter(|position| hover_text(chart, position))
        .grid_color(theme::colors(ui.visuals()).line)
        .allow_scroll(false)
        .show(ui, |plot| {
            for series in &chart.series {
                let color = series_color(series, dark, text_color);
                for line in &series.lines {
                    let places =
                        line.iter().filter_map(|&index| series.points.get(index)).map(place).collect::<Vec<_>>();
                    let line = Line::new(&*series.name, PlotPoints::from(places));
                    plot.line(line.color(color.gamma_multiply(0.6)).width(1.2).allow_hover(false));
                }
                for is_hollow in [true, false] {
                    let places: Vec<[f64; 2]> =
                        series.points.iter().filter(|point| point.is_hollow == is_hollow).map(place).collect();
                    if !places.is_empty() {
                        let points = Points::new(&*series.name, PlotPoints::from(places)).color(color);
                        plot.points(points.shape(shape(series.marker)).filled(!is_hollow).radius(4.5));
                    }
                }
            }
        });
    let name = format!("Chart: {}", chart.title);
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &name));
    // The plot's own titles of axes would lie on the numbers.
    ui.vertical_centered(|ui| ui.label(weak(&chart.x.title)));
}

fn place(point: &Point) -> [f64; 2] {
    [point.x.log10(), point.y]
}

fn log_marks(chart: &Chart, input: &GridInput) -> Vec<GridMark> {
    let (least, greatest) = input.bounds;
    // Far beyond any number of models, powers of ten have no float.
    let range = (10.0_f64.powf(least.max(-30.0)), 10.0_f64.powf(greatest.min(30.0)));
    let ticks = chart.x.ticks(range, 14);
    ticks.into_iter().map(|tick| GridMark { value: tick.log10(), step_size: 0.5 }).collect()
}

/// The point under the pointer, with its numbers.
fn hover_text(chart: &Chart, position: &HoverPosition<'_>) -> Option<String> {
    let HoverPosition::NearDataPoint { position, .. } = position else { return None };
    let distance = |point: &Point| (point.x.log10() - position.x).hypot(point.y - position.y);
    let (_, point) = chart.points().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)))?;
    let source = if point.is_hollow { "\nthe paper's figure" } else { "" };
    Some(format!("{}\n{} {:.2}\n{} {}{source}", point.name, chart.y.title, point.y, chart.x.title, rounded(point.x)))
}

/// Four digits.
fn rounded(value: f64) -> String {
    let decimals = (3 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

fn shape(marker: Marker) -> MarkerShape {
    match marker {
        Marker::Circle => MarkerShape::Circle,
        Marker::Square => MarkerShape::Square,
        Marker::Up => MarkerShape::Up,
        Marker::Down => MarkerShape::Down,
        Marker::Diamond => MarkerShape::Diamond,
        Marker::Plus => MarkerShape::Plus,
        Marker::Cross => MarkerShape::Cross,
        Marker::Star => MarkerShape::Asterisk,
    }
}

/// The chart's colours, lighter on a dark ground; its black is the text's.
fn series_color(series: &Series, dark: bool, text: Color32) -> Color32 {
    let color = COLORS.get(series.color).and_then(|color| Color32::from_hex(color).ok()).unwrap_or(text);
    match (series.color, dark) {
        (0, _) => text,
        (_, true) => color.lerp_to_gamma(Color32::WHITE, 0.3),
        (_, false) => color,
    }
}

fn actions_ui(ui: &mut Ui, bench: &Workbench, page: &mut ComplexityPage, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        match &bench.complexity.running {
            Some(running) => {
                let text = format!("{} · {:.0} %", running.name, 100.0 * running.part);
                ui.add(ProgressBar::new(running.part as f32).desired_width(300.0).text(text));
                if ui.button("Stop measuring").clicked() {
                    requests.push(Request::StopMeasuring);
                }
            }
            None => {
                let count = page.chosen.len();
                let button = ui.add_enabled(count > 0, egui::Button::new(format!("Measure {count} here")));
                let hover = "Run the networks ticked below with random weights, which are as fast as trained ones, and show how many clips \
                             a second this machine does";
                if button.on_hover_text(hover).clicked() {
                    requests.push(Request::Measure(page.chosen.iter().cloned().collect()));
                    page.against = Against::Throughput;
                }
            }
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            for form in ChartForm::ALL.into_iter().rev() {
                let name = form.extension().to_uppercase();
                let button = ui.button(format!("{name}…"));
                let hover = format!("Export this chart as {name}");
                if button.on_hover_text(&hover).accessible_name(&hover).clicked() {
                    requests.push(Request::AskForChart(page.against, form));
                }
            }
            ui.label(weak("Export chart"));
        });
    });
}

/// The published networks, each once.
fn networks() -> impl Iterator<Item = (&'static Published, String)> {
    let strong = catalogue::published().iter().filter(|model| model.training == Training::Strong);
    strong.map(|model| (model, model.network())).filter(|(model, network)| model.name.starts_with(network))
}

fn table_ui(ui: &mut Ui, bench: &Workbench, page: &mut ComplexityPage) {
    ScrollArea::both().max_height(TABLE_HEIGHT).auto_shrink([false, false]).show(ui, |ui| {
        Grid::new("complexity table").num_columns(8).striped(true).spacing([18.0, 3.0]).show(ui, |ui| {
            let all: BTreeSet<String> = networks().map(|(_, network)| network).collect();
            let mut every = page.chosen.len() == all.len();
            if ui.add(Checkbox::new(&mut every, RichText::new("Network").family(theme::medium()))).changed() {
                page.chosen = if every { all } else { BTreeSet::new() };
            }
            for title in [
                "PSDS1",
                "Parameters",
                "MACs, paper",
                "with recurrences",
                "paper's clips/s",
                "clips/s here",
                "× real time here",
            ] {
                ui.label(RichText::new(title).family(theme::medium()));
            }
            ui.end_row();
            for (model, network) in networks() {
                row_ui(ui, bench, page, model, &network);
            }
        });
    });
}

fn row_ui(ui: &mut Ui, bench: &Workbench, page: &mut ComplexityPage, model: &Published, network: &str) {
    let mut is_chosen = page.chosen.contains(network);
    if ui.checkbox(&mut is_chosen, network).changed() {
        if is_chosen {
            page.chosen.insert(network.to_owned());
        } else {
            page.chosen.remove(network);
        }
    }
    let own = bench.complexity.measured.iter().find(|measured| measured.name == network);
    let giga = |macs: u64| format!("{:.3} G", macs as f64 / 1e9);
    let cells = [
        model.psds1.map(|score| format!("{score:.2}")),
        model.parameters.map(|parameters| format!("{:.3} M", parameters.value as f64 / 1e6)),
        model.macs.map(|macs| giga(macs.value)),
        model.all_macs().map(giga),
        model.clips_per_sec.map(|(lowest, highest)| format!("{:.0}", 0.5 * (lowest + highest))),
        own.and_then(|own| own.fastest()).map(|fastest| format!("{:.1}", fastest.clips_per_sec)),
        own.and_then(|own| Some(format!("{:.0}", own.fastest()?.clips_per_sec * own.clip_secs))),
    ];
    for cell in cells {
        ui.label(cell.unwrap_or_else(|| "–".to_owned()));
    }
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_is_listed_once_and_the_first_choice_exists() {
        let names: Vec<String> = networks().map(|(_, network)| network).collect();
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!((names.len(), unique.len()), (41, 41));
        assert!(FIRST_CHOICE.iter().all(|name| names.iter().any(|listed| listed == name)));
    }

    #[test]
    fn numbers_have_four_digits() {
        assert_eq!([0.2242, 1.0551, 35.892, 2070.0, 5590.4].map(rounded), ["0.2242", "1.055", "35.89", "2070", "5590"]);
    }
}
