//! What is to be done of an archive: its recordings beside what the journal says about them.

use super::ArchiveError;
use super::ArchiveSpec;
use super::journal::{Entry, FILE_NAME, Known, Results, path_text, results_of};
use super::listing::{FileState, Listed, head_of, hex_sum, list};
use super::names::{self, ResultNames};
use super::parameters::Parameters;
use crate::audio;
use crate::model::{Detector, ShortClips};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Recordings by whose headers the length of all is judged.
const SAMPLED: usize = 16;

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
    /// Done before, but a result is gone.
    pub lost: usize,
    /// Done before, with results that were changed since: they are left as they are.
    pub edited: usize,
    /// Done before with other parameters, or in the place of another recording.
    pub replaced: usize,
    /// Bytes of the recordings that are to be done.
    pub bytes: u64,
}

impl ArchiveCounts {
    /// How many are to be done.
    pub fn to_do(&self) -> usize {
        self.recordings - self.done - self.edited
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
    /// Lines of recordings that were done and lie elsewhere now, or have another time, as they are to stand in the journal from now on.
    pub(super) moved: Vec<Entry>,
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
    Edited,
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
        let joint = spec.joint.as_deref().map(absolute);
        let spec = ArchiveSpec { folder, scores, embeddings, joint, ..spec };
        ensure_places_differ(&spec)?;
        if spec.joint.is_some() && !spec.events.can_read() {
            return Err(ArchiveError::JointOf { form: spec.events.id() });
        }
        let listing = list(&spec.inputs, spec.is_recursive)?;
        if listing.recordings.is_empty() {
            return Err(ArchiveError::Nothing { reason: listing.failures.join("; ") });
        }
        let mut known = Known::read(&spec.folder)?;
        let parameters = parameters_of(&spec, detector, short);
        let mut archive = Self {
            parameters,
            pending: Vec::new(),
            moved: Vec::new(),
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

    /// How long the recordings that are to be done are on average, in seconds, judging by the headers of a few; 0 if none of those can be opened.
    pub fn mean_secs(&self) -> f64 {
        let step = self.pending.len().div_ceil(SAMPLED).max(1);
        let (mut secs, mut bytes) = (0.0, 0);
        for pending in self.pending.iter().step_by(step) {
            if let Ok(source) = audio::open(&pending.listed.path) {
                secs += source.spec().duration_secs();
                bytes += pending.listed.state.bytes;
            }
        }
        let all_secs = secs * self.counts.bytes as f64 / bytes.max(1) as f64;
        all_secs / self.pending.len().max(1) as f64
    }

    fn compare(&mut self, recordings: Vec<Listed>, known: &Known) -> Result<(), ArchiveError> {
        let id = self.parameters.id();
        let mut names = ResultNames::of(known);
        if let Some(joint) = &self.spec.joint {
            names.reserve(&self.spec.folder, joint)?;
        }
        let mut others = BTreeSet::new();
        let mut other_count = 0;
        for listed in recordings {
            let entry = known.done.get(&listed.name);
            let standing = self.standing(&listed, entry, known, &id)?;
            *self.count(&standing) += 1;
            if matches!(standing, Standing::Done | Standing::Edited) {
                continue;
            }
            if let Some(entry) = entry.filter(|entry| entry.parameters != id) {
                other_count += 1;
                others.insert(entry.parameters.clone());
            }
            let stem = names.choose(&self.spec, &listed.name, entry);
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

    fn count(&mut self, standing: &Standing) -> &mut usize {
        match standing {
            Standing::Done => &mut self.counts.done,
            Standing::New => &mut self.counts.new,
            Standing::Changed => &mut self.counts.changed,
            Standing::Lost => &mut self.counts.lost,
            Standing::Edited => &mut self.counts.edited,
            Standing::Replaced => &mut self.counts.replaced,
        }
    }

    fn standing(
        &mut self,
        listed: &Listed,
        entry: Option<&Entry>,
        known: &Known,
        id: &str,
    ) -> Result<Standing, ArchiveError> {
        let Some(entry) = entry else { return Ok(Standing::New) };
        // A process that was killed while it did the recording again may have put some results in their places.
        let is_begun = known.begun.contains(&listed.name);
        let is_elsewhere =
            Path::new(&entry.path) != listed.path.as_path() && entry.path != listed.path.to_string_lossy();
        let mut is_same = entry.state == listed.state && listed.state != FileState::default();
        if (is_same && is_elsewhere) || entry.state.differs_by_time_zone(listed.state) {
            is_same = !entry.head.is_empty() && entry.head == head_of(&listed.path);
            if is_same && !is_begun {
                let path = listed.path.to_string_lossy().into_owned();
                self.moved.push(Entry { path, state: listed.state, ..entry.clone() });
            }
        }
        if is_elsewhere && !is_same {
            return match self.spec.may_replace {
                true => Ok(Standing::Replaced),
                false => Err(ArchiveError::OtherRecording {
                    folder: self.spec.folder.clone(),
                    theirs: entry.path.clone(),
                    ours: listed.path.clone(),
                }),
            };
        }
        let results = if is_begun { Results::Lost } else { results_of(&self.spec.folder, entry) };
        Ok(match (is_same, entry.parameters == id, results) {
            (true, true, Results::Whole) => Standing::Done,
            (true, true, Results::Edited(_)) if !self.spec.may_replace => Standing::Edited,
            (false, true, Results::Edited(path)) if !self.spec.may_replace => {
                return Err(ArchiveError::Edited { path });
            }
            (true, true, Results::Lost) => Standing::Lost,
            (false, true, _) => Standing::Changed,
            (_, false, _) | (true, true, Results::Edited(_)) => Standing::Replaced,
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
        names::events_path(spec, &self.listed.name, &self.stem)
    }

    /// Where its scores go, if they are wanted.
    pub fn scores_path(&self, spec: &ArchiveSpec) -> Option<PathBuf> {
        names::scores_path(spec, &self.listed.name, &self.stem)
    }

    /// Where its embeddings go, if they are wanted.
    pub fn embeddings_path(&self, spec: &ArchiveSpec) -> Option<PathBuf> {
        names::embeddings_path(spec, &self.listed.name, &self.stem)
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

/// All that results depend on beside the recordings.
fn parameters_of(spec: &ArchiveSpec, detector: &Detector, short: ShortClips) -> Parameters {
    let folder = detector.folder();
    let mut parameters = Parameters::default();
    parameters.set("model", &folder.id);
    parameters.set("version", &folder.manifest.version);
    parameters.set("network", &folder.manifest.network.sha256);
    parameters.set("input and output of the network", network_sum(detector));
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
            .map(|name| format!("{name:?}"))
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

/// A sum of what a model says about its network that changes scores or their names: a folder whose files were edited is another model, though
/// its network is the same.
fn network_sum(detector: &Detector) -> String {
    let manifest = &detector.folder().manifest;
    let (network, decision) = (&manifest.network, &manifest.decision);
    let text = format!(
        "{:?}",
        (
            (&network.input, &network.output, network.activation, network.output_axes, &network.embedding),
            (&manifest.front_end, manifest.layout, manifest.padding, decision.median_edges),
            detector.classes(),
        )
    );
    hex_sum(text.as_bytes())
}
