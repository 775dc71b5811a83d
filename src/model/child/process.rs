//! The side that asks: starts the child, gives each question a time to be answered in, and ends the child where it fails. Knows nothing of
//! networks.

use super::SUBCOMMAND;
use super::protocol::{self, Answer, Frame, Request};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a child may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take to list devices: drivers are loaded for that.
pub const LISTING_LIMIT: Duration = Duration::from_secs(60);
/// How long a child that is no longer needed may take to end by itself.
const END_LIMIT: Duration = Duration::from_millis(1500);
/// Of what the child prints, so many lines are kept for a message.
const KEPT_LINES: usize = 8;
/// No line that is logged is longer, in bytes.
const LONGEST_LINE: u64 = 4096;

type Asked = (Request, Vec<u8>);
type Answered = io::Result<Option<Frame<Answer>>>;
type LastLines = Arc<Mutex<VecDeque<String>>>;

/// A child that runs. It ends when this is dropped.
pub struct ChildProcess {
    child: Child,
    /// To the thread that owns the pipes; none once the child has failed or is to end.
    requests: Option<Sender<Asked>>,
    answers: Receiver<Answered>,
    last_lines: LastLines,
    /// Why it has ended, told to each of the threads that ask it in turn.
    ended: String,
}

impl ChildProcess {
    /// Starts the child; the error says why it did not.
    pub fn start(program: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg(SUBCOMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Numbers of CUDA devices are then those that the system lists them by.
        command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        // The plug-in of WebGPU then counts as a device also where ONNX Runtime itself finds no graphics hardware: containers and some
        // ARM systems do not list it where it looks.
        command.env("ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER", "1");
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            // CREATE_NO_WINDOW: no console for a program that has none.
            command.creation_flags(0x0800_0000);
        }
        let mut child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (request_sender, request_receiver) = bounded(1);
        let (answer_sender, answers) = bounded(1);
        let mut process =
            Self { child, requests: None, answers, last_lines: LastLines::default(), ended: String::new() };
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err("it has no pipes".to_owned()) };
        let kept = Arc::clone(&process.last_lines);
        spawn("inference log", move || log_lines(stderr, &kept))?;
        spawn("inference pipes", move || exchange(stdin, stdout, &request_receiver, &answer_sender))?;
        process.requests = Some(request_sender);
        match process.wait_for_answer(START_LIMIT) {
            Ok((Answer::Ready, _)) => Ok(process),
            Ok(_) => Err(process.fail("it answered something else than was expected")),
            Err(reason) => Err(reason),
        }
    }

    /// Asks and waits for the answer, at most `limit` long. A child that does not answer, or not in these words, is ended, and each
    /// further question is refused.
    pub fn ask(&mut self, request: Request, body: Vec<u8>, limit: Duration) -> Result<(Answer, Vec<u8>), String> {
        let Some(requests) = &self.requests else { return Err(self.ended.clone()) };
        // The thread takes each question at once, since there is one at a time; it is gone if the child is.
        if requests.send((request, body)).is_err() {
            return Err(self.fail("it takes no more questions"));
        }
        match self.wait_for_answer(limit)? {
            (Answer::Failed { reason }, _) => Err(reason),
            answer => Ok(answer),
        }
    }

    fn wait_for_answer(&mut self, limit: Duration) -> Result<(Answer, Vec<u8>), String> {
        match self.answers.recv_timeout(limit) {
            Ok(Ok(Some(frame))) => Ok((frame.header, frame.body)),
            Ok(Ok(None)) | Err(RecvTimeoutError::Disconnected) => Err(self.fail("")),
            Ok(Err(error)) => Err(self.fail(&format!("its answer cannot be read ({error})"))),
            Err(RecvTimeoutError::Timeout) => {
                Err(self.fail(&format!("it did not answer within {:.0} s and was stopped", limit.as_secs_f64())))
            }
        }
    }

    /// Ends the child and says why; without a reason of ours the way it ended is one.
    fn fail(&mut self, reason: &str) -> String {
        self.requests = None;
        let status = match reason {
            // Its pipes are closed: it is ending, and how is worth knowing.
            "" => self.wait(END_LIMIT).map(|status| status.to_string()),
            _ => None,
        };
        self.kill();
        let told = match status {
            Some(status) => format!("its process ended unexpectedly ({status})"),
            None if reason.is_empty() => "its process ended unexpectedly".to_owned(),
            None => reason.to_owned(),
        };
        let lines = self.last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended = match lines.back() {
            Some(line) => format!("{told}; its last words: {line}"),
            None => told,
        };
        self.ended.clone()
    }

    /// Waits until the child has ended, at most `limit` long.
    fn wait(&mut self, limit: Duration) -> Option<std::process::ExitStatus> {
        let began = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if began.elapsed() < limit => std::thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }

    fn kill(&mut self) {
        // One that has ended already cannot be killed, and needs only to be waited for.
        let _ = self.child.kill();
        if let Err(error) = self.child.wait() {
            log::warn!("the inference process cannot be waited for: {error}");
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // The thread closes the child's input, at whose end it ends; one that is busy or hangs does not hear of it.
        let is_idle = self.requests.take().is_some();
        if !is_idle || self.wait(END_LIMIT).is_none() {
            self.kill();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| format!("no thread could be started for it: {error}"))
}

/// Hands questions to the child and its answers back, one after the other, until nobody asks or the child fails.
fn exchange(mut stdin: ChildStdin, stdout: ChildStdout, requests: &Receiver<Asked>, answers: &Sender<Answered>) {
    let mut stdout = BufReader::new(stdout);
    let hand_on = |answer: Answered| {
        let is_last = !matches!(answer, Ok(Some(_)));
        answers.send(answer).is_ok() && !is_last
    };
    if !hand_on(protocol::read(&mut stdout)) {
        return;
    }
    for (request, body) in requests {
        // What the child said last tells more than that its input is closed.
        if let Err(error) = protocol::write(&mut stdin, &request, &body) {
            log::debug!("the inference process takes no question: {error}");
        }
        if !hand_on(protocol::read(&mut stdout)) {
            return;
        }
    }
}

/// Logs what the child prints, and keeps its last lines.
fn log_lines(stderr: ChildStderr, kept: &LastLines) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match stderr.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            continue;
        }
        log::info!(target: "inference", "{line}");
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}
