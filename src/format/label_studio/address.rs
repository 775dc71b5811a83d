//! Which recording a task's data names: addresses of a server become file names.
//!
//! Must not know annotations.

use crate::format::json::{Gatherer, Node};
use std::path::Path;

/// Keys that name a recording, the surest one first.
const KEYS: &[&str] = &["audio", "wav", "sound", "url", "file", "filename", "path"];

/// Extensions of recordings, so that other texts are not taken for one.
const EXTENSIONS: &[&str] = &[
    "wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "webm", "mp4", "wma", "w4v", "wv", "caf",
];

/// What was made of addresses.
#[derive(Default)]
pub(super) struct Addresses {
    count: usize,
    example: Option<(String, String)>,
}

impl Addresses {
    /// The recording that a task's data names, with its other keys counted as not kept.
    pub(super) fn recording_of(&mut self, data: Node<'_>, gatherer: &mut Gatherer<'_>) -> Option<String> {
        let texts = || data.entries().filter_map(|(key, value)| Some((key, value.string()?)));
        let by_key = KEYS.iter().find_map(|wanted| texts().find(|(key, _)| key == wanted));
        let found = texts().find(|(key, text)| KEYS.first() == Some(&&**key) || is_recording(text)).or(by_key);
        let only = || texts().next().filter(|_| texts().count() == 1);
        let (key, stated) = found.or_else(only).filter(|(_, text)| !text.trim().is_empty())?;
        if data.get("annotation_id").is_none() {
            for (other, value) in data.entries().filter(|(other, _)| *other != key) {
                gatherer.unread(&format!("data.{other}"), value);
            }
        }
        let name = file_name(&stated);
        if name != stated {
            self.count += 1;
            self.example.get_or_insert_with(|| (stated.into_owned(), name.clone()));
        }
        Some(name)
    }

    /// Says once which addresses were taken for which names.
    pub(super) fn tell(&self, gatherer: &mut Gatherer<'_>) {
        if let Some((stated, name)) = &self.example {
            let count = self.count;
            gatherer.warn_of_file(format!("addresses taken as file names: {count}, such as “{stated}” as “{name}”"));
        }
    }
}

/// Whether a text ends as names of recordings do.
pub(super) fn is_recording(text: &str) -> bool {
    let name = file_name(text);
    let extension = Path::new(&name).extension().unwrap_or_default().to_string_lossy().to_lowercase();
    EXTENSIONS.contains(&extension.as_str())
}

/// The path within a storage, without what the server adds.
fn file_name(stated: &str) -> String {
    if let Some((_, path)) = stated.split_once("/local-files/?d=") {
        return percent_decoded(path);
    }
    let is_address = stated.contains("://");
    let path = if is_address { stated.split(['?', '#']).next().unwrap_or(stated) } else { stated };
    if let Some((_, uploaded)) = path.split_once("/data/upload/").or_else(|| path.split_once("/upload/")) {
        let name = uploaded.rsplit('/').next().unwrap_or(uploaded);
        let is_mark = |mark: &str| mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = name.split_once('-').filter(|(mark, _)| is_mark(mark)).map_or(name, |(_, rest)| rest);
        return percent_decoded(name);
    }
    if is_address { percent_decoded(path) } else { path.to_owned() }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_addresses_are_file_names() {
        assert_eq!(file_name("/data/upload/3/7d8a1f2c-a%20b.wav"), "a b.wav");
        assert_eq!(file_name("/data/upload/3/no-mark.wav"), "no-mark.wav");
        assert_eq!(file_name("/data/local-files/?d=site%201/a.wav"), "site 1/a.wav");
        assert_eq!(file_name("https://host/x/a%C3%A9.wav?X-Amz-Date=1#t"), "https://host/x/aé.wav");
        assert_eq!(file_name("s3://bucket/100%.wav"), "s3://bucket/100%.wav");
        assert_eq!(file_name("/rec/what? 50%20.wav"), "/rec/what? 50%20.wav");
        assert!(is_recording("x/A.WAV") && !is_recording("a.png") && !is_recording("some text."));
    }
}
