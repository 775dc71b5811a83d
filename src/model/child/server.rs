//! The side that answers: a process that owns one network on one accelerator. Reads questions, answers them, and ends when its input does.

use super::super::backend::{Backend, NetworkSource};
use super::super::devices;
use super::super::onnx_runtime::{self, OrtBackend};
use super::faults::{self, Faults};
use super::protocol::{self, Answer, Frame, Request};
use crossbeam_channel::bounded;
use std::io::{BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

/// How long what runs may take to come to its end once nobody waits for it.
const LAST_RUN_LIMIT: Duration = Duration::from_secs(1);

/// Serves until the standard input ends.
pub fn serve() -> ExitCode {
    let (sender, requests) = bounded::<Frame<Request>>(1);
    // A thread of its own, so that the process ends with its parent even while a driver hangs.
    let reader = std::thread::Builder::new().name("requests".to_owned()).spawn(move || {
        let mut stdin = BufReader::new(std::io::stdin().lock());
        while let Ok(Some(frame)) = protocol::read(&mut stdin) {
            if sender.send(frame).is_err() {
                break;
            }
        }
        drop(sender);
        leave();
    });
    if let Err(error) = reader {
        log::error!("no thread could be started: {error}");
        return ExitCode::FAILURE;
    }
    let mut out = BufWriter::new(std::io::stdout());
    let mut server = Server { network: None, on_stand_in: false, faults: Faults::wanted() };
    let mut is_heard = protocol::write(&mut out, &Answer::Ready, &[]).is_ok();
    for Frame { header, body } in requests {
        if !is_heard {
            break;
        }
        is_heard = server.answer(header, &body, &mut out).is_ok();
    }
    ExitCode::SUCCESS
}

/// Ends the process, whatever runs in it.
fn leave() {
    std::thread::sleep(LAST_RUN_LIMIT);
    // Ending runs what drivers want to do at the end, and they may hang there too.
    let _ = std::thread::Builder::new().spawn(|| {
        std::thread::sleep(LAST_RUN_LIMIT);
        std::process::abort();
    });
    std::process::exit(0);
}

struct Server {
    network: Option<OrtBackend>,
    on_stand_in: bool,
    faults: Faults,
}

impl Server {
    fn answer(&mut self, request: Request, body: &[u8], out: &mut impl Write) -> std::io::Result<()> {
        match self.try_answer(request, body) {
            Ok((answer, body)) => {
                if self.faults.is_garbled() {
                    return out.write_all(&[b'?'; 2 << 20]).and_then(|()| out.flush());
                }
                protocol::write(out, &answer, &body)
            }
            Err(reason) => protocol::write(out, &Answer::Failed { reason }, &[]),
        }
    }

    fn try_answer(&mut self, request: Request, body: &[u8]) -> Result<(Answer, Vec<u8>), String> {
        match request {
            Request::List => Ok((Answer::Devices(devices::list_here()), Vec::new())),
            Request::Open { device, input, outputs } => {
                let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
                let source = NetworkSource { onnx: body, input: &input, outputs: &outputs };
                self.on_stand_in = faults::is_stand_in(&device);
                self.network = Some(onnx_runtime::library()?.open_on(source, &device)?);
                Ok((Answer::Opened, Vec::new()))
            }
            Request::Run { shape } => {
                let network = self.network.as_mut().ok_or("no network is open")?;
                self.faults.before_run();
                let mut outputs = network.run_all(&protocol::values_of(body), &shape)?;
                self.faults.after_run(&mut outputs);
                let values = protocol::bytes_of(outputs.iter().map(|output| output.values.as_slice()));
                let shapes = outputs.into_iter().map(|output| output.shape).collect();
                Ok((Answer::Outputs { shapes }, values))
            }
            Request::Place => {
                let network = self.network.as_mut().ok_or("no network is open")?;
                let placement = network.placement()?;
                let is_disguised = self.on_stand_in && self.faults.is_disguised();
                let placement = if is_disguised { faults::placed_on_stand_in(&placement) } else { placement };
                Ok((Answer::Placed(placement), Vec::new()))
            }
        }
    }
}
