//! Which runtime and which device run a model: trying them in order, checking each, and saying what came of it.

use super::backend::{Backend, NetworkSource};
use super::folder::ModelFolder;
use super::onnx_runtime::{self, HOW_TO_GET, OrtLibrary};
use super::{ModelError, built_in, self_check};
use std::fmt;

/// Copies of a network side by side may hold this many bytes of weights.
const COPIES_LIMIT_BYTES: usize = 256 << 20;

/// Which runtime is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RuntimeChoice {
    /// ONNX Runtime if its library is there and right, else the built-in one.
    #[default]
    Auto,
    /// ONNX Runtime or nothing.
    OnnxRuntime,
    /// The built-in one, pure Rust, on the CPU.
    BuiltIn,
}

/// Which device is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DeviceChoice {
    /// An accelerator if the library was built for one that works here, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
}

/// What runs the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeReport {
    /// `ONNX Runtime 1.31.1`.
    pub runtime: String,
    /// `CPU`.
    pub device: String,
    /// Threads that run the network.
    pub threads: usize,
    /// Why each runtime or device that was wanted more is not used, and what to do.
    pub notes: Vec<String>,
}

impl fmt::Display for RuntimeReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.threads == 1 { "" } else { "s" };
        write!(out, "{}, {}, {} thread{plural}", self.runtime, self.device, self.threads)
    }
}

/// Copies of a network, open on one device.
pub(super) struct OpenNetwork {
    pub backends: Vec<Box<dyn Backend>>,
    pub report: RuntimeReport,
    pub is_cpu: bool,
}

/// How to open a network: copies, and threads of each.
#[derive(Clone, Copy)]
struct Side {
    copies: usize,
    threads: usize,
}

type Open<'a> = Box<dyn FnOnce(Side) -> Result<Vec<Box<dyn Backend>>, String> + 'a>;

/// A runtime on a device that could run the model.
struct Candidate<'a> {
    runtime: String,
    device: String,
    is_cpu: bool,
    open: Open<'a>,
}

/// What of runtimes and devices may be tried, and with how many threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub runtime: RuntimeChoice,
    pub device: DeviceChoice,
    pub threads: usize,
}

/// Opens the network of `folder`, whose content is `onnx`, on the first runtime and device that can run it right. Each run gives, beside the
/// scores, the outputs `more_outputs`.
pub(super) fn open(
    folder: &ModelFolder,
    onnx: &[u8],
    more_outputs: &[&str],
    wanted: Wanted,
) -> Result<OpenNetwork, ModelError> {
    let network = &folder.manifest.network;
    let outputs: Vec<&str> = std::iter::once(network.output.as_str()).chain(more_outputs.iter().copied()).collect();
    let source = NetworkSource { onnx, input: &network.input, outputs: &outputs };
    let check = |backend: &mut dyn Backend| self_check::run(&folder.manifest, folder.labels.len(), backend);
    open_checked(&folder.manifest.name, source, wanted, check)
}

/// Opens a network called `name` on the first runtime and device that can run it and pass `check`.
pub(super) fn open_checked(
    name: &str,
    source: NetworkSource<'_>,
    wanted: Wanted,
    check: impl FnMut(&mut dyn Backend) -> Result<(), String>,
) -> Result<OpenNetwork, ModelError> {
    let mut notes = Vec::new();
    let mut candidates = Vec::new();
    if wanted.runtime != RuntimeChoice::BuiltIn {
        match onnx_runtime::library() {
            Ok(library) => candidates.extend(ort_candidates(&library, source, wanted.device)),
            Err(reason) => notes.push(reason),
        }
    }
    if wanted.runtime != RuntimeChoice::OnnxRuntime {
        let open: Open<'_> = Box::new(move |side| built_in::open(source, side.copies, side.threads));
        candidates.push(Candidate { runtime: built_in::NAME.to_owned(), device: "CPU".to_owned(), is_cpu: true, open });
    }
    choose(candidates, notes, side_by_side(source.onnx.len(), wanted.threads), check)
        .map_err(|reasons| ModelError::NoRuntime { model: name.to_owned(), reasons })
}

fn ort_candidates<'a>(library: &OrtLibrary, source: NetworkSource<'a>, device: DeviceChoice) -> Vec<Candidate<'a>> {
    let candidate = |device: onnx_runtime::OrtDevice| {
        let library = library.clone();
        Candidate {
            runtime: library.name.clone(),
            device: device.name.to_owned(),
            is_cpu: device.is_cpu,
            open: Box::new(move |side: Side| library.open(source, &device, side.copies, side.threads)) as Open<'a>,
        }
    };
    library.devices(device == DeviceChoice::Auto).into_iter().map(candidate).collect()
}

/// On a CPU, copies of the network with a thread each scale better than one copy with many threads, unless its weights are large.
fn side_by_side(onnx_bytes: usize, threads: usize) -> Side {
    if onnx_bytes.saturating_mul(threads) <= COPIES_LIMIT_BYTES {
        Side { copies: threads, threads: 1 }
    } else {
        Side { copies: 1, threads }
    }
}

/// The first candidate that opens and passes the check; else all reasons.
fn choose(
    candidates: Vec<Candidate<'_>>,
    mut notes: Vec<String>,
    on_cpu: Side,
    mut check: impl FnMut(&mut dyn Backend) -> Result<(), String>,
) -> Result<OpenNetwork, Vec<String>> {
    for candidate in candidates {
        let Candidate { runtime, device, is_cpu, open } = candidate;
        let side = if is_cpu { on_cpu } else { Side { copies: 1, threads: 1 } };
        let mut backends = match open(side) {
            Ok(backends) => backends,
            Err(reason) => {
                notes.push(format!("{runtime}, {device}: cannot open the network: {reason}"));
                continue;
            }
        };
        let checked = backends.first_mut().map_or(Err("no network".to_owned()), |backend| check(backend.as_mut()));
        match checked {
            Ok(()) => {
                let report = RuntimeReport { runtime, device, threads: side.copies * side.threads, notes };
                return Ok(OpenNetwork { backends, report, is_cpu });
            }
            Err(reason) => notes.push(wrong_note(&runtime, &device, &reason)),
        }
    }
    Err(notes)
}

fn wrong_note(runtime: &str, device: &str, reason: &str) -> String {
    let advice = if runtime == built_in::NAME { HOW_TO_GET } else { "try another release of the library" };
    format!("{runtime}, {device}: fails the model's self-check and is not used: {reason}: {advice}")
}

#[cfg(test)]
mod tests {
    use super::super::backend::NetworkOutput;
    use super::*;

    struct Fake(f32);

    impl Backend for Fake {
        fn run_all(&mut self, _input: &[f32], _shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
            Ok(vec![NetworkOutput { values: vec![self.0], shape: vec![1, 1] }])
        }
    }

    fn candidate(runtime: &str, score: Option<f32>) -> Candidate<'static> {
        let open: Open<'static> = Box::new(move |side| {
            let score = score.ok_or_else(|| "no such operator".to_owned())?;
            Ok((0..side.copies).map(|_| Box::new(Fake(score)) as Box<dyn Backend>).collect())
        });
        Candidate { runtime: runtime.to_owned(), device: "CPU".to_owned(), is_cpu: true, open }
    }

    /// Half is right.
    fn check(backend: &mut dyn Backend) -> Result<(), String> {
        let value = backend.run(&[], &[])?.values[0];
        if (value - 0.5).abs() < 0.001 { Ok(()) } else { Err(format!("it computes {value}")) }
    }

    #[test]
    fn a_runtime_that_computes_wrongly_is_passed_over_and_said_so() {
        let side = side_by_side(1000, 3);
        let open = choose(
            vec![candidate("A", Some(0.7)), candidate("B", None), candidate("C", Some(0.5))],
            vec![],
            side,
            check,
        );
        let open = open.ok().unwrap();
        assert_eq!((open.report.runtime.as_str(), open.report.threads, open.backends.len()), ("C", 3, 3));
        assert!(open.report.notes[0].contains("A, CPU: fails the model's self-check and is not used: it computes 0.7"));
        assert!(open.report.notes[1].contains("B, CPU: cannot open the network: no such operator"));
    }

    #[test]
    fn a_built_in_runtime_that_computes_wrongly_says_how_to_get_the_other() {
        let side = side_by_side(1000, 1);
        let notes = choose(vec![candidate(built_in::NAME, Some(0.0))], vec![], side, check).err().unwrap();
        assert_eq!(notes.len(), 1);
        assert!(notes[0].ends_with(HOW_TO_GET), "{}", notes[0]);
    }

    #[test]
    fn large_networks_are_opened_once() {
        let side = side_by_side(200 << 20, 4);
        assert_eq!((side.copies, side.threads), (1, 4));
    }
}
