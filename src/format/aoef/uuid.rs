//! UUIDs of version 5 (RFC 9562), which are made of names.
//!
//! The hash is SHA-1, as the version demands; nothing secret depends on it.

use std::fmt::Write as _;

/// The namespace of this program's names: version 5 of `earmark` in the namespace of host names.
const NAMESPACE: [u8; 16] =
    [0xa8, 0xf3, 0xc0, 0xb4, 0x0a, 0x3a, 0x5c, 0xaf, 0x85, 0xfa, 0x9d, 0x13, 0x7c, 0x32, 0x58, 0xde];

/// The UUID of a thing of a kind that these parts name.
pub(super) fn of(kind: &str, parts: &[&str]) -> String {
    let mut name = kind.to_owned();
    for part in parts {
        // A length before each part keeps apart what a separator could not.
        let _ = write!(name, "/{}:{part}", part.len());
    }
    version_5(&NAMESPACE, &name)
}

fn version_5(namespace: &[u8; 16], name: &str) -> String {
    let mut message = Vec::with_capacity(namespace.len() + name.len() + 2 * BLOCK_BYTES);
    message.extend(namespace);
    message.extend(name.as_bytes());
    let mut hash = sha1(message);
    hash[6] = hash[6] & 0x0f | 0x50;
    hash[8] = hash[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in hash[..16].iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

const BLOCK_BYTES: usize = 64;

/// FIPS 180-4.
fn sha1(message: Vec<u8>) -> [u8; 20] {
    let bits = message.len() as u64 * 8;
    let mut padded = message;
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(BLOCK_BYTES) - 8, 0);
    padded.extend(bits.to_be_bytes());
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.chunks_exact(BLOCK_BYTES) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for index in 16..80 {
            let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16];
            words[index] = mixed.rotate_left(1);
        }
        let mut worked = state;
        rounds(&mut worked, &words[..20], 0x5a82_7999, |b, c, d| (b & c) | (!b & d));
        rounds(&mut worked, &words[20..40], 0x6ed9_eba1, |b, c, d| b ^ c ^ d);
        rounds(&mut worked, &words[40..60], 0x8f1b_bcdc, |b, c, d| (b & c) | (b & d) | (c & d));
        rounds(&mut worked, &words[60..], 0xca62_c1d6, |b, c, d| b ^ c ^ d);
        for (value, worked) in state.iter_mut().zip(worked) {
            *value = value.wrapping_add(worked);
        }
    }
    let mut hash = [0; 20];
    for (bytes, value) in hash.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&value.to_be_bytes());
    }
    hash
}

fn rounds(state: &mut [u32; 5], words: &[u32], constant: u32, choose: impl Fn(u32, u32, u32) -> u32) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for word in words {
        let next = a.rotate_left(5).wrapping_add(choose(b, c, d)).wrapping_add(e);
        (a, b, c, d, e) = (next.wrapping_add(constant).wrapping_add(*word), a, b.rotate_left(30), c, d);
    }
    *state = [a, b, c, d, e];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_uuids_that_the_standard_gives() {
        // RFC 9562, appendix A.4; and `uuid.uuid5(uuid.NAMESPACE_DNS, "ö" * 100)` of Python.
        let dns = [0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];
        assert_eq!(version_5(&dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        assert_eq!(version_5(&dns, &"ö".repeat(100)), "b879aa42-6887-5e78-9895-8a123530c647");
        assert_eq!(version_5(&dns, "earmark"), "a8f3c0b4-0a3a-5caf-85fa-9d137c3258de");
        assert_ne!(of("clip", &["a", "b"]), of("clip", &["ab", ""]));
    }
}
