//! AviaNZ's `.data` files, one beside each recording (`a.wav.data`): `[{"Operator", "Reviewer", "Duration"}, [onset, offset, low, high, labels], …]`.
//! Read only.
//!
//! A label has a certainty of 0 to 100: 100 is a label, less an open question of a person (filter `M`) or a detection of a filter. The
//! older forms are read too: metadata as `[-1, duration, operator, reviewer]`, labels as names with `?` for half certain, frequencies
//! between 0 and 1, which mean nothing.

use super::json::{Document, Gatherer, Kind, Node, is_point};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::{Band, Status};
use crate::time::Span;
use std::borrow::Cow;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct AviaNz;

/// Old files state the duration in samples; this is more seconds than they believe.
const MOST_SECS: f64 = 100_000.0;

/// Frequencies of old files are up to 1, and a little more by rounding.
const MOST_OLD_FREQUENCY: f64 = 1.1;

impl LabelFormat for AviaNz {
    fn id(&self) -> &'static str {
        "avianz"
    }

    fn name(&self) -> &'static str {
        "AviaNZ annotations"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["data"]
    }

    fn holds(&self) -> Holds {
        Holds::default()
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let text: String = head.text.chars().filter(|char| !char.is_whitespace()).take(2_000).collect();
        let is_named = head.extension() == "data";
        if text.starts_with("[{") && text.contains("\"Operator\"") || is_named && text.starts_with("[[-1,") {
            Likelihood::Certain
        } else if is_named && (text.starts_with("[[") || text.starts_with("[]")) {
            Likelihood::Likely
        } else {
            Likelihood::No
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let document = Document::read(source)?;
        let root = document.root();
        let first = root.elements().next();
        let is_ours = first.is_none_or(|first| matches!(first.kind(), Kind::Object | Kind::Array));
        if root.kind() != Kind::Array || !is_ours {
            let text = "no AviaNZ annotations: expected an array of metadata and segments";
            return Err(ReadError::NotLabels(text.to_owned()));
        }
        let mut gatherer = Gatherer::new(labels, &document);
        let mut reader =
            Reader { gatherer: &mut gatherer, filename: "".into(), annotator: "".into(), nyquist_hz: None };
        reader.nyquist_hz = options.sample_rate.map(|rate| rate / 2.0).filter(|hz| *hz > 0.0);
        reader.filename = reader.gatherer.recording(&options.file_stem);
        let is_metadata = first.is_some_and(|first| reader.read_metadata(first));
        for segment in root.elements().skip(usize::from(is_metadata)) {
            match reader.row_of(segment) {
                Ok(row) => reader.gatherer.push(row),
                Err(reason) => reader.gatherer.reject(segment, reason),
            }
        }
        gatherer.finish();
        Ok(())
    }

    fn can_write(&self) -> bool {
        false
    }
}

struct Reader<'g, 'l> {
    gatherer: &'g mut Gatherer<'l>,
    filename: Arc<str>,
    annotator: Arc<str>,
    nyquist_hz: Option<f64>,
}

impl Reader<'_, '_> {
    /// Reads what the first element says of the whole recording; whether it does so.
    fn read_metadata(&mut self, first: Node<'_>) -> bool {
        let (mut operator, mut reviewer, mut duration) = (None, None, None);
        if first.kind() == Kind::Object {
            for (key, value) in first.entries() {
                match &*key {
                    "Operator" => operator = value.string(),
                    "Reviewer" => reviewer = value.string(),
                    "Duration" => duration = value.number(),
                    _ => self.gatherer.unread(&key, value),
                }
            }
        } else {
            let values: Vec<Node<'_>> = first.elements().take(6).collect();
            if values.first().and_then(|node| node.number()) != Some(-1.0) {
                return false;
            }
            duration = values.get(1).and_then(|node| node.number());
            operator = values.get(2).and_then(|node| node.string());
            reviewer = values.get(3).and_then(|node| node.string());
            if let Some(noise) = values.get(4) {
                self.gatherer.unread("noise", *noise);
            }
        }
        let said = [reviewer, operator].into_iter().flatten().find(|name| !name.trim().is_empty());
        self.annotator = self.gatherer.name(&said.unwrap_or_default());
        let filename = self.filename.clone();
        match duration {
            Some(secs) if secs > 0.0 && secs < MOST_SECS => {
                self.gatherer.describe(&filename, Some(secs), None);
            }
            Some(number) if number > 0.0 => {
                let text = format!("the duration {number} is taken for samples and not used");
                self.gatherer.warn(first, text);
            }
            _ => {}
        }
        true
    }

    fn row_of(&mut self, segment: Node<'_>) -> Result<StrongLabel, String> {
        let parts: Vec<Node<'_>> = segment.elements().take(6).collect();
        let [onset, offset, low, high, labels] = parts[..] else {
            let found = match segment.kind() {
                Kind::Array => format!("an array of {}", segment.elements().count()),
                kind => kind.words().to_owned(),
            };
            return Err(format!("a segment is {found}, not an array of five: onset, offset, low, high, labels"));
        };
        let (Some(onset_secs), Some(offset_secs)) = (onset.number(), offset.number()) else {
            return Err("onset and offset of a segment are no numbers".to_owned());
        };
        let span = Span { onset_secs, offset_secs };
        let mut row = StrongLabel::new(self.filename.clone(), span, "");
        row.is_point = is_point(span);
        row.band = self.band_of(&mut row, low, high);
        self.add_labels(&mut row, labels)?;
        if !self.annotator.is_empty() {
            row.particulars_mut().annotator = self.annotator.clone();
        }
        Ok(row)
    }

    fn band_of(&mut self, row: &mut StrongLabel, low: Node<'_>, high: Node<'_>) -> Option<Band> {
        let (Some(low_hz), Some(high_hz)) = (low.number(), high.number()) else {
            self.gatherer.note("frequencies that are no numbers are left out");
            return None;
        };
        let is_old = |hz: f64| hz > 0.0 && hz < MOST_OLD_FREQUENCY;
        if is_old(low_hz) && is_old(high_hz) {
            self.gatherer.note("frequencies between 0 and 1, of an old version, are left out");
            return None;
        }
        if low_hz > 0.0 && high_hz == 0.0 {
            let Some(nyquist_hz) = self.nyquist_hz.filter(|nyquist_hz| *nyquist_hz >= low_hz) else {
                self.gatherer.note("bands open at their upper end are kept as a field, low_freq");
                self.gatherer.field(row, "low_freq", low);
                return None;
            };
            self.gatherer.note("bands open at their upper end reach half the sample rate");
            return Some(Band { low_hz, high_hz: nyquist_hz });
        }
        self.gatherer.band(low_hz, high_hz)
    }

    fn add_labels(&mut self, row: &mut StrongLabel, labels: Node<'_>) -> Result<(), String> {
        let labels: Vec<Label<'_>> = match labels.kind() {
            Kind::Array => labels.elements().map(Label::of).collect::<Option<_>>(),
            _ => Label::of(labels).map(|label| vec![label]),
        }
        .ok_or("a label of a segment is neither a name nor an object with “species”")?;
        let Some(first) = labels.first() else {
            row.event_label = self.gatherer.name("Don't Know");
            row.status = Some(Status::Uncertain);
            return Ok(());
        };
        row.event_label = self.gatherer.name(&first.species);
        row.score = first.certainty.map(|certainty| certainty / 100.0);
        let is_sure = first.certainty.is_none_or(|certainty| certainty >= 100.0);
        let by_filter = first.filter.as_deref().filter(|filter| *filter != "M");
        row.status = (!is_sure).then_some(if by_filter.is_some() { Status::Predicted } else { Status::Uncertain });
        if let Some(filter) = by_filter {
            row.particulars_mut().model = self.gatherer.name(filter);
        }
        for other in labels.iter().skip(1) {
            let name = self.gatherer.name(&other.species);
            row.particulars_mut().more_labels.push(name);
            if other.certainty != first.certainty || other.filter != first.filter {
                self.gatherer.note("further labels of a segment have another certainty or filter, which is not kept");
            }
        }
        for (key, value) in labels.iter().flat_map(|label| &label.others) {
            self.gatherer.field(row, key, *value);
        }
        Ok(())
    }
}

/// What one label of a segment says.
struct Label<'a> {
    species: Cow<'a, str>,
    /// 0 to 100.
    certainty: Option<f64>,
    filter: Option<Cow<'a, str>>,
    others: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Label<'a> {
    fn of(node: Node<'a>) -> Option<Self> {
        if let Some(name) = node.string() {
            let (species, certainty) = match name.strip_suffix('?') {
                Some(stem) => (Cow::Owned(stem.to_owned()), 50.0),
                None if name == "Don't Know" => (name, 0.0),
                None => (name, 100.0),
            };
            return Some(Self { species, certainty: Some(certainty), filter: None, others: Vec::new() });
        }
        let (mut species, mut certainty, mut filter, mut others) = (None, None, None, Vec::new());
        for (key, value) in node.entries() {
            match &*key {
                "species" => species = value.string(),
                "certainty" => certainty = value.number(),
                "filter" => filter = value.string(),
                _ => others.push((key, value)),
            }
        }
        Some(Self { species: species?, certainty, filter, others })
    }
}
