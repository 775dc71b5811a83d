//! Subtitles as labels: SubRip (`.srt`), which Audacity reads and writes, and WebVTT. Times are whole milliseconds.
//!
//! A block is a line of times and the lines of text after it, up to an empty one. Several lines of text are one label with spaces between.

use super::collector::Collector;
use super::{
    Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource, cell, text,
};
use crate::time::Span;
use std::io;

/// SubRip, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct SubRip;

/// WebVTT, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct WebVtt;

fn holds() -> Holds {
    Holds { empty_files: true, points: true, overlaps: true, whole_millis: true, one_line: true, ..Holds::default() }
}

const ARROW: &str = "-->";

impl LabelFormat for SubRip {
    fn id(&self) -> &'static str {
        "srt"
    }

    fn name(&self) -> &'static str {
        "SubRip subtitles"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["srt"]
    }

    fn holds(&self) -> Holds {
        holds()
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let has_times = text::lines(head.text).take(10).any(|(_, line)| span_of(line).is_some_and(|span| span.is_ok()));
        match (has_times, head.text.starts_with("WEBVTT")) {
            (true, false) => Likelihood::Certain,
            _ => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        read(source, options, labels)
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        write(labels, ',', out)
    }
}

impl LabelFormat for WebVtt {
    fn id(&self) -> &'static str {
        "vtt"
    }

    fn name(&self) -> &'static str {
        "WebVTT subtitles"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["vtt"]
    }

    fn holds(&self) -> Holds {
        holds()
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        if head.text.starts_with("WEBVTT") { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        read(source, options, labels)
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let end = labels.line_end.text();
        write!(out, "WEBVTT{end}{end}")?;
        write(labels, '.', out)
    }
}

/// What a line with an arrow says: the times on both sides of it; `None` for other lines.
fn span_of(line: &str) -> Option<Result<Span, String>> {
    let (onset, after) = line.split_once(ARROW)?;
    // Settings of the place on the screen may follow.
    let offset = after.split_whitespace().next().unwrap_or_default();
    let secs = |text: &str| {
        // Any separator but a comma lets the comma be a decimal one.
        cell::clock_secs(text, '\t').ok_or_else(|| format!("“{}” is no time of the form 00:00:00,000", text.trim()))
    };
    Some(secs(onset).and_then(|onset_secs| Ok(Span { onset_secs, offset_secs: secs(offset)? })))
}

fn read(source: &mut TextSource<'_>, options: &ReadOptions, labels: &mut StrongLabels) -> Result<(), ReadError> {
    let mut collector = Collector::new(labels);
    let filename = collector.file(&options.file_stem);
    let mut block: Option<(Span, String, usize)> = None;
    let end_block = |block: &mut Option<(Span, String, usize)>, collector: &mut Collector<'_>| {
        if let Some((span, label, _)) = block.take() {
            let label = collector.label(&label);
            let mut row = StrongLabel::new(filename.clone(), span, label);
            row.is_point = span.onset_secs == span.offset_secs;
            collector.push(row);
        }
    };
    let mut has_arrow = false;
    // Numbers and names stand just before their times; what else stands outside of blocks are titles and remarks.
    let mut outside: Option<usize> = None;
    const OUTSIDE: &str = "text outside of the subtitles, not read";
    source.for_each_line(|number, line| {
        match (span_of(line), &mut block) {
            (Some(span), _) => {
                has_arrow = true;
                if let Some(before) = outside.take().filter(|before| before + 1 < number) {
                    collector.note(before, OUTSIDE);
                }
                end_block(&mut block, &mut collector);
                match span {
                    Ok(span) => block = Some((span, String::new(), 0)),
                    Err(text) => collector.reject(number, text),
                }
            }
            (None, _) if line.trim().is_empty() => end_block(&mut block, &mut collector),
            (None, Some((_, label, lines))) => {
                if *lines > 0 {
                    label.push(' ');
                    collector.note(number, "a label of several lines, read with spaces between them");
                }
                label.push_str(line);
                *lines += 1;
            }
            (None, None) if number == 1 && line.starts_with("WEBVTT") => {}
            (None, None) => {
                if let Some(before) = outside.replace(number) {
                    collector.note(before, OUTSIDE);
                }
            }
        }
        Ok(())
    })?;
    if let Some(before) = outside {
        collector.note(before, OUTSIDE);
    }
    end_block(&mut block, &mut collector);
    collector.finish(Default::default());
    if !has_arrow && !source.head().trim().is_empty() && !source.head().starts_with("WEBVTT") {
        return Err(ReadError::NotLabels("no subtitles: expected lines like 00:00:01,000 --> 00:00:02,500".to_owned()));
    }
    Ok(())
}

fn write(labels: &StrongLabels, point: char, out: &mut dyn io::Write) -> io::Result<()> {
    let end = labels.line_end.text();
    for (number, (row, label)) in (1..).zip(labels.label_rows()) {
        let (onset, offset) = (time_text(row.span.onset_secs, point), time_text(row.span.offset_secs, point));
        let label: String = label.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        // An arrow within a text would be taken for times.
        let label = label.replace(ARROW, "->");
        write!(out, "{number}{end}{onset} {ARROW} {offset}{end}{label}{end}{end}")?;
    }
    Ok(())
}

/// `HH:MM:SS,mmm`.
fn time_text(secs: f64, point: char) -> String {
    let millis = (secs.abs() * 1e3).round() as u64;
    let sign = if secs < 0.0 && millis > 0 { "-" } else { "" };
    let (whole, millis) = (millis / 1000, millis % 1000);
    format!("{sign}{:02}:{:02}:{:02}{point}{millis:03}", whole / 3600, whole / 60 % 60, whole % 60)
}
