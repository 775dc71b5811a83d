//! The page of what models cost: it opens, measures, stops, and writes charts.

use super::stage::{settings, wait, window, window_of};
use earmark::app::{App, Command, Request};
use earmark::model::bench::charts::Against;
use earmark::work::ChartForm;
use eframe::egui::accesskit::Role;
use eframe::egui::vec2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

fn opened() -> Harness<'static, App> {
    let mut harness = window(settings(), vec![]);
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::Button, "Model").click();
    harness.run_steps(3);
    harness.get_by_label(Command::ShowComplexity.name()).click();
    harness.run_steps(4);
    harness
}

#[test]
fn the_page_shows_every_network_and_each_chart() {
    let mut harness = opened();
    assert!(harness.query_by_label("fmn10+tf-256").is_some() && harness.query_all_by_label("12.404 G").count() == 2);
    for against in Against::ALL {
        harness.get_by_role_and_label(Role::Button, against.name()).click();
        harness.run_steps(3);
        let title = harness.state().bench.complexity.chart(against).title;
        let chart = harness.get_by_label(&format!("Chart: {title}")).rect();
        assert!(chart.width() > 700.0 && chart.height() > 250.0, "{chart}");
    }
}

#[test]
fn the_page_fits_a_small_window() {
    let mut harness = window_of(vec2(1024.0, 700.0), 1.0, settings(), vec![]);
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::Button, "Model").click();
    harness.run_steps(3);
    harness.get_by_label(Command::ShowComplexity.name()).click();
    harness.run_steps(4);
    let export = harness.get_by_label("Export this chart as PNG").rect();
    assert!(export.right() < 1024.0 && export.bottom() < 700.0, "{export}");
}

#[test]
fn networks_are_measured_and_the_chart_is_exported() {
    let mut harness = opened();
    harness.state_mut().bench.dispatch(Request::Measure(vec!["fmn04".to_owned()]));
    wait(&mut harness, "the measurement", |bench| !bench.complexity.measured.is_empty());
    harness.run_steps(3);
    let measured = &harness.state().bench.complexity.measured[0];
    let fastest = measured.fastest().unwrap().clips_per_sec;
    assert!(fastest > 1.0 && harness.query_by_label(&format!("{fastest:.1}")).is_some());

    let folder = tempfile::tempdir().unwrap();
    harness.get_by_role_and_label(Role::Button, Against::Throughput.name()).click();
    harness.run_steps(2);
    harness.get_by_label("Export this chart as CSV").click();
    harness.run_steps(4);
    let path = folder.path().join("own");
    harness.get_by_role_and_label(Role::TextInput, "Path to export the chart to").type_text(path.to_str().unwrap());
    harness.run_steps(2);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    let written = path.with_extension("csv");
    wait(&mut harness, "the file", |_| written.is_file());
    let text = std::fs::read_to_string(&written).unwrap();
    let line = text.lines().find(|line| line.contains("fmn04_strong")).unwrap();
    let rate: f64 = line.split(',').nth(2).unwrap().parse().unwrap();
    assert!(line.ends_with(",0") && (rate / fastest - 1.0).abs() < 1e-9, "{line} for {fastest}");
    assert!(text.lines().any(|line| line.contains("fmn30_strong") && line.ends_with(",1")));

    for form in [ChartForm::Svg, ChartForm::Png] {
        let path = folder.path().join(format!("chart.{}", form.extension()));
        let request = Request::ExportChartTo { path: path.clone(), against: Against::Macs, form };
        harness.state_mut().bench.dispatch(request);
        wait(&mut harness, "the picture", |_| path.is_file());
    }
    let png = std::fs::read(folder.path().join("chart.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
}

#[test]
fn measuring_stops_when_it_is_asked_to() {
    let mut harness = opened();
    harness.state_mut().bench.dispatch(Request::Measure(vec!["fmn30".to_owned(), "fmn20".to_owned()]));
    harness.run_steps(3);
    assert!(harness.state().bench.complexity.running.is_some());
    harness.get_by_label("Stop measuring").click();
    harness.run_steps(2);
    wait(&mut harness, "the end", |bench| bench.complexity.running.is_none());
    assert!(harness.state().bench.complexity.measured.is_empty());
}
