//! Integration tests: the label formats of programs that show and label sound.

use earmark::annotation::Band;
use earmark::format::{
    self, Audacity, BirdNet, Choice, Elan, Head, Kaleidoscope, LabelFormat, LabelledFile, Likelihood, Raven,
    ReadOptions, SonicCsv, SonicLayer, StrongLabel, StrongLabels, SubRip, TextGrid, WebVtt,
};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format/sound").join(name)
}

/// What is read, a line for each row, recording without rows, warning and question. Fields stand as they are written in Rust.
fn drawn(labels: &StrongLabels) -> String {
    let mut lines = Vec::new();
    for row in &labels.rows {
        let Span { onset_secs, offset_secs } = row.span;
        let mut line = format!("{} {onset_secs}–{offset_secs} [{}]", row.filename, row.event_label);
        line += if row.is_point { " point" } else { "" };
        line += &row.band.map_or(String::new(), |band| format!(" {}–{} Hz", band.low_hz, band.high_hz));
        line += &row.score.map_or(String::new(), |score| format!(" score {score}"));
        line += &row.status.map_or(String::new(), |status| format!(" {}", status.text()));
        let fields = row.fields().iter().map(|(name, value)| format!(" {name}={value}"));
        lines.push(line + &fields.collect::<String>());
    }
    lines.extend(labels.empty_files().iter().map(|file| format!("{} nothing", file.name)));
    lines.extend(labels.warnings.iter().map(|warning| format!("! {warning}")));
    let questions = labels.questions.iter();
    lines.extend(questions.map(|question| {
        let taken = question.taken.map_or("none", |taken| &question.answers[taken]);
        format!("? {} ({}): {taken}", question.text, question.answers.join(", "))
    }));
    lines.join("\n")
}

/// A text read with answers, as the file `rec_7` and an extension.
fn read_with(format: &dyn LabelFormat, text: &str, answers: &[(Choice, &str)]) -> String {
    let path = std::env::temp_dir().join(format!("earmark-{}-{}", std::process::id(), fresh())).join("rec_7.txt");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    let mut options = ReadOptions::of(&path);
    for (choice, answer) in answers {
        options.set_answer(*choice, *answer);
    }
    let read = format::read_with(format, &path, &options);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    match read {
        Ok(labels) => drawn(&labels),
        Err(error) => format!("error: {}", error.to_string().split_once(": ").unwrap().1),
    }
}

fn fresh() -> usize {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn read_text(format: &dyn LabelFormat, text: &str) -> String {
    match format::read(format, text.as_bytes(), Path::new("/labels/rec_7.txt")) {
        Ok(labels) => drawn(&labels),
        Err(error) => format!("error: {}", error.to_string().split_once(": ").unwrap().1),
    }
}

fn read_data(format: &dyn LabelFormat, name: &str) -> StrongLabels {
    format::read_file(format, &data(name)).unwrap()
}

#[test]
fn audacity_reads_what_audacity_reads() {
    let text = "1.000000\t2.500000\tsong A\n\\\t1200.000000\t6800.000000\n\\\t7\t8\n4.000000\t4.000000\tpoint label\n\
                5,5\t6,25\t\n7\tno second number\n\\\tfuture\n-1.5\t0\tbefore the start\n3\t2\tturned round\n\
                8\t9\tfull\n\\\t-1\t-1\n9\t9.5\tbelow\n\\\t-1\t500\n10\t11\tabove\n\\\t500\t-1\n12\t13\tzero\n\\\t0\t0\n";
    assert_eq!(
        read_text(&Audacity, text),
        "rec_7 1–2.5 [song A] 1200–6800 Hz\n\
         rec_7 4–4 [point label] point\n\
         rec_7 5.5–6.25 []\n\
         rec_7 7–7 [no second number] point\n\
         rec_7 -1.5–0 [before the start]\n\
         rec_7 3–2 [turned round]\n\
         rec_7 8–9 [full]\n\
         rec_7 9–9.5 [below] 0–500 Hz\n\
         rec_7 10–11 [above]\n\
         rec_7 12–13 [zero]\n\
         ! line 3: a line with \\ that belongs to no row, not read\n\
         ! line 7: a line with \\ that is no two frequencies, not read\n\
         ! line 15: a band without an upper end, and the sample rate is not known: read without it"
    );
    assert_eq!(
        read_text(&Audacity, "1\t2\ta\nonset\t3\tb\n\n3 4 c\n"),
        "rec_7 1–2 [a]\n! line 2: onset is “onset”, not a number of seconds; row left out\n\
         ! line 4: the fields are separated by spaces, not by TAB; row left out"
    );
    assert!(read_text(&Audacity, "1.0 2.0 dog\n3.0 4.0 cat\n").contains("separated by spaces"));
    assert_eq!(read_text(&Audacity, ""), "rec_7 nothing");
    let certain = |text| Audacity.likelihood(&Head { text, file_name: "a.txt" }) == Likelihood::Certain;
    assert!(certain("1.000000\t2.500000\ta\n4,000000\t4,000000\tb\n"));
    assert!(certain("1\t2\ta\n\\\t100\t200\n") && !certain("21.64715\t23.00552\talert\n"));
}

#[test]
fn audacity_labels_of_birdnet_have_a_score() {
    let text = "0.0\t3.0\tParus major_Great Tit\t0.8123\n3\t6\tCorvus corax_Common Raven\t0.5\n";
    let question = "? Labels are scientific and common names. Which is to be the label? (whole label, scientific name, common name)";
    assert_eq!(
        read_text(&Audacity, text),
        format!(
            "rec_7 0–3 [Parus major_Great Tit] score 0.8123 predicted\nrec_7 3–6 [Corvus corax_Common Raven] score 0.5 predicted\n{question}: whole label"
        )
    );
    let common = read_with(&Audacity, text, &[(Choice::LabelColumn, "common name")]);
    assert_eq!(
        common,
        format!(
            "rec_7 0–3 [Great Tit] score 0.8123 predicted\nrec_7 3–6 [Common Raven] score 0.5 predicted\n{question}: common name"
        )
    );
    let scored = "1\t2\tcall 0.87\n2\t3\tsong two 1\n";
    assert!(read_text(&Audacity, scored).starts_with("rec_7 1–2 [call 0.87]\nrec_7 2–3 [song two 1]\n? Each label"));
    let split = read_with(&Audacity, scored, &[(Choice::Layout, "label and score")]);
    assert!(
        split.starts_with("rec_7 1–2 [call] score 0.87 predicted\nrec_7 2–3 [song two] score 1 predicted\n"),
        "{split}"
    );
}

#[test]
fn audacity_is_written_with_a_line_of_frequencies_for_all_or_none() {
    let mut labels = StrongLabels::default();
    let span = Span { onset_secs: 1.25, offset_secs: 2.0 };
    labels.rows.push(StrongLabel::new("a", span, "tab\there"));
    assert_eq!(Audacity.written(&labels), "1.250000\t2.000000\ttab here\n");
    let mut boxed = StrongLabel::new("a", span, "box");
    boxed.band = Some(Band { low_hz: 500.0, high_hz: 1000.5 });
    labels.rows.push(boxed);
    assert_eq!(
        Audacity.written(&labels),
        "1.250000\t2.000000\ttab here\n\\\t-1.000000\t-1.000000\n1.250000\t2.000000\tbox\n\\\t500.000000\t1000.500000\n"
    );
}

#[test]
fn subtitles_are_read() {
    let srt = "1\n00:00:01,000 --> 00:00:02,500\ncall\n\n2\n00:01:00,250 --> 01:00:00,000\ntwo\nlines\n\n3\nat noon --> 00:00:01,000\n\n\
               4\n00:00:03,000 --> 00:00:03,000\n\n";
    assert_eq!(
        read_text(&SubRip, srt),
        "rec_7 1–2.5 [call]\nrec_7 60.25–3600 [two lines]\nrec_7 3–3 [] point\n\
         ! line 8: a label of several lines, read with spaces between them\n\
         ! line 11: “at noon” is no time of the form 00:00:00,000; row left out"
    );
    let vtt = "WEBVTT a title\n\nNOTE\na remark\n\ncue 1\n00:01.000 --> 00:02.500 align:left\ncall\n";
    assert_eq!(
        read_text(&WebVtt, vtt),
        "rec_7 1–2.5 [call]\n! line 3: text outside of the subtitles, not read (and in 1 more lines)"
    );
    assert_eq!(
        read_text(
            &SubRip,
            "1\n00:00:01,000 --> 00:00:02,500\ncall\n\nsong\n\n2\n00:00:03,000 --> 00:00:04,000\nx\n\nend\n"
        ),
        "rec_7 1–2.5 [call]\nrec_7 3–4 [x]\n! line 5: text outside of the subtitles, not read (and in 1 more lines)"
    );
    assert_eq!(read_text(&WebVtt, "WEBVTT\n"), "rec_7 nothing");
    assert!(read_text(&SubRip, "onset\toffset\n").starts_with("error: no subtitles"));
}

#[test]
fn textgrids_of_praat_are_read_in_every_form() {
    let expected = "1.25–2 [call \"A\"] tier=birds\n3.5–10 [Möwe] tier=birds\n4.125–4.125 [ping] point tier=beeps\n\
                    5–5 [чайка] point tier=beeps";
    for form in ["long", "short", "chrono", "binary"] {
        let labels = read_data(&TextGrid, &format!("{form}.TextGrid"));
        assert_eq!(drawn(&labels).replace(&format!("{form} "), ""), expected, "{form}");
        let bytes = std::fs::read(data(&format!("{form}.TextGrid"))).unwrap();
        let source = format::TextSource::from_bytes(&bytes);
        assert_eq!(format::sniff(&source, "x.TextGrid")[0].0.id(), "textgrid");
    }
}

#[test]
fn textgrids_of_other_programs_are_read() {
    assert_eq!(
        drawn(&read_data(&TextGrid, "signs.TextGrid")),
        "signs -1–1.25 [before] tier=birds\nsigns 1.25–2 [call \"A\"] tier=birds\n\
         signs 1.5–1.75 [over\ntwo lines] tier=birds 2\n\
         ! line 24: “comma” has a time that is no number; row left out"
    );
    let latin = read_data(&TextGrid, "latin1.TextGrid");
    assert_eq!(
        drawn(&latin),
        "latin1 0–1 [Möwe] tier=Vögel\n! not UTF-8, read as Windows-1252: check letters with accents"
    );
    assert_eq!(latin.files[0].duration_secs, Some(3.0));
    let short = "\"ooTextFile\"\n\"TextGrid\"\n0 5 <exists> 2 \"IntervalTier\" \"events\" 0 5 1 0 5 \"whole\" \"TextTier\" \"x\" 0 5 3 1 \"a\"";
    assert_eq!(
        read_text(&TextGrid, short),
        "rec_7 0–5 [whole]\nrec_7 1–1 [a] point tier=x\n\
         ! line 3: the file ends before the grid does: what follows is not read; row left out"
    );
    assert!(read_text(&TextGrid, "onset\toffset").starts_with("error: no TextGrid"));
    assert_eq!(
        read_text(&TextGrid, "\"ooTextFile\" \"TextGrid\" 0 5 <exists> 1 \"IntervalTier\" 7"),
        "rec_7 nothing\n! line 1: a text in quotes should stand here, not the number 7: what follows is not read; row left out"
    );
}

#[test]
fn elan_fills_in_times() {
    // Along the tier, ts2 and ts3 lie evenly between ts1 and ts4; what stands between them in the order of time is of another tier.
    let file = "C:/data/field notes/a.wav";
    assert_eq!(
        drawn(&read_data(&Elan, "interpolated.eaf")),
        format!(
            "{file} 1–1.3 [call & answer] tier=birds\n{file} 1.3–1.6 [song] tier=birds\n{file} 1.6–1.9 [] tier=birds\n\
             {file} 1.3–1.6 [sure] tier=quality\n{file} 1.3–1.6 [good] tier=quality\n\
             ! 2 moments have no time of their own: placed evenly between those that do\n\
             ! line 22: annotation a4 has no time, and nothing around it has; row left out\n\
             ! line 28: annotation a7 refers to none that has a time; row left out\n\
             ! line 29: annotation a8 refers to none that has a time; row left out"
        )
    );
}

#[test]
fn layers_of_sonic_visualiser_are_read() {
    assert_eq!(
        drawn(&read_data(&SonicLayer, "boxes.svl")),
        "boxes 8–9.813333333333333 [Area of \"interest\"] 318.5–533.75 Hz\n\
         boxes 1–1.5 [A4] value=440 level=0.5\nboxes 0.01–0.01 [] point value=\n\
         ! line 8: frame is “oops”, not a number; row left out\n\
         ! line 19: the layer's sample rate is not known; row left out"
            .replace(" value=\n", "\n")
    );
}

#[test]
fn what_is_lost_is_told() {
    let mut labels = StrongLabels::default();
    labels.rows.push(StrongLabel::new("a", Span { onset_secs: 0.0005, offset_secs: 2.0 }, ""));
    labels.rows.push(StrongLabel::new("a", Span { onset_secs: 1.0, offset_secs: 0.5 }, "x"));
    labels.files.push(LabelledFile::named("a"));
    assert_eq!(format::losses(&TextGrid, &labels), ["1 event without a label", "1 event that ends before it begins"]);
    assert_eq!(
        format::losses(&Elan, &labels),
        ["1 event that ends before it begins", "1 event's times beyond a millisecond"]
    );
    assert_eq!(format::losses(&Audacity, &labels), [""; 0]);
}

/// Rows as any file may have them: times in milliseconds from 0 on, any label, sometimes a point, sometimes a band.
fn rows(with_bands: bool) -> impl Strategy<Value = Vec<StrongLabel>> {
    let row = (0_u32..5000, 1_u32..3000, "[ -~äж🦇]{0,12}", 0_u8..4, prop::option::of((0_u32..8000, 1_u32..8000)));
    let row = row.prop_map(move |(onset, long, label, kind, band)| {
        let onset_secs = f64::from(onset) / 1e3;
        let offset_secs = if kind == 0 { onset_secs } else { f64::from(onset + long) / 1e3 };
        let label = if label.is_empty() && kind != 0 { "x".to_owned() } else { label };
        let mut row = StrongLabel::new("rec_7", Span { onset_secs, offset_secs }, label);
        row.is_point = kind == 0;
        row.band = band
            .filter(|_| with_bands)
            .map(|(low, wide)| Band { low_hz: f64::from(low), high_hz: f64::from(low + wide) });
        row
    });
    prop::collection::vec(row, 0..12)
}

fn sorted(mut rows: Vec<StrongLabel>) -> Vec<StrongLabel> {
    rows.sort_by(|a, b| format!("{a:?}").cmp(&format!("{b:?}")));
    rows
}

fn labels_of(rows: Vec<StrongLabel>) -> StrongLabels {
    StrongLabels { rows, files: vec![LabelledFile::named("rec_7")], ..StrongLabels::default() }
}

fn read_back(format: &dyn LabelFormat, labels: &StrongLabels) -> StrongLabels {
    let text = format.written(labels);
    format::read(format, text.as_bytes(), Path::new("/labels/rec_7.x")).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(plain in rows(false), boxed in rows(true)) {
        for format in [&TextGrid as &dyn LabelFormat, &SubRip, &WebVtt] {
            // A text of spaces alone ends a subtitle, and an arrow would be one of times.
            let is_held = |row: &&StrongLabel| !row.event_label.trim().is_empty() && !row.event_label.contains("-->");
            let plain: Vec<_> = plain.iter().filter(is_held).cloned().collect();
            let labels = read_back(format, &labels_of(plain.clone()));
            prop_assert_eq!(sorted(labels.rows), sorted(plain), "{}", format.id());
            prop_assert_eq!(labels.warnings, []);
            prop_assert_eq!(labels.files[0].duration_secs, None);
        }
        let labels = read_back(&Audacity, &labels_of(boxed.clone()));
        prop_assert_eq!(labels.rows, boxed.clone());
        let labels = read_back(&Elan, &labels_of(plain.clone()));
        prop_assert_eq!(sorted(labels.rows), sorted(plain));
        let has_bands = boxed.iter().any(|row| row.band.is_some());
        let are_points = boxed.iter().all(|row| row.is_point);
        let read = read_back(&SonicLayer, &labels_of(boxed.clone())).rows;
        let without_value = read.into_iter().map(|row| StrongLabel { particulars: None, ..row }).collect::<Vec<_>>();
        prop_assert_eq!(without_value, boxed, "{} {}", has_bands, are_points);
    }

    #[test]
    fn no_text_is_a_panic_and_no_row_is_lost(text in "[-0-9\t\\\\a\"<>!., \n]{0,80}") {
        for format in format::ALL {
            let _ = format::read(*format, text.as_bytes(), Path::new("x"));
            let _ = format.likelihood(&Head { text: &text, file_name: "x" });
        }
        let grid = format!("\"ooTextFile\" \"TextGrid\" 0 1 <exists> 1 {text}");
        let _ = format::read(&TextGrid, grid.as_bytes(), Path::new("x"));
        if let Ok(labels) = format::read(&Audacity, text.as_bytes(), Path::new("x")) {
            let rejects = labels.warnings.iter().filter(|warning| warning.row_rejected).count();
            let rows = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('\\')).count();
            prop_assert_eq!(labels.rows.len() + rejects, rows);
        }
    }

    #[test]
    fn no_binary_textgrid_is_a_panic(cut in 0_usize..244, byte in any::<u8>()) {
        let mut bytes = std::fs::read(data("binary.TextGrid")).unwrap();
        bytes[cut] = byte;
        let _ = format::read(&TextGrid, &bytes[..], Path::new("x"));
        let _ = format::read(&TextGrid, &bytes[..cut], Path::new("x"));
    }
}

#[test]
fn each_format_knows_its_own_files() {
    for (name, id) in [("boxes.svl", "svl"), ("interpolated.eaf", "elan"), ("signs.TextGrid", "textgrid")] {
        let text = std::fs::read_to_string(data(name)).unwrap();
        let head = Head { text: &text, file_name: name };
        for format in format::ALL {
            let likelihood = format.likelihood(&head);
            assert_eq!(likelihood == Likelihood::Certain, format.id() == id, "{name} as {}", format.id());
        }
    }
}

#[test]
fn raven_folds_views_and_places_times_in_files() {
    let labels = read_data(&Raven, "cumulative.Table.1.selections.txt");
    assert_eq!(
        drawn(&labels),
        "C:\\rec\\a.wav 4.387–5.25 [EATO] 2878.2–4049 Hz score 0.91 Peak Freq (Hz)=3100 Reviewer=AB\n\
         C:\\rec\\b.wav 1.5–2 [] 500–900 Hz Peak Freq (Hz)=700 Channel=2\n\
         C:\\rec\\b.wav 4–4 [EATO] point score 1 Peak Freq (Hz)=700 Reviewer=AB\n\
         ! line 3: a further view of a selection that stands here already: read once (and in 1 more lines)\n\
         ! line 4: no label (and in 1 more lines)\n\
         ! line 4: the onset is File Offset (s) within Begin Path, not Begin Time (s) (and in 2 more lines)\n\
         ! line 6: offset is “soon”, not a number of seconds; row left out\n\
         ? Which column holds the labels? (Species, Reviewer): Species"
    );
    assert_eq!(labels.columns.iter().map(|name| &**name).collect::<Vec<_>>(), ["Peak Freq (Hz)", "Reviewer"]);
    let birdnet = read_data(&Raven, "birdnet.selection.table.txt");
    assert_eq!(
        drawn(&birdnet),
        "/data/a.wav 0–3 [Great Tit] 0–15000 Hz score 0.8123 Scientific Name=Parus major Species Code=gretit1\n\
         /data/b.wav 4–7 [Great Tit] 0–15000 Hz score 0.7 Scientific Name=Parus major Species Code=gretit1\n\
         ! line 3: the onset is File Offset (s) within Begin Path, not Begin Time (s)\n\
         ? Which column holds the labels? (Common Name, Scientific Name, Species Code): Common Name"
    );
}

#[test]
fn raven_asks_what_is_open() {
    let head = "Selection\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin File\tTags\n";
    let over_all = format!("{head}1\t1\t2\t1\t4.5\ta.wav\tx\n2\t61\t62\t2\t8.2\tb.wav\ty\n");
    let origin = "? The table names several files and has no File Offset (s). Do times begin again with each file, or count over all of \
                  them? (file, all files)";
    let unit = "? No frequency is above 8.2. Are they hertz or kilohertz? (hertz, kilohertz)";
    assert_eq!(read_text(&Raven, &over_all), format!("{unit}: hertz\n{origin}: none"));
    let answers = [(Choice::TimeOrigin, "file"), (Choice::FrequencyUnit, "kilohertz")];
    assert_eq!(
        read_with(&Raven, &over_all, &answers),
        format!("a.wav 1–2 [x] 1000–4500 Hz\nb.wav 61–62 [y] 2000–8200 Hz\n{unit}: kilohertz\n{origin}: file")
    );
    let refused = read_with(&Raven, &over_all, &[(Choice::TimeOrigin, "all files")]);
    assert!(refused.starts_with("error: times count over all files"), "{refused}");
    let again = format!("{head}1\t1\t2\t1\t4500\ta.wav\tx\n2\t0.5\t2\t2\t8200\tb.wav\ty\n");
    assert!(read_text(&Raven, &again).ends_with(&format!("{origin}: file")));
    let kilo = "Begin Time (s)\tEnd Time (s)\tLow Freq (kHz)\tHigh Freq (kHz)\n1\t2\t1.5\t4\n";
    assert_eq!(read_text(&Raven, kilo), "rec_7 1–2 [] 1500–4000 Hz");
    let offsets =
        "Begin Time (s)\tEnd Time (s)\tBegin Path\tFile Offset (s)\n61\t62\ta.wav\tone\n1e308\t-1e308\ta.wav\t2\n";
    assert_eq!(
        read_text(&Raven, offsets),
        "a.wav nothing\n! line 2: File Offset (s) is “one”, not a number of seconds; row left out\n\
         ! line 3: an end at no time; row left out"
    );
    let options = ReadOptions::of(Path::new("/x/rec_7.Table.1.selections.txt"));
    assert_eq!(options.file_stem, "rec_7.Table.1.selections");
    let labels = format::read(&Raven, kilo.as_bytes(), Path::new("/x/rec_7.Table.1.selections.txt")).unwrap();
    assert_eq!(labels.file_names().collect::<Vec<_>>(), ["rec_7"]);
}

#[test]
fn raven_is_written_with_times_over_all_files() {
    let mut labels = StrongLabels::default();
    for (name, duration_secs) in [("/x/a.wav", Some(10.123456)), ("/x/b.wav", None)] {
        labels.files.push(LabelledFile { name: name.into(), duration_secs, sample_rate: Some(44_100.0) });
    }
    let span = Span { onset_secs: 1.25, offset_secs: 2.0 };
    let mut first = StrongLabel::new("/x/b.wav", span, "call");
    first.band = Some(Band { low_hz: 500.0, high_hz: 1000.5 });
    first.particulars_mut().fields.push(("Reviewer".into(), "AB".into()));
    let mut rejected = StrongLabel::new("/x/b.wav", span, "no");
    rejected.status = Some(earmark::annotation::Status::Rejected);
    labels.rows = vec![first, rejected, StrongLabel::new("/x/a.wav", span, "song")];
    labels.line_end = format::LineEnd::CrLf;
    assert_eq!(
        Raven.written(&labels),
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin Path\tFile Offset (s)\tAnnotation\tReviewer\r\n\
         1\tSpectrogram 1\t1\t11.373456\t12.123456\t500\t1000.5\t/x/b.wav\t1.250\tcall\tAB\r\n\
         2\tSpectrogram 1\t1\t1.250\t2.000\t0\t22050\t/x/a.wav\t1.250\tsong\t\r\n"
    );
    labels.files.reverse();
    let refused = Raven.write(&labels, &mut Vec::new()).unwrap_err().to_string();
    assert!(refused.contains("the length of “/x/b.wav” is not known"), "{refused}");
    assert_eq!(Raven.file_name_of("a"), "a.Table.1.selections.txt");
    assert_eq!(Audacity.file_name_of("a"), "a.txt");
}

#[test]
fn birdnet_results_are_read() {
    let question = "? Which name is to be the label? (common name, scientific name)";
    let labels = read_data(&BirdNet, "birdnet.BirdNET.results.csv");
    assert_eq!(
        drawn(&labels),
        format!(
            "/data/a.wav 0–3 [Great Tit] score 0.8123 predicted Scientific name=Parus major week=20\n\
             /data/a.wav 3–6 [Owl, Eagle] score 0.5 predicted Scientific name=Bubo bubo week=20\n\
             /data/b.wav 6–9 [Common Raven] predicted Scientific name=Corvus corax week=20\n\
             ! line 4: score is “high”, not a number: left out\n{question}: common name"
        )
    );
    assert_eq!(&*labels.rows[0].particulars.as_ref().unwrap().model, "BirdNET");
    let for_r = "filepath,start,end,scientific_name,common_name,confidence,lat,lon,model\na.wav,0,3,Parus major,Great Tit,0.5,,,BirdNET 2.4\n";
    let read = read_with(&BirdNet, for_r, &[(Choice::LabelColumn, "scientific name")]);
    assert_eq!(
        read,
        format!("a.wav 0–3 [Parus major] score 0.5 predicted common_name=Great Tit\n{question}: scientific name")
    );
    let empty = "Start (s),End (s),Scientific name,Common name,Confidence\n";
    let labels = format::read(&BirdNet, empty.as_bytes(), Path::new("/x/rec_7.BirdNET.results.csv")).unwrap();
    assert!(drawn(&labels).starts_with("rec_7 nothing"));
    assert!(!BirdNet.can_write() && BirdNet.write(&labels, &mut Vec::new()).is_err());
}

#[test]
fn kaleidoscope_is_read_and_written_back_as_it_was() {
    let labels = read_data(&Kaleidoscope, "id.csv");
    let file = "C:\\rec\\site1\\a.wav";
    let rest = "DATE=2026-05-01 TIME=04:12:00";
    assert_eq!(
        drawn(&labels),
        format!(
            "{file} 1.25–2 [GRETIT] 2500–4200 Hz predicted FOLDER=site1 CHANNEL=0 Fmean=3100 {rest} TOP1DIST=0.31\n\
             {file} 3–3.5 [Tit, Great] 2500–4200 Hz accepted FOLDER=site1 CHANNEL=0 Fmean=3100 {rest} TOP1DIST=0.4 TOP1MATCH=GRETIT\n\
             C:\\rec\\site1\\b.wav nothing"
        )
    );
    let written = Kaleidoscope.written(&labels);
    let original = std::fs::read_to_string(data("id.csv")).unwrap();
    let without_times =
        original.replace("C:\\rec,site1,b.wav,0,,,,,,2026-05-01,04:13:00,,,", "C:\\rec\\site1,,b.wav,,,,,,,,,,,");
    assert_eq!(written, without_times.replace(",3,0.5,", ",3.000,0.500,").replace("1.25,0.75", "1.250,0.750"));
    let bats = "indir,folder,in file,offset,duration,FMIN,fmax,Auto ID\n/rec,,a.wav,0,5,20.5,45,PIPPIP\n";
    assert_eq!(
        read_text(&Kaleidoscope, bats),
        "/rec/a.wav 0–5 [PIPPIP] 20500–45000 Hz predicted\n\
         ? No frequency is above 45. Are they hertz or kilohertz? (hertz, kilohertz): kilohertz"
    );
    let of_birdnet = "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence\n/rec,s,a.wav,0,3,Parus major,Great Tit,0.5\n";
    assert!(
        read_text(&Kaleidoscope, of_birdnet)
            .starts_with("/rec/s/a.wav 0–3 [Great Tit] score 0.5 predicted FOLDER=s scientific_name=Parus major")
    );
}

#[test]
fn tables_of_sonic_visualiser_are_asked_about_where_they_are_open() {
    let layout = "? What do the columns mean?";
    assert_eq!(
        read_text(&SonicCsv, "0.000000000,1,9.200000000,A\n9.2,-2,1,B\n"),
        "rec_7 0–9.2 [A] value=1\nrec_7 9.2–10.2 [B] value=-2"
    );
    let boxes = "8.000000000,9.813333333,318.507,533.879,Area of interest\n";
    assert_eq!(read_text(&SonicCsv, boxes), "rec_7 8–9.813333333 [Area of interest] 318.507–533.879 Hz");
    let notes = "0.020000000,415.305,1.720000000,0.354331,G#4\n1.700000000,440,17.880000000,0.338583,A4\n";
    assert_eq!(
        read_text(&SonicCsv, notes),
        "rec_7 0.02–1.74 [G#4] value=415.305 level=0.354331\nrec_7 1.7–19.58 [A4] value=440 level=0.338583"
    );
    assert_eq!(
        read_text(&SonicCsv, "0.011604167\n1.5\n"),
        "rec_7 0.011604167–0.011604167 [] point\nrec_7 1.5–1.5 [] point"
    );
    assert_eq!(read_text(&SonicCsv, "0.5,\"a, \"\"b\"\"\"\n"), "rec_7 0.5–0.5 [a, \"b\"] point");
    let open = "1,2.5,call\n3,4,song\n";
    let answers = "(time, value, label, onset, offset, label, time, duration, label)";
    assert_eq!(read_text(&SonicCsv, open), format!("{layout} {answers}: none"));
    assert_eq!(
        read_with(&SonicCsv, open, &[(Choice::Layout, "onset, offset, label")]),
        format!("rec_7 1–2.5 [call]\nrec_7 3–4 [song]\n{layout} {answers}: onset, offset, label")
    );
    let named = "TIME,VALUE,DURATION,LABEL\n0.5,7,1,x\n";
    assert_eq!(read_text(&SonicCsv, named), "rec_7 0.5–1.5 [x] value=7");
    assert!(read_text(&SonicCsv, "a,b\nc,d\n").starts_with("error: no table of Sonic Visualiser"));
}

proptest! {
    #[test]
    fn tables_are_read_back(boxed in rows(true), scores in prop::collection::vec(0_u8..5, 12)) {
        let mut boxed = boxed;
        for row in &mut boxed {
            row.event_label = row.event_label.trim().into();
            row.band = row.band.or(Some(Band { low_hz: 300.0, high_hz: 9000.0 }));
        }
        let mut labels = labels_of(boxed.clone());
        let layout = [(Choice::Layout, "onset, offset, low, high, label")];
        let read = read_rows(&SonicCsv, &labels, &layout);
        prop_assert_eq!(&read, &boxed);
        for (row, score) in labels.rows.iter_mut().zip(&scores) {
            row.score = (*score > 2).then(|| f64::from(*score) / 8.0);
            row.particulars_mut().fields.push(("site".into(), format!("of \"{score}\"")));
        }
        for format in [&Raven as &dyn LabelFormat, &Kaleidoscope] {
            let read: Vec<_> = read_rows(format, &labels, &[]).into_iter().map(plain).collect();
            let expected: Vec<_> = labels.rows.iter().cloned().map(plain).collect();
            prop_assert_eq!(read, expected, "{}", format.id());
        }
    }

    #[test]
    fn rows_of_tables_are_events_or_rejects(cells in prop::collection::vec("[-0-9.a, \"]{0,5}", 0..40)) {
        let lines: Vec<String> = cells.chunks(4).map(|row| row.join("\t").replace('"', "")).collect();
        let rows = lines.iter().filter(|line| !line.trim().is_empty()).count();
        for (format, head) in [
            (&Raven as &dyn LabelFormat, "Begin Time (s)\tEnd Time (s)\tSpecies\tLow Freq (Hz)"),
            (&BirdNet, "Start (s)\tEnd (s)\tCommon name\tConfidence"),
        ] {
            let text = format!("{head}\n{}\n", lines.join("\n"));
            let labels = format::read(format, text.as_bytes(), Path::new("x")).unwrap();
            let rejects = labels.warnings.iter().filter(|warning| warning.row_rejected).count();
            let empty = lines.iter().filter(|line| !line.trim().is_empty() && {
                let cells: Vec<_> = line.split('\t').collect();
                (0..3).all(|column| cells.get(column).is_none_or(|cell| cell.trim().is_empty()))
            });
            prop_assert_eq!(labels.rows.len() + rejects + empty.count(), rows, "{}", text);
        }
    }
}

/// What tables keep of an event: no word of who proposed it, and an offset only to the last bit but one where it is onset and duration.
fn plain(mut row: StrongLabel) -> StrongLabel {
    row.status = None;
    row.span.offset_secs = (row.span.offset_secs * 1e9).round() / 1e9;
    if let Some(more) = &mut row.particulars {
        more.model = "".into();
    }
    row
}

fn read_rows(format: &dyn LabelFormat, labels: &StrongLabels, answers: &[(Choice, &str)]) -> Vec<StrongLabel> {
    let path = std::env::temp_dir().join(format!("earmark-{}-{}.txt", std::process::id(), fresh()));
    std::fs::write(&path, format.written(labels)).unwrap();
    let mut options = ReadOptions { file_stem: "rec_7".to_owned(), ..ReadOptions::default() };
    for (choice, answer) in answers {
        options.set_answer(*choice, *answer);
    }
    let read = format::read_with(format, &path, &options).unwrap();
    std::fs::remove_file(&path).unwrap();
    read.rows
}

/// Needs a Python with praat-parselmouth: `EARMARK_REFERENCE_PYTHON`.
#[test]
#[ignore = "needs a library that only this test uses"]
fn praat_reads_what_is_written() {
    let python = std::env::var("EARMARK_REFERENCE_PYTHON").expect("a Python with praat-parselmouth");
    let mut labels = labels_of(Vec::new());
    labels.files[0].duration_secs = Some(10.0);
    for (onset_secs, offset_secs, label) in [
        (1.25, 2.0, "call \"A\" & <b>"),
        (1.5, 3.125, "Möwe, laut"),
        (5.0, 6.1, "чайка"),
        (6.1, 6.512_345, "y"),
        (4.0, 4.0, "point"),
        (4.0, 4.0, ""),
    ] {
        let mut row = StrongLabel::new("rec_7", Span { onset_secs, offset_secs }, label);
        row.is_point = onset_secs == offset_secs;
        labels.rows.push(row);
    }
    let path = std::env::temp_dir().join(format!("earmark-praat-{}.TextGrid", std::process::id()));
    format::write_file(&TextGrid, &path, &labels).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/read_textgrid_in_praat.py");
    let output = std::process::Command::new(python).arg(script).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "events\t1.25\t2.0\tcall \"A\" & <b>\nevents\t5.0\t6.1\tчайка\nevents\t6.1\t6.512345\ty\n\
         events 2\t1.5\t3.125\tMöwe, laut\npoints\t4.0\t4.0\tpoint\npoints 2\t4.0\t4.0\t\n"
    );
}
