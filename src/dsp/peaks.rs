//! Peak reduction: the least, the greatest and the effective value of blocks of samples. Owns the packed form; must not know
//! where the samples come from.

/// Least, greatest and root-mean-square value of a stretch of samples, all relative to full scale 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Least sample.
    pub min: f32,
    /// Greatest sample.
    pub max: f32,
    /// Root of the mean square, ≥ 0.
    pub rms: f32,
}

/// A [`Peak`] in six bytes, for the pyramid of a whole recording: clipped at full scale, exact to 1/32767.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackedPeak {
    min: i16,
    max: i16,
    rms: u16,
}

impl PackedPeak {
    /// Bytes of [`PackedPeak::to_bytes`].
    pub const BYTES: usize = 6;

    /// The form in files: least, greatest, effective value, two bytes each, lowest first.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let (min, max, rms) = (self.min.to_le_bytes(), self.max.to_le_bytes(), self.rms.to_le_bytes());
        [min[0], min[1], max[0], max[1], rms[0], rms[1]]
    }

    /// The peak of [`PackedPeak::to_bytes`].
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [a, b, c, d, e, f] = bytes;
        Self { min: i16::from_le_bytes([a, b]), max: i16::from_le_bytes([c, d]), rms: u16::from_le_bytes([e, f]) }
    }
}

impl From<Peak> for PackedPeak {
    fn from(peak: Peak) -> Self {
        // Away from zero, so that the drawn shape never lies inside the true one.
        let min = (peak.min.clamp(-1.0, 1.0) * 32_767.0).floor() as i16;
        let max = (peak.max.clamp(-1.0, 1.0) * 32_767.0).ceil() as i16;
        Self { min, max, rms: (peak.rms.clamp(0.0, 1.0) * 65_535.0).round() as u16 }
    }
}

impl From<PackedPeak> for Peak {
    fn from(packed: PackedPeak) -> Self {
        Self {
            min: f32::from(packed.min) / 32_767.0,
            max: f32::from(packed.max) / 32_767.0,
            rms: f32::from(packed.rms) / 65_535.0,
        }
    }
}

/// Gathers samples or peaks into one peak.
#[derive(Clone, Copy, Debug)]
pub struct PeakSum {
    min: f32,
    max: f32,
    square_sum: f64,
    weight: u64,
}

impl Default for PeakSum {
    fn default() -> Self {
        Self { min: f32::INFINITY, max: f32::NEG_INFINITY, square_sum: 0.0, weight: 0 }
    }
}

impl PeakSum {
    /// Takes samples in; they must be numbers.
    pub fn add_samples(&mut self, samples: &[f32]) {
        // Eight sums side by side, which the processor adds at once.
        let (mut min, mut max, mut squares) = ([self.min; 8], [self.max; 8], [0.0_f32; 8]);
        let (blocks, rest) = samples.as_chunks::<8>();
        for block in blocks {
            for lane in 0..8 {
                let sample = block[lane];
                min[lane] = if sample < min[lane] { sample } else { min[lane] };
                max[lane] = if sample > max[lane] { sample } else { max[lane] };
                squares[lane] += sample * sample;
            }
        }
        for (lane, &sample) in rest.iter().enumerate() {
            min[lane] = min[lane].min(sample);
            max[lane] = max[lane].max(sample);
            squares[lane] += sample * sample;
        }
        self.min = min.into_iter().fold(f32::INFINITY, f32::min);
        self.max = max.into_iter().fold(f32::NEG_INFINITY, f32::max);
        self.square_sum += f64::from(squares.into_iter().sum::<f32>());
        self.weight += samples.len() as u64;
    }

    /// Takes a peak of `weight` samples in.
    pub fn add_peak(&mut self, peak: Peak, weight: u64) {
        self.min = self.min.min(peak.min);
        self.max = self.max.max(peak.max);
        self.square_sum += f64::from(peak.rms) * f64::from(peak.rms) * weight as f64;
        self.weight += weight;
    }

    /// Samples taken in so far.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The peak of all that was taken in; `None` if that was nothing.
    pub fn peak(&self) -> Option<Peak> {
        let rms = (self.square_sum / self.weight as f64).sqrt() as f32;
        (self.weight > 0).then_some(Peak { min: self.min, max: self.max, rms })
    }
}

/// The peaks of consecutive blocks of `block` samples; the last block may be shorter.
pub fn block_peaks(samples: &[f32], block: usize) -> Vec<Peak> {
    let peak_of = |block: &[f32]| {
        let mut sum = PeakSum::default();
        sum.add_samples(block);
        sum.peak()
    };
    samples.chunks(block.max(1)).filter_map(peak_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_of_peaks_are_the_peaks_of_the_samples() {
        let samples: Vec<f32> = (0..512).map(|n| ((n * 37 % 101) as f32 - 40.0) / 80.0).collect();
        let whole = block_peaks(&samples, 512)[0];
        let mut sum = PeakSum::default();
        for peak in block_peaks(&samples, 64) {
            sum.add_peak(peak, 64);
        }
        let merged = sum.peak().expect("not empty");
        assert_eq!((merged.min, merged.max), (whole.min, whole.max));
        assert!((merged.rms - whole.rms).abs() < 1e-6);
    }

    #[test]
    fn packing_never_shrinks_the_shape() {
        let peak = Peak { min: -0.123_456, max: 0.654_321, rms: 0.3 };
        let back = Peak::from(PackedPeak::from(peak));
        assert!(back.min <= peak.min && back.max >= peak.max);
        assert!((back.min - peak.min).abs() < 4e-5 && (back.rms - peak.rms).abs() < 2e-5);
        assert_eq!(PeakSum::default().peak(), None);
    }
}
