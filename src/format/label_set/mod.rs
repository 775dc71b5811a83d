//! Sets of labels as CSV or TSV, one column to many: name, other names, parent, abbreviation, colour, key.
//!
//! Owns what columns mean, how that is guessed by the header, and what becomes of each row: a label, or a reject with its line and reason.
//! Pure: reading the file is the caller's.

mod table;

pub use table::{Row, Separator, Table};

use crate::annotation::LabelClass;
use crate::annotation::LabelSet;
use crate::format::text;
use std::collections::HashMap;

/// A file that is longer, in bytes, is no set of labels.
pub const MOST_BYTES: u64 = 32 << 20;
/// A name that is longer, in characters, is no name.
const LONGEST_NAME: usize = 200;

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Nothing that is taken over.
    Ignored,
    /// The label.
    Name,
    /// Other names for it: synonyms, scientific or common names, separated by `|` or `;`.
    OtherNames,
    /// The class above it.
    Parent,
    /// An abbreviation by which it is found.
    Code,
    /// Its colour: `1` to `10`, or `#rrggbb` for the one that is nearest.
    Color,
    /// Its digit key.
    Key,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Ignored, Self::Name, Self::OtherNames, Self::Parent, Self::Code, Self::Color, Self::Key];

    /// What the window calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ignored => "Not used",
            Self::Name => "Name",
            Self::OtherNames => "Other names",
            Self::Parent => "Parent",
            Self::Code => "Abbreviation",
            Self::Color => "Colour",
            Self::Key => "Key",
        }
    }

    /// What a column of this title means, if that is known, and how much it is to be the name rather than another.
    fn of_title(title: &str) -> Option<(Self, u8)> {
        let title: String = title.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match title.as_str() {
            "name" | "label" | "labels" | "labelname" | "class" | "classname" | "displayname" | "eventlabel"
            | "event" | "species" | "sound" | "tag" => (Self::Name, 4),
            "commonname" | "common" | "english" | "englishname" | "vernacularname" | "vernacular" => {
                (Self::OtherNames, 3)
            }
            "scientificname" | "scientific" | "latin" | "latinname" | "sciname" | "binomial" => (Self::OtherNames, 2),
            "synonyms" | "synonym" | "aliases" | "alias" | "othernames" | "alsoknownas" | "aka" | "names" => {
                (Self::OtherNames, 0)
            }
            "parent" | "parents" | "group" | "family" | "order" | "category" | "superclass" | "parentname" => {
                (Self::Parent, 0)
            }
            "code" | "abbreviation" | "abbr" | "short" | "shortname" | "speciescode" | "ebirdcode" | "alpha"
            | "mid" | "acronym" => (Self::Code, 1),
            "color" | "colour" | "rgb" | "hex" => (Self::Color, 0),
            "key" | "hotkey" | "shortcut" | "digit" => (Self::Key, 0),
            "index" | "id" | "number" | "no" => (Self::Ignored, 0),
            _ => return None,
        })
    }
}

/// A colour as a file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatedColor {
    /// The place among the label colours, from 0.
    Place(u8),
    /// Red, green and blue.
    Rgb([u8; 3]),
}

/// One label of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetLabel {
    /// Its name, not empty.
    pub name: String,
    /// Other names and abbreviations.
    pub synonyms: Vec<String>,
    /// The class above it; empty for none.
    pub parent: String,
    /// Its colour, if it has one.
    pub color: Option<StatedColor>,
    /// Its digit key, if it has one.
    pub key: Option<u8>,
}

/// Something about one line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line, from 1.
    pub line: usize,
    /// What is to be said.
    pub text: String,
}

/// How a file is read: all that can be told otherwise than it was guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The rows.
    pub table: Table,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// What each column means.
    pub columns: Vec<Column>,
    /// What was guessed about the encoding, if anything was.
    pub encoding_note: Option<String>,
}

/// What the rows have become: as many labels and rejects as there are rows without the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The labels, in order, none of them twice.
    pub labels: Vec<SetLabel>,
    /// Rows that are no labels, and why.
    pub rejects: Vec<Remark>,
    /// What was left out of labels, and why.
    pub remarks: Vec<Remark>,
}

impl Reading {
    /// Reads a file, guessing encoding, separator, header and columns.
    pub fn guess(bytes: &[u8]) -> Self {
        Self::with_separator(bytes, None)
    }

    /// The same with a separator that is known.
    pub fn with_separator(bytes: &[u8], separator: Option<Separator>) -> Self {
        let (text, encoding_note) = text::decode(bytes);
        let table = Table::read(&text, separator);
        let titles = table.rows.first().map(|row| row.cells.as_slice()).unwrap_or_default();
        let has_header = is_header(titles);
        let columns = if has_header { columns_by_titles(titles, table.width()) } else { columns_without(&table) };
        Self { table, has_header, columns, encoding_note }
    }

    /// The rows below the header.
    pub fn rows(&self) -> &[Row] {
        self.table.rows.get(usize::from(self.has_header)..).unwrap_or_default()
    }

    /// Says what a column means; what may stand in one column only is taken from the one that had it.
    pub fn set_column(&mut self, place: usize, meaning: Column) {
        let is_single = !matches!(meaning, Column::Ignored | Column::OtherNames | Column::Code);
        for (other, column) in self.columns.iter_mut().enumerate() {
            if other == place {
                *column = meaning;
            } else if is_single && *column == meaning {
                *column = Column::Ignored;
            }
        }
    }

    /// Makes labels of the rows.
    pub fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        let mut lines: HashMap<String, usize> = HashMap::new();
        let mut keys: [Option<usize>; 10] = [None; 10];
        for row in self.rows() {
            match self.label_of(row, &mut keys, &mut outcome.remarks) {
                Ok(label) => match lines.get(&label.name) {
                    Some(line) => {
                        let text = format!("{:?} stands in line {line} already", label.name);
                        outcome.rejects.push(Remark { line: row.line, text });
                    }
                    None => {
                        lines.insert(label.name.clone(), row.line);
                        outcome.labels.push(label);
                    }
                },
                Err(text) => outcome.rejects.push(Remark { line: row.line, text }),
            }
        }
        outcome
    }

    fn label_of(
        &self,
        row: &Row,
        keys: &mut [Option<usize>; 10],
        remarks: &mut Vec<Remark>,
    ) -> Result<SetLabel, String> {
        let mut label = SetLabel::default();
        let mut remark = |text: String| remarks.push(Remark { line: row.line, text });
        let cells = row.cells.iter().zip(&self.columns).filter(|(cell, _)| !cell.is_empty());
        if matches!(row.cells.as_slice(), [cell] if cell.starts_with("# ")) {
            return Err("a comment".to_owned());
        }
        let mut stated: (Option<&str>, Option<&str>) = (None, None);
        for (cell, column) in cells {
            match column {
                Column::Ignored => {}
                Column::Name => label.name.clone_from(cell),
                Column::Parent => label.parent.clone_from(cell),
                Column::Code => label.synonyms.push(cell.clone()),
                Column::OtherNames => label.synonyms.extend(names_in(cell)),
                Column::Color => stated.0 = Some(cell),
                Column::Key => stated.1 = Some(cell),
            }
        }
        if label.name.is_empty() {
            return Err("no name".to_owned());
        }
        let length = label.name.chars().count();
        if length > LONGEST_NAME {
            return Err(format!("a name of {length} characters; {LONGEST_NAME} are the most"));
        }
        // Only rows that are labels are worth a remark.
        if let Some(cell) = stated.0 {
            label.color = color_of(cell);
            if label.color.is_none() {
                remark(format!("colour {cell:?} is neither 1 to 10 nor #rrggbb"));
            }
        }
        if let Some(cell) = stated.1 {
            match key_of(cell).map(|key| (key, &mut keys[usize::from(key)])) {
                Some((_, Some(line))) => remark(format!("key {cell} belongs to line {line} already")),
                Some((key, free)) => {
                    *free = Some(row.line);
                    label.key = Some(key);
                }
                None => remark(format!("key {cell:?} is no digit")),
            }
        }
        let name = label.name.clone();
        label.synonyms.retain(|synonym| *synonym != name);
        Ok(label)
    }
}

impl Outcome {
    /// The labels as they are searched, ready at once.
    pub fn searchable(&self) -> LabelSet {
        let mut set = LabelSet::default();
        for label in &self.labels {
            set.add(&label.name, &label.parent, label.synonyms.iter().map(String::as_str));
        }
        set.prepare();
        set
    }
}

fn names_in(cell: &str) -> impl Iterator<Item = String> {
    cell.split(['|', ';']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn key_of(cell: &str) -> Option<u8> {
    cell.parse().ok().filter(|key| *key < 10)
}

fn color_of(cell: &str) -> Option<StatedColor> {
    if let Some(hex) = cell.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii()) {
        let part = |from: usize| u8::from_str_radix(hex.get(from..from + 2)?, 16).ok();
        return Some(StatedColor::Rgb([part(0)?, part(2)?, part(4)?]));
    }
    let place: u8 = cell.parse().ok()?;
    (1..=10).contains(&place).then(|| StatedColor::Place(place - 1))
}

/// Whether these are titles: half of them are known, and if there is only one, it is that of a name.
fn is_header(titles: &[String]) -> bool {
    let known: Vec<(Column, u8)> = titles.iter().filter_map(|title| Column::of_title(title)).collect();
    match titles {
        [_] => known.iter().any(|(_, weight)| *weight > 1),
        _ => 2 * known.len() >= titles.len() && known.iter().any(|(_, weight)| *weight > 0),
    }
}

fn columns_by_titles(titles: &[String], width: usize) -> Vec<Column> {
    let known: Vec<(Column, u8)> =
        titles.iter().map(|title| Column::of_title(title).unwrap_or((Column::Ignored, 0))).collect();
    let heaviest = known.iter().map(|(_, weight)| *weight).max().unwrap_or(0);
    let name = known.iter().position(|(_, weight)| *weight == heaviest);
    let mut columns = vec![Column::Ignored; width];
    for (place, (column, _)) in known.into_iter().enumerate() {
        let is_second = columns.contains(&column) && !matches!(column, Column::OtherNames | Column::Code);
        columns[place] = match column {
            _ if Some(place) == name => Column::Name,
            // Of several names one is the label; the others find it.
            Column::Name => Column::OtherNames,
            _ if is_second => Column::Ignored,
            column => column,
        };
    }
    columns
}

/// The first column with more words than numbers is the name; nothing is guessed about the others.
fn columns_without(table: &Table) -> Vec<Column> {
    let words = |place: usize| {
        let cells = table.rows.iter().take(50).filter_map(|row| row.cells.get(place)).filter(|cell| !cell.is_empty());
        cells.map(|cell| if cell.parse::<f64>().is_ok() { -1 } else { 1 }).sum::<i32>()
    };
    let width = table.width();
    let name = (0..width).find(|&place| words(place) > 0).unwrap_or(0);
    (0..width).map(|place| if place == name { Column::Name } else { Column::Ignored }).collect()
}

/// Label classes as CSV, which [`Reading::guess`] reads again.
pub fn to_csv(classes: &[LabelClass]) -> String {
    let mut text = "name,synonyms,parent,colour,key\n".to_owned();
    for class in classes {
        let number = |number: Option<u8>| number.map(|number| number.to_string()).unwrap_or_default();
        let synonyms: Vec<&str> = class.synonyms.iter().map(|synonym| &**synonym).collect();
        let cells = [
            csv_cell(&class.name),
            csv_cell(&synonyms.join(" | ")),
            csv_cell(&class.parent),
            number(class.color.map(|color| color.saturating_add(1))),
            number(class.digit),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn csv_cell(text: &str) -> String {
    let is_plain = !text.contains([',', '"', '\r', '\n', ';', '\t']) && text.trim() == text && !text.starts_with('#');
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests;
