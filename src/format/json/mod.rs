//! JSON as label files have it: values are found in the text and read where they are needed, so that a million events are no tree.
//!
//! Must not know what keys mean.

mod gatherer;
mod written;

pub(super) use gatherer::{Gatherer, is_point, near_decimal, sum_secs};
pub(super) use written::{LineEnds, difference_secs, field_json, number_text, quoted, refused};

use super::text::line_ends;
use super::{ReadError, TextSource};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::cell::Cell;

/// The text of a file that is one JSON value.
pub(super) struct Document {
    text: String,
    /// Up to which byte lines were counted, and how many there were.
    counted: Cell<(usize, usize)>,
    /// How often the text said NaN or Infinity, which JSON does not have; they stand as `null` in it.
    not_numbers: usize,
}

impl Document {
    /// The whole text, checked to be JSON from its start to its end.
    ///
    /// # Errors
    /// [`ReadError::NotLabels`] with line and column where it is no JSON, and where a second value follows.
    pub(super) fn read(source: &mut TextSource<'_>) -> Result<Self, ReadError> {
        Self::parse(source.whole()?).map_err(ReadError::NotLabels)
    }

    fn parse(text: String) -> Result<Self, String> {
        let of = |text, not_numbers| Self { text, counted: Cell::new((0, 1)), not_numbers };
        match checked(&text) {
            Ok(()) => Ok(of(text, 0)),
            // Python writes these words into what it calls JSON.
            Err(error) if text.contains("NaN") || text.contains("Infinity") => {
                let (text, count) = without_words(&text);
                checked(&text).map(|()| of(text, count)).map_err(|_| error)
            }
            Err(error) => Err(error),
        }
    }

    /// The value that the text is.
    pub(super) fn root(&self) -> Node<'_> {
        Node { document: self, text: self.text.trim_matches(WHITE) }
    }

    /// What the user should know about the text.
    pub(super) fn note(&self) -> Option<String> {
        (self.not_numbers > 0).then(|| format!("NaN or Infinity {} times, taken as no value", self.not_numbers))
    }
}

const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

fn checked(text: &str) -> Result<(), String> {
    if text.trim_matches(WHITE).is_empty() {
        return Err("the file is empty, where JSON is expected".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    IgnoredAny::deserialize(&mut reader).map_err(|error| format!("no JSON: {error}"))?;
    reader.end().map_err(|error| {
        let line = error.line();
        format!("a second JSON value begins in line {line}: one is expected; put several into one array, or into a file each")
    })
}

/// The text with `null` for NaN, Infinity and -Infinity outside strings, and how many there were.
fn without_words(text: &str) -> (String, usize) {
    let (mut clean, mut count, mut at, mut copied) = (String::with_capacity(text.len()), 0, 0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let found = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| bytes[at..].starts_with(word.as_bytes()));
        if let Some(word) = found {
            clean.push_str(&text[copied..at]);
            clean.push_str("null");
            at += word.len();
            copied = at;
            count += 1;
        } else if bytes[at] == b'"' {
            at = string_end(bytes, at);
        } else {
            at += 1;
        }
    }
    clean.push_str(&text[copied..]);
    (clean, count)
}

/// Where the string ends that begins at a quote.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where the value ends that begins at the text's start; the text is known to be JSON.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        // Most of a large value is numbers, names and what is between them.
        if depth > 0 && !matches!(bytes[at], b'"' | b'{' | b'[' | b'}' | b']') {
            at += 1;
            continue;
        }
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 1 { at + 1 } else { at },
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\t' | b'\r' | b'\n' | b':' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Text,
    Number,
    Bool,
    Null,
}

impl Kind {
    /// In words, with the article.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Null => "null",
        }
    }
}

/// A value at its place in the text.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    document: &'a Document,
    text: &'a str,
}

impl<'a> Node<'a> {
    pub(super) fn kind(self) -> Kind {
        match self.text.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// As the file writes it.
    pub(super) fn raw(self) -> &'a str {
        self.text
    }

    /// A finite number.
    pub(super) fn number(self) -> Option<f64> {
        let number = if self.kind() == Kind::Number { self.text.parse().ok() } else { None };
        number.filter(|number: &f64| number.is_finite())
    }

    pub(super) fn bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text == "true")
    }

    /// A text, its escapes resolved; half a pair of surrogates is the replacement character.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::Text).then(|| unescaped(self.text))
    }

    /// A text or a number as text, as ids are written.
    pub(super) fn id(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text => self.string(),
            Kind::Number => Some(Cow::Borrowed(self.text)),
            _ => None,
        }
    }

    /// The elements of an array, the keys and values of an object left out; nothing for all else.
    pub(super) fn elements(self) -> Elements<'a> {
        let inside = if self.kind() == Kind::Array { &self.text[1..self.text.len() - 1] } else { "" };
        Elements { document: self.document, rest: inside }
    }

    /// The keys and values of an object, in the file's order; nothing for all else.
    pub(super) fn entries(self) -> Entries<'a> {
        let inside = if self.kind() == Kind::Object { &self.text[1..self.text.len() - 1] } else { "" };
        Entries { document: self.document, rest: inside }
    }

    /// The value of a key of an object; the last one where it stands several times.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.entries().filter(|(found, _)| found == key).map(|(_, value)| value).last()
    }

    /// The line in which it begins, from 1.
    pub(super) fn line(self) -> usize {
        let whole = self.document.text.as_str();
        let at = (self.text.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize).min(whole.len());
        let (from, lines) = self.document.counted.get();
        let (from, lines) = if at < from { (0, 1) } else { (from, lines) };
        let lines = lines + line_ends(&whole[from..at], whole.as_bytes().get(at)).count();
        self.document.counted.set((at, lines));
        lines
    }

    /// As it is kept in a field of an event, so that [`field_json`] makes the same value of it: a text without its quotes if it
    /// cannot be taken for anything else, all other values as the file writes them.
    pub(super) fn as_field(self) -> String {
        match self.string() {
            Some(text) if written::is_json(&text) => self.text.to_owned(),
            Some(text) => text.into_owned(),
            None => self.text.to_owned(),
        }
    }
}

fn unescaped(quoted: &str) -> Cow<'_, str> {
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    match serde_json::from_str(quoted) {
        Ok(text) => Cow::Owned(text),
        Err(_) => {
            let mut bytes = Vec::new();
            // Bytes are read with any surrogates, in WTF-8, whose halves are no UTF-8.
            let read = serde_json::from_str::<Bytes>(quoted).map(|Bytes(found)| bytes = found);
            if read.is_err() { Cow::Borrowed(inside) } else { Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()) }
        }
    }
}

/// The bytes of a string that may be no UTF-8.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        reader.deserialize_bytes(Visitor)
    }
}

/// The elements of an array.
pub(super) struct Elements<'a> {
    document: &'a Document,
    rest: &'a str,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        if self.rest.is_empty() {
            return None;
        }
        let (text, rest) = self.rest.split_at(value_end(self.rest).max(1).min(self.rest.len()));
        self.rest = rest;
        Some(Node { document: self.document, text })
    }
}

/// The keys and values of an object.
pub(super) struct Entries<'a> {
    document: &'a Document,
    rest: &'a str,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Cow<'a, str>, Node<'a>);

    fn next(&mut self) -> Option<(Cow<'a, str>, Node<'a>)> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        let (key, rest) = self.rest.split_at(value_end(self.rest));
        let rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ':']);
        if key.is_empty() || rest.is_empty() {
            return None;
        }
        let (text, rest) = rest.split_at(value_end(rest));
        self.rest = rest;
        Some((unescaped(key), Node { document: self.document, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn document(text: &str) -> Document {
        Document::parse(text.to_owned()).unwrap()
    }

    fn value(node: Node<'_>) -> Value {
        match node.kind() {
            Kind::Object => node.entries().map(|(key, node)| (key.into_owned(), value(node))).collect(),
            Kind::Array => node.elements().map(value).collect(),
            Kind::Text => node.string().unwrap().into(),
            Kind::Bool => node.bool().unwrap().into(),
            Kind::Null => Value::Null,
            Kind::Number => node.number().unwrap().into(),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1e9..1e9).prop_map(|number: f64| Value::from(number)),
            "[a\"\\\\\\]\\[{},: é\u{1}\u{1f987}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\\\}é]{0,3}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_what_serde_json_reads(value_there in values(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value_there) } else { serde_json::to_string(&value_there) };
            prop_assert_eq!(value(document(&format!(" {}\n", text.unwrap())).root()), value_there);
        }

        #[test]
        fn fields_come_back_as_they_were(value_there in values()) {
            let text = value_there.to_string();
            let document = document(&text);
            let again = field_json(&document.root().as_field()).into_owned();
            prop_assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), value_there);
        }

        #[test]
        fn no_text_is_a_panic(text in "[\\[\\]{}\",:\\\\ aNI1-]{0,30}") {
            if let Ok(document) = Document::parse(text) {
                let root = document.root();
                let _ = (root.elements().count(), root.entries().count(), root.as_field(), root.line());
            }
        }
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place() {
        let told = |text: &str| Document::parse(text.to_owned()).err().unwrap_or_default();
        assert_eq!(told(" \n"), "the file is empty, where JSON is expected");
        assert_eq!(told("{\"a\":\n 1"), "no JSON: EOF while parsing an object at line 2 column 2");
        assert!(told("[1]\n[2]").starts_with("a second JSON value begins in line 2"));
        assert!(told("[1, NaN,,]").starts_with("no JSON: expected value at line 1"));
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let document = document(&format!("{{\"a\": {deep}, \"b\": 2}}"));
        assert_eq!(document.root().get("b").unwrap().number(), Some(2.0));
    }

    #[test]
    fn words_for_numbers_are_no_values() {
        let document = document("{\"a\": NaN, \"NaN\": [-Infinity, \"Infinity \\\" NaN\"]}");
        assert!(document.root().get("a").unwrap().is_null());
        let inner: Vec<_> = document.root().get("NaN").unwrap().elements().map(Node::raw).collect();
        assert_eq!(inner, ["null", "\"Infinity \\\" NaN\""]);
        assert_eq!(document.note().unwrap(), "NaN or Infinity 2 times, taken as no value");
    }

    #[test]
    fn lines_are_counted_and_numbers_bounded() {
        let document = document("[1,\n 1e999,\r\n \"\\ud800x\",\n 4]");
        let nodes: Vec<_> = document.root().elements().collect();
        assert_eq!(nodes.iter().map(|node| node.line()).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(nodes[1].number(), None);
        assert!(nodes[2].string().unwrap().ends_with('x'));
        assert_eq!(nodes[0].line(), 1);
    }
}
