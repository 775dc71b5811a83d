//! TextGrids written as long text, as Praat writes it.

use super::super::StrongLabels;
use super::super::tiers::{self, Labelled, Tier};
use crate::time::Span;
use std::io;

/// Writes all events that have a label and do not end before they begin.
pub(super) fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let is_held = |(row, label): &Labelled<'_>| {
        let Span { onset_secs, offset_secs } = row.span;
        offset_secs == onset_secs || (offset_secs > onset_secs && !label.is_empty())
    };
    let rows: Vec<Labelled<'_>> = labels.label_rows().filter(is_held).collect();
    let domain = domain(labels, &rows);
    let tiers = tiers::lay_out(rows.into_iter(), true);
    let mut out = Lines { out, end: labels.line_end.text() };
    out.line(0, "File type = \"ooTextFile\"")?;
    out.line(0, "Object class = \"TextGrid\"")?;
    out.line(0, "")?;
    out.times(0, domain)?;
    out.line(0, "tiers? <exists>")?;
    out.line(0, &format!("size = {}", tiers.len()))?;
    out.line(0, "item []:")?;
    for (number, tier) in (1..).zip(&tiers) {
        out.line(1, &format!("item [{number}]:"))?;
        out.line(2, &format!("class = \"{}\"", if tier.is_points { "TextTier" } else { "IntervalTier" }))?;
        out.line(2, &format!("name = {}", quoted(&tier.name)))?;
        out.times(2, domain)?;
        if tier.is_points { out.points(tier)? } else { out.intervals(tier, domain)? }
    }
    Ok(())
}

/// The time that the grid covers: the recording, and what lies outside it.
fn domain(labels: &StrongLabels, rows: &[Labelled<'_>]) -> Span {
    let duration = labels.files.iter().find_map(|file| file.duration_secs).unwrap_or(0.0);
    let onset_secs = rows.iter().map(|(row, _)| row.span.onset_secs).fold(0.0, f64::min);
    let offset_secs = rows.iter().map(|(row, _)| row.span.offset_secs).fold(duration, f64::max);
    // Praat reads no grid without length.
    Span { onset_secs, offset_secs: if offset_secs > onset_secs { offset_secs } else { onset_secs + 1.0 } }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

struct Lines<'a> {
    out: &'a mut dyn io::Write,
    end: &'static str,
}

impl Lines<'_> {
    fn line(&mut self, depth: usize, text: &str) -> io::Result<()> {
        write!(self.out, "{:1$}{text}{2}", "", 4 * depth, self.end)
    }

    fn times(&mut self, depth: usize, span: Span) -> io::Result<()> {
        self.line(depth, &format!("xmin = {}", span.onset_secs))?;
        self.line(depth, &format!("xmax = {}", span.offset_secs))
    }

    fn points(&mut self, tier: &Tier<'_>) -> io::Result<()> {
        self.line(2, &format!("points: size = {}", tier.rows.len()))?;
        for (number, (row, label)) in (1..).zip(&tier.rows) {
            self.line(2, &format!("points [{number}]:"))?;
            self.line(3, &format!("number = {}", row.span.onset_secs))?;
            self.line(3, &format!("mark = {}", quoted(label)))?;
        }
        Ok(())
    }

    /// Intervals from end to end, those between events without text.
    fn intervals(&mut self, tier: &Tier<'_>, domain: Span) -> io::Result<()> {
        let mut intervals = Vec::with_capacity(2 * tier.rows.len() + 1);
        let mut reached = domain.onset_secs;
        for (row, label) in &tier.rows {
            if row.span.onset_secs > reached {
                intervals.push((Span { onset_secs: reached, offset_secs: row.span.onset_secs }, ""));
            }
            intervals.push((row.span, &***label));
            reached = row.span.offset_secs;
        }
        if domain.offset_secs > reached {
            intervals.push((Span { onset_secs: reached, offset_secs: domain.offset_secs }, ""));
        }
        self.line(2, &format!("intervals: size = {}", intervals.len()))?;
        for (number, (span, label)) in (1..).zip(intervals) {
            self.line(2, &format!("intervals [{number}]:"))?;
            self.times(3, span)?;
            self.line(3, &format!("text = {}", quoted(label)))?;
        }
        Ok(())
    }
}
