//! A recording's channels on an output's. Pure.
//!
//! What is too many is averaged before anything else is done to the sound, and what is too few is spread at the very end, so that the
//! work between depends on the output's channels at most.

/// Channels between folding and spreading.
pub(super) fn folded(from: usize, to: usize) -> usize {
    from.min(to).max(1)
}

/// More channels than the output has are averaged onto it in turn, so that none is lost.
pub(super) fn fold(frames: &[f32], from: usize, to: usize, out: &mut [f32]) {
    if from <= to {
        out.iter_mut().zip(frames).for_each(|(sample, &source)| *sample = source);
        return;
    }
    for (frame, out) in frames.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
        for (index, sample) in out.iter_mut().enumerate() {
            let shared = frame[index..].iter().step_by(to);
            *sample = shared.clone().sum::<f32>() / shared.len() as f32;
        }
    }
}

/// One channel sounds on the first two; fewer channels than the output has sound on its first. `from` is at most `to`.
pub(super) fn spread(frames: &[f32], from: usize, to: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(frames.len() / from * to, 0.0);
    for (frame, out) in frames.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
        match from {
            1 => out.iter_mut().take(2).for_each(|sample| *sample = frame[0]),
            _ => out[..from].copy_from_slice(frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(from: usize, to: usize, frame: &[f32]) -> Vec<f32> {
        let between = folded(from, to);
        let (mut middle, mut out) = (vec![0.0; between], Vec::new());
        fold(frame, from, between, &mut middle);
        spread(&middle, between, to, &mut out);
        out
    }

    #[test]
    fn channels_find_their_place() {
        assert_eq!(mapped(1, 1, &[0.5]), [0.5]);
        assert_eq!(mapped(1, 4, &[0.5]), [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(mapped(2, 4, &[0.5, 0.25]), [0.5, 0.25, 0.0, 0.0]);
        assert_eq!(mapped(3, 2, &[0.5, 0.25, 0.1]), [0.3, 0.25]);
        assert_eq!(mapped(2, 1, &[0.5, 0.25]), [0.375]);
    }
}
