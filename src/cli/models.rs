//! `earmark models`: which models there are, what they need, and what runs them here.

use super::write_stdout;
use crate::model::registry::{self, ListedModel};
use crate::model::{Detector, DetectorOptions, ModelFolder};
use std::fmt::Write as _;
use std::process::ExitCode;

/// List the models, or the classes of one
///
/// Models are folders with a model.toml. They are looked for in the folders of EARMARK_MODELS, beside the program, in its share/earmark/models,
/// and in the user's data folder.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print the classes of this model, one a line
    #[arg(long, value_name = "MODEL")]
    classes: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = match &arguments.classes {
        Some(name) => class_list(&registry::find(name)?),
        None => registry::list().iter().map(describe).collect(),
    };
    if text.is_empty() {
        let places: Vec<String> = registry::search_paths().iter().map(|path| path.display().to_string()).collect();
        anyhow::bail!("no models in {}", places.join(", "));
    }
    write_stdout(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn class_list(folder: &ModelFolder) -> String {
    folder.labels.iter().fold(String::new(), |text, label| text + &label.name + "\n")
}

fn describe(listed: &ListedModel) -> String {
    let mut text = format!("{}\n", listed.id);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<9} {value}");
    };
    match &listed.folder {
        Ok(folder) => {
            let manifest = &folder.manifest;
            let hops: Vec<String> = manifest.hop_choices_secs.iter().map(|secs| format!("{secs} s")).collect();
            line("name", &format!("{}, version {}: {}", manifest.name, manifest.version, manifest.summary));
            line("classes", &folder.labels.len().to_string());
            line("rate", &format!("{} Hz, a score every {}", manifest.front_end.sample_rate(), hops.join(" or ")));
            line("licence", &format!("{} ({})", manifest.licence, manifest.attribution));
            match Detector::load(folder, &DetectorOptions::default()) {
                Ok(detector) => {
                    let report = detector.report();
                    line("runtime", &format!("{}, {}, passes the self-check", report.runtime, report.device));
                    report.notes.iter().for_each(|note| line("note", note));
                }
                Err(error) => line("error", &error.to_string()),
            }
        }
        Err(error) => line("error", &error.to_string()),
    }
    line("path", &listed.path.display().to_string());
    text
}
