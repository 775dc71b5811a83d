//! Whether the frequencies of a table are hertz or kilohertz.
//!
//! Must not know which columns they stand in.

use super::collector::Collector;
use super::{Choice, Question, ReadOptions, StrongLabels};
use crate::annotation::Band;

/// Upper frequencies that are all below are hardly hertz: few sounds are so low, and no call of a bat is so high in kilohertz.
const HARDLY_HERTZ: f64 = 250.0;

/// What the table says about its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    Hertz,
    Kilohertz,
    Nothing,
}

/// How many hertz the unit is. Where the first upper frequencies do not fit hertz, this is asked; until it is answered, what is stated
/// counts, else kilohertz.
pub(super) fn hertz(
    stated: Stated,
    high: impl Iterator<Item = f64>,
    options: &ReadOptions,
    labels: &mut StrongLabels,
) -> f64 {
    if stated == Stated::Kilohertz {
        return 1e3;
    }
    let highest = high.fold(0.0, f64::max);
    if highest <= 0.0 || highest >= HARDLY_HERTZ {
        return 1.0;
    }
    let answers = ["hertz", "kilohertz"].map(str::to_owned).to_vec();
    let given =
        options.answer(Choice::FrequencyUnit).and_then(|given| answers.iter().position(|answer| answer == given));
    let taken = given.unwrap_or(usize::from(stated == Stated::Nothing));
    let text = format!("No frequency is above {highest}. Are they hertz or kilohertz?");
    labels.questions.push(Question { choice: Choice::FrequencyUnit, text, answers, taken: Some(taken) });
    if taken == 0 { 1.0 } else { 1e3 }
}

/// A band of a table whose unit is so many hertz; none where both ends are 0 or negative, which is how programs say that there is none.
pub(super) fn in_hertz(band: Band, hertz: f64, line: usize, out: &mut Collector<'_>) -> Option<Band> {
    let Band { low_hz, high_hz } = Band { low_hz: band.low_hz * hertz, high_hz: band.high_hz * hertz };
    if low_hz <= 0.0 && high_hz <= 0.0 {
        return None;
    }
    if !(low_hz.is_finite() && high_hz.is_finite()) || high_hz < 0.0 {
        out.note(line, "a band without an upper end, read without it");
        return None;
    }
    if low_hz < 0.0 {
        out.note(line, "a band without a lower end, read as from 0 Hz");
    }
    Some(Band { low_hz: low_hz.max(0.0), high_hz })
}
