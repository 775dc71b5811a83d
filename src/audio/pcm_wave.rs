//! What WAV, RF64, BW64 and Sony Wave64 files say of their samples.
//!
//! Must not read samples.

use super::AudioError;
use super::pcm_layout::{Coding, HeaderReader, PcmLayout};
use super::riff::{Len, Section, Sections};

const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_A_LAW: u16 = 6;
const TAG_MU_LAW: u16 = 7;
const TAG_EXTENSIBLE: u16 = 0xfffe;

/// The `fmt ` section.
struct WaveFormat {
    tag: u16,
    channels: usize,
    sample_rate: u32,
    block_align: usize,
    bits: usize,
}

pub(super) fn riff_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let mut sections = Sections::riff(header);
    let found = find_sound(&mut sections)?;
    let container = if sections.has_long_sizes() { "RF64" } else { "WAV" };
    match found {
        Some((format, sound)) => finish(header, container, format, sound),
        None => Err(header
            .broken("is a WAV file without a sample section; it was cut off before the sound began, copy it again")),
    }
}

pub(super) fn w64_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let mut sections = Sections::wave64(header);
    match find_sound(&mut sections)? {
        Some((format, sound)) => finish(header, "W64", format, sound),
        None => Err(header
            .broken("is a Wave64 file without a sample section; it was cut off before the sound began, copy it again")),
    }
}

/// The section of samples, and the description of them before it.
fn find_sound(sections: &mut Sections) -> Result<Option<(Option<WaveFormat>, Section)>, AudioError> {
    let mut format = None;
    while let Some(section) = sections.next()? {
        match &section.name {
            b"fmt " => format = read_format(sections.header(), section.body, section.bytes().unwrap_or(0))?,
            b"data" => return Ok(Some((format, section))),
            _ => {}
        }
    }
    Ok(None)
}

fn read_format(header: &mut HeaderReader, body: u64, size: u64) -> Result<Option<WaveFormat>, AudioError> {
    let Some(bytes) = header.bytes_at::<16>(body)? else { return Ok(None) };
    let mut tag = le_u16(&bytes, 0);
    if tag == TAG_EXTENSIBLE
        && size >= 26
        && let Some(sub_format) = header.bytes_at::<2>(body + 24)?
    {
        tag = u16::from_le_bytes(sub_format);
    }
    Ok(Some(WaveFormat {
        tag,
        channels: usize::from(le_u16(&bytes, 2)),
        sample_rate: u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        block_align: usize::from(le_u16(&bytes, 12)),
        bits: usize::from(le_u16(&bytes, 14)),
    }))
}

fn finish(
    header: &HeaderReader,
    container: &'static str,
    format: Option<WaveFormat>,
    sound: Section,
) -> Result<Option<PcmLayout>, AudioError> {
    let Some(format) = format else {
        return Err(header.broken("has samples but no description of them; its header is broken, copy it again"));
    };
    let Some(coding) = coding_of(&format) else { return Ok(None) };
    Ok(Some(PcmLayout {
        container,
        sample_rate: format.sample_rate,
        channels: format.channels,
        coding,
        data_offset: sound.body,
        data_bytes: sound.bytes(),
        is_worked_out: matches!(sound.len, Len::WorkedOut(_)),
    }))
}

/// The coding, `None` for what needs a decoder (ADPCM).
fn coding_of(format: &WaveFormat) -> Option<Coding> {
    // Samples of odd depths (12, 20 bits) lie at the top of whole bytes; some writers use larger containers than needed.
    let needed = format.bits.div_ceil(8);
    let bytes = match format.block_align.checked_div(format.channels) {
        Some(held) if held >= needed && held * format.channels == format.block_align => held,
        _ => needed,
    };
    match (format.tag, bytes) {
        (TAG_PCM, 1) => Some(Coding::U8),
        (TAG_PCM, 2..=4) => Some(Coding::Signed { bytes, big_endian: false }),
        (TAG_FLOAT, 4 | 8) => Some(Coding::Float { bytes, big_endian: false }),
        (TAG_A_LAW, _) => Some(Coding::ALaw),
        (TAG_MU_LAW, _) => Some(Coding::MuLaw),
        _ => None,
    }
}

fn le_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}
