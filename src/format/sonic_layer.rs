//! Layers of Sonic Visualiser as `.svl` files: XML whose points count in frames of the layer's sample rate.
//!
//! Boxes have frequencies, regions and notes a value, instants and texts a moment only. What has no other place is kept in the fields
//! `value`, `level` and `height`. Written are boxes if any event has a band, else instants if all events are points, else regions.

use super::collector::Collector;
use super::xml::{self, Lines};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::Band;
use crate::time::Span;
use std::collections::HashMap;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct SonicLayer;

/// The rate of layers for recordings whose own is not known, in hertz: with it, whole milliseconds are whole frames.
const RATE_IF_UNKNOWN: f64 = 48_000.0;

impl LabelFormat for SonicLayer {
    fn id(&self) -> &'static str {
        "svl"
    }

    fn name(&self) -> &'static str {
        "Sonic Visualiser layer"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["svl"]
    }

    fn holds(&self) -> Holds {
        Holds { empty_files: true, bands: true, points: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        if xml::root_name(head.text) == Some("sv") { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let text = source.whole()?;
        let document = xml::parse(&text)?;
        if document.root_element().tag_name().name() != "sv" {
            return Err(ReadError::NotLabels("no layer of Sonic Visualiser: expected <sv> around it".to_owned()));
        }
        let mut collector = Collector::new(labels);
        collector.file(&options.file_stem);
        let places = Lines::of(&text);
        let mut layers: HashMap<&str, Layer> = HashMap::new();
        for model in xml::elements(document.root(), "model") {
            if let Some(points) = model.attribute("dataset") {
                layers.entry(points).or_insert_with(|| Layer::of(model));
            }
        }
        let unknown = Layer { rate: None, is_box: false };
        for points in xml::elements(document.root(), "dataset") {
            let layer = points.attribute("id").and_then(|id| layers.get(id)).unwrap_or(&unknown);
            for point in points.children().filter(|node| node.has_tag_name("point")) {
                match layer.row(point, options, &mut collector) {
                    Ok(row) => collector.push(row),
                    Err(text) => collector.reject(places.line_at(point.range().start), text),
                }
            }
        }
        collector.finish(Default::default());
        Ok(())
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let rate = labels.files.iter().find_map(|file| file.sample_rate).filter(|rate| rate.is_finite() && *rate > 0.0);
        let rate = rate.unwrap_or(RATE_IF_UNKNOWN);
        let kind = Kind::of(labels);
        let frames = |secs: f64| (secs * rate).round() as i64;
        let duration = labels.files.iter().find_map(|file| file.duration_secs).unwrap_or(0.0);
        let end = labels.rows.iter().map(|row| row.span.offset_secs).fold(duration, f64::max);
        let line_end = labels.line_end.text();
        let mut line = |text: &str| write!(out, "{text}{line_end}");
        line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        line("<!DOCTYPE sonic-visualiser>")?;
        line("<sv>")?;
        line("  <data>")?;
        let (dimensions, subtype, layer) = kind.words();
        line(&format!(
            "    <model id=\"1\" name=\"\" sampleRate=\"{rate}\" start=\"0\" end=\"{}\" type=\"sparse\" \
             dimensions=\"{dimensions}\" resolution=\"1\" notifyOnAdd=\"true\" dataset=\"0\"{subtype} />",
            frames(end)
        ))?;
        line(&format!("    <dataset id=\"0\" dimensions=\"{dimensions}\">"))?;
        for (row, label) in labels.label_rows() {
            let frame = frames(row.span.onset_secs);
            let duration = frames(row.span.offset_secs) - frame;
            let shape = match (kind, row.band) {
                (Kind::Instants, _) => String::new(),
                (Kind::Regions, _) => format!(" value=\"0\" duration=\"{duration}\""),
                (Kind::Boxes, None) => format!(" value=\"0\" duration=\"{duration}\" extent=\"0\""),
                (Kind::Boxes, Some(Band { low_hz, high_hz })) => {
                    format!(" value=\"{low_hz}\" duration=\"{duration}\" extent=\"{}\"", high_hz - low_hz)
                }
            };
            line(&format!("      <point frame=\"{frame}\"{shape} label=\"{}\" />", xml::escaped(label)))?;
        }
        line("    </dataset>")?;
        line("  </data>")?;
        line("  <display>")?;
        line(&format!("    <layer id=\"2\" type=\"{layer}\" name=\"\" model=\"1\" />"))?;
        line("  </display>")?;
        line("</sv>")
    }
}

/// What a written layer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Instants,
    Regions,
    Boxes,
}

impl Kind {
    pub(super) fn of(labels: &StrongLabels) -> Self {
        let mut rows = labels.rows.iter().filter(|row| row.is_label()).peekable();
        let is_empty = rows.peek().is_none();
        let (has_bands, are_points) =
            rows.fold((false, true), |(bands, points), row| (bands || row.band.is_some(), points && row.is_point));
        if has_bands {
            Self::Boxes
        } else if are_points && !is_empty {
            Self::Instants
        } else {
            Self::Regions
        }
    }

    /// Dimensions and subtype of the model, type of the layer.
    fn words(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Instants => (1, "", "timeinstants"),
            Self::Regions => {
                (3, " subtype=\"region\" valueQuantization=\"0\" minimum=\"0\" maximum=\"0\" units=\"\"", "regions")
            }
            Self::Boxes => (2, " subtype=\"box\" minimum=\"0\" maximum=\"0\" units=\"Hz\"", "boxes"),
        }
    }
}

/// What a model says about its points.
struct Layer {
    rate: Option<f64>,
    is_box: bool,
}

impl Layer {
    fn of(model: roxmltree::Node<'_, '_>) -> Self {
        let rate = model.attribute("sampleRate").and_then(|rate| rate.trim().parse().ok());
        let rate = rate.filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
        Self { rate, is_box: model.attribute("subtype") == Some("box") }
    }

    fn row(
        &self,
        point: roxmltree::Node<'_, '_>,
        options: &ReadOptions,
        collector: &mut Collector<'_>,
    ) -> Result<StrongLabel, String> {
        let number = |name: &str| -> Result<Option<f64>, String> {
            let Some(text) = point.attribute(name) else { return Ok(None) };
            let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite());
            value.map(Some).ok_or_else(|| format!("{name} is “{text}”, not a number"))
        };
        let rate = self.rate.ok_or("the layer's sample rate is not known")?;
        let frame = number("frame")?.ok_or("a point without a frame")?;
        let duration = number("duration")?.unwrap_or(0.0);
        let span = Span { onset_secs: frame / rate, offset_secs: (frame + duration) / rate };
        if !span.offset_secs.is_finite() || !span.onset_secs.is_finite() {
            return Err("a point at no time".to_owned());
        }
        let label = collector.label(point.attribute("label").unwrap_or_default());
        let mut row = StrongLabel::new(collector.file(&options.file_stem), span, label);
        row.is_point = duration == 0.0;
        let (value, extent) = (number("value")?, number("extent")?);
        if self.is_box
            && let (Some(value), Some(extent)) = (value, extent)
        {
            row.band = (extent != 0.0 && (value + extent).is_finite())
                .then_some(Band { low_hz: value, high_hz: value + extent });
            return Ok(row);
        }
        for name in ["value", "level", "height"] {
            if let Some(text) = point.attribute(name) {
                let name = collector.text(name);
                if !collector.labels.columns.contains(&name) {
                    collector.labels.columns.push(name.clone());
                }
                row.particulars_mut().fields.push((name, text.to_owned()));
            }
        }
        Ok(row)
    }
}
