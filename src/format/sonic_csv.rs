//! Layers of Sonic Visualiser as tables, mostly without a header. What the columns mean depends on the kind of layer, and tables of
//! several kinds look the same: what is open is asked for.
//!
//! Values and levels, which are no frequencies, are kept in fields of that name. Written are boxes if any event has a band, else instants
//! if all events are points, else regions.

use super::event_columns::EventColumns;
use super::event_table::EventTable;
use super::sonic_layer::Kind;
use super::table::{Dialect, Header, Outline, Quoting, Row};
use super::text::csv_text;
use super::{Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::annotation::Band;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct SonicCsv;

const DIALECT: Dialect = Dialect { separators: &[',', '\t', ';'], quoting: Quoting::Csv, has_comments: true };

/// What columns can mean, by the words of the answers; a label comes after them or is missing.
const LAYOUTS: [(&str, &[Column]); 7] = [
    ("time, label", &[Column::Onset]),
    ("time, value, label", &[Column::Onset, Column::Value]),
    ("onset, offset, label", &[Column::Onset, Column::Offset]),
    ("time, duration, label", &[Column::Onset, Column::Duration]),
    ("time, value, duration, label", &[Column::Onset, Column::Value, Column::Duration]),
    ("onset, offset, low, high, label", &[Column::Onset, Column::Offset, Column::Low, Column::High]),
    ("time, value, duration, level, label", &[Column::Onset, Column::Value, Column::Duration, Column::Level]),
];

/// What the layouts with a header call their columns.
const HEADER_NAMES: [(&[&str], Column); 7] = [
    (&["TIME", "START"], Column::Onset),
    (&["END"], Column::Offset),
    (&["DURATION"], Column::Duration),
    (&["VALUE"], Column::Value),
    (&["LEVEL"], Column::Level),
    (&["EXTENT START", "LOW"], Column::Low),
    (&["EXTENT END", "HIGH"], Column::High),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Onset,
    Offset,
    Duration,
    Value,
    Level,
    Low,
    High,
}

impl LabelFormat for SonicCsv {
    fn id(&self) -> &'static str {
        "sv-csv"
    }

    fn name(&self) -> &'static str {
        "Sonic Visualiser table"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "txt"]
    }

    fn holds(&self) -> Holds {
        Holds { empty_files: true, bands: true, points: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, DIALECT);
        let is_one = named_columns(&outline).is_some() || !fitting(&outline).is_empty();
        if is_one && outline.rows.first().is_some_and(|row| row.len() > 1) {
            Likelihood::Possible
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
        let outline = Outline::of(source.head(), DIALECT);
        let named = named_columns(&outline);
        let headers = usize::from(named.is_some());
        let columns = match named {
            Some(columns) => Some(columns),
            None if outline.rows.is_empty() => Some(columns_of(LAYOUTS[0].1)),
            None => ask(&outline, options, labels)?,
        };
        // Nothing is read until it is known what.
        let Some(mut columns) = columns else { return Ok(()) };
        let has_label = |row: &Row| columns.label.is_some_and(|label| label < row.len());
        if !outline.rows.iter().any(has_label) {
            columns.label = None;
        }
        let table = EventTable { outline, headers, columns };
        let stem = options.file_stem.as_str();
        table.read(source, options, Some(stem), labels, |row, times, out| {
            let mut event = table.columns.event(row, stem, times, out)?;
            event.is_point = event.span.onset_secs == event.span.offset_secs;
            event.band = event.band.filter(|band| band.high_hz > 0.0);
            Some(event)
        })
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let (kind, end) = (Kind::of(labels), labels.line_end.text());
        for (row, label) in labels.label_rows() {
            let (onset, offset) = (row.span.onset_secs, row.span.offset_secs);
            let label = csv_text(label, ',');
            match kind {
                Kind::Instants => write!(out, "{onset:.9},{label}{end}")?,
                Kind::Regions => {
                    let value =
                        row.fields().iter().find(|(name, _)| &**name == "value").map_or("0", |(_, value)| value);
                    write!(out, "{onset:.9},{},{:.9},{label}{end}", csv_text(value, ','), offset - onset)?;
                }
                Kind::Boxes => {
                    let Band { low_hz, high_hz } = row.band.unwrap_or(Band { low_hz: 0.0, high_hz: 0.0 });
                    write!(out, "{onset:.9},{offset:.9},{low_hz},{high_hz},{label}{end}")?;
                }
            }
        }
        Ok(())
    }
}

/// The columns in the order of a layout, then the label.
fn columns_of(layout: &[Column]) -> EventColumns {
    let mut columns = EventColumns::default();
    for (place, column) in layout.iter().enumerate() {
        set(&mut columns, *column, place);
    }
    columns.label = Some(layout.len());
    columns.width = layout.len() + 1;
    columns
}

fn set(columns: &mut EventColumns, column: Column, place: usize) {
    match column {
        Column::Onset => columns.onset = Some(place),
        Column::Offset => columns.offset = Some(place),
        Column::Duration => columns.duration = Some(place),
        Column::Value => columns.others.push((place, "value".into())),
        Column::Level => columns.others.push((place, "level".into())),
        Column::Low => columns.low = Some(place),
        Column::High => columns.high = Some(place),
    }
}

/// The columns by a header, as newer versions can write it.
fn named_columns(outline: &Outline) -> Option<EventColumns> {
    let (time, label) = (HEADER_NAMES[0].0, ["LABEL"]);
    let header: Header = outline.header(&[time])?;
    let mut columns =
        EventColumns { label: header.find(&label), width: header.names().len(), ..EventColumns::default() };
    for (names, column) in HEADER_NAMES {
        if let Some(place) = header.find(names) {
            set(&mut columns, column, place);
        }
    }
    // Other tables have a column TIME too.
    let known = HEADER_NAMES.iter().flat_map(|(names, _)| names.iter()).chain(&label);
    let is_known = |name: &String| known.clone().any(|known| known.eq_ignore_ascii_case(name));
    header.names().iter().all(is_known).then_some(columns)
}

/// The layouts that the first rows can have.
fn fitting(outline: &Outline) -> Vec<usize> {
    let width = outline.rows.iter().map(Row::len).max().unwrap_or(0);
    let numbers = |row: &Row| (0..row.len()).take_while(|&column| row.number(column).is_some()).count();
    let fits = |place: &usize| {
        let layout = LAYOUTS[*place].1;
        let has_columns = layout.len() == width || layout.len() + 1 == width;
        has_columns && outline.rows.iter().all(|row| numbers(row) >= layout.len() && is_plausible(row, layout))
    };
    (0..LAYOUTS.len()).filter(fits).collect()
}

/// Whether numbers of a row can be what the layout says.
fn is_plausible(row: &Row, layout: &[Column]) -> bool {
    let value = |wanted: Column| {
        let place = layout.iter().position(|column| *column == wanted)?;
        row.number(place)
    };
    let in_order = |low: Option<f64>, high: Option<f64>| low.zip(high).is_none_or(|(low, high)| low <= high);
    in_order(value(Column::Onset), value(Column::Offset))
        && in_order(value(Column::Low), value(Column::High))
        && value(Column::Duration).is_none_or(|duration| duration >= 0.0)
        && value(Column::Level).is_none_or(|level| (0.0..=1.0).contains(&level))
}

/// The layout that is answered, or that alone fits; `None` where an answer is needed.
fn ask(outline: &Outline, options: &ReadOptions, labels: &mut StrongLabels) -> Result<Option<EventColumns>, ReadError> {
    let given = options.answer(Choice::Layout);
    if let Some((_, layout)) = LAYOUTS.iter().find(|(words, _)| Some(*words) == given) {
        let places = fitting(outline);
        push_question(labels, &places, LAYOUTS.iter().position(|(words, _)| Some(*words) == given));
        return Ok(Some(columns_of(layout)));
    }
    let places = fitting(outline);
    let Some(most) = places.iter().map(|&place| LAYOUTS[place].1.len()).max() else {
        let expected = "no table of Sonic Visualiser: expected one to four numbers in each row and a label after them";
        return Err(ReadError::NotLabels(expected.to_owned()));
    };
    // A label that looks like a number is rarer than a number.
    let mut likely = places.iter().filter(|&&place| LAYOUTS[place].1.len() == most);
    let taken = match (likely.next(), likely.next()) {
        (Some(&only), None) => Some(only),
        _ => None,
    };
    if places.len() > 1 {
        push_question(labels, &places, taken);
    }
    Ok(taken.map(|taken| columns_of(LAYOUTS[taken].1)))
}

fn push_question(labels: &mut StrongLabels, places: &[usize], taken: Option<usize>) {
    let mut places = places.to_vec();
    places.extend(taken.filter(|taken| !places.contains(taken)));
    labels.questions.push(Question {
        choice: Choice::Layout,
        text: "What do the columns mean?".to_owned(),
        answers: places.iter().map(|&place| LAYOUTS[place].0.to_owned()).collect(),
        taken: taken.and_then(|taken| places.iter().position(|place| *place == taken)),
    });
}
