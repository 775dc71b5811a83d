//! The numbered lines a user sees. Prints only.

use std::io::Write;
use std::time::Instant;

/// Counts and prints the steps of one task: `[2/4] ONNX Runtime 1.31.1 … already there`.
pub struct Steps {
    total: usize,
    begun: usize,
}

/// The step under way. Its first line carries the number and name, those after it are indented below.
pub struct Step {
    heading: Option<String>,
    is_shown: bool,
    began: Instant,
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self { total, begun: 0 }
    }

    /// Begins the next step. Nothing is printed before it has something to say.
    pub fn begin(&mut self, name: &str) -> Step {
        self.begun += 1;
        Step {
            heading: Some(format!("[{}/{}] {name} … ", self.begun, self.total)),
            is_shown: false,
            began: Instant::now(),
        }
    }
}

impl Step {
    /// Prints what the step does or found; further lines of `text` are indented.
    pub fn says(&mut self, text: &str) {
        self.clears();
        let mut lines = text.lines();
        if let Some(heading) = self.heading.take() {
            println!("{heading}{}", lines.next().unwrap_or_default());
        }
        for line in lines {
            println!("      {line}");
        }
    }

    /// Shows a line on a terminal that the next one replaces.
    pub fn shows(&mut self, text: &str) {
        print!("\r\x1b[K      {text}");
        // Nothing depends on it being seen.
        let _ = std::io::stdout().flush();
        self.is_shown = true;
    }

    /// Removes the line of [`Step::shows`].
    pub fn clears(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            print!("\r\x1b[K");
        }
    }

    /// As [`Step::says`], with the seconds since the step began.
    pub fn ends(&mut self, text: &str) {
        let secs = self.began.elapsed().as_secs();
        self.says(&format!("{text} ({secs} s)"));
    }
}
