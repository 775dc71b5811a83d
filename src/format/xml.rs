//! XML as the formats read and write it: parsed whole within bounds, and text that is safe within it.
//!
//! Must not know any format. Entities of the file's own are not expanded beyond what the parser allows for (ten deep, 255 in one), nesting
//! is no recursion, and nothing is fetched.

use super::ReadError;
use super::text::line_ends;
use std::cell::OnceCell;

/// A file of more nodes is no label file: more than a million annotations of ELAN, which take ten each.
const MOST_NODES: u32 = 1 << 24;

/// Parses a text.
///
/// # Errors
/// [`ReadError::NotLabels`] says where and why it is no XML.
pub(super) fn parse(text: &str) -> Result<roxmltree::Document<'_>, ReadError> {
    let options =
        roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..roxmltree::ParsingOptions::default() };
    roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| ReadError::NotLabels(format!("no XML that can be read: {error}")))
}

/// The elements of a name anywhere below a node, in the file's order.
pub(super) fn elements<'a, 'input>(
    node: roxmltree::Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'input>> {
    node.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The name of the outermost element, told from a file's start.
pub(super) fn root_name(head: &str) -> Option<&str> {
    let mut rest = head.trim_start();
    loop {
        let after = rest.strip_prefix('<')?;
        let end = match after.chars().next()? {
            '!' if after.starts_with("!--") => "-->",
            '!' | '?' => ">",
            _ => {
                let length = after.find(|char: char| !(char.is_alphanumeric() || "_-.:".contains(char)))?;
                return Some(&after[..length]);
            }
        };
        rest = after[after.find(end)? + end.len()..].trim_start();
    }
}

/// Where the lines of a text begin, which is looked up when somebody asks.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: OnceCell<Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub fn of(text: &'t str) -> Self {
        Self { text, starts: OnceCell::new() }
    }

    /// The line of a byte, counted from 1.
    pub fn line_at(&self, byte: usize) -> usize {
        let starts = self.starts.get_or_init(|| line_ends(self.text, None).map(|at| at + 1).collect());
        starts.partition_point(|start| *start <= byte) + 1
    }
}

/// A text as it stands between tags or in an attribute's double quotes. Characters that XML cannot hold become spaces.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", u32::from(char))),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_files_are_harmless() {
        let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
        assert!(parse(&deep).is_ok());
        assert!(parse(&"<a>".repeat(200_000)).is_err());
        let mut laughs = String::from("<!DOCTYPE a [<!ENTITY e0 \"ha\">");
        for level in 1..30 {
            let below = format!("&e{};", level - 1).repeat(10);
            laughs += &format!("<!ENTITY e{level} \"{below}\">");
        }
        laughs += "]><a>&e29;</a>";
        assert!(parse(&laughs).is_err());
        assert!(parse("<!DOCTYPE a [<!ENTITY e \"&e;\">]><a>&e;</a>").is_err());
        let fetched = parse("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>");
        assert!(fetched.is_err_and(|error| error.to_string().contains("unknown entity")));
    }

    #[test]
    fn the_outermost_element_is_found() {
        assert_eq!(root_name("<?xml version=\"1.0\"?>\n<!DOCTYPE sonic-visualiser>\n<!-- > -->\n<sv>"), Some("sv"));
        assert_eq!(root_name("<sv"), None);
        assert_eq!(root_name("onset"), None);
    }

    proptest! {
        #[test]
        fn escaped_texts_are_read_as_they_were(text in "[ -~\t\n\r\u{e4}\u{1f987}]{0,20}") {
            let xml = format!("<a b=\"{0}\">{0}</a>", escaped(&text));
            let document = parse(&xml).unwrap();
            prop_assert_eq!(document.root_element().text().unwrap_or_default(), &text);
            prop_assert_eq!(document.root_element().attribute("b"), Some(text.as_str()));
        }
    }
}
