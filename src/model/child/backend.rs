//! A network on an accelerator as a [`Backend`]: one child, shared by all threads of a detection, and the processor in its place once it fails.

use super::super::backend::{Backend, NetworkOutput, NetworkSource};
use super::super::built_in;
use super::super::devices::Device;
use super::super::onnx_runtime;
use super::process::ChildProcess;
use super::program;
use super::protocol::{self, Answer, Placement, Request};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a device may take to open a network. Some compile it first.
const OPEN_LIMIT: Duration = Duration::from_secs(900);
/// How long the first run may take: shaders are compiled in it.
const FIRST_RUN_LIMIT: Duration = Duration::from_secs(300);
/// How long any later run may take at least.
const LEAST_RUN_LIMIT: Duration = Duration::from_secs(60);
/// How much longer a run may take than the slowest before it, value for value.
const PATIENCE: f64 = 20.0;
/// How long the account of where nodes ran may take.
const PLACE_LIMIT: Duration = Duration::from_secs(60);
/// The variable that sets how long any run may take, in seconds.
const LIMIT_VARIABLE: &str = "EARMARK_INFERENCE_LIMIT_SECS";

/// How to go on without the accelerator.
pub struct Fallback {
    /// The ONNX file's content.
    pub onnx: Vec<u8>,
    /// Name of the input.
    pub input: String,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Whether the built-in runtime may be used where ONNX Runtime cannot.
    pub with_built_in: bool,
}

impl Fallback {
    fn open(&self) -> Result<Box<dyn Backend>, String> {
        let outputs: Vec<&str> = self.outputs.iter().map(String::as_str).collect();
        let source = NetworkSource { onnx: &self.onnx, input: &self.input, outputs: &outputs };
        let opened = onnx_runtime::library().and_then(|library| library.open(source, 1, 1));
        let opened = match opened {
            Err(_) if self.with_built_in => built_in::open(source, 1, 1),
            opened => opened,
        };
        opened?.pop().ok_or_else(|| "no network".to_owned())
    }
}

/// What the threads share, and what is told of it.
pub struct Watch {
    device: String,
    child: Mutex<Option<Running>>,
    fallback: Fallback,
    /// Why the device was given up, once it was.
    failure: Mutex<Option<String>>,
}

/// The child with the network open, and how fast it was.
struct Running {
    process: ChildProcess,
    pace: Pace,
}

/// How fast runs were.
#[derive(Default)]
struct Pace {
    /// Seconds a value of the slowest run but the first.
    slowest_secs: Option<f64>,
    has_run: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A network for each thread, and what watches over their device.
pub type Watched = (Vec<Box<dyn Backend>>, Arc<Watch>);

/// Opens the network of `fallback` on `device`, to be run by `threads` threads in turn.
pub fn open(device: &Device, fallback: Fallback, threads: usize) -> Result<Watched, String> {
    let program = program().ok_or("the program that runs accelerators is not known")?;
    let mut process = ChildProcess::start(program)?;
    let (input, outputs) = (fallback.input.clone(), fallback.outputs.clone());
    let request = Request::Open { device: device.clone(), input, outputs };
    match process.ask(request, fallback.onnx.clone(), OPEN_LIMIT)? {
        (Answer::Opened, _) => {}
        _ => return Err("it answered something else than was expected".to_owned()),
    }
    let running = Running { process, pace: Pace::default() };
    let watch = Arc::new(Watch {
        device: device.name(),
        child: Mutex::new(Some(running)),
        fallback,
        failure: Mutex::new(None),
    });
    let handle = |_| -> Box<dyn Backend> { Box::new(Accelerated { watch: Arc::clone(&watch), own: None }) };
    Ok(((0..threads.max(1)).map(handle).collect(), watch))
}

impl Watch {
    /// Why the device was given up since this was asked last.
    pub fn take_failure(&self) -> Option<String> {
        locked(&self.failure).take()
    }

    /// The same, so that it is told once more.
    pub fn failure(&self) -> Option<String> {
        locked(&self.failure).clone()
    }

    /// Where the network's nodes have run so far. Asked once, after the first run.
    pub fn placement(&self) -> Result<Placement, String> {
        let mut child = locked(&self.child);
        let running = child.as_mut().ok_or("its process has ended")?;
        match running.process.ask(Request::Place, Vec::new(), PLACE_LIMIT)? {
            (Answer::Placed(placement), _) => Ok(placement),
            _ => Err("it answered something else than was expected".to_owned()),
        }
    }

    fn run(&self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        let mut child = locked(&self.child);
        let running = child.as_mut().ok_or("its process has ended")?;
        let request = Request::Run { shape: shape.to_vec() };
        let began = Instant::now();
        let limit = limit_set().unwrap_or_else(|| running.pace.limit(input.len()));
        let (answer, body) = running.process.ask(request, protocol::bytes_of([input]), limit)?;
        running.pace.took(began.elapsed(), input.len());
        match answer {
            Answer::Outputs { shapes } => protocol::outputs_of(shapes, &body),
            _ => Err("it answered something else than was expected".to_owned()),
        }
    }

    /// Ends the child; what is told is why the first thread gave it up.
    fn give_up(&self, reason: &str) {
        // Dropped outside the lock: others need not wait until the process has ended.
        let running = locked(&self.child).take();
        if running.is_some() {
            let told = format!(
                "{} failed: {reason}. The detection went on from there on the CPU; nothing is lost",
                self.device
            );
            log::warn!("{told}");
            *locked(&self.failure) = Some(told);
        }
    }
}

/// What the environment says how long any run may take.
fn limit_set() -> Option<Duration> {
    let secs = std::env::var(LIMIT_VARIABLE).ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(secs).ok()
}

impl Pace {
    fn limit(&self, values: usize) -> Duration {
        match self.slowest_secs {
            None => FIRST_RUN_LIMIT,
            Some(secs) => {
                let expected = Duration::try_from_secs_f64(PATIENCE * secs * values as f64);
                expected.unwrap_or(FIRST_RUN_LIMIT).max(LEAST_RUN_LIMIT)
            }
        }
    }

    fn took(&mut self, elapsed: Duration, values: usize) {
        // The first run compiles and takes memory: it says nothing about the next.
        if std::mem::replace(&mut self.has_run, true) {
            let secs = elapsed.as_secs_f64() / values.max(1) as f64;
            self.slowest_secs = Some(self.slowest_secs.map_or(secs, |slowest| slowest.max(secs)));
        }
    }
}

/// One thread's way to the child, or to a copy of the network on the processor once the child was given up.
struct Accelerated {
    watch: Arc<Watch>,
    own: Option<Box<dyn Backend>>,
}

impl Backend for Accelerated {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        match &mut self.own {
            Some(own) => own.run_all(input, shape),
            None => self.watch.run(input, shape),
        }
    }

    fn give_up(&mut self, reason: &str) -> bool {
        if self.own.is_some() {
            return false;
        }
        self.watch.give_up(reason);
        match self.watch.fallback.open() {
            Ok(own) => {
                self.own = Some(own);
                true
            }
            Err(reason) => {
                log::error!("the network cannot be opened on the CPU: {reason}");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_take_as_long_as_those_before_let_expect() {
        let mut pace = Pace::default();
        assert_eq!(pace.limit(1000), FIRST_RUN_LIMIT);
        pace.took(Duration::from_secs(200), 1000);
        assert_eq!(pace.limit(1000), FIRST_RUN_LIMIT, "the first run says nothing");
        pace.took(Duration::from_secs(10), 1000);
        pace.took(Duration::from_secs(1), 1000);
        assert_eq!(pace.limit(1000).as_secs(), 200);
        assert_eq!(pace.limit(64_000).as_secs(), 12_800);
        assert_eq!(pace.limit(10), LEAST_RUN_LIMIT);
    }

    #[test]
    fn a_program_that_cannot_be_started_or_is_another_is_told() {
        let start = |program: &str| ChildProcess::start(std::path::Path::new(program)).err().unwrap();
        assert!(start("/nonexistent/earmark").contains("/nonexistent/earmark cannot be started"));
        if cfg!(unix) {
            assert!(start("/bin/true").contains("ended unexpectedly (exit status: 0)"), "{}", start("/bin/true"));
        }
    }
}
