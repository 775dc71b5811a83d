//! What the classes of an imported network are called: a checkpoint holds only their number.

use crate::model::ModelError;
use crate::model::labels::{ClassLabel, parse_labels};
use std::path::Path;

/// The classes of AudioSet Strong's training set in the order of the released networks: by name. Google, CC BY 4.0.
const AUDIOSET_STRONG: &str = include_str!("../../../assets/labels/audioset_strong.tsv");
/// The classes of DCASE 2016 Task 2 in the order of the HEAR benchmark.
const DCASE_2016: [&str; 11] = [
    "clearthroat",
    "cough",
    "doorslam",
    "drawer",
    "keyboard",
    "keysDrop",
    "knock",
    "laughter",
    "pageturn",
    "phone",
    "speech",
];
/// AudioSet's tags of whole clips.
const TAG_COUNT: usize = 527;

/// Classes, and where their names come from.
pub(super) struct Classes {
    pub labels: Vec<ClassLabel>,
    /// A sentence for the user.
    pub origin: String,
    /// Whose work the names are, where they must be named.
    pub attribution: Option<&'static str>,
}

/// Whose work the names of AudioSet are.
const AUDIOSET_ATTRIBUTION: &str = "class names from AudioSet by Google LLC, CC BY 4.0";

/// Names for `count` classes: those of `file` if there is one, else those of the only data set of the family with so many.
pub(super) fn classes(count: usize, file: Option<&Path>) -> Result<Classes, ModelError> {
    if let Some(path) = file {
        return from_file(count, path);
    }
    let audioset = parse_labels(Path::new("audioset_strong.tsv"), AUDIOSET_STRONG)?;
    if count == audioset.len() {
        return Ok(Classes {
            labels: audioset,
            origin: "those of AudioSet Strong, which has as many".to_owned(),
            attribution: Some(AUDIOSET_ATTRIBUTION),
        });
    }
    if count == DCASE_2016.len() {
        let labels = DCASE_2016.iter().map(|name| ClassLabel { mid: None, name: (*name).into() }).collect();
        let origin = "taken for those of DCASE 2016 Task 2, which has as many; if they are others, import it again with a file of their names";
        return Ok(Classes { labels, origin: origin.to_owned(), attribution: None });
    }
    let why = match count {
        TAG_COUNT => "numbered: the order of AudioSet's 527 tags in the released weak checkpoints is not documented",
        _ => "numbered: no data set of this family has as many",
    };
    let origin = format!("{why}; import it again with a file of their names");
    Ok(Classes { labels: numbered(count), origin, attribution: None })
}

/// The classes of a network of unknown training: those of `file`, or numbers.
pub(super) fn of_foreign(count: usize, file: Option<&Path>, named: Option<Vec<ClassLabel>>) -> Classes {
    match file.zip(named) {
        Some((path, labels)) => Classes { labels, origin: format!("from {}", path.display()), attribution: None },
        None => Classes {
            labels: numbered(count),
            origin: "numbered, for an ONNX file does not name them; import it again with a file of their names"
                .to_owned(),
            attribution: None,
        },
    }
}

fn numbered(count: usize) -> Vec<ClassLabel> {
    (1..=count).map(|number| ClassLabel { mid: None, name: format!("Class {number}").into() }).collect()
}

/// Reads a label file as model folders have them, or plain text with a name a line.
pub(super) fn read_names(path: &Path) -> Result<Vec<ClassLabel>, ModelError> {
    let io = |source| ModelError::Io { path: path.to_path_buf(), source };
    let text = std::fs::read_to_string(path).map_err(io)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("mid\tname") {
        return parse_labels(path, text);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(|line| format!("\t{line}")).collect();
    parse_labels(path, &format!("mid\tname\n{}\n", lines.join("\n")))
}

fn from_file(count: usize, path: &Path) -> Result<Classes, ModelError> {
    let labels = read_names(path)?;
    if labels.len() != count {
        return Err(ModelError::Field {
            path: path.to_path_buf(),
            field: "classes".to_owned(),
            found: labels.len().to_string(),
            expected: format!("{count}, as many as the network has"),
        });
    }
    Ok(Classes { labels, origin: format!("from {}", path.display()), attribution: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        classes(count, None).unwrap().labels.iter().map(|label| label.name.to_string()).collect()
    }

    #[test]
    fn numbers_of_classes_tell_their_names() {
        assert_eq!((names(447)[0].as_str(), names(447).len()), ("Accelerating, revving, vroom", 447));
        assert_eq!(names(11)[10], "speech");
        assert_eq!(names(3), ["Class 1", "Class 2", "Class 3"]);
    }

    #[test]
    fn a_file_of_names_must_have_as_many_as_the_network() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        std::fs::write(&path, "Dog\r\n\r\nCat\n").unwrap();
        assert_eq!(&*classes(2, Some(&path)).unwrap().labels[1].name, "Cat");
        let refused = classes(3, Some(&path)).err().unwrap().to_string();
        assert!(refused.contains("found 2, expected 3"), "{refused}");
    }
}
