//! Where in a file the packets of a stream without any table lie: MPEG audio and ADTS, in which packet follows packet.
//!
//! The decoder library finds the packets but does not say where. Here its packets are compared, byte for byte, with a second look at
//! the file, so that a place that is noted is right also after junk between packets, tags before them and foreign bytes.
//! Must not decode.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::errors::Error;
use symphonia::core::formats::well_known::{FORMAT_ID_ADTS, FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::default::formats::{AdtsReader, MpaReader};

/// How packets follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// The library's packets are whole frames.
    Mpeg,
    /// The library's packets lack the header of 7 bytes, or 9 with a checksum.
    Adts,
}

impl Framing {
    /// The framing of a container, `None` for those with tables.
    pub(super) fn of(format: FormatId) -> Option<Self> {
        match format {
            FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 => Some(Self::Mpeg),
            FORMAT_ID_ADTS => Some(Self::Adts),
            _ => None,
        }
    }

    /// Bytes of the frame at the beginning of `bytes` that the library leaves out of its packet.
    fn header_len(self, bytes: &[u8]) -> Option<usize> {
        match (self, bytes) {
            (Self::Mpeg, _) => Some(0),
            (Self::Adts, [0xff, second, ..]) if second & 0xf6 == 0xf0 => Some(if second & 1 == 1 { 7 } else { 9 }),
            (Self::Adts, _) => None,
        }
    }

    /// A reader whose first packet is the frame that begins at this byte.
    pub(super) fn resume(self, path: &Path, byte_offset: u64) -> Result<Box<dyn FormatReader>, Error> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(byte_offset))?;
        // Without a length to look at, the library's readers do not look around in the file first.
        let source = Box::new(ReadOnlySource::new(file));
        let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
        Ok(match self {
            Self::Mpeg => Box::new(MpaReader::try_new(stream, FormatOptions::default())?),
            Self::Adts => Box::new(AdtsReader::try_new(stream, FormatOptions::default())?),
        })
    }
}

/// Follows the library's packets through the file.
pub(super) struct Tracker {
    framing: Framing,
    window: Window,
    /// The packet that was passed last ends here. `None` once it is lost.
    end: Option<u64>,
}

/// More bytes between two packets are not searched: what lies behind is then reached from the last place before.
const MOST_JUNK: u64 = 16 << 20;

impl Tracker {
    /// A tracker for the packets after `byte_offset`; that is 0, or where a packet begins.
    pub(super) fn new(path: &Path, framing: Framing, byte_offset: u64) -> Option<Self> {
        let mut window = Window { file: File::open(path).ok()?, start: 0, bytes: Vec::new() };
        let end = if byte_offset == 0 { tag_len(&mut window) } else { byte_offset };
        Some(Self { framing, window, end: Some(end) })
    }

    /// Takes the next packet and returns the byte at which its frame begins, header included.
    pub(super) fn pass(&mut self, packet: &[u8]) -> Option<u64> {
        let from = self.end.take()?;
        // The library takes the first frame that it can read, so the first that equals its packet is that one.
        let (at, len) = self.frame_at(from, packet).map(|len| (from, len)).or_else(|| self.search(from, packet))?;
        self.end = Some(at + len as u64);
        Some(at)
    }

    /// Bytes of the frame at `offset`, header included, if it holds this packet.
    fn frame_at(&mut self, offset: u64, packet: &[u8]) -> Option<usize> {
        let header_len = self.framing.header_len(self.window.at(offset, 2)?)?;
        let len = header_len + packet.len();
        let is_it = self.window.at(offset, len)?.get(header_len..)? == packet;
        (is_it && !packet.is_empty()).then_some(len)
    }

    fn search(&mut self, from: u64, packet: &[u8]) -> Option<(u64, usize)> {
        let mut offset = from;
        while offset - from < MOST_JUNK {
            let ahead = self.window.at_most(offset);
            let Some(sync) = ahead.iter().position(|&byte| byte == 0xff) else {
                if ahead.is_empty() {
                    return None;
                }
                offset += ahead.len() as u64;
                continue;
            };
            offset += sync as u64;
            if let Some(len) = self.frame_at(offset, packet) {
                return Some((offset, len));
            }
            offset += 1;
        }
        None
    }
}

/// Bytes of ID3v2 tags before the sound (ID3v2.4, section 3.1): pictures in them may look like sound.
fn tag_len(window: &mut Window) -> u64 {
    let mut offset = 0;
    // More tags in a row than any file has.
    for _ in 0..8 {
        let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) = window.at(offset, 10) else { break };
        let size = size.iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7f));
        offset += 10 + size + if flags & 0x10 != 0 { 10 } else { 0 };
    }
    offset
}

/// A part of the file that is in memory.
struct Window {
    file: File,
    start: u64,
    bytes: Vec<u8>,
}

const WINDOW_BYTES: usize = 64 * 1024;

impl Window {
    /// `len` bytes at `offset`, `None` where the file ends before or cannot be read.
    fn at(&mut self, offset: u64, len: usize) -> Option<&[u8]> {
        let is_inside = offset >= self.start && offset - self.start + len as u64 <= self.bytes.len() as u64;
        if !is_inside {
            self.load(offset, len.max(WINDOW_BYTES));
        }
        self.bytes.get((offset - self.start) as usize..)?.get(..len)
    }

    /// The bytes from `offset` on that are in memory, some at least unless the file ends there.
    fn at_most(&mut self, offset: u64) -> &[u8] {
        let is_inside = offset >= self.start && offset - self.start < self.bytes.len() as u64;
        if !is_inside {
            self.load(offset, WINDOW_BYTES);
        }
        self.bytes.get((offset - self.start) as usize..).unwrap_or_default()
    }

    fn load(&mut self, offset: u64, len: usize) {
        self.start = offset;
        self.bytes.clear();
        // What cannot be read here is told by the reader that decodes it.
        if self.file.seek(SeekFrom::Start(offset)).is_ok() {
            let _ = self.file.by_ref().take(len as u64).read_to_end(&mut self.bytes);
        }
    }
}
