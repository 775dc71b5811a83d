//! `earmark model remove`: takes a downloaded or imported model away.

use crate::model::installed;
use crate::model::registry;
use anyhow::bail;
use indicatif::DecimalBytes;
use std::process::ExitCode;

/// Remove models that were downloaded or imported
///
/// Only models in your data folder are removed, without asking; those that come with Earmark, and those in the folders of EARMARK_MODELS, never.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Names as `earmark model list` shows them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut is_done = true;
    for name in &arguments.names {
        if let Err(error) = remove(name) {
            eprintln!("error: {error}");
            is_done = false;
        }
    }
    Ok(if is_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn remove(name: &str) -> anyhow::Result<()> {
    let user_folder = registry::user_folder();
    // The user's own goes before one of the same name elsewhere, which hides it in the list.
    let own = user_folder.iter().flat_map(|folder| registry::list_in(std::slice::from_ref(folder)));
    let model = match own.chain(registry::list()).find(|model| model.id.eq_ignore_ascii_case(name)) {
        Some(model) => model,
        None => match registry::find(name) {
            Ok(folder) => bail!("\"{name}\" is the model in {}: ask for it as {}", folder.path.display(), folder.id),
            Err(error) => return Err(error.into()),
        },
    };
    let removed = installed::remove(&model.id, &model.path, user_folder.as_deref())?;
    eprintln!("removed {}: {}, {}", model.id, removed.path.display(), DecimalBytes(removed.bytes));
    Ok(())
}
