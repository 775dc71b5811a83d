//! Elementary functions over arrays of 32-bit floats, in steps that a compiler can do for several numbers at once: no branch, no call,
//! no table. The C library's functions give the last bit, one number at a time; these give nearly that, many times as fast.

/// `log2(e)` rounded to 32 bits.
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// `ln 2` in two parts: the first has so few digits that its product with a small whole number is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Added to a small number and taken away again, it leaves the nearest whole number: 1.5 · 2^23.
const ROUNDER: f32 = 12_582_912.0;

/// Replaces each value by the natural logarithm of the greater of it and `floor`, which must be a normal positive number.
///
/// The error is at most two units in the last place, or 1.2e-7 where the logarithm is small; what is not a number counts as `floor`.
pub fn ln_above(values: &mut [f32], floor: f32) {
    for value in values {
        // Written so that what is not a number becomes the floor.
        let x = if *value > floor { *value } else { floor };
        *value = ln(x);
    }
}

/// `ln(x)` of a normal positive number: the exponent apart, and `ln((1+s)/(1−s)) = 2s + 2s³/3 + 2s⁵/5 + …` of a mantissa in `[√½, √2)`.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = ((shifted as i32) >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff) + SQRT_HALF_BITS) - 1.0;
    let s = m / (m + 2.0);
    let z = s * s;
    // 2/3, 2/5, 2/7 and 2/9: the next term is below 2e-9.
    let series = z * (0.666_666_7 + z * (0.4 + z * (0.285_714_3 + z * 0.222_222_2)));
    // 2s = m − m·s, which keeps the digits of m.
    let small = m - s * (m - series) + exponent * LN_2_LOW;
    exponent * LN_2_HIGH + small
}

/// Replaces each value by `1 / (1 + e^−x)`.
///
/// The relative error is below 4e-7 for results that are normal numbers; what is not a number stays so.
pub fn logistic(values: &mut [f32]) {
    for value in values {
        *value = 1.0 / (1.0 + exp(-*value));
    }
}

/// `e^x`, from about 1e-38 to 1e38: smaller and greater results are held there.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Comparisons that what is not a number fails both, so that it goes on through the sums.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let whole = (x * LOG2_E + ROUNDER) - ROUNDER;
    let r = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    // Taylor's series on [−0.347, 0.347]: the first term left out is below 1.2e-8.
    let series = 0.166_666_67 + r * (0.041_666_67 + r * (0.008_333_334 + r * (0.001_388_889 + r * 1.984_127e-4)));
    let mantissa = 1.0 + (r + r * r * (0.5 + r * series));
    // The power of two: the whole number lies in the lowest bits of its sum with the rounder.
    let power = (whole + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    mantissa * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 997th of all normal positive numbers.
    fn normal_numbers() -> impl Iterator<Item = f32> {
        (f32::MIN_POSITIVE.to_bits()..f32::MAX.to_bits()).step_by(997).map(f32::from_bits)
    }

    #[test]
    fn the_logarithm_is_exact_to_two_units_in_the_last_place() {
        let mut worst = 0.0_f64;
        for x in normal_numbers() {
            let exact = f64::from(x).ln();
            let error = (f64::from(ln(x)) - exact).abs() / exact.abs().max(1.0);
            worst = worst.max(error);
        }
        assert!(worst < 1.2e-7, "{worst:e}");
    }

    #[test]
    fn what_is_below_the_floor_or_no_number_is_the_floor() {
        let mut values = [0.0, -3.0, 1e-9, f32::NAN, 1e-40, 1e-7];
        ln_above(&mut values, 1e-7);
        assert!(values.iter().all(|&value| value == ln(1e-7)), "{values:?}");
        assert!((values[0] - 1e-7_f32.ln()).abs() < 2e-6);
    }

    #[test]
    fn the_logistic_function_is_exact_to_four_parts_in_ten_million() {
        let mut worst = 0.0_f64;
        for step in -860_000..=200_000_i32 {
            let x = step as f32 * 1e-4;
            let mut value = [x];
            logistic(&mut value);
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            worst = worst.max((f64::from(value[0]) - exact).abs() / exact);
        }
        assert!(worst < 4e-7, "{worst:e}");
    }

    #[test]
    fn the_logistic_function_takes_anything() {
        let mut values = [f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, f32::NAN, 0.0];
        logistic(&mut values);
        assert_eq!((values[0], values[2], values[5]), (1.0, 1.0, 0.5));
        assert!(values[1] < 1e-37 && values[3] < 1e-37 && values[1] >= 0.0);
        assert!(values[4].is_nan());
    }
}
