//! Pictures that are kept from one session to the next: where, and how they are deleted.

use super::models::bytes_text;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::picture_cache::PictureCache;
use crate::work::{PicturePlace, StorageRequest};
use std::path::Path;

impl Workbench {
    /// Keeps pictures in the user's own folder from now on, as far as the settings allow it.
    pub fn keep_pictures(&mut self) {
        self.pictures = PictureCache::of_user(u64::from(self.settings.picture_cache_mb) << 20);
        // The settings may allow less than the last time.
        if let Some(cache) = self.pictures.clone() {
            self.ask_storage(StorageRequest::TrimPictures(cache));
        }
    }

    /// Where the pictures of a recording are kept, if they are.
    pub(super) fn picture_place(&self, recording: &Path) -> Option<PicturePlace> {
        let cache = self.pictures.clone().filter(PictureCache::may_keep)?;
        Some(PicturePlace { cache, file: self.sound_file(recording) })
    }

    /// Has all kept pictures deleted.
    pub(super) fn clear_pictures(&mut self) {
        match self.pictures.clone() {
            Some(cache) => self.ask_storage(StorageRequest::ClearPictures(cache)),
            None => self.notices.add(Gravity::Done, "No pictures are kept: there is nothing to delete"),
        }
    }

    /// Kept pictures were deleted: how many, and their bytes.
    pub(super) fn pictures_cleared(&mut self, result: Result<(usize, u64), String>) {
        match result {
            Ok((files, bytes)) => {
                let pictures = super::counted(files, "kept picture");
                self.notices.add(Gravity::Done, format!("Deleted {pictures} ({})", bytes_text(bytes)));
            }
            Err(reason) => {
                self.notices.add(Gravity::Failure, format!("Not all kept pictures could be deleted: {reason}"));
            }
        }
    }
}
