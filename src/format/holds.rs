//! What a format can say, and what is lost on the way into it.

use super::{LabelFormat, StrongLabels};
use crate::annotation::Status;
use std::collections::HashSet;

/// What a file of a format can say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one ability of its own")]
pub struct Holds {
    /// Several recordings in one file; else one file for each.
    pub many_files: bool,
    /// Recordings that were annotated and have no event.
    pub empty_files: bool,
    /// Frequencies.
    pub bands: bool,
    /// Scores.
    pub scores: bool,
    /// Moments beside spans.
    pub points: bool,
    /// Events that overlap.
    pub overlaps: bool,
    /// Several labels of one event; else a row for each.
    pub many_labels: bool,
    /// Remarks.
    pub comments: bool,
    /// Columns of other formats and fields of the user's own.
    pub fields: bool,
    /// What was decided about an event; else only labels are written.
    pub status: bool,
    /// The tier that an event stands in, though no other field.
    pub tiers: bool,
    /// Events without a label cannot be written.
    pub needs_label: bool,
    /// Events that end before they begin cannot be written.
    pub needs_order: bool,
    /// Times are written in whole milliseconds.
    pub whole_millis: bool,
    /// What a model proposed and nobody decided about, beside labels.
    pub predictions: bool,
    /// TABs, line ends and other control characters within a text become spaces.
    pub one_line: bool,
}

/// What a format cannot hold of these labels, in words with counts; nothing if all is kept.
pub fn losses(format: &dyn LabelFormat, labels: &StrongLabels) -> Vec<String> {
    let holds = format.holds();
    let mut lost = Vec::new();
    let mut tell = |is_held: bool, count: usize, one: &str, many: &str| {
        if !is_held && count > 0 {
            lost.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    let rows = &labels.rows;
    let count = |of: &dyn Fn(&super::StrongLabel) -> bool| rows.iter().filter(|row| of(row)).count();
    tell(holds.bands, count(&|row| row.band.is_some()), "frequency band", "frequency bands");
    tell(holds.scores, count(&|row| row.score.is_some()), "score", "scores");
    let points = count(&|row| row.is_point);
    tell(holds.points, points, "point, written as a span without length", "points, written as spans without length");
    let many = count(&|row| row.labels().count() > 1);
    tell(
        holds.many_labels,
        many,
        "event of several labels, written as a row for each",
        "events of several labels, written as a row for each",
    );
    let has = |of: &dyn Fn(&super::Particulars) -> bool| count(&|row| row.particulars.as_deref().is_some_and(of));
    tell(holds.comments, has(&|more| !more.comment.is_empty()), "comment", "comments");
    let is_lost = |name: &str| !(holds.tiers && name == super::tiers::TIER_FIELD);
    let fields = has(&|more| more.fields.iter().any(|(name, _)| is_lost(name)));
    tell(holds.fields, fields, "event's fields", "events' fields");
    let unlabelled = count(&|row| row.event_label.is_empty() && !(row.is_point && holds.points));
    tell(!holds.needs_label, unlabelled, "event without a label", "events without a label");
    let reversed = count(&|row| row.span.offset_secs < row.span.onset_secs);
    tell(!holds.needs_order, reversed, "event that ends before it begins", "events that end before they begin");
    let is_whole = |secs: f64| (secs * 1e3 - (secs * 1e3).round()).abs() < 1e-6;
    let rounded = count(&|row| !(is_whole(row.span.onset_secs) && is_whole(row.span.offset_secs)));
    let (one, many) = ("event's times beyond a millisecond", "events' times beyond a millisecond");
    tell(!holds.whole_millis, rounded, one, many);
    let undecided = count(&|row| {
        row.status.is_some_and(|status| !(status.is_label() || holds.predictions && status == Status::Predicted))
    });
    tell(holds.status, undecided, "event that is no label", "events that are no labels");
    let with_rows: HashSet<&str> = rows.iter().map(|row| &*row.filename).collect();
    let empty = labels.files.iter().filter(|file| !with_rows.contains(&*file.name)).count();
    tell(holds.empty_files, empty, "recording without events", "recordings without events");
    if holds.one_line {
        lost.extend(lost_controls(labels, holds));
    }
    lost.extend(format.own_losses(labels));
    lost
}

/// How many texts that are written have characters that would end a cell or a line.
fn lost_controls(labels: &StrongLabels, holds: Holds) -> Option<String> {
    let is_lost = |text: &str| text.contains(char::is_control);
    let texts = |row: &super::StrongLabel| {
        let comment = row.particulars.as_ref().map_or("", |more| more.comment.as_str());
        let fields = row.fields().iter().filter(|(_, cell)| holds.fields && is_lost(cell)).count();
        row.labels().filter(|label| is_lost(label)).count() + fields + usize::from(holds.comments && is_lost(comment))
    };
    let files = labels.file_names().filter(|name| holds.many_files && is_lost(name)).count();
    let count = files + labels.rows.iter().map(texts).sum::<usize>();
    (count > 0).then(|| format!("TABs and line ends in {count} texts, which become spaces"))
}
