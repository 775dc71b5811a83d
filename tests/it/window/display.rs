//! Display settings: what they change, and that a project keeps them.

use super::stage::{answer_path, at_secs, drag, opened, press, press_with, settings, soundscape, wait, window};
use earmark::app::{App, ChannelView, Display, DisplayChange, Request, Settings, TimeUnit};
use earmark::dsp::FrameWindow;
use earmark::spectrogram::{Channel, PictureKind, PictureSettings};
use earmark::time::Span;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::path::PathBuf;

/// Samples in a frame of the open recording's pictures, and which engine computes them.
fn engine(harness: &Harness<'_, App>) -> (usize, u64) {
    let tiles = &harness.state().bench.open.as_ref().unwrap().tiles;
    (tiles.layout().stft.frame_len, tiles.id())
}

fn display(harness: &mut Harness<'_, App>, change: DisplayChange) {
    harness.state_mut().bench.dispatch(Request::Display(change));
    harness.run_steps(2);
}

/// What a control says of itself beside its name.
fn value(harness: &Harness<'_, App>, label: &str) -> String {
    harness.get_by_label(label).accesskit_node().value().unwrap_or_default()
}

#[test]
fn longer_frames_compute_the_pictures_again_and_nothing_else_changes() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(5.0, 9.0)));
    harness.state_mut().bench.dispatch(Request::Seek(6.5));
    let (len, id) = engine(&harness);
    assert_eq!(len, 2048);
    press(&mut harness, Key::R);
    press(&mut harness, Key::R);
    press(&mut harness, Key::T);
    let (longer, fresh) = engine(&harness);
    assert_eq!(longer, 4096);
    assert!(fresh > id);
    let bench = &harness.state().bench;
    assert_eq!(bench.open.as_ref().unwrap().viewport.span(), Span::between(5.0, 9.0));
    assert_eq!(bench.playhead_secs(), 6.5);
    wait(&mut harness, "the new pictures", |bench| {
        bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0 && open.previous.is_none())
    });
}

#[test]
fn old_pictures_stay_until_there_are_new_ones() {
    let mut harness = opened(vec![soundscape(0)]);
    wait(&mut harness, "the tiles", |bench| bench.open.as_ref().is_some_and(|open| open.tiles.is_view_complete()));
    harness.state_mut().bench.dispatch(Request::Do(earmark::app::Command::LongerFrame));
    let open = harness.state().bench.open.as_ref().unwrap();
    assert_eq!(open.previous.as_ref().unwrap().tiles.layout().stft.frame_len, 2048);
    assert_eq!(open.tiles.layout().stft.frame_len, 4096);
}

#[test]
fn what_only_colours_computes_nothing() {
    let mut harness = opened(vec![soundscape(0)]);
    let before = engine(&harness);
    press_with(&mut harness, Modifiers::SHIFT, Key::C);
    assert_eq!(harness.state().bench.display.colormap, "inferno");
    for change in [
        DisplayChange::Colors { kind: PictureKind::Level, normalised: false, darkest: -120.0, brightest: -30.0 },
        DisplayChange::Gamma(0.5),
        DisplayChange::FrequencyScale("bark".to_owned()),
        DisplayChange::Normalise(true),
        DisplayChange::TimeUnit(TimeUnit::Samples),
    ] {
        display(&mut harness, change);
    }
    harness.state_mut().bench.dispatch(Request::ShowFrequencies { low_hz: 500.0, high_hz: 8000.0 });
    assert_eq!(engine(&harness), before);
}

#[test]
fn a_project_keeps_how_it_is_displayed_and_new_ones_begin_with_what_was_chosen_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.earmark");
    let mut harness = opened(vec![soundscape(0)]);
    let picture = PictureSettings {
        frame_len: Some(512),
        window: FrameWindow::BlackmanHarris,
        hops: 8,
        zero_padding: 2,
        kind: PictureKind::Level,
    };
    display(&mut harness, DisplayChange::Picture(picture.clone()));
    display(&mut harness, DisplayChange::Colormap("viridis".to_owned()));
    display(&mut harness, DisplayChange::TimeUnit(TimeUnit::Seconds));
    display(&mut harness, DisplayChange::PageOverlap(0.25));
    harness.state_mut().bench.dispatch(Request::ShowFrequencies { low_hz: 500.0, high_hz: 8000.0 });
    press_with(&mut harness, Modifiers::COMMAND, Key::S);
    answer_path(&mut harness, "Path to save the project to", &path);
    wait(&mut harness, "the saved project", |bench| !bench.is_unsaved());
    assert_eq!(harness.state().bench.settings.display, harness.state().bench.display);

    let saved = harness.state().bench.display.clone();
    drop(harness);
    let mut again = opened(vec![path.clone()]);
    let bench = &again.state().bench;
    assert_eq!(bench.display, saved);
    assert_eq!(bench.open.as_ref().unwrap().frequencies, (500.0, 8000.0));
    assert_eq!(engine(&again).0, 512);
    let (recent_files, last_project) = (bench.settings.recent_files.clone(), bench.settings.last_project.clone());
    let unchanged = Settings { recent_files, last_project, ..settings() };
    assert_eq!(bench.settings, unchanged, "opening a project changes nothing for new ones");
    // A change in the project is one for new ones too, and only that one; and closing must not lose it.
    display(&mut again, DisplayChange::Gamma(1.0));
    display(&mut again, DisplayChange::Gamma(0.5));
    display(&mut again, DisplayChange::Picture(PictureSettings { zero_padding: 4, ..picture }));
    let settings = &again.state().bench.settings.display;
    assert_eq!((settings.gamma, settings.colormap.as_str()), (0.5, "magma"));
    assert_eq!(settings.picture, PictureSettings { zero_padding: 4, ..PictureSettings::default() });
    assert!(again.state().bench.history.undo_title().is_none());
    assert!(again.state_mut().bench.may_close(), "nothing is asked");
    drop(again);
    // The pass over it takes its time with frames like these.
    let mut again = window(super::stage::settings(), vec![path]);
    wait(&mut again, "the recording", |bench| bench.open.is_some());
    assert_eq!((again.state().bench.display.gamma, again.state().bench.display.picture.zero_padding), (0.5, 4));
    display(&mut again, DisplayChange::Reset);
    let bench = &again.state().bench;
    let open = bench.open.as_ref().unwrap();
    assert_eq!(open.frequencies, (0.0, f64::from(open.spec.sample_rate) / 2.0));
    assert_eq!(bench.display, Display::default());
}

#[test]
fn the_page_has_every_setting_by_name_and_its_choices_work() {
    let mut harness = opened(vec![soundscape(0)]);
    press(&mut harness, Key::F5);
    for title in ["Transform", "Picture", "Colours", "Frequency", "Channels", "Time"] {
        assert!(harness.query_all_by_label(title).next().is_some(), "{title}");
    }
    harness.get_by_role_and_label(Role::ComboBox, "Frame length").click();
    harness.run_steps(3);
    harness.get_by_label("8192 · 186 ms").click();
    harness.run_steps(3);
    assert_eq!(engine(&harness).0, 8192);
    harness.get_by_role_and_label(Role::ComboBox, "Window").click();
    harness.run_steps(3);
    harness.get_by_label("Kaiser").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.display.picture.window, FrameWindow::Kaiser);
    harness.get_by_label("cividis").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.display.colormap, "cividis");
    assert!(harness.query_by_label("186 ms · 5.38 Hz a bin").is_some());
    press(&mut harness, Key::F5);
    assert!(harness.query_by_label("Transform").is_none(), "the same key puts it away");
}

#[test]
fn kinds_of_picture_have_their_own_units_and_the_model_can_be_looked_through() {
    let mut harness = opened(vec![soundscape(0)]);
    for (kind, unit) in
        [(PictureKind::Reassigned, "dBFS"), (PictureKind::Pcen, "PCEN"), (PictureKind::ModelInput, "log mel")]
    {
        display(&mut harness, DisplayChange::Picture(PictureSettings { kind, ..PictureSettings::default() }));
        let tiles = &harness.state().bench.open.as_ref().unwrap().tiles;
        assert_eq!((tiles.kind(), tiles.value_scale().unit), (kind, unit));
    }
    assert!(harness.state().bench.notices.list().is_empty());
    // The frames are the model's own: the keys for their length rest.
    let before = engine(&harness);
    press(&mut harness, Key::R);
    assert_eq!(engine(&harness), before);
}

/// Eight channels, each with a tone of its own: 1000 Hz, 1500 Hz …
fn eight_tones() -> (tempfile::TempDir, PathBuf) {
    const RATE: u32 = 16_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eight.wav");
    let mut samples = Vec::new();
    for n in 0..4 * RATE {
        for channel in 0..8_u32 {
            let phase = f64::from(n) / f64::from(RATE) * tone_hz(channel as usize) * std::f64::consts::TAU;
            samples.extend(((8000.0 * phase.sin()) as i16).to_le_bytes());
        }
    }
    std::fs::write(&path, wave_file(RATE, 8, &samples)).unwrap();
    (folder, path)
}

fn tone_hz(channel: usize) -> f64 {
    1000.0 + 500.0 * channel as f64
}

fn wave_file(rate: u32, channels: u16, samples: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for half in [1, channels] {
        file.extend(half.to_le_bytes());
    }
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2 * u32::from(channels)).to_le_bytes());
    file.extend((2 * channels).to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend((samples.len() as u32).to_le_bytes());
    file.extend(samples);
    file
}

#[test]
fn eight_channels_stand_one_above_the_other_and_can_be_worked_on() {
    let (_folder, path) = eight_tones();
    let mut harness = opened(vec![path]);
    display(&mut harness, DisplayChange::FrequencyScale("linear".to_owned()));
    display(&mut harness, DisplayChange::Channels(ChannelView::All));
    wait(&mut harness, "the stacked pictures", |bench| {
        bench.open.as_ref().is_some_and(|open| open.tiles.is_view_complete() && open.previous.is_none())
    });
    harness.run_steps(8);
    assert_eq!(harness.state().bench.open.as_ref().unwrap().tiles.plane_count(), 8);
    let rect = harness.get_by_label("Spectrogram").rect();
    let band = rect.height() / 8.0;
    assert!(band >= 50.0, "{band} points for a channel");
    // Where each tone lies in its own band it is bright, and in no other band.
    let picture = harness.render().unwrap();
    let brightness = |channel: usize, hz: f64| {
        let y = rect.top() + (channel as f32 + 1.0) * band - 2.0 - (hz / 8000.0) as f32 * (band - 2.0);
        let [red, green, blue, _] = picture.get_pixel(rect.center().x as u32, y as u32).0;
        u32::from(red) + u32::from(green) + u32::from(blue)
    };
    for shown in 0..8 {
        let loudest = (0..8).max_by_key(|&tone| brightness(shown, tone_hz(tone)));
        assert_eq!(loudest, Some(shown));
    }
    // The read-out says which channel the pointer is over, and gestures work in each.
    let mut at = at_secs(&harness, 1.0);
    at.y = rect.top() + 4.5 * band;
    harness.hover_at(at);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Ch 5  0:01").is_some());
    let mut to = at_secs(&harness, 2.0);
    to.y = at.y;
    drag(&mut harness, at, to);
    let events = harness.state().bench.recording().unwrap().events_by_onset().len();
    assert_eq!(events, 1);
    let span = harness.state().bench.recording().unwrap().events_by_onset()[0].span;
    assert!((span.onset_secs - 1.0).abs() < 0.02 && (span.offset_secs - 2.0).abs() < 0.02, "{span:?}");
    // One channel of them, by the page.
    press(&mut harness, Key::F5);
    harness.state_mut().bench.dispatch(Request::Display(DisplayChange::Channels(ChannelView::One(2))));
    harness.run_steps(2);
    let tiles = &harness.state().bench.open.as_ref().unwrap().tiles;
    assert_eq!((tiles.plane_count(), tiles.plane_channel(0)), (1, Some(Channel::One(2))));
}

#[test]
fn ruler_and_read_out_follow_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("SITE1_20260501_235950.flac");
    std::fs::copy(soundscape(0), &path).unwrap();
    let mut harness = opened(vec![path]);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(5.0, 15.0)));
    // From 23:59:50 on, 44.1 kHz.
    for (unit, ruler, read_out) in [
        (TimeUnit::Hms, "0:05.000 to 0:15.000, h:mm:ss.mmm", "0:10."),
        (TimeUnit::Seconds, "5.000 s to 15.000 s, Seconds", "10."),
        (TimeUnit::Samples, "220\u{a0}500 to 661\u{a0}500, Samples", "441\u{a0}"),
        (TimeUnit::Clock, "23:59:55.000 to 00:00:05.000, Clock time", "00:00:00."),
    ] {
        display(&mut harness, DisplayChange::TimeUnit(unit));
        let at = at_secs(&harness, 10.004);
        harness.hover_at(at);
        harness.run_steps(3);
        assert_eq!(value(&harness, "Time ruler"), ruler);
        let is_told = harness.query_all_by_label_contains("Hz").any(|node| {
            node.accesskit_node()
                .label()
                .or(node.accesskit_node().value())
                .is_some_and(|text| text.starts_with(read_out))
        });
        assert!(is_told, "no read-out begins with {read_out}");
    }
}

#[test]
fn a_recording_without_a_clock_says_so() {
    let mut harness = window(Settings { show_inspector: true, ..settings() }, vec![soundscape(0)]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    press(&mut harness, Key::F5);
    // The date of the file is told, but the name has none.
    let open = harness.state().bench.open.as_ref().unwrap().id;
    let sources: Vec<&str> = harness.state().bench.clocks[&open].iter().map(|start| start.source.words()).collect();
    assert_eq!(sources, ["file date"]);
    assert!(harness.state().bench.timeline.blocks().is_empty(), "a file date alone makes no timeline");
    assert!(harness.query_by_role_and_label(Role::ComboBox, "Clock source").is_some());
}
