//! Getting GPU support on the command line, for `earmark devices --get`.

use super::progress::DownloadProgress;
use crate::model::devices;
use crate::model::gpu_support::{self, Stage, Support, Way};
use crate::work::{CancelToken, get_gpu_support, gpu_found_text, try_gpu_support};
use anyhow::{Context, bail};
use indicatif::DecimalBytes;
use std::path::Path;

/// Gets what `what` names: `webgpu`, `cuda`, or a wheel by its path.
pub(super) fn get(what: &str) -> anyhow::Result<()> {
    let is_cancelled = stop_token()?;
    let is_cancelled = || is_cancelled.is_cancelled();
    let Some(support) = Support::ALL.into_iter().find(|support| support.word().eq_ignore_ascii_case(what)) else {
        let path = Path::new(what);
        if !path.exists() {
            bail!("\"{what}\" is neither webgpu nor cuda nor a file that exists");
        }
        let support = gpu_support::take(path, &is_cancelled)?;
        say_done(support);
        return Ok(());
    };
    let (release, folder, way) = (support.release()?, support.folder()?, Way::find()?);
    if way == Way::ByHand {
        return Ok(get_gpu_support(support, &mut |_| (), &is_cancelled)?);
    }
    eprintln!(
        "{} {} ({}, {}) from {}",
        release.package,
        release.version,
        DecimalBytes(release.bytes),
        release.licence,
        way.text()
    );
    eprintln!("  to {}", folder.display());
    let progress = DownloadProgress::new(release.package);
    let mut report = |stage| match stage {
        Stage::Fetching(at) => progress.set(&at),
        Stage::Unpacking => progress.unpacking(),
        Stage::Asking | Stage::Installing | Stage::Trying => {}
    };
    let result = get_gpu_support(support, &mut report, &is_cancelled);
    progress.finish();
    result?;
    say_done(support);
    Ok(())
}

/// Ctrl+C stops in an orderly way: what has arrived is kept.
fn stop_token() -> anyhow::Result<CancelToken> {
    let token = CancelToken::default();
    let stopped = token.clone();
    ctrlc::set_handler(move || stopped.cancel()).context("Ctrl+C cannot be handled")?;
    Ok(token)
}

/// What it is good for is tried at once: a provider is listed also where no driver is.
fn say_done(support: Support) {
    let list = devices::list();
    eprintln!("{}", gpu_found_text(support, &list, try_gpu_support(support, &list).as_ref()));
}
