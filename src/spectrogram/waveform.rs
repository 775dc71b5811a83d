//! Waveform peaks of a whole recording as a pyramid, and of a short stretch in full detail.

use std::sync::Arc;

use crate::dsp::peaks::{PackedPeak, Peak, PeakSum};

/// Peaks of one level that make one of the next.
const STEP: u64 = 4;

/// Samples in a block of the pyramid's lowest level: the power of two from 8 ms up (512 at 44.1 and 48 kHz).
pub fn wave_block_samples(sample_rate: u32) -> u64 {
    (u64::from(sample_rate) / 125).max(16).next_power_of_two()
}

/// Peaks in a page: 48 KB. Pages are handed on instead of copied.
pub const PAGE_PEAKS: usize = 8_192;

/// What is new of one level.
#[derive(Debug)]
struct LevelUpdate {
    level: usize,
    /// Pages by number; the last one of a level may be shorter.
    pages: Vec<(usize, Arc<[PackedPeak]>)>,
}

/// What is new of the peaks since an earlier update.
#[derive(Debug, Default)]
pub struct WaveUpdate {
    levels: Vec<LevelUpdate>,
}

impl WaveUpdate {
    /// The update that shows pages of a level, from page `first` on.
    pub fn of_pages(level: usize, first: usize, pages: Vec<Arc<[PackedPeak]>>) -> Self {
        let pages = pages.into_iter().enumerate().map(|(n, page)| (first + n, page)).collect();
        Self { levels: vec![LevelUpdate { level, pages }] }
    }

    /// Adds a later update.
    pub fn absorb(&mut self, later: Self) {
        for level in later.levels {
            match self.levels.iter_mut().find(|own| own.level == level.level) {
                Some(own) => {
                    // The page begun of an earlier update stands in a later one with more peaks.
                    let first = level.pages.first().map_or(usize::MAX, |(number, _)| *number);
                    own.pages.retain(|(number, _)| *number < first);
                    own.pages.extend(level.pages);
                }
                None => self.levels.push(level),
            }
        }
    }
}

/// Peaks of one level.
#[derive(Debug, Default)]
struct WaveLevel {
    pages: Vec<Arc<[PackedPeak]>>,
    len: usize,
}

impl WaveLevel {
    /// Puts a page at its place; one that would leave a gap is not taken.
    fn put(&mut self, number: usize, page: Arc<[PackedPeak]>) {
        let is_behind_whole_pages = number * PAGE_PEAKS <= self.len;
        if number == self.pages.len() && is_behind_whole_pages {
            self.len += page.len();
            self.pages.push(page);
        } else if let Some(known) = self.pages.get_mut(number).filter(|known| known.len() <= page.len()) {
            self.len += page.len() - known.len();
            *known = page;
        }
    }

    /// Adds the peaks `start..end` to a sum.
    fn add(&self, sum: &mut PeakSum, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let Some(page) = self.pages.get(at / PAGE_PEAKS) else { return };
            let rest = page.get(at % PAGE_PEAKS..).unwrap_or_default();
            let part = &rest[..rest.len().min(end - at)];
            if part.is_empty() {
                return;
            }
            part.iter().for_each(|&peak| sum.add_peak(peak.into(), 1));
            at += part.len();
        }
    }
}

/// Peaks of all blocks of a recording so far, as they are drawn; 2.7 MB an hour at 48 kHz.
#[derive(Debug)]
pub struct WaveStore {
    block: u64,
    levels: Vec<WaveLevel>,
}

impl WaveStore {
    /// No blocks yet; each will be of `block` samples.
    pub fn new(block: u64) -> Self {
        Self { block: block.max(1), levels: vec![WaveLevel::default()] }
    }

    /// Samples in a block.
    pub fn block_samples(&self) -> u64 {
        self.block
    }

    /// Takes over what a builder has made: costs a pointer a page.
    pub fn apply(&mut self, update: WaveUpdate) {
        for level in update.levels {
            if self.levels.len() <= level.level {
                self.levels.resize_with(level.level + 1, WaveLevel::default);
            }
            let own = &mut self.levels[level.level];
            level.pages.into_iter().for_each(|(number, page)| own.put(number, page));
        }
    }

    /// Peaks of `count` pixels of `samples_per_px` samples each, from sample `first` on (which may be negative); `None` where
    /// nothing is known.
    pub fn peaks(&self, first: f64, samples_per_px: f64, count: usize) -> Vec<Option<Peak>> {
        let finer = (samples_per_px / self.block as f64).max(1.0).log(STEP as f64).floor() as usize;
        let level = finer.min(self.levels.len() - 1);
        let step = STEP.pow(level as u32);
        let (finest, blocks) = (&self.levels[0], &self.levels[level]);
        let (block, known) = (self.block * step, finest.len as u64 * self.block);
        // The group begun is not in the level yet; the finest level fills that gap.
        let rest = blocks.len * step as usize;
        reduce(first, samples_per_px, count, |from, to| {
            let mut sum = PeakSum::default();
            let (start, end) = block_range(blocks.len, block, from, to);
            blocks.add(&mut sum, start, end);
            if to > blocks.len as f64 * block as f64 && level > 0 && from < known as f64 {
                let begin = (rest as u64 * self.block) as f64;
                let (start, end) =
                    block_range(finest.len.saturating_sub(rest), self.block, (from - begin).max(0.0), to - begin);
                finest.add(&mut sum, rest + start, rest + end);
            }
            sum.peak()
        })
    }

    /// Bytes of all peaks.
    pub fn byte_count(&self) -> usize {
        self.levels.iter().map(|level| level.len * size_of::<PackedPeak>()).sum()
    }
}

/// One level that is being made.
#[derive(Debug, Default)]
struct BuiltLevel {
    pages: Vec<Arc<[PackedPeak]>>,
    /// Whole pages that were reported.
    reported: usize,
    growing: Vec<PackedPeak>,
    is_changed: bool,
    group: PeakSum,
}

impl BuiltLevel {
    /// All pages from `first` on, the one begun last.
    fn pages_from(&self, first: usize) -> impl Iterator<Item = Arc<[PackedPeak]>> {
        let growing = (!self.growing.is_empty()).then(|| Arc::from(self.growing.as_slice()));
        self.pages[first..].iter().cloned().chain(growing)
    }
}

/// Makes all levels of peaks out of those of the blocks.
#[derive(Debug)]
pub struct WaveBuilder {
    levels: Vec<BuiltLevel>,
}

impl Default for WaveBuilder {
    fn default() -> Self {
        Self { levels: vec![BuiltLevel::default()] }
    }
}

impl WaveBuilder {
    /// Goes on where another builder stopped. `levels` are its [`WaveBuilder::levels`]; `None` if they do not fit together.
    pub fn restored(levels: Vec<Vec<Arc<[PackedPeak]>>>) -> Option<Self> {
        let mut own = Self::default();
        let mut expected = None;
        for (depth, mut pages) in levels.into_iter().enumerate() {
            let count: usize = pages.iter().map(|page| page.len()).sum();
            if expected.is_some_and(|expected| expected != count) {
                return None;
            }
            expected = Some(count / STEP as usize);
            if depth == own.levels.len() {
                own.levels.push(BuiltLevel::default());
            }
            let growing = pages.pop_if(|page| page.len() < PAGE_PEAKS);
            if pages.iter().any(|page| page.len() != PAGE_PEAKS) {
                return None;
            }
            let level = &mut own.levels[depth];
            level.pages = pages;
            level.growing = growing.map_or_else(Vec::new, |page| page.to_vec());
            level.is_changed = true;
            let begun = level.growing.len() / STEP as usize * STEP as usize;
            for &peak in &level.growing[begun..] {
                level.group.add_peak(peak.into(), 1);
            }
        }
        expected.is_none_or(|rest| rest == 0).then_some(own)
    }

    /// Appends the peaks of the next blocks.
    pub fn push(&mut self, peaks: &[PackedPeak]) {
        peaks.iter().for_each(|&peak| self.push_at(0, peak));
    }

    /// Blocks so far.
    pub fn len(&self) -> usize {
        self.levels[0].pages.len() * PAGE_PEAKS + self.levels[0].growing.len()
    }

    /// Whether there are no blocks yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is new since the last call.
    pub fn take_update(&mut self) -> WaveUpdate {
        let mut update = WaveUpdate::default();
        for (level, own) in self.levels.iter_mut().enumerate().filter(|(_, own)| own.is_changed) {
            let pages: Vec<_> = own.pages_from(own.reported).collect();
            update.absorb(WaveUpdate::of_pages(level, own.reported, pages));
            own.reported = own.pages.len();
            own.is_changed = false;
        }
        update
    }

    /// All pages of each level, the finest level first; the last page of a level may have fewer peaks.
    pub fn levels(&self) -> Vec<Vec<Arc<[PackedPeak]>>> {
        self.levels.iter().map(|level| level.pages_from(0).collect()).collect()
    }

    /// Peaks of each level, the finest first, for `count` blocks.
    pub fn counts_by_level(count: u64) -> Vec<u64> {
        let mut all = vec![count];
        let mut count = count / STEP;
        while count > 0 {
            all.push(count);
            count /= STEP;
        }
        all
    }

    fn push_at(&mut self, level: usize, peak: PackedPeak) {
        if level == self.levels.len() {
            self.levels.push(BuiltLevel::default());
        }
        let own = &mut self.levels[level];
        own.is_changed = true;
        own.growing.push(peak);
        if own.growing.len() == PAGE_PEAKS {
            own.pages.push(Arc::from(own.growing.as_slice()));
            own.growing.clear();
        }
        own.group.add_peak(peak.into(), 1);
        if own.group.weight() == STEP
            && let Some(sum) = std::mem::take(&mut own.group).peak()
        {
            self.push_at(level + 1, sum.into());
        }
    }
}

/// Peaks of a short stretch in the detail that a deep zoom needs.
#[derive(Clone, Debug)]
pub struct FineWave {
    /// First sample of the stretch.
    pub first_sample: u64,
    /// Samples in a block, 1 or more.
    pub block: u64,
    /// One peak a block.
    pub peaks: Vec<Peak>,
}

impl FineWave {
    /// Whether samples `first` to `end` lie in the stretch, with blocks no longer than `samples_per_px`.
    pub fn covers(&self, first: u64, end: u64, samples_per_px: f64) -> bool {
        let own_end = self.first_sample + self.peaks.len() as u64 * self.block;
        first >= self.first_sample && end <= own_end && self.block as f64 <= samples_per_px.max(1.0)
    }

    /// As [`WaveStore::peaks`].
    pub fn peaks(&self, first: f64, samples_per_px: f64, count: usize) -> Vec<Option<Peak>> {
        let first = first - self.first_sample as f64;
        reduce(first, samples_per_px, count, |from, to| {
            let mut sum = PeakSum::default();
            let (start, end) = block_range(self.peaks.len(), self.block, from, to);
            self.peaks[start..end].iter().for_each(|&peak| sum.add_peak(peak, 1));
            sum.peak()
        })
    }
}

/// Asks for the peak of each pixel's samples `[from, to)`.
fn reduce(first: f64, samples_per_px: f64, count: usize, of: impl Fn(f64, f64) -> Option<Peak>) -> Vec<Option<Peak>> {
    let edge = |px: usize| first + px as f64 * samples_per_px;
    (0..count).map(|px| if edge(px + 1) <= 0.0 { None } else { of(edge(px).max(0.0), edge(px + 1)) }).collect()
}

/// The blocks that samples `[from, to)` touch by more than rounding.
fn block_range(blocks: usize, block: u64, from: f64, to: f64) -> (usize, usize) {
    const ROUNDING: f64 = 1e-6;
    let start = ((from / block as f64 + ROUNDING).floor() as usize).min(blocks);
    let end = ((to / block as f64 - ROUNDING).ceil() as usize).max(start + 1).min(blocks);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(blocks: usize) -> WaveStore {
        let mut store = WaveStore::new(100);
        let mut builder = WaveBuilder::default();
        builder.push(&ramp(blocks));
        store.apply(builder.take_update());
        store
    }

    fn ramp(blocks: usize) -> Vec<PackedPeak> {
        let peak = |n: usize| Peak { min: -(n as f32) / 1000.0, max: n as f32 / 1000.0, rms: n as f32 / 1001.0 };
        (0..blocks).map(|n| PackedPeak::from(peak(n))).collect()
    }

    #[test]
    fn updates_in_any_portions_and_a_restored_builder_make_the_same_levels() {
        let peaks = ramp(40_001);
        let mut whole = WaveBuilder::default();
        whole.push(&peaks);
        for portion in [3, 1_000, 8_192, 50_000] {
            let mut builder = WaveBuilder::default();
            let (mut waiting, mut store) = (WaveUpdate::default(), WaveStore::new(100));
            for part in peaks.chunks(portion) {
                builder.push(part);
                if portion > 3 {
                    waiting.absorb(builder.take_update());
                }
                if builder.len() % 3 == 0 {
                    store.apply(std::mem::take(&mut waiting));
                }
            }
            waiting.absorb(builder.take_update());
            store.apply(waiting);
            assert_eq!(builder.levels(), whole.levels(), "portions of {portion}");
            let stored = store.levels.iter().map(|level| level.pages.clone()).collect::<Vec<_>>();
            assert_eq!(stored, whole.levels());
            let counts: Vec<u64> = store.levels.iter().map(|level| level.len as u64).collect();
            assert_eq!(counts, WaveBuilder::counts_by_level(40_001));
        }
        for stopped in [0, 1, 5, 8_191, 8_192, 8_193, 32_768, 40_001] {
            let mut begun = WaveBuilder::default();
            begun.push(&peaks[..stopped]);
            let mut resumed = WaveBuilder::restored(begun.levels()).expect("fits");
            resumed.push(&peaks[stopped..]);
            assert_eq!(resumed.levels(), whole.levels(), "stopped at {stopped}");
        }
        let mut torn = whole.levels();
        torn[0].pop();
        assert!(WaveBuilder::restored(torn).is_none());
    }

    #[test]
    fn every_zoom_sees_the_greatest_sample_of_a_pixel() {
        let store = store(999);
        for blocks_per_px in [1_usize, 3, 4, 17, 64, 500] {
            let count = 999_usize.div_ceil(blocks_per_px);
            let peaks = store.peaks(0.0, (blocks_per_px * 100) as f64, count);
            for (px, peak) in peaks.iter().enumerate() {
                let expected = ((px + 1) * blocks_per_px).min(999) - 1;
                let max = peak.expect("known").max;
                assert!(max >= expected as f32 / 1000.0 - 1e-6, "{blocks_per_px} a pixel, pixel {px}: {max}");
                // A block of the level above may reach over the pixel's border, by less than its own length.
                assert!(max <= (expected + blocks_per_px) as f32 / 1000.0 + 1e-3);
            }
        }
    }

    #[test]
    fn outside_nothing_is_known() {
        let peaks = store(10).peaks(-200.0, 100.0, 14);
        let known: Vec<bool> = peaks.iter().map(Option::is_some).collect();
        let expected: Vec<bool> = (0..14).map(|px| (2..12).contains(&px)).collect();
        assert_eq!(known, expected);
    }

    #[test]
    fn the_pyramid_costs_a_third_more_than_its_base() {
        let store = store(100_000);
        let count: usize = store.levels.iter().map(|level| level.len).sum();
        assert!(count < 134_000);
    }

    #[test]
    fn fine_peaks_are_the_samples_themselves() {
        let peaks = (0..50).map(|n| Peak { min: n as f32, max: n as f32, rms: n as f32 }).collect();
        let wave = FineWave { first_sample: 1000, block: 1, peaks };
        assert!(wave.covers(1000, 1050, 0.5) && !wave.covers(999, 1050, 0.5) && !wave.covers(1000, 1051, 2.0));
        let drawn = wave.peaks(1010.0, 0.5, 4);
        let values: Vec<f32> = drawn.iter().map(|peak| peak.expect("known").max).collect();
        assert_eq!(values, [10.0, 10.0, 11.0, 11.0]);
    }
}
