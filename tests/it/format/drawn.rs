//! What a label file says, as text that tests compare.

use earmark::format::{StrongLabel, StrongLabels};
use std::fmt::Write as _;

/// Rows, recordings with their length, warnings and questions, one a line.
pub fn drawn(labels: &StrongLabels) -> String {
    let mut lines: Vec<String> = labels.rows.iter().map(row).collect();
    for file in &labels.files {
        let mut line = format!("@ {}", file.name);
        if let Some(secs) = file.duration_secs {
            let _ = write!(line, ", {secs} s");
        }
        if let Some(hz) = file.sample_rate {
            let _ = write!(line, ", {hz} Hz");
        }
        lines.push(line);
    }
    lines.extend(labels.warnings.iter().map(|warning| format!("! {warning}")));
    for question in &labels.questions {
        let taken = question.taken.map_or("nothing", |index| question.answers[index].as_str());
        lines.push(format!("? {} → {taken} of {}", question.text, question.answers.join("|")));
    }
    lines.join("\n")
}

fn row(row: &StrongLabel) -> String {
    let labels: Vec<&str> = row.labels().map(|label| &**label).collect();
    let mut line = format!("{} {}–{} {}", row.filename, row.span.onset_secs, row.span.offset_secs, labels.join("+"));
    if row.is_point {
        line.push_str(" point");
    }
    if let Some(band) = row.band {
        let _ = write!(line, " {}–{} Hz", band.low_hz, band.high_hz);
    }
    if let Some(score) = row.score {
        let _ = write!(line, " score {score}");
    }
    if let Some(status) = row.status {
        let _ = write!(line, " {}", status.text());
    }
    if let Some(more) = &row.particulars {
        for (what, text) in [("by", &*more.annotator), ("model", &*more.model), ("says", &*more.comment)] {
            if !text.is_empty() {
                let _ = write!(line, " {what} {text:?}");
            }
        }
        for (name, field) in &more.fields {
            let _ = write!(line, " {name}={field}");
        }
    }
    line
}
