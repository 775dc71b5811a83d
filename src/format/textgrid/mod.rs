//! Praat TextGrids: tiers of intervals and of points, as text in long, short or chronological form, or binary. Written as long text.
//!
//! Intervals without text are gaps between events, not events. Each tier is a list of events of its own; its name is kept with them.

mod binary;
mod fields;
mod text;
mod write;

use self::fields::{Entry, Fields, Unreadable};
use super::collector::Collector;
use super::{
    Head, Holds, LabelFormat, Likelihood, Particulars, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource,
    tiers,
};
use crate::time::Span;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct TextGrid;

/// How the chronological form begins.
const CHRONOLOGICAL: &str = "Praat chronological TextGrid text file";

impl LabelFormat for TextGrid {
    fn id(&self) -> &'static str {
        "textgrid"
    }

    fn name(&self) -> &'static str {
        "Praat TextGrid"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["TextGrid"]
    }

    fn holds(&self) -> Holds {
        Holds {
            empty_files: true,
            points: true,
            overlaps: true,
            tiers: true,
            needs_label: true,
            needs_order: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let start: String = head.text.chars().take(200).collect();
        let is_text = start.contains("\"ooTextFile") && start.contains("\"TextGrid");
        if is_text || start.starts_with(binary::MAGIC) || start.contains(CHRONOLOGICAL) {
            Likelihood::Certain
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
        let mut reader = Reader::new(options, labels);
        let expected = || {
            ReadError::NotLabels(
            "no TextGrid: expected a text that begins with File type = \"ooTextFile\" and Object class = \"TextGrid\""
                .to_owned(),
        )
        };
        let told = if source.head().starts_with(binary::MAGIC) {
            let bytes = source.whole_bytes()?;
            reader.read_grid(&mut binary::Bytes::after_magic(&bytes))
        } else {
            let text = source.whole()?;
            let mut fields = text::Tokens::new(&text);
            let first = fields.text().map_err(|_| expected())?;
            if first == CHRONOLOGICAL {
                reader.read_chronological(&mut fields)
            } else {
                let class = fields.text().map_err(|_| expected())?;
                if !first.starts_with("ooTextFile") || !class.starts_with("TextGrid") {
                    return Err(expected());
                }
                reader.read_grid(&mut fields)
            }
        };
        reader.finish(told);
        Ok(())
    }

    /// Intervals and points of events that overlap are spread over several tiers.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        write::write(labels, out)
    }
}

/// What a tier holds.
#[derive(Clone, Debug)]
struct TierHead {
    is_points: bool,
    /// The name that is kept with its events.
    name: Option<Arc<str>>,
}

struct Reader<'a> {
    collector: Collector<'a>,
    filename: Arc<str>,
    tier_field: Arc<str>,
    /// Where the time that the grid covers begins and ends.
    domain: Span,
    latest_secs: f64,
}

impl<'a> Reader<'a> {
    fn new(options: &ReadOptions, labels: &'a mut StrongLabels) -> Self {
        let mut collector = Collector::new(labels);
        let filename = collector.file(&options.file_stem);
        let tier_field = collector.text(tiers::TIER_FIELD);
        Self { collector, filename, tier_field, domain: Span::default(), latest_secs: 0.0 }
    }

    fn read_grid(&mut self, fields: &mut impl Fields) -> Result<(), Unreadable> {
        self.read_domain(fields)?;
        if !fields.exists()? {
            return Ok(());
        }
        for _ in 0..fields.count()? {
            let tier = self.tier_head(fields)?;
            for _ in 0..fields.count()? {
                let entry = fields.entry(tier.is_points)?;
                self.take(&tier, entry);
            }
        }
        Ok(())
    }

    fn read_chronological(&mut self, fields: &mut impl Fields) -> Result<(), Unreadable> {
        self.read_domain(fields)?;
        let mut heads = Vec::new();
        for _ in 0..fields.count()? {
            heads.push(self.tier_head(fields)?);
        }
        while !fields.is_at_end() {
            let line = fields.line();
            let number = fields.count()?;
            let Some(tier) = number.checked_sub(1).and_then(|place| heads.get(place)) else {
                return Err(Unreadable { line, text: format!("there is no tier {number}") });
            };
            let entry = fields.entry(tier.is_points)?;
            self.take(tier, entry);
        }
        Ok(())
    }

    fn read_domain(&mut self, fields: &mut impl Fields) -> Result<(), Unreadable> {
        self.domain = Span { onset_secs: fields.number()?, offset_secs: fields.number()? };
        Ok(())
    }

    fn tier_head(&mut self, fields: &mut impl Fields) -> Result<TierHead, Unreadable> {
        let line = fields.line();
        let (class, name) = (fields.class()?, fields.text()?);
        let is_points = match class.as_str() {
            "IntervalTier" => false,
            "TextTier" => true,
            _ => return Err(Unreadable { line, text: format!("a tier of the unknown kind “{class}”") }),
        };
        // The time that the tier covers.
        fields.number()?;
        fields.number()?;
        let name = (!tiers::says_nothing(&name)).then(|| self.collector.text(&name));
        if name.is_some() && self.collector.labels.columns.is_empty() {
            self.collector.labels.columns.push(self.tier_field.clone());
        }
        Ok(TierHead { is_points, name })
    }

    fn take(&mut self, tier: &TierHead, entry: Entry) {
        let Entry { line, onset_secs, offset_secs, text } = entry;
        if !tier.is_points && text.is_empty() {
            return;
        }
        if !onset_secs.is_finite() || !offset_secs.is_finite() {
            self.collector.reject(line, format!("“{text}” has a time that is no number"));
            return;
        }
        self.latest_secs = self.latest_secs.max(offset_secs);
        let label = self.collector.label(&text);
        let mut row = StrongLabel::new(self.filename.clone(), Span { onset_secs, offset_secs }, label);
        row.is_point = tier.is_points;
        if let Some(name) = &tier.name {
            let fields = vec![(self.tier_field.clone(), name.to_string())];
            row.particulars = Some(Box::new(Particulars { fields, ..Particulars::default() }));
        }
        self.collector.push(row);
    }

    fn finish(mut self, told: Result<(), Unreadable>) {
        if let Err(Unreadable { line, text }) = told {
            self.collector.reject(line, format!("{text}: what follows is not read"));
        }
        // A grid that ends with its last event may have been made without the recording.
        let end_secs = self.domain.offset_secs;
        let is_whole = self.domain.onset_secs == 0.0 && end_secs.is_finite();
        if is_whole && self.latest_secs > 0.0 && end_secs > self.latest_secs {
            let filename = self.filename.clone();
            if let Some(file) = self.collector.file_mut(&filename) {
                file.duration_secs = Some(end_secs);
            }
        }
        self.collector.finish(Default::default());
    }
}
