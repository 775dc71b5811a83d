//! Recordings that are decoded packet by packet, with every frame at its right place whatever was read before.
//!
//! A frame's place is the packet's time stamp where the container counts in frames, else a count from the beginning. What encoders
//! add before the sound is left out; packets that cannot be decoded leave silence of their length.
//! Must not know the decoder library: [`super::demux`] does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clamped::believable_frames;
use super::demux::{Decoded, Demux, Stop};
use super::seek_index::{Place, SeekIndex};
use super::{AudioError, SampleSource, StreamSpec, implausible, non_finite_warning, silence_non_finite};
use crate::time::{MAX_SAMPLES, clock_text, secs_from_samples};

/// A stretch of the recording, decoded.
#[derive(Default)]
struct Block {
    first_frame: u64,
    /// Frames of silence before the samples: a hole in the recording.
    silent_frames: u64,
    samples: Vec<f32>,
}

impl Block {
    fn end(&self, channels: usize) -> u64 {
        self.first_frame + self.silent_frames + (self.samples.len() / channels.max(1)) as u64
    }

    fn clear(&mut self) {
        self.silent_frames = 0;
        self.samples.clear();
    }

    /// Copies frames from `frame` on, which the block holds, and returns how many.
    fn copy_to(&self, frame: u64, out: &mut [f32], channels: usize) -> usize {
        let offset = frame - self.first_frame;
        let frames = (out.len() / channels).min((self.end(channels) - frame) as usize);
        let silent = (self.silent_frames.saturating_sub(offset) as usize).min(frames);
        out[..silent * channels].fill(0.0);
        let from = offset.saturating_sub(self.silent_frames) as usize * channels;
        let sounding = (frames - silent) * channels;
        out[silent * channels..frames * channels].copy_from_slice(&self.samples[from..from + sounding]);
        frames
    }
}

/// How to get to a frame.
#[derive(Clone, Copy)]
enum Way {
    BySeek,
    ByCount,
}

/// What became of a decoded block.
enum Placed {
    Shown,
    /// It lies outside the recording (an encoder's delay or padding) or was there already.
    Nothing,
    /// Its place is not believable.
    Lost,
}

pub(super) struct PacketSource {
    path: PathBuf,
    spec: StreamSpec,
    demux: Demux,
    block: Block,
    /// The frame after the last one decoded, negative within the encoder's delay; `None` after a seek, before a packet has come.
    next_frame: Option<i64>,
    /// Frames before this one are only decoded to settle the decoder.
    settled_from: u64,
    /// Whether the place was last found by the container's seek, which may have gone wrong, not by decoding all before it.
    came_by_seek: bool,
    index: Arc<SeekIndex>,
    /// The time stamp of frame 0, once the first packet was seen.
    origin: Option<i64>,
    /// Frames before frame 0 that are decoded but not shown.
    skipped_frames: u64,
    last_packet_frames: u64,
    /// Frames of broken packets since the last whole one, where frames are counted.
    lost_frames: u64,
    true_end: Option<u64>,
    holes: Holes,
    warned_of_non_finite: bool,
    warnings: Vec<String>,
    /// How often all was decoded from the beginning once more.
    #[cfg(test)]
    begun_again: usize,
}

/// Holes in the recording, each told of once.
#[derive(Default)]
struct Holes {
    /// Where the hole begins that is being passed.
    open_at: Option<u64>,
    /// Everything before this frame has been told of.
    told_to: u64,
    told: usize,
}

/// Holes that are told of one by one.
const MOST_TOLD_HOLES: usize = 10;

/// Reading this many seconds ahead is cheaper by decoding on than by a seek.
const DECODE_ON_SECS: u64 = 1;

/// Bytes of packets that are counted at most where a container does not say its length: an hour of MP3, a tenth of a second.
const COUNTED_BYTES: u64 = 64 << 20;

/// A hole longer than this is not believed where the length of the recording is not known.
const MAX_HOLE_SECS: u64 = 600;

impl PacketSource {
    pub(super) fn open(path: &Path, index: &Arc<SeekIndex>) -> Result<Self, AudioError> {
        let metadata = std::fs::metadata(path).map_err(|source| AudioError::io(path, source))?;
        let file_len = metadata.len();
        index.meet_file(file_len, metadata.modified().ok());
        let demux = Demux::open(path, index)?;
        let claims = demux.claims();
        let claimed = match (claims.frame_count, index.counted_frames()) {
            (Some(frames), _) if !claims.is_estimate => frames,
            (_, Some(counted)) => counted,
            // A wrong estimate would hide the end of the recording or promise sound that is not there.
            _ => {
                let counted = Demux::open(path, index)?.count_frames(file_len, COUNTED_BYTES);
                index.set_counted_frames(counted);
                counted
            }
        };
        let (frame_count, is_believable) = believable_frames(claimed, file_len);
        let spec = StreamSpec {
            sample_rate: claims.sample_rate,
            channels: 1,
            frame_count,
            length_is_exact: claims.length_is_exact && is_believable,
            format: claims.format.clone(),
        };
        let mut source = Self {
            path: path.to_owned(),
            spec,
            next_frame: Some(-(claims.skipped_frames as i64)),
            skipped_frames: claims.skipped_frames,
            demux,
            block: Block::default(),
            settled_from: 0,
            came_by_seek: false,
            index: Arc::clone(index),
            origin: None,
            last_packet_frames: 0,
            lost_frames: 0,
            true_end: None,
            holes: Holes::default(),
            warned_of_non_finite: false,
            warnings: Vec::new(),
            #[cfg(test)]
            begun_again: 0,
        };
        source.learn_shape()?;
        if let Some(end) = index.true_end() {
            source.spec.frame_count = end;
            source.spec.length_is_exact = true;
            source.true_end = Some(end);
        }
        Ok(source)
    }

    /// Decodes to the first samples: only they tell the true rate and channels.
    fn learn_shape(&mut self) -> Result<(), AudioError> {
        self.spec.channels = 0;
        if !self.decode_block()? {
            return Err(AudioError::broken(&self.path, "holds no sound that can be decoded; copy or record it again"));
        }
        Ok(())
    }

    /// Takes rate and channels from the first decoded block; later ones must be alike.
    fn check_shape(&mut self) -> Result<bool, AudioError> {
        let (sample_rate, channels) = self.demux.decoded_shape();
        if self.spec.channels == 0 {
            if let Some(reason) = implausible(sample_rate, channels) {
                return Err(AudioError::broken(&self.path, reason));
            }
            if sample_rate != self.spec.sample_rate {
                let scaled =
                    u128::from(self.spec.frame_count) * u128::from(sample_rate) / u128::from(self.spec.sample_rate);
                self.spec.frame_count = u64::try_from(scaled).unwrap_or(u64::MAX);
                self.spec.sample_rate = sample_rate;
                self.spec.length_is_exact = false;
            }
            self.spec.channels = channels;
        }
        Ok(sample_rate == self.spec.sample_rate && channels == self.spec.channels)
    }

    /// Whether time stamps can be trusted to the frame.
    fn stamps_are_frames(&self) -> bool {
        self.demux.claims().stamps_are_frames && self.demux.claims().sample_rate == self.spec.sample_rate
    }

    /// Makes `block` hold `frame`; false if the recording ends before.
    fn stand_on(&mut self, frame: u64) -> Result<bool, AudioError> {
        if self.true_end.or(self.claimed_end()).is_some_and(|end| frame >= end) {
            return Ok(false);
        }
        let reach = u64::from(self.spec.sample_rate) * DECODE_ON_SECS;
        let is_ahead =
            self.next_frame.is_some_and(|next| (next..=next.saturating_add_unsigned(reach)).contains(&(frame as i64)));
        if !self.holds(frame) && !is_ahead {
            self.go_to(frame, Way::BySeek)?;
        }
        let mut has_counted = false;
        while !self.holds(frame) {
            let is_block = self.decode_block()?;
            if is_block && self.block.first_frame <= frame {
                continue;
            }
            // The end was met in good order: counting from the beginning would come to the same.
            let is_over = self.is_place_sure() && self.true_end.is_some_and(|end| frame >= end);
            if has_counted || !is_block && is_over {
                return Ok(false);
            }
            // The container's seek came out behind the wanted frame or behind the last packet: only counting finds it.
            has_counted = true;
            self.go_to(frame, Way::ByCount)?;
        }
        Ok(true)
    }

    /// Whether the place was found by decoding all before it, or by a packet whose bytes are known.
    fn is_place_sure(&self) -> bool {
        !self.came_by_seek || self.demux.claims().framing.is_some()
    }

    fn holds(&self, frame: u64) -> bool {
        (self.block.first_frame..self.block.end(self.spec.channels)).contains(&frame)
    }

    /// Continues from a place at or before `frame`, far enough before for the decoder to settle.
    fn go_to(&mut self, frame: u64, way: Way) -> Result<(), AudioError> {
        self.block.clear();
        self.lost_frames = 0;
        let claims = self.demux.claims();
        let from = frame.saturating_sub(claims.pre_roll);
        let is_far = from > u64::from(self.spec.sample_rate) * DECODE_ON_SECS;
        let goes_back = self.next_frame.is_none_or(|next| next > from as i64);
        if let (Way::BySeek, true, true, Some(origin)) =
            (way, claims.can_seek && is_far, self.stamps_are_frames(), self.origin)
        {
            let must_reopen = self.demux.has_stopped() || (goes_back && claims.forgets_to_go_back);
            if must_reopen && claims.framing.is_none() {
                self.reopen()?;
            }
            if self.demux.seek(origin.saturating_add_unsigned(from)) {
                self.next_frame = None;
                self.settled_from = frame;
                self.came_by_seek = true;
                return Ok(());
            }
        }
        self.count_to(from as i64, way)
    }

    /// Comes near `from` by the seek index and by passing over or decoding all between.
    fn count_to(&mut self, from: i64, way: Way) -> Result<(), AudioError> {
        // What comes before the decoder has settled is right only from the very beginning.
        let place = self.index.before(from).filter(|_| from > 0 && self.demux.claims().notes_places());
        let is_believed = !(self.demux.has_stopped() || self.came_by_seek && matches!(way, Way::ByCount));
        let is_before = |frame: i64| is_believed && self.next_frame.is_some_and(|next| next <= frame);
        match place {
            Some(place) if is_before(place.first_frame) => {
                self.demux.reset();
                return self.restart_at(place);
            }
            _ if is_before(from) => return Ok(()),
            _ => {}
        }
        self.begin_again()?;
        place.map_or(Ok(()), |place| self.restart_at(place))
    }

    fn reopen(&mut self) -> Result<(), AudioError> {
        self.demux = Demux::open(&self.path, &self.index)?;
        Ok(())
    }

    /// Decodes from the beginning, with nothing decoded yet.
    fn begin_again(&mut self) -> Result<(), AudioError> {
        self.reopen()?;
        #[cfg(test)]
        {
            self.begun_again += 1;
        }
        self.came_by_seek = false;
        self.next_frame = Some(-(self.skipped_frames as i64));
        Ok(())
    }

    fn restart_at(&mut self, place: Place) -> Result<(), AudioError> {
        let mut samples = std::mem::take(&mut self.block.samples);
        let Ok(decoded) = self.demux.skip_to(place, &mut samples) else {
            // The index is of another file, or the file has changed: only counting finds the way.
            self.index.forget_all();
            return self.begin_again();
        };
        self.settled_from = (place.first_frame.max(0) as u64).saturating_add(self.demux.claims().pre_roll);
        self.next_frame = Some(place.first_frame);
        if samples.is_empty() {
            // Some decoders give nothing for the first packet.
            self.next_frame = Some(place.first_frame.saturating_add(i64::from(place.frames)));
        } else if matches!(self.place_block(&decoded, &mut samples), Placed::Shown) {
            self.block.samples = samples;
        }
        Ok(())
    }

    /// Decodes until there is a block with frames of the recording; false at the end.
    fn decode_block(&mut self) -> Result<bool, AudioError> {
        let mut samples = std::mem::take(&mut self.block.samples);
        loop {
            let decoded = match self.demux.next(&mut samples) {
                Ok(decoded) => decoded,
                Err(stop) => {
                    self.finish(&stop);
                    return Ok(false);
                }
            };
            if self.origin.is_none() {
                self.set_origin(decoded.time_stamp);
            }
            if !decoded.is_whole {
                self.pass_broken_packet(&decoded);
                continue;
            }
            if samples.is_empty() {
                continue;
            }
            if !self.check_shape()? {
                self.pass_broken_packet(&decoded);
                continue;
            }
            match self.place_block(&decoded, &mut samples) {
                Placed::Shown => {
                    self.block.samples = samples;
                    return Ok(true);
                }
                Placed::Nothing => {}
                Placed::Lost => {
                    self.finish(&Stop::Broken("its time stamps jump beyond its end".into()));
                    return Ok(false);
                }
            }
        }
    }

    /// Learns from the first packet which time stamp frame 0 has.
    fn set_origin(&mut self, first_stamp: i64) {
        if !self.stamps_are_frames() && self.skipped_frames == 0 && first_stamp < 0 {
            self.skipped_frames = self.demux.delay_before(first_stamp.unsigned_abs());
            self.next_frame = Some(-(self.skipped_frames as i64));
        }
        // A recording cut from a longer stream keeps the stream's time stamps.
        self.origin = Some(first_stamp.max(0).saturating_add_unsigned(self.skipped_frames));
    }

    /// A packet without samples: where frames are counted, its length is counted; where they are stamped, the next stamp tells.
    fn pass_broken_packet(&mut self, decoded: &Decoded) {
        if let Some(next) = self.next_frame {
            self.open_hole(next.max(0) as u64);
        }
        if !self.stamps_are_frames() {
            let frames = match decoded.claimed_frames {
                0 => self.last_packet_frames,
                frames => frames,
            };
            self.lost_frames = self.lost_frames.saturating_add(frames);
        }
    }

    fn place_block(&mut self, decoded: &Decoded, samples: &mut Vec<f32>) -> Placed {
        let channels = self.spec.channels;
        let frames = (samples.len() / channels) as i64;
        let stamped = decoded.time_stamp.saturating_sub(self.origin.unwrap_or(0));
        let first = match self.next_frame {
            Some(next) if !self.stamps_are_frames() => next.saturating_add_unsigned(self.lost_frames),
            _ => stamped,
        };
        self.lost_frames = 0;
        if self.next_frame.is_some() && self.demux.claims().notes_places() {
            let frames = frames.min(i64::from(u32::MAX)) as u32;
            let (time_stamp, check) = (decoded.time_stamp, decoded.check);
            let place = Place { time_stamp, first_frame: first, byte_offset: 0, frames, check };
            self.index.note(place, i64::from(self.spec.sample_rate));
        }
        self.last_packet_frames = frames as u64;
        let shown_end = first.saturating_add(frames - (decoded.padding as i64).min(frames));
        let shown_end = self.claimed_end().map_or(shown_end, |end| shown_end.min(end as i64));
        let shown_first = first.max(self.next_frame.unwrap_or(0)).max(0);
        let expected = self.next_frame.unwrap_or(shown_first).max(0);
        let hole = shown_first - expected;
        if hole > self.longest_hole() {
            return Placed::Lost;
        }
        self.next_frame = Some(first.saturating_add(frames).max(self.next_frame.unwrap_or(i64::MIN)));
        if shown_end <= shown_first {
            return Placed::Nothing;
        }
        if !self.spec.length_is_exact {
            self.spec.frame_count = self.spec.frame_count.max(shown_end as u64);
        }
        samples.truncate((shown_end - first) as usize * channels);
        samples.drain(..(shown_first - first) as usize * channels);
        let broken_at = silence_non_finite(samples);
        if let (Some(place), false) = (broken_at, self.warned_of_non_finite) {
            self.warned_of_non_finite = true;
            let frame = shown_first as u64 + (place / channels) as u64;
            self.warnings.push(non_finite_warning(&self.path, frame, self.spec.sample_rate));
        }
        self.block.first_frame = expected as u64;
        self.block.silent_frames = hole as u64;
        if hole > 0 {
            self.open_hole(expected as u64);
        }
        self.tell_of_hole(shown_first as u64);
        Placed::Shown
    }

    /// Where the sound ends by an edit list or an exact header, so that an encoder's padding is not shown.
    fn claimed_end(&self) -> Option<u64> {
        self.spec.length_is_exact.then_some(self.spec.frame_count)
    }

    fn longest_hole(&self) -> i64 {
        let known = self.claimed_end().unwrap_or(0);
        known.max(u64::from(self.spec.sample_rate) * MAX_HOLE_SECS) as i64
    }

    fn clock(&self, frame: u64) -> String {
        clock_text(secs_from_samples(frame, self.spec.sample_rate), 1)
    }

    fn open_hole(&mut self, frame: u64) {
        let is_inside = self.true_end.is_none_or(|end| frame < end);
        if is_inside && frame >= self.settled_from.max(self.holes.told_to) {
            self.holes.open_at.get_or_insert(frame);
        }
    }

    fn tell_of_hole(&mut self, end: u64) {
        let Some(first) = self.holes.open_at.take() else { return };
        self.holes.told_to = end;
        self.holes.told += 1;
        let path = self.path.display();
        match self.holes.told {
            ..=MOST_TOLD_HOLES => self.warnings.push(format!(
                "{path}: what lies between {} and {} cannot be decoded and is silent",
                self.clock(first),
                self.clock(end)
            )),
            told if told == MOST_TOLD_HOLES + 1 => {
                self.warnings.push(format!("{path}: more such places after {} are silent", self.clock(first)));
            }
            _ => {}
        }
    }

    /// No more packets come: the length is known now.
    fn finish(&mut self, stop: &Stop) {
        // After a seek nothing was learnt about where the last packet lies.
        let (Some(next), None) = (self.next_frame, self.true_end) else { return };
        if self.spec.channels == 0 {
            return;
        }
        let end = self.claimed_end().map_or(next.max(0) as u64, |claimed| claimed.min(next.max(0) as u64));
        let is_short = self.spec.length_is_exact && end < self.spec.frame_count;
        if is_short && self.came_by_seek {
            // Not believed before all of it was decoded in order.
            return;
        }
        // Some writers count the last packet's padding as sound.
        let is_short = is_short && self.spec.frame_count - end > 2 * self.last_packet_frames;
        let promised = self.clock(self.spec.frame_count);
        let told = match stop {
            Stop::Broken(reason) => Some(reason.clone()),
            Stop::End if is_short => Some(format!("the file ends early, its header promises {promised}")),
            Stop::End => None,
        };
        if told.is_none() && !self.came_by_seek {
            self.index.set_true_end(end);
        }
        match told {
            Some(reason) => {
                self.holes.open_at = None;
                self.warnings.push(format!(
                    "{}: decoding stopped at {}: {reason}",
                    self.path.display(),
                    self.clock(end)
                ));
            }
            None => self.tell_of_hole(end),
        }
        self.true_end = Some(end);
        self.spec.frame_count = end;
        self.spec.length_is_exact = true;
    }
}

impl SampleSource for PacketSource {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.spec.channels;
        let wanted = out.len() / channels;
        let mut done = 0;
        while done < wanted {
            let frame = first_frame.saturating_add(done as u64);
            if frame > MAX_SAMPLES || !self.stand_on(frame)? {
                break;
            }
            done += self.block.copy_to(frame, &mut out[done * channels..wanted * channels], channels);
        }
        Ok(done)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(source: &mut PacketSource) -> u64 {
        let mut out = vec![0.0; 4_096 * source.spec.channels];
        let mut frame = 0;
        loop {
            let count = source.read(frame, &mut out).unwrap();
            frame += count as u64;
            if count < 4_096 {
                return frame;
            }
        }
    }

    #[test]
    fn an_end_that_is_met_by_decoding_is_not_looked_for_again() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/audio");
        let cut_off = tempfile::NamedTempFile::with_suffix(".mp3").unwrap();
        let whole = std::fs::read(folder.join("constant.mp3")).unwrap();
        std::fs::write(cut_off.path(), &whole[..whole.len() * 2 / 3]).unwrap();
        for path in [folder.join("vbr-bare.mp3"), folder.join("vbr.aac"), cut_off.path().to_owned()] {
            let mut source = PacketSource::open(&path, &Arc::default()).unwrap();
            let frames = read_all(&mut source);
            assert!(frames > 0 && source.true_end == Some(frames), "{}", path.display());
            assert_eq!(source.begun_again, 0, "{}", path.display());
            // Once it is known, nothing is read for it at all.
            assert_eq!(source.read(frames + 5, &mut [0.0; 64]).unwrap(), 0);
            assert_eq!(source.begun_again, 0, "{}", path.display());
        }
    }
}
