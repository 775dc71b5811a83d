//! `earmark model info`: all that is known of one model, installed or only published, and what runs it here.

use super::super::write_stdout;
use super::{in_billions, in_millions};
use crate::model::catalogue::{self, PSDS1_MEANING, Published, Quantity, Training};
use crate::model::installed::Origin;
use crate::model::{Detector, DetectorOptions, ModelError, ModelFolder, registry};
use anyhow::anyhow;
use indicatif::DecimalBytes;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Say all about one model: what it is, what runs it on this machine, where it came from, what its authors measured
#[derive(clap::Args)]
#[command(name = "info")]
pub(super) struct Arguments {
    /// Model by name (see `earmark model list`) or by folder
    #[arg(value_name = "NAME|FOLDER")]
    model: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = &arguments.model;
    let published = catalogue::find(name);
    let text = match registry::find(name) {
        Ok(folder) => {
            let origin = Origin::read(&folder.path);
            let published = origin.as_ref().and_then(|origin| catalogue::find(&origin.published)).or(published);
            installed(&folder, origin.as_ref()) + &published.map(numbers).unwrap_or_default()
        }
        // A short name may be that of an installed one.
        Err(error) => match published {
            Some(published) if published.name != name && registry::find(published.name).is_ok() => {
                let folder = registry::find(published.name)?;
                installed(&folder, Origin::read(&folder.path).as_ref()) + &numbers(published)
            }
            Some(published) => not_installed(published) + &numbers(published),
            None => return Err(unknown(name, error)),
        },
    };
    write_stdout(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The error, with near names of published models where there is no near name of an installed one.
fn unknown(name: &str, error: ModelError) -> anyhow::Error {
    match &error {
        ModelError::UnknownModel { suggestion, .. } if !suggestion.contains("did you mean") => {
            anyhow!("no model is called \"{name}\"{}", catalogue::hint(name))
        }
        _ => error.into(),
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {name:<10} {value}");
}

fn installed(folder: &ModelFolder, origin: Option<&Origin>) -> String {
    let mut text = format!("{}\n", folder.id);
    let manifest = &folder.manifest;
    let hops: Vec<String> = manifest.hop_choices_secs.iter().map(|secs| format!("{secs} s")).collect();
    line(&mut text, "name", &format!("{}, version {}: {}", manifest.name, manifest.version, manifest.summary));
    line(&mut text, "classes", &folder.labels.len().to_string());
    let rate = manifest.front_end.sample_rate();
    line(&mut text, "rate", &format!("{rate} Hz, a score every {}", hops.join(" or ")));
    line(&mut text, "licence", &format!("{} ({})", manifest.licence, manifest.attribution));
    match Detector::load(folder, &DetectorOptions::default()) {
        Ok(detector) => {
            let report = detector.report();
            line(&mut text, "runtime", &format!("{}, {}, passes the self-check", report.runtime, report.device));
            report.notes.iter().for_each(|note| line(&mut text, "note", note));
        }
        Err(error) => line(&mut text, "error", &error.to_string()),
    }
    if let Some(variant) = &folder.variant {
        variant.lines().iter().for_each(|(word, told)| line(&mut text, word, told));
    }
    line(&mut text, "path", &folder.path.display().to_string());
    if let Some(origin) = origin {
        line(&mut text, "from", &format!("{}, {}", origin.address, DecimalBytes(origin.bytes)));
        let known = if origin.is_checked { "as published" } else { "as it came; none is published" };
        line(&mut text, "SHA-256", &format!("{} ({known})", origin.sha256));
    }
    text
}

fn not_installed(published: &Published) -> String {
    let mut text = format!("{}\n", published.name);
    match &published.checkpoint {
        Some(checkpoint) => {
            line(&mut text, "installed", &format!("no; `earmark model get {}` downloads it", published.name));
            line(&mut text, "address", checkpoint.address);
            line(&mut text, "licence", &format!("{} (copyright 2024 Florian Schmid)", checkpoint.licence));
            if let Some(bytes) = checkpoint.bytes {
                line(&mut text, "size", &DecimalBytes(bytes).to_string());
            }
            line(&mut text, "SHA-256", checkpoint.sha256.unwrap_or("not published; that of what comes is noted"));
        }
        None => line(&mut text, "installed", "no, and it cannot be: the authors released no checkpoint"),
    }
    text
}

/// What the authors say of it.
fn numbers(published: &Published) -> String {
    let mut text = "  As published\n".to_owned();
    let training = match published.training {
        Training::Strong => "AudioSet Strong, 447 classes by frame",
        Training::AdvancedDistillation => "AudioSet Weak and Strong, taught by a transformer; 447 classes by frame",
        Training::Weak => "AudioSet Weak, 527 tags of whole clips",
    };
    line(&mut text, "network", &published.network());
    line(&mut text, "training", training);
    if let Some(score) = published.psds1 {
        let from = if published.psds1_is_read_off { ", read off a figure" } else { "" };
        line(&mut text, "PSDS1", &format!("{score:.2}{from}"));
    }
    if let Some(parameters) = published.parameters {
        let exact = if parameters.step == 1 { format!("{} = ", parameters.value) } else { String::new() };
        line(&mut text, "parameters", &format!("{exact}{}, both heads included", in_millions(parameters)));
    }
    if let Some(macs) = published.macs {
        line(&mut text, "MACs", &macs_text(published, macs));
    }
    if let Some((lowest, highest)) = published.clips_per_sec {
        let range = if lowest < highest { format!("{lowest:.0} to {highest:.0}") } else { format!("{lowest:.0}") };
        line(
            &mut text,
            "speed",
            &format!("{range} clips of 10 s a second, read off a figure; on which device is not said"),
        );
    }
    if !published.remark.is_empty() {
        line(&mut text, "remark", published.remark);
    }
    if published.psds1.is_some() {
        line(&mut text, "", PSDS1_MEANING);
    }
    text
}

fn macs_text(published: &Published, macs: Quantity) -> String {
    let mut text = format!("{} for 10 s, as the paper counts", in_billions(macs));
    if let Some(more) = published.macs_not_counted {
        let _ = write!(text, "; {} of the recurrence come on top", in_billions(more));
    }
    if let Some(once) = published.macs_counted_once {
        let _ = write!(text, ", some twice; {} without that", in_billions(once));
    }
    text
}
