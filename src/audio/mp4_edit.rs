//! How many samples an MP4 file's encoder put before the sound (AAC: 1,024 or 2,112, which is 23 to 48 ms).
//!
//! The decoder library decodes those samples as if they were sound, so that every event would be late. Read here: the edit list
//! (ISO/IEC 14496-12, 8.6.6) and Apple's `iTunSMPB` tag. Must not decode anything.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// What to leave out of a track's decoded samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// Samples before the sound.
    pub(super) skipped_frames: u64,
    /// Samples of sound, where the file says so.
    pub(super) frame_count: Option<u64>,
}

/// The edit of track `track_id` at `sample_rate`; none where the file has none or its boxes cannot be followed.
pub(super) fn read_edit(path: &Path, track_id: u32, sample_rate: u32) -> Edit {
    let Ok(mut file) = File::open(path) else { return Edit::default() };
    let Ok(len) = file.seek(SeekFrom::End(0)) else { return Edit::default() };
    let Some(movie) = find(&mut file, Extent { start: 0, end: len }, b"moov") else { return Edit::default() };
    itunes_edit(&mut file, movie).or_else(|| list_edit(&mut file, movie, track_id, sample_rate)).unwrap_or_default()
}

/// The inside of a box, in bytes of the file.
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    end: u64,
}

/// More boxes beside each other than any real file has.
const MAX_BOXES: usize = 10_000;

/// The next box at `at`: its name and inside.
fn box_at(file: &mut File, at: u64, end: u64) -> Option<([u8; 4], Extent)> {
    let header: [u8; 8] = read_at(file, at)?;
    let short = u64::from(be_u32(&header, 0));
    let (head_len, size) = match short {
        0 => (8, end.checked_sub(at)?),
        1 => (16, u64::from_be_bytes(read_at(file, at.checked_add(8)?)?)),
        short => (8, short),
    };
    let inside = Extent { start: at.checked_add(head_len)?, end: at.checked_add(size)?.min(end) };
    (size >= head_len).then_some(([header[4], header[5], header[6], header[7]], inside))
}

fn find(file: &mut File, within: Extent, name: &[u8; 4]) -> Option<Extent> {
    find_all(file, within, name).into_iter().next()
}

fn find_all(file: &mut File, within: Extent, name: &[u8; 4]) -> Vec<Extent> {
    let mut found = Vec::new();
    let mut at = within.start;
    for _ in 0..MAX_BOXES {
        if at.saturating_add(8) > within.end {
            break;
        }
        let Some((kind, inside)) = box_at(file, at, within.end) else { break };
        if &kind == name {
            found.push(inside);
        }
        at = inside.end;
    }
    found
}

fn find_path(file: &mut File, within: Extent, names: &[&[u8; 4]]) -> Option<Extent> {
    names.iter().try_fold(within, |extent, name| find(file, extent, name))
}

/// The first edit that shows media, after ISO/IEC 14496-12: where it begins in the media, and how long it lasts.
fn list_edit(file: &mut File, movie: Extent, track_id: u32, sample_rate: u32) -> Option<Edit> {
    let movie_scale = find(file, movie, b"mvhd").and_then(|extent| read_after_dates(file, extent))?;
    let track = find_all(file, movie, b"trak").into_iter().find(|&track| {
        find(file, track, b"tkhd").and_then(|extent| read_after_dates(file, extent)) == Some(track_id)
    })?;
    let media_scale = find_path(file, track, &[b"mdia", b"mdhd"]).and_then(|extent| read_after_dates(file, extent))?;
    let list = find_path(file, track, &[b"edts", b"elst"])?;
    let header: [u8; 8] = read_at(file, list.start)?;
    let is_long = header[0] == 1;
    let entry_len = if is_long { 20 } else { 12 };
    for entry in 0..u64::from(be_u32(&header, 4)).min(16) {
        let at = list.start + 8 + entry * entry_len;
        let (duration, media_time) = if is_long {
            let bytes: [u8; 16] = read_at(file, at)?;
            (be_u64(&bytes, 0), be_u64(&bytes, 8) as i64)
        } else {
            let bytes: [u8; 8] = read_at(file, at)?;
            (u64::from(be_u32(&bytes, 0)), i64::from(be_u32(&bytes, 4) as i32))
        };
        if let Ok(media_time) = u64::try_from(media_time) {
            let frames = |ticks: u64, scale: u32| {
                let frames = u128::from(ticks) * u128::from(sample_rate) / u128::from(scale.max(1));
                u64::try_from(frames).unwrap_or(u64::MAX)
            };
            // Only a movie scale as fine as the sound's says the length to the sample.
            let is_fine = movie_scale >= sample_rate && duration > 0;
            return Some(Edit {
                skipped_frames: frames(media_time, media_scale),
                frame_count: is_fine.then(|| frames(duration, movie_scale)),
            });
        }
    }
    None
}

/// What follows the two dates of a header box: the track id in `tkhd`, the time scale in `mvhd` and `mdhd`.
fn read_after_dates(file: &mut File, extent: Extent) -> Option<u32> {
    let [version]: [u8; 1] = read_at(file, extent.start)?;
    read_at(file, extent.start + if version == 1 { 20 } else { 12 }).map(u32::from_be_bytes)
}

/// Apple's tag: ` 00000000 PRIMING PADDING LENGTH …` in hexadecimal, samples.
fn itunes_edit(file: &mut File, movie: Extent) -> Option<Edit> {
    let meta = find_path(file, movie, &[b"udta", b"meta"])?;
    // `meta` has four bytes of version and flags before its boxes.
    let list = find(file, Extent { start: meta.start + 4, ..meta }, b"ilst")?;
    for tag in find_all(file, list, b"----") {
        let Some(name) = find(file, tag, b"name") else { continue };
        if read_text(file, name, 4)? != "iTunSMPB" {
            continue;
        }
        let text = find(file, tag, b"data").and_then(|data| read_text(file, data, 8))?;
        let numbers: Vec<u64> = text.split_whitespace().map_while(|word| u64::from_str_radix(word, 16).ok()).collect();
        let &[_, priming, _, length, ..] = numbers.as_slice() else { return None };
        return (priming < 100_000)
            .then_some(Edit { skipped_frames: priming, frame_count: Some(length).filter(|&l| l > 0) });
    }
    None
}

fn read_text(file: &mut File, extent: Extent, skip: u64) -> Option<String> {
    let start = extent.start.checked_add(skip)?;
    let len = extent.end.checked_sub(start)?.min(1_024);
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_at<const N: usize>(file: &mut File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn be_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn be_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be_u32(bytes, at)) << 32 | u64::from(be_u32(bytes, at + 4))
}
