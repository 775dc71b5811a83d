//! The helper's command line and its help text. Reads arguments only; does nothing.

use std::ffi::OsString;

pub const HELP: &str = "\
Sets up, starts and tests Earmark. It needs only Rust and a C linker.

Usage:
  cargo xtask run [--gpu] [FILES…] [-- OPTIONS…]
                                           Set up, build and start Earmark with these recordings.
                                           Without files it opens the bundled example.
                                           What follows `--` is passed on to the program.
  cargo xtask test [-- OPTIONS…]           Set up, then check formatting, lints, tests and the real
                                           window. What follows `--` is passed on to `cargo test`.
  cargo xtask setup [--gpu]                Set up and stop there.

With --gpu it fetches what runs models on graphics processors of any maker too (WebGPU, 7 to 16 MB).

The set-up installs missing system packages on Debian and Ubuntu (with sudo; elsewhere it names them),
and fetches the ONNX Runtime library (25 MB, checksum verified) into your cache folder. What is there is
left alone, so it can be run again at any time, and without a network once it has succeeded.

The first build takes about ten minutes on two processor cores, later ones seconds.

Environment:
  ORT_DYLIB_PATH     An ONNX Runtime library (1.23 or newer) to use; nothing is fetched then.
  CARGO_TARGET_DIR   Where to build, as for cargo.";

/// What the helper is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    Help,
    SetUp { with_gpu: bool },
    Run { files: Vec<OsString>, passed_on: Vec<OsString>, with_gpu: bool },
    Test { passed_on: Vec<OsString> },
}

/// Reads the arguments after the helper's own name. An error is one sentence for the user.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut own: Vec<OsString> = arguments.collect();
    let passed_on = match own.iter().position(|argument| argument == "--") {
        Some(separator) => {
            let rest = own.split_off(separator + 1);
            own.pop();
            rest
        }
        None => Vec::new(),
    };
    if own.iter().any(|argument| argument == "--help" || argument == "-h") {
        return Ok(Task::Help);
    }
    let before = own.len();
    own.retain(|argument| argument != "--gpu");
    let with_gpu = own.len() < before;
    if let Some(option) = own.iter().find(|argument| argument.to_string_lossy().starts_with('-')) {
        return Err(format!("Unknown option {}. Options for the program go after `--`.", option.display()));
    }
    let mut own = own.into_iter();
    let Some(task) = own.next() else { return Ok(Task::Help) };
    let rest: Vec<OsString> = own.collect();
    match (task.to_string_lossy().as_ref(), rest.first()) {
        ("help", _) => Ok(Task::Help),
        ("run", _) => Ok(Task::Run { files: rest, passed_on, with_gpu }),
        ("test", None) if with_gpu => Err("`--gpu` goes with run and setup: test fetches it by itself.".to_owned()),
        ("test", None) => Ok(Task::Test { passed_on }),
        ("setup", None) => Ok(Task::SetUp { with_gpu }),
        ("test", Some(extra)) => {
            Err(format!("Unexpected `{0}`. For one test: cargo xtask test -- {0}", extra.display()))
        }
        ("setup", Some(extra)) => Err(format!("Unexpected `{}`: setup takes --gpu only.", extra.display())),
        (unknown, _) => Err(format!("Unknown task `{unknown}`. There are run, test and setup.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Task, String> {
        parse(words.split_whitespace().map(OsString::from))
    }

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn files_go_before_and_the_programs_options_after_the_separator() {
        assert_eq!(
            parse_words("run a.wav b.flac -- --model yamnet --help"),
            Ok(Task::Run {
                files: words(&["a.wav", "b.flac"]),
                passed_on: words(&["--model", "yamnet", "--help"]),
                with_gpu: false
            })
        );
        assert_eq!(parse_words("run"), Ok(Task::Run { files: vec![], passed_on: vec![], with_gpu: false }));
        assert_eq!(
            parse_words("run --gpu a.wav -- --gpu"),
            Ok(Task::Run { files: words(&["a.wav"]), passed_on: words(&["--gpu"]), with_gpu: true })
        );
        assert_eq!(parse_words("setup --gpu"), Ok(Task::SetUp { with_gpu: true }));
        assert_eq!(parse_words("test -- model"), Ok(Task::Test { passed_on: words(&["model"]) }));
        assert_eq!(parse_words("setup"), Ok(Task::SetUp { with_gpu: false }));
    }

    #[test]
    fn nothing_and_every_spelling_of_help_is_help() {
        for arguments in ["", "help", "--help", "-h", "run --help", "run a.wav -h"] {
            assert_eq!(parse_words(arguments), Ok(Task::Help), "{arguments}");
        }
    }

    #[test]
    fn mistakes_are_refused_with_the_way_out() {
        assert!(parse_words("run --release").is_err_and(|message| message.contains("after `--`")));
        assert!(parse_words("test model").is_err_and(|message| message.contains("cargo xtask test -- model")));
        assert!(parse_words("install").is_err_and(|message| message.contains("run, test and setup")));
        assert!(parse_words("setup now").is_err() && parse_words("test --gpu").is_err());
    }
}
