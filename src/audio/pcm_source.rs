//! Plain samples, read at their place in the file: any range at the cost of that range.
//!
//! Must not know about containers: [`PcmLayout`] says where the samples are.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::clamped::frames_present;
use super::pcm_layout::{Coding, PcmLayout};
use super::{AudioError, SampleSource, StreamSpec, implausible, non_finite_warning, silence_non_finite};
use crate::time::{clock_text, secs_from_samples};

/// Bytes read at once: large enough that the system call is nothing, small enough to stay in cache.
const READ_BYTES: usize = 128 * 1024;

pub(super) struct PcmSource {
    path: PathBuf,
    file: File,
    spec: StreamSpec,
    coding: Coding,
    data_offset: u64,
    bytes: Vec<u8>,
    /// Where the file stands, to save a system call when reading on.
    standing_at: Option<u64>,
    warned_of_non_finite: bool,
    warnings: Vec<String>,
}

impl PcmSource {
    pub(super) fn new(path: &Path, file: File, layout: &PcmLayout) -> Result<Self, AudioError> {
        if let Some(reason) = implausible(layout.sample_rate, layout.channels) {
            return Err(AudioError::broken(path, reason));
        }
        let file_len = file.metadata().map_err(|source| AudioError::io(path, source))?.len();
        let frame_bytes = (layout.coding.bytes() * layout.channels) as u64;
        let (frame_count, is_short) = frames_present(layout.data_bytes, layout.data_offset, file_len, frame_bytes);
        if frame_count == 0 {
            return Err(AudioError::broken(
                path,
                "has a header but no samples; it was cut off, copy or record it again",
            ));
        }
        let warnings = shortage_warning(path, layout, frame_count, is_short, frame_bytes);
        let format = format!("{} · {}", layout.container, layout.coding.words());
        Ok(Self {
            path: path.to_owned(),
            file,
            spec: StreamSpec {
                sample_rate: layout.sample_rate,
                channels: layout.channels,
                frame_count,
                length_is_exact: true,
                format,
            },
            coding: layout.coding,
            data_offset: layout.data_offset,
            bytes: Vec::new(),
            standing_at: None,
            warned_of_non_finite: false,
            warnings,
        })
    }

    /// Reads the bytes of up to `frames` frames and returns how many frames came.
    fn load(&mut self, first_frame: u64, frames: usize) -> Result<usize, AudioError> {
        let frame_bytes = self.coding.bytes() * self.spec.channels;
        let at = self.data_offset + first_frame * frame_bytes as u64;
        if self.standing_at != Some(at) {
            self.file.seek(SeekFrom::Start(at)).map_err(|source| AudioError::io(&self.path, source))?;
        }
        self.bytes.resize(frames * frame_bytes, 0);
        let mut filled = 0;
        while filled < self.bytes.len() {
            match self.file.read(&mut self.bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    self.standing_at = None;
                    return Err(AudioError::io(&self.path, source));
                }
            }
        }
        self.standing_at = Some(at + filled as u64);
        Ok(filled / frame_bytes)
    }

    fn note_shrunk_file(&mut self, frame_count: u64) {
        let end = clock_text(secs_from_samples(frame_count, self.spec.sample_rate), 1);
        self.warnings
            .push(format!("{}: the file became shorter while open and now ends at {end}", self.path.display()));
        self.spec.frame_count = frame_count;
    }

    fn silence_non_finite(&mut self, out: &mut [f32], first_frame: u64) {
        let Some(place) = silence_non_finite(out) else { return };
        if !std::mem::replace(&mut self.warned_of_non_finite, true) {
            let frame = first_frame + (place / self.spec.channels) as u64;
            self.warnings.push(non_finite_warning(&self.path, frame, self.spec.sample_rate));
        }
    }
}

impl SampleSource for PcmSource {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.spec.channels;
        let wanted = (out.len() / channels) as u64;
        let wanted = wanted.min(self.spec.frame_count.saturating_sub(first_frame)) as usize;
        let frames_at_once = (READ_BYTES / (self.coding.bytes() * channels)).max(1);
        let mut done = 0;
        while done < wanted {
            let frames = frames_at_once.min(wanted - done);
            let at = first_frame + done as u64;
            let came = self.load(at, frames)?;
            let block = &mut out[done * channels..(done + came) * channels];
            decode(self.coding, &self.bytes, block);
            if matches!(self.coding, Coding::Float { .. }) {
                self.silence_non_finite(block, at);
            }
            done += came;
            if came < frames {
                self.note_shrunk_file(first_frame + done as u64);
                break;
            }
        }
        Ok(done)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

fn shortage_warning(path: &Path, layout: &PcmLayout, frames: u64, is_short: bool, frame_bytes: u64) -> Vec<String> {
    let clock = |frames| clock_text(secs_from_samples(frames, layout.sample_rate), 1);
    let path = path.display();
    match layout.data_bytes {
        Some(bytes) if is_short => vec![format!(
            "{path}: ends at {}, its header promises {}; the file was cut off or copied in part",
            clock(frames),
            clock(bytes / frame_bytes)
        )],
        None => {
            vec![format!("{path}: its header gives no length; all {} to the end of the file are taken", clock(frames))]
        }
        _ if layout.is_worked_out => vec![format!(
            "{path}: is too long for its header, whose length has wrapped; all {} of sound are taken, as the size of the file tells",
            clock(frames)
        )],
        _ => Vec::new(),
    }
}

/// Turns coded samples into −1 to 1. `bytes` holds at least as many samples as `out`.
fn decode(coding: Coding, bytes: &[u8], out: &mut [f32]) {
    match coding {
        Coding::U8 => each::<1>(bytes, out, |[a]| (f32::from(a) - 128.0) / 128.0),
        Coding::Signed { bytes: 1, .. } => each::<1>(bytes, out, |[a]| f32::from(a as i8) / 128.0),
        Coding::Signed { bytes: 2, big_endian: false } => each(bytes, out, |b| from_i16(i16::from_le_bytes(b))),
        Coding::Signed { bytes: 2, big_endian: true } => each(bytes, out, |b| from_i16(i16::from_be_bytes(b))),
        Coding::Signed { bytes: 3, big_endian: false } => each::<3>(bytes, out, |[a, b, c]| from_i32([0, a, b, c])),
        Coding::Signed { bytes: 3, big_endian: true } => each::<3>(bytes, out, |[a, b, c]| from_i32([0, c, b, a])),
        Coding::Signed { big_endian: false, .. } => each(bytes, out, from_i32),
        Coding::Signed { big_endian: true, .. } => each::<4>(bytes, out, |[a, b, c, d]| from_i32([d, c, b, a])),
        Coding::Float { bytes: 4, big_endian: false } => each(bytes, out, f32::from_le_bytes),
        Coding::Float { bytes: 4, big_endian: true } => each(bytes, out, f32::from_be_bytes),
        Coding::Float { big_endian: false, .. } => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
        Coding::Float { big_endian: true, .. } => each(bytes, out, |b| f64::from_be_bytes(b) as f32),
        Coding::MuLaw => each::<1>(bytes, out, |[a]| from_i16(mu_law(a))),
        Coding::ALaw => each::<1>(bytes, out, |[a]| from_i16(a_law(a))),
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f32], value: impl Fn([u8; N]) -> f32) {
    for (sample, &coded) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *sample = value(coded);
    }
}

fn from_i16(value: i16) -> f32 {
    f32::from(value) / 32_768.0
}

fn from_i32(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0
}

/// ITU-T G.711 µ-law: all bits inverted, sign, 3 bits of segment, 4 of step; bias 33 at a scale of 4.
fn mu_law(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((i16::from(code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
    if code & 0x80 != 0 { 0x84 - magnitude } else { magnitude - 0x84 }
}

/// ITU-T G.711 A-law: even bits inverted, sign, 3 bits of segment, 4 of step.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let step = i16::from(code & 0x0f) << 4;
    let magnitude = match (code & 0x70) >> 4 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companding_follows_g711() {
        // Ends and zero of both laws, at 16 bits.
        assert_eq!([mu_law(0x00), mu_law(0x80), mu_law(0xff), mu_law(0x7f)], [-32_124, 32_124, 0, 0]);
        assert_eq!([a_law(0x2a), a_law(0xaa), a_law(0xd5), a_law(0x55)], [-32_256, 32_256, 8, -8]);
    }

    #[test]
    fn integers_reach_minus_one_and_nothing_above_one() {
        let mut out = [0.0; 2];
        decode(Coding::Signed { bytes: 3, big_endian: false }, &[0, 0, 0x80, 0xff, 0xff, 0x7f], &mut out);
        assert_eq!(out, [-1.0, 8_388_607.0 / 8_388_608.0]);
        decode(Coding::Signed { bytes: 3, big_endian: true }, &[0x80, 0, 0, 0x7f, 0xff, 0xff], &mut out);
        assert_eq!(out, [-1.0, 8_388_607.0 / 8_388_608.0]);
        decode(Coding::U8, &[0, 128], &mut out);
        assert_eq!(out, [-1.0, 0.0]);
    }
}
