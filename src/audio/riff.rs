//! Sections of WAV, RF64, BW64 and Wave64 files: where each begins, and how long it truly is.
//!
//! Owns what differs between these containers and how their lengths go wrong: 32 bits that are too few (EBU Tech 3306 and ITU-R BS.2088 keep
//! the true ones in a `ds64` section), recorders that wrap or clamp them, writers that forget to pad. Must not know what sections hold.

use super::AudioError;
use super::pcm_layout::HeaderReader;

/// The first 16 bytes of a Wave64 file: the GUID of its outer section.
pub(super) const W64_RIFF: [u8; 16] =
    [b'r', b'i', b'f', b'f', 0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0x00, 0x00];

/// One section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: [u8; 4],
    /// Byte at which its inside begins.
    pub(super) body: u64,
    pub(super) len: Len,
}

/// How long a section is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Len {
    /// As its header says.
    Said(u64),
    /// More than the 32 bits of its header can say: worked out from the size of the file.
    WorkedOut(u64),
    /// To the end of the file: the writer did not know.
    Unknown,
}

impl Section {
    /// Bytes as claimed, `None` if unknown.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self.len {
            Len::Said(bytes) | Len::WorkedOut(bytes) => Some(bytes),
            Len::Unknown => None,
        }
    }
}

/// Goes from section to section.
pub(super) struct Sections<'h, 'f> {
    header: &'h mut HeaderReader<'f>,
    kind: Kind,
    /// Where the next section begins.
    offset: Option<u64>,
}

enum Kind {
    Riff { long: Option<LongSizes> },
    Wave64,
}

/// What a `ds64` section says.
struct LongSizes {
    data_bytes: u64,
    /// Sizes of other sections that are too long, by their names.
    others: Vec<([u8; 4], u64)>,
}

/// Entries of a `ds64` table that are read: real ones have one or two.
const MOST_LONG_SECTIONS: u32 = 64;
/// A length of sound that some writers put into the header when the true one does not fit, or more.
const CLAMPED_BYTES: u32 = 0x7fff_0000;
/// What may follow the sound without being a section: padding, rubbish at the end of a block.
const MOST_RUBBISH: u64 = 64 * 1024;

impl<'h, 'f> Sections<'h, 'f> {
    /// The sections of a file that begins with `RIFF`, `RF64` or `BW64`.
    pub(super) fn riff(header: &'h mut HeaderReader<'f>) -> Self {
        Self { header, kind: Kind::Riff { long: None }, offset: Some(12) }
    }

    /// The sections of a Wave64 file.
    pub(super) fn wave64(header: &'h mut HeaderReader<'f>) -> Self {
        Self { header, kind: Kind::Wave64, offset: Some(40) }
    }

    /// Whether the lengths came in a `ds64` section.
    pub(super) fn has_long_sizes(&self) -> bool {
        matches!(self.kind, Kind::Riff { long: Some(_) })
    }

    /// For reading the inside of a section.
    pub(super) fn header(&mut self) -> &mut HeaderReader<'f> {
        self.header
    }

    /// The next section, `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Section>, AudioError> {
        let Some(offset) = self.offset.take() else { return Ok(None) };
        match self.kind {
            Kind::Riff { .. } => self.next_of_riff(offset),
            Kind::Wave64 => self.next_of_wave64(offset),
        }
    }

    fn next_of_riff(&mut self, offset: u64) -> Result<Option<Section>, AudioError> {
        let Some([a, b, c, d, s0, s1, s2, s3]) = self.header.bytes_at::<8>(offset)? else { return Ok(None) };
        let (name, short, body) = ([a, b, c, d], u32::from_le_bytes([s0, s1, s2, s3]), offset + 8);
        if &name == b"ds64" {
            let long = self.read_long_sizes(body, short)?;
            self.kind = Kind::Riff { long };
        }
        let len = self.true_len(name, body, short)?;
        let section = Section { name, body, len };
        self.offset = match section.bytes().and_then(|bytes| body.checked_add(bytes)) {
            Some(end) if end % 2 == 1 && !self.is_section_at(end + 1)? && self.is_section_at(end)? => Some(end),
            Some(end) => Some(end + (end & 1)),
            None => None,
        };
        Ok(Some(section))
    }

    fn true_len(&mut self, name: [u8; 4], body: u64, short: u32) -> Result<Len, AudioError> {
        let said = Len::Said(u64::from(short));
        let Kind::Riff { long } = &self.kind else { return Ok(said) };
        let is_sound = &name == b"data";
        if let Some(long) = long {
            let bytes = if is_sound { Some(long.data_bytes) } else { long.of(name) };
            // The standards ask for all ones; some writers leave the low 32 bits.
            let belongs = |bytes: u64| short == u32::MAX || bytes as u32 == short;
            if let Some(bytes) = bytes.filter(|&bytes| bytes != 0 && bytes < u64::MAX / 2 && belongs(bytes)) {
                return Ok(Len::Said(bytes));
            }
        }
        match short {
            _ if !is_sound => Ok(said),
            0 | u32::MAX => Ok(Len::Unknown),
            _ => self.long_sound(body, short),
        }
    }

    /// The length of sound whose 32 bits may be too few: no other section is so long that it could make up what is missing.
    fn long_sound(&mut self, body: u64, short: u32) -> Result<Len, AudioError> {
        let end = body + u64::from(short);
        let rest = self.header.len().saturating_sub(end);
        let wrapped = rest >> 32 << 32;
        if wrapped > 0 {
            return Ok(Len::WorkedOut(u64::from(short) + wrapped));
        }
        let is_clamped = short >= CLAMPED_BYTES && rest > MOST_RUBBISH;
        if is_clamped && !self.is_section_at(end)? && !self.is_section_at(end + 1)? {
            return Ok(Len::Unknown);
        }
        Ok(Len::Said(u64::from(short)))
    }

    /// Whether there are a name of printable letters and a length that ends within the file.
    fn is_section_at(&mut self, offset: u64) -> Result<bool, AudioError> {
        let Some([a, b, c, d, s0, s1, s2, s3]) = self.header.bytes_at::<8>(offset)? else { return Ok(false) };
        let is_name = [a, b, c, d].iter().all(|byte| (0x20..0x7f).contains(byte)) && a != b' ';
        let end = offset + 8 + u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        Ok(is_name && end <= self.header.len() + 1)
    }

    fn read_long_sizes(&mut self, body: u64, size: u32) -> Result<Option<LongSizes>, AudioError> {
        let Some(bytes) = self.header.bytes_at::<16>(body)? else { return Ok(None) };
        let mut long = LongSizes { data_bytes: le_u64(&bytes, 8), others: Vec::new() };
        let count = if size >= 28 { self.header.bytes_at::<4>(body + 24)?.map_or(0, u32::from_le_bytes) } else { 0 };
        let fits = size.saturating_sub(28) / 12;
        for entry in 0..count.min(fits).min(MOST_LONG_SECTIONS) {
            let at = body + 28 + u64::from(entry) * 12;
            let Some(bytes) = self.header.bytes_at::<12>(at)? else { break };
            long.others.push(([bytes[0], bytes[1], bytes[2], bytes[3]], le_u64(&bytes, 4)));
        }
        Ok(Some(long))
    }

    fn next_of_wave64(&mut self, offset: u64) -> Result<Option<Section>, AudioError> {
        let Some(section) = self.header.bytes_at::<24>(offset)? else { return Ok(None) };
        let name = [section[0], section[1], section[2], section[3]];
        // The size counts the section's own head.
        let size = le_u64(&section, 16);
        let len = match size.checked_sub(24) {
            Some(bytes) if bytes < u64::MAX / 2 && !(bytes == 0 && &name == b"data") => Len::Said(bytes),
            _ => Len::Unknown,
        };
        self.offset = offset.checked_add(size.max(24)).and_then(|end| end.checked_next_multiple_of(8));
        Ok(Some(Section { name, body: offset + 24, len }))
    }
}

impl LongSizes {
    fn of(&self, name: [u8; 4]) -> Option<u64> {
        self.others.iter().find(|(other, _)| *other == name).map(|&(_, bytes)| bytes)
    }
}

/// The eight bytes from `at` on, the lowest first.
pub(super) fn le_u64(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
