//! Text as other programs write it: character encodings, line ends, separators, quotes, numbers.
//!
//! Must not know what the cells mean.

use std::borrow::Cow;

/// What Windows-1252 has at 0x80 to 0x9F; the five unused places stay as they are, as the WHATWG encoding standard has it.
const CP1252_HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text of a file, without its byte order mark, and a note if its encoding had to be guessed: a mark decides; else UTF-8; else
/// Windows-1252.
pub fn decode(bytes: &[u8]) -> (String, Option<String>) {
    match bytes {
        [0xff, 0xfe, rest @ ..] => return decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return decode_utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (
            bytes.iter().map(|&byte| char_from_cp1252(byte)).collect(),
            Some("not UTF-8, read as Windows-1252: check letters with accents".to_owned()),
        ),
    }
}

pub(super) fn char_from_cp1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => CP1252_HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, Option<String>) {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let broken = bytes.len() % 2 == 1 || text.contains(char::REPLACEMENT_CHARACTER);
    (text, broken.then(|| "broken UTF-16: some characters could not be read".to_owned()))
}

/// The lines of a text with their numbers from 1, whichever way they end; padding with NUL at the end is taken away.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_end_matches('\0');
    let mut rest = (!text.is_empty()).then_some(text);
    let mut number = 0;
    std::iter::from_fn(move || {
        let current = rest?;
        number += 1;
        let (line, after) = match current.find(['\r', '\n']) {
            Some(end) if current[end..].starts_with("\r\n") => (&current[..end], &current[end + 2..]),
            Some(end) => (&current[..end], &current[end + 1..]),
            None => (current, ""),
        };
        rest = (!after.is_empty()).then_some(after);
        Some((number, line))
    })
}

/// Where the lines of a text end, whichever way, at the last byte of each end; `next` is the byte that follows the text.
pub(super) fn line_ends<'a>(text: &'a str, next: Option<&'a u8>) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    let is_end = move |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1).or(next) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(is_end)
}

/// A cell of a table of TABs as it has to be written so that other programs read the same text again: one that has quotes, or begins as a
/// comment, is quoted. Characters that would end the cell or the line become spaces.
pub fn cell_text(text: &str, separator: char) -> Cow<'_, str> {
    let ends_cell = |char: char| char.is_control() || char == separator;
    let needs_quotes = text.contains('"') || begins_comment(text);
    if !needs_quotes && !text.contains(ends_cell) {
        return Cow::Borrowed(text);
    }
    let clean: String = text.chars().map(|char| if ends_cell(char) { ' ' } else { char }).collect();
    Cow::Owned(if needs_quotes { format!("\"{}\"", clean.replace('"', "\"\"")) } else { clean })
}

/// A cell as RFC 4180 has it: quoted where it has the separator, quotes or line ends, or begins as a comment or with space; nothing is lost.
pub fn csv_text(text: &str, separator: char) -> Cow<'_, str> {
    let needs_quotes = |char: char| char == separator || matches!(char, '"' | '\n' | '\r');
    let has_space = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if has_space || text.contains(needs_quotes) || begins_comment(text) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

fn begins_comment(text: &str) -> bool {
    text.trim_start().starts_with(['#', '='])
}

/// Whether the cell says that there is no value.
pub fn is_empty(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty() || cell.eq_ignore_ascii_case("nan")
}

/// Seconds with three decimals, or as many up to six as they need.
pub fn secs_text(secs: f64) -> String {
    let mut text = format!("{secs:.6}");
    let shortest = text.len() - 3;
    while text.len() > shortest && text.ends_with('0') {
        text.pop();
    }
    text
}

/// Seconds as `H:MM:SS.fff` with so many digits for the hours at least, 2 always having them and 1 only from an hour on, and decimals from 3
/// to `most_decimals` as needed.
pub fn clock_cell(secs: f64, hour_digits: usize, most_decimals: usize) -> String {
    let scale = 10_f64.powi(most_decimals as i32);
    let ticks = (secs.abs() * scale).round();
    let whole = (ticks / scale).floor();
    let (hours, minutes, seconds) = ((whole / 3600.0).floor(), (whole / 60.0).floor() % 60.0, whole % 60.0);
    let mut fraction = format!("{:0most_decimals$.0}", ticks - whole * scale);
    while fraction.len() > 3 && fraction.ends_with('0') {
        fraction.pop();
    }
    let sign = if secs < 0.0 && ticks > 0.0 { "-" } else { "" };
    match hour_digits {
        1 if hours == 0.0 => format!("{sign}{minutes:.0}:{seconds:02.0}.{fraction}"),
        _ => format!("{sign}{hours:0hour_digits$.0}:{minutes:02.0}:{seconds:02.0}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        assert_eq!(decode(b"\xef\xbb\xbfM\xc3\xb6we"), ("Möwe".to_owned(), None));
        assert_eq!(decode(b"\xff\xfeM\0\xf6\0"), ("Mö".to_owned(), None));
        assert_eq!(decode(b"\xfe\xff\0M\0\xf6"), ("Mö".to_owned(), None));
        let (text, note) = decode(b"M\xf6we \x80");
        assert_eq!(text, "Möwe €");
        assert!(note.unwrap().contains("Windows-1252"));
        assert!(decode(b"\xff\xfeM\0\xf6").1.is_some());
    }

    #[test]
    fn every_line_end_counts_once() {
        let lines: Vec<_> = lines("a\r\nb\rc\n\nd\0\0").collect();
        assert_eq!(lines, [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]);
        assert_eq!(super::lines("").count(), 0);
        assert_eq!(super::lines("a\n").count(), 1);
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        for (text, written) in [
            ("plain", "plain"),
            ("Walk, footsteps", "Walk, footsteps"),
            (" a ", " a "),
            ("#1", "\"#1\""),
            (" #1", "\" #1\""),
        ] {
            assert_eq!(cell_text(text, '\t'), written);
        }
        assert_eq!(cell_text("a\tb\nc", '\t'), "a b c");
        assert_eq!(cell_text("a \"b\"", '\t'), "\"a \"\"b\"\"\"");
        for (text, written) in [("plain", "plain"), ("Walk, footsteps", "\"Walk, footsteps\""), (" a", "\" a\"")] {
            assert_eq!(csv_text(text, ','), written);
        }
        assert_eq!(csv_text("a\n\"b\"", ','), "\"a\n\"\"b\"\"\"");
    }

    #[test]
    fn seconds_keep_a_microsecond() {
        assert_eq!(secs_text(0.0), "0.000");
        assert_eq!(secs_text(1.5), "1.500");
        assert_eq!(secs_text(1.23456), "1.23456");
        assert_eq!(secs_text(86_399.999_999_6), "86400.000");
    }

    #[test]
    fn seconds_are_written_as_a_clock_shows_them() {
        assert_eq!(clock_cell(1.25, 2, 6), "00:00:01.250");
        assert_eq!(clock_cell(3_723.123_456, 2, 6), "01:02:03.123456");
        assert_eq!(clock_cell(62.5, 1, 3), "1:02.500");
        assert_eq!(clock_cell(3_599.999_9, 1, 3), "1:00:00.000");
        assert_eq!(clock_cell(-1.5, 1, 3), "-0:01.500");
    }
}
