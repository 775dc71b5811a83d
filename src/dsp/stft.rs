//! Short-time Fourier transform of one frame at a time, as power relative to a full-scale sine. Owns the FFT plan and scratch
//! memory; must not know where frames come from or what is drawn.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::window::FrameWindow;

/// Shortest and longest frame that is chosen by the sample rate, in samples.
const FRAME_LEN_BY_RATE: (usize, usize) = (128, 4096);

/// Size of frames and distance between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StftSpec {
    /// Samples in a frame, a power of two, ≥ 16.
    pub frame_len: usize,
    /// Samples that are transformed: the frame and zeros after it. A power of two, ≥ `frame_len`.
    pub fft_size: usize,
    /// Samples from one frame to the next, 1 to `frame_len`.
    pub hop: usize,
    /// Weights of the samples of a frame.
    pub window: FrameWindow,
}

impl StftSpec {
    /// Frames for a recording of `sample_rate` hertz, [`StftSpec::frame_len_for`] samples long.
    pub fn for_sample_rate(sample_rate: u32) -> Self {
        Self::of_size(Self::frame_len_for(sample_rate))
    }

    /// Samples of a frame: the power of two nearest to 43 ms (2048 samples at 44.1 and 48 kHz, 30 to 46 ms elsewhere), but 4096 at
    /// most, so that ultrasonic recordings keep their detail in time.
    pub fn frame_len_for(sample_rate: u32) -> usize {
        let wanted = f64::from(sample_rate.max(1)) * 0.043;
        let frame_len = 2_f64.powf(wanted.log2().round()) as usize;
        frame_len.clamp(FRAME_LEN_BY_RATE.0, FRAME_LEN_BY_RATE.1)
    }

    /// Hann frames of the power of two next to `frame_len` (at least 16), a quarter of a frame apart, without zeros.
    pub fn of_size(frame_len: usize) -> Self {
        Self::new(frame_len, 4, 1, FrameWindow::HannPeriodic)
    }

    /// Frames of the power of two next to `frame_len` (at least 16), `1/hops` of a frame apart, transformed with zeros up to
    /// `zero_padding` times their length (both rounded up to powers of two, the hop is at least one sample).
    pub fn new(frame_len: usize, hops: usize, zero_padding: usize, window: FrameWindow) -> Self {
        let frame_len = frame_len.clamp(16, 1 << 20).next_power_of_two();
        let hop = (frame_len / hops.clamp(1, frame_len).next_power_of_two()).max(1);
        Self { frame_len, fft_size: frame_len * zero_padding.clamp(1, 16).next_power_of_two(), hop, window }
    }

    /// Rows of a column: the bins 0 to `fft_size/2 − 1`. The bin at half the sample rate is left out: recordings are silent there,
    /// and a power of two of rows halves cleanly.
    pub fn rows(&self) -> usize {
        self.fft_size / 2
    }

    /// Columns of a recording of `frame_count` samples: one for each hop begun.
    pub fn columns(&self, frame_count: u64) -> u64 {
        frame_count.div_ceil(self.hop as u64)
    }

    /// The first sample of the frame of a column. Negative at the beginning: a frame stands centred on the middle of its hop, so
    /// that what is drawn in a column is what sounds during it.
    pub fn first_sample(&self, column: u64) -> i64 {
        (column * self.hop as u64) as i64 - self.lead() as i64
    }

    /// Samples by which a frame begins before its column.
    pub fn lead(&self) -> usize {
        (self.frame_len - self.hop) / 2
    }
}

/// Transforms frames; allocates nothing after it was made.
pub struct Stft {
    spec: StftSpec,
    plan: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Stft {
    /// Plans the transform. The window carries the scale: a sine of amplitude 1 in the middle of a bin has power 1.
    pub fn new(spec: StftSpec) -> Self {
        let plan = RealFftPlanner::<f32>::new().plan_fft_forward(spec.fft_size);
        let window = spec.window.weights(spec.frame_len);
        let scale = 2.0 / window.iter().sum::<f64>();
        Self {
            spec,
            window: window.iter().map(|weight| (weight * scale) as f32).collect(),
            frame: vec![0.0; spec.fft_size],
            spectrum: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
        }
    }

    /// Size of frames and hop.
    pub fn spec(&self) -> StftSpec {
        self.spec
    }

    /// Raises each `power[bin]` (of [`StftSpec::rows`] bins) to the power of the frame (of `frame_len` samples) in that bin, if
    /// that is greater. Power 1 is a full-scale sine. A frame that holds anything but numbers counts as silence.
    pub fn accumulate_max(&mut self, frame: &[f32], power: &mut [f32]) {
        for ((out, &sample), &weight) in self.frame.iter_mut().zip(frame).zip(&self.window) {
            *out = sample * weight;
        }
        // The transform leaves its own numbers behind.
        self.frame[self.spec.frame_len..].fill(0.0);
        // The buffers have the plan's own lengths, so that the transform cannot refuse.
        let done = self.plan.process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (greatest, bin) in power.iter_mut().zip(&self.spectrum) {
            let value = bin.re * bin.re + bin.im * bin.im;
            *greatest = if value > *greatest { value } else { *greatest };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn sizes_follow_the_rate() {
        for (rate, size) in
            [(8_000, 256), (16_000, 512), (32_000, 1024), (44_100, 2048), (48_000, 2048), (384_000, 4096)]
        {
            assert_eq!(StftSpec::for_sample_rate(rate).fft_size, size, "{rate} Hz");
        }
    }

    #[test]
    fn equals_the_naive_transform() {
        let spec = StftSpec::of_size(64);
        let frame: Vec<f32> = (0..64).map(|n| ((n * n * 7 % 64) as f32 - 30.0) / 40.0).collect();
        let mut power = vec![0.0; spec.rows()];
        Stft::new(spec).accumulate_max(&frame, &mut power);
        for (bin, &fast) in power.iter().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, &sample) in frame.iter().enumerate() {
                let window = 0.5 - 0.5 * (TAU * n as f64 / 64.0).cos();
                let angle = TAU * (bin * n) as f64 / 64.0;
                re += window * f64::from(sample) * angle.cos();
                im -= window * f64::from(sample) * angle.sin();
            }
            let naive = (re * re + im * im) * (2.0_f64 / 32.0).powi(2);
            assert!((f64::from(fast) - naive).abs() < 1e-6 * naive.max(1e-3), "bin {bin}: {fast} for {naive}");
        }
    }

    #[test]
    fn a_full_scale_sine_is_zero_decibels_and_the_greater_frame_wins() {
        let spec = StftSpec::of_size(2048);
        let mut stft = Stft::new(spec);
        let sine = |amplitude: f64| -> Vec<f32> {
            (0..2048).map(|n| (amplitude * (TAU * 100.0 * f64::from(n) / 2048.0).sin()) as f32).collect()
        };
        let mut power = vec![0.0; spec.rows()];
        stft.accumulate_max(&sine(1.0), &mut power);
        stft.accumulate_max(&sine(0.1), &mut power);
        assert!((power[100] - 1.0).abs() < 1e-5);
        assert!(power[110] < 1e-10);
    }

    #[test]
    fn what_is_not_a_number_counts_as_silence() {
        let mut power = vec![0.0; 32];
        Stft::new(StftSpec::of_size(64)).accumulate_max(&[f32::NAN; 64], &mut power);
        assert!(power.iter().all(|&p| p == 0.0));
    }
}
