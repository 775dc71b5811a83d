//! What an accelerator really does with a network: where its nodes run, how fast beside the processor, and how far its scores are from the
//! processor's. Knows no manifests.

use super::backend::{Backend, NetworkOutput};
use super::child::Placement;
use serde::Serialize;
use std::time::Instant;

/// Scores that are further from the CPU's than this are wrong: twice what models are checked to, unless the trial allows more.
const MOST_DIFFERENCE: f32 = 2e-3;
/// A run that takes this long, in seconds, tells the speed well enough: on the device, and on the CPU, where none is worth a longer wait.
const LONG_ENOUGH_SECS: [f64; 2] = [0.1, 0.25];
/// The input is made no longer than this many times that of the check: some providers are fast with one clip and slow with the many of a detection.
const MOST_TIMES: usize = 64;

/// What was measured of a network on an accelerator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceTruth {
    /// Where its nodes ran: `66 of 66 nodes on the device`, or why that is not known.
    pub placement: String,
    /// How many times as fast as the CPU it ran the same input, the way to it and back included.
    pub speed: f64,
    /// Threads of the CPU that this is compared with.
    pub cpu_threads: usize,
    /// The greatest difference of a score from the CPU's.
    pub difference: f32,
}

impl DeviceTruth {
    /// In one line.
    pub fn text(&self) -> String {
        let plural = if self.cpu_threads == 1 { "" } else { "s" };
        let digits = if self.speed < 0.1 { 3 } else { 1 };
        let scores = match self.difference {
            0.0 => "the CPU's scores".to_owned(),
            difference => format!("scores within {difference:.1e} of the CPU's"),
        };
        format!(
            "{}, {:.digits$} × as fast as the CPU with {} thread{plural}, {scores}",
            self.placement, self.speed, self.cpu_threads
        )
    }
}

/// What a network is tried with.
pub(super) trait Trial {
    /// Whether it computes what it should; the error says what was wrong.
    fn check(&mut self, backend: &mut dyn Backend) -> Result<(), String>;

    /// An input `times` as long as the check's, with its dimensions; none for a network that nothing is known of, or that takes no such input.
    fn input(&self, times: usize) -> Option<(Vec<f32>, Vec<usize>)>;

    /// How far its scores may be from the CPU's, beyond what is allowed to all.
    fn tolerance(&self) -> f32 {
        0.0
    }

    /// The scores of what the network gave for that input.
    fn scores(&self, output: NetworkOutput, times: usize) -> Result<Vec<f32>, String>;
}

/// The CPU that an accelerator is compared with: as a detection uses it, with several copies of the network side by side.
pub(super) struct CpuPeer<'a> {
    /// Opens one copy, for `threads` threads.
    pub open: &'a dyn Fn() -> Result<Box<dyn Backend>, String>,
    /// How many copies a detection runs; what one of them does counts as often.
    pub copies: usize,
    /// Threads of each copy.
    pub threads: usize,
}

/// Measures a network that is open on an accelerator against the same on the CPU. Nothing where the trial has no input; an error if it must not
/// be used.
pub(super) fn measure(
    trial: &dyn Trial,
    device: &mut dyn Backend,
    placement: Result<Placement, String>,
    peer: &CpuPeer<'_>,
) -> Result<Option<DeviceTruth>, String> {
    if trial.input(1).is_none() {
        // Then it was not run either, and nothing is known of where its nodes do.
        return Ok(None);
    }
    if placement.as_ref().is_ok_and(|placement| placement.on_device == 0) {
        return Err("no node of the network runs on it".to_owned());
    }
    let mut cpu = (peer.open)()?;
    let (mut times, mut difference) = (1, 0.0_f32);
    let speed = loop {
        let Some((input, shape)) = trial.input(times) else { return Ok(None) };
        let (mut run_secs, mut scores) = ([0.0; 2], [Vec::new(), Vec::new()]);
        for (index, backend) in [&mut *device, cpu.as_mut()].into_iter().enumerate() {
            // The first run of a shape compiles and takes memory.
            backend.run(&input, &shape)?;
            let began = Instant::now();
            let output = backend.run(&input, &shape)?;
            run_secs[index] = began.elapsed().as_secs_f64().max(1e-6);
            scores[index] = trial.scores(output, times)?;
        }
        difference = difference.max(largest_difference(&scores[0], &scores[1]));
        // What is not a number is not within the limit either.
        let is_near = difference <= MOST_DIFFERENCE.max(trial.tolerance());
        if !is_near {
            return Err(format!("its scores are up to {difference:.1e} from the CPU's"));
        }
        let is_long = run_secs.iter().zip(LONG_ENOUGH_SECS).any(|(&secs, enough)| secs >= enough);
        if is_long || times >= MOST_TIMES || trial.input(times * 4).is_none() {
            break run_secs[1] / (run_secs[0] * peer.copies.max(1) as f64);
        }
        times *= 4;
    };
    let placement = match placement {
        Ok(placement) => placement.text(),
        Err(reason) => format!("where its nodes run is not known ({reason})"),
    };
    Ok(Some(DeviceTruth { placement, speed, cpu_threads: peer.copies * peer.threads, difference }))
}

/// Beyond all limits where one of both is no number or they are not as many.
fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, next| if next.is_nan() { f32::INFINITY } else { next.max(most) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives each value of its input plus `offset`.
    struct Plus(f32);

    impl Backend for Plus {
        fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
            let values = input.iter().map(|value| value + self.0).collect();
            Ok(vec![NetworkOutput { values, shape: shape.to_vec() }])
        }
    }

    /// Inputs of at most so many times one value.
    struct Values(usize);

    impl Trial for Values {
        fn check(&mut self, _backend: &mut dyn Backend) -> Result<(), String> {
            Ok(())
        }

        fn input(&self, times: usize) -> Option<(Vec<f32>, Vec<usize>)> {
            (times <= self.0).then(|| (vec![0.5; times], vec![times]))
        }

        fn scores(&self, output: NetworkOutput, _times: usize) -> Result<Vec<f32>, String> {
            Ok(output.values)
        }
    }

    fn measured(trial: &Values, offset: f32, on_device: usize) -> Result<Option<DeviceTruth>, String> {
        let placement = Ok(Placement { on_device, ..Placement::default() });
        let peer = CpuPeer { open: &|| Ok(Box::new(Plus(0.0))), copies: 2, threads: 1 };
        measure(trial, &mut Plus(offset), placement, &peer)
    }

    #[test]
    fn what_differs_from_the_cpu_or_runs_on_it_alone_is_refused() {
        let truth = measured(&Values(100), 1e-4, 3).unwrap().unwrap();
        assert!((truth.difference - 1e-4).abs() < 1e-6 && truth.speed > 0.0);
        assert!(truth.text().starts_with("3 of 3 nodes on the device, "), "{}", truth.text());
        assert!(measured(&Values(100), 1e-2, 3).unwrap_err().contains("1.0e-2 from the CPU's"));
        assert!(measured(&Values(100), f32::NAN, 3).unwrap_err().contains("from the CPU's"));
        assert!(measured(&Values(100), 0.0, 0).unwrap_err().contains("no node"));
        assert_eq!(measured(&Values(0), 0.0, 3), Ok(None));
    }
}
