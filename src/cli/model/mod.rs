//! `earmark model`: which models there are, getting one, knowing one, taking one away, making one of a checkpoint or a variant of another, measuring what they cost. One file a subcommand.

mod bench;
mod describe;
mod get;
mod import;
pub(super) mod list;
mod remove;
mod variant;

use crate::model::catalogue::Quantity;
use clap::Subcommand;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model list                             Installed and published models
  earmark model get fmn10+tf-256                 Download a published model
  earmark detect street.wav --model fmn10+tf-256_strong
                                                 Use it
  earmark model info fmn10+tf-256_strong         What it is, what runs it here, where it came from
  earmark model import my_model.pt               Make a model of your own checkpoint
  earmark model variant yamnet --int8            Make a smaller one of it, and say what that changes
  earmark model bench fmn10+tf-256_strong        What it costs, and how fast it is here
  earmark model remove fmn10+tf-256_strong       Take it away again

Models are folders with a model.toml. They are looked for in the folders of EARMARK_MODELS, beside the program, \
in its share/earmark/models, and in your data folder, where `get` and `import` put them. EARMARK_DATA names another \
data folder. EARMARK_MODEL_SOURCE names an address that holds copies of the published checkpoints (a mirror).";

/// List, download, describe, import, vary, measure and remove models
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::Arguments),
    Get(get::Arguments),
    Info(describe::Arguments),
    Remove(remove::Arguments),
    Import(import::Arguments),
    Variant(variant::Arguments),
    Bench(bench::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::List(list) => list::run(list),
        Command::Get(get) => get::run(get),
        Command::Info(info) => describe::run(info),
        Command::Remove(remove) => remove::run(remove),
        Command::Import(import) => import::run(import),
        Command::Variant(variant) => variant::run(variant),
        Command::Bench(bench) => bench::run(bench),
    }
}

/// Parameters in millions: `3.831 M`.
fn in_millions(quantity: Quantity) -> String {
    format!("{:.3} M", quantity.value as f64 / 1e6)
}

/// Operations in thousand millions: `1.055 G`, with no more digits than are known.
fn in_billions(quantity: Quantity) -> String {
    let decimals = if quantity.step > 1_000_000 { 2 } else { 3 };
    format!("{:.decimals$} G", quantity.value as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_the_digits_that_are_known() {
        assert_eq!(in_millions(Quantity { value: 860_318, step: 1 }), "0.860 M");
        assert_eq!(in_billions(Quantity { value: 1_055_000_000, step: 1_000_000 }), "1.055 G");
        assert_eq!(in_billions(Quantity { value: 34_330_000_000, step: 10_000_000 }), "34.33 G");
    }
}
