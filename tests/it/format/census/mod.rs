//! How many events and rejects a label file must become, counted without the readers: lines of tables, elements of XML, values of JSON.
//!
//! Used by tests and by the fuzz targets, so it must not know the library. It answers only where it can count without guessing.

mod json;
mod tables;

/// Events and rejects together: at least and at most so many; the same number wherever the text alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    pub least: usize,
    pub most: usize,
}

impl Census {
    fn exactly(count: usize) -> Self {
        Self { least: count, most: count }
    }

    pub fn holds(self, count: usize) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

/// What a text must become as a format; `None` where that cannot be told.
pub fn census(id: &str, text: &str) -> Option<Census> {
    if text.contains('\0') || text.starts_with('\u{feff}') || text.len() > 1 << 15 {
        return None;
    }
    match id {
        "audacity" => {
            Some(Census::exactly(lines(text).filter(|line| !is_passed_over(line) && !line.starts_with('\\')).count()))
        }
        "srt" | "vtt" => Some(Census::exactly(lines(text).filter(|line| line.contains("-->")).count())),
        "elan" => {
            xml(text, |node| usize::from(matches!(node.tag_name().name(), "ALIGNABLE_ANNOTATION" | "REF_ANNOTATION")))
        }
        "svl" => xml(text, |node| match node.tag_name().name() {
            "dataset" => node.children().filter(|node| node.tag_name().name() == "point").count(),
            _ => 0,
        }),
        "label-studio" | "jams" | "aoef" | "aoef-run" | "hear" | "avianz" | "batdetect2" => {
            json::count(id, text).map(Census::exactly)
        }
        _ => tables::census(id, text),
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Blank, a remark, or a line that only separates.
fn is_passed_over(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || (line.len() >= 3 && line.bytes().all(|byte| byte == b'='))
}

fn xml(text: &str, count: impl Fn(roxmltree::Node<'_, '_>) -> usize) -> Option<Census> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).ok()?;
    Some(Census::exactly(document.descendants().filter(|node| node.is_element()).map(count).sum()))
}
