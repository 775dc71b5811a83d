//! Calling apt-get with the rights it needs, and showing how far it is. What to install is not decided here.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, Stdio};

use crate::process::{self, Failure};
use crate::steps::Step;

/// Lines of apt-get's output to show when it fails.
const SHOWN_LINES: usize = 20;

/// Installs packages. The error is one sentence without a full stop that says why it could not be done.
pub fn install(names: &[&str], step: &mut Step) -> Result<(), Failure> {
    let mut arguments = vec!["install", "--no-install-recommends"];
    arguments.extend(names);
    // A fresh image has no package lists; old lists name versions that are gone. Update only then: it needs the network.
    let has_lists = std::fs::read_dir("/var/lib/apt/lists")
        .is_ok_and(|lists| lists.flatten().any(|list| list.file_name().to_string_lossy().contains("_Packages")));
    if has_lists && apt_get(&arguments, step)? {
        return Ok(());
    }
    if !apt_get(&["update"], step)? {
        return Err(Failure::new("apt-get could not read the lists of packages, see above"));
    }
    if apt_get(&arguments, step)? { Ok(()) } else { Err(Failure::new("apt-get could not install them, see above")) }
}

/// What the user types to install them by hand.
pub fn typed_install(names: &[&str]) -> String {
    let install = format!("apt-get install --no-install-recommends {}", names.join(" "));
    if is_root() {
        install
    } else if process::is_on_path("sudo") {
        format!("sudo {install}")
    } else {
        format!("su -c '{install}'")
    }
}

/// Runs apt-get as root; `false` if it failed, an error if it may not be run.
fn apt_get(arguments: &[&str], step: &mut Step) -> Result<bool, Failure> {
    let mut command = if is_root() { Command::new("env") } else { sudo(step)? };
    // Variables go through `env`, since sudo drops them, and the status has a descriptor of its own, since packages'
    // scripts fail to write to a standard output that is dpkg's status too. Both are read from one pipe here.
    command.args(["DEBIAN_FRONTEND=noninteractive", "sh", "-c", "exec apt-get \"$@\" 3>&1 2>&1", "apt-get"]);
    // A machine just started may still be updating itself: wait for that.
    command.args(["-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Status-Fd=3", "-o", "Dpkg::Use-Pty=0"]);
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let cannot = |error| Failure::new(format!("apt-get could not be started: {error}"));
    let mut child = command.spawn().map_err(cannot)?;
    let fetching = if arguments == ["update"] { "reading the lists of packages" } else { "downloading" };
    let output = child.stdout.take().map(BufReader::new);
    let last_lines = output.map(|output| show_progress(output, fetching, step)).unwrap_or_default();
    let has_succeeded = child.wait().map_err(cannot)?.success();
    if !has_succeeded {
        last_lines.iter().for_each(|line| step.says(line));
    }
    Ok(has_succeeded)
}

/// Shows apt-get's progress until its output ends, downloads as `fetching`, and returns the last lines of what else it printed.
fn show_progress(output: impl BufRead, fetching: &str, step: &mut Step) -> VecDeque<String> {
    let mut other_lines = VecDeque::new();
    let mut shown = String::new();
    let is_terminal = std::io::stdout().is_terminal();
    for line in output.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let Some((activity, percent)) = progress_in(&line, fetching) else {
            if other_lines.len() == SHOWN_LINES {
                other_lines.pop_front();
            }
            other_lines.push_back(line.into_owned());
            continue;
        };
        // A log has no use for every percent.
        let percent = if is_terminal { percent } else { percent / 25 * 25 };
        let text = format!("{activity}: {percent} %");
        if text != shown {
            if is_terminal {
                step.shows(&text);
            } else {
                step.says(&text);
            }
            shown = text;
        }
    }
    step.clears();
    other_lines
}

/// Reads a line of apt's status protocol: `dlstatus:FILE:PERCENT:TEXT` or `pmstatus:PACKAGE:PERCENT:TEXT`.
fn progress_in<'a>(line: &str, fetching: &'a str) -> Option<(&'a str, u32)> {
    let (kind, rest) = line.split_once(':')?;
    let activity = match kind {
        "dlstatus" => fetching,
        "pmstatus" => "installing",
        _ => return None,
    };
    // A package's name may hold a colon with its architecture, so the first number is the one.
    let percent = rest.split(':').skip(1).find_map(|field| field.parse::<f64>().ok())?;
    Some((activity, percent.clamp(0.0, 100.0) as u32))
}

fn sudo(step: &mut Step) -> Result<Command, Failure> {
    if !process::is_on_path("sudo") {
        return Err(Failure::new("installing needs the system administrator, and there is no sudo"));
    }
    let mut command = Command::new("sudo");
    if process::output(Command::new("sudo").args(["-n", "true"])).is_some() {
        command.arg("-n");
    } else if std::io::stdin().is_terminal() {
        step.says("sudo asks for your password");
    } else {
        return Err(Failure::new("installing needs the system administrator, and sudo cannot ask for a password here"));
    }
    command.arg("env");
    Ok(command)
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_status_lines_are_read() {
        let progress = |line| progress_in(line, "downloading");
        assert_eq!(progress("dlstatus:3:57.9123:Retrieving file 3 of 89"), Some(("downloading", 57)));
        assert_eq!(progress("pmstatus:libx11-6:amd64:31.25:Unpacking libx11-6 (amd64)"), Some(("installing", 31)));
        assert_eq!(progress("pmstatus:dpkg-exec:0.0000:Running dpkg"), Some(("installing", 0)));
        assert_eq!(progress("Setting up cmake (3.25.1-1) ..."), None);
        assert_eq!(progress("pmstatus:broken"), None);
    }

    #[test]
    fn what_apt_said_last_is_kept_for_a_failure() {
        let output: String = (0..50).map(|number| format!("line {number}\n")).collect();
        let lines = show_progress(output.as_bytes(), "downloading", &mut crate::steps::Steps::new(1).begin("Test"));
        assert_eq!(lines.len(), SHOWN_LINES);
        assert_eq!(lines.back().map(String::as_str), Some("line 49"));
    }
}
