//! What is to be done of an archive: its recordings beside what the journal says about them.

use super::ArchiveError;
use super::ArchiveSpec;
use super::journal::{Entry, FILE_NAME, Known, path_text, results_are_there};
use super::listing::{FileState, Listed, list};
use super::parameters::Parameters;
use crate::audio;
use crate::model::{Detector, ShortClips};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many recordings are in which state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArchiveCounts {
    /// All that were found.
    pub recordings: usize,
    /// Done before, with results that are there.
    pub done: usize,
    /// Never done.
    pub new: usize,
    /// Done before, but the recording has changed since.
    pub changed: usize,
    /// Done before, but a result is gone or not as it was written.
    pub lost: usize,
    /// Done before with other parameters, or in the place of another recording.
    pub replaced: usize,
    /// Bytes of the recordings that are to be done.
    pub bytes: u64,
}

impl ArchiveCounts {
    /// How many are to be done.
    pub fn to_do(&self) -> usize {
        self.recordings - self.done
    }
}

/// A recording that is to be done.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub listed: Listed,
    /// What its result files are called without folder and extension.
    pub stem: String,
}

/// What the headers of recordings say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// Length of all that can be opened, in seconds, as far as their headers tell.
    pub sound_secs: f64,
    /// Those that cannot be opened, each with its reason.
    pub failures: Vec<String>,
}

/// An archive whose recordings are listed and compared with what is done.
pub struct Archive {
    pub(super) spec: ArchiveSpec,
    pub(super) parameters: Parameters,
    pub(super) pending: Vec<Pending>,
    /// All recordings' names in order.
    pub(super) names: Vec<String>,
    counts: ArchiveCounts,
    notes: Vec<String>,
    failures: Vec<String>,
}

/// What is known about a recording.
enum Standing {
    Done,
    New,
    Changed,
    Lost,
    Replaced,
}

impl Archive {
    /// Lists the recordings and compares them with the journal, which is not changed.
    ///
    /// # Errors
    /// Nothing can be listed; or results would be replaced that may not be, as [`ArchiveSpec::may_replace`] says.
    pub fn plan(spec: ArchiveSpec, detector: &Detector, short: ShortClips) -> Result<Self, ArchiveError> {
        let folder = std::path::absolute(&spec.folder).unwrap_or_else(|_| spec.folder.clone());
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let scores = spec.scores.as_ref().map(|(path, form)| (absolute(path), *form));
        let embeddings = spec.embeddings.as_ref().map(|(path, form)| (absolute(path), *form));
        let spec = ArchiveSpec { folder, scores, embeddings, ..spec };
        ensure_places_differ(&spec)?;
        let listing = list(&spec.inputs, spec.is_recursive)?;
        if listing.recordings.is_empty() {
            return Err(ArchiveError::Nothing { reason: listing.failures.join("; ") });
        }
        let mut known = Known::read(&spec.folder)?;
        let parameters = parameters_of(&spec, detector, short);
        let mut archive = Self {
            parameters,
            pending: Vec::new(),
            names: listing.recordings.iter().map(|listed| listed.name.clone()).collect(),
            counts: ArchiveCounts { recordings: listing.recordings.len(), ..ArchiveCounts::default() },
            notes: std::mem::take(&mut known.notes),
            failures: listing.failures,
            spec,
        };
        archive.compare(listing.recordings, &known)?;
        Ok(archive)
    }

    /// How many recordings are in which state.
    pub fn counts(&self) -> &ArchiveCounts {
        &self.counts
    }

    /// What of the journal could not be understood.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Folders that could not be read, and bounds that were met: what lies there is not part of this archive.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The names of the recordings that are to be done, in order.
    pub fn to_do(&self) -> impl Iterator<Item = &str> {
        self.pending.iter().map(|pending| pending.listed.name.as_str())
    }

    /// The journal's file.
    pub fn journal_path(&self) -> PathBuf {
        self.spec.folder.join(FILE_NAME)
    }

    /// Opens all recordings that are to be done, on `threads` threads, and gives what their headers say. `is_cancelled` ends it early.
    pub fn headers(&self, threads: usize, is_cancelled: &(dyn Fn() -> bool + Sync)) -> Headers {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, 64) {
                scope.spawn(|| {
                    while let (false, Some((place, pending))) = (is_cancelled(), {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        self.pending.get(place).map(|pending| (place, pending))
                    }) {
                        let opened = audio::open(&pending.listed.path).map(|source| source.spec().duration_secs());
                        let opened = opened.map_err(|error| error.to_string());
                        found.lock().unwrap_or_else(PoisonError::into_inner).push((place, opened));
                    }
                });
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(place, _)| *place);
        let mut headers = Headers::default();
        for (_, opened) in found {
            match opened {
                Ok(secs) => headers.sound_secs += secs,
                Err(reason) => headers.failures.push(reason),
            }
        }
        headers
    }

    fn compare(&mut self, recordings: Vec<Listed>, known: &Known) -> Result<(), ArchiveError> {
        let id = self.parameters.id();
        let mut names = ResultNames::of(known);
        let mut others = BTreeSet::new();
        let mut other_count = 0;
        for listed in recordings {
            let entry = known.done.get(&listed.name);
            let standing = self.standing(&listed, entry, &id)?;
            let count = match standing {
                Standing::Done => &mut self.counts.done,
                Standing::New => &mut self.counts.new,
                Standing::Changed => &mut self.counts.changed,
                Standing::Lost => &mut self.counts.lost,
                Standing::Replaced => &mut self.counts.replaced,
            };
            *count += 1;
            if matches!(standing, Standing::Done) {
                continue;
            }
            if let Some(entry) = entry.filter(|entry| entry.parameters != id) {
                other_count += 1;
                others.insert(entry.parameters.clone());
            }
            let stem = names.choose(&self.spec, &listed, entry);
            let pending = Pending { listed, stem };
            if entry.is_none() && !self.spec.may_replace && !known.begun.contains(&pending.listed.name) {
                self.ensure_nothing_is_in_the_way(&pending)?;
            }
            self.counts.bytes += pending.listed.state.bytes;
            self.pending.push(pending);
        }
        match others.first() {
            Some(other) if !self.spec.may_replace => {
                let unknown = Parameters::default();
                let old = known.parameters.get(other).unwrap_or(&unknown);
                Err(ArchiveError::OtherParameters {
                    folder: self.spec.folder.clone(),
                    count: other_count,
                    differences: self.parameters.differences(old),
                })
            }
            _ => Ok(()),
        }
    }

    fn standing(&self, listed: &Listed, entry: Option<&Entry>, id: &str) -> Result<Standing, ArchiveError> {
        let Some(entry) = entry else { return Ok(Standing::New) };
        let is_same = entry.state == listed.state && listed.state != FileState::default();
        if !is_same && Path::new(&entry.path) != listed.path.as_path() && entry.path != listed.path.to_string_lossy() {
            if !self.spec.may_replace {
                return Err(ArchiveError::OtherRecording {
                    folder: self.spec.folder.clone(),
                    theirs: entry.path.clone(),
                    ours: listed.path.clone(),
                });
            }
            return Ok(Standing::Replaced);
        }
        Ok(match (is_same, entry.parameters == id) {
            (_, false) => Standing::Replaced,
            (false, true) => Standing::Changed,
            (true, true) if results_are_there(&self.spec.folder, entry) => Standing::Done,
            (true, true) => Standing::Lost,
        })
    }

    fn ensure_nothing_is_in_the_way(&self, pending: &Pending) -> Result<(), ArchiveError> {
        let events = pending.events_path(&self.spec);
        let more = pending.scores_path(&self.spec).into_iter().chain(pending.embeddings_path(&self.spec));
        match std::iter::once(events).chain(more).find(|path| path.exists()) {
            Some(path) => Err(ArchiveError::InTheWay { path }),
            None => Ok(()),
        }
    }
}

impl Pending {
    /// Where its events go.
    pub fn events_path(&self, spec: &ArchiveSpec) -> PathBuf {
        spec.folder.join(below(&self.listed.name, &spec.events.file_name_of(&self.stem)))
    }

    /// Where its scores go, if they are wanted.
    pub fn scores_path(&self, spec: &ArchiveSpec) -> Option<PathBuf> {
        let (folder, form) = spec.scores.as_ref()?;
        Some(folder.join(below(&self.listed.name, &format!("{}.{}", self.stem, form.id()))))
    }

    /// Where its embeddings go, if they are wanted.
    pub fn embeddings_path(&self, spec: &ArchiveSpec) -> Option<PathBuf> {
        let (folder, form) = spec.embeddings.as_ref()?;
        Some(folder.join(below(&self.listed.name, &format!("{}.{}", self.stem, form.id()))))
    }
}

/// Results of one recording must not be called the same.
fn ensure_places_differ(spec: &ArchiveSpec) -> Result<(), ArchiveError> {
    let mut places = vec![spec.folder.join(spec.events.file_name_of("x"))];
    places.extend(spec.scores.as_ref().map(|(folder, form)| folder.join(format!("x.{}", form.id()))));
    places.extend(spec.embeddings.as_ref().map(|(folder, form)| folder.join(format!("x.{}", form.id()))));
    let twice = places.iter().enumerate().find(|(index, place)| places[..*index].contains(place));
    match twice.and_then(|(_, place)| place.parent()) {
        Some(folder) => Err(ArchiveError::SameFolder { folder: folder.to_path_buf() }),
        None => Ok(()),
    }
}

/// A file in the folder of the recording called `name`.
fn below(name: &str, file: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{file}"),
        None => file.to_owned(),
    }
}

/// Which names of results are taken.
struct ResultNames {
    taken: HashSet<String>,
}

impl ResultNames {
    fn of(known: &Known) -> Self {
        let files = known.done.values().flat_map(|entry| entry.results.first());
        Self { taken: files.map(|result| result.file.clone()).collect() }
    }

    /// The recording's name without its extension; with it where another recording has that one already.
    fn choose(&mut self, spec: &ArchiveSpec, listed: &Listed, entry: Option<&Entry>) -> String {
        let own = entry.and_then(|entry| entry.results.first()).map(|result| result.file.as_str());
        let file_name = listed.name.rsplit('/').next().unwrap_or(&listed.name);
        let short = Path::new(file_name).file_stem().map_or(file_name.into(), |stem| stem.to_string_lossy());
        let result = |stem: &str| {
            path_text(&spec.folder, &spec.folder.join(below(&listed.name, &spec.events.file_name_of(stem))))
        };
        let is_free = |stem: &str| {
            let file = result(stem);
            own == Some(file.as_str()) || !self.taken.contains(&file)
        };
        let mut stem = if is_free(&short) { short.into_owned() } else { file_name.to_owned() };
        while !is_free(&stem) {
            stem.push('_');
        }
        self.taken.insert(result(&stem));
        stem
    }
}

/// All that results depend on beside the recordings.
fn parameters_of(spec: &ArchiveSpec, detector: &Detector, short: ShortClips) -> Parameters {
    let folder = detector.folder();
    let mut parameters = Parameters::default();
    parameters.set("model", &folder.id);
    parameters.set("version", &folder.manifest.version);
    parameters.set("network", &folder.manifest.network.sha256);
    parameters.set("hop", format!("{} s", detector.axis().hop_secs));
    parameters.set("rule", spec.rule.text());
    if short == ShortClips::Repeat {
        parameters.set("short recordings", "repeated");
    }
    let classes = detector.classes();
    let wanted = match spec.classes.len() == classes.len() {
        true => "all".to_owned(),
        false => spec
            .classes
            .iter()
            .filter_map(|&class| classes.get(class))
            .map(|name| &**name)
            .collect::<Vec<_>>()
            .join(", "),
    };
    parameters.set("classes", wanted);
    parameters.set("events", spec.events.id());
    if let Some((folder, form)) = &spec.scores {
        parameters.set("scores", format!("{} in {}", form.id(), path_text(&spec.folder, folder)));
    }
    if let Some((folder, form)) = &spec.embeddings {
        parameters.set("embeddings", format!("{} in {}", form.id(), path_text(&spec.folder, folder)));
    }
    parameters
}
