//! The greatest unfiltered scores of runs, found while scores come. Whether a frame lies in a run is decided some frames late, so that its
//! scores are kept until then.

/// What is known of the scores of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RunPeak {
    /// The greatest score of its frames.
    pub own: f32,
    /// The greatest score of the frames between the run of the class before and this one.
    pub before: f32,
}

impl Default for RunPeak {
    fn default() -> Self {
        Self { own: f32::NEG_INFINITY, before: f32::NEG_INFINITY }
    }
}

/// Follows the scores of all classes.
pub(super) struct RunPeaks {
    class_count: usize,
    /// Rows of scores from frame `first` on.
    rows: Vec<f32>,
    first: usize,
    /// Per class: the greatest score since its last run began or ended.
    since: Vec<f32>,
    /// Per class: the greatest score between the run before and the one that goes on.
    before: Vec<f32>,
    found: Vec<RunPeak>,
}

impl RunPeaks {
    pub fn new(class_count: usize) -> Self {
        let lowest = vec![f32::NEG_INFINITY; class_count];
        Self { class_count, rows: Vec::new(), first: 0, since: lowest.clone(), before: lowest, found: Vec::new() }
    }

    /// Takes rows `[frame × class]`.
    pub fn push(&mut self, scores: &[f32]) {
        self.rows.extend_from_slice(&scores[..scores.len() / self.class_count * self.class_count]);
    }

    /// A run of a class begins with the frame that is taken next.
    pub fn begin(&mut self, class: usize) {
        self.before[class] = std::mem::replace(&mut self.since[class], f32::NEG_INFINITY);
    }

    /// It ends before the frame that is taken next. What turned out to be no run belongs to what lies between two.
    pub fn end(&mut self, class: usize, is_run: bool) {
        if is_run {
            let own = std::mem::replace(&mut self.since[class], f32::NEG_INFINITY);
            self.found.push(RunPeak { own, before: self.before[class] });
        } else {
            self.since[class] = self.since[class].max(self.before[class]);
        }
    }

    /// Frame `frame` is decided: those before are not needed any more. The frame after the last one has no scores.
    pub fn take(&mut self, frame: usize) {
        let place = (frame - self.first) * self.class_count;
        if let Some(row) = self.rows.get(place..place + self.class_count) {
            self.since.iter_mut().zip(row).for_each(|(most, &score)| *most = most.max(score));
            let decided = place + self.class_count;
            if 2 * decided > self.rows.len() {
                self.rows.drain(..decided);
                self.first = frame + 1;
            }
        }
    }

    /// Those of all runs, in the order in which they ended.
    pub fn of_runs(self) -> Vec<RunPeak> {
        self.found
    }
}
