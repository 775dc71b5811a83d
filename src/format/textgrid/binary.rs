//! TextGrids as Praat's binary files: numbers are big-endian; a text has its length before it, and is UTF-16 where that is −1 and the
//! length comes after it.

use super::super::text::char_from_cp1252;
use super::fields::{Fields, Unreadable};

/// How a binary file begins; the byte is the length of the name that follows it.
pub(super) const MAGIC: &str = "ooBinaryFile\u{8}TextGrid";

/// The values of a binary file.
#[derive(Debug)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub fn after_magic(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.get(MAGIC.len()..).unwrap_or_default() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(ends)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take_slice(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(ends)?;
        self.rest = rest;
        Ok(taken)
    }

    fn latin(&mut self, length: usize) -> Result<String, Unreadable> {
        Ok(self.take_slice(length)?.iter().map(|&byte| char_from_cp1252(byte)).collect())
    }
}

fn ends() -> Unreadable {
    Unreadable { line: 0, text: "the file ends before the grid does".to_owned() }
}

impl Fields for Bytes<'_> {
    fn line(&self) -> usize {
        0
    }

    fn is_at_end(&mut self) -> bool {
        self.rest.is_empty()
    }

    fn number(&mut self) -> Result<f64, Unreadable> {
        Ok(f64::from_be_bytes(self.take()?))
    }

    fn count(&mut self) -> Result<usize, Unreadable> {
        let count = i32::from_be_bytes(self.take()?);
        usize::try_from(count).map_err(|_| Unreadable { line: 0, text: format!("a count of {count}") })
    }

    fn exists(&mut self) -> Result<bool, Unreadable> {
        Ok(self.take::<1>()? != [0])
    }

    fn class(&mut self) -> Result<String, Unreadable> {
        let [length] = self.take()?;
        self.latin(usize::from(length))
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let length = u16::from_be_bytes(self.take()?);
        if length != u16::MAX {
            return self.latin(usize::from(length));
        }
        let length = u16::from_be_bytes(self.take()?);
        let bytes = self.take_slice(2 * usize::from(length))?;
        let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        Ok(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    }
}
