//! An axis: its words, its scale, the range that fits values, and where its ticks stand.

/// How values go along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; values of 0 or less have no place.
    Log,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Quantity and unit, in words: `Parameters (millions)`.
    pub title: String,
    /// The scale.
    pub scale: Scale,
}

impl Axis {
    /// Whether the axis has a place for the value.
    pub fn has(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }

    /// Least and greatest value of an axis for these values, with some room at both ends; `(1, 10)` or `(0, 1)` for none.
    pub fn range(&self, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let mut places = values.filter(|value| self.has(*value)).map(|value| self.forward(value));
        let Some(first) = places.next() else { return (self.back(0.0), self.back(1.0)) };
        let (least, greatest) =
            places.fold((first, first), |(least, greatest), place| (least.min(place), greatest.max(place)));
        let room = match greatest - least {
            span if span > 0.0 => 0.06 * span,
            _ => 0.5,
        };
        (self.back(least - room), self.back(greatest + room))
    }

    /// Where between the ends of `range` a value stands, 0 to 1.
    pub fn place(&self, value: f64, range: (f64, f64)) -> f64 {
        let (least, greatest) = (self.forward(range.0), self.forward(range.1));
        (self.forward(value) - least) / (greatest - least)
    }

    fn forward(&self, value: f64) -> f64 {
        if self.scale == Scale::Log { value.log10() } else { value }
    }

    fn back(&self, place: f64) -> f64 {
        if self.scale == Scale::Log { 10.0_f64.powf(place) } else { place }
    }

    /// Values to mark within `range`, at most about `most`.
    pub fn ticks(&self, range: (f64, f64), most: usize) -> Vec<f64> {
        match self.scale {
            Scale::Linear => linear_ticks(range, most),
            Scale::Log => log_ticks(range, most),
        }
    }
}

fn linear_ticks((least, greatest): (f64, f64), most: usize) -> Vec<f64> {
    let rough = (greatest - least) / most.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return Vec::new();
    }
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999).unwrap_or(10.0);
    let (first, last) = ((least / step).ceil() as i64, (greatest / step).floor() as i64);
    (first..=last).take(1000).map(|number| number as f64 * step).collect()
}

fn log_ticks((least, greatest): (f64, f64), most: usize) -> Vec<f64> {
    let (first, last) = (least.log10().floor() as i32, greatest.log10().ceil() as i32);
    let of = |factors: &[f64]| -> Vec<f64> {
        let decades = (first..=last).take(600).map(|power| 10.0_f64.powi(power));
        let all = decades.flat_map(|decade| factors.iter().map(move |factor| factor * decade));
        all.filter(|tick| (least..=greatest).contains(tick)).collect()
    };
    let sets: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
    sets.into_iter().map(of).find(|ticks| ticks.len() <= most).unwrap_or_else(|| of(&[1.0]))
}

/// A tick's value as it is written at the axis.
pub fn tick_text(value: f64) -> String {
    // Rounded to nine digits, so that 0.30000000000000004 is 0.3.
    let text = format!("{value:.8e}").parse::<f64>().unwrap_or(value).to_string();
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let digits = whole.trim_start_matches('-');
    if digits.len() < 5 {
        return text.replace('-', "−");
    }
    // Digits in threes, parted by narrow spaces.
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    let sign = if whole.starts_with('-') { "−" } else { "" };
    decimals.map_or_else(|| format!("{sign}{grouped}"), |decimals| format!("{sign}{grouped}.{decimals}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale) -> Axis {
        Axis { title: String::new(), scale }
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(axis(Scale::Linear).ticks((39.2, 46.1), 8), [40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 46.0]);
        let texts = |ticks: Vec<f64>| ticks.into_iter().map(tick_text).collect::<Vec<_>>();
        assert_eq!(texts(axis(Scale::Log).ticks((0.15, 12.0), 9)), ["0.2", "0.5", "1", "2", "5", "10"]);
        assert_eq!(texts(axis(Scale::Log).ticks((0.5, 3e4), 6)), ["1", "10", "100", "1000", "10\u{2009}000"]);
        assert_eq!(
            texts(axis(Scale::Linear).ticks((-0.32, 0.32), 7)),
            ["−0.3", "−0.2", "−0.1", "0", "0.1", "0.2", "0.3"]
        );
    }

    #[test]
    fn every_range_has_a_length() {
        for scale in [Scale::Linear, Scale::Log] {
            for values in [vec![], vec![3.0], vec![f64::NAN, 2.0, f64::INFINITY], vec![0.0, -1.0], vec![1e-300, 1e300]]
            {
                let axis = axis(scale);
                let range = axis.range(values.iter().copied());
                assert!(range.0 < range.1, "{scale:?} {values:?} {range:?}");
                assert!(axis.ticks(range, 8).len() <= 1000);
            }
        }
    }
}
