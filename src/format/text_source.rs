//! The text of a file, decoded while it is read: line by line in bounded memory, or whole.
//!
//! Must not know what the lines mean.

use super::columnar::{PARQUET_MARK, parquet_as_csv};
use super::{LineEnd, ReadError, text};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// More than this many bytes are not taken whole: a gigantic XML or JSON file is no label file.
pub const MAX_BYTES: u64 = 1 << 29;

/// A line longer than this many bytes is no row of a table.
const MAX_LINE_BYTES: usize = 1 << 24;

/// How much of a file is looked at to tell its format.
const HEAD_BYTES: usize = 1 << 16;

/// How many bytes are decoded at a time.
const BLOCK_BYTES: usize = 1 << 16;

trait Bytes: Read + Seek {}
impl<T: Read + Seek> Bytes for T {}

/// How bytes become characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Cp1252,
}

/// A text that is read once from its start; its encoding is told by its mark, else by whether all of it is UTF-8.
pub struct TextSource<'a> {
    bytes: Box<dyn Bytes + 'a>,
    encoding: Encoding,
    head: String,
    note: Option<String>,
    line_end: Option<LineEnd>,
}

impl std::fmt::Debug for TextSource<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TextSource").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl<'a> TextSource<'a> {
    /// The text of a file, which is read through once to tell its encoding. A Parquet table is read as the CSV that it would be.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn open(path: &Path) -> io::Result<TextSource<'static>> {
        let mut file = File::open(path)?;
        let mut mark = Vec::new();
        file.by_ref().take(PARQUET_MARK.len() as u64).read_to_end(&mut mark)?;
        file.rewind()?;
        if mark == PARQUET_MARK {
            let text = parquet_as_csv(file, MAX_BYTES)?;
            return TextSource::of(Box::new(Cursor::new(text.into_bytes())));
        }
        TextSource::of(Box::new(BufReader::new(file)))
    }

    /// The text of bytes.
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        let source = Self::of(Box::new(Cursor::new(bytes)));
        // A slice cannot fail to be read.
        source.unwrap_or_else(|_| Self {
            bytes: Box::new(Cursor::new(bytes)),
            encoding: Encoding::Cp1252,
            head: String::new(),
            note: None,
            line_end: None,
        })
    }

    fn of(mut bytes: Box<dyn Bytes + 'a>) -> io::Result<Self> {
        let (encoding, mark_bytes, note) = encoding_of(&mut bytes)?;
        bytes.seek(SeekFrom::Start(mark_bytes))?;
        let mut source = Self { bytes, encoding, head: String::new(), note, line_end: None };
        let mut decoder = Decoder::default();
        let mut head = String::new();
        let goes_on = loop {
            if head.len() >= HEAD_BYTES {
                break true;
            }
            if !source.decode_block(&mut decoder, &mut head)? {
                break false;
            }
        };
        if goes_on && let Some(end) = head.rfind(['\n', '\r']) {
            head.truncate(end + 1);
        }
        source.head = head;
        source.bytes.seek(SeekFrom::Start(mark_bytes))?;
        Ok(source)
    }

    /// The text from its start, up to some 64 KiB, in whole lines if it goes on.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// What the user should know about the encoding.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// How the first line ends; known after reading.
    pub fn line_end(&self) -> LineEnd {
        self.line_end.unwrap_or_default()
    }

    /// Hands over each line with its number from 1, without its end, whichever way it ends; padding with NUL at the end is left out.
    ///
    /// # Errors
    /// [`ReadError::Io`], what `take` returns, or [`ReadError::NotLabels`] for a line of more than 16 MiB.
    pub fn for_each_line(
        &mut self,
        mut take: impl FnMut(usize, &str) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (mut decoder, mut block, mut line) = (Decoder::default(), String::new(), String::new());
        let (mut number, mut after_return) = (0, false);
        loop {
            block.clear();
            if !self.decode_block(&mut decoder, &mut block)? {
                break;
            }
            let mut rest = block.as_str();
            if after_return && !rest.is_empty() {
                let after = rest.strip_prefix('\n');
                self.line_end.get_or_insert(if after.is_some() { LineEnd::CrLf } else { LineEnd::Cr });
                rest = after.unwrap_or(rest);
                after_return = false;
            }
            while let Some(end) = rest.find(['\r', '\n']) {
                line.push_str(&rest[..end]);
                number += 1;
                take(number, &line)?;
                line.clear();
                let after = &rest[end..];
                let (found, length) = match after.as_bytes() {
                    [b'\r', b'\n', ..] => (Some(LineEnd::CrLf), 2),
                    // The next block tells.
                    [b'\r'] => (None, 1),
                    [b'\r', ..] => (Some(LineEnd::Cr), 1),
                    _ => (Some(LineEnd::Lf), 1),
                };
                after_return = found.is_none();
                self.line_end = self.line_end.or(found);
                rest = &after[length..];
            }
            line.push_str(rest);
            if line.len() > MAX_LINE_BYTES {
                let most = MAX_LINE_BYTES >> 20;
                return Err(ReadError::NotLabels(format!("line {} has more than {most} MiB: no table", number + 1)));
            }
        }
        if after_return {
            self.line_end.get_or_insert(LineEnd::Cr);
        }
        let last = line.trim_end_matches('\0');
        if last.is_empty() { Ok(()) } else { take(number + 1, last) }
    }

    /// The whole text.
    ///
    /// # Errors
    /// [`ReadError::Io`], or [`ReadError::NotLabels`] if there are more than [`MAX_BYTES`].
    pub fn whole(&mut self) -> Result<String, ReadError> {
        let (mut decoder, mut whole) = (Decoder::default(), String::new());
        // So that a large text is not moved as it grows.
        let start = self.bytes.stream_position()?;
        let length = self.bytes.seek(SeekFrom::End(0))?.saturating_sub(start);
        self.bytes.seek(SeekFrom::Start(start))?;
        whole.reserve(usize::try_from(length.min(MAX_BYTES)).unwrap_or_default());
        while self.decode_block(&mut decoder, &mut whole)? {
            if whole.len() as u64 > MAX_BYTES {
                return Err(ReadError::NotLabels(format!("more than {} MiB, which is no label file", MAX_BYTES >> 20)));
            }
        }
        let first = whole.find(['\r', '\n']).map(|at| &whole.as_bytes()[at..]);
        self.line_end = first.map(|end| match end {
            [b'\r', b'\n', ..] => LineEnd::CrLf,
            [b'\r', ..] => LineEnd::Cr,
            _ => LineEnd::Lf,
        });
        whole.truncate(whole.trim_end_matches('\0').len());
        Ok(whole)
    }

    /// The bytes after the mark, for formats that are no text: what was guessed about the encoding is not told then.
    ///
    /// # Errors
    /// [`ReadError::Io`], or [`ReadError::NotLabels`] if there are more than [`MAX_BYTES`].
    pub fn whole_bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut whole = Vec::new();
        (&mut self.bytes).take(MAX_BYTES + 1).read_to_end(&mut whole)?;
        if whole.len() as u64 > MAX_BYTES {
            return Err(ReadError::NotLabels(format!("more than {} MiB, which is no label file", MAX_BYTES >> 20)));
        }
        self.note = None;
        Ok(whole)
    }

    /// Appends the next characters; whether there were more bytes.
    fn decode_block(&mut self, decoder: &mut Decoder, into: &mut String) -> io::Result<bool> {
        let had = decoder.rest.len();
        let mut block = std::mem::take(&mut decoder.rest);
        (&mut self.bytes).take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        let is_end = block.len() == had;
        if is_end && had == 0 {
            return Ok(false);
        }
        match self.encoding {
            Encoding::Cp1252 => into.extend(block.iter().map(|&byte| text::char_from_cp1252(byte))),
            Encoding::Utf8 => decoder.rest = push_utf8(&block, into, is_end),
            Encoding::Utf16Le => decoder.rest = push_utf16(&block, into, u16::from_le_bytes, is_end),
            Encoding::Utf16Be => decoder.rest = push_utf16(&block, into, u16::from_be_bytes, is_end),
        }
        Ok(true)
    }
}

/// Bytes of a character that goes on in the next block.
#[derive(Default)]
struct Decoder {
    rest: Vec<u8>,
}

fn push_utf8(block: &[u8], into: &mut String, is_end: bool) -> Vec<u8> {
    match std::str::from_utf8(block) {
        Ok(text) => into.push_str(text),
        Err(error) if error.error_len().is_none() && !is_end => {
            into.push_str(&String::from_utf8_lossy(&block[..error.valid_up_to()]));
            return block[error.valid_up_to()..].to_vec();
        }
        Err(_) => into.push_str(&String::from_utf8_lossy(block)),
    }
    Vec::new()
}

fn push_utf16(block: &[u8], into: &mut String, unit: fn([u8; 2]) -> u16, is_end: bool) -> Vec<u8> {
    let mut whole = block.len() & !1;
    let last = block[..whole].chunks_exact(2).next_back().map(|pair| unit([pair[0], pair[1]]));
    if !is_end && last.is_some_and(|last| (0xd800..0xdc00).contains(&last)) {
        whole -= 2;
    }
    let units = block[..whole].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    into.extend(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)));
    if is_end {
        if whole < block.len() {
            into.push(char::REPLACEMENT_CHARACTER);
        }
        return Vec::new();
    }
    block[whole..].to_vec()
}

/// The encoding, the length of its mark in bytes, and what to tell about it.
fn encoding_of(bytes: &mut dyn Bytes) -> io::Result<(Encoding, u64, Option<String>)> {
    let mut mark = Vec::new();
    bytes.take(3).read_to_end(&mut mark)?;
    let (utf16, mark_bytes) = match mark[..] {
        [0xff, 0xfe, ..] => (Some(Encoding::Utf16Le), 2),
        [0xfe, 0xff, ..] => (Some(Encoding::Utf16Be), 2),
        [0xef, 0xbb, 0xbf] => (None, 3),
        _ => (None, 0),
    };
    bytes.seek(SeekFrom::Start(mark_bytes))?;
    if let Some(encoding) = utf16 {
        let unit = if encoding == Encoding::Utf16Le { u16::from_le_bytes } else { u16::from_be_bytes };
        let is_broken = any_replaced(bytes, |block, into, is_end| push_utf16(block, into, unit, is_end))?;
        let note = is_broken.then(|| "broken UTF-16: some characters could not be read".to_owned());
        return Ok((encoding, mark_bytes, note));
    }
    if is_utf8(bytes)? {
        Ok((Encoding::Utf8, mark_bytes, None))
    } else {
        let note = "not UTF-8, read as Windows-1252: check letters with accents".to_owned();
        Ok((Encoding::Cp1252, mark_bytes, Some(note)))
    }
}

fn is_utf8(bytes: &mut dyn Bytes) -> io::Result<bool> {
    let mut block = Vec::new();
    loop {
        let had = block.len();
        bytes.take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        let is_end = block.len() == had;
        match std::str::from_utf8(&block) {
            Ok(_) => block.clear(),
            Err(error) if error.error_len().is_none() && !is_end => {
                block.drain(..error.valid_up_to());
            }
            Err(_) => return Ok(false),
        }
        if is_end {
            return Ok(true);
        }
    }
}

fn any_replaced(bytes: &mut dyn Bytes, push: impl Fn(&[u8], &mut String, bool) -> Vec<u8>) -> io::Result<bool> {
    let (mut block, mut text) = (Vec::new(), String::new());
    loop {
        let had = block.len();
        bytes.take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        let is_end = block.len() == had;
        text.clear();
        block = push(&block, &mut text, is_end);
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(true);
        }
        if is_end {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines_of(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut source = TextSource::from_bytes(bytes);
        source
            .for_each_line(|_, line| {
                lines.push(line.to_owned());
                Ok(())
            })
            .unwrap();
        lines
    }

    #[test]
    fn lines_are_whole_where_blocks_end() {
        for shift in BLOCK_BYTES - 4..BLOCK_BYTES + 4 {
            for end in ["\n", "\r\n", "\r"] {
                let text = format!("{}{end}ö🦇{end}last", "x".repeat(shift));
                let expected = ["x".repeat(shift), "ö🦇".to_owned(), "last".to_owned()];
                assert_eq!(lines_of(text.as_bytes()), expected);
                let utf16: Vec<u8> =
                    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
                assert_eq!(lines_of(&utf16), expected);
                let mut source = TextSource::from_bytes(text.as_bytes());
                assert_eq!(source.whole().unwrap(), text);
            }
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_whole_text(text in "[a\r\nö]{0,40}") {
            let expected: Vec<String> = text::lines(&text).map(|(_, line)| line.to_owned()).collect();
            let found = lines_of(text.as_bytes());
            let shorter = found.len().min(expected.len());
            prop_assert_eq!(&found[..shorter], &expected[..shorter]);
            prop_assert!(expected[shorter..].iter().chain(&found[shorter..]).all(String::is_empty));
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let (text, note) = text::decode(&bytes);
            let mut source = TextSource::from_bytes(&bytes);
            prop_assert_eq!(source.note().map(str::to_owned), note);
            prop_assert_eq!(source.whole().unwrap(), text.trim_end_matches('\0'));
        }
    }
}
