//! From what was asked for to frames of the output, and from frames heard back to seconds of the recording. Pure.

use super::Request;
use crate::time::{samples_from_secs, secs_from_samples};

/// The way through the recording, in frames at the output's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    rate: u32,
    /// First frame that is played.
    pub(super) first: u64,
    /// The frame before which it ends or goes back to the first; `None` for the end of the recording.
    pub(super) end: Option<u64>,
    pub(super) is_looped: bool,
}

impl Route {
    pub(super) fn new(request: &Request, rate: u32) -> Self {
        let first = samples_from_secs(request.start_secs, rate);
        let end = request.span.map(|span| samples_from_secs(span.offset_secs, rate).max(first + 1));
        Self { rate, first, end, is_looped: request.is_looped }
    }

    /// The second that is heard after `frames` frames. `wrap` is where a loop really goes back: earlier than asked for where the
    /// recording ends before.
    pub(super) fn secs_after(&self, frames: u64, wrap: u64) -> f64 {
        let length = wrap.saturating_sub(self.first);
        let gone = if self.is_looped && length > 0 { frames % length } else { frames };
        secs_from_samples(self.first + gone, self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_loop_comes_back_to_its_onset() {
        let request = Request { start_secs: 1.0, span: Some(Span::between(1.0, 1.5)), is_looped: true };
        let route = Route::new(&request, 1_000);
        assert_eq!((route.first, route.end), (1_000, Some(1_500)));
        assert_eq!(route.secs_after(499, 1_500), 1.499);
        assert_eq!(route.secs_after(500, 1_500), 1.0);
        assert_eq!(route.secs_after(1_250, 1_500), 1.25);
        assert_eq!(route.secs_after(300, 1_200), 1.1);
    }
}
