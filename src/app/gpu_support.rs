//! Getting what runs models on graphics processors: what is shown before, what goes on, and what came of it.

use super::notices::Gravity;
use super::workbench::Workbench;
use crate::model::gpu_support::{Offer, Stage, Support, Way};
use crate::work::{CancelOnDrop, CancelToken, DialogPurpose, GpuNews, GpuTask, gpu_found_text, see_to_gpu_support};
use std::path::PathBuf;

/// What the user asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum GpuRequest {
    /// Show what would be fetched.
    Show,
    /// Close that page; what goes on goes on.
    Close,
    /// Fetch this.
    Get(Support),
    /// Ask for a wheel that was downloaded.
    Choose,
    /// Take a wheel that was downloaded.
    Take(PathBuf),
    /// Stop fetching.
    Stop,
}

/// What is known of getting GPU support.
#[derive(Default)]
pub struct GpuSupport {
    /// Whether its page is shown.
    pub is_shown: bool,
    /// What there is to get here and how, or why nothing; none as long as that is looked for.
    pub found: Option<Result<(Vec<Offer>, Way), String>>,
    /// What goes on.
    pub running: Option<RunningGpuTask>,
    /// How the last task failed, as long as the page is shown.
    pub failure: Option<String>,
}

/// A task that goes on.
pub struct RunningGpuTask {
    /// What is being done; none before the first news.
    pub stage: Option<Stage>,
    cancel: CancelOnDrop,
}

impl RunningGpuTask {
    /// Whether it was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.cancel.0.is_cancelled()
    }
}

impl Workbench {
    /// Does what the user asks for about GPU support.
    pub(super) fn see_to_gpu(&mut self, request: GpuRequest) {
        match request {
            GpuRequest::Show => {
                self.gpu.is_shown = true;
                self.ask_for_devices();
                // An index or an installer may have come since.
                self.gpu.found = None;
                see_to_gpu_support(GpuTask::Look, CancelToken::default(), &self.updates);
            }
            GpuRequest::Close => {
                self.gpu.is_shown = false;
                self.gpu.failure = None;
            }
            GpuRequest::Get(support) => self.start_gpu_task(GpuTask::Get(support)),
            GpuRequest::Choose => self.ask(DialogPurpose::GpuWheel),
            GpuRequest::Take(path) => self.start_gpu_task(GpuTask::Take(path)),
            GpuRequest::Stop => {
                if let Some(running) = &self.gpu.running {
                    running.cancel.0.cancel();
                }
            }
        }
    }

    fn start_gpu_task(&mut self, task: GpuTask) {
        if self.gpu.running.is_some() {
            return;
        }
        self.gpu.failure = None;
        let cancel = CancelOnDrop::default();
        if see_to_gpu_support(task, cancel.0.clone(), &self.updates) {
            self.gpu.running = Some(RunningGpuTask { stage: None, cancel });
        }
    }

    /// Something came of it.
    pub(super) fn gpu_news(&mut self, news: GpuNews) {
        match news {
            GpuNews::Found(found) => self.gpu.found = Some(found),
            GpuNews::Progress(stage) => {
                if let Some(running) = &mut self.gpu.running {
                    running.stage = Some(stage);
                }
            }
            GpuNews::Installed(support, list, trial) => {
                let works = trial.as_ref().is_some_and(|trial| trial.result.is_ok());
                let gravity = if works || support == Support::Cuda { Gravity::Done } else { Gravity::Warning };
                self.notices.add(gravity, gpu_found_text(support, &list, trial.as_ref()));
                self.devices.list = Some(list);
                self.gpu.running = None;
                self.gpu.is_shown = false;
            }
            GpuNews::Cancelled => {
                self.gpu.running = None;
                self.notices.add(Gravity::Done, "Stopped; what has arrived is kept and will be continued");
            }
            GpuNews::Failed(reason) => {
                self.gpu.running = None;
                if self.gpu.is_shown {
                    self.gpu.failure = Some(reason);
                } else {
                    self.notices.add(Gravity::Failure, reason);
                }
            }
        }
    }

    /// Whether models run on nothing but the CPU here, as far as is known, and that could be changed.
    pub fn lacks_gpu_support(&self) -> bool {
        let has_accelerator =
            self.devices.list.as_ref().is_none_or(|list| list.devices.iter().any(|device| !device.is_cpu()));
        !has_accelerator
    }
}
