//! Recordings beyond 4 GiB: nothing may be counted in 32 bits, and every container's way of saying its length is understood, the ways in which
//! recorders get it wrong included. The files are holes but for a few samples.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use earmark::audio::open;

/// Bytes a sample, in all of these.
const WIDTH: u64 = 2;
const DAY: u64 = 86_400;
const ALL_ONES: [u8; 4] = [0xff; 4];

struct Sound {
    rate: u32,
    channels: u16,
    secs: u64,
}

impl Sound {
    fn frames(&self) -> u64 {
        u64::from(self.rate) * self.secs
    }

    fn frame_bytes(&self) -> u64 {
        u64::from(self.channels) * WIDTH
    }

    fn bytes(&self) -> u64 {
        self.frames() * self.frame_bytes()
    }

    /// The inside of a `fmt ` section: 16-bit PCM.
    fn format(&self) -> Vec<u8> {
        let mut format = vec![1, 0];
        format.extend(self.channels.to_le_bytes());
        format.extend(self.rate.to_le_bytes());
        format.extend((self.rate * self.frame_bytes() as u32).to_le_bytes());
        format.extend([self.frame_bytes() as u8, 0, 16, 0]);
        format
    }
}

fn section(name: &[u8; 4], size: [u8; 4], inside: &[u8]) -> Vec<u8> {
    [name, &size, inside].concat()
}

fn sized(name: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    section(name, (inside.len() as u32).to_le_bytes(), inside)
}

/// `RIFF` or one of its kin up to the first sample.
fn riff(magic: &[u8; 4], before: &[u8], sound: &Sound, data_size: [u8; 4]) -> Vec<u8> {
    [magic, &ALL_ONES, b"WAVE", before, &sized(b"fmt ", &sound.format()), b"data", &data_size].concat()
}

/// A `ds64` section with a table of further lengths.
fn ds64(data_bytes: u64, table: &[(&[u8; 4], u64)]) -> Vec<u8> {
    let mut inside = (data_bytes + 1_000).to_le_bytes().to_vec();
    inside.extend(data_bytes.to_le_bytes());
    inside.extend([0; 8]);
    inside.extend((table.len() as u32).to_le_bytes());
    for (name, bytes) in table {
        inside.extend(*name);
        inside.extend(bytes.to_le_bytes());
    }
    sized(b"ds64", &inside)
}

fn wave64(sound: &Sound, data_size: u64) -> Vec<u8> {
    const RIFF: [u8; 12] = [0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0x00, 0x00];
    const WAVE: [u8; 12] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];
    let guid = |name: &[u8; 4]| [name.as_slice(), &WAVE].concat();
    [
        [b"riff".as_slice(), &RIFF].concat(),
        (sound.bytes() + 128).to_le_bytes().to_vec(),
        guid(b"wave"),
        guid(b"fmt "),
        40_u64.to_le_bytes().to_vec(),
        sound.format(),
        guid(b"data"),
        data_size.to_le_bytes().to_vec(),
    ]
    .concat()
}

fn caf(sound: &Sound) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    bytes.extend(f64::from(sound.rate).to_be_bytes());
    // Little-endian integers, bytes and frames a packet, channels, bits.
    bytes.extend(b"lpcm\0\0\0\x02");
    bytes.extend((sound.frame_bytes() as u32).to_be_bytes());
    bytes.extend([0, 0, 0, 1]);
    bytes.extend(u32::from(sound.channels).to_be_bytes());
    bytes.extend([0, 0, 0, 16]);
    bytes.extend(b"data");
    bytes.extend((sound.bytes() + 4).to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// The value of a marked frame in a channel, in steps of 16 bits.
fn mark(frame: u64, channel: u16) -> i16 {
    (frame % 8_191) as i16 * 4 + channel as i16 + 1
}

/// Frames that are not silent: the first, the last, and those around 4 GiB.
fn marked(sound: &Sound) -> Vec<u64> {
    let wrap = (1_u64 << 32) / sound.frame_bytes();
    let frames = [0, 1, wrap - 1, wrap, wrap + 1, sound.frames() / 2, sound.frames() - 2, sound.frames() - 1];
    frames.into_iter().filter(|&frame| frame < sound.frames()).collect()
}

fn write(folder: &Path, name: &str, header: &[u8], sound: &Sound, trailer: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let mut file = File::create(&path).unwrap();
    file.write_all(header).unwrap();
    for frame in marked(sound) {
        file.seek(SeekFrom::Start(header.len() as u64 + frame * sound.frame_bytes())).unwrap();
        let samples: Vec<u8> = (0..sound.channels).flat_map(|channel| mark(frame, channel).to_le_bytes()).collect();
        file.write_all(&samples).unwrap();
    }
    file.seek(SeekFrom::Start(header.len() as u64 + sound.bytes())).unwrap();
    file.write_all(trailer).unwrap();
    path
}

/// Every marked frame is where it belongs, and nothing comes after the last.
fn check(path: &Path, sound: &Sound, warning: Option<&str>) {
    let mut source = open(path).unwrap();
    let name = path.display();
    let spec = source.spec().clone();
    assert_eq!((spec.sample_rate, spec.channels), (sound.rate, usize::from(sound.channels)), "{name}");
    assert_eq!((spec.frame_count, spec.length_is_exact), (sound.frames(), true), "{name}");
    let channels = usize::from(sound.channels);
    let mut out = vec![9.0; channels];
    for frame in marked(sound) {
        assert_eq!(source.read(frame, &mut out).unwrap(), 1, "{name} at {frame}");
        let wanted: Vec<f32> = (0..sound.channels).map(|channel| f32::from(mark(frame, channel)) / 32_768.0).collect();
        assert_eq!(out, wanted, "{name} at {frame}");
    }
    assert_eq!(source.read(sound.frames(), &mut out).unwrap(), 0, "{name}");
    let mut last = vec![9.0; channels * 5];
    assert_eq!(source.read(sound.frames() - 3, &mut last).unwrap(), 3, "{name}");
    let warnings = source.take_warnings();
    match warning {
        Some(words) => assert!(warnings.len() == 1 && warnings[0].contains(words), "{name}: {warnings:?}"),
        None => assert_eq!(warnings, Vec::<String>::new(), "{name}"),
    }
}

#[test]
fn a_day_is_read_at_its_end_in_every_long_container() {
    let day = Sound { rate: 48_000, channels: 2, secs: DAY };
    let folder = tempfile::tempdir().unwrap();
    let low = (day.bytes() as u32).to_le_bytes();
    let table = [(b"axml", 40), (b"bext", 602)];
    let headers = [
        ("rf64.wav", riff(b"RF64", &ds64(day.bytes(), &[]), &day, ALL_ONES)),
        // The low 32 bits instead of all ones.
        ("low.rf64", riff(b"RF64", &ds64(day.bytes(), &[]), &day, low)),
        // A section before the sound whose length stands in the table.
        (
            "bw64.wav",
            riff(
                b"BW64",
                &[ds64(day.bytes(), &table), section(b"axml", ALL_ONES, &[b'x'; 40])].concat(),
                &day,
                ALL_ONES,
            ),
        ),
        ("wave64.w64", wave64(&day, day.bytes() + 24)),
        ("long.caf", caf(&day)),
    ];
    for (name, header) in headers {
        let path = write(folder.path(), name, &header, &day, b"");
        check(&path, &day, None);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn an_hour_of_ultrasound_is_read_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mono = Sound { rate: 384_000, channels: 1, secs: 3_600 };
    let size = (mono.bytes() as u32).to_le_bytes();
    check(&write(folder.path(), "mono.wav", &riff(b"RIFF", b"", &mono, size), &mono, b""), &mono, None);
    let eight = Sound { rate: 384_000, channels: 8, secs: 3_600 };
    let header = riff(b"RF64", &ds64(eight.bytes(), &[]), &eight, ALL_ONES);
    check(&write(folder.path(), "eight.wav", &header, &eight, b""), &eight, None);
}

#[test]
fn lengths_that_do_not_fit_into_a_header_are_worked_out() {
    let folder = tempfile::tempdir().unwrap();
    // 8 channels, two hours: 5.5 GB; and 13 GB, which wraps three times.
    for secs in [7_200, 17_000] {
        let sound = Sound { rate: 48_000, channels: 8, secs };
        let wrapped = (sound.bytes() as u32).to_le_bytes();
        for (name, trailer) in [("bare.wav", Vec::new()), ("comment.wav", sized(b"LIST", b"INFOICMT\x02\0\0\0a\0"))] {
            let path = write(folder.path(), name, &riff(b"RIFF", b"", &sound, wrapped), &sound, &trailer);
            check(&path, &sound, Some("wrapped"));
        }
    }
    // Recorders and pipes that write the most that fits, or what stands for "unknown".
    let sound = Sound { rate: 48_000, channels: 8, secs: 7_200 };
    for size in [0_u32, u32::MAX, 0xffff_f000, 0x7fff_ffff, 0x7fff_f000] {
        let header = riff(b"RIFF", b"", &sound, size.to_le_bytes());
        let path = write(folder.path(), "clamped.wav", &header, &sound, b"");
        check(&path, &sound, Some("gives no length"));
    }
    // A recorder that lost power before it could write the lengths.
    for (name, header) in [
        ("lost.rf64", riff(b"RF64", &ds64(0, &[]), &sound, ALL_ONES)),
        ("lost.wav", riff(b"RIFF", &sized(b"JUNK", &[0; 28]), &sound, ALL_ONES)),
        ("lost.w64", wave64(&sound, 0)),
    ] {
        check(&write(folder.path(), name, &header, &sound, b""), &sound, Some("gives no length"));
    }
}

#[test]
fn odd_sections_are_passed_with_padding_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Sound { rate: 8_000, channels: 1, secs: 1 };
    let size = (sound.bytes() as u32).to_le_bytes();
    let odd = sized(b"junk", b"abc");
    for (name, before) in [("padded.wav", [&odd[..], b"\0"].concat()), ("bare.wav", odd.clone())] {
        // And a section after the sound, which is no sound.
        let path = write(folder.path(), name, &riff(b"RIFF", &before, &sound, size), &sound, &odd);
        check(&path, &sound, None);
    }
}
