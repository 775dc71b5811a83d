//! The curves of an evaluation: the PSD-ROC and the F-score over thresholds, of the class that is chosen or of all together, with the
//! threshold in force.

use super::theme;
use super::widgets::weak;
use crate::app::Workbench;
use crate::metric::RocPoint;
use crate::work::evaluation::{ClassCurves, EvaluationReport, Missing};
use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, Sense, Ui, Vec2b, WidgetInfo, vec2};
use egui_plot::{HoverPosition, Line, LineStyle, MarkerShape, Plot, PlotPoints, PlotUi, Points, VLine};

/// PSD-ROCs reach to this many effective false alarms an hour.
const MOST_PER_HOUR: f64 = 100.0;

/// Which PSD-ROC is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurveChoice {
    scenario: usize,
}

/// Draws the choice of the scenario.
pub fn choice(ui: &mut Ui, choice: &mut CurveChoice) {
    ui.separator();
    for (scenario, name) in ["Scenario 1", "Scenario 2"].into_iter().enumerate() {
        let hover = "Scenario 1: events must be found exactly. Scenario 2: classes must be told apart";
        if ui.selectable_label(choice.scenario == scenario, name).on_hover_text(hover).clicked() {
            choice.scenario = scenario;
        }
    }
}

/// Draws both curves.
pub fn show(ui: &mut Ui, bench: &Workbench, report: &EvaluationReport, choice: CurveChoice) {
    let class = bench.evaluation.filter.class.as_ref();
    let of_class = class.and_then(|class| report.curves.get(class));
    let (curves, name) = match (class, of_class, &report.mean_curves) {
        (Some(class), Some(curves), _) => (curves, class.to_string()),
        (None, _, Some(curves)) => (curves, "mean of classes".to_owned()),
        (Some(class), None, Some(_)) => {
            ui.label(weak(format!("{class}: no frame scores were measured")));
            return;
        }
        (_, _, None) => {
            let why = report.overall.value(crate::work::evaluation::Column::Psds1).as_ref().err();
            ui.label(weak(format!("No curves: {}", why.map(ToString::to_string).unwrap_or_default())));
            return;
        }
    };
    let size = vec2(0.5 * (ui.available_width() - 12.0), ui.available_height());
    ui.horizontal(|ui| {
        let roc = curves.rocs.get(choice.scenario);
        ui.allocate_ui(size, |ui| roc_ui(ui, roc, curves, &name, choice.scenario));
        ui.allocate_ui(size, |ui| f_ui(ui, curves, &name, bench.settings.evaluation.goal.words()));
    });
}

/// The title of a curve, or why there is none.
fn head(ui: &mut Ui, title: &str, why: Option<&Missing>) {
    let text = why.map_or_else(|| title.to_owned(), |why| format!("{title}: n/a: {why}"));
    ui.label(weak(text));
}

fn roc_ui(
    ui: &mut Ui,
    roc: Option<&Result<Vec<RocPoint>, Missing>>,
    curves: &ClassCurves,
    name: &str,
    scenario: usize,
) {
    ui.vertical(|ui| {
        let spread = if curves.is_mean { " less their spread" } else { "" };
        let title = format!("PSD-ROC {}, {name}{spread}", scenario + 1);
        let Some(Ok(points)) = roc else {
            return head(ui, &title, roc.and_then(|roc| roc.as_ref().err()));
        };
        head(ui, &title, None);
        let line = steps(points.iter().map(|point| [point.per_hour, point.found]), MOST_PER_HOUR);
        let in_force = curves.threshold.and_then(|threshold| {
            let is_reached = |point: &&RocPoint| point.below.is_some_and(|below| below > threshold);
            points.iter().rev().find(is_reached).map(|point| [point.per_hour, point.found])
        });
        let color = theme::colors(ui.visuals()).accent;
        let axes = ("Effective false alarms an hour", "found");
        plot(ui, "PSD-ROC", &title, (MOST_PER_HOUR, axes), |plot| {
            plot.line(curve(name, line, color));
            if let Some(place) = in_force {
                let points = Points::new("threshold in force", PlotPoints::from(vec![place]));
                plot.points(points.shape(MarkerShape::Diamond).radius(6.0).color(color));
            }
        });
    });
}

fn f_ui(ui: &mut Ui, curves: &ClassCurves, name: &str, goal: &str) {
    ui.vertical(|ui| {
        let title = format!("{goal} over threshold, {name}");
        let points = match &curves.f {
            Ok(points) => points,
            Err(why) => return head(ui, &title, Some(why)),
        };
        let title = match curves.threshold {
            Some(threshold) => format!("{title}; in force: {threshold:.2}"),
            None => title,
        };
        head(ui, &title, None);
        let colors = theme::colors(ui.visuals());
        let ascending = points.iter().rev().map(|&(below, f)| [below.clamp(0.0, 1.0), f]).collect::<Vec<_>>();
        let line = falling_steps(&ascending);
        let (color, mark) = (colors.accent, ui.visuals().strong_text_color());
        plot(ui, "F over threshold", &title, (1.0, ("threshold", "F1")), |plot| {
            plot.line(curve(name, line, color));
            if let Some(threshold) = curves.threshold {
                let line = VLine::new("threshold in force", threshold);
                plot.vline(line.color(mark).style(LineStyle::dashed_loose()));
            }
        });
    });
}

/// A line of steps: drawn as the steps they are, not as a band.
fn curve(name: &str, points: Vec<[f64; 2]>, color: Color32) -> Line<'static> {
    Line::new(name, PlotPoints::from(points)).color(color).width(2.0).allow_band(false)
}

/// A plot from 0 to `most` and 0 to 1.
fn plot(
    ui: &mut Ui,
    id: &str,
    spoken: &str,
    (most, (x_name, y_name)): (f64, (&str, &str)),
    draw: impl FnOnce(&mut PlotUi<'_>),
) {
    let height = (ui.available_height() - 20.0).max(40.0);
    let plot = Plot::new(id)
        .height(height)
        .default_x_bounds(-0.01 * most, 1.02 * most)
        .default_y_bounds(-0.03, 1.05)
        .auto_bounds(Vec2b::FALSE)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .grid_color(theme::colors(ui.visuals()).line)
        .label_formatter(|position: &HoverPosition<'_>| match position {
            HoverPosition::NearDataPoint { position, .. } => {
                Some(format!("{x_name} {:.3}\n{y_name} {:.3}", position.x, position.y))
            }
            _ => None,
        });
    let response = plot.show(ui, draw).response;
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
    let color: Color32 = theme::colors(ui.visuals()).weak_text;
    super::widgets::text_in(ui, rect, eframe::egui::Align2::CENTER_CENTER, x_name, 11.0, color);
}

/// Each height holds up to the next place, the last up to the end.
fn steps(points: impl Iterator<Item = [f64; 2]>, end: f64) -> Vec<[f64; 2]> {
    let mut line = vec![[0.0, 0.0]];
    for [x, y] in points {
        let before = line.last().map_or(0.0, |last| last[1]);
        line.push([x, before]);
        line.push([x, y]);
    }
    let last = line.last().map_or(0.0, |last| last[1]);
    line.push([end, last]);
    line
}

/// Each height holds from the place before up to its own.
fn falling_steps(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut line = Vec::with_capacity(2 * points.len() + 1);
    let mut from = 0.0;
    for &[x, y] in points {
        line.push([from, y]);
        line.push([x, y]);
        from = x;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_steps() {
        let line = steps([[2.0, 0.5], [4.0, 0.75]].into_iter(), 10.0);
        assert_eq!(line, [[0.0, 0.0], [2.0, 0.0], [2.0, 0.5], [4.0, 0.5], [4.0, 0.75], [10.0, 0.75]]);
        assert_eq!(falling_steps(&[[0.3, 0.9], [1.0, 0.1]]), [[0.0, 0.9], [0.3, 0.9], [0.3, 0.1], [1.0, 0.1]]);
    }
}
