//! The moments of an ELAN file, which its annotations refer to by name.
//!
//! Must not know what annotations say.

use super::super::xml;
use crate::time::Span;
use roxmltree::Node;
use std::collections::HashMap;

/// The moments that annotations refer to.
pub(super) struct Slots<'x> {
    names: Names<'x>,
    /// In milliseconds, in the file's order.
    times: Vec<Option<f64>>,
}

/// Names with their places. Most files number them in their order, so that a name's number says where to look; the others are looked up.
#[derive(Default)]
struct Names<'x> {
    in_order: Vec<&'x str>,
    first_number: usize,
    others: HashMap<&'x str, usize>,
}

impl<'x> Names<'x> {
    /// Names that follow on each other are known by their number; a name that comes again is the later place.
    fn of(names: Vec<&'x str>) -> Self {
        let first_number = names.first().and_then(|name| number_at_end(name)).unwrap_or_default();
        let mut found = Self { in_order: Vec::new(), first_number, others: HashMap::new() };
        for (place, name) in names.iter().enumerate() {
            if found.guess(name) != Some(place) {
                found.others.insert(name, place);
            } else if !found.others.is_empty() {
                found.others.remove(name);
            }
        }
        found.in_order = names;
        found
    }

    fn guess(&self, name: &str) -> Option<usize> {
        number_at_end(name)?.checked_sub(self.first_number)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let other = if self.others.is_empty() { None } else { self.others.get(name).copied() };
        let in_order =
            || self.guess(name).filter(|place| self.in_order.get(*place).is_some_and(|there| *there == name));
        other.or_else(in_order).filter(|_| !name.is_empty())
    }
}

fn number_at_end(name: &str) -> Option<usize> {
    let digits = name.trim_end_matches(|char: char| char.is_ascii_digit()).len();
    name[digits..].parse().ok()
}

impl<'x> Slots<'x> {
    pub fn of(root: Node<'x, 'x>) -> Self {
        let units = xml::elements(root, "HEADER").find_map(|header| header.attribute("TIME_UNITS"));
        let millis = match units {
            Some("PAL-frames") => 1000.0 / 25.0,
            Some("NTSC-frames") => 1001.0 / 30.0,
            _ => 1.0,
        };
        let (mut names, mut times) = (Vec::new(), Vec::new());
        for slot in xml::elements(root, "TIME_SLOT") {
            // One without a name is referred to by none, but stands between others.
            let name = slot.attribute("TIME_SLOT_ID").unwrap_or_default();
            let value = slot.attribute("TIME_VALUE").and_then(|value| value.trim().parse::<f64>().ok());
            names.push(name);
            times.push(value.map(|value| value * millis).filter(|value| value.is_finite()));
        }
        Self { names: Names::of(names), times }
    }

    fn ends(&self, annotation: Node<'_, '_>) -> Option<(usize, usize)> {
        let place = |name: &str| self.names.place(annotation.attribute(name)?);
        Some((place("TIME_SLOT_REF1")?, place("TIME_SLOT_REF2")?))
    }

    /// From where to where an annotation lasts.
    ///
    /// # Errors
    /// In words, what is missing.
    pub fn span(&self, annotation: Node<'_, '_>) -> Result<Span, String> {
        let id = annotation.attribute("ANNOTATION_ID").unwrap_or_default();
        let (onset, offset) =
            self.ends(annotation).ok_or_else(|| format!("annotation {id} names no moment in time"))?;
        match (self.times[onset], self.times[offset]) {
            (Some(onset), Some(offset)) if onset.is_finite() && offset.is_finite() => {
                Ok(Span { onset_secs: onset / 1e3, offset_secs: offset / 1e3 })
            }
            _ => Err(format!("annotation {id} has no time, and nothing around it has")),
        }
    }

    /// Gives times to moments without one, and tells how many: first along the annotations of a tier that follow on each other, then
    /// along the order of all moments.
    pub fn fill(&mut self, root: Node<'x, 'x>) -> usize {
        let missing = |slots: &Self| slots.times.iter().filter(|time| time.is_none()).count();
        let before = missing(self);
        if before == 0 {
            return 0;
        }
        for tier in xml::elements(root, "TIER") {
            let ends = xml::elements(tier, "ALIGNABLE_ANNOTATION").filter_map(|annotation| self.ends(annotation));
            let mut run: Vec<usize> = Vec::new();
            let mut runs = Vec::new();
            for (onset, offset) in ends {
                if run.last() != Some(&onset) {
                    runs.push(std::mem::replace(&mut run, vec![onset]));
                }
                run.push(offset);
            }
            runs.push(run);
            for run in runs {
                self.fill_run(&run);
            }
        }
        let all: Vec<usize> = (0..self.times.len()).collect();
        self.fill_run(&all);
        before - missing(self)
    }

    /// Spaces the moments without a time evenly between their neighbours in a run that have one.
    fn fill_run(&mut self, run: &[usize]) {
        let mut known: Option<(usize, f64)> = None;
        for (at, &slot) in run.iter().enumerate() {
            let Some(time) = self.times[slot] else { continue };
            if let Some((from, start)) = known.filter(|(from, _)| from + 1 < at) {
                let step = (time - start) / (at - from) as f64;
                for (steps, &between) in (1..).zip(&run[from + 1..at]) {
                    self.times[between] = Some(start + step * f64::from(steps));
                }
            }
            known = Some((at, time));
        }
    }
}
