//! What a recording is recognised by, wherever it lies and whatever it is called. Must not know what it is used for.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::AudioError;

/// Bytes at the beginning and at the end that count.
const END_BYTES: u64 = 64 << 10;

/// Stretches in between that count, and bytes in each.
const STRETCHES: u64 = 16;
const STRETCH_BYTES: u64 = 16 << 10;

/// The size of a file and the SHA-256 sum of 384 KiB of its content: all of a shorter file; of a longer one the first and the last
/// 64 KiB, and 16 stretches of 16 KiB spread evenly between them. Files that differ only in what lies between the stretches are taken
/// for the same: who needs to tell them apart looks at the time of the last change as well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// SHA-256 of the size (8 bytes, lowest first) and the stretches in order.
    pub sum: [u8; 32],
}

impl fmt::Display for Fingerprint {
    /// The size and the sum in hexadecimal digits: `345600044-0af3…`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-", self.file_bytes)?;
        self.sum.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The fingerprint of a file, which need not be a recording: some milliseconds at any length, if the disk can seek. Not for the window's
/// thread.
///
/// # Errors
/// The file cannot be read.
pub fn fingerprint(path: &Path) -> Result<Fingerprint, AudioError> {
    let failed = |source| AudioError::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let file_bytes = file.metadata().map_err(failed)?.len();
    let mut digest = Sha256::new();
    digest.update(file_bytes.to_le_bytes());
    let mut stretch = Vec::new();
    for (first, bytes) in stretches(file_bytes) {
        file.seek(SeekFrom::Start(first)).map_err(failed)?;
        stretch.clear();
        // A file that has become shorter meanwhile gives what is there.
        file.by_ref().take(bytes).read_to_end(&mut stretch).map_err(failed)?;
        digest.update(&stretch);
    }
    Ok(Fingerprint { file_bytes, sum: digest.finalize().into() })
}

/// Where the stretches begin and how long they are, in bytes.
fn stretches(file_bytes: u64) -> Vec<(u64, u64)> {
    if file_bytes <= 2 * END_BYTES + STRETCHES * STRETCH_BYTES {
        return vec![(0, file_bytes)];
    }
    let between = file_bytes - 2 * END_BYTES - STRETCH_BYTES;
    // In 128 bits, because a lying file system may say anything.
    let place = |n: u64| END_BYTES + (u128::from(between) * u128::from(n) / u128::from(STRETCHES - 1)) as u64;
    let mut all = vec![(0, END_BYTES)];
    all.extend((0..STRETCHES).map(|n| (place(n), STRETCH_BYTES)));
    all.push((file_bytes - END_BYTES, END_BYTES));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Fingerprint {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, bytes).unwrap();
        let first = fingerprint(&path).unwrap();
        let moved = folder.path().join("b.wav");
        std::fs::rename(&path, &moved).unwrap();
        assert_eq!(fingerprint(&moved).unwrap(), first, "the name does not count");
        first
    }

    #[test]
    fn size_beginning_end_and_stretches_count() {
        let long: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let whole = of(&long);
        assert_eq!(whole.file_bytes, 3_000_000);
        let places = stretches(3_000_000);
        assert_eq!(places.len(), 18);
        assert_eq!(places.iter().map(|(_, bytes)| bytes).sum::<u64>(), 384 << 10);
        assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{places:?}");
        for at in [0, 65_535, 65_536, 2_999_999].into_iter().chain(places.iter().map(|&(first, _)| first as usize)) {
            let mut other = long.clone();
            other[at] ^= 1;
            assert_ne!(of(&other), whole, "byte {at}");
        }
        assert_ne!(of(&long[..2_999_999]), whole);
    }

    #[test]
    fn every_byte_of_a_short_file_counts() {
        let short = vec![7; 300_000];
        for at in [0, 100_000, 200_000, 299_999] {
            let mut other = short.clone();
            other[at] = 8;
            assert_ne!(of(&other), of(&short));
        }
        assert_eq!(of(&[]).file_bytes, 0);
        assert_eq!(stretches(u64::MAX).last(), Some(&(u64::MAX - END_BYTES, END_BYTES)));
    }

    #[test]
    fn the_sum_is_that_of_sha256sum() {
        // printf '\x03\0\0\0\0\0\0\0abc' | sha256sum
        let text = of(b"abc").to_string();
        assert_eq!(text, EXPECTED_OF_ABC);
    }

    const EXPECTED_OF_ABC: &str = "3-ce91dc5eec0139adf091900d225971d6ad246a845bad791b5693a9d0d55dd391";

    #[test]
    fn a_missing_file_is_told() {
        let error = fingerprint(Path::new("no/such.wav")).unwrap_err().to_string();
        assert!(error.starts_with("no/such.wav: cannot be read"), "{error}");
    }
}
