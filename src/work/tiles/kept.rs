//! What is kept of a recording's whole from one session to the next.

use std::sync::Once;
use std::time::{Duration, Instant};

use crate::picture_cache::{CacheError, PictureKey, PictureParts, Piece, PlaneParts, StoredPicture};
use crate::spectrogram::{CoarseUpdate, RowMedians, StoredCoarse, WaveUpdate};
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::built::{Built, Mailbox, News, PlaneUpdate};
use super::settings::PicturePlace;
use super::stretch::columns_per_read;

/// Changes whenever another program version would make other bytes of the same recording and settings.
const ALGORITHM: u32 = 1;

/// Time between two reports while reading.
const REPORT_EVERY: Duration = Duration::from_millis(15);

/// Stands in the notices that are kept for the recording's path, which may be another the next time.
const PATH_MARK: &str = "\u{1}";

/// What was found.
pub(super) enum Kept {
    /// All of it, which the engine has been told; and the notices of the pass that made it.
    Whole(Vec<String>),
    /// The beginning, which the engine has been told; and the notices of the pass that made it.
    Begun(Box<Built>, Vec<String>),
    /// Nothing that can be used to the end.
    Nothing,
}

/// The kept picture of one recording.
pub(super) struct KeptPicture<'a> {
    opener: &'a Opener,
    keeper: Keeper,
}

/// Keeps the picture of one recording.
#[derive(Clone)]
pub(super) struct Keeper {
    place: PicturePlace,
    words: String,
    key: PictureKey,
}

impl<'a> KeptPicture<'a> {
    /// Looks at the recording; `None` if it cannot be read.
    pub(super) fn new(place: &PicturePlace, opener: &'a Opener) -> Option<Self> {
        let words = format!(
            "{ALGORITHM} {:?} {:?} {:?} {:?} {:?} {}",
            opener.layout, opener.kind, opener.scale, opener.planes, opener.model, opener.sample_rate
        );
        let key = PictureKey::of_file(place.file.path(), &words).ok()?;
        Some(Self { opener, keeper: Keeper { place: place.clone(), words, key } })
    }

    /// What keeps it.
    pub(super) fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Deletes a file that will never be of use.
    fn refuse(&self, reason: &str) -> Kept {
        let place = &self.keeper.place;
        let path = place.file.path().to_owned();
        place.cache.discard(&self.keeper.key, &CacheError::Damaged { path, reason: reason.to_owned() });
        Kept::Nothing
    }

    /// Shows the engine what was kept, the coarsest levels first.
    pub(super) fn show(&self, is_resumable: bool, mailbox: &Mailbox, wake: &Wake, cancel: &CancelToken) -> Kept {
        let Keeper { place, key, .. } = &self.keeper;
        let Some(stored) = place.cache.open(key) else { return Kept::Nothing };
        let (layout, planes) = (self.opener.layout, &self.opener.planes);
        let shape = stored.shape();
        if shape.planes != planes.len() || shape.rows != layout.rows(layout.base_level) {
            return self.refuse("its kept picture has another shape");
        }
        let is_usable = shape.is_finished || is_resumable && shape.columns.is_multiple_of(columns_per_read(&layout));
        if !is_usable {
            return self.refuse("its kept picture cannot be gone on with");
        }
        let Notes { notices, seek_index } = Notes::from_bytes(stored.notes());
        // Before anything is drawn of it: what is looked at first is then reached by a short way.
        place.file.restore(seek_index);
        let path = place.file.path().display().to_string();
        let notices = notices.into_iter().map(|text| text.replace(PATH_MARK, &path)).collect();
        let mut reading = Reading::new(self.opener, stored, mailbox, wake);
        match reading.all(cancel) {
            Ok(true) if shape.is_finished => {
                log::info!("the whole was read from the cache");
                Kept::Whole(notices)
            }
            Ok(true) => {
                let parts = PictureParts { shape, notes: Vec::new(), planes: reading.parts };
                match Built::restored(layout, planes, parts) {
                    Some(built) => Kept::Begun(Box::new(built), notices),
                    None => self.refuse("the parts of its kept picture do not fit together"),
                }
            }
            Ok(false) => Kept::Nothing,
            Err(error) => {
                place.cache.discard(key, &error);
                Kept::Nothing
            }
        }
    }
}

impl Keeper {
    /// Keeps what was made, unless the recording has changed meanwhile. Returns what the user should know.
    pub(super) fn keep(&self, mut parts: PictureParts, warnings: &[String]) -> Option<String> {
        if PictureKey::of_file(self.place.file.path(), &self.words).ok().as_ref() != Some(&self.key) {
            log::info!("{}: changed while it was read; its picture is not kept", self.place.file.path().display());
            return None;
        }
        let path = self.place.file.path().display().to_string();
        let notices = warnings.iter().map(|text| text.replace(&path, PATH_MARK)).collect();
        let notes = Notes { notices, seek_index: &self.place.file.seek_index_bytes() };
        parts.notes = notes.to_bytes();
        let error = self.place.cache.keep(&self.key, &parts).err()?;
        static TOLD: Once = Once::new();
        let mut told = None;
        TOLD.call_once(|| {
            log::warn!("Pictures are not kept for the next time: {error}");
            told = error.is_full().then(|| {
                let folder = self.place.cache.folder().display();
                format!("Pictures are not kept for the next time: the disk of {folder} is full. Make room on it, or clear the picture cache")
            });
        });
        told
    }
}

/// What is kept beside the picture.
struct Notes<'a> {
    /// What the pass had to tell.
    notices: Vec<String>,
    /// [`crate::audio::SoundFile::seek_index_bytes`].
    seek_index: &'a [u8],
}

impl<'a> Notes<'a> {
    /// The length of the notices in four bytes, the notices as JSON, the seek index.
    fn to_bytes(&self) -> Vec<u8> {
        let notices = serde_json::to_vec(&self.notices).unwrap_or_default();
        let length = u32::try_from(notices.len()).unwrap_or(0);
        let notices = &notices[..length as usize];
        [&length.to_le_bytes(), notices, self.seek_index].concat()
    }

    /// The same back; what does not fit is nothing.
    fn from_bytes(bytes: &'a [u8]) -> Self {
        let (length, rest) = bytes.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let (notices, seek_index) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).unwrap_or_default();
        Self { notices: serde_json::from_slice(notices).unwrap_or_default(), seek_index }
    }
}

/// A kept picture on its way to the engine.
struct Reading<'a> {
    stored: StoredPicture,
    makers: Vec<StoredCoarse>,
    counts: Vec<RowMedians>,
    /// What was read of an unfinished picture, to go on with.
    parts: Vec<PlaneParts>,
    mailbox: &'a Mailbox,
    wake: &'a Wake,
}

impl<'a> Reading<'a> {
    fn new(opener: &Opener, stored: StoredPicture, mailbox: &'a Mailbox, wake: &'a Wake) -> Self {
        let layout = opener.layout;
        let planes = opener.planes.len();
        Self {
            makers: opener.planes.iter().map(|&channel| StoredCoarse { layout, channel }).collect(),
            counts: vec![RowMedians::new(layout.rows(layout.base_level)); planes],
            parts: vec![PlaneParts::default(); planes],
            stored,
            mailbox,
            wake,
        }
    }

    /// Reads to the end; false if that is no longer wanted.
    fn all(&mut self, cancel: &CancelToken) -> Result<bool, CacheError> {
        let shape = self.stored.shape();
        let mut last_report = Instant::now();
        while let Some(piece) = self.stored.next_piece()? {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            self.take(piece, shape.is_finished);
            if last_report.elapsed() >= REPORT_EVERY {
                (self.wake)();
                last_report = Instant::now();
            }
        }
        // Only now: what is damaged at the end is computed again, and then grows again.
        let end = || if shape.is_finished { CoarseUpdate::end() } else { CoarseUpdate::default() };
        let medians = |counts: &RowMedians| PlaneUpdate {
            coarse: end(),
            medians: Some(counts.medians().into()),
            ..Default::default()
        };
        let planes = self.counts.iter().map(medians).collect();
        let ended = shape.is_finished.then_some(shape.frames_read);
        self.mailbox.put(News { planes, frames_read: shape.frames_read, ended });
        (self.wake)();
        Ok(true)
    }

    fn take(&mut self, piece: Piece, is_finished: bool) {
        let (at, update) = match piece {
            Piece::Tile { plane, depth, index, bytes } => {
                let tile = self.makers[plane].tile(depth, index, bytes);
                if depth == 0 && is_finished {
                    self.counts[plane].push(tile.bytes());
                }
                if !is_finished {
                    put(&mut self.parts[plane].tiles, depth, tile.clone());
                }
                let coarse = StoredCoarse::update(depth, vec![tile]);
                (plane, PlaneUpdate { coarse, ..Default::default() })
            }
            Piece::Peaks { plane, level, page, peaks } => {
                if !is_finished {
                    put(&mut self.parts[plane].peaks, level, peaks.clone());
                }
                (plane, PlaneUpdate { wave: WaveUpdate::of_pages(level, page, vec![peaks]), ..Default::default() })
            }
        };
        let mut planes: Vec<PlaneUpdate> = (0..=at).map(|_| PlaneUpdate::default()).collect();
        planes[at] = update;
        self.mailbox.put(News { planes, frames_read: 0, ended: None });
    }
}

/// Appends to the list of a level. Levels come in any order.
fn put<T: Clone>(levels: &mut Vec<Vec<T>>, depth: usize, one: T) {
    levels.resize(levels.len().max(depth + 1), Vec::new());
    levels[depth].push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_and_broken_ones_are_nothing() {
        let notes = Notes { notices: vec!["a hole".to_owned(), String::new()], seek_index: &[1, 2, 3] };
        let bytes = notes.to_bytes();
        let back = Notes::from_bytes(&bytes);
        assert_eq!((back.notices, back.seek_index), (notes.notices, notes.seek_index));
        for cut in 0..bytes.len() - 3 {
            let back = Notes::from_bytes(&bytes[..cut]);
            assert!(back.notices.is_empty() && back.seek_index.is_empty(), "{cut}");
        }
        assert!(Notes::from_bytes(&[255; 9]).seek_index.is_empty());
    }
}
