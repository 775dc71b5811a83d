//! Text as other programs write it: character encodings, line ends, separators, quotes, numbers.
//!
//! Must not know what the cells mean.

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

/// The cells of a line. A cell that stands in double quotes as a whole loses them, and `""` within it is one quote.
pub fn cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = quoted_cell(rest, separator).unwrap_or_else(|| match rest.split_once(separator) {
            Some((cell, after)) => (cell.to_owned(), Some(after)),
            None => (rest.to_owned(), None),
        });
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return cells,
        }
    }
}

/// The quoted cell at the start of `line` and what follows its separator; `None` if the quotes do not enclose a whole cell.
fn quoted_cell(line: &str, separator: char) -> Option<(String, Option<&str>)> {
    let mut rest = line.strip_prefix('"')?;
    let mut cell = String::new();
    loop {
        let (text, after) = rest.split_once('"')?;
        cell.push_str(text);
        if let Some(after) = after.strip_prefix('"') {
            cell.push('"');
            rest = after;
        } else if after.is_empty() {
            return Some((cell, None));
        } else {
            return after.strip_prefix(separator).map(|after| (cell, Some(after)));
        }
    }
}

/// A cell as it has to be written so that [`cells`] and other programs read the same text again. Characters that would end the cell
/// or the line become spaces.
pub fn cell_text(text: &str, separator: char) -> String {
    let clean = |char: char| if char.is_control() || char == separator { ' ' } else { char };
    if text.contains('"') {
        format!("\"{}\"", text.chars().map(clean).collect::<String>().replace('"', "\"\""))
    } else {
        text.chars().map(clean).collect()
    }
}

/// The separator of a table: of TAB, `;` and `,` the one that most of the first 50 lines have, the first of them if equal.
pub fn separator(text: &str) -> char {
    let count = |separator: &char| lines(text).take(50).filter(|(_, line)| line.contains(*separator)).count();
    [',', ';', '\t'].into_iter().max_by_key(count).unwrap_or('\t')
}

/// A finite number with a decimal point, or with a decimal comma where the comma separates nothing.
pub fn number(cell: &str, separator: char) -> Option<f64> {
    let cell = cell.trim();
    let parsed = if separator == ',' { cell.parse() } else { cell.replace(',', ".").parse() };
    parsed.ok().filter(|value: &f64| value.is_finite())
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
    fn cells_lose_the_quotes_that_enclose_them() {
        assert_eq!(cells("a\t\"b\tc\"\t\"d \"\"e\"\"\"\t", '\t'), ["a", "b\tc", "d \"e\"", ""]);
        assert_eq!(cells("5\" pipe\t\"x\" y", '\t'), ["5\" pipe", "\"x\" y"]);
        assert_eq!(cells("\"open", '\t'), ["\"open"]);
        for label in ["plain", "\"all\"", "a \"b\" c", "Walk, footsteps", " spaced ", "\""] {
            assert_eq!(cells(&cell_text(label, '\t'), '\t'), [label]);
        }
        assert_eq!(cell_text("a\tb\nc", '\t'), "a b c");
    }

    #[test]
    fn the_separator_is_the_one_of_most_lines() {
        assert_eq!(separator("filename\tonset\na.wav\tWalk, footsteps; left"), '\t');
        assert_eq!(separator("1,2,Dog;bark\n3,4,Cat\n"), ',');
        assert_eq!(separator("1,5;2,5;Dog"), ';');
        assert_eq!(separator("a.wav"), '\t');
    }

    #[test]
    fn seconds_keep_a_microsecond() {
        assert_eq!(secs_text(0.0), "0.000");
        assert_eq!(secs_text(1.5), "1.500");
        assert_eq!(secs_text(1.23456), "1.23456");
        assert_eq!(secs_text(86_399.999_999_6), "86400.000");
        assert_eq!(number("1,5", '\t'), Some(1.5));
        assert_eq!(number("1,5", ','), None);
        assert_eq!(number("inf", '\t'), None);
    }
}
