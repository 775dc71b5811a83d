//! Unit tests of the files and of which of them go.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::dsp::peaks::{PackedPeak, Peak};
use crate::dsp::stft::StftSpec;
use crate::spectrogram::{Channel, CoarseBuilder, PyramidLayout, WaveBuilder};

fn parts(columns: usize, blocks: usize, is_finished: bool) -> PictureParts {
    let layout = PyramidLayout::new(8_000, StftSpec::of_size(128));
    let rows = layout.rows(layout.base_level);
    let plane = |channel: usize| {
        let mut coarse = CoarseBuilder::new(layout, Channel::One(channel));
        let bytes: Vec<u8> = (0..columns * rows).map(|n| (n * 7919 % 251 + n / rows % 5 + channel) as u8).collect();
        coarse.push(&bytes);
        if is_finished {
            coarse.finish();
        }
        let mut wave = WaveBuilder::default();
        let peak = |n: usize| PackedPeak::from(Peak { min: -0.5, max: n as f32 / blocks as f32, rms: 0.1 });
        wave.push(&(0..blocks).map(peak).collect::<Vec<_>>());
        PlaneParts { tiles: coarse.levels(), peaks: wave.levels() }
    };
    let shape =
        Shape { planes: 2, rows, columns: columns as u64, blocks: blocks as u64, frames_read: 12_345, is_finished };
    PictureParts { shape, notes: b"notes".to_vec(), planes: vec![plane(0), plane(1)] }
}

fn key(folder: &Path, name: &str, content: &[u8], words: &str) -> PictureKey {
    let path = folder.join(name);
    if fs::read(&path).ok().as_deref() != Some(content) {
        fs::write(&path, content).unwrap();
    }
    PictureKey::of_file(&path, words).unwrap()
}

/// All that can be read of a picture, and whether it was whole.
fn read(mut stored: StoredPicture) -> (Vec<PlaneParts>, Vec<(bool, usize)>, bool) {
    let mut planes = vec![PlaneParts::default(); stored.shape().planes];
    let mut order = Vec::new();
    loop {
        match stored.next_piece() {
            Ok(None) => return (planes, order, true),
            Err(_) => return (planes, order, false),
            Ok(Some(Piece::Tile { plane, depth, index, bytes })) => {
                order.push((true, depth));
                let layout = PyramidLayout::new(8_000, StftSpec::of_size(128));
                let tiles = &mut planes[plane].tiles;
                tiles.resize(tiles.len().max(depth + 1), Vec::new());
                assert_eq!(tiles[depth].len() as u64, index);
                let maker = crate::spectrogram::StoredCoarse { layout, channel: Channel::One(plane) };
                tiles[depth].push(maker.tile(depth, index, bytes));
            }
            Ok(Some(Piece::Peaks { plane, level, page, peaks })) => {
                order.push((false, level));
                let pages = &mut planes[plane].peaks;
                pages.resize(pages.len().max(level + 1), Vec::<Arc<[PackedPeak]>>::new());
                assert_eq!(pages[level].len(), page);
                pages[level].push(peaks);
            }
        }
    }
}

#[test]
fn what_was_kept_comes_back_byte_for_byte_and_coarse_levels_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().join("pictures"), 1 << 30);
    for (columns, blocks) in [(0, 0), (1, 1), (4, 3), (256, 8_192), (1_111, 20_000)] {
        for is_finished in [false, true] {
            let kept = parts(columns, blocks, is_finished);
            let key = key(folder.path(), "a.wav", b"sound", &format!("{columns} {is_finished}"));
            assert!(cache.open(&key).is_none());
            cache.keep(&key, &kept).unwrap();
            let stored = cache.open(&key).expect("was kept");
            assert_eq!((stored.shape(), stored.notes()), (kept.shape, &kept.notes[..]));
            let (planes, order, is_whole) = read(stored);
            assert!(is_whole);
            for (back, plane) in planes.iter().zip(&kept.planes) {
                // Levels without any columns are not told apart from none.
                let tiles: Vec<_> = plane.tiles.iter().filter(|tiles| !tiles.is_empty()).cloned().collect();
                let peaks: Vec<_> = plane.peaks.iter().filter(|pages| !pages.is_empty()).cloned().collect();
                assert_eq!((&back.tiles, &back.peaks), (&tiles, &peaks), "{columns} columns");
            }
            let coarse_end = order.iter().position(|(is_tile, _)| !is_tile).unwrap_or(order.len());
            assert!(order[..coarse_end].windows(2).all(|pair| pair[0].1 >= pair[1].1));
            assert!(order[coarse_end..].iter().skip_while(|(is_tile, _)| !is_tile).all(|&place| place == (true, 0)));
        }
    }
}

#[test]
fn a_moved_recording_is_found_and_a_changed_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().join("pictures"), 1 << 30);
    let first = key(folder.path(), "a.wav", b"sound", "levels");
    cache.keep(&first, &parts(10, 10, true)).unwrap();
    fs::rename(folder.path().join("a.wav"), folder.path().join("b.wav")).unwrap();
    let moved = PictureKey::of_file(&folder.path().join("b.wav"), "levels").unwrap();
    assert!(cache.open(&moved).is_some());
    assert!(cache.open(&PictureKey::of_file(&folder.path().join("b.wav"), "pcen").unwrap()).is_none());
    assert!(cache.open(&key(folder.path(), "c.wav", b"noise", "levels")).is_none());
    assert!(cache.open(&first).is_some(), "other keys leave it alone");
    let later = SystemTime::now() + Duration::from_secs(60);
    File::options().append(true).open(folder.path().join("b.wav")).unwrap().set_modified(later).unwrap();
    assert!(cache.open(&PictureKey::of_file(&folder.path().join("b.wav"), "levels").unwrap()).is_none());
    assert!(cache.byte_count() > 0, "what cannot be told to be wrong stays");
    let again = PictureKey::of_file(&folder.path().join("b.wav"), "levels").unwrap();
    cache.keep(&again, &parts(20, 20, true)).unwrap();
    assert_eq!(cache.open(&again).map(|stored| stored.shape().columns), Some(20));
    assert_eq!(cache.files().len(), 1, "the last one replaces the others");
}

#[test]
fn a_file_that_cannot_be_read_now_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().to_owned(), 1 << 30);
    let key = key(folder.path(), "a.wav", b"sound", "levels");
    let path = folder.path().join(key.file_name());
    cache.keep(&key, &parts(10, 10, true)).unwrap();
    let error = CacheError::io(&path, io::Error::from(io::ErrorKind::TimedOut));
    cache.discard(&key, &error);
    assert!(cache.open(&key).is_some());
    cache.discard(&key, &CacheError::damaged(&path, "is damaged"));
    assert!(!path.exists());
    assert!(CacheError::io(&path, io::Error::from(io::ErrorKind::StorageFull)).is_full() && !error.is_full());
}

#[test]
fn a_bound_of_nothing_keeps_nothing_and_clears_all() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().join("pictures"), 1 << 30);
    let key = key(folder.path(), "a.wav", b"sound", "levels");
    cache.keep(&key, &parts(10, 10, true)).unwrap();
    let none = PictureCache::new(cache.folder().to_owned(), 0);
    assert!(cache.may_keep() && !none.may_keep());
    assert_eq!(none.clone().clear().unwrap().0, 1);
    cache.keep(&key, &parts(10, 10, true)).unwrap();
    none.trim();
    assert_eq!(cache.byte_count(), 0);
}

#[test]
fn a_file_under_anothers_name_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().to_owned(), 1 << 30);
    let (one, other) = (key(folder.path(), "a.wav", b"a", "levels"), key(folder.path(), "b.wav", b"b", "levels"));
    cache.keep(&one, &parts(10, 10, true)).unwrap();
    fs::rename(folder.path().join(one.file_name()), folder.path().join(other.file_name())).unwrap();
    assert!(cache.open(&other).is_none());
    assert!(!folder.path().join(other.file_name()).exists());
}

#[test]
fn the_least_recently_used_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let one = parts(300, 300, true);
    let bytes = u64::try_from(one.file_bytes()).unwrap();
    let cache = PictureCache::new(folder.path().join("pictures"), 3 * bytes + 10);
    let keys: Vec<PictureKey> =
        (0..4).map(|n| key(folder.path(), "a.wav", b"sound", &format!("picture {n}"))).collect();
    for (age, key) in keys[..3].iter().enumerate() {
        cache.keep(key, &one).unwrap();
        let used = SystemTime::now() - Duration::from_secs(1_000 - 100 * age as u64);
        let path = cache.folder().join(key.file_name());
        File::options().append(true).open(path).unwrap().set_modified(used).unwrap();
    }
    assert!(cache.open(&keys[0]).is_some(), "using it makes it the youngest");
    cache.keep(&keys[3], &one).unwrap();
    let kept: Vec<bool> = keys.iter().map(|key| cache.folder().join(key.file_name()).exists()).collect();
    assert_eq!(kept, [true, false, true, true]);
    assert_eq!(cache.byte_count(), 3 * bytes);
    let small = PictureCache::new(cache.folder().to_owned(), bytes - 1);
    small.keep(&keys[1], &one).unwrap();
    assert!(small.open(&keys[1]).is_none(), "larger than all may be");
    fs::write(cache.folder().join("letter.txt"), "not ours").unwrap();
    assert_eq!(cache.clear().unwrap(), (3, 3 * bytes));
    assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1, "other files stay");
}

#[test]
fn what_was_left_half_written_goes_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let cache = PictureCache::new(folder.path().to_owned(), 1 << 30);
    let (old, new) = (folder.path().join(".writing-old"), folder.path().join(".writing-new"));
    fs::write(&old, "half").unwrap();
    fs::write(&new, "half").unwrap();
    let used = SystemTime::now() - Duration::from_secs(7_200);
    File::options().append(true).open(&old).unwrap().set_modified(used).unwrap();
    cache.keep(&key(folder.path(), "a.wav", b"sound", "levels"), &parts(1, 1, true)).unwrap();
    assert!(!old.exists() && new.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let cache = PictureCache::new(file.join("pictures"), 1 << 30);
    let key = key(folder.path(), "a.wav", b"sound", "levels");
    assert!(cache.keep(&key, &parts(1, 1, true)).is_err());
    assert!(cache.open(&key).is_none());
    assert_eq!((cache.byte_count(), cache.clear().unwrap()), (0, (0, 0)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    #[test]
    fn damage_is_noticed_and_what_comes_before_it_is_right(
        changes in proptest::collection::vec((0.0_f64..1.0, 1_u8..=255), 1..4),
        cut in proptest::option::of(0.0_f64..1.0),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let cache = PictureCache::new(folder.path().join("pictures"), 1 << 30);
        let key = key(folder.path(), "a.wav", b"sound", "levels");
        let kept = parts(300, 9_000, true);
        cache.keep(&key, &kept).unwrap();
        let path = cache.folder().join(key.file_name());
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        for (place, change) in changes {
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] ^= change;
        }
        if let Some(cut) = cut {
            bytes.truncate((cut * bytes.len() as f64) as usize);
        }
        proptest::prop_assume!(bytes != whole);
        fs::write(&path, &bytes).unwrap();
        if let Some(stored) = cache.open(&key) {
            let (planes, _, is_whole) = read(stored);
            proptest::prop_assert!(!is_whole);
            for (back, plane) in planes.iter().zip(&kept.planes) {
                for (depth, tiles) in back.tiles.iter().enumerate() {
                    proptest::prop_assert_eq!(&tiles[..], &plane.tiles[depth][..tiles.len()]);
                }
                for (level, pages) in back.peaks.iter().enumerate() {
                    proptest::prop_assert_eq!(&pages[..], &plane.peaks[level][..pages.len()]);
                }
            }
        } else {
            proptest::prop_assert!(!path.exists());
        }
    }

    #[test]
    fn a_lying_header_takes_no_memory(
        numbers in proptest::collection::vec(proptest::num::u64::ANY, 6),
        is_finished: bool,
        rest in 0_usize..2_000,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let cache = PictureCache::new(folder.path().join("pictures"), 1 << 30);
        let key = key(folder.path(), "a.wav", b"sound", "levels");
        let shape = Shape {
            planes: (numbers[0] % 300) as usize,
            rows: (numbers[1] % 2_000) as usize,
            columns: numbers[2] >> (numbers[3] % 64),
            blocks: numbers[3] >> (numbers[2] % 64),
            frames_read: numbers[4],
            is_finished,
        };
        let mut bytes = header::encode(&key, &shape, numbers[5] >> (numbers[4] % 64));
        bytes.resize(bytes.len() + rest, 0);
        fs::create_dir_all(cache.folder()).unwrap();
        fs::write(cache.folder().join(key.file_name()), &bytes).unwrap();
        if let Some(stored) = cache.open(&key) {
            let (planes, _, _) = read(stored);
            let held: usize = planes.iter().flat_map(|plane| plane.tiles.iter().flatten()).map(|tile| tile.bytes().len()).sum();
            proptest::prop_assert!(held <= bytes.len());
        }
    }
}
