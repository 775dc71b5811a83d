//! What is kept of a recording's whole: the second opening computes nothing of it, and whatever happens to the files loses nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark::audio::SoundFile;
use earmark::picture_cache::PictureCache;
use earmark::spectrogram::{Channel, PictureKind, PictureSettings, TimeView};
use earmark::time::Span;
use earmark::work::{PicturePlace, TileSettings};

use super::source::{Synthetic, Watched};

const SECS: f64 = 400.3;

/// A folder with a file that stands for the recording, and with the cache.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("a.wav"), "stands for the recording").expect("file");
        Self { folder }
    }

    fn pictures(&self) -> PathBuf {
        self.folder.path().join("cache").join("pictures")
    }

    fn settings(&self) -> TileSettings {
        let cache = PictureCache::new(self.pictures(), 1 << 30);
        let place = PicturePlace { cache, file: SoundFile::new(self.folder.path().join("a.wav")) };
        TileSettings { threads: 2, place: Some(place), ..TileSettings::default() }
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.pictures()).into_iter().flatten();
        entries.map(|entry| entry.expect("entry").path()).collect()
    }

    /// Opens the recording, waits for the whole, and says what is to be seen of it and how often the pass read.
    fn open(&self, settings: &TileSettings) -> (Seen, usize) {
        self.open_source(Synthetic::noise(8_000, SECS), settings)
    }

    fn open_source(&self, source: Synthetic, settings: &TileSettings) -> (Seen, usize) {
        let reads = Arc::clone(&source.reads);
        let mut watched = Watched::with(source, settings);
        watched.wait_for_the_whole();
        let seen = Seen::of(&watched);
        // Dropping ends the threads; what they still write is waited for.
        let place = settings.place.clone();
        drop(watched);
        let reads = reads.lock().expect("reads").iter().filter(|(_, thread)| thread == "overview").count();
        if place.is_some() && reads > 0 {
            self.wait_for_a_file();
        }
        (seen, reads)
    }

    fn wait_for_a_file(&self) {
        let is_writable = !self.folder.path().join("cache").is_file();
        while is_writable && !self.files().iter().any(|path| path.extension().is_some_and(|end| end == "picture")) {
            std::thread::yield_now();
        }
    }
}

/// All that is known of the whole.
#[derive(Debug, PartialEq)]
struct Seen {
    secs: Option<f64>,
    columns: Vec<Vec<u8>>,
    peaks: Vec<String>,
    medians: Vec<u8>,
}

impl Seen {
    fn of(watched: &Watched) -> Self {
        let engine = &watched.engine;
        let layout = *engine.layout();
        let mut columns = Vec::new();
        for level in layout.base_level..layout.base_level + 8 {
            let width_px = (SECS / layout.column_secs(level) / 1.5).ceil().max(1.0) as u32;
            let view = TimeView { start_secs: 0.0, end_secs: SECS, width_px };
            for plane in 0..engine.plane_count() {
                let tiles = engine.tiles_for_view(&view, plane);
                let exact = tiles.candidates.iter().map(|candidates| candidates.first().expect("no hole"));
                columns.push(exact.flat_map(|tile| tile.bytes().to_vec()).collect());
            }
        }
        let peaks = [50, 3_000, 20_000].map(|width| format!("{:?}", engine.peaks(Span::between(0.0, SECS), width, 0)));
        Self {
            secs: engine.known_duration_secs(),
            columns,
            peaks: peaks.to_vec(),
            medians: engine.row_medians(0).to_vec(),
        }
    }
}

#[test]
fn the_second_opening_reads_nothing_for_the_whole() {
    let place = Place::new();
    let settings = place.settings();
    let (without, _) = place.open(&TileSettings { place: None, ..settings.clone() });
    assert!(place.files().is_empty(), "nothing is kept where nothing shall be");
    let (first, first_reads) = place.open(&settings);
    let (second, second_reads) = place.open(&settings);
    assert_eq!(first, without);
    assert_eq!(second, first);
    assert!(first_reads > 10);
    assert_eq!(second_reads, 0);
}

#[test]
fn each_picture_and_choice_of_channels_is_kept_for_itself() {
    let place = Place::new();
    let plain = place.settings();
    let of = |picture: PictureSettings| TileSettings { picture, ..plain.clone() };
    let pcen = of(PictureSettings { kind: PictureKind::Pcen, ..Default::default() });
    let reassigned = of(PictureSettings { kind: PictureKind::Reassigned, ..Default::default() });
    let short = of(PictureSettings { frame_len: Some(128), ..Default::default() });
    let stacked = TileSettings { channels: vec![Channel::One(0), Channel::Mix], ..plain.clone() };
    let all = [plain.clone(), pcen, reassigned, short, stacked];
    let first: Vec<(Seen, usize)> = all.iter().map(|settings| place.open(settings)).collect();
    assert!(first.iter().all(|(_, reads)| *reads > 0));
    while place.files().len() < all.len() {
        std::thread::yield_now();
    }
    for (settings, (seen, _)) in all.iter().zip(&first) {
        let (again, reads) = place.open(settings);
        assert_eq!((&again, reads), (seen, 0), "{:?}", settings.picture);
    }
}

#[test]
fn damaged_and_deleted_files_are_computed_again() {
    let place = Place::new();
    let settings = place.settings();
    let (whole, _) = place.open(&settings);
    let path = place.files().pop().expect("kept");
    let kept = fs::read(&path).expect("kept");
    for part in 0..12 {
        let mut bytes = kept.clone();
        let at = part * (bytes.len() - 1) / 11;
        bytes[at] ^= 0x55;
        fs::write(&path, bytes).expect("damaged");
        let (again, reads) = place.open(&settings);
        assert!(again == whole && reads > 0, "byte {at}");
        while fs::read(&path).ok().as_ref() != Some(&kept) {
            std::thread::yield_now();
        }
    }
    fs::remove_dir_all(place.folder.path().join("cache")).expect("deleted");
    let (again, reads) = place.open(&settings);
    assert!(again == whole && reads > 0);
    assert_eq!(place.open(&settings), (whole, 0));
}

#[test]
fn the_folder_may_go_while_the_program_runs_and_may_be_impossible() {
    let place = Place::new();
    let settings = place.settings();
    let mut watched = Watched::with(Synthetic::noise(8_000, SECS), &settings);
    let _ = fs::remove_dir_all(place.folder.path().join("cache"));
    watched.wait_for_the_whole();
    let seen = Seen::of(&watched);
    assert!(watched.engine.take_notices().is_empty());
    drop(watched);
    place.wait_for_a_file();
    fs::remove_dir_all(place.folder.path().join("cache")).expect("deleted");
    fs::write(place.folder.path().join("cache"), "in the way").expect("file");
    let mut watched = Watched::with(Synthetic::noise(8_000, SECS), &settings);
    watched.wait_for_the_whole();
    assert_eq!(Seen::of(&watched), seen);
    assert!(watched.engine.take_notices().is_empty(), "what only costs time is not for the user");
}

#[test]
fn a_broken_recording_is_looked_at_anew() {
    let place = Place::new();
    let broken = Synthetic { broken_from: Some(80_000), ..Synthetic::noise(8_000, SECS) };
    let mut watched = Watched::with(broken, &place.settings());
    watched.wait_for_the_whole();
    assert_eq!(watched.engine.take_notices(), ["formula: is broken"]);
    drop(watched);
    let (_, reads) = place.open(&place.settings());
    assert!(reads > 0, "half a picture was not kept");
}

#[test]
fn a_recording_that_changes_is_not_shown_as_it_was() {
    let place = Place::new();
    let settings = place.settings();
    let (first, _) = place.open(&settings);
    fs::write(place.folder.path().join("a.wav"), "stands for another recording").expect("file");
    let louder = Synthetic::new(8_000, SECS, |n| 0.5 * super::source::noise(n));
    let (second, reads) = place.open_source(louder, &settings);
    assert!(reads > 0 && second != first);
}

/// Whatever is under the path, it is only read.
#[test]
fn the_recording_itself_is_left_alone() {
    let place = Place::new();
    let path: &Path = &place.folder.path().join("a.wav");
    let before = (fs::read(path).expect("file"), fs::metadata(path).and_then(|m| m.modified()).expect("time"));
    place.open(&place.settings());
    let after = (fs::read(path).expect("file"), fs::metadata(path).and_then(|m| m.modified()).expect("time"));
    assert_eq!(before, after);
}
