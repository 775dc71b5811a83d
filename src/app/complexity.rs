//! What models cost: measuring them on this machine, and exporting the charts.

use super::notices::Gravity;
use super::workbench::Workbench;
use crate::model::bench::charts::{self, Against};
use crate::model::bench::{Measured, Progress, Settings};
use crate::plot::Chart;
use crate::work::{self, CancelOnDrop, ChartForm, MeasuringJob, StorageRequest};
use std::path::{Path, PathBuf};

/// What was measured of models on this machine since the start, and the measurement under way.
#[derive(Default)]
pub struct Complexity {
    /// What was measured, one entry a network.
    pub measured: Vec<Measured>,
    /// The measurement under way.
    pub running: Option<Measuring>,
}

/// A measurement under way.
pub struct Measuring {
    /// Dropped, it is stopped.
    pub(super) cancel: CancelOnDrop,
    /// What is being measured.
    pub name: String,
    /// How much is done, 0 to 1.
    pub part: f64,
}

impl Complexity {
    /// The chart of PSDS1 against one measure, with this machine's figures.
    pub fn chart(&self, against: Against) -> Chart {
        let (own, conditions) = charts::own_throughputs(&self.measured);
        charts::chart(against, &own, &conditions)
    }
}

impl Workbench {
    /// Measures networks, one measurement at a time and none while a model runs: they would slow each other down.
    pub(super) fn measure(&mut self, networks: Vec<String>) {
        if self.complexity.running.is_some() || networks.is_empty() {
            return;
        }
        if !self.runs.is_empty() {
            self.notices.add(Gravity::Warning, "A model is running: measure when it is done, or its speed would count");
            return;
        }
        let cancel = CancelOnDrop::default();
        let settings = Settings { runtime: self.runtime_choice(), ..Settings::default() };
        let name = networks.first().cloned().unwrap_or_default();
        let job = MeasuringJob { networks, settings, cancel: cancel.0.clone() };
        if work::measure(job, &self.updates) {
            self.complexity.running = Some(Measuring { cancel, name, part: 0.0 });
        }
    }

    /// Stops measuring.
    pub(super) fn stop_measuring(&mut self) {
        if let Some(running) = &self.complexity.running {
            running.cancel.0.cancel();
        }
    }

    /// Measuring has come further.
    pub(super) fn measuring_came(&mut self, progress: Progress) {
        if let Some(running) = &mut self.complexity.running {
            (running.name, running.part) = (progress.name, progress.part);
        }
    }

    /// Measuring is over.
    pub(super) fn measuring_ended(&mut self, end: Option<Result<Vec<Measured>, String>>) {
        self.complexity.running = None;
        match end {
            None => self.notices.add(Gravity::Done, "Measuring stopped"),
            Some(Err(reason)) => self.notices.add(Gravity::Failure, reason),
            Some(Ok(measured)) => {
                let text = format!("Measured {}", super::files::counted(measured.len(), "network"));
                self.notices.add(Gravity::Done, text);
                let is_new = |old: &Measured| measured.iter().any(|new| new.name == old.name);
                self.complexity.measured.retain(|old| !is_new(old));
                self.complexity.measured.extend(measured);
            }
        }
    }

    /// Has a chart written.
    pub(super) fn export_chart(&mut self, mut path: PathBuf, against: Against, form: ChartForm) {
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case(form.extension())) {
            path.as_mut_os_string().push(".");
            path.as_mut_os_string().push(form.extension());
        }
        let chart = Box::new(self.complexity.chart(against));
        self.ask_storage(StorageRequest::ExportChart { path, chart, form });
    }

    /// A chart was written.
    pub(super) fn chart_exported(&mut self, path: &Path, result: Result<(), String>) {
        match result {
            Ok(()) => self.notices.add(Gravity::Done, format!("Exported the chart to {}", path.display())),
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }
}
