//! What a long command says on standard error: a bar on a terminal, a line a recording elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
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
