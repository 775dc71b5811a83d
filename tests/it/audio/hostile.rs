//! Files made to mislead, in every container: claims of gigabytes in a kilobyte, no channels, random bytes behind a true beginning, fields of
//! all ones. What `broken::try_bytes` asks of each: no panic, little memory, little time, and a message that names the file.

use super::broken::try_bytes;
use super::{Numbers, fixtures, folder};

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// The place after the first `mark`.
fn after(bytes: &[u8], mark: &[u8]) -> usize {
    bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len()
}

/// A copy with `value` written `skip` bytes after `mark`.
fn patched(name: &str, mark: &[u8], skip: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes_of(name);
    let at = after(&bytes, mark) + skip;
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

#[test]
fn random_bytes_behind_a_true_beginning_do_no_harm() {
    let temporary = tempfile::tempdir().unwrap();
    let mut numbers = Numbers(2_024);
    for fixture in fixtures() {
        let bytes = bytes_of(&fixture.name);
        for kept in [4, 16, 48, 128, 600] {
            let mut random: Vec<u8> = bytes.iter().copied().take(kept).collect();
            random.extend((0..3_000).map(|_| numbers.next(256) as u8));
            try_bytes(temporary.path(), &format!("random-{kept}-{}", fixture.name), &random);
        }
    }
}

#[test]
fn fields_of_all_ones_and_of_nothing_do_no_harm() {
    let temporary = tempfile::tempdir().unwrap();
    for fixture in fixtures() {
        let mut bytes = bytes_of(&fixture.name);
        // The head of a short file is as good as that of a long one.
        bytes.truncate(6_000);
        for field in 0..64 {
            for value in [0x00, 0xff] {
                let mut lying = bytes.clone();
                lying[field * 4..field * 4 + 4].fill(value);
                try_bytes(temporary.path(), &format!("field-{field}-{value}-{}", fixture.name), &lying);
            }
        }
    }
}

#[test]
fn no_channels_are_refused_or_known_better() {
    let temporary = tempfile::tempdir().unwrap();
    let refused = [
        ("pcm-s16.wav", patched("pcm-s16.wav", b"fmt ", 6, &[0, 0])),
        ("pcm-s16.rf64.wav", patched("pcm-s16.rf64.wav", b"fmt ", 6, &[0, 0])),
        ("pcm-s16.w64", patched("pcm-s16.w64", b"fmt ", 22, &[0, 0])),
        ("pcm-s16.aiff", patched("pcm-s16.aiff", b"COMM", 4, &[0, 0])),
        ("pcm-s16.caf", patched("pcm-s16.caf", b"desc", 32, &[0, 0, 0, 0])),
        ("mu-law.au", patched("mu-law.au", b".snd", 16, &[0, 0, 0, 0])),
        ("vorbis.ogg", patched("vorbis.ogg", b"\x01vorbis", 4, &[0])),
        ("opus.opus", patched("opus.opus", b"OpusHead", 1, &[0])),
        ("ima-adpcm.wav", patched("ima-adpcm.wav", b"fmt ", 6, &[0, 0])),
    ];
    for (name, bytes) in refused {
        assert_eq!(try_bytes(temporary.path(), name, &bytes), None, "{name}");
    }
    // Here the coded sound says how many channels it has.
    for (name, bytes) in [
        ("aac.m4a", patched("aac.m4a", b"mp4a", 16, &[0, 0])),
        ("alac.m4a", patched("alac.m4a", b"alac", 16, &[0, 0])),
        ("flac.mkv", patched("flac.mkv", &[0x9f, 0x81], 0, &[0])),
    ] {
        try_bytes(temporary.path(), name, &bytes);
    }
}

#[test]
fn claims_of_gigabytes_in_a_kilobyte_take_no_memory() {
    let temporary = tempfile::tempdir().unwrap();
    let huge = [0xff, 0xff, 0xff, 0xf0];
    let claims = [
        ("data.wav", patched("pcm-s16.wav", b"data", 0, &[0xf0, 0xff, 0xff, 0xff])),
        ("ds64.wav", patched("pcm-s16.rf64.wav", b"ds64", 12, &[0xff; 7])),
        ("data.w64", patched("pcm-s16.w64", b"data", 12, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ("ssnd.aiff", patched("pcm-s16.aiff", b"COMM", 6, &huge)),
        ("data.caf", patched("pcm-s16.caf", b"data", 0, &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("au.au", patched("mu-law.au", b".snd", 4, &huge)),
        ("blocks.flac", patched("stereo.flac", b"fLaC\0\0\0\x22", 0, &[0xff; 4])),
        ("length.flac", patched("stereo.flac", b"fLaC\0\0\0\x22", 13, &[0xff; 5])),
        ("sizes.m4a", patched("aac.m4a", b"stsz", 8, &huge)),
        ("times.m4a", patched("aac.m4a", b"stts", 4, &huge)),
        ("chunks.m4a", patched("aac.m4a", b"stco", 4, &huge)),
        ("groups.m4a", patched("aac.m4a", b"stsc", 4, &huge)),
        ("edits.m4a", patched("aac.m4a", b"elst", 4, &huge)),
        ("movie.m4a", patched("aac.m4a", b"mvhd", 16, &huge)),
        ("config.m4a", patched("aac.m4a", b"esds", 4, &[3, 0xff, 0xff, 0xff, 0x7f])),
        ("pages.ogg", patched("vorbis.ogg", b"OggS", 2, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ("frames.mp3", patched("constant.mp3", b"Info", 4, &[0xff; 8])),
        (
            "segment.mkv",
            patched("flac.mkv", &[0x18, 0x53, 0x80, 0x67], 0, &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]),
        ),
        ("private.mkv", patched("flac.mkv", &[0x63, 0xa2], 0, &[0x08, 0xff, 0xff, 0xff])),
        ("packets.caf", patched("alac.caf", b"pakt", 8, &[0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("cookie.caf", patched("alac.caf", b"kuki", 0, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])),
        (
            "picture.mp3",
            [b"ID3\x04\0\0\x7f\x7f\x7f\x7fAPIC\x0f\xff\xff\xff\0\0".as_slice(), &bytes_of("no-index.mp3")].concat(),
        ),
    ];
    for (name, whole) in claims {
        try_bytes(temporary.path(), name, &whole);
        try_bytes(temporary.path(), &format!("short-{name}"), &whole[..whole.len().min(1_024)]);
        // Tables at the end, without what they are tables of.
        let tail = [&whole[..48.min(whole.len())], &whole[whole.len().saturating_sub(1_500)..]].concat();
        try_bytes(temporary.path(), &format!("tail-{name}"), &tail);
    }
}
