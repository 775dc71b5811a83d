//! The paper's charts of performance against complexity, with this machine's own throughput where it was measured. Owns which points and
//! lines there are; drawing them is [`crate::plot`]'s.

use super::super::catalogue::{self, Published, Training};
use super::{Measured, Throughput};
use crate::plot::{Axis, Chart, Marker, Point, Scale, Series};
use crate::zoo::SequenceKind;
use std::collections::BTreeSet;

/// What PSDS1 is shown against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Multiply-accumulates as published.
    Macs,
    /// Multiply-accumulates with recurrences, and each convolution once.
    AllMacs,
    /// Parameters.
    Parameters,
    /// Clips a second: this machine's where measured, else the paper's.
    Throughput,
}

impl Against {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Macs, Self::AllMacs, Self::Parameters, Self::Throughput];

    /// The word for it in file names and options.
    pub fn word(self) -> &'static str {
        match self {
            Self::Macs => "macs",
            Self::AllMacs => "all-macs",
            Self::Parameters => "parameters",
            Self::Throughput => "throughput",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Macs => "MACs as published",
            Self::AllMacs => "MACs with recurrences",
            Self::Parameters => "Parameters",
            Self::Throughput => "Throughput",
        }
    }
}

/// How fast a network is on this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnThroughput {
    /// The network: `fmn10+tf-256`, or the model's name.
    pub name: String,
    /// Clips of 10 s a second.
    pub clips_per_sec: f64,
}

/// The fastest figure of each model, for clips of 10 s, and what they hold for.
pub fn own_throughputs(measured: &[Measured]) -> (Vec<OwnThroughput>, String) {
    let mut conditions = BTreeSet::new();
    let mut own = Vec::new();
    for one in measured {
        if let Some(fastest) = one.fastest() {
            let plural = if fastest.threads == 1 { "" } else { "s" };
            let Throughput { batch, threads, .. } = fastest;
            let batches = if *batch == 1 { "single clips".to_owned() } else { format!("batches of {batch}") };
            conditions.insert(format!("{threads} thread{plural}, {batches}, {}, {}", one.runtime, one.device));
            own.push(OwnThroughput {
                name: one.name.clone(),
                clips_per_sec: fastest.clips_per_sec * one.clip_secs / 10.0,
            });
        }
    }
    (own, conditions.into_iter().collect::<Vec<_>>().join("; "))
}

/// What the measured figures hold for: `2 threads, batches of 8, ONNX Runtime 1.31.1, CPU`.
pub type Conditions = str;

/// The transformers of PretrainedSED: PSDS1 from its table; parameters of the backbone and a head of 447 classes.
const TRANSFORMERS: [(&str, f64, u64); 5] = [
    ("ATST-F", 45.8, 85_419_264 + 768 * 447 + 447),
    ("BEATs", 46.5, 90_311_792 + 768 * 447 + 447),
    ("fPaSST", 45.4, 88_421_632 + 768 * 447 + 447),
    ("M2D", 46.3, 85_492_994 + 3840 * 447 + 447),
    ("ASiT", 46.2, 85_482_240 + 768 * 447 + 447),
];

/// Families in the order of the legend: name, sequence model, place among the colours, marker.
const FAMILIES: [(&str, Option<SequenceKind>, usize, Marker); 7] = [
    ("fmn alone", None, 0, Marker::Circle),
    ("+ tf", Some(SequenceKind::Transformer), 1, Marker::Square),
    ("+ gru", Some(SequenceKind::Gru), 2, Marker::Up),
    ("+ hybrid", Some(SequenceKind::Hybrid), 3, Marker::Diamond),
    ("+ attn", Some(SequenceKind::Attention), 4, Marker::Down),
    ("+ mamba", Some(SequenceKind::Mamba), 5, Marker::Plus),
    ("+ tcn", Some(SequenceKind::Tcn), 6, Marker::Cross),
];

/// The chart of PSDS1 against one measure. `own` is what was measured here under `conditions`.
pub fn chart(against: Against, own: &[OwnThroughput], conditions: &Conditions) -> Chart {
    let mut series: Vec<Series> = FAMILIES.iter().filter_map(|family| family_series(against, *family, own)).collect();
    if against == Against::Parameters {
        series.push(transformers());
    }
    let has_own = series.iter().flat_map(|series| &series.points).any(|point| !point.is_hollow);
    let x_title = match against {
        Against::Macs => "Multiply-accumulates for a clip of 10 s, as published (× 10⁹)",
        Against::AllMacs => "Multiply-accumulates for a clip of 10 s, recurrences included (× 10⁹)",
        Against::Parameters => "Parameters (× 10⁶)",
        Against::Throughput => "Clips of 10 s a second",
    };
    let subtitle = match against {
        Against::Throughput if has_own => {
            format!("Filled: this machine, {conditions}. Hollow: the paper's figure, device unknown")
        }
        Against::Throughput => "The paper's figures, read off; the authors do not say on which device".to_owned(),
        Against::Macs => {
            "As the paper counts: a GRU's recurrence and scans not at all, a TCN's convolutions twice".to_owned()
        }
        Against::AllMacs => {
            "A GRU's recurrence counted, a TCN's convolutions once; scans and element-wise products not".to_owned()
        }
        Against::Parameters => "Both heads included".to_owned(),
    };
    Chart {
        title: format!("PSDS1 on AudioSet Strong against {}", in_sentence(against)),
        subtitle,
        x: Axis { title: x_title.to_owned(), scale: Scale::Log },
        y: Axis { title: "PSDS1 (× 100)".to_owned(), scale: Scale::Linear },
        series,
        notes: vec![
            "Bare numbers: dimension of the sequence model on fmn10. Lines join one sequence model on fmn04 to fmn30, and its dimensions on fmn10."
                .to_owned(),
            "PSDS1: the authors' means over runs (arXiv 2503.11373 and its repository); attn, mamba and tcn read off a figure.".to_owned(),
        ],
    }
}

fn in_sentence(against: Against) -> &'static str {
    match against {
        Against::Macs => "multiply-accumulates",
        Against::AllMacs => "all multiply-accumulates",
        Against::Parameters => "parameters",
        Against::Throughput => "throughput",
    }
}

fn family_series(
    against: Against,
    (name, sequence, color, marker): (&str, Option<SequenceKind>, usize, Marker),
    own: &[OwnThroughput],
) -> Option<Series> {
    let mut members: Vec<(&Published, Point)> = catalogue::published()
        .iter()
        .filter(|model| model.training != Training::Weak && model.sequence.map(|(kind, _)| kind) == sequence)
        .filter_map(|model| Some((model, point(against, model, own)?)))
        .collect();
    members.sort_by_key(|(model, _)| (model.backbone, model.sequence.map_or(0, |(_, dim)| dim)));
    let is_main = |model: &Published| model.training == Training::Strong && model.name.starts_with(&model.network());
    let places = |keep: &dyn Fn(&Published) -> bool| -> Vec<usize> {
        let all = members.iter().enumerate().filter(|(_, (model, _))| is_main(model) && keep(model));
        all.map(|(index, _)| index).collect()
    };
    // On fmn10 the dimension that the other widths' belong to is 256.
    let is_scaled = |model: &Published| model.backbone != "fmn10" || model.sequence.is_none_or(|(_, dim)| dim == 256);
    let lines = [places(&is_scaled), places(&|model| model.backbone == "fmn10" && model.sequence.is_some())];
    let points: Vec<Point> = members.into_iter().map(|(_, point)| point).collect();
    // A line from one machine's figure to another's would say nothing.
    let lines = lines
        .iter()
        .flat_map(|line| line.chunk_by(|&a, &b| points[a].is_hollow == points[b].is_hollow))
        .filter(|line| line.len() > 1)
        .map(<[usize]>::to_vec)
        .collect();
    (!points.is_empty()).then(|| Series { name: name.to_owned(), color, marker, points, lines })
}

fn point(against: Against, model: &Published, own: &[OwnThroughput]) -> Option<Point> {
    let network = model.network();
    let own = own.iter().find(|own| own.name == model.name || own.name == network);
    let published = match against {
        Against::Macs => model.macs.map(|macs| macs.value as f64 / 1e9),
        Against::AllMacs => model.all_macs().map(|macs| macs as f64 / 1e9),
        Against::Parameters => model.parameters.map(|parameters| parameters.value as f64 / 1e6),
        Against::Throughput => model.clips_per_sec.map(|(lowest, highest)| 0.5 * (lowest + highest)),
    };
    let measured = own.filter(|_| against == Against::Throughput).map(|own| own.clips_per_sec);
    Some(Point {
        x: measured.or(published)?,
        y: model.psds1?,
        name: model.name.to_owned(),
        label: label(model),
        is_hollow: against == Against::Throughput && measured.is_none(),
    })
}

/// What is written beside a point: as little as tells it from its neighbours.
fn label(model: &Published) -> String {
    match (model.sequence, model.training) {
        _ if model.name.starts_with("frame_mn") => model.name.trim_end_matches("_strong_1").to_owned(),
        (Some((_, dim)), Training::AdvancedDistillation) => format!("{dim}, taught by BEATs"),
        (Some((_, dim)), _) if model.backbone == "fmn10" => dim.to_string(),
        (Some((_, dim)), _) => format!("{} · {dim}", model.backbone),
        (None, _) => model.backbone.to_owned(),
    }
}

fn transformers() -> Series {
    let point = |&(name, psds1, parameters): &(&str, f64, u64)| Point {
        x: parameters as f64 / 1e6,
        y: psds1,
        name: name.to_owned(),
        label: name.to_owned(),
        is_hollow: false,
    };
    let points = TRANSFORMERS.iter().map(point).collect();
    Series { name: "transformers".to_owned(), color: 7, marker: Marker::Star, points, lines: Vec::new() }
}
