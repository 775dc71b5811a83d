//! Values as JSON in a cell: short ones as text, long ones compressed, so that a step of 100,000 edits stays small.

use super::failure::Failure;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use rusqlite::types::{Value, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufReader, Write};

/// Longer texts are compressed.
const MOST_TEXT_BYTES: usize = 4096;

/// The cell of a value.
pub fn pack<T: Serialize>(value: &T) -> Result<Value, Failure> {
    let json = serde_json::to_string(value)?;
    if json.len() <= MOST_TEXT_BYTES {
        return Ok(Value::Text(json));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json.as_bytes())?;
    Ok(Value::Blob(encoder.finish()?))
}

/// The value of a cell.
pub fn unpack<T: DeserializeOwned>(cell: ValueRef<'_>) -> Result<T, Failure> {
    match cell {
        ValueRef::Text(json) => Ok(serde_json::from_slice(json)?),
        ValueRef::Blob(bytes) => Ok(serde_json::from_reader(BufReader::new(ZlibDecoder::new(bytes)))?),
        _ => Err(Failure::Content("an entry of the log lacks its edit".to_owned())),
    }
}
