//! Headers of AIFF, AIFF-C (Apple, 1989 and 1991) and CAF (Apple, 2005) with plain samples, and of Sun AU.
//!
//! Must not read samples.

use super::AudioError;
use super::pcm_layout::{Coding, HeaderReader, PcmLayout};

/// The `COMM` section.
struct Common {
    channels: usize,
    frame_count: u64,
    bits: usize,
    sample_rate: u32,
    compression: [u8; 4],
}

pub(super) fn aiff_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let mut offset = 12;
    let mut common = None;
    let mut sound = None;
    while let Some([a, b, c, d, s0, s1, s2, s3]) = header.bytes_at::<8>(offset)? {
        let size = u64::from(u32::from_be_bytes([s0, s1, s2, s3]));
        let body = offset + 8;
        match &[a, b, c, d] {
            b"COMM" => common = read_common(header, body, size)?,
            b"SSND" => {
                let skip = header.bytes_at::<4>(body)?.map_or(0, u32::from_be_bytes);
                sound = Some(body + 8 + u64::from(skip));
            }
            _ => {}
        }
        if common.is_some() && sound.is_some() {
            break;
        }
        offset = body + size + (size & 1);
    }
    let (Some(common), Some(data_offset)) = (common, sound) else {
        return Err(
            header.broken("is an AIFF file without sound; it was cut off before the sound began, copy it again")
        );
    };
    let Some(coding) = aiff_coding(&common) else { return Ok(None) };
    let frame_bytes = (coding.bytes() * common.channels) as u64;
    Ok(Some(PcmLayout {
        container: "AIFF",
        sample_rate: common.sample_rate,
        channels: common.channels,
        coding,
        data_offset,
        data_bytes: Some(common.frame_count * frame_bytes).filter(|&bytes| bytes > 0),
        is_worked_out: false,
    }))
}

fn read_common(header: &mut HeaderReader, body: u64, size: u64) -> Result<Option<Common>, AudioError> {
    let Some(bytes) = header.bytes_at::<18>(body)? else { return Ok(None) };
    let compression = if size >= 22 { header.bytes_at::<4>(body + 18)? } else { None };
    Ok(Some(Common {
        channels: usize::from(u16::from_be_bytes([bytes[0], bytes[1]])),
        frame_count: u64::from(u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]])),
        bits: usize::from(u16::from_be_bytes([bytes[6], bytes[7]])),
        sample_rate: extended_to_hz(&bytes[8..18]),
        compression: compression.unwrap_or(*b"NONE"),
    }))
}

fn aiff_coding(common: &Common) -> Option<Coding> {
    let bytes = common.bits.div_ceil(8);
    match &common.compression {
        b"NONE" | b"twos" | b"in24" | b"in32" if (1..=4).contains(&bytes) => {
            Some(Coding::Signed { bytes, big_endian: true })
        }
        b"sowt" if (1..=4).contains(&bytes) => Some(Coding::Signed { bytes, big_endian: false }),
        b"raw " => Some(Coding::U8),
        b"fl32" | b"FL32" => Some(Coding::Float { bytes: 4, big_endian: true }),
        b"fl64" | b"FL64" => Some(Coding::Float { bytes: 8, big_endian: true }),
        b"ulaw" | b"ULAW" => Some(Coding::MuLaw),
        b"alaw" | b"ALAW" => Some(Coding::ALaw),
        _ => None,
    }
}

/// An 80-bit extended float (IEEE 754-1985) as whole hertz, 0 where it is none.
fn extended_to_hz(bytes: &[u8]) -> u32 {
    let exponent = i32::from(u16::from_be_bytes([bytes[0], bytes[1]])) - 16_383;
    let mantissa = bytes[2..10].iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    if !(0..=31).contains(&exponent) {
        return 0;
    }
    u32::try_from((mantissa >> (63 - exponent - 1)).div_ceil(2)).unwrap_or(0)
}

pub(super) fn caf_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let mut offset = 8;
    let mut description = None;
    while let Some(section) = header.bytes_at::<12>(offset)? {
        let size = u64::from_be_bytes([4, 5, 6, 7, 8, 9, 10, 11].map(|at: usize| section[at]));
        let body = offset + 12;
        match &section[..4] {
            b"desc" => description = header.bytes_at::<32>(body)?,
            b"data" => {
                let Some(description) = description else { break };
                // Four bytes of edit count; a size of −1 means to the end of the file.
                let data_bytes = size.checked_sub(4).filter(|&bytes| bytes < u64::MAX / 2 && bytes > 0);
                return Ok(caf_description(&description, body + 4, data_bytes));
            }
            _ => {}
        }
        let Some(next) = body.checked_add(size) else { break };
        offset = next;
    }
    Err(header.broken("is a CAF file without sound; it was cut off before the sound began, copy it again"))
}

fn caf_description(bytes: &[u8; 32], data_offset: u64, data_bytes: Option<u64>) -> Option<PcmLayout> {
    let field = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let rate = f64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at: usize| bytes[at]));
    let (flags, frame_bytes, channels) = (field(12), field(16) as usize, field(24) as usize);
    let bytes_a_sample = frame_bytes.checked_div(channels).unwrap_or(0);
    let big_endian = flags & 2 == 0;
    let coding = match (&bytes[8..12], flags & 1, bytes_a_sample) {
        (b"lpcm", 0, held @ 1..=4) => Coding::Signed { bytes: held, big_endian },
        (b"lpcm", 1, held @ (4 | 8)) => Coding::Float { bytes: held, big_endian },
        (b"ulaw", ..) => Coding::MuLaw,
        (b"alaw", ..) => Coding::ALaw,
        _ => return None,
    };
    let sample_rate = rate.round() as u32;
    Some(PcmLayout { container: "CAF", sample_rate, channels, coding, data_offset, data_bytes, is_worked_out: false })
}

pub(super) fn au_layout(header: &mut HeaderReader) -> Result<Option<PcmLayout>, AudioError> {
    let Some(bytes) = header.bytes_at::<24>(0)? else {
        return Err(header.broken("is an AU file that was cut off before the sound began; copy it again"));
    };
    let field = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let coding = match field(12) {
        1 => Coding::MuLaw,
        depth @ 2..=5 => Coding::Signed { bytes: depth as usize - 1, big_endian: true },
        6 => Coding::Float { bytes: 4, big_endian: true },
        7 => Coding::Float { bytes: 8, big_endian: true },
        27 => Coding::ALaw,
        _ => return Ok(None),
    };
    Ok(Some(PcmLayout {
        container: "AU",
        sample_rate: field(16),
        channels: field(20) as usize,
        coding,
        data_offset: u64::from(field(4)),
        data_bytes: Some(u64::from(field(8))).filter(|&bytes| bytes != 0 && bytes != u64::from(u32::MAX)),
        is_worked_out: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_floats_become_hertz() {
        // 44,100 = 1.345… · 2^15: exponent 0x400e, mantissa 44,100 << 48.
        let mut bytes = vec![0x40, 0x0e];
        bytes.extend((44_100_u64 << 48).to_be_bytes());
        assert_eq!(extended_to_hz(&bytes), 44_100);
        assert_eq!(extended_to_hz(&[0x3f, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1);
        assert_eq!(extended_to_hz(&[0; 10]), 0);
        assert_eq!(extended_to_hz(&[0xff; 10]), 0);
    }
}
