//! In which order undecided events are brought. Pure.

use super::marks::{Mark, Target};
use crate::annotation::Status;
use crate::time::Span;
use std::cmp::Ordering;
use std::sync::Arc;

/// Which undecided event comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueOrder {
    /// By onset.
    #[default]
    Time,
    /// The greatest score first.
    HighestScore,
    /// The least score first.
    LowestScore,
    /// The one first whose score is nearest to the threshold of its class.
    LeastCertain,
    /// Class by class, each by onset.
    Class,
}

impl QueueOrder {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 5] = [Self::Time, Self::HighestScore, Self::LowestScore, Self::LeastCertain, Self::Class];

    /// What the window calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Time => "By time",
            Self::HighestScore => "High scores first",
            Self::LowestScore => "Low scores first",
            Self::LeastCertain => "Least certain first",
            Self::Class => "Class by class",
        }
    }

    /// What it means, in one sentence.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Time => "Undecided events in the order in which they sound",
            Self::HighestScore => "What the model is surest of comes first",
            Self::LowestScore => "What the model is least sure of comes first",
            Self::LeastCertain => "The event comes first whose score is nearest to the threshold of its class",
            Self::Class => "All of one class by time, then all of the next",
        }
    }

    /// The next one, after the last the first.
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|&order| order == self).unwrap_or_default();
        Self::ALL[(place + 1) % Self::ALL.len()]
    }
}

/// Where an event stands in a queue: what the order asks for, then as marks stand anyway.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuePlace {
    /// By what the order asks for, the first one least; events without a score stand last.
    rank: f64,
    class: Option<Arc<str>>,
    span: Span,
    label: Arc<str>,
    target: Target,
}

impl QueuePlace {
    /// The place of a mark; `threshold` is that of its class.
    pub fn of(mark: &Mark, order: QueueOrder, threshold: f32) -> Self {
        Rank::of(mark, order, || threshold).place()
    }

    /// When the event begins, in seconds.
    pub fn onset_secs(&self) -> f64 {
        self.span.onset_secs
    }

    /// Whether it comes after another one.
    pub fn is_after(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Greater
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.rank_of().cmp(&other.rank_of())
    }

    fn rank_of(&self) -> Rank<'_> {
        let Self { rank, class, span, label, target } = self;
        Rank { rank: *rank, class: class.as_ref(), span: *span, label, target: *target }
    }
}

/// A place as it is compared, of a mark that stays where it is.
struct Rank<'a> {
    rank: f64,
    class: Option<&'a Arc<str>>,
    span: Span,
    label: &'a Arc<str>,
    target: Target,
}

impl<'a> Rank<'a> {
    /// `threshold` is asked only if the order is about it.
    fn of(mark: &'a Mark, order: QueueOrder, threshold: impl FnOnce() -> f32) -> Self {
        let score = mark.score.map(f64::from);
        let rank = match order {
            QueueOrder::Time | QueueOrder::Class => Some(0.0),
            QueueOrder::HighestScore => score.map(|score| -score),
            QueueOrder::LowestScore => score,
            QueueOrder::LeastCertain => score.map(|score| (score - f64::from(threshold())).abs()),
        };
        Self {
            rank: rank.unwrap_or(f64::INFINITY),
            class: (order == QueueOrder::Class).then_some(&mark.label),
            span: mark.span,
            label: &mark.label,
            target: mark.target,
        }
    }

    fn place(&self) -> QueuePlace {
        QueuePlace {
            rank: self.rank,
            class: self.class.cloned(),
            span: self.span,
            label: self.label.clone(),
            target: self.target,
        }
    }

    fn cmp(&self, other: &Rank<'_>) -> Ordering {
        self.rank
            .total_cmp(&other.rank)
            .then_with(|| self.class.cmp(&other.class))
            .then(self.span.onset_secs.total_cmp(&other.span.onset_secs))
            .then(self.span.offset_secs.total_cmp(&other.span.offset_secs))
            .then_with(|| self.label.cmp(other.label))
            .then(self.target.cmp(&other.target))
    }
}

/// The undecided mark of `class` (none: of any) that comes after a place, else the first of all; none if there is none left. The mark at
/// the place itself comes only if it is the only one.
pub fn next_in_queue<'a>(
    marks: impl Iterator<Item = &'a Mark>,
    order: QueueOrder,
    class: Option<&str>,
    after: Option<&QueuePlace>,
    threshold: impl Fn(&Mark) -> f32,
) -> Option<Target> {
    let is_meant = |mark: &&Mark| mark.state == Status::Predicted && class.is_none_or(|class| *mark.label == *class);
    let after = after.map(QueuePlace::rank_of);
    let is_before = |rank: &Rank<'_>, best: &Option<Rank<'_>>| best.as_ref().is_none_or(|best| rank.cmp(best).is_lt());
    let (mut first, mut next): (Option<Rank<'_>>, Option<Rank<'_>>) = (None, None);
    for mark in marks.filter(is_meant) {
        let rank = Rank::of(mark, order, || threshold(mark));
        let is_after = after.as_ref().is_some_and(|after| rank.cmp(after).is_gt());
        let best = if is_after { &mut next } else { &mut first };
        if is_before(&rank, best) {
            *best = Some(rank);
        }
    }
    next.or(first).map(|rank| rank.target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::EventId;
    use crate::app::MarkOrigin;

    fn mark(id: u64, label: &str, onset_secs: f64, score: Option<f32>, state: Status) -> Mark {
        Mark {
            target: Target::Event(EventId(id)),
            span: Span::between(onset_secs, onset_secs + 0.5),
            is_point: false,
            band: None,
            label: label.into(),
            more_labels: Arc::default(),
            state,
            score,
            origin: MarkOrigin::Human,
            by: None,
            comment: None,
        }
    }

    fn marks() -> Vec<Mark> {
        vec![
            mark(0, "Dog", 0.0, Some(0.5), Status::Predicted),
            mark(1, "Cat", 1.0, Some(0.9), Status::Predicted),
            mark(2, "Dog", 2.0, Some(0.3), Status::Accepted),
            mark(3, "Dog", 3.0, Some(0.25), Status::Predicted),
            mark(4, "Cat", 4.0, None, Status::Predicted),
            mark(5, "Ant", 5.0, Some(0.5), Status::Predicted),
        ]
    }

    /// Who comes one after the other if each is decided about.
    fn run(order: QueueOrder, class: Option<&str>) -> Vec<u64> {
        let mut marks = marks();
        let threshold = |mark: &Mark| if &*mark.label == "Cat" { 0.85 } else { 0.2 };
        let (mut came, mut after) = (Vec::new(), None);
        while let Some(target) = next_in_queue(marks.iter(), order, class, after.as_ref(), threshold) {
            let mark = marks.iter_mut().find(|mark| mark.target == target).unwrap();
            after = Some(QueuePlace::of(mark, order, threshold(mark)));
            mark.state = Status::Accepted;
            let Target::Event(id) = target else { panic!("{target:?} is no event") };
            came.push(id.0);
        }
        came
    }

    #[test]
    fn each_order_brings_each_undecided_event_once() {
        assert_eq!(run(QueueOrder::Time, None), [0, 1, 3, 4, 5]);
        // Equal scores by time; without a score last.
        assert_eq!(run(QueueOrder::HighestScore, None), [1, 0, 5, 3, 4]);
        assert_eq!(run(QueueOrder::LowestScore, None), [3, 0, 5, 1, 4]);
        // 0.25 is 0.05 from 0.2 as 0.9 is from 0.85; of equals the earlier one, but for rounding.
        let least_certain = run(QueueOrder::LeastCertain, None);
        assert_eq!(least_certain[2..], [0, 5, 4]);
        assert_eq!(run(QueueOrder::Class, None), [5, 1, 4, 0, 3]);
        assert_eq!(run(QueueOrder::Class, Some("Dog")), [0, 3]);
    }

    #[test]
    fn after_the_last_place_those_that_were_passed_over_come() {
        let marks = marks();
        let none = |_: &Mark| 0.2;
        let last = QueuePlace::of(&marks[5], QueueOrder::Time, 0.2);
        let next = next_in_queue(marks.iter(), QueueOrder::Time, None, Some(&last), none);
        assert_eq!(next, Some(marks[0].target));
        let only = &marks[..1];
        let here = QueuePlace::of(&only[0], QueueOrder::Time, 0.2);
        assert_eq!(next_in_queue(only.iter(), QueueOrder::Time, None, Some(&here), none), Some(only[0].target));
        assert_eq!(next_in_queue(marks[2..3].iter(), QueueOrder::Time, None, None, none), None);
    }

    #[test]
    fn a_key_goes_through_all_orders() {
        let mut order = QueueOrder::default();
        for _ in QueueOrder::ALL {
            order = order.next();
        }
        assert_eq!(order, QueueOrder::default());
    }
}
