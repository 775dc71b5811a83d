//! Which runtime and which device run a model: trying them in order, checking each, and saying what came of it.

use super::backend::{Backend, NetworkSource};
use super::child::{self, Fallback, Watch};
use super::devices::{self, Device, DeviceChoice, DeviceList};
use super::folder::ModelFolder;
use super::onnx_runtime::{self, HOW_TO_GET, OrtLibrary};
use super::self_check::FolderTrial;
use super::truth::{self, CpuPeer, DeviceTruth, Trial};
use super::{ModelError, built_in};
use std::fmt;
use std::sync::Arc;

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

/// What runs the model.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeReport {
    /// `ONNX Runtime 1.31.1`.
    pub runtime: String,
    /// `CPU`, or as [`Device::name`].
    pub device: String,
    /// Threads that run the network; on an accelerator, those that make features for it.
    pub threads: usize,
    /// What an accelerator was measured to do; none on the CPU, and of networks without a self-check.
    pub truth: Option<DeviceTruth>,
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
    /// What became of the accelerator, if it is one.
    pub watch: Option<Arc<Watch>>,
}

impl OpenNetwork {
    /// How many times as fast as the CPU its accelerator was measured to be.
    fn speed(&self) -> Option<f64> {
        self.report.truth.as_ref().map(|truth| truth.speed)
    }

    fn truth_text(&self) -> String {
        self.report.truth.as_ref().map(DeviceTruth::text).unwrap_or_default()
    }

    /// Says why the accelerator was given up since this was asked last; the report then speaks of the CPU.
    pub fn notice_failure(&mut self) -> Option<String> {
        let failure = self.watch.as_ref()?.take_failure()?;
        self.is_cpu = true;
        self.report.device = "CPU".to_owned();
        self.report.truth = None;
        self.report.notes.push(failure.clone());
        Some(failure)
    }
}

/// How to open a network: copies, and threads of each.
#[derive(Clone, Copy)]
struct Side {
    copies: usize,
    threads: usize,
}

type Opened = (Vec<Box<dyn Backend>>, Option<Arc<Watch>>);
type Open<'a> = Box<dyn FnOnce(Side) -> Result<Opened, String> + 'a>;

/// A runtime on a device that could run the model.
struct Candidate<'a> {
    runtime: String,
    device: String,
    is_cpu: bool,
    /// Whether the user has named it, so that it is used even where it is slow.
    is_named: bool,
    open: Open<'a>,
}

/// What of runtimes and devices may be tried, and with how many threads.
#[derive(Clone, Debug)]
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
    wanted: &Wanted,
) -> Result<OpenNetwork, ModelError> {
    let network = &folder.manifest.network;
    let outputs: Vec<&str> = std::iter::once(network.output.as_str()).chain(more_outputs.iter().copied()).collect();
    let source = NetworkSource { onnx, input: &network.input, outputs: &outputs };
    open_checked(&folder.manifest.name, source, wanted, &mut FolderTrial(folder))
}

/// Opens a network called `name` on the first runtime and device that can run it and pass the trial.
pub(super) fn open_checked(
    name: &str,
    source: NetworkSource<'_>,
    wanted: &Wanted,
    trial: &mut dyn Trial,
) -> Result<OpenNetwork, ModelError> {
    let mut notes = Vec::new();
    let mut candidates = Vec::new();
    if wanted.runtime != RuntimeChoice::BuiltIn {
        match onnx_runtime::library() {
            Ok(library) => candidates.extend(ort_candidates(&library, source, wanted, &mut notes)),
            Err(reason) => notes.push(reason),
        }
    } else if let DeviceChoice::Named(device) = &wanted.device {
        notes.push(format!("{device} requested, running on CPU: the built-in runtime knows no other device"));
    }
    if wanted.runtime != RuntimeChoice::OnnxRuntime {
        let open: Open<'_> = Box::new(move |side| Ok((built_in::open(source, side.copies, side.threads)?, None)));
        candidates.push(Candidate { open, ..Candidate::on_cpu(built_in::NAME) });
    }
    let sides = Sides {
        on_cpu: side_by_side(source.onnx.len(), wanted.threads),
        on_accelerator: Side { copies: wanted.threads, threads: 1 },
    };
    let open_cpu = || {
        let library = onnx_runtime::library()?;
        library.open(source, 1, sides.on_cpu.threads)?.pop().ok_or_else(|| "no network".to_owned())
    };
    choose(candidates, notes, sides, trial, &open_cpu)
        .map_err(|reasons| ModelError::NoRuntime { model: name.to_owned(), reasons })
}

impl Candidate<'_> {
    /// The CPU by `runtime`, not openable yet.
    fn on_cpu(runtime: &str) -> Self {
        Self {
            runtime: runtime.to_owned(),
            device: "CPU".to_owned(),
            is_cpu: true,
            is_named: false,
            open: Box::new(|_| Err("no network".to_owned())),
        }
    }
}

fn ort_candidates<'a>(
    library: &OrtLibrary,
    source: NetworkSource<'a>,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Vec<Candidate<'a>> {
    let with_built_in = wanted.runtime == RuntimeChoice::Auto;
    let accelerator = |device: Device| Candidate {
        runtime: library.name.clone(),
        device: device.name(),
        is_cpu: false,
        is_named: matches!(wanted.device, DeviceChoice::Named(_)),
        open: Box::new(move |side: Side| {
            let fallback = Fallback {
                onnx: source.onnx.to_vec(),
                input: source.input.to_owned(),
                outputs: source.outputs.iter().map(|&name| name.to_owned()).collect(),
                with_built_in,
            };
            let (backends, watch) = child::open(&device, fallback, side.copies)?;
            Ok((backends, Some(watch)))
        }) as Open<'a>,
    };
    let mut candidates: Vec<Candidate<'a>> =
        accelerators(&wanted.device, devices::list, notes).into_iter().map(accelerator).collect();
    let own = library.clone();
    let open: Open<'a> = Box::new(move |side| Ok((own.open(source, side.copies, side.threads)?, None)));
    candidates.push(Candidate { open, ..Candidate::on_cpu(&library.name) });
    candidates
}

/// The accelerators that are to be tried, in order. `list` is asked only where the choice leaves any.
fn accelerators(choice: &DeviceChoice, list: impl FnOnce() -> DeviceList, notes: &mut Vec<String>) -> Vec<Device> {
    match choice {
        DeviceChoice::Cpu => Vec::new(),
        DeviceChoice::Auto => {
            // Whoever has no accelerator needs no child to be told so; what is wrong with those there are is worth a note.
            let listed = if child::program().is_some() { list() } else { DeviceList::default() };
            notes.extend(listed.notes);
            listed.devices.into_iter().filter(|device| !device.is_cpu() && device.is_tried_unasked()).collect()
        }
        DeviceChoice::Named(name) => {
            let listed = list();
            match listed.find(name) {
                Some(device) if device.is_cpu() => Vec::new(),
                Some(device) => vec![device.clone()],
                None => {
                    let reasons = listed.notes.iter().map(|note| format!("; {note}")).collect::<String>();
                    let names = listed.names();
                    notes.push(format!(
                        "{name} requested, running on CPU: there is no such device, but {names}{reasons}"
                    ));
                    Vec::new()
                }
            }
        }
    }
}

/// On a CPU, copies of the network with a thread each scale better than one copy with many threads, unless its weights are large.
fn side_by_side(onnx_bytes: usize, threads: usize) -> Side {
    if onnx_bytes.saturating_mul(threads) <= COPIES_LIMIT_BYTES {
        Side { copies: threads, threads: 1 }
    } else {
        Side { copies: 1, threads }
    }
}

/// How a network is opened on the one and on the other kind of device.
#[derive(Clone, Copy)]
struct Sides {
    on_cpu: Side,
    /// Copies are threads that hand work to the one network on the device.
    on_accelerator: Side,
}

/// The fastest accelerator that passes the trial and is faster than the CPU, or the one that was named; else the CPU by the first runtime that
/// passes; else all reasons.
fn choose(
    candidates: Vec<Candidate<'_>>,
    mut notes: Vec<String>,
    sides: Sides,
    trial: &mut dyn Trial,
    open_cpu: &dyn Fn() -> Result<Box<dyn Backend>, String>,
) -> Result<OpenNetwork, Vec<String>> {
    let mut fastest: Option<OpenNetwork> = None;
    for candidate in candidates {
        let (runtime, device) = (candidate.runtime.clone(), candidate.device.clone());
        let (is_cpu, is_named) = (candidate.is_cpu, candidate.is_named);
        if is_cpu && fastest.is_some() {
            break;
        }
        match candidate.try_on(sides, trial, open_cpu) {
            Ok(network) if is_cpu || is_named || network.speed().is_none() => {
                fastest = Some(network);
                break;
            }
            Ok(network) => keep_faster(&mut fastest, network, &mut notes),
            Err(reason) if is_cpu => {
                let advice = if runtime == built_in::NAME { HOW_TO_GET } else { "try another release of the library" };
                notes.push(format!("{runtime}, {device}: {reason}: {advice}"));
            }
            Err(reason) if is_named => notes.push(format!("{device} requested, running on CPU: {reason}")),
            Err(reason) => notes.push(format!("{device} is not used: {reason}")),
        }
    }
    match fastest {
        Some(mut network) => {
            network.report.notes = notes;
            Ok(network)
        }
        None => Err(notes),
    }
}

/// Takes an accelerator's network in the place of the one before if it is faster, and if the CPU is not, which is noted.
fn keep_faster(fastest: &mut Option<OpenNetwork>, network: OpenNetwork, notes: &mut Vec<String>) {
    let (device, truth) = (network.report.device.clone(), network.truth_text());
    if network.speed() < Some(1.0) {
        notes.push(format!("{device} is not used, since the CPU is faster: {truth}"));
        return;
    }
    log::info!("{device}: {truth}");
    if fastest.as_ref().is_none_or(|before| before.speed() < network.speed()) {
        *fastest = Some(network);
    }
}

impl Candidate<'_> {
    /// Opens it, checks what it computes and, if it is an accelerator, measures it.
    fn try_on(
        self,
        sides: Sides,
        trial: &mut dyn Trial,
        open_cpu: &dyn Fn() -> Result<Box<dyn Backend>, String>,
    ) -> Result<OpenNetwork, String> {
        let side = if self.is_cpu { sides.on_cpu } else { sides.on_accelerator };
        let (mut backends, watch) =
            (self.open)(side).map_err(|reason| format!("the network cannot be opened: {reason}"))?;
        let first = backends.first_mut().ok_or("no network")?;
        let wrong = |reason| format!("it fails the model's self-check and is not used: {reason}");
        trial.check(first.as_mut()).map_err(wrong)?;
        let truth = match &watch {
            Some(watch) => {
                let cpu = CpuPeer { open: open_cpu, copies: sides.on_cpu.copies, threads: sides.on_cpu.threads };
                truth::measure(trial, first.as_mut(), watch.placement(), &cpu)?
            }
            None => None,
        };
        let (runtime, device, threads) = (self.runtime, self.device, side.copies * side.threads);
        let report = RuntimeReport { runtime, device, threads, truth, notes: Vec::new() };
        Ok(OpenNetwork { backends, report, is_cpu: self.is_cpu, watch })
    }
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
            Ok(((0..side.copies).map(|_| Box::new(Fake(score)) as Box<dyn Backend>).collect(), None))
        });
        Candidate { open, ..Candidate::on_cpu(runtime) }
    }

    /// Half is right.
    struct Half;

    impl Trial for Half {
        fn check(&mut self, backend: &mut dyn Backend) -> Result<(), String> {
            let value = backend.run(&[], &[])?.values[0];
            if (value - 0.5).abs() < 0.001 { Ok(()) } else { Err(format!("it computes {value}")) }
        }

        fn input(&self, _times: usize) -> Option<(Vec<f32>, Vec<usize>)> {
            None
        }

        fn scores(&self, output: NetworkOutput, _times: usize) -> Result<Vec<f32>, String> {
            Ok(output.values)
        }
    }

    fn chosen(candidates: Vec<Candidate<'_>>, threads: usize) -> Result<OpenNetwork, Vec<String>> {
        let side = side_by_side(1000, threads);
        let sides = Sides { on_cpu: side, on_accelerator: side };
        choose(candidates, vec![], sides, &mut Half, &|| Ok(Box::new(Fake(0.5))))
    }

    #[test]
    fn a_runtime_that_computes_wrongly_is_passed_over_and_said_so() {
        let open = chosen(vec![candidate("A", Some(0.7)), candidate("B", None), candidate("C", Some(0.5))], 3);
        let open = open.ok().unwrap();
        assert_eq!((open.report.runtime.as_str(), open.report.threads, open.backends.len()), ("C", 3, 3));
        assert!(
            open.report.notes[0].contains("A, CPU: it fails the model's self-check and is not used: it computes 0.7")
        );
        assert!(open.report.notes[1].contains("B, CPU: the network cannot be opened: no such operator"));
    }

    #[test]
    fn a_built_in_runtime_that_computes_wrongly_says_how_to_get_the_other() {
        let notes = chosen(vec![candidate(built_in::NAME, Some(0.0))], 1).err().unwrap();
        assert_eq!(notes.len(), 1);
        assert!(notes[0].ends_with(HOW_TO_GET), "{}", notes[0]);
    }

    #[test]
    fn of_several_accelerators_the_fastest_is_kept_and_none_that_is_slower_than_the_cpu() {
        let network = |device: &str, speed: f64| {
            let truth = DeviceTruth { placement: String::new(), speed, cpu_threads: 2, difference: 0.0 };
            let (runtime, device) = ("R".to_owned(), device.to_owned());
            let report = RuntimeReport { runtime, device, threads: 2, truth: Some(truth), notes: vec![] };
            OpenNetwork { backends: vec![], report, is_cpu: false, watch: None }
        };
        let (mut fastest, mut notes) = (None, Vec::new());
        for (device, speed) in [("A", 0.9), ("B", 2.0), ("C", 1.5), ("D", 3.0)] {
            keep_faster(&mut fastest, network(device, speed), &mut notes);
        }
        assert_eq!(fastest.map(|network| network.report.device).as_deref(), Some("D"));
        assert!(notes.len() == 1 && notes[0].starts_with("A is not used, since the CPU is faster: "), "{notes:?}");
    }

    #[test]
    fn large_networks_are_opened_once() {
        let side = side_by_side(200 << 20, 4);
        assert_eq!((side.copies, side.threads), (1, 4));
    }

    #[test]
    fn a_device_that_is_not_there_is_told_with_those_that_are() {
        let list = || DeviceList { devices: vec![Device::cpu()], ..DeviceList::default() };
        let mut notes = Vec::new();
        assert!(accelerators(&DeviceChoice::parse("CUDA"), list, &mut notes).is_empty());
        assert_eq!(notes, ["CUDA requested, running on CPU: there is no such device, but \"cpu\""]);
        assert!(accelerators(&DeviceChoice::Cpu, || panic!("asked"), &mut notes).is_empty());
    }
}
