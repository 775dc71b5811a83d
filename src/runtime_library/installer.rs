//! Finding a Python package installer and asking it for one wheel, unpacked into a folder.
//!
//! The installer knows the user's registry, proxy and certificates, so this file names none and speaks no HTTP. Nothing is called here but
//! to see whether it answers.

use std::path::Path;
use std::process::{Command, Stdio};

/// Ways to call an installer, most usual first.
const CANDIDATES: &[&[&str]] =
    &[&["python3", "-m", "pip"], &["python", "-m", "pip"], &["py", "-m", "pip"], &["pip3"], &["pip"], &["uv", "pip"]];

/// One wheel of a package for one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// The platform tag as pip has it, such as `manylinux_2_28_x86_64`.
    pub pip_platform: &'static str,
    /// The same platform in uv's words.
    pub uv_platform: &'static str,
    /// Hex digits, 64 of them.
    pub sha256: &'static str,
}

/// An installer that answers on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pip(&'static [&'static str]);

/// The first installer that can be called.
pub fn find() -> Option<Pip> {
    // Not `--version`, which uv does not know.
    let answers = |words: &&&[&str]| {
        let mut command = command(words);
        command.arg("--help").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    CANDIDATES.iter().find(answers).map(|words| Pip(words))
}

impl Pip {
    /// How it is typed, for messages.
    pub fn typed(self) -> String {
        self.0.join(" ")
    }

    /// The call that unpacks `wheel` into `target`. `requirements` pins its version and checksum.
    ///
    /// The platform and Python version are given, so that the result is the same one whichever Python calls.
    pub fn unpacking(self, wheel: &Wheel, requirements: &Path, target: &Path) -> Command {
        let mut command = command(self.0);
        command.args(["install", "--no-deps", "--only-binary", ":all:", "--require-hashes"]);
        command.arg("--target").arg(target).arg("--requirement").arg(requirements);
        if self.0.contains(&"uv") {
            command.args(["--python-version", "3.12", "--python-platform", wheel.uv_platform]);
            command.env("UV_PYTHON_DOWNLOADS", "never");
        } else {
            command.args(["--no-compile", "--retries", "2", "--platform", wheel.pip_platform]);
            command.args(["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"]);
            // Unlike options, variables that an older pip does not know are no error.
            command.env("PIP_ROOT_USER_ACTION", "ignore").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
            // A user's own defaults that do not go together with a target folder.
            command.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0");
        }
        command.stdin(Stdio::null());
        command
    }
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1));
    command
}
