//! Whether the device that runs a model was given up while it is at work. Watches only; who gives it up is [`super::child`]'s to say.

use super::child::Watch;
use super::detector::Detector;
use std::sync::Arc;

/// Watches the device of a detector, also while that runs.
#[derive(Clone, Default)]
pub struct DeviceWatch(Option<Arc<Watch>>);

impl DeviceWatch {
    /// Why the device was given up since the detector's report was brought up to date last; what was at work then went on on the CPU.
    pub fn failure(&self) -> Option<String> {
        self.0.as_ref()?.failure()
    }
}

impl Detector {
    /// Watches the device that the model runs on.
    pub fn device_watch(&self) -> DeviceWatch {
        DeviceWatch(self.watch().cloned())
    }
}
