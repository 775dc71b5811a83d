//! What a long command says on standard error: a bar on a terminal, a line a recording elsewhere.

use crate::model::download;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal;

/// Progress through a number of recordings.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Progress through `count` recordings.
    pub fn new(count: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(count as u64 * 1000);
            let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {elapsed_precise} (left {eta})  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar }
    }

    /// Recording `index` is called `name` and done by this `part`, 0 to 1.
    pub fn set(&self, index: usize, name: &str, part: f64) {
        if let Some(bar) = &self.bar {
            if bar.message() != name {
                bar.set_message(name.to_owned());
            }
            bar.set_position((index as u64) * 1000 + (part.clamp(0.0, 1.0) * 1000.0) as u64);
        }
    }

    /// Says something that stays.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Progress of a download.
pub(super) struct DownloadProgress {
    bar: Option<ProgressBar>,
    name: String,
    failed_attempts: Cell<u32>,
}

impl DownloadProgress {
    /// Progress of the download of `name`.
    pub fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let template = "{wide_bar} {decimal_bytes} of {decimal_total_bytes}  {msg}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, name: name.to_owned(), failed_attempts: Cell::new(0) }
    }

    /// The download is so far.
    pub fn set(&self, at: &download::Progress) {
        if at.failed_attempts > self.failed_attempts.replace(at.failed_attempts) {
            let text = format!("{}: the connection broke at {}, trying again", self.name, DecimalBytes(at.bytes));
            match &self.bar {
                Some(bar) => bar.suspend(|| eprintln!("{text}")),
                None => eprintln!("{text}"),
            }
        }
        let Some(bar) = &self.bar else { return };
        if let Some(total) = at.total {
            bar.set_length(total);
        }
        bar.set_position(at.bytes);
        bar.set_message(rate_text(at));
    }

    /// The file is there and becomes a model.
    pub fn importing(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("importing");
        }
    }

    /// The file is there, and what is needed of it is unpacked.
    pub fn unpacking(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("unpacking");
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `3.2 MB/s, 12 s left`.
fn rate_text(at: &download::Progress) -> String {
    if at.bytes_per_sec < 1.0 {
        return String::new();
    }
    let rate = DecimalBytes(at.bytes_per_sec as u64);
    match at.total {
        Some(total) => {
            let left = total.saturating_sub(at.bytes) as f64 / at.bytes_per_sec;
            format!("{rate}/s, {:.0} s left", left.ceil())
        }
        None => format!("{rate}/s"),
    }
}
