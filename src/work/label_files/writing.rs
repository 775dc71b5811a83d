//! Writing labels: into one file, or into a file for each recording.

use super::ExportWritten;
use crate::format::{self, LabelFormat, StrongLabels};
use std::collections::{HashMap, HashSet};
use std::path::Path;

fn format_of(id: &str) -> Result<&'static dyn LabelFormat, String> {
    format::by_id(id).ok_or_else(|| format!("no format is called “{id}”"))
}

/// All into one file.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn write_one(format: &str, path: &Path, labels: &StrongLabels) -> Result<ExportWritten, String> {
    format::write_file(format_of(format)?, path, labels).map_err(|error| error.to_string())?;
    Ok(ExportWritten { events: labels.rows.len(), recordings: labels.files.len(), files: 1, kept: Vec::new() })
}

/// A file for each recording, called as it is.
///
/// # Errors
/// Why the folder or a file cannot be written.
pub(super) fn write_each(
    format: &str,
    folder: &Path,
    labels: &StrongLabels,
    replaces: bool,
) -> Result<ExportWritten, String> {
    let format = format_of(format)?;
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{}: the folder cannot be made: {error}", folder.display()))?;
    let parts: Vec<StrongLabels> = labels
        .by_recording()
        .into_iter()
        // That a recording has no events is lost in such a format, which is told before.
        .filter(|part| format.holds().empty_files || !part.rows.is_empty())
        .collect();
    let mut written = ExportWritten { events: 0, recordings: 0, files: 0, kept: Vec::new() };
    let names = file_names(parts.iter().filter_map(|part| part.file_names().next()), format);
    for (part, name) in parts.iter().zip(names) {
        let path = folder.join(name);
        if !replaces && path.exists() {
            written.kept.push(path);
            continue;
        }
        let so_far = written.files;
        format::write_file(format, &path, part)
            .map_err(|error| format!("{error} ({so_far} files were written before)"))?;
        written.files += 1;
        written.recordings += 1;
        written.events += part.rows.len();
    }
    Ok(written)
}

/// The names of the files, without the recordings' extensions where that tells them apart, and never the same for two.
fn file_names<'a>(recordings: impl Iterator<Item = &'a str> + Clone, format: &dyn LabelFormat) -> Vec<String> {
    let flat = |name: &str| name.replace(['/', '\\', ':'], "_");
    let stem = |name: &str| Path::new(name).with_extension("").to_string_lossy().into_owned();
    let mut stems: HashMap<String, usize> = HashMap::new();
    for name in recordings.clone() {
        *stems.entry(flat(&stem(name)).to_lowercase()).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    let names = recordings.map(|name| {
        let short = flat(&stem(name));
        let is_alone = stems.get(&short.to_lowercase()) == Some(&1);
        let base = if is_alone { short } else { flat(name) };
        let numbered = (2..).map(|number| format!("{base} ({number})"));
        let mut free = std::iter::once(base.clone()).chain(numbered).filter(|name| taken.insert(name.to_lowercase()));
        format.file_name_of(&free.next().unwrap_or_default())
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{LabelledFile, StrongLabel};
    use crate::time::Span;

    #[test]
    fn a_folder_gets_a_file_for_each_recording_and_keeps_those_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let row = |file: &str| StrongLabel::new(file, Span::between(1.0, 2.0), "Dog");
        let labels = StrongLabels {
            rows: vec![row("x/a.wav"), row("b.wav"), row("b.wav")],
            files: ["x/a.wav", "b.wav", "b.flac", "c.wav"].map(LabelledFile::named).to_vec(),
            ..StrongLabels::default()
        };
        std::fs::write(folder.path().join("c.tsv"), "mine").unwrap();
        let written = write_each("dcase", folder.path(), &labels, false).unwrap();
        let kept = vec![folder.path().join("c.tsv")];
        assert_eq!(written, ExportWritten { events: 3, recordings: 3, files: 3, kept });
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text("c.tsv"), "mine");
        assert_eq!(text("x_a.tsv"), "filename\tonset\toffset\tevent_label\nx/a.wav\t1.000\t2.000\tDog\n");
        assert_eq!(text("b.wav.tsv").lines().count(), 3);
        assert_eq!(text("b.flac.tsv"), "filename\tonset\toffset\tevent_label\nb.flac\t\t\t\n");
        assert_eq!(write_each("dcase", folder.path(), &labels, true).unwrap().files, 4);
        assert_ne!(text("c.tsv"), "mine");
    }

    #[test]
    fn no_two_recordings_get_one_file() {
        let format = format_of("dcase").unwrap();
        let names = ["x/a.wav", "x_a.wav", "x_a.wav (2)", "b.wav", "B.wav"];
        let files = file_names(names.into_iter(), format);
        let mut distinct: Vec<String> = files.iter().map(|file| file.to_lowercase()).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len(), "{files:?}");
    }
}
