//! Decibels relative to a full-scale sine (0 dB), and their bytes. Owns the one scale that all tiles share; must not know
//! about frames.
//!
//! The byte scale is fixed: [`FLOOR_DB`] is 0 and 0 dB is 255, 0.47 dB a step. Bytes of different tiles can therefore be
//! compared and combined by maximum, and the range that is shown is only a matter of drawing.

/// The level of byte 0, in decibels relative to a full-scale sine; everything softer is 0 as well.
pub const FLOOR_DB: f32 = -120.0;

/// `10·log10(2)`: decibels in a doubling of power.
const DB_PER_OCTAVE: f32 = 3.010_3;

/// Bytes in one decibel.
const BYTES_PER_DB: f32 = 255.0 / -FLOOR_DB;

/// Mantissa bits that [`byte_from_power`] looks at. Leaving out the lowest ones keeps neighbouring powers further apart than the
/// error of the polynomial, which makes the conversion strictly monotone, and costs at most 0.0005 dB.
const MANTISSA_MASK: u32 = !0x3ff;

/// Base-2 logarithm of a positive normal number, with an error below 1e-6; about −127 for 0.
///
/// The mantissa is brought to `[√½, √2)` and `log2((1+s)/(1−s)) = 2/ln2·(s + s³/3 + s⁵/5 + s⁷/7 + …)` is summed.
#[inline]
pub fn fast_log2(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (shifted as i32) >> 23;
    let mantissa = f32::from_bits((shifted & 0x007f_ffff) + SQRT_HALF_BITS);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let series = ((0.412_198_57 * s2 + 0.577_078_04) * s2 + 0.961_796_7) * s2 + 2.885_39;
    exponent as f32 + s * series
}

/// Level in decibels of a power relative to a full-scale sine (power 1); about −382 dB for 0.
#[inline]
pub fn db_from_power(power: f32) -> f32 {
    DB_PER_OCTAVE * fast_log2(power)
}

/// The byte of a power relative to a full-scale sine, rounded to the nearest. Monotone: the byte of the larger of two powers is
/// the larger of their bytes.
#[inline]
pub fn byte_from_power(power: f32) -> u8 {
    let rounded = f32::from_bits(power.to_bits() & MANTISSA_MASK);
    let byte = 255.0 + BYTES_PER_DB * DB_PER_OCTAVE * fast_log2(rounded);
    // Comparisons instead of `clamp`, and the addition of 2^23 (which leaves the rounded number in the lowest bits) instead of a
    // conversion: both are single instructions on several numbers at once, without care for what is not a number.
    let byte = if byte > 0.0 { byte } else { 0.0 };
    let byte = if byte < 255.0 { byte } else { 255.0 };
    (byte + 8_388_608.0).to_bits() as u8
}

/// The level that a byte stands for, in decibels from [`FLOOR_DB`] to 0.
pub fn db_from_byte(byte: u8) -> f32 {
    FLOOR_DB + f32::from(byte) / BYTES_PER_DB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_exact_to_a_millionth() {
        for step in 0..200_000_u32 {
            let x = f32::from_bits(0x2a00_0000 + step * 1877);
            let error = f64::from(fast_log2(x)) - f64::from(x).log2();
            assert!(error.abs() < 4e-6, "log2({x}) is off by {error}");
        }
    }

    #[test]
    fn bytes_never_fall_when_power_rises() {
        // Every mantissa that the conversion tells apart, over all octaves from below the floor to above full scale.
        let (low, high) = (1e-13_f32.to_bits() >> 10, 2.0_f32.to_bits() >> 10);
        let mut last = 0;
        for bits in low..high {
            let byte = byte_from_power(f32::from_bits(bits << 10));
            assert!(byte >= last, "{} after {last} at {}", byte, f32::from_bits(bits << 10));
            last = byte;
        }
        assert_eq!(last, 255);
    }

    #[test]
    fn bytes_and_decibels_agree() {
        assert_eq!(byte_from_power(0.0), 0);
        assert_eq!(byte_from_power(1.0), 255);
        assert_eq!(byte_from_power(4.0), 255);
        for byte in 0..=255 {
            let db = db_from_byte(byte);
            assert_eq!(byte_from_power(10_f32.powf(db / 10.0)), byte, "{db} dB");
        }
    }
}
