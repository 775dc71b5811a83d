//! Events of a HEAR task (Holistic Evaluation of Audio Representations): one JSON object of a split, `{"a.wav": [{"label", "start", "end"}]}`,
//! times in milliseconds. Beside it stands `labelvocabulary.csv` with a number for each label, which all splits share.

use super::json::{Document, Gatherer, Kind, LineEnds, Node, is_point, near_decimal, quoted};
use super::{
    Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource, TimeUnit, text,
};
use crate::time::Span;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Hear;

/// A file whose last event ends sooner than this, in milliseconds, was hardly written in milliseconds.
const SHORTEST_MILLIS: f64 = 100.0;

impl LabelFormat for Hear {
    fn id(&self) -> &'static str {
        "hear"
    }

    fn name(&self) -> &'static str {
        "HEAR task JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, empty_files: true, points: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let text = head.text.trim_start();
        let has = |key: &str| text.contains(key);
        match text.starts_with('{') && has("\"label\"") && has("\"start\"") && has("\"end\"") && has("[") {
            true if ["\"annotations\"", "\"result\"", "\"data\""].into_iter().any(has) => Likelihood::Possible,
            true => Likelihood::Likely,
            false => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let document = Document::read(source)?;
        let root = document.root();
        if root.kind() != Kind::Object || root.entries().any(|(_, events)| events.kind() != Kind::Array) {
            let text = "no events of a HEAR task: expected an object with an array of events for each recording";
            return Err(ReadError::NotLabels(text.to_owned()));
        }
        let unit = options.time_unit().filter(|unit| *unit != TimeUnit::Samples);
        let mut gatherer = Gatherer::new(labels, &document);
        let mut last_millis = 0.0_f64;
        let per_sec = if unit == Some(TimeUnit::Seconds) { 1.0 } else { 1e3 };
        for (name, events) in root.entries() {
            let filename = gatherer.recording(&name);
            for event in events.elements() {
                if let Some(row) = row_of(&mut gatherer, &filename, event, per_sec) {
                    last_millis = last_millis.max(row.span.offset_secs * per_sec);
                    gatherer.push(row);
                }
            }
        }
        let has_rows = !gatherer.labels().rows.is_empty();
        if unit.is_none() && has_rows && last_millis < SHORTEST_MILLIS {
            gatherer.labels().questions.push(unit_question(last_millis));
        }
        gatherer.finish();
        Ok(())
    }

    /// One line a recording, by name; events by onset. Milliseconds to the microsecond.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let out: &mut dyn io::Write = &mut LineEnds::of(labels, out);
        let mut rows: Vec<&StrongLabel> = labels.rows.iter().filter(|row| is_written(row)).collect();
        rows.sort_by(|a, b| a.filename.cmp(&b.filename).then(a.span.onset_secs.total_cmp(&b.span.onset_secs)));
        let mut files: Vec<&str> = labels.file_names().chain(rows.iter().map(|row| &*row.filename)).collect();
        files.sort_unstable();
        files.dedup();
        let mut rows = rows.into_iter().peekable();
        out.write_all(b"{")?;
        for (index, file) in files.into_iter().enumerate() {
            write!(out, "{}\n{}: [", if index > 0 { "," } else { "" }, quoted(file))?;
            let mut comma = "";
            while let Some(row) = rows.next_if(|row| &*row.filename == file) {
                let (start, end) = (millis_text(row.span.onset_secs), millis_text(row.span.offset_secs));
                for label in row.labels() {
                    write!(out, "{comma}{{\"label\": {}, \"start\": {start}, \"end\": {end}}}", quoted(label))?;
                    comma = ", ";
                }
            }
            out.write_all(b"]")?;
        }
        out.write_all(b"\n}\n")
    }

    fn companion(&self) -> Option<&'static str> {
        Some("labelvocabulary.csv")
    }

    /// Numbers that labels have keep them, since the other splits use them too; new labels follow in the order of their names.
    fn companion_text(&self, labels: &StrongLabels, existing: Option<&str>) -> String {
        let mut vocabulary: Vec<(u64, String)> = Vec::new();
        for (_, line) in text::lines(existing.unwrap_or_default()).skip(1) {
            if let Some((idx, label)) = line.split_once(',')
                && let Ok(idx) = idx.trim().parse()
            {
                let inside = label.strip_prefix('"').and_then(|label| label.strip_suffix('"'));
                vocabulary.push((idx, inside.map_or_else(|| label.to_owned(), |inside| inside.replace("\"\"", "\""))));
            }
        }
        let known: HashSet<String> = vocabulary.iter().map(|(_, label)| label.clone()).collect();
        let written = labels.rows.iter().filter(|row| is_written(row)).flat_map(StrongLabel::labels);
        let mut new: Vec<&str> = written.map(|label| &**label).filter(|label| !known.contains(*label)).collect();
        new.sort_unstable();
        new.dedup();
        let first = vocabulary.iter().map(|(idx, _)| idx.saturating_add(1)).max().unwrap_or(0);
        vocabulary.extend((first..).zip(new.into_iter().map(str::to_owned)));
        let mut written = String::from("idx,label\n");
        for (idx, label) in vocabulary {
            let _ = writeln!(written, "{idx},{}", text::csv_text(&label, ','));
        }
        written
    }
}

fn row_of(gatherer: &mut Gatherer<'_>, filename: &Arc<str>, event: Node<'_>, per_sec: f64) -> Option<StrongLabel> {
    let (mut start, mut end, mut label, mut others) = (None, None, None, Vec::new());
    for (key, value) in event.entries() {
        match &*key {
            "start" => start = value.number(),
            "end" => end = value.number(),
            "label" => label = value.id(),
            _ => others.push((key, value)),
        }
    }
    let (Some(start), Some(end), Some(label)) = (start, end, label) else {
        let text = format!("an event of {filename} is {}, without label, start and end", event.kind().words());
        gatherer.reject(event, text);
        return None;
    };
    let secs = |time: f64| near_decimal(time / per_sec, time / per_sec);
    let span = Span { onset_secs: secs(start), offset_secs: secs(end) };
    let mut row = StrongLabel::new(filename.clone(), span, gatherer.name(&label));
    row.is_point = is_point(span);
    for (key, value) in others {
        gatherer.field(&mut row, &key, value);
    }
    Some(row)
}

fn unit_question(last: f64) -> Question {
    Question {
        choice: Choice::TimeUnit,
        text: format!("all events end before {last}: HEAR has milliseconds, are these?"),
        answers: vec!["milliseconds".to_owned(), "seconds".to_owned()],
        taken: Some(0),
    }
}

/// Only labels are written.
fn is_written(row: &StrongLabel) -> bool {
    row.status.is_none_or(|status| status.is_label())
}

/// Milliseconds to the microsecond, always with a decimal, as Python writes floats.
fn millis_text(secs: f64) -> String {
    super::json::number_text((secs * 1e6).round() / 1e3)
}
