//! `earmark model list`, also `earmark models`: what is installed and what can be downloaded.

use super::super::table::{Align, aligned};
use super::super::write_stdout;
use super::{in_billions, in_millions};
use crate::model::catalogue::{self, PSDS1_MEANING, Published, Training};
use crate::model::registry::{self, ListedModel};
use std::process::ExitCode;

/// List the models that are installed and those that can be downloaded, or the classes of one
///
/// `earmark model info NAME` says more of each, and what runs it on this machine.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Only what is installed
    #[arg(long, conflicts_with = "available")]
    installed: bool,
    /// Only what can be downloaded and is not installed
    #[arg(long)]
    available: bool,
    /// Print the classes of this model, one a line
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["installed", "available"])]
    classes: Option<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(name) = &arguments.classes {
        let folder = registry::find(name)?;
        write_stdout(&folder.labels.iter().fold(String::new(), |text, label| text + &label.name + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let models = registry::list();
    let mut parts = Vec::new();
    if !arguments.available {
        parts.push(installed_table(&models));
    }
    if !arguments.installed {
        parts.push(published_table(&models, arguments.available));
    }
    write_stdout(&parts.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn installed_table(models: &[ListedModel]) -> String {
    if models.is_empty() {
        let places: Vec<String> = registry::search_paths().iter().map(|path| path.display().to_string()).collect();
        return format!("No model is installed in {}.\n", places.join(", "));
    }
    let mut rows = vec![["name", "classes", "licence", "what it is"].map(str::to_owned).to_vec()];
    rows.extend(models.iter().map(|model| match &model.folder {
        Ok(folder) => vec![
            model.id.clone(),
            folder.labels.len().to_string(),
            folder.manifest.licence.clone(),
            folder.manifest.summary.clone(),
        ],
        Err(error) => vec![model.id.clone(), "?".to_owned(), "?".to_owned(), format!("cannot be used: {error}")],
    }));
    format!("Installed\n{}", aligned(&[Align::Left, Align::Right, Align::Left, Align::Left], &rows))
}

fn published_table(models: &[ListedModel], only_missing: bool) -> String {
    let is_installed =
        |published: &Published| models.iter().any(|model| model.id == published.name && model.folder.is_ok());
    let shown = catalogue::published().iter().filter(|published| published.is_released());
    let shown: Vec<&Published> = shown.filter(|published| !(only_missing && is_installed(published))).collect();
    let number = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let mut rows = vec![["name", "PSDS1", "parameters", "MACs", "installed", "remark"].map(str::to_owned).to_vec()];
    rows.extend(shown.iter().map(|published| {
        let mark = if is_installed(published) { "yes" } else { "" };
        vec![
            published.name.to_owned(),
            number(published.psds1.map(|score| format!("{score:.2}"))),
            number(published.parameters.map(in_millions)),
            number(published.macs.map(in_billions)),
            mark.to_owned(),
            remark(published),
        ]
    }));
    let columns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left, Align::Left];
    format!(
        "Published, for `earmark model get NAME` (MIT, the EfficientSED authors)\n{}\n{PSDS1_MEANING}\nMACs are for a clip of 10 s, as the \
         paper counts them: a GRU's recurrence is left out.\n",
        aligned(&columns, &rows)
    )
}

/// The remark in the table, where a line must do.
fn remark(published: &Published) -> String {
    match published.training {
        Training::Weak => "for training only: clip tags, no frame-wise classes".to_owned(),
        Training::Strong | Training::AdvancedDistillation => published.remark.to_owned(),
    }
}
