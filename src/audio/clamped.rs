//! Lengths that a header claims, held against what the file can hold.

/// Frames of `claimed` bytes that lie within a file, and whether some are missing.
///
/// `claimed` is `None` where the writer did not know: then all to the end of the file counts.
pub(super) fn frames_present(claimed: Option<u64>, data_offset: u64, file_len: u64, frame_bytes: u64) -> (u64, bool) {
    let present = file_len.saturating_sub(data_offset);
    let bytes = claimed.map_or(present, |claimed| claimed.min(present));
    (
        bytes / frame_bytes.max(1),
        claimed.is_some_and(|claimed| claimed / frame_bytes.max(1) > present / frame_bytes.max(1)),
    )
}

/// `claimed` frames of a compressed recording, no more than `file_len` bytes can code at all, and whether the claim was believed.
pub(super) fn believable_frames(claimed: u64, file_len: u64) -> (u64, bool) {
    // FLAC codes a silent block of 65,535 samples in about 11 bytes; no other coding is denser.
    let most = file_len.saturating_mul(8_192);
    (claimed.min(most), claimed <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_never_exceeds_the_file() {
        assert_eq!(frames_present(Some(400), 44, 444, 4), (100, false));
        assert_eq!(frames_present(Some(4_000_000_000), 44, 444, 4), (100, true));
        assert_eq!(frames_present(None, 44, 447, 4), (100, false));
        assert_eq!(frames_present(Some(400), 1_000, 444, 4), (0, true));
        assert_eq!(believable_frames(u64::MAX, 1_000), (8_192_000, false));
        assert_eq!(believable_frames(48_000, 1_000), (48_000, true));
    }
}
