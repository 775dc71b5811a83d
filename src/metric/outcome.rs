//! What became of each event: hit, boundary error, confusion, miss or false alarm, and which labels were taken for which.
//!
//! This is for people who look at the places: it says nothing about scores that [`event_based`](super::event_based) does not say, but tells apart why
//! an event has no partner.

use super::complete::left_out;
use super::{Completeness, EventBased, EventBasedScores, LabelledSpan, event_based};
use crate::time::Span;
use std::collections::BTreeMap;

/// What became of an event. `partner` is the place of an event in the other list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It agrees with an event of its label, which is the partner of this one only.
    Hit(Pair),
    /// It overlaps an event of its label that is no hit either, but onset or offset differ by more than the collar. The one that it overlaps most;
    /// several events may have the same partner.
    Boundary(Pair),
    /// None of the above, and it overlaps an event of another label that is none of the above either: the one that it overlaps most.
    Confusion(Pair),
    /// A reference event that nothing of that kind was reported for.
    Miss,
    /// An estimated event without anything of that kind in the reference.
    FalseAlarm,
    /// An estimated event of which nobody knows whether it is right: see [`Completeness`].
    LeftOut,
}

/// An event and the one of the other list that it goes with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The other event's place in the other list.
    pub partner: usize,
    /// Onset of the estimated event after that of the reference event, in seconds; negative if it is too early.
    pub onset_deviation_secs: f64,
    /// Offset of the estimated event after that of the reference event, in seconds.
    pub offset_deviation_secs: f64,
    /// Seconds that both cover.
    pub overlap_secs: f64,
}

impl Pair {
    fn new(partner: usize, reference: Span, estimated: Span) -> Self {
        Self {
            partner,
            onset_deviation_secs: estimated.onset_secs - reference.onset_secs,
            offset_deviation_secs: estimated.offset_secs - reference.offset_secs,
            overlap_secs: reference.overlap_secs(estimated),
        }
    }
}

impl Outcome {
    /// The event of the other list that it goes with, if there is one.
    pub fn pair(&self) -> Option<&Pair> {
        match self {
            Self::Hit(pair) | Self::Boundary(pair) | Self::Confusion(pair) => Some(pair),
            Self::Miss | Self::FalseAlarm | Self::LeftOut => None,
        }
    }

    /// Whether it is an error: everything but a hit and what is left out.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Hit(_) | Self::LeftOut)
    }
}

/// What became of the events of two lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    /// Of each reference event, by its place: hit, boundary error, confusion or miss.
    pub reference: Vec<Outcome>,
    /// Of each estimated event, by its place: hit, boundary error, confusion, false alarm or left out.
    pub estimated: Vec<Outcome>,
    /// The scores of the events that are not left out. Partners are places in the whole lists.
    pub scores: EventBasedScores,
}

/// How often a label of the reference went with a reported one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConfusionCell {
    /// How many events.
    pub events: usize,
    /// Seconds that the events of both labels cover together, summed over these events.
    pub overlap_secs: f64,
}

/// Which labels went with which: by the reference's label, then the estimated one. `None` stands for nothing: a false alarm, or a miss.
pub type Confusion = BTreeMap<(Option<String>, Option<String>), ConfusionCell>;

impl Outcomes {
    /// Which labels went with which, of the lists that the outcomes are of. Each reference event counts once, with the label of its partner or nothing; an
    /// estimated event that is no reference event's partner counts once, too, with the label that it was taken for or nothing.
    pub fn confusion(&self, reference: &[LabelledSpan<'_>], estimated: &[LabelledSpan<'_>]) -> Confusion {
        let mut confusion = Confusion::new();
        let mut count = |of_reference: Option<&str>, of_estimated: Option<&str>, pair: Option<&Pair>| {
            let cell = confusion.entry((of_reference.map(str::to_owned), of_estimated.map(str::to_owned))).or_default();
            cell.events += 1;
            cell.overlap_secs += pair.map_or(0.0, |pair| pair.overlap_secs);
        };
        let mut is_counted = vec![false; estimated.len()];
        let label = |events: &[LabelledSpan<'_>], pair: Option<&Pair>| {
            pair.and_then(|pair| events.get(pair.partner)).map(|event| event.label.to_owned())
        };
        for (event, outcome) in reference.iter().zip(&self.reference) {
            let pair = outcome.pair();
            if let Some(is_counted) = pair.and_then(|pair| is_counted.get_mut(pair.partner)) {
                *is_counted = true;
            }
            count(Some(event.label), label(estimated, pair).as_deref(), pair);
        }
        for ((event, outcome), is_counted) in estimated.iter().zip(&self.estimated).zip(is_counted) {
            if !is_counted && *outcome != Outcome::LeftOut {
                let pair = outcome.pair();
                count(label(reference, pair).as_deref(), Some(event.label), pair);
            }
        }
        confusion
    }
}

/// What became of each event of two lists over the same recordings. Deterministic: of partners that are as good, the first in the list is taken.
///
/// With `complete`, events that it leaves out are neither false alarms nor anybody's partner.
pub fn outcomes(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    rule: &EventBased,
    complete: Option<&Completeness<'_>>,
) -> Outcomes {
    let left_out = left_out(reference, estimated, rule, complete);
    let kept: Vec<usize> = (0..estimated.len()).filter(|&place| !left_out[place]).collect();
    let judged: Vec<LabelledSpan<'_>> = kept.iter().map(|&place| estimated[place]).collect();
    let scores = in_whole_list(event_based(reference, &judged, rule), &kept, estimated.len());

    let pair = |own: usize, other: usize| Pair::new(other, reference[own].span, estimated[other].span);
    let hit = |(place, partner): (usize, &Option<usize>)| partner.map(|other| Outcome::Hit(pair(place, other)));
    let mut references: Vec<Option<Outcome>> = scores.partner_of_reference.iter().enumerate().map(hit).collect();
    let mut estimates: Vec<Option<Outcome>> = vec![None; estimated.len()];
    for (place, partner) in scores.partner_of_estimated.iter().enumerate() {
        estimates[place] = match partner {
            Some(other) => Some(Outcome::Hit(Pair { partner: *other, ..pair(*other, place) })),
            None if left_out[place] => Some(Outcome::LeftOut),
            None => None,
        };
    }
    for (kind, same_label) in [(Outcome::Boundary as fn(Pair) -> Outcome, true), (Outcome::Confusion, false)] {
        let overlaps = Overlaps::new((reference, &references), (estimated, &estimates), same_label);
        for (place, best) in overlaps.of_reference {
            references[place] = Some(kind(pair(place, best)));
        }
        for (place, best) in overlaps.of_estimated {
            estimates[place] = Some(kind(Pair { partner: best, ..pair(best, place) }));
        }
    }
    Outcomes {
        reference: references.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Miss)).collect(),
        estimated: estimates.into_iter().map(|outcome| outcome.unwrap_or(Outcome::FalseAlarm)).collect(),
        scores,
    }
}

/// Partners by their places in the list from which only `kept` was evaluated.
fn in_whole_list(scores: EventBasedScores, kept: &[usize], length: usize) -> EventBasedScores {
    let mut partner_of_estimated = vec![None; length];
    for (&place, partner) in kept.iter().zip(&scores.partner_of_estimated) {
        partner_of_estimated[place] = *partner;
    }
    let in_whole = |partner: &Option<usize>| partner.map(|place| kept[place]);
    let partner_of_reference = scores.partner_of_reference.iter().map(in_whole).collect();
    EventBasedScores { partner_of_reference, partner_of_estimated, ..scores }
}

/// For each event that nothing is known of yet, the one of the other list that it overlaps most, if there is one.
struct Overlaps {
    of_reference: BTreeMap<usize, usize>,
    of_estimated: BTreeMap<usize, usize>,
}

impl Overlaps {
    fn new(
        (reference, references): (&[LabelledSpan<'_>], &[Option<Outcome>]),
        (estimated, estimates): (&[LabelledSpan<'_>], &[Option<Outcome>]),
        same_label: bool,
    ) -> Self {
        let mut best_of_reference: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
        let mut best_of_estimated: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
        let mut estimates = open_by_file(estimated, estimates);
        for (file, mut references) in open_by_file(reference, references) {
            let Some(mut estimates) = estimates.remove(file) else { continue };
            by_onset(&mut references, reference);
            by_onset(&mut estimates, estimated);
            let mut sounding: Vec<usize> = Vec::new();
            let mut waiting = references.into_iter().peekable();
            let mut sounding_estimates: Vec<usize> = Vec::new();
            let mut waiting_estimates = estimates.into_iter().peekable();
            let mut meet = |own: usize, other: usize| {
                let (a, b) = (reference[own], estimated[other]);
                let overlap_secs = a.span.overlap_secs(b.span);
                if overlap_secs > 0.0 && (a.label == b.label) == same_label {
                    improve(&mut best_of_reference, own, overlap_secs, other);
                    improve(&mut best_of_estimated, other, overlap_secs, own);
                }
            };
            // Both lists are walked by onset; who begins meets all of the other list that still sound.
            loop {
                let onset = |events: &[LabelledSpan<'_>], place: Option<&usize>| {
                    place.map_or(f64::INFINITY, |&place| events[place].span.onset_secs)
                };
                let of_reference = onset(reference, waiting.peek());
                let of_estimated = onset(estimated, waiting_estimates.peek());
                if of_reference <= of_estimated {
                    let Some(own) = waiting.next() else { break };
                    sounding_estimates.retain(|&other| estimated[other].span.offset_secs > of_reference);
                    sounding_estimates.iter().for_each(|&other| meet(own, other));
                    sounding.push(own);
                } else {
                    let Some(other) = waiting_estimates.next() else { break };
                    sounding.retain(|&own| reference[own].span.offset_secs > of_estimated);
                    sounding.iter().for_each(|&own| meet(own, other));
                    sounding_estimates.push(other);
                }
            }
        }
        let partners =
            |best: BTreeMap<usize, (f64, usize)>| best.into_iter().map(|(own, (_, other))| (own, other)).collect();
        Self { of_reference: partners(best_of_reference), of_estimated: partners(best_of_estimated) }
    }
}

/// Of overlaps that are as long, the one with the first event is taken.
fn improve(best: &mut BTreeMap<usize, (f64, usize)>, own: usize, overlap_secs: f64, other: usize) {
    let entry = best.entry(own).or_insert((overlap_secs, other));
    if overlap_secs > entry.0 || (overlap_secs >= entry.0 && other < entry.1) {
        *entry = (overlap_secs, other);
    }
}

fn open_by_file<'a>(events: &[LabelledSpan<'a>], outcomes: &[Option<Outcome>]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, event) in events.iter().enumerate().filter(|(place, _)| outcomes[*place].is_none()) {
        by_file.entry(event.file).or_default().push(place);
    }
    by_file
}

fn by_onset(places: &mut [usize], events: &[LabelledSpan<'_>]) {
    places.sort_by(|&a, &b| events[a].span.onset_secs.total_cmp(&events[b].span.onset_secs).then(a.cmp(&b)));
}
