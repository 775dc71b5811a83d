//! Rows of tables, by what their columns are called.

use super::{Census, is_passed_over, lines};

/// The columns of a format by which it is known what a row becomes; each by its names, the preferred one in front.
struct Table {
    id: &'static str,
    file: &'static [&'static str],
    /// A row with one of these is an event or a reject.
    times: &'static [&'static [&'static str]],
    /// So many of them must be there.
    needed: usize,
    /// One without times but with a label is so too.
    labels: Labels,
    /// What may make a reject of a row that is otherwise empty.
    others: &'static [&'static str],
}

enum Labels {
    /// The first of these columns.
    One(&'static [&'static str]),
    /// Any of these columns.
    Any(&'static [&'static str]),
    /// One of these columns, which, the reader decides by what stands there.
    Open(&'static [&'static str]),
    /// A label alone says nothing of an event.
    None,
}

const DCASE_LABELS: &[&str] = &["event_label", "label", "event"];

const TABLES: &[Table] = &[
    Table {
        id: "dcase",
        file: &["filename", "file", "file_name"],
        times: &[&["onset", "onset_s", "onset_secs"], &["offset", "offset_s", "offset_secs"]],
        needed: 2,
        labels: Labels::One(DCASE_LABELS),
        others: &[],
    },
    Table {
        id: "maestro",
        file: &[],
        times: &[&["onset"], &["offset"]],
        needed: 2,
        labels: Labels::One(DCASE_LABELS),
        others: &[],
    },
    Table {
        id: "audioset-strong",
        file: &["segment_id"],
        times: &[&["start_time_seconds"], &["end_time_seconds"]],
        needed: 2,
        labels: Labels::One(&["label"]),
        others: &["present"],
    },
    Table {
        id: "simple-seq",
        file: &[],
        times: &[&["onset_s"], &["offset_s"]],
        needed: 2,
        labels: Labels::One(&["label"]),
        others: &[],
    },
    Table {
        id: "generic-seq",
        file: &["notated_path"],
        times: &[&["onset_s"], &["offset_s"]],
        needed: 2,
        labels: Labels::One(&["label"]),
        others: &[],
    },
    Table {
        id: "cvat-tsv",
        file: &["filename"],
        times: &[&["start"], &["stop"]],
        needed: 2,
        labels: Labels::One(&["label"]),
        others: &[],
    },
    Table { id: "das", file: &[], times: &[&["start_seconds"]], needed: 1, labels: Labels::None, others: &[] },
    Table {
        id: "audition",
        file: &[],
        times: &[&["start"], &["duration"]],
        needed: 2,
        labels: Labels::One(&["name"]),
        others: &["time format"],
    },
    Table {
        id: "hoplite",
        file: &["recording"],
        times: &[&["start_offset_s"], &["end_offset_s"]],
        needed: 2,
        labels: Labels::One(&["label"]),
        others: &["label_type"],
    },
    Table {
        id: "aplose",
        file: &["filename"],
        times: &[&["start_datetime"], &["end_datetime"], &["start_time"], &["end_time"]],
        needed: 2,
        labels: Labels::One(&["annotation", "label__name", "label"]),
        others: &[],
    },
    Table {
        id: "chirpity",
        file: &["file"],
        times: &[&["start (s)", "file offset"]],
        needed: 1,
        labels: Labels::One(&["common name"]),
        others: &["detection start", "detection end"],
    },
    Table {
        id: "raven",
        file: &["begin path", "begin file"],
        times: &[&["begin time (s)", "begin time"], &["end time (s)", "end time"]],
        needed: 2,
        labels: Labels::Open(&["species"]),
        others: &[],
    },
    Table {
        id: "birdnet",
        file: &["file", "filepath"],
        times: &[&["start (s)", "start"], &["end (s)", "end"]],
        needed: 2,
        labels: Labels::Open(&["common name", "common_name", "scientific name", "scientific_name"]),
        others: &[],
    },
    Table {
        id: "kaleidoscope",
        file: &["in file"],
        times: &[&["offset"], &["duration"]],
        needed: 2,
        labels: Labels::Any(&["manual id", "top1match"]),
        others: &["top1match*", "auto id", "auto id*", "common name", "common_name", "scientific name"],
    },
];

fn is_name(cell: &str, names: &[&str]) -> bool {
    names.contains(&cell.trim().to_ascii_lowercase().as_str())
}

/// What a row becomes.
enum Fate {
    Counted,
    Nothing,
    Open,
}

pub(super) fn census(id: &str, text: &str) -> Option<Census> {
    let separators: Vec<char> = ['\t', ';', ','].into_iter().filter(|separator| text.contains(*separator)).collect();
    let separator = match separators[..] {
        [] => '\t',
        [only] => only,
        _ => return None,
    };
    // Quotes can hide line ends.
    if text.contains('"') || lines(text).any(|line| line.matches(separator).count() > 1000) {
        return None;
    }
    let is_row = |line: &&str| !is_passed_over(line) && line.split(separator).any(|cell| !cell.trim().is_empty());
    let rows: Vec<Vec<&str>> = lines(text).filter(is_row).map(|line| line.split(separator).collect()).collect();
    match id {
        "dcase-list" => return Some(list(&rows)),
        "sv-csv" => return sonic_visualiser(&rows),
        "maestro" if rows.first().is_some_and(|row| row.iter().all(|cell| !is_name(cell, DCASE_LABELS))) => {
            return Some(total(rows.iter().map(|row| counted_if((0..3).any(|place| has(row, Some(place)))))));
        }
        _ => {}
    }
    let table = TABLES.iter().find(|table| table.id == id)?;
    let (header, rows) = rows.split_first()?;
    let header: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    let find = |names: &[&str]| names.iter().find_map(|name| header.iter().position(|column| column == name));
    let times: Vec<usize> = table.times.iter().filter_map(|names| find(names)).collect();
    // Of one name twice, another column is taken than here.
    let is_twice = |(place, name): (usize, &String)| header[..place].contains(name);
    if times.len() < table.needed || header.iter().enumerate().any(is_twice) {
        return None;
    }
    let file = find(table.file);
    // A row of generic-seq that names no recording is the label file's.
    let needs_file = id != "generic-seq";
    let (labels, is_open): (Vec<usize>, bool) = match table.labels {
        Labels::One(names) => (find(names).into_iter().collect(), false),
        Labels::Any(names) => (names.iter().filter_map(|name| find(&[name])).collect(), false),
        Labels::Open(names) => (names.iter().filter_map(|name| find(&[name])).collect(), true),
        Labels::None => (Vec::new(), false),
    };
    let others: Vec<usize> = table.others.iter().filter_map(|name| find(&[name])).collect();
    let known: Vec<usize> = times.iter().chain(&labels).chain(&others).copied().chain(file).collect();
    // Raven's label may be in any column that nobody knows; which of BirdNET's two names it is, is asked.
    let is_open = is_open && if id == "raven" { header.len() > known.len() } else { labels.len() != 1 };
    let fate = |row: &Vec<&str>| {
        if id == "das" && !has(row, times.first().copied()) {
            return Fate::Nothing;
        }
        if file.is_some_and(|file| needs_file && row.get(file).is_none_or(|name| name.trim().is_empty())) {
            return Fate::Counted;
        }
        if times.iter().any(|&time| has(row, Some(time))) {
            return Fate::Counted;
        }
        // Without its two dates no row of Chirpity is taken.
        if id == "chirpity" && !others.iter().all(|&date| has(row, Some(date))) {
            return Fate::Counted;
        }
        if others.iter().any(|&other| refuses(id, row.get(other).map_or("", |cell| cell.trim()))) {
            return Fate::Counted;
        }
        let has_label = labels.iter().any(|&label| has(row, Some(label)));
        let has_more = (0..row.len()).any(|place| !known.contains(&place) && has(row, Some(place)));
        match (has_label, is_open) {
            (true, false) => Fate::Counted,
            (true, true) => Fate::Open,
            (false, true) if has_more => Fate::Open,
            (false, _)
                if matches!(id, "kaleidoscope" | "chirpity") && others.iter().any(|&other| has(row, Some(other))) =>
            {
                Fate::Open
            }
            (false, _) => Fate::Nothing,
        }
    };
    let census = total(rows.iter().map(fate));
    // Views of one selection are one event.
    let has_views = id == "raven" && find(&["selection"]).is_some() && find(&["view"]).is_some();
    Some(if has_views { Census { least: census.least.min(1), ..census } } else { census })
}

/// Whether a cell of the further columns makes a reject of its row, whatever else stands there.
fn refuses(id: &str, cell: &str) -> bool {
    match id {
        "audition" => cell.to_ascii_lowercase().contains("sample"),
        "audioset-strong" => !["", "PRESENT", "NOT_PRESENT"].contains(&cell),
        "hoplite" => !["", "positive", "negative", "uncertain"].contains(&&*cell.to_ascii_lowercase()),
        _ => false,
    }
}

fn total(fates: impl Iterator<Item = Fate>) -> Census {
    fates.fold(Census::exactly(0), |Census { least, most }, fate| match fate {
        Fate::Counted => Census { least: least + 1, most: most + 1 },
        Fate::Open => Census { least, most: most + 1 },
        Fate::Nothing => Census { least, most },
    })
}

fn counted_if(is_counted: bool) -> Fate {
    if is_counted { Fate::Counted } else { Fate::Nothing }
}

/// Whether a cell says something.
fn has(row: &[&str], place: Option<usize>) -> bool {
    let cell = place.and_then(|place| row.get(place)).map_or("", |cell| cell.trim());
    !cell.is_empty() && !cell.eq_ignore_ascii_case("nan")
}

/// In every layout a row with its second and third cell, or without its first, is an event or a reject; the first row may be a header.
fn list(rows: &[Vec<&str>]) -> Census {
    let is_sure = |row: &&Vec<&str>| {
        let [second, third] = [1, 2].map(|place| has(row, Some(place)));
        second && (third || row[0].trim().is_empty())
    };
    let sure = rows.iter().filter(is_sure).count();
    let is_headless = rows.first().is_some_and(|row| {
        let is_number =
            |place: usize| row.get(place).is_some_and(|cell| cell.trim().parse::<f64>().is_ok_and(f64::is_finite));
        let onset = match row.len() {
            2 | 3 => 0,
            4 => 1,
            _ => 2,
        };
        row.len() <= 5 && is_number(onset) && is_number(onset + 1)
    });
    Census { least: if is_headless { sure } else { sure.saturating_sub(1) }, most: rows.len() }
}

/// The first column is a time in every layout without a header.
fn sonic_visualiser(rows: &[Vec<&str>]) -> Option<Census> {
    let first = rows.first()?;
    if first[0].trim().parse::<f64>().is_err() {
        return None;
    }
    Some(total(rows.iter().map(|row| if has(row, Some(0)) { Fate::Counted } else { Fate::Open })))
}
