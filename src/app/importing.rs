//! Label files that are previewed: how they are read, what their labels become, and the one step of undo that adds their events.
//!
//! Files are read and plans are made on the storage thread; of several wishes that come while it works, the newest counts.

use super::files::counted;
use super::importing_many::{Gathering, ImportEnd, ImportMany};
use super::long_steps::MOST_AT_ONCE;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{LabelMatcher, Likeness, Recording, RecordingId};
use crate::format::{
    Choice, ImportAs, ImportChoices, ImportPlan, KnownRecording, LabelFate, Question, RecordingIndex, TimeUnit,
};
use crate::work::{
    LabelFileNews, LabelFileTask, LabelReading, LabelsRead, ProjectId, Recordings, RememberedAnswer, StorageRequest,
    let_go,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While recordings come, plans are made again no more often than this.
const BETWEEN_PLANS: Duration = Duration::from_secs(1);

/// Numbers what is asked about label files. They are never given again, so that an answer which still comes after its page was closed is not
/// taken for that of the next one.
#[derive(Debug, Default)]
pub(super) struct RequestNumbers(u64);

impl RequestNumbers {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// What is asked for about label files.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportRequest {
    /// Show what files, or the files of folders, would give.
    Read(Vec<PathBuf>),
    /// Read them as this format, by its id.
    Format(&'static str),
    /// An answer to what they leave open.
    Answer(Choice, String),
    /// The recordings' sample rate in hertz.
    SampleRate(f64),
    /// How many times slower recordings play than their sound was.
    TimeExpansion(f64),
    /// What a label becomes; none for itself.
    Map(Arc<str>, Option<LabelFate>),
    /// Take all suggestions.
    TakeSuggestions,
    /// What the events become.
    As(ImportAs),
    /// Leave out rows with a lower score.
    LeastScore(Option<f64>),
    /// Put impossible times right.
    MendTimes(bool),
    /// Add the events.
    Take,
    /// Close the preview.
    Drop,
}

/// What tells whether recordings are other ones than those that a plan was made for: how many there are, which was last, how many were
/// looked at.
type Stamp = (usize, RecordingId, usize);

/// Label files that are previewed.
#[derive(Debug)]
pub struct LabelImport {
    /// What was chosen: files, or folders of them.
    pub paths: Vec<PathBuf>,
    /// How they are read.
    pub reading: LabelReading,
    /// What they say, as they were read last.
    pub read: Option<Arc<LabelsRead>>,
    /// Why they cannot be read the way that was wished for.
    pub failure: Option<String>,
    /// What rows become.
    pub choices: ImportChoices,
    /// What labels may be meant by.
    pub suggestions: BTreeMap<Arc<str>, (Arc<str>, Likeness)>,
    /// What importing does, as it was planned last.
    pub plan: Option<Box<ImportPlan>>,
    /// The recordings by name.
    pub index: Arc<RecordingIndex>,
    /// The project that they are for.
    project: ProjectId,
    /// The request that is being worked on.
    at_work: Option<u64>,
    /// Whether it only follows the recordings, so that the plan before is as good.
    is_refreshing: bool,
    /// Whether files, or only the plan, must be done again once that is finished.
    wants: Option<Want>,
    indexed: Option<Stamp>,
    planned_at: Instant,
    /// How many of the project's events the plan's are compared with now; where that is much it is done at the end only.
    pub already_there: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    Plan,
    Reading,
}

impl LabelImport {
    /// Whether files are being read or a plan is being made.
    pub fn is_working(&self) -> bool {
        self.at_work.is_some()
    }

    /// What the files are called in titles.
    pub fn name(&self) -> String {
        match &self.paths[..] {
            [path] => path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into()),
            paths => counted(paths.len(), "file"),
        }
    }

    /// Whether times are in samples, so that the sample rate counts.
    pub fn counts_samples(&self) -> bool {
        let questions = self.read.iter().flat_map(|read| &read.labels.questions);
        let mut units = questions.filter(|question| question.choice == Choice::TimeUnit);
        units.any(|question| self.answer_to(question) == Some("samples"))
            || self.reading.answers.iter().any(|(choice, answer)| {
                *choice == Choice::TimeUnit && TimeUnit::of_answer(answer) == Some(TimeUnit::Samples)
            })
    }

    /// The answer to a question that counts now: the one that was given, else the one that was taken.
    pub fn answer_to<'a>(&'a self, question: &'a Question) -> Option<&'a str> {
        let given = self.reading.answers.iter().find(|(choice, _)| *choice == question.choice);
        given.map(|(_, answer)| answer.as_str()).or_else(|| question.answers.get(question.taken?).map(String::as_str))
    }

    /// The plan, if it is of the newest wishes and adds something.
    pub fn ready(&self) -> Option<&ImportPlan> {
        let is_open = self.read.as_ref().is_none_or(|read| read.is_waiting());
        let plan = self.plan.as_deref().filter(|plan| !plan.events.is_empty());
        plan.filter(|_| !is_open && (!self.is_working() || self.is_refreshing) && self.failure.is_none())
    }

    fn begin_work(&mut self, number: u64) {
        self.is_refreshing = false;
        self.at_work = Some(number);
    }
}

impl Workbench {
    /// Does what is asked for about label files.
    pub(super) fn change_import(&mut self, request: ImportRequest) {
        if let ImportRequest::Read(paths) = request {
            self.begin_import(paths);
            return;
        }
        let Some(importing) = &mut self.importing else { return };
        let want = match request {
            ImportRequest::Read(_) => return,
            ImportRequest::Format(id) => {
                importing.reading.format = Some(id);
                importing.reading.answers.clear();
                Want::Reading
            }
            ImportRequest::Answer(choice, answer) => {
                importing.reading.answers.retain(|(of, _)| *of != choice);
                importing.reading.answers.push((choice, answer));
                Want::Reading
            }
            ImportRequest::SampleRate(rate) => {
                importing.reading.sample_rate = Some(rate).filter(|rate| rate.is_finite() && *rate > 0.0);
                Want::Reading
            }
            ImportRequest::TimeExpansion(factor) => {
                importing.reading.time_expansion =
                    Some(factor).filter(|factor| factor.is_finite() && *factor > 0.0 && *factor != 1.0);
                Want::Reading
            }
            ImportRequest::Map(label, fate) => {
                match fate {
                    Some(fate) => drop(importing.choices.mapping.insert(label, fate)),
                    None => drop(importing.choices.mapping.remove(&label)),
                }
                Want::Plan
            }
            ImportRequest::TakeSuggestions => {
                for (label, (meant, _)) in &importing.suggestions {
                    importing.choices.mapping.insert(label.clone(), LabelFate::Become(meant.clone()));
                }
                Want::Plan
            }
            ImportRequest::As(import_as) => {
                importing.choices.import_as = import_as;
                Want::Plan
            }
            ImportRequest::LeastScore(least) => {
                importing.choices.least_score = least.filter(|least| least.is_finite());
                Want::Plan
            }
            ImportRequest::MendTimes(mends) => {
                importing.choices.mends_times = mends;
                Want::Plan
            }
            ImportRequest::Take => return self.take_import(),
            ImportRequest::Drop => return self.leave_import(),
        };
        self.want_of_import(want);
    }

    fn begin_import(&mut self, paths: Vec<PathBuf>) {
        // Samples are counted at the rate of the recording that is looked at, unless a person says otherwise.
        let sample_rate = self.open.as_ref().map(|open| f64::from(open.spec.sample_rate));
        let reading =
            LabelReading { sample_rate, remembered: self.settings.label_answers.clone(), ..LabelReading::default() };
        let mut choices = ImportChoices::default();
        if self.scored_here().is_some() {
            choices.frame_secs = self.model_frame_secs();
        }
        let mut importing = LabelImport {
            paths: paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect(),
            reading,
            read: None,
            failure: None,
            choices,
            suggestions: BTreeMap::new(),
            plan: None,
            index: Arc::default(),
            project: self.keeping.project(),
            at_work: None,
            is_refreshing: false,
            wants: None,
            indexed: None,
            planned_at: Instant::now(),
            already_there: None,
        };
        importing.choices.source = importing.name().into();
        self.leave_import();
        self.importing = Some(importing);
        self.want_of_import(Want::Reading);
    }

    /// Closes the preview. A million rows take too long to be freed here.
    fn leave_import(&mut self) {
        if let Some(importing) = self.importing.take() {
            let_go(importing);
        }
    }

    fn want_of_import(&mut self, want: Want) {
        let Some(importing) = &mut self.importing else { return };
        if importing.is_working() {
            importing.wants = importing.wants.max(Some(want));
            return;
        }
        match want {
            Want::Reading => {
                let (number, paths) = (self.label_requests.next(), importing.paths.clone());
                importing.begin_work(number);
                let reading = Box::new(importing.reading.clone());
                let recordings = self.known_recordings();
                let task = LabelFileTask::Read { number, paths, reading, recordings };
                self.ask_storage(StorageRequest::LabelFiles(Box::new(task)));
            }
            Want::Plan => self.ask_for_plan(),
        }
    }

    fn known_recordings(&self) -> Vec<KnownRecording> {
        let known = |(id, recording): (RecordingId, &Recording)| KnownRecording {
            id,
            path: recording.path.clone(),
            duration_secs: recording.duration_secs,
        };
        self.document.recordings().map(known).collect()
    }

    fn ask_for_plan(&mut self) {
        let stamp = self.import_stamp();
        let is_indexed = self.importing.as_ref().is_some_and(|importing| importing.indexed == Some(stamp));
        let listed = (!is_indexed).then(|| self.known_recordings());
        let Some(importing) = &mut self.importing else { return };
        let Some(read) = importing.read.clone() else { return };
        let recordings = match listed {
            Some(all) => Recordings::Listed(all),
            None => Recordings::Indexed(importing.index.clone()),
        };
        importing.indexed = Some(stamp);
        importing.planned_at = Instant::now();
        let (number, choices) = (self.label_requests.next(), Box::new(importing.choices.clone()));
        importing.begin_work(number);
        let task = LabelFileTask::Plan { number, read, recordings, choices };
        self.ask_storage(StorageRequest::LabelFiles(Box::new(task)));
    }

    fn import_stamp(&self) -> Stamp {
        (self.document.recording_count(), self.document.next_recording_id(), self.specs.len())
    }

    /// Plans again where recordings have come meanwhile, or lengths of them; leaves the preview with its project.
    pub(super) fn follow_import(&mut self) {
        let (stamp, project) = (self.import_stamp(), self.keeping.project());
        let Some(importing) = &self.importing else { return };
        if importing.project != project {
            self.leave_import();
        } else if importing.read.is_some()
            && !importing.is_working()
            && importing.indexed != Some(stamp)
            && importing.planned_at.elapsed() > BETWEEN_PLANS
        {
            self.want_of_import(Want::Plan);
            self.importing.iter_mut().for_each(|importing| importing.is_refreshing = true);
        }
    }

    /// A task about label files is done.
    pub(super) fn label_files_came(&mut self, news: LabelFileNews) {
        match news {
            LabelFileNews::Read { number, result } => self.labels_read(number, result),
            LabelFileNews::Planned { number, plan, index } => self.import_planned(number, plan, index),
            LabelFileNews::Weighed { number, weighed } => self.export_weighed(number, weighed),
            LabelFileNews::Written { path, result } => self.labels_written(&path, result),
        }
    }

    /// The preview that waits for a request, free for the next.
    fn import_after(&mut self, number: u64) -> Option<&mut LabelImport> {
        let importing = self.importing.as_mut().filter(|importing| importing.at_work == Some(number))?;
        importing.at_work = None;
        Some(importing)
    }

    fn labels_read(&mut self, number: u64, result: Result<Arc<LabelsRead>, String>) {
        let matcher = LabelMatcher::new(self.document.label_classes(), self.listed_labels());
        let Some(importing) = self.import_after(number) else { return };
        match result {
            Ok(read) => {
                let labels = read.label_counts.iter().map(|(label, _)| label);
                importing.suggestions =
                    labels.filter_map(|label| Some((label.clone(), matcher.suggestion(label)?))).collect();
                importing.choices.mapping.retain(|label, _| read.has_label(label));
                importing.failure = None;
                let_go(importing.read.replace(read));
                let want = importing.wants.take().unwrap_or(Want::Plan);
                self.want_of_import(want);
            }
            // What was to be seen before stays, with the reason beside it.
            Err(reason) if importing.read.is_some() => {
                importing.failure = Some(reason);
                if let Some(want) = importing.wants.take() {
                    self.want_of_import(want);
                }
            }
            Err(reason) => {
                self.importing = None;
                self.notices.add(Gravity::Failure, reason);
            }
        }
    }

    fn import_planned(&mut self, number: u64, plan: Box<ImportPlan>, index: Arc<RecordingIndex>) {
        let Some(importing) = self.import_after(number) else { return };
        importing.index = index;
        let_go(importing.plan.replace(plan));
        if let Some(want) = importing.wants.take() {
            self.want_of_import(want);
            return;
        }
        self.count_what_is_there();
    }

    /// Says how much of a plan is there already, where that is soon found out.
    fn count_what_is_there(&mut self) {
        const SOON: usize = 5_000;
        let Some(importing) = &mut self.importing else { return };
        let Some(plan) = &importing.plan else { return };
        let looked_at = plan.events.len() + plan.files.len();
        let recordings = plan.files.iter().filter_map(|file| file.recording.as_ref().ok());
        let known = || recordings.map(|&id| self.document.counts(id).all()).sum::<usize>();
        let is_soon = looked_at <= SOON && looked_at + known() <= SOON;
        importing.already_there = is_soon.then(|| plan.already_there(&self.document));
    }

    fn take_import(&mut self) {
        if self.importing.as_ref().and_then(LabelImport::ready).is_none() || self.refuses_changes() {
            return;
        }
        let Some(mut importing) = self.importing.take() else { return };
        let (Some(plan), Some(read)) = (importing.plan.take(), importing.read.take()) else { return };
        let (name, index) = (importing.name(), importing.index.clone());
        let end = ImportEnd {
            matched: plan.matched_count(),
            left_out: plan.left_out.all() + read.unreadable_rows,
            place: place_of(&importing.paths),
            path: importing.paths.first().cloned().unwrap_or_default(),
            answers: answers_given(&importing, &read),
            ..ImportEnd::default()
        };
        if plan.events.len() > MOST_AT_ONCE || importing.already_there.is_none() {
            let here = self.open.as_ref().map(|open| open.id);
            let of_open =
                plan.files.iter().filter(|file| here.is_some() && file.recording.as_ref().ok() == here.as_ref());
            self.marks.reserve(of_open.map(|file| file.rows).sum());
            let work = Gathering::Existing(Box::default());
            self.begin_import_of_many(ImportMany { name, plan, read, index, end, work });
            return;
        }
        let reasons = left_out_texts(&plan, &read, &index);
        let (edit, added, already_there) = plan.into_edit(&mut self.document);
        let_go((read, importing));
        if added > 0 && !self.perform(format!("import {} from {name}", counted(added, "event")), edit) {
            return;
        }
        self.import_taken(ImportEnd { added, already_there, reasons, ..end });
    }
}

/// The answers that were given to what files leave open.
fn answers_given(importing: &LabelImport, read: &LabelsRead) -> Vec<RememberedAnswer> {
    let remembered = |question: &Question| {
        let given = importing.reading.answers.iter().find(|(choice, _)| *choice == question.choice);
        given.map(|(choice, answer)| RememberedAnswer {
            format: read.format.to_owned(),
            choice: format!("{choice:?}"),
            answers: question.answers.clone(),
            answer: answer.clone(),
        })
    };
    read.labels.questions.iter().filter_map(remembered).collect()
}

fn place_of(paths: &[PathBuf]) -> String {
    match paths {
        [path] => path.display().to_string(),
        paths => {
            let folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
            format!("{} in {}", counted(paths.len(), "file"), folder.display())
        }
    }
}

/// What was left out or changed, in words: what files could not be read, what could not be taken of them, which recordings were not found,
/// which rows are not what they were.
pub(super) fn left_out_texts(plan: &ImportPlan, read: &LabelsRead, index: &RecordingIndex) -> Vec<String> {
    let failures = read.failures.iter().chain(&read.warnings).cloned();
    // Nobody reads a list of more to its end: they are counted.
    const LISTED: usize = 1000;
    let unmatched = plan.unmatched_files().take(LISTED).map(|(file, reason)| format!("{}: {reason}", file.name));
    let remarks = plan.remarks.iter().take(LISTED).map(|remark| plan.remark_text(*remark, &read.labels, index));
    let more_files = plan.unmatched.len().saturating_sub(LISTED);
    let more_remarks = plan.remarks.len().saturating_sub(LISTED);
    let files = (more_files > 0).then(|| format!("{} more were not found", counted(more_files, "recording")));
    let rows = (more_remarks > 0)
        .then(|| format!("{} more were left out, changed or look wrong", counted(more_remarks, "row")));
    failures.chain(unmatched).chain(files).chain(remarks).chain(rows).collect()
}
