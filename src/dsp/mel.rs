//! Mel filter banks: from a spectrum to overlapping bands. Owns the mel scale and the triangles, not the spectrum.

/// What a bank of triangles covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MelSpec {
    /// Sample rate in hertz.
    pub sample_rate: u32,
    /// FFT length in samples; the spectrum has `fft_size / 2 + 1` bins.
    pub fft_size: usize,
    /// Number of bands.
    pub band_count: usize,
    /// Lower edge of the lowest band, in hertz.
    pub low_hz: f64,
    /// Upper edge of the highest band, in hertz, at most half the sample rate.
    pub high_hz: f64,
}

/// HTK's mel: 1127 · ln(1 + f / 700).
pub fn mel_from_hz(hz: f64) -> f64 {
    1127.0 * (hz / 700.0).ln_1p()
}

/// Triangles that are linear in mel and of height 1, as TensorFlow's `linear_to_mel_weight_matrix` and Kaldi's
/// `compute-fbank-feats` have them. Neither the bin at 0 Hz nor the one at half the rate belongs to any band.
#[derive(Clone, Debug)]
pub struct MelBank {
    /// Per band: its first bin and how many weights of `weights` are its own.
    bands: Vec<(usize, usize)>,
    /// The non-zero weights of all bands, one band after the other.
    weights: Vec<f32>,
}

impl MelBank {
    /// The bank for `spec`; a band narrower than a bin may have no weights and then reads 0.
    pub fn new(spec: &MelSpec) -> Self {
        let (low, high) = (mel_from_hz(spec.low_hz), mel_from_hz(spec.high_hz));
        let step = (high - low) / (spec.band_count + 1) as f64;
        let bin_hz = f64::from(spec.sample_rate) / spec.fft_size as f64;
        let mut bank = Self { bands: Vec::with_capacity(spec.band_count), weights: Vec::new() };
        for band in 0..spec.band_count {
            let left = low + step * band as f64;
            let weight = |bin: usize| {
                let mel = mel_from_hz(bin as f64 * bin_hz);
                ((mel - left) / step).min((left + 2.0 * step - mel) / step) as f32
            };
            let mut bins = (1..spec.fft_size / 2).skip_while(|&bin| weight(bin) <= 0.0).peekable();
            let first = bins.peek().copied().unwrap_or(0);
            let before = bank.weights.len();
            bank.weights.extend(bins.map(weight).take_while(|&weight| weight > 0.0));
            bank.bands.push((first, bank.weights.len() - before));
        }
        bank
    }

    /// Triangles that are linear in hertz between edges evenly spread in mel, each as high as `height`, as librosa's with `htk=True,
    /// norm=None` and torchaudio's with `mel_scale="htk"` (height 1). The bins at 0 Hz and at half the rate are left out as well: triangles
    /// that end there give them no weight.
    pub fn linear_in_hz(spec: &MelSpec, height: f64) -> Self {
        let (low, high) = (mel_from_hz(spec.low_hz), mel_from_hz(spec.high_hz));
        let edge = |index: usize| {
            let mel = low + (high - low) * index as f64 / (spec.band_count + 1) as f64;
            700.0 * (mel / 1127.0).exp_m1()
        };
        let bin_hz = f64::from(spec.sample_rate) / spec.fft_size as f64;
        let mut bank = Self { bands: Vec::with_capacity(spec.band_count), weights: Vec::new() };
        for band in 0..spec.band_count {
            let (left, middle, right) = (edge(band), edge(band + 1), edge(band + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * bin_hz;
                (height * ((hz - left) / (middle - left)).min((right - hz) / (right - middle))) as f32
            };
            let first = (1..spec.fft_size / 2).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
            let before = bank.weights.len();
            if first > 0 {
                bank.weights.extend((first..spec.fft_size / 2).map(weight).take_while(|&weight| weight > 0.0));
            }
            bank.bands.push((first, bank.weights.len() - before));
        }
        bank
    }

    /// Number of bands.
    pub fn band_count(&self) -> usize {
        self.bands.len()
    }

    /// Sums `spectrum` (`fft_size / 2 + 1` bins) into `bands` (one value a band).
    pub fn apply(&self, spectrum: &[f32], bands: &mut [f32]) {
        let mut weights = self.weights.as_slice();
        for (out, &(first, count)) in bands.iter_mut().zip(&self.bands) {
            let (own, rest) = weights.split_at(count);
            weights = rest;
            *out = dot(&spectrum[first..first + count], own);
        }
    }

    /// As [`MelBank::apply`], for `N` spectra side by side: `spectra[bin][spectrum]` (at least [`MelBank::bin_count`] bins) into
    /// `bands[band][spectrum]`.
    pub fn apply_to_each<const N: usize>(&self, spectra: &[[f32; N]], bands: &mut [[f32; N]]) {
        let mut weights = self.weights.as_slice();
        for (out, &(first, count)) in bands.iter_mut().zip(&self.bands) {
            let (own, rest) = weights.split_at(count);
            weights = rest;
            let mut sums = [0.0; N];
            for (bin, &weight) in spectra[first..first + count].iter().zip(own) {
                sums.iter_mut().zip(bin).for_each(|(sum, level)| *sum += level * weight);
            }
            *out = sums;
        }
    }

    /// How many of the lowest bins count: those above belong to no band.
    pub fn bin_count(&self) -> usize {
        self.bands.iter().map(|&(first, count)| first + count).max().unwrap_or(0)
    }
}

/// Four running sums, so that the compiler may use vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut sums, a4, b4) = ([0.0_f32; 4], a.chunks_exact(4), b.chunks_exact(4));
    let tail: f32 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_triangles_add_up_to_one_between_the_outer_centres() {
        let spec = MelSpec { sample_rate: 16_000, fft_size: 512, band_count: 64, low_hz: 125.0, high_hz: 7500.0 };
        let bank = MelBank::new(&spec);
        assert_eq!(bank.band_count(), 64);
        for bin in 8..200 {
            let mut spectrum = vec![0.0; 257];
            spectrum[bin] = 1.0;
            let mut bands = vec![0.0; 64];
            bank.apply(&spectrum, &mut bands);
            let sum: f32 = bands.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5, "bin {bin}: {sum}");
        }
    }

    #[test]
    fn bins_outside_the_edges_count_nowhere() {
        let spec = MelSpec { sample_rate: 16_000, fft_size: 512, band_count: 10, low_hz: 1000.0, high_hz: 2000.0 };
        let bank = MelBank::new(&spec);
        let mut spectrum = vec![1.0; 257];
        spectrum[33..64].fill(0.0);
        let mut bands = vec![9.0; 10];
        bank.apply(&spectrum, &mut bands);
        assert_eq!(bands, vec![0.0; 10]);
    }

    #[test]
    fn spectra_side_by_side_give_what_each_gives_alone() {
        let bank = MelBank::new(&MelSpec {
            sample_rate: 16_000,
            fft_size: 512,
            band_count: 128,
            low_hz: 0.0,
            high_hz: 7000.0,
        });
        assert_eq!(bank.bin_count(), 224);
        let spectra: Vec<[f32; 2]> =
            (0..224_u16).map(|bin| [f32::from(bin * 7 % 11), f32::from(bin * 5 % 13)]).collect();
        let mut both = [[9.0; 2]; 128];
        bank.apply_to_each(&spectra, &mut both);
        for side in 0..2 {
            let spectrum: Vec<f32> = spectra.iter().map(|bin| bin[side]).collect();
            let mut alone = [9.0; 128];
            bank.apply(&spectrum, &mut alone);
            assert!(alone.iter().zip(&both).all(|(a, b)| (a - b[side]).abs() < 1e-5));
        }
    }
}
