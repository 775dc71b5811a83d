//! ELAN annotation files (`.eaf`): XML whose annotations refer to slots in time, counted in milliseconds.
//!
//! Slots without a time lie evenly between those around them; annotations that refer to others have their times. The tier is kept with
//! each event. Events that overlap are written to several tiers.

mod slots;

use self::slots::Slots;
use super::collector::Collector;
use super::xml::{self, Lines};
use super::{
    Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource, tiers,
};
use crate::time::{CivilTime, Span};
use roxmltree::Node;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Elan;

impl LabelFormat for Elan {
    fn id(&self) -> &'static str {
        "elan"
    }

    fn name(&self) -> &'static str {
        "ELAN annotations"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["eaf"]
    }

    fn holds(&self) -> Holds {
        Holds {
            empty_files: true,
            overlaps: true,
            tiers: true,
            needs_order: true,
            whole_millis: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        if xml::root_name(head.text) == Some("ANNOTATION_DOCUMENT") { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let text = source.whole()?;
        let document = xml::parse(&text)?;
        let root = document.root_element();
        if root.tag_name().name() != "ANNOTATION_DOCUMENT" {
            return Err(ReadError::NotLabels("no ELAN file: expected <ANNOTATION_DOCUMENT> around it".to_owned()));
        }
        Reader::new(root, Lines::of(&text), options, labels).read(root);
        Ok(())
    }

    /// Times are rounded to milliseconds.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        write(labels, out)
    }
}

struct Reader<'a, 'x> {
    collector: Collector<'a>,
    filename: Arc<str>,
    tier_field: Arc<str>,
    lines: Lines<'x>,
    slots: Slots<'x>,
    /// The spans of annotations by their names, for those that refer to them.
    spans: HashMap<&'x str, Span>,
    /// What each annotation refers to.
    parents: HashMap<&'x str, &'x str>,
}

impl<'a, 'x> Reader<'a, 'x> {
    fn new(root: Node<'x, 'x>, lines: Lines<'x>, options: &ReadOptions, labels: &'a mut StrongLabels) -> Self {
        let mut collector = Collector::new(labels);
        let media: Vec<Node<'_, '_>> = xml::elements(root, "MEDIA_DESCRIPTOR").collect();
        let is_audio =
            |media: &&Node<'_, '_>| media.attribute("MIME_TYPE").is_some_and(|kind| kind.starts_with("audio"));
        let medium = media.iter().find(is_audio).or(media.first());
        let urls =
            medium.into_iter().flat_map(|media| [media.attribute("MEDIA_URL"), media.attribute("RELATIVE_MEDIA_URL")]);
        let path = urls.flatten().map(path_of_url).find(|path| !path.is_empty());
        let filename = collector.file(path.as_deref().unwrap_or(&options.file_stem));
        if let Some(origin) = medium.and_then(|media| media.attribute("TIME_ORIGIN")).filter(|origin| *origin != "0") {
            let text = format!(
                "the recording begins {origin} ms into the annotations' time (TIME_ORIGIN): times are as stated"
            );
            collector.warn(0, text);
        }
        let tier_field = collector.text(tiers::TIER_FIELD);
        let mut slots = Slots::of(root);
        let between = slots.fill(root);
        if between > 0 {
            collector
                .warn(0, format!("{between} moments have no time of their own: placed evenly between those that do"));
        }
        Self { collector, filename, tier_field, lines, slots, spans: HashMap::new(), parents: HashMap::new() }
    }

    fn read(mut self, root: Node<'x, 'x>) {
        for annotation in xml::elements(root, "REF_ANNOTATION") {
            let attributes = (annotation.attribute("ANNOTATION_ID"), annotation.attribute("ANNOTATION_REF"));
            if let (Some(id), Some(parent)) = attributes {
                self.parents.insert(id, parent);
            }
        }
        let referred = if self.parents.is_empty() { None } else { Some(root) };
        for annotation in referred.into_iter().flat_map(|root| xml::elements(root, "ALIGNABLE_ANNOTATION")) {
            if let (Some(id), Ok(span)) = (annotation.attribute("ANNOTATION_ID"), self.slots.span(annotation)) {
                self.spans.insert(id, span);
            }
        }
        let mut tier: Option<Tier<'x>> = None;
        for annotation in root.descendants().filter(Node::is_element) {
            let is_aligned = match annotation.tag_name().name() {
                "ALIGNABLE_ANNOTATION" => true,
                "REF_ANNOTATION" => false,
                _ => continue,
            };
            let node = annotation.parent().and_then(|node| node.parent());
            if tier.as_ref().map(|tier| tier.node) != node {
                tier = node.filter(|node| node.tag_name().name() == "TIER").map(|node| self.tier(node));
            }
            let span = if is_aligned { self.slots.span(annotation) } else { self.span_of_parent(annotation) };
            match (&tier, span) {
                (Some(tier), Ok(span)) => self.take(tier, annotation, span),
                (None, _) => {
                    let id = annotation.attribute("ANNOTATION_ID").unwrap_or_default();
                    self.reject(annotation, format!("annotation {id} stands in no tier"));
                }
                (_, Err(text)) => self.reject(annotation, text),
            }
        }
        self.collector.finish(Default::default());
    }

    fn reject(&mut self, annotation: Node<'x, 'x>, text: String) {
        self.collector.reject(self.lines.line_at(annotation.range().start), text);
    }

    fn tier(&mut self, node: Node<'x, 'x>) -> Tier<'x> {
        let name = node.attribute("TIER_ID").unwrap_or_default();
        let annotator = node.attribute("ANNOTATOR").filter(|name| !name.is_empty());
        let is_named = !tiers::says_nothing(name);
        if is_named && self.collector.labels.columns.is_empty() {
            self.collector.labels.columns.push(self.tier_field.clone());
        }
        Tier { node, name: is_named.then_some(name), annotator: annotator.map(|name| self.collector.text(name)) }
    }

    fn take(&mut self, tier: &Tier<'x>, annotation: Node<'x, 'x>, span: Span) {
        let value = annotation.children().find(|node| node.has_tag_name("ANNOTATION_VALUE"));
        let label = self.collector.label(&value.map(text_of).unwrap_or_default());
        let mut row = StrongLabel::new(self.filename.clone(), span, label);
        row.is_point = span.onset_secs == span.offset_secs;
        if let Some(name) = tier.name {
            row.particulars_mut().fields = vec![(self.tier_field.clone(), name.to_owned())];
        }
        if let Some(annotator) = &tier.annotator {
            row.particulars_mut().annotator = annotator.clone();
        }
        self.collector.push(row);
    }

    /// The span of what an annotation refers to, over as many steps as it takes.
    fn span_of_parent(&mut self, annotation: Node<'x, 'x>) -> Result<Span, String> {
        let id = annotation.attribute("ANNOTATION_ID").unwrap_or_default();
        let mut passed = Vec::new();
        let mut at = id;
        loop {
            if let Some(&span) = self.spans.get(at) {
                // So that a long chain is walked once.
                self.spans.extend(passed.into_iter().map(|id| (id, span)));
                return Ok(span);
            }
            passed.push(at);
            at = match self.parents.get(at) {
                Some(parent) if passed.len() <= self.parents.len() => parent,
                _ => return Err(format!("annotation {id} refers to none that has a time")),
            };
        }
    }
}

/// The tier in which annotations stand.
struct Tier<'x> {
    node: Node<'x, 'x>,
    /// The name that is kept with its events.
    name: Option<&'x str>,
    annotator: Option<Arc<str>>,
}

/// All text of an element, which an entity or a comment may cut into pieces.
fn text_of<'x>(node: Node<'x, 'x>) -> Cow<'x, str> {
    let mut texts = node.descendants().filter(Node::is_text).filter_map(|node| node.text());
    let first = texts.next().unwrap_or_default();
    texts.fold(Cow::Borrowed(first), |all, more| Cow::Owned(all.into_owned() + more))
}

/// The path of a `file:` address, or of one relative to the file, with its percent signs resolved; other addresses as they are.
fn path_of_url(url: &str) -> String {
    let Some(rest) = url.strip_prefix("file:").or_else(|| url.strip_prefix("./")) else { return url.to_owned() };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(rest.len());
    let mut after = rest.as_bytes();
    while let [first, tail @ ..] = after {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        after = if byte.is_some() { &tail[2..] } else { tail };
    }
    let path = String::from_utf8_lossy(&bytes).into_owned();
    // A drive's letter stands behind the slash that a path without drive begins with.
    let has_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    if has_drive { path[1..].to_owned() } else { path }
}

/// The address of a path, with what an address cannot hold after percent signs.
fn url_of_path(path: &str) -> String {
    let path = path.replace('\\', "/");
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    let mut url = String::from(if path.starts_with('/') {
        "file://"
    } else if has_drive {
        "file:///"
    } else {
        "./"
    });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~:".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let tiers =
        tiers::lay_out(labels.label_rows().filter(|(row, _)| row.span.offset_secs >= row.span.onset_secs), false);
    let slots = WrittenSlots::of(&tiers);
    let end = labels.line_end.text();
    let mut line = |text: &str| write!(out, "{text}{end}");
    line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    line(&format!(
        "<ANNOTATION_DOCUMENT AUTHOR=\"\" DATE=\"{}\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">",
        now()
    ))?;
    line(" <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">")?;
    for file in labels.files.iter().take(1) {
        let url = xml::escaped(&url_of_path(&file.name));
        line(&format!("  <MEDIA_DESCRIPTOR MEDIA_URL=\"{url}\" MIME_TYPE=\"{}\"/>", mime_type(&file.name)))?;
    }
    line(" </HEADER>")?;
    line(" <TIME_ORDER>")?;
    for (name, time) in (1..).zip(&slots.times) {
        line(&format!("  <TIME_SLOT TIME_SLOT_ID=\"ts{name}\" TIME_VALUE=\"{time}\"/>"))?;
    }
    line(" </TIME_ORDER>")?;
    let mut names = (1..).zip(&slots.names);
    for tier in &tiers {
        line(&format!(" <TIER LINGUISTIC_TYPE_REF=\"default-lt\" TIER_ID=\"{}\">", xml::escaped(&tier.name)))?;
        for ((_, label), (number, [onset, offset])) in tier.rows.iter().zip(&mut names) {
            line(&format!(
                "  <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{number}\" TIME_SLOT_REF1=\"ts{onset}\" \
                 TIME_SLOT_REF2=\"ts{offset}\"><ANNOTATION_VALUE>{}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>",
                xml::escaped(label)
            ))?;
        }
        line(" </TIER>")?;
    }
    line(" <LINGUISTIC_TYPE GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"default-lt\" TIME_ALIGNABLE=\"true\"/>")?;
    line("</ANNOTATION_DOCUMENT>")
}

/// The moments of a file that is written: each annotation has two of its own.
struct WrittenSlots {
    /// Milliseconds in their order.
    times: Vec<i64>,
    /// The numbers, from 1, of the moments where each annotation begins and ends.
    names: Vec<[usize; 2]>,
}

impl WrittenSlots {
    fn of(tiers: &[tiers::Tier<'_>]) -> Self {
        let millis = |secs: f64| (secs * 1e3).round() as i64;
        let spans = tiers.iter().flat_map(|tier| &tier.rows).map(|(row, _)| row.span);
        let ends = |(number, span): (usize, Span)| {
            [(millis(span.onset_secs), number, 0_usize), (millis(span.offset_secs), number, 1)]
        };
        let mut slots: Vec<(i64, usize, usize)> = spans.enumerate().flat_map(ends).collect();
        slots.sort_unstable();
        let mut names = vec![[0; 2]; slots.len() / 2];
        for (name, &(_, number, end)) in (1..).zip(&slots) {
            names[number][end] = name;
        }
        Self { times: slots.into_iter().map(|(time, ..)| time).collect(), names }
    }
}

fn mime_type(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    match extension.as_str() {
        "" | "wav" => "audio/x-wav".to_owned(),
        "mp3" => "audio/mpeg".to_owned(),
        other => xml::escaped(&format!("audio/{other}")),
    }
}

/// This machine's date and time, as the schema wants it.
fn now() -> String {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let Some(time) = i64::try_from(millis).ok().and_then(CivilTime::from_unix_millis) else {
        return "1970-01-01T00:00:00+00:00".to_owned();
    };
    let (year, month, day) = time.date().parts();
    format!("{year:04}-{month:02}-{day:02}T{}+00:00", time.time_text(0))
}
