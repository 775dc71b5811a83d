//! What the sizes of an output tell: which axis counts the classes, and which the rows of scores.

use crate::model::OutputAxes;

/// Numbers of classes of the data sets that most sound event networks are trained with: AudioSet Strong, YAMNet's, AudioSet.
const USUAL_COUNTS: [usize; 3] = [447, 521, 527];

/// How an output is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub axes: OutputAxes,
    pub rows: usize,
    pub classes: usize,
    /// Whether nothing but custom told.
    pub is_guessed: bool,
}

/// What is known besides the sizes of the output for one clip or piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints<'a> {
    /// The sizes as the graph declares them, none where they are open.
    pub declared: &'a [Option<usize>],
    /// How many frames were given, where there is to be a row for each.
    pub frames: Option<usize>,
    /// How many classes there are.
    pub names: Option<usize>,
    /// The user says that classes come first.
    pub classes_first: bool,
}

/// Reads the sizes `shape` of an output.
pub(super) fn read(shape: &[usize], hints: Hints<'_>) -> Result<Reading, String> {
    let (first, second, rest) = match shape {
        [] => return Err("its output is a single number; expected scores by class".to_owned()),
        [classes] => (1, *classes, &[][..]),
        [rest @ .., first, second] => (*first, *second, rest),
    };
    if rest.iter().any(|&size| size != 1) || first == 0 || second == 0 {
        return Err(format!(
            "its output has the sizes {shape:?} for one clip; expected [clip, class], [clip, row, class] or [clip, class, row]"
        ));
    }
    let row_major = Reading { axes: OutputAxes::RowMajor, rows: first, classes: second, is_guessed: false };
    let class_major = Reading { axes: OutputAxes::ClassMajor, rows: second, classes: first, is_guessed: false };
    let reading = match hints.names {
        _ if hints.classes_first => class_major,
        Some(names) if names == second => row_major,
        Some(names) if names == first => class_major,
        Some(names) => return Err(unfit_names(shape, names, row_major, class_major)),
        None => by_sizes(shape, hints, row_major, class_major),
    };
    match hints.frames {
        Some(frames) if frames != reading.rows => Err(format!(
            "its output has the sizes {shape:?} for {frames} frames; expected a row of scores for each frame"
        )),
        _ => Ok(reading),
    }
}

fn by_sizes(shape: &[usize], hints: Hints<'_>, row_major: Reading, class_major: Reading) -> Reading {
    if let Some(frames) = hints.frames {
        return if class_major.rows == frames && row_major.rows != frames { class_major } else { row_major };
    }
    if row_major.rows == 1 {
        return row_major;
    }
    let is_usual = |reading: Reading| USUAL_COUNTS.contains(&reading.classes);
    match hints.declared {
        // Classes are never open; the number of rows may be.
        [.., Some(_), None] if hints.declared.len() == shape.len() => class_major,
        [.., None, Some(_)] if hints.declared.len() == shape.len() => row_major,
        _ if is_usual(row_major) => row_major,
        _ if is_usual(class_major) => class_major,
        _ => Reading { is_guessed: true, ..row_major },
    }
}

fn unfit_names(shape: &[usize], names: usize, row_major: Reading, class_major: Reading) -> String {
    let expected = match (row_major.rows, class_major.rows) {
        (1, classes) => classes.to_string(),
        (first, second) => format!("{second} (or {first}, if the output is [clip, class, row])"),
    };
    format!("the file of --labels names {names} classes; expected {expected}: its output has the sizes {shape:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(shape: &[usize], hints: Hints<'_>) -> (OutputAxes, usize, usize, bool) {
        let reading = read(shape, hints).unwrap();
        (reading.axes, reading.rows, reading.classes, reading.is_guessed)
    }

    #[test]
    fn classes_are_found_by_what_is_known() {
        use OutputAxes::{ClassMajor, RowMajor};
        let none = Hints::default();
        assert_eq!(told(&[10], none), (RowMajor, 1, 10, false));
        assert_eq!(told(&[1, 10], none), (RowMajor, 1, 10, false));
        assert_eq!(told(&[1, 25, 10], none), (RowMajor, 25, 10, true));
        assert_eq!(told(&[1, 447, 250], none), (ClassMajor, 250, 447, false));
        assert_eq!(told(&[1, 250, 527], none), (RowMajor, 250, 527, false));
        let declared = Hints { declared: &[None, Some(10), None], ..none };
        assert_eq!(told(&[1, 10, 25], declared), (ClassMajor, 25, 10, false));
        assert_eq!(told(&[1, 25, 10], Hints { names: Some(25), ..none }), (ClassMajor, 10, 25, false));
        assert_eq!(told(&[1, 25, 10], Hints { classes_first: true, ..none }), (ClassMajor, 10, 25, false));
        assert_eq!(told(&[1, 3, 200], Hints { frames: Some(200), ..none }), (ClassMajor, 200, 3, false));
    }

    #[test]
    fn what_fits_no_reading_is_refused_with_what_would() {
        let none = Hints::default();
        let refused = read(&[1, 25, 10], Hints { names: Some(3), ..none }).unwrap_err();
        assert!(refused.contains("names 3 classes; expected 10 (or 25, if"), "{refused}");
        let refused = read(&[1, 10], Hints { names: Some(3), ..none }).unwrap_err();
        assert!(refused.contains("names 3 classes; expected 10: its"), "{refused}");
        let refused = read(&[1, 50, 3], Hints { frames: Some(200), ..none }).unwrap_err();
        assert!(refused.contains("[1, 50, 3] for 200 frames"), "{refused}");
        assert!(read(&[], none).is_err() && read(&[2, 3, 4], none).is_err() && read(&[1, 0], none).is_err());
    }
}
