//! The system packages Earmark needs: which are missing, and installing them on Debian and Ubuntu.

use std::process::{Command, Stdio};

use crate::apt;
use crate::process::{self, Failure};
use crate::steps::{Step, Steps};
use crate::system::System;

/// What the machine is made ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Run,
    Test,
}

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Without it the build fails.
    Build,
    /// Without it no window opens, or one that is drawn more slowly.
    Window,
    /// Only the tests of the real window use it.
    Tests,
    /// It fetches the ONNX Runtime library.
    Fetch,
}

/// A Debian package; one that is wanted for a program is not needed where that program came by another way.
#[derive(Debug)]
struct Package {
    name: &'static str,
    program: Option<&'static str>,
    need: Need,
}

const fn tool(name: &'static str, program: &'static str, need: Need) -> Package {
    Package { name, program: Some(program), need }
}

const fn library(name: &'static str, need: Need) -> Package {
    Package { name, program: None, need }
}

/// Names that are the same in all supported releases. The sound library has two (`libasound2`, `libasound2t64`), but
/// its headers depend on the right one. The window's libraries are loaded at run time and need no headers.
const PACKAGES: &[Package] = &[
    tool("gcc", "cc", Need::Build),
    library("libc6-dev", Need::Build),
    tool("make", "make", Need::Build),
    tool("cmake", "cmake", Need::Build),
    tool("pkg-config", "pkg-config", Need::Build),
    library("libasound2-dev", Need::Build),
    library("libx11-6", Need::Window),
    library("libx11-xcb1", Need::Window),
    library("libxcursor1", Need::Window),
    library("libxi6", Need::Window),
    library("libxrandr2", Need::Window),
    library("libxkbcommon-x11-0", Need::Window),
    library("libegl1", Need::Window),
    library("libgl1", Need::Window),
    library("libvulkan1", Need::Window),
    library("mesa-vulkan-drivers", Need::Window),
    tool("xvfb", "Xvfb", Need::Tests),
    tool("xauth", "xauth", Need::Tests),
    tool("xdotool", "xdotool", Need::Tests),
    tool("scrot", "scrot", Need::Tests),
    library("python3-pip", Need::Fetch),
];

/// The packages wanted for one task.
pub struct Packages {
    wanted: Vec<&'static Package>,
    purpose: Purpose,
}

impl Packages {
    /// Those for `purpose`, and pip where nothing else can fetch the library.
    pub fn wanted(purpose: Purpose, with_pip: bool) -> Self {
        let wanted = PACKAGES.iter().filter(|package| match package.need {
            Need::Build | Need::Window => true,
            Need::Tests => purpose == Purpose::Test,
            Need::Fetch => with_pip,
        });
        Self { wanted: wanted.collect(), purpose }
    }

    /// Installs what is missing, or says what to install. Fails only if the build could not succeed without it.
    pub fn ensure(&self, steps: &mut Steps) -> Result<(), Failure> {
        let mut step = steps.begin("System packages");
        match System::detect() {
            System::Debian => self.ensure_on_debian(&mut step),
            other => self.check_elsewhere(other, &mut step),
        }
    }

    fn ensure_on_debian(&self, step: &mut Step) -> Result<(), Failure> {
        let missing = self.missing();
        if missing.is_empty() {
            step.says("already there");
            return Ok(());
        }
        step.says(&format!("installing {}", names(&missing)));
        let reason = match apt::install(&names_of(&missing), step) {
            Ok(()) => "apt-get did not install all of them".to_owned(),
            Err(failure) => failure.to_string(),
        };
        let missing = self.missing();
        if missing.is_empty() {
            step.ends("Installed");
            return Ok(());
        }
        let advice = format!("{reason}. Please type:\n{}", apt::typed_install(&names_of(&missing)));
        if missing.iter().any(|package| package.need == Need::Build) {
            return Err(Failure::new(advice));
        }
        step.says(&format!("Going on without {}: {advice}", names(&missing)));
        Ok(())
    }

    fn check_elsewhere(&self, system: System, step: &mut Step) -> Result<(), Failure> {
        let missing = system.missing_build_tools();
        if missing.is_empty() {
            step.says("the build tools are there");
            return Ok(());
        }
        let missing = missing.join(", ");
        step.says(&format!("missing: {missing}"));
        let advice = system.how_to_install(self.purpose);
        Err(Failure::new(format!("{missing} must be installed first:\n{advice}\nThen run this again.")))
    }

    fn missing(&self) -> Vec<&'static Package> {
        let installed = installed_of(&self.wanted);
        let is_missing = |package: &&Package| {
            !package.program.is_some_and(process::is_on_path) && !installed.iter().any(|name| name == package.name)
        };
        self.wanted.iter().copied().filter(is_missing).collect()
    }
}

/// The names among `packages` that dpkg has fully installed.
fn installed_of(packages: &[&Package]) -> Vec<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Abbrev}\t${Package}\n"]);
    query.args(packages.iter().map(|package| package.name));
    // It exits with 1 as soon as one of them is unknown, and lists the others all the same.
    let listing = query.stdin(Stdio::null()).stderr(Stdio::null()).output();
    listing.map_or_else(|_| Vec::new(), |listing| installed_in(&String::from_utf8_lossy(&listing.stdout)))
}

fn installed_in(listing: &str) -> Vec<String> {
    let lines = listing.lines().filter_map(|line| line.split_once('\t'));
    // The first letter is what is wanted (installed, held), the second what is.
    lines.filter(|(status, _)| status.as_bytes().get(1) == Some(&b'i')).map(|(_, name)| name.to_owned()).collect()
}

fn names_of(packages: &[&Package]) -> Vec<&'static str> {
    packages.iter().map(|package| package.name).collect()
}

fn names(packages: &[&Package]) -> String {
    names_of(packages).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fully_installed_packages_count() {
        let listing = "ii \tcmake\nrc \tscrot\nun \txvfb\niU \tmake\nhi \tlibegl1\n";
        assert_eq!(installed_in(listing), ["cmake", "libegl1"]);
    }

    #[test]
    fn the_tests_want_more_than_the_program_and_pip_only_when_nothing_else_fetches() {
        let names_for = |purpose, with_pip| names(&Packages::wanted(purpose, with_pip).wanted);
        assert!(!names_for(Purpose::Run, false).contains("xdotool"));
        assert!(names_for(Purpose::Test, false).contains("xdotool"));
        assert!(!names_for(Purpose::Test, false).contains("pip"));
        assert!(names_for(Purpose::Run, true).contains("python3-pip"));
    }
}
