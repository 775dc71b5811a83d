//! What values were while a network ran: their bounds, as a whole and channel by channel.

use std::collections::BTreeMap;

/// Bounds of a value's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least.
    pub least: f32,
    /// The greatest.
    pub greatest: f32,
}

impl Range {
    /// The greatest distance from zero.
    pub fn magnitude(self) -> f32 {
        self.least.abs().max(self.greatest.abs())
    }

    /// Whether both bounds are numbers.
    pub fn is_finite(self) -> bool {
        self.least.is_finite() && self.greatest.is_finite()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Watched {
    range: Range,
    /// The greatest distance from zero in each place of the second axis; empty for values without one.
    channels: Vec<f32>,
}

/// Bounds of the values of a network, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges {
    values: BTreeMap<String, Watched>,
}

impl Ranges {
    /// Takes what a run gave for the value `name`: row-major numbers of `shape`. What is no number makes the value's range one that is not
    /// finite.
    pub fn watch(&mut self, name: &str, numbers: &[f32], shape: &[usize]) {
        if numbers.is_empty() {
            return;
        }
        let (channel_count, channel_len) = match shape {
            [_, channels, rest @ ..] => (*channels, rest.iter().product::<usize>()),
            _ => (0, 0),
        };
        let start = Range { least: f32::INFINITY, greatest: f32::NEG_INFINITY };
        let watched =
            self.values.entry(name.to_owned()).or_insert_with(|| Watched { range: start, channels: Vec::new() });
        let range = &mut watched.range;
        let mut has_nan = false;
        for &number in numbers {
            range.least = range.least.min(number);
            range.greatest = range.greatest.max(number);
            has_nan |= number.is_nan();
        }
        if has_nan {
            *range = Range { least: f32::NEG_INFINITY, greatest: f32::INFINITY };
        }
        if channel_count == 0 || channel_len == 0 || !numbers.len().is_multiple_of(channel_count * channel_len) {
            return;
        }
        // A value has as many channels in each run.
        watched.channels.resize(channel_count, 0.0);
        for (place, part) in numbers.chunks_exact(channel_len).enumerate() {
            let channel = &mut watched.channels[place % channel_count];
            *channel = part.iter().fold(*channel, |most, number| most.max(number.abs()));
        }
    }

    /// The bounds of a value that was watched.
    pub fn of(&self, name: &str) -> Option<Range> {
        self.values.get(name).map(|watched| watched.range)
    }

    /// The greatest distance from zero in each place of its second axis.
    pub fn channels_of(&self, name: &str) -> Option<&[f32]> {
        self.values.get(name).map(|watched| watched.channels.as_slice()).filter(|channels| !channels.is_empty())
    }

    /// Sets the bounds of a value that was changed without being watched again.
    pub(super) fn set(&mut self, name: &str, range: Range) {
        self.values.insert(name.to_owned(), Watched { range, channels: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_with_each_run_and_channels_lie_on_the_second_axis() {
        let mut ranges = Ranges::default();
        ranges.watch("x", &[0.0, -1.0, 2.0, 3.0, 1.0, 1.0, -9.0, 0.0], &[2, 2, 2]);
        assert_eq!(ranges.of("x"), Some(Range { least: -9.0, greatest: 3.0 }));
        assert_eq!(ranges.channels_of("x"), Some([1.0, 9.0].as_slice()));
        ranges.watch("x", &[5.0, 0.0, 0.0, 0.0], &[1, 2, 2]);
        assert_eq!(ranges.of("x").unwrap().magnitude(), 9.0);
        assert_eq!(ranges.channels_of("x"), Some([5.0, 9.0].as_slice()));
        assert_eq!((ranges.of("y"), ranges.channels_of("y")), (None, None));
        ranges.watch("x", &[f32::NAN, 0.0], &[2]);
        assert!(!ranges.of("x").unwrap().is_finite());
    }
}
