//! What the bytes of a picture stand for: a range of values and their unit. Must not know how values are computed.

use crate::dsp::decibel::{FLOOR_DB, db_from_byte};

use super::PictureKind;

/// Greatest value of a PCEN picture. What is even fades to about 0.5; an onset out of silence reaches it.
const PCEN_HIGH: f32 = 8.0;

/// The values of bytes 0 and 255, even between them. One fixed scale for a whole recording, so that bytes of different tiles can be
/// compared and combined by maximum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueScale {
    /// Value of byte 0, which also stands for all that is less.
    pub low: f32,
    /// Value of byte 255, which also stands for all that is more.
    pub high: f32,
    /// The unit: `dBFS`, or what else to write after a number.
    pub unit: &'static str,
    /// Digits after the point that say as much as a byte does.
    pub decimals: usize,
}

impl ValueScale {
    /// Decibels relative to a full-scale sine.
    pub const DECIBELS: Self = Self { low: FLOOR_DB, high: 0.0, unit: "dBFS", decimals: 0 };

    /// Per-channel energy normalisation, which has no unit.
    pub const PCEN: Self = Self { low: 0.0, high: PCEN_HIGH, unit: "PCEN", decimals: 2 };

    /// The levels of a model's front end, as its network takes them.
    pub fn model_input(low: f32, high: f32) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, unit: "log mel", decimals: 1 }
    }

    /// Whether values are levels in decibels. Columns are then made of powers, else of the values themselves.
    pub fn is_decibels(&self) -> bool {
        *self == Self::DECIBELS
    }

    /// The byte of a value, rounded to the nearest. Monotone; what is not a number is byte 0.
    #[inline]
    pub fn byte_from_value(&self, value: f32) -> u8 {
        // `as` turns what lies outside into the nearest byte, and what is not a number into 0.
        (255.0 * (value - self.low) / (self.high - self.low)).round() as u8
    }

    /// The value that a byte stands for.
    pub fn value_from_byte(&self, byte: u8) -> f32 {
        if self.is_decibels() {
            db_from_byte(byte)
        } else {
            self.low + (self.high - self.low) * f32::from(byte) / 255.0
        }
    }

    /// Place of a value on the scale of bytes, beyond 0 and 255 outside the range.
    pub fn byte_place(&self, value: f32) -> f32 {
        255.0 * (value - self.low) / (self.high - self.low)
    }

    /// Bytes in a difference of values.
    pub fn bytes_per_unit(&self) -> f32 {
        255.0 / (self.high - self.low)
    }

    /// A byte in words: `−42 dBFS`.
    pub fn value_text(&self, byte: u8) -> String {
        let value = self.value_from_byte(byte);
        let decimals = self.decimals;
        format!("{value:.decimals$} {}", self.unit)
    }

    /// The values of the first and the last colour that show most recordings well. With `is_normalised` differences from the middle of
    /// each row.
    pub fn default_colors(&self, kind: PictureKind, is_normalised: bool) -> (f32, f32) {
        let range = self.high - self.low;
        match (kind, is_normalised) {
            (PictureKind::Level | PictureKind::Reassigned, false) => (-100.0, -20.0),
            (PictureKind::Level | PictureKind::Reassigned, true) => (-10.0, 40.0),
            (PictureKind::Pcen, false) => (0.0, 3.0),
            (PictureKind::Pcen, true) => (-0.5, 2.0),
            (PictureKind::ModelInput, false) => (self.low + 0.1 * range, self.low + 0.9 * range),
            (PictureKind::ModelInput, true) => (-0.05 * range, 0.35 * range),
        }
    }
}

impl PictureKind {
    /// What bytes stand for; `None` for [`PictureKind::ModelInput`], where the model's front end says it.
    pub fn value_scale(self) -> Option<ValueScale> {
        match self {
            Self::Level | Self::Reassigned => Some(ValueScale::DECIBELS),
            Self::Pcen => Some(ValueScale::PCEN),
            Self::ModelInput => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_values_agree_on_every_scale() {
        for scale in [ValueScale::DECIBELS, ValueScale::PCEN, ValueScale::model_input(-15.9, 33.0)] {
            for byte in 0..=255 {
                assert_eq!(scale.byte_from_value(scale.value_from_byte(byte)), byte, "{scale:?}");
                assert!((scale.byte_place(scale.value_from_byte(byte)) - f32::from(byte)).abs() < 1e-3);
            }
            assert_eq!((scale.byte_from_value(-1e9), scale.byte_from_value(1e9)), (0, 255));
            assert_eq!(scale.byte_from_value(f32::NAN), 0);
        }
    }

    #[test]
    fn values_are_told_with_their_unit() {
        assert_eq!(ValueScale::DECIBELS.value_text(255), "0 dBFS");
        assert_eq!(ValueScale::DECIBELS.value_text(170), "-40 dBFS");
        assert_eq!(ValueScale::PCEN.value_text(16), "0.50 PCEN");
        assert_eq!(ValueScale::model_input(-2.0, 3.0).value_text(102), "0.0 log mel");
    }
}
