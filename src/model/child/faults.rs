//! Failing on purpose, for tests of what becomes of a detection then: no driver crashes when asked to.
//!
//! `EARMARK_INFERENCE_FAULT` is `KIND@N`: in the N-th run of the network, counted from 0, the process fails in the way KIND. Where it is set
//! there is one more device: a stand-in for an accelerator, which is the processor.

use super::super::backend::NetworkOutput;
use super::super::devices::{Device, Hardware};
use super::protocol::Placement;
use std::time::Duration;

/// The variable.
const VARIABLE: &str = "EARMARK_INFERENCE_FAULT";

/// The provider of the stand-in.
const STAND_IN: &str = "Stand-InExecutionProvider";

/// The stand-in, where tests want one.
pub fn stand_in() -> Option<Device> {
    std::env::var_os(VARIABLE)?;
    Some(Device {
        provider: STAND_IN.to_owned(),
        hardware_name: "Test device".to_owned(),
        hardware: Hardware::Gpu,
        ..Device::cpu()
    })
}

/// Whether a device is the stand-in.
pub fn is_stand_in(device: &Device) -> bool {
    device.provider == STAND_IN
}

/// Where nodes ran, as if the stand-in were what it stands for.
pub fn placed_on_stand_in(placement: &Placement) -> Placement {
    let nodes = placement.on_device + placement.on_cpu.values().sum::<usize>();
    Placement { on_device: nodes, ..Placement::default() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// None: the stand-in works, but its nodes are those of the processor.
    OnCpu,
    /// As a failed assertion of a library does.
    Abort,
    /// As a driver that ends the process.
    Exit,
    /// As a device that is stuck.
    Hang,
    /// Scores that are no numbers.
    NotANumber,
    /// Scores far from 0 to 1.
    OutOfRange,
    /// Fewer rows than asked for.
    WrongShape,
    /// Something else than an answer.
    Garbage,
}

/// What is to go wrong, and how many runs there were.
#[derive(Default)]
pub struct Faults {
    wanted: Option<(Kind, usize)>,
    runs: usize,
}

impl Faults {
    /// What the environment asks for; nothing as a rule.
    pub fn wanted() -> Self {
        Self { wanted: std::env::var(VARIABLE).ok().and_then(|text| parse(&text)), runs: 0 }
    }

    fn is_now(&self, kind: Kind) -> bool {
        self.wanted == Some((kind, self.runs))
    }

    /// To be called before each run.
    pub fn before_run(&self) {
        if self.is_now(Kind::Abort) {
            std::process::abort();
        }
        if self.is_now(Kind::Exit) {
            std::process::exit(3);
        }
        if self.is_now(Kind::Hang) {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }

    /// To be called after each run.
    pub fn after_run(&mut self, outputs: &mut [NetworkOutput]) {
        for output in outputs {
            if self.is_now(Kind::NotANumber) {
                output.values.iter_mut().skip(1).step_by(7).for_each(|value| *value = f32::NAN);
            }
            if self.is_now(Kind::OutOfRange) {
                output.values.iter_mut().for_each(|value| *value += 7.0);
            }
            if self.is_now(Kind::WrongShape)
                && let Some(longest) = output.shape.iter_mut().max()
            {
                *longest -= (*longest).min(1);
                output.values.truncate(output.shape.iter().product());
            }
        }
        self.runs += 1;
    }

    /// Whether the stand-in is to be taken for what it stands for.
    pub fn is_disguised(&self) -> bool {
        !self.wanted.is_some_and(|(kind, _)| kind == Kind::OnCpu)
    }

    /// Whether the answer to the run that was just counted is to be nonsense.
    pub fn is_garbled(&self) -> bool {
        self.runs > 0 && self.wanted == Some((Kind::Garbage, self.runs - 1))
    }
}

fn parse(text: &str) -> Option<(Kind, usize)> {
    let (kind, run) = text.split_once('@')?;
    let kind = match kind {
        "on-cpu" => Kind::OnCpu,
        "abort" => Kind::Abort,
        "exit" => Kind::Exit,
        "hang" => Kind::Hang,
        "nan" => Kind::NotANumber,
        "range" => Kind::OutOfRange,
        "shape" => Kind::WrongShape,
        "garbage" => Kind::Garbage,
        _ => return None,
    };
    Some((kind, run.parse().ok()?))
}
