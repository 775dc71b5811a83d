//! Headers of WAV, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) and of Sony Wave64.
//!
//! Must not read samples.

use super::AudioError;
use super::pcm_layout::{Coding, HeaderReader, PcmLayout};

/// The first 16 bytes of a Wave64 file: the GUID of its outer section.
pub(super) const W64_RIFF: [u8; 16] =
    [b'r', b'i', b'f', b'f', 0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0x00, 0x00];

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
    let mut offset = 12;
    let mut format = None;
    let mut ds64_data_bytes = None;
    let mut container = "WAV";
    while let Some([a, b, c, d, s0, s1, s2, s3]) = header.bytes_at::<8>(offset)? {
        let size = u32::from_le_bytes([s0, s1, s2, s3]);
        let body = offset + 8;
        match &[a, b, c, d] {
            b"ds64" => {
                container = "RF64";
                ds64_data_bytes = header.bytes_at::<16>(body)?.map(|bytes| le_u64(&bytes, 8));
            }
            b"fmt " => format = read_format(header, body, u64::from(size))?,
            b"data" => {
                let claimed = match (size, ds64_data_bytes) {
                    (u32::MAX, known) => known.filter(|&bytes| bytes != u64::MAX),
                    (0, _) => None,
                    (size, _) => Some(u64::from(size)),
                };
                return finish(header, container, format, body, claimed);
            }
            _ => {}
        }
        offset = body + u64::from(size) + u64::from(size & 1);
    }
    Err(header.broken("is a WAV file without a sample section; it was cut off before the sound began, copy it again"))
}

pub(super) fn w64_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let mut offset = 40;
    let mut format = None;
    while let Some(section) = header.bytes_at::<24>(offset)? {
        let size = le_u64(&section, 16);
        let body = offset + 24;
        match &section[..4] {
            b"fmt " => format = read_format(header, body, size.saturating_sub(24))?,
            b"data" => {
                let claimed = size.checked_sub(24).filter(|&bytes| bytes != 0 && bytes < u64::MAX / 2);
                return finish(header, "W64", format, body, claimed);
            }
            _ => {}
        }
        let Some(next) = offset.checked_add(size.max(24)).and_then(|end| end.checked_next_multiple_of(8)) else {
            break;
        };
        offset = next;
    }
    Err(header
        .broken("is a Wave64 file without a sample section; it was cut off before the sound began, copy it again"))
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
    data_offset: u64,
    data_bytes: Option<u64>,
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
        data_offset,
        data_bytes,
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

fn le_u64(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
