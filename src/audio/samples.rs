//! What is done to samples wherever they come from: mixing channels down, silencing what is no number. Must not read anything.

/// The mean of all `channels` (≥ 1) of each frame of interleaved samples, as many frames as both slices hold.
pub fn mix_down(interleaved: &[f32], channels: usize, out: &mut [f32]) {
    let scale = 1.0 / channels as f32;
    let frames = interleaved.chunks_exact(channels);
    out.iter_mut().zip(frames).for_each(|(mixed, frame)| *mixed = frame.iter().sum::<f32>() * scale);
}

/// Makes samples that are no finite numbers 0, and returns the place of the first one.
pub fn silence_non_finite(samples: &mut [f32]) -> Option<usize> {
    const EXPONENT: u32 = 0x7f80_0000;
    // They are so rare that they are only looked for one by one where there are any: this sum is done for several samples at once.
    let any = samples.iter().fold(false, |any, sample| any | (sample.to_bits() & EXPONENT == EXPONENT));
    if !any {
        return None;
    }
    let first = samples.iter().position(|sample| !sample.is_finite());
    samples.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_averaged() {
        let mut out = [9.0; 3];
        mix_down(&[1.0, 3.0, -1.0, 0.0, 7.0], 2, &mut out);
        assert_eq!(out, [2.0, -0.5, 9.0]);
        mix_down(&[0.1, 0.2, 0.3], 1, &mut out);
        assert_eq!(out, [0.1, 0.2, 0.3]);
    }

    #[test]
    fn what_is_no_number_becomes_silence() {
        let mut samples = [0.5, f32::NAN, -0.5, f32::NEG_INFINITY];
        assert_eq!(silence_non_finite(&mut samples), Some(1));
        assert_eq!(samples, [0.5, 0.0, -0.5, 0.0]);
        assert_eq!(silence_non_finite(&mut samples), None);
    }
}
