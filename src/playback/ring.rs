//! The ring between the feeder, which alone writes, and the callback, which alone takes. No lock, no waiting, no allocation.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Samples between two threads. Positions count samples since the beginning and never wrap in practice (a million years).
pub(super) struct Ring {
    /// Samples as bits: a ring of atomics needs no unsafe code, and costs what plain memory does.
    slots: Box<[AtomicU32]>,
    written: AtomicU64,
    taken: AtomicU64,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        let slots = (0..capacity.max(1)).map(|_| AtomicU32::new(0)).collect();
        Self { slots, written: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    /// Samples that can be written now.
    pub(super) fn free(&self) -> usize {
        let held = self.written.load(Ordering::Relaxed).saturating_sub(self.taken.load(Ordering::Acquire));
        self.slots.len().saturating_sub(held as usize)
    }

    /// Writes samples, at most [`Ring::free`]; by the feeder only.
    pub(super) fn write(&self, samples: &[f32]) {
        let start = self.written.load(Ordering::Relaxed);
        for (position, sample) in (start..).zip(samples) {
            self.slot(position).store(sample.to_bits(), Ordering::Relaxed);
        }
        self.written.store(start + samples.len() as u64, Ordering::Release);
    }

    /// The position that is written next.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The sample at a position between those released and [`Ring::written`].
    pub(super) fn sample(&self, position: u64) -> f32 {
        f32::from_bits(self.slot(position).load(Ordering::Relaxed))
    }

    /// Gives back all before a position; by the callback only.
    pub(super) fn release_to(&self, position: u64) {
        self.taken.store(position, Ordering::Release);
    }

    fn slot(&self, position: u64) -> &AtomicU32 {
        &self.slots[(position % self.slots.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn samples_come_out_in_order_across_threads() {
        let ring = Arc::new(Ring::new(100));
        let writer = Arc::clone(&ring);
        let feeder = std::thread::spawn(move || {
            let mut next = 0;
            while next < 50_000 {
                let count = writer.free().min(37).min(50_000 - next);
                let block: Vec<f32> = (next..next + count).map(|n| n as f32).collect();
                writer.write(&block);
                next += count;
                std::thread::yield_now();
            }
        });
        let mut taken = 0;
        while taken < 50_000 {
            let written = ring.written();
            for position in taken..written {
                assert_eq!(ring.sample(position), position as f32);
            }
            taken = written;
            ring.release_to(taken);
            std::thread::yield_now();
        }
        feeder.join().unwrap();
    }
}
