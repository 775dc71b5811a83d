//! Rules of the repository that no compiler checks: which module may import which, what a file begins with, how long it
//! may be, and words that must not stand in it. The rules are those of `src/ARCHITECTURE.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The layer of every module directly under `src`. A module imports only from its own layer or a lower one.
const LAYERS: &[(&str, u8)] = &[
    ("annotation", 0),
    ("decision", 0),
    ("dsp", 0),
    ("metric", 0),
    ("onnx", 0),
    ("plot", 0),
    ("spectrogram", 0),
    ("time", 0),
    ("audio", 1),
    ("checkpoint", 1),
    ("format", 1),
    ("model", 1),
    ("picture_cache", 1),
    ("project", 1),
    ("runtime_library", 1),
    ("train", 1),
    ("zoo", 1),
    ("playback", 2),
    ("work", 2),
    ("app", 3),
    ("bin", 3),
    ("cli", 3),
    ("main", 3),
    ("ui", 3),
];

/// Words that say nothing about what a file holds.
const EMPTY_WORDS: &[&str] =
    &["chunk", "data", "helper", "helpers", "info", "item", "items", "manager", "util", "utils"];

const MOST_LINES: usize = 700;

/// A file of the repository: its path from the root with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_in_src(&self) -> bool {
        self.path.starts_with("src/") && self.is_rust()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file that is or would be under version control.
fn sources() -> Vec<Source> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let paths: BTreeSet<String> = match listing {
        Ok(listing) if listing.status.success() => {
            String::from_utf8_lossy(&listing.stdout).split_terminator('\0').map(str::to_owned).collect()
        }
        // An unpacked archive without history.
        _ => walk(&root()).into_iter().collect(),
    };
    let sources: Vec<Source> = paths
        .into_iter()
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(root().join(&path)).ok()?).ok()?;
            (!text.contains('\0')).then_some(Source { path, text })
        })
        .collect();
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the listing of files does not work");
    sources
}

fn walk(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if path != root().join("target") && path != root().join(".git") {
                paths.extend(walk(&path));
            }
        } else {
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
            paths.push(path.replace('\\', "/"));
        }
    }
    paths
}

/// Fails with every finding at once.
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

/// The lines of code, numbered from 1, without those that are only comments and without the unit tests at the foot.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The module directly under `src` that a file belongs to; none for the root of the library.
fn module_of(path: &str) -> Option<&str> {
    let first = path.strip_prefix("src/")?.split('/').next()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib").then_some(module)
}

fn layer_of(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

fn is_identifier(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The modules directly under the crate's root that `text` names through `prefix` (`crate::`), with their lines:
/// `crate::time::Span`, and both of `crate::{time, audio::{Probe, open}}`.
fn modules_named(text: &str, prefix: &str) -> Vec<(usize, String)> {
    // Positions must stay those of the text, so comments are blanked, not removed.
    let code: String =
        text.split_inclusive('\n').map(|line| if line.trim_start().starts_with("//") { "\n" } else { line }).collect();
    let mut named = Vec::new();
    for (position, _) in code.match_indices(prefix) {
        let before = code.get(..position).unwrap_or_default();
        if before.ends_with(is_identifier) || before.ends_with(':') {
            continue;
        }
        let line = before.matches('\n').count() + 1;
        let rest = code.get(position + prefix.len()..).unwrap_or_default();
        named.extend(first_names(rest).into_iter().map(|name| (line, name)));
    }
    named
}

/// The first name of a path, or of each path of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![rest.chars().take_while(|character| is_identifier(*character)).collect()];
    };
    let (mut names, mut depth, mut current, mut is_first) = (Vec::new(), 1, String::new(), true);
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        let ends_path = depth == 0 || (depth == 1 && character == ',');
        if ends_path {
            names.extend(Some(std::mem::take(&mut current)).filter(|name| !name.is_empty()));
            is_first = true;
        } else if is_identifier(character) && is_first {
            current.push(character);
        } else if !character.is_whitespace() {
            is_first = false;
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Imports of a file from a layer above its own, as messages.
fn upward_edges(path: &str, text: &str) -> Vec<String> {
    let Some(own) = module_of(path) else { return Vec::new() };
    let Some(own_layer) = layer_of(own) else {
        return vec![format!("{path}: give the module `{own}` a layer here and in src/ARCHITECTURE.md")];
    };
    let prefixes = ["crate::", "earmark::", "super::super::"];
    let named = prefixes.iter().flat_map(|prefix| modules_named(text, prefix));
    named
        .filter(|(_, module)| layer_of(module).is_some_and(|layer| layer > own_layer))
        .map(|(line, module)| format!("{path}:{line}: `{own}` (layer {own_layer}) names `{module}`"))
        .collect()
}

#[test]
fn a_module_imports_only_from_its_own_layer_or_a_lower_one() {
    let sources = sources();
    let edges: Vec<String> = sources
        .iter()
        .filter(|source| source.is_in_src())
        .flat_map(|source| upward_edges(&source.path, &source.text))
        .collect();
    assert_none("Arrows between modules point down only:", &edges);
}

#[test]
fn upward_edges_are_seen_however_they_are_written() {
    let edges = |path: &str, text: &str| upward_edges(path, text).len();
    assert_eq!(edges("src/time.rs", "use crate::audio::SampleSource;"), 1);
    assert_eq!(edges("src/model/mod.rs", "use crate::{\n    time,\n    work::{cancel, Job},\n    ui,\n};"), 2);
    assert_eq!(edges("src/audio/wav.rs", "fn open() -> crate::app::Notice {}"), 1);
    assert_eq!(edges("src/audio/wav.rs", "use super::super::playback;"), 1);
    assert_eq!(edges("src/unheard_of.rs", ""), 1);
    assert_eq!(
        edges("src/audio/wav.rs", "use crate::time;\n// Not crate::app.\nuse mycrate::app;\nuse crate::audio;"),
        0
    );
    assert_eq!(edges("src/lib.rs", "use crate::app;"), 0);
}

#[test]
fn every_file_says_first_what_it_owns() {
    let sources = sources();
    let rust = sources.iter().filter(|source| source.is_rust());
    let bare: Vec<String> = rust
        .filter(|source| !source.text.starts_with("//!") && !source.text.starts_with("#![doc"))
        .map(|source| source.path.clone())
        .collect();
    assert_none("A file opens with `//!`: what it owns and must not do:", &bare);
}

#[test]
fn no_file_is_longer_than_one_concept() {
    let sources = sources();
    let long: Vec<String> = sources
        .iter()
        .filter(|source| source.is_rust() && source.text.lines().count() > MOST_LINES)
        .map(|source| format!("{}: {} lines", source.path, source.text.lines().count()))
        .collect();
    assert_none("A longer file is a sign that a concept lacks its own name:", &long);
}

/// Words of a path that say nothing.
fn empty_words(path: &str) -> Vec<&str> {
    path.split(['/', '_', '-', '.']).filter(|word| EMPTY_WORDS.contains(word)).collect()
}

#[test]
fn file_names_use_the_words_of_the_field() {
    assert_eq!(empty_words("src/audio/utils.rs"), ["utils"]);
    assert_eq!(empty_words("src/chunk_manager/mod.rs"), ["chunk", "manager"]);
    assert!(empty_words("src/audio/metadata.rs").is_empty());
    let sources = sources();
    let named = sources.iter().filter(|source| source.is_rust()).filter(|source| !empty_words(&source.path).is_empty());
    assert_none("Name files after what they own:", &named.map(|source| source.path.clone()).collect::<Vec<_>>());
}

/// Whether `text` names a path below `folder` of the machine, as opposed to a folder of that name inside another.
fn names_machine_path(text: &str, folder: &str) -> bool {
    let is_inside_a_path = |character: char| is_identifier(character) || "./-~$}*)".contains(character);
    text.match_indices(folder)
        .any(|(position, _)| !text.get(..position).is_some_and(|before| before.ends_with(is_inside_a_path)))
}

#[test]
fn no_file_depends_on_one_machine() {
    // Put together here, so that this file does not hold them.
    let folders = ["work", "root", "home", "Users"].map(|name| format!("/{name}/"));
    let words = [
        ["..", "/shared"],
        ["crates", ".io"],
        ["py", "pi.org"],
        ["python", "hosted.org"],
        ["npm", "js.org"],
        ["deb.", "debian.org"],
        ["archive.", "ubuntu.com"],
    ]
    .map(|halves| halves.concat());
    assert!(names_machine_path(&format!("cd {}earmark", folders[0]), &folders[0]));
    assert!(!names_machine_path("src/work/cancel.rs", &folders[0]));

    let mut findings = Vec::new();
    // cargo itself writes the registry's name into its lock file.
    for source in sources().iter().filter(|source| source.path != "Cargo.lock") {
        for (index, line) in source.text.lines().enumerate() {
            let folder = folders.iter().find(|folder| names_machine_path(line, folder));
            let found = folder.or_else(|| words.iter().find(|word| line.contains(word.as_str())));
            findings.extend(found.map(|found| format!("{}:{}: {found}", source.path, index + 1)));
        }
    }
    assert_none("Paths of one machine and hosts of registries do not belong here:", &findings);
}

/// Lines of code in `src`, except files that `is_exempt`, that hold one of `needles`. A line is excused by a comment of
/// its own right above it that gives the reason: `// tidy: the window must never wait for this queue`.
fn code_with(needles: &[&str], is_exempt: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| source.is_in_src() && !is_exempt(&source.path)) {
        for (line, code) in code_lines(&source.text).filter(|(line, _)| !is_excused(&source.text, *line)) {
            let found = needles.iter().find(|needle| holds(code, needle));
            findings.extend(found.map(|needle| format!("{}:{line}: {needle}", source.path)));
        }
    }
    findings
}

fn is_excused(text: &str, line: usize) -> bool {
    let above = line.checked_sub(2).and_then(|index| text.lines().nth(index));
    above.and_then(|above| above.trim().strip_prefix("// tidy:")).is_some_and(|reason| !reason.trim().is_empty())
}

/// Whether `code` holds `needle`, not as the end of a longer name.
fn holds(code: &str, needle: &str) -> bool {
    code.match_indices(needle)
        .any(|(position, _)| !code.get(..position).is_some_and(|before| before.ends_with(is_identifier)))
}

#[test]
fn needles_are_whole_names() {
    assert!(holds("let (sender, receiver) = crossbeam_channel::unbounded();", "unbounded("));
    assert!(!holds("let table = this_is_unbounded();", "unbounded("));
    let code = "// thread::spawn(\nthread::spawn(run);\n#[cfg(test)]\nmod tests {\n    thread::spawn(run);\n}";
    assert_eq!(code_lines(code).collect::<Vec<_>>(), [(2, "thread::spawn(run);")]);
}

#[test]
fn only_a_reason_excuses_a_line() {
    assert!(is_excused("fn a() {\n    // tidy: because\n    unbounded();\n}", 3));
    assert!(!is_excused("fn a() {\n    // tidy:\n    unbounded();\n}", 3));
    assert!(!is_excused("unbounded();", 1));
}

#[test]
fn colours_are_named_in_the_theme() {
    let is_colour_file = |path: &str| path.starts_with("src/ui/theme") || path.starts_with("src/ui/colormap");
    let needles = ["Color32::from_rgb", "hex_color!("];
    assert_none("A colour is a name of src/ui/theme.rs:", &code_with(&needles, is_colour_file));
}

#[test]
fn threads_have_names_and_channels_have_bounds() {
    let needles = ["thread::spawn(", "unbounded(", "mpsc::channel("];
    assert_none("Use thread::Builder with a name, and a bounded channel:", &code_with(&needles, |_| false));
}
