//! What is on a page and where.

use super::*;
use crate::spectrogram::FrequencyScale;

fn page(events: &[(&str, f64, f64)]) -> Page {
    let event = |&(label, onset_secs, offset_secs): &(&str, f64, f64)| PageEvent {
        label: label.to_owned(),
        onset_secs,
        offset_secs,
        band_hz: None,
        state: EventState::Label,
    };
    Page {
        size: (900.0, 420.0),
        title: "street <1>.wav".to_owned(),
        description: "Hann 2048".to_owned(),
        start_secs: 0.0,
        end_secs: 10.0,
        time: TimeUnit::Seconds,
        frequency: FrequencyView { low_hz: 0.0, high_hz: 8000.0, scale: FrequencyScale::Linear },
        panels: vec![String::new()],
        map: 0,
        levels: (-90.0, -20.0),
        level_title: "Level (dB re full-scale sine)".to_owned(),
        events: events.iter().map(event).collect(),
        dark: false,
    }
}

fn printed(page: &Page) -> (String, Vec<u8>, (usize, usize)) {
    let layout = PageLayout::of(page);
    let (width, height) = layout.picture_px(1.0);
    let picture = Picture {
        width,
        height,
        shades: vec![255; width * height],
        known: vec![true; width],
        known_columns: 0..width,
        known_lines: 0..height,
    };
    let pictures = vec![picture; page.panels.len()];
    let printed = PrintedPage { page, layout: &layout, pictures: &pictures };
    (svg(&printed).unwrap(), png(&printed, 1.0).unwrap(), (width, height))
}

#[test]
fn axes_events_and_title_are_text() {
    let page = page(&[("Dog", 1.0, 2.5), ("Speech & more", 2.0, 9.0), ("Click", 9.95, 9.96)]);
    let (svg, _, _) = printed(&page);
    for text in [
        ">street &lt;1&gt;.wav<",
        ">Time (s)<",
        ">Frequency (kHz)<",
        ">Level (dB re full-scale sine)<",
        ">Dog<",
        ">Speech &amp; more<",
        ">Click<",
        "<title>Dog, 1 s to 2.5 s</title>",
        ">−80<",
        ">10<",
        "data:image/png;base64,iVBORw0KGgo",
    ] {
        assert!(svg.contains(text), "{text} is missing in {svg}");
    }
}

#[test]
fn what_nobody_has_decided_is_drawn_in_another_way_in_svg_and_png() {
    let label = page(&[("Dog", 1.0, 9.0)]);
    let of_state = |state| {
        let mut page = label.clone();
        page.events[0].state = state;
        page
    };
    let (solid, solid_png, _) = printed(&label);
    assert!(!solid.contains("stroke-dasharray") && !solid.contains("predicted"));
    let (predicted, predicted_png, _) = printed(&of_state(EventState::Predicted));
    // The bar, and two lines about each end.
    assert_eq!(predicted.matches(" stroke-dasharray=\"5 3\"").count(), 5);
    assert!(
        predicted.contains(">dashed: predicted<") && predicted.contains("<title>Dog, predicted, 1 s to 9 s</title>")
    );
    let (uncertain, uncertain_png, _) = printed(&of_state(EventState::Uncertain));
    assert_eq!(uncertain.matches(" stroke-dasharray=\"1.2 2.6\"").count(), 5);
    assert!(uncertain.contains(">dotted: uncertain<"));
    // Pixels of the bar's middle row: filled with a tint, or the page's white beside the name.
    let middle = |bytes: &[u8]| {
        let picture = resvg::tiny_skia::Pixmap::decode_png(bytes).unwrap();
        let layout = PageLayout::of(&label);
        let (bar, y) = (&layout.rows.bars[0], layout.rows.top + 0.5 * events::ROW);
        let pixel = picture.pixel((0.5 * (bar.ends.0 + bar.ends.1)) as u32, y as u32).unwrap();
        [pixel.red(), pixel.green(), pixel.blue()]
    };
    assert_ne!(middle(&solid_png), [255; 3]);
    assert_eq!((middle(&predicted_png), middle(&uncertain_png)), ([255; 3], [255; 3]));
    assert_ne!(predicted_png, uncertain_png);
}

#[test]
fn overlapping_events_hide_neither_each_other_nor_their_names() {
    let events: Vec<(String, f64, f64)> = (0..5).map(|n| (format!("Class {n}"), f64::from(n) * 0.1, 5.0)).collect();
    let events: Vec<(&str, f64, f64)> = events.iter().map(|(label, on, off)| (label.as_str(), *on, *off)).collect();
    let page = page(&events);
    let layout = PageLayout::of(&page);
    let rows: std::collections::BTreeSet<usize> = layout.rows.bars.iter().map(|bar| bar.row).collect();
    assert_eq!(rows.len(), 5);
    assert!(layout.rows.names.is_empty() && layout.panels[0][1] >= layout.rows.bottom);
}

#[test]
fn many_events_get_a_row_a_class() {
    let events: Vec<(&str, f64, f64)> =
        (0..400).map(|n| (["A", "B", "C"][n % 3], n as f64 * 0.024, n as f64 * 0.024 + 0.1)).collect();
    let layout = PageLayout::of(&page(&events));
    assert_eq!(layout.rows.names, ["A", "B", "C"]);
    assert_eq!((layout.rows.bars.len(), layout.rows.left_out), (400, 0));
}

#[test]
fn classes_without_room_are_counted_and_events_out_of_view_are_not_there() {
    let names: Vec<String> = (0..100).map(|n| format!("Class {n}")).collect();
    let mut events: Vec<(&str, f64, f64)> = names.iter().map(|name| (name.as_str(), 1.0, 2.0)).collect();
    events.push(("Later", 11.0, 12.0));
    let layout = PageLayout::of(&page(&events));
    assert_eq!(layout.rows.bars.len() + layout.events_left_out(), 100);
    assert!(layout.events_left_out() > 50 && !layout.rows.names.contains(&"Later".to_owned()));
    let [_, top, _, bottom] = layout.panels[0];
    assert!(bottom - top > 100.0, "the picture keeps its room");
}

#[test]
fn the_png_has_the_pictures_own_pixels_under_the_axes() {
    let (_, bytes, (width, height)) = printed(&page(&[]));
    let picture = resvg::tiny_skia::Pixmap::decode_png(&bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (900, 420));
    let loudest = crate::spectrogram::render::palette(0)[255];
    let of_picture = picture.pixels().iter().filter(|p| [p.red(), p.green(), p.blue()] == loudest).count();
    // All but what the frame covers.
    assert!(of_picture >= (width - 2) * (height - 2), "{of_picture} of {width} × {height}");
}

#[test]
fn an_event_with_frequencies_is_a_box() {
    let lines = |band_hz: Option<(f64, f64)>| {
        let mut page = page(&[("Dog", 2.0, 4.0)]);
        page.events[0].band_hz = band_hz;
        printed(&page).0.matches("stroke-opacity=\"0.55\"").count()
    };
    assert_eq!((lines(None), lines(Some((1_000.0, 2_000.0)))), (2, 4));
    // Only what is in the picture is drawn.
    assert_eq!((lines(Some((1_000.0, 20_000.0))), lines(Some((9_000.0, 20_000.0)))), (3, 0));
}
