//! Rows that carry a checksum, so that a byte that flips on the disk is found and never taken for an annotation.
//!
//! SQLite checks the structure of its pages, not what is in them. Every table of a project has a last column `checksum`: the CRC-32 of all
//! other columns, each with its type and its length.

use super::failure::Failure;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Row};

/// The bytes that a checksum is computed of, with their memory, which is used again for the next row.
#[derive(Default)]
pub struct Checksum {
    bytes: Vec<u8>,
}

impl Checksum {
    fn of(&mut self, cells: &[ValueRef<'_>]) -> i64 {
        self.bytes.clear();
        for cell in cells {
            match cell {
                ValueRef::Null => self.bytes.push(0),
                ValueRef::Integer(number) => self.put(1, &number.to_le_bytes()),
                // SQLite keeps a negative zero as zero.
                ValueRef::Real(number) => self.put(2, &(number + 0.0).to_le_bytes()),
                ValueRef::Text(text) => self.put_long(3, text),
                ValueRef::Blob(blob) => self.put_long(4, blob),
            }
        }
        i64::from(crc32fast::hash(&self.bytes))
    }

    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(bytes);
    }

    fn put_long(&mut self, kind: u8, bytes: &[u8]) {
        self.put(kind, &(bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    /// Runs a statement with a row's cells as its parameters, and their checksum as the last one. Returns how many rows it changed.
    pub fn execute(&mut self, statement: &mut CachedStatement<'_>, cells: &[ValueRef<'_>]) -> rusqlite::Result<usize> {
        let checksum = self.of(cells);
        for (place, cell) in cells.iter().enumerate() {
            statement.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(*cell))?;
        }
        statement.raw_bind_parameter(cells.len() + 1, checksum)?;
        statement.raw_execute()
    }

    /// The cells of a row that was read, its checksum being the column after them.
    pub fn cells<'row, const N: usize>(&mut self, row: &'row Row<'_>) -> Result<[ValueRef<'row>; N], Failure> {
        let mut cells = [ValueRef::Null; N];
        for (place, cell) in cells.iter_mut().enumerate() {
            *cell = row.get_ref(place)?;
        }
        if row.get_ref(N)? != ValueRef::Integer(self.of(&cells)) {
            return Err(Failure::Content("a row does not agree with its checksum".to_owned()));
        }
        Ok(cells)
    }
}

/// A text.
pub fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

/// A number that counts or names; the whole range of `u64` is kept, the upper half as negative numbers.
pub fn name(number: u64) -> ValueRef<'static> {
    ValueRef::Integer(number.cast_signed())
}

/// A text, or nothing.
pub fn text_or_null(content: Option<&str>) -> ValueRef<'_> {
    content.map_or(ValueRef::Null, text)
}

/// A number, or nothing.
pub fn real_or_null(number: Option<f64>) -> ValueRef<'static> {
    number.map_or(ValueRef::Null, ValueRef::Real)
}

/// What a cell holds, where the table's own rules promise its type.
pub trait Cell<'a> {
    /// A text.
    fn text(self) -> Result<&'a str, Failure>;
    /// A number that counts or names.
    fn name(self) -> Result<u64, Failure>;
    /// A whole number.
    fn integer(self) -> Result<i64, Failure>;
    /// A number with a fraction.
    fn real(self) -> Result<f64, Failure>;
    /// Yes or no.
    fn flag(self) -> Result<bool, Failure>;
    /// Nothing, or what `read` makes of it.
    fn maybe<T>(self, read: impl FnOnce(Self) -> Result<T, Failure>) -> Result<Option<T>, Failure>
    where
        Self: Sized;
}

impl<'a> Cell<'a> for ValueRef<'a> {
    fn text(self) -> Result<&'a str, Failure> {
        self.as_str().map_err(wrong_type)
    }

    fn name(self) -> Result<u64, Failure> {
        self.integer().map(i64::cast_unsigned)
    }

    fn integer(self) -> Result<i64, Failure> {
        self.as_i64().map_err(wrong_type)
    }

    fn real(self) -> Result<f64, Failure> {
        self.as_f64().map_err(wrong_type)
    }

    fn flag(self) -> Result<bool, Failure> {
        self.integer().map(|number| number != 0)
    }

    fn maybe<T>(self, read: impl FnOnce(Self) -> Result<T, Failure>) -> Result<Option<T>, Failure> {
        if self == ValueRef::Null { Ok(None) } else { read(self).map(Some) }
    }
}

fn wrong_type(error: impl std::fmt::Display) -> Failure {
    Failure::Content(format!("a cell holds something of another kind: {error}"))
}
