//! Rules about the names of labels.

use super::snapshot::{LintEvent, LintRecording};
use super::{Detail, Finding, RuleKind, Scene};
use std::collections::HashMap;
use std::sync::Arc;

/// Labels that the project does not know, or that are written in several ways. One finding for each label and recording.
pub(super) fn unknown(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let meant = meant(scene);
    let spelling = |place: u32| meant.get(place as usize).and_then(Option::as_ref);
    for recording in &scene.snapshot.recordings {
        for (place, events) in by_label(recording, |place| spelling(place).is_some()) {
            let Some(meant) = spelling(place) else { continue };
            let label = scene.snapshot.labels[place as usize].clone();
            let detail = Detail::Label { label, meant: meant.label.clone() };
            let finding = Finding::new(RuleKind::UnknownLabel, recording, &events).with(detail);
            findings.push(finding.fixable(meant.is_spelling));
        }
    }
}

/// Labels with spaces that nobody sees. One finding for each label and recording.
pub(super) fn with_stray_spaces(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let labels = &scene.snapshot.labels;
    let is_stray: Vec<bool> = labels.iter().map(|label| tidied(label) != **label).collect();
    for recording in &scene.snapshot.recordings {
        for (place, events) in by_label(recording, |place| is_stray[place as usize]) {
            let label = labels[place as usize].clone();
            let is_name = !tidied(&label).is_empty();
            let detail = Detail::Label { label, meant: None };
            findings.push(Finding::new(RuleKind::LabelSpaces, recording, &events).with(detail).fixable(is_name));
        }
    }
}

/// A label without spaces at its ends, and with single ones between its words.
pub(super) fn tidied(label: &str) -> String {
    label.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// What the spelling of a name does not tell: case, spaces, hyphens and underscores.
fn folded(label: &str) -> String {
    let is_between = |letter: char| letter.is_whitespace() || letter == '_' || letter == '-';
    let words = label.split(is_between).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<String>>().join(" ")
}

/// What an unknown label should perhaps be.
struct Meant {
    label: Option<Arc<str>>,
    /// Only the spelling differs.
    is_spelling: bool,
}

/// For each label of the snapshot: none if it is right.
fn meant(scene: &Scene<'_>) -> Vec<Option<Meant>> {
    let labels = &scene.snapshot.labels;
    let mut by_fold: HashMap<String, Arc<str>> =
        scene.known.iter().map(|label| (folded(label), label.clone())).collect();
    if scene.known.is_empty() {
        by_fold = most_used(scene);
    }
    let of_label = |label: &Arc<str>| {
        // Stray spaces are another rule's.
        let is_right = scene.known.contains(label) || scene.known.contains(tidied(label).as_str());
        match by_fold.get(&folded(label)) {
            _ if is_right => None,
            Some(known) if known == label || **known == *tidied(label) => None,
            Some(known) => Some(Meant { label: Some(known.clone()), is_spelling: true }),
            None if scene.known.is_empty() => None,
            None => Some(Meant { label: nearest(label, scene), is_spelling: false }),
        }
    };
    labels.iter().map(of_label).collect()
}

/// Of each way to fold labels, the spelling that most events have.
fn most_used(scene: &Scene<'_>) -> HashMap<String, Arc<str>> {
    let labels = &scene.snapshot.labels;
    let mut counts = vec![0_usize; labels.len()];
    for (_, event) in scene.events() {
        counts[event.label as usize] += 1;
        event.more_labels.iter().for_each(|&label| counts[label as usize] += 1);
    }
    let mut best: HashMap<String, usize> = HashMap::new();
    for place in 0..labels.len() {
        if tidied(&labels[place]) != *labels[place] {
            continue;
        }
        let slot = best.entry(folded(&labels[place])).or_insert(place);
        if (counts[place], &labels[*slot]) > (counts[*slot], &labels[place]) {
            *slot = place;
        }
    }
    best.into_iter().map(|(folded, place)| (folded, labels[place].clone())).collect()
}

/// The known label that differs by the fewest letters, if those are few.
fn nearest(label: &str, scene: &Scene<'_>) -> Option<Arc<str>> {
    let letters: Vec<char> = folded(label).chars().collect();
    let most = (letters.len() / 4).clamp(1, 3);
    let distances = scene.known.iter().filter_map(|known| {
        let other: Vec<char> = folded(known).chars().collect();
        if letters.len().abs_diff(other.len()) > most {
            return None;
        }
        let distance = differing_letters(&letters, &other);
        (distance <= most).then_some((distance, known))
    });
    distances.min().map(|(_, known)| known.clone())
}

/// Letters to change, add or leave out (Levenshtein 1966).
fn differing_letters(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The events of a recording that have labels of which something is so, by label and onset.
fn by_label(recording: &LintRecording, is_so: impl Fn(u32) -> bool) -> Vec<(u32, Vec<&LintEvent>)> {
    let mut found: HashMap<u32, Vec<&LintEvent>> = HashMap::new();
    for event in &recording.events {
        for &label in std::iter::once(&event.label).chain(&*event.more_labels) {
            if is_so(label) {
                found.entry(label).or_default().push(event);
            }
        }
    }
    let mut found: Vec<(u32, Vec<&LintEvent>)> = found.into_iter().collect();
    found.sort_unstable_by_key(|(label, _)| *label);
    found.iter_mut().for_each(|(_, events)| {
        events.sort_by(|a, b| a.span.onset_secs.total_cmp(&b.span.onset_secs).then(a.id.cmp(&b.id)));
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        let distance =
            |a: &str, b: &str| differing_letters(&a.chars().collect::<Vec<char>>(), &b.chars().collect::<Vec<char>>());
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "dog"), distance("dog", ""), distance("dog", "dog")), (3, 3, 0));
    }

    #[test]
    fn spellings_are_folded_and_spaces_tidied() {
        assert_eq!(folded(" Dog_bark-LOUD "), "dog bark loud");
        assert_eq!(tidied("  Dog \t bark"), "Dog bark");
    }
}
