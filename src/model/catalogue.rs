//! The published models of the EfficientSED family: what their authors say of them, and where the released checkpoints are.
//!
//! Owns reading the bundled table (`assets/models/efficient-sed.tsv`, whose head says what its columns mean). Fetches nothing: that is
//! [`super::download`]'s; knows no model on this machine: that is [`super::registry`]'s.

use super::labels::suggestion;
use crate::zoo::SequenceKind;
use std::collections::HashSet;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../assets/models/efficient-sed.tsv");
const HEADER: &str = "name\tbackbone\tsequence\tdim\ttraining\tpsds1\tpsds1_from\tparameters\tmacs\tmacs_not_counted\tmacs_counted_once\t\
                      thousand_clips_per_sec\tlicence\taddress\tbytes\tsha256\tremark";
const COLUMN_COUNT: usize = 17;
const BACKBONES: [&str; 5] = ["fmn04", "fmn06", "fmn10", "fmn20", "fmn30"];

/// What every PSDS1 of the table is, in a sentence for those who see it.
pub const PSDS1_MEANING: &str = "PSDS1 (times 100, on AudioSet Strong) is the authors' mean over runs of a configuration, not of the one checkpoint.";

/// A published model: a released checkpoint, or a point of the paper's figures whose checkpoint was not released.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Its name, the checkpoint's file without `.pt`: `fmn10+tf-256_strong`; without `_strong` where no checkpoint was released.
    pub name: &'static str,
    /// The frame-wise MobileNet: `fmn04`, `fmn06`, `fmn10`, `fmn20` or `fmn30`.
    pub backbone: &'static str,
    /// What stands between the MobileNet and the heads, and its dimension.
    pub sequence: Option<(SequenceKind, u32)>,
    /// What it was trained on.
    pub training: Training,
    /// PSDS1 times 100; see [`PSDS1_MEANING`].
    pub psds1: Option<f64>,
    /// Whether `psds1` was read off a figure (about ±0.05) and not taken from the authors' table.
    pub psds1_is_read_off: bool,
    /// Parameters, both heads included.
    pub parameters: Option<Quantity>,
    /// Multiply-accumulate operations for a clip of 10 s without the front end, as the paper counts them.
    pub macs: Option<Quantity>,
    /// Those of the GRU's recurrence, which the paper does not count.
    pub macs_not_counted: Option<Quantity>,
    /// As `macs`, where the paper counts convolutions twice and this does not.
    pub macs_counted_once: Option<Quantity>,
    /// Clips of 10 s a second, lowest and highest reading of the paper's figures; the authors do not say on which device.
    pub clips_per_sec: Option<(f64, f64)>,
    /// The released checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// What one should know before choosing it; may be empty.
    pub remark: &'static str,
}

/// What a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Training {
    /// AudioSet Strong, 447 classes by frame.
    Strong,
    /// AudioSet Weak and Strong together, taught by a transformer; 447 classes by frame.
    AdvancedDistillation,
    /// AudioSet Weak only: 527 tags of whole clips. A start for training, not a detector.
    Weak,
}

/// A number as it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The number, rounded to a multiple of `step`.
    pub value: u64,
    /// What it was rounded to; 1: it is exact.
    pub step: u64,
}

/// Where a released checkpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its file name: `fmn10+tf-256_strong.pt`.
    pub file: &'static str,
    /// Its address as the authors publish it.
    pub address: &'static str,
    /// Its licence: `MIT`.
    pub licence: &'static str,
    /// Its length, where known.
    pub bytes: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal, where known.
    pub sha256: Option<&'static str>,
}

impl Quantity {
    /// Whether `value` is this number as far as it was published.
    pub fn agrees_with(self, value: u64) -> bool {
        value.abs_diff(self.value) <= self.step / 2
    }

    /// `860318`, `3.607M`, `34.33G`: digits, or up to three decimals of a million or a thousand million.
    fn parse(text: &str) -> Option<Self> {
        let (digits, unit) = match text.chars().last()? {
            'M' => (text.strip_suffix('M')?, 1_000_000),
            'G' => (text.strip_suffix('G')?, 1_000_000_000),
            _ => (text, 1),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let step = unit / 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
        if step == 0 || whole.is_empty() || !is_number(whole) || !is_number(decimals) {
            return None;
        }
        let value = format!("{whole}{decimals}").parse::<u64>().ok()?.checked_mul(step)?;
        (value > 0).then_some(Self { value, step })
    }
}

impl Published {
    /// The network without its training: `fmn10+tf-256`.
    pub fn network(&self) -> String {
        match self.sequence {
            Some((kind, dim)) => format!("{}+{}-{dim}", self.backbone, kind.word()),
            None => self.backbone.to_owned(),
        }
    }

    /// Multiply-accumulates with those of recurrences, each counted once: what `macs` would be if the paper counted so.
    pub fn all_macs(&self) -> Option<u64> {
        let once = self.macs_counted_once.or(self.macs)?.value;
        Some(once + self.macs_not_counted.map_or(0, |more| more.value))
    }

    /// Whether it can be downloaded.
    pub fn is_released(&self) -> bool {
        self.checkpoint.is_some()
    }
}

/// All published models, in the order of the table; none if the bundled table is broken, which a test rules out.
pub fn published() -> &'static [Published] {
    static ALL: LazyLock<Vec<Published>> = LazyLock::new(|| parse(TABLE).unwrap_or_default());
    &ALL
}

/// The published model called `name`: its name, that with `.pt`, or without `_strong`; whatever the case of its letters.
pub fn find(name: &str) -> Option<&'static Published> {
    let wanted = name.to_lowercase();
    let wanted = wanted.strip_suffix(".pt").unwrap_or(&wanted);
    let names = |model: &&Published| model.name.to_lowercase() == wanted;
    let short = |model: &&Published| model.name.to_lowercase().strip_suffix("_strong") == Some(wanted);
    published().iter().find(names).or_else(|| published().iter().find(short))
}

/// For a name that [`find`] does not know: `: did you mean …?`, or where all names are listed.
pub fn hint(name: &str) -> String {
    let released = published().iter().filter(|model| model.is_released());
    let near = suggestion(name, released.map(|model| model.name.strip_suffix("_strong").unwrap_or(model.name)));
    if near.is_empty() { ": see `earmark model list`".to_owned() } else { near }
}

/// Reads a table of published models. The error names the line.
fn parse(text: &'static str) -> Result<Vec<Published>, String> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut lines = lines.filter(|(_, line)| !line.starts_with('#'));
    match lines.next() {
        Some((_, line)) if line == HEADER => {}
        _ => return Err("the header is missing".to_owned()),
    }
    let mut names = HashSet::new();
    lines
        .map(|(number, line)| {
            let model = parse_line(line).map_err(|column| format!("line {number}: {column}"))?;
            if names.insert(model.name) { Ok(model) } else { Err(format!("line {number}: name")) }
        })
        .collect()
}

/// A model of a line; the error is the column that cannot be right.
fn parse_line(line: &'static str) -> Result<Published, &'static str> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    let cells: [&'static str; COLUMN_COUNT] = cells.try_into().map_err(|_| "number of columns")?;
    let [name, backbone, sequence, dim, training, psds1, psds1_from, parameters, macs, macs_not_counted, ..] = cells;
    let [.., macs_counted_once, throughput, licence, address, bytes, sha256, remark] = cells;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_".contains(&byte)) {
        return Err("name");
    }
    Ok(Published {
        name,
        backbone: BACKBONES.into_iter().find(|known| *known == backbone).ok_or("backbone")?,
        sequence: parse_sequence(sequence, dim)?,
        training: match training {
            "strong" => Training::Strong,
            "advanced-kd" => Training::AdvancedDistillation,
            "weak" => Training::Weak,
            _ => return Err("training"),
        },
        psds1: optional(psds1, parse_score).ok_or("psds1")?,
        psds1_is_read_off: match psds1_from {
            "figure" => true,
            "table" | "" if psds1_from.is_empty() == psds1.is_empty() => false,
            _ => return Err("psds1_from"),
        },
        parameters: optional(parameters, Quantity::parse).ok_or("parameters")?,
        macs: optional(macs, Quantity::parse).ok_or("macs")?,
        macs_not_counted: optional(macs_not_counted, Quantity::parse).ok_or("macs_not_counted")?,
        macs_counted_once: optional(macs_counted_once, Quantity::parse).ok_or("macs_counted_once")?,
        clips_per_sec: optional(throughput, parse_throughput).ok_or("thousand_clips_per_sec")?,
        checkpoint: parse_checkpoint(name, licence, address, bytes, sha256)?,
        remark,
    })
}

/// The cell's value: nothing of an empty cell, `None` of one that cannot be read.
fn optional<T>(cell: &'static str, read: impl Fn(&'static str) -> Option<T>) -> Option<Option<T>> {
    if cell.is_empty() { Some(None) } else { read(cell).map(Some) }
}

fn parse_sequence(word: &str, dim: &str) -> Result<Option<(SequenceKind, u32)>, &'static str> {
    if word == "none" {
        return if dim.is_empty() { Ok(None) } else { Err("dim") };
    }
    let kind = SequenceKind::of_word(word).ok_or("sequence")?;
    let dim = dim.parse().ok().filter(|dim| (1..=4096).contains(dim)).ok_or("dim")?;
    Ok(Some((kind, dim)))
}

fn parse_score(text: &str) -> Option<f64> {
    text.parse().ok().filter(|score| (0.0..=100.0).contains(score))
}

/// `5.59` or `2.04-2.13`, in thousands of clips a second.
fn parse_throughput(text: &str) -> Option<(f64, f64)> {
    let (lowest, highest) = text.split_once('-').unwrap_or((text, text));
    let (lowest, highest): (f64, f64) = (lowest.parse().ok()?, highest.parse().ok()?);
    (0.0 < lowest && lowest <= highest && highest < 1000.0).then_some((lowest * 1000.0, highest * 1000.0))
}

fn parse_checkpoint(
    name: &str,
    licence: &'static str,
    address: &'static str,
    bytes: &'static str,
    sha256: &'static str,
) -> Result<Option<Checkpoint>, &'static str> {
    if address.is_empty() {
        let is_bare = licence.is_empty() && bytes.is_empty() && sha256.is_empty();
        return if is_bare { Ok(None) } else { Err("address") };
    }
    let file = address.rsplit('/').next().unwrap_or_default();
    if !address.starts_with("https://") || file.strip_suffix(".pt") != Some(name) {
        return Err("address");
    }
    if licence.is_empty() {
        return Err("licence");
    }
    let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !sha256.is_empty() && !is_digest {
        return Err("sha256");
    }
    let bytes = optional(bytes, |cell| cell.parse().ok().filter(|bytes| *bytes > 0)).ok_or("bytes")?;
    Ok(Some(Checkpoint { file, address, licence, bytes, sha256: is_digest.then_some(sha256) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound_and_whole() {
        let all = parse(TABLE).unwrap();
        assert_eq!(published(), all);
        let count = |wanted: &dyn Fn(&Published) -> bool| all.iter().filter(|model| wanted(model)).count();
        assert_eq!(count(&|model| model.training == Training::Weak && model.is_released()), 5);
        assert_eq!(count(&|model| model.training == Training::AdvancedDistillation && model.is_released()), 1);
        // 5 alone, 3 sequence models in 4 dimensions on fmn10 and in one on each other width; 2 of PretrainedSED.
        assert_eq!(count(&|model| model.training == Training::Strong && model.is_released()), 5 + 3 * 4 + 3 * 4 + 2);
        // Attention, Mamba and TCN in 4 dimensions.
        assert_eq!(count(&|model| !model.is_released()), 12);
        for model in &all {
            let name = model.name;
            assert_eq!(model.psds1.is_none(), model.training == Training::Weak, "{name}");
            assert_eq!(model.psds1_is_read_off, !model.is_released(), "{name}");
            assert!(model.psds1.is_none_or(|score| (39.0..46.0).contains(&score)), "{name}");
            assert_eq!(model.parameters.is_some(), model.macs.is_some(), "{name}");
            let is_gru = matches!(model.sequence, Some((SequenceKind::Gru, _)));
            assert_eq!(model.macs_not_counted.is_some(), is_gru, "{name}");
            let starts_as_its_network = name.starts_with(&model.network()) || name.starts_with("frame_mn");
            assert!(starts_as_its_network, "{name}");
            assert!(model.is_released() || !model.remark.is_empty(), "{name}");
        }
        let addresses: HashSet<&str> = all.iter().filter_map(|model| Some(model.checkpoint?.address)).collect();
        assert_eq!(addresses.len(), 37);
    }

    /// Parameters that follow from the architecture alone (backbone, two heads of 447 classes): those of the reference.
    #[test]
    fn exact_parameters_are_those_of_the_architecture() {
        for (name, backbone, features) in [
            ("fmn04", 516_128, 384),
            ("fmn06", 1_099_184, 576),
            ("fmn10", 2_971_664, 960),
            ("fmn20", 11_641_880, 1920),
            ("fmn30", 25_999_120, 2880),
        ] {
            let parameters = find(name).unwrap().parameters.unwrap();
            assert_eq!(parameters, Quantity { value: backbone + 2 * (447 * features + 447), step: 1 }, "{name}");
        }
        let exact = |name: &str| find(name).unwrap().parameters.unwrap();
        assert_eq!(exact("fmn04+tf-104"), Quantity { value: 912_048, step: 1 });
        // A bidirectional GRU of two layers on 384 features, and heads on its 208.
        let (dim, layer) = (104, |inputs: u64| 2 * 3 * 104 * (inputs + 104 + 2));
        let gru = 516_128 + layer(384) + layer(2 * dim) + 2 * (447 * 2 * dim + 447);
        assert_eq!(exact("fmn04+gru-104"), Quantity { value: gru, step: 1 });
        for (name, inputs, dim) in
            [("fmn10+gru-256", 960, 256), ("fmn20+gru-512", 1920, 512), ("fmn30+gru-768", 2880, 768)]
        {
            let layer = |inputs: u64| 2 * 3 * dim * (inputs + dim + 2);
            let backbone = find(&name[..5]).unwrap().parameters.unwrap().value - 2 * (447 * inputs + 447);
            let gru = backbone + layer(inputs) + layer(2 * dim) + 2 * (447 * 2 * dim + 447);
            assert!(exact(name).agrees_with(gru), "{name}: {gru}");
            assert!(!exact(name).agrees_with(gru + 1000), "{name}");
        }
    }

    #[test]
    fn what_the_authors_publish_is_there() {
        let model = find("FMN10+TF-256").unwrap();
        assert_eq!(
            (model.name, model.psds1, model.clips_per_sec),
            ("fmn10+tf-256_strong", Some(43.86), Some((2040.0, 2130.0)))
        );
        assert_eq!(model.macs, Some(Quantity { value: 1_496_000_000, step: 1_000_000 }));
        assert_eq!(find("fmn10+tf-256_advanced-kd-weak-strong").unwrap().psds1, Some(45.25));
        assert_eq!(find("fmn30+gru-768_strong.pt").unwrap().psds1, Some(45.77));
        assert_eq!(find("fmn10+tcn-1024").unwrap().macs.unwrap().step, 10_000_000);
        assert!(find("fmn05").is_none() && find("").is_none());
        let checkpoint = find("fmn10").unwrap().checkpoint.unwrap();
        assert_eq!(checkpoint.bytes, Some(15_538_778));
        assert_eq!(checkpoint.sha256.unwrap(), "92a5c1dc5aa21620e262420c4cc657d2f699bdfa20a748de506c354a2fe2770a");
        let address = "https://github.com/theMoro/EfficientSED/releases/download/v0.0.1/fmn10_strong.pt";
        assert_eq!((checkpoint.address, checkpoint.licence), (address, "MIT"));
    }

    #[test]
    fn a_wrong_cell_is_named() {
        let line = TABLE.lines().find(|line| line.starts_with("fmn10+tf-256_strong")).unwrap();
        assert!(parse_line(line).is_ok());
        for (right, wrong, column) in [
            ("\tfmn10\t", "\tfmn11\t", "backbone"),
            ("\ttf\t", "\tlstm\t", "sequence"),
            ("\t256\t", "\t0\t", "dim"),
            ("\tstrong\t", "\tgood\t", "training"),
            ("\t43.86\t", "\t143.86\t", "psds1"),
            ("\ttable\t", "\t\t", "psds1_from"),
            ("5.028M", "5.02812345M", "parameters"),
            ("1.496G", "-1G", "macs"),
            ("2.04-2.13", "2.13-2.04", "thousand_clips_per_sec"),
            ("https:", "file:", "address"),
            ("\tMIT\t", "\t\t", "licence"),
            (".pt\t\t\t", ".pt\t\tabc\t", "sha256"),
            (".pt\t\t\t", ".pt\t0\t\t", "bytes"),
            ("\tMIT", "", "number of columns"),
        ] {
            let broken = line.replacen(right, wrong, 1);
            assert_ne!(broken, line, "{column}");
            assert_eq!(parse_line(broken.leak()), Err(column));
        }
    }
}
