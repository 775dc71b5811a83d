//! Tables of every kind as rows.

use super::*;
use proptest::prelude::*;

fn rows(text: &str, dialect: Dialect) -> (Vec<(usize, Vec<String>)>, Comments) {
    let mut source = TextSource::from_bytes(text.as_bytes());
    let outline = Outline::of(source.head(), dialect);
    let mut rows = Vec::new();
    let taken = outline.for_each_row(&mut source, 0, |row| {
        rows.push((row.line, row.cells().map(str::to_owned).collect()));
        Ok(())
    });
    (rows, taken.unwrap())
}

fn cells(text: &str) -> Vec<Vec<String>> {
    rows(text, Dialect::ANY).0.into_iter().map(|(_, cells)| cells).collect()
}

#[test]
fn cells_lose_the_quotes_that_enclose_them() {
    assert_eq!(cells("a\t\"b\tc\"\t\"d \"\"e\"\"\"\t"), [["a", "b\tc", "d \"e\"", ""]]);
    assert_eq!(cells("5\" pipe\t\"x\" y"), [["5\" pipe", "\"x\" y"]]);
    assert_eq!(cells("\"open\ta"), [["\"open", "a"]]);
    let plain = rows("1\t\"a\"\n2\t\"b\n", Dialect::PLAIN_TABS).0;
    assert_eq!(plain, [(1, vec!["1".to_owned(), "\"a\"".to_owned()]), (2, vec!["2".to_owned(), "\"b".to_owned()])]);
}

#[test]
fn quoted_line_ends_are_text_and_lines_are_counted_on() {
    let text = "name,note\r\na.wav,\"one\r\n\r\n# two\"\r\nb.wav,\"\"\r\n";
    let (found, comments) = rows(text, Dialect::ANY);
    assert_eq!(found[1], (2, vec!["a.wav".to_owned(), "one\n\n# two".to_owned()]));
    assert_eq!(found[2], (5, vec!["b.wav".to_owned(), String::new()]));
    assert_eq!((found.len(), comments.count), (3, 0));
}

#[test]
fn quotes_that_nothing_ends_are_characters() {
    assert_eq!(cells("a,\"b\nc,d\n"), [["a", "\"b"], ["c", "d"]]);
    assert_eq!(cells("a,\"b\nc,\"d\ne,\"f\ng\"\n"), [vec!["a", "\"b"], vec!["c", "\"d"], vec!["e", "f\ng"]]);
    let long = format!("a,\"b\n{}", "c,d\n".repeat(LONGEST_QUOTED));
    let found = cells(&long);
    assert_eq!((found.len(), &found[0][1][..], &found[LONGEST_QUOTED][..]), (LONGEST_QUOTED + 1, "\"b", &found[1][..]));
}

#[test]
fn comments_and_blank_lines_are_no_rows() {
    let (found, comments) = rows("# by hand\n\n a,b\n=====\n,\n \t \n\"#c\",d\n  #e\n", Dialect::ANY);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 7]);
    assert_eq!(comments, Comments { count: 3, first_line: 1 });
    assert_eq!(rows("# a\n== b\n", Dialect::PLAIN_TABS).0.len(), 2);
    assert_eq!(cells("==\n=x=\n").len(), 2);
}

#[test]
fn the_separator_is_the_one_that_cuts_rows_alike() {
    for (text, separator) in [
        ("filename\tonset\na.wav\tWalk, footsteps; left", '\t'),
        ("1,2,Dog;bark\n3,4,Cat\n", ','),
        ("1,5;2,5;Dog\n2,5;3;Cat, black\n", ';'),
        ("1,5;2,5\n0,5;1,5\n", ';'),
        ("1,5\t2,5\n0,5\t1,5\n", '\t'),
        ("a;b,c,d\ne;f,g,h\n", ','),
        ("file,labels\na.wav,Dog;Cat\nb.wav,Dog;Cat\n", ','),
        ("\"a,b\";c\n\"d,e,f\";g\n", ';'),
        ("a.wav", '\t'),
        ("", '\t'),
    ] {
        assert_eq!(Outline::of(text, Dialect::ANY).separator, separator, "{text:?}");
    }
}

#[test]
fn a_header_has_no_number_where_the_next_rows_have() {
    for (text, is_header) in [
        ("Datei\tAnfang\tEnde\na\t1\t2\n", true),
        ("Anfang,Ende\n0:01.5,0:02\n,\n", true),
        ("a\t1\t2\nb\t3\t4\n", false),
        ("x\t1\ny\t2\n", false),
        ("file\tlabel\na\tDog\n", false),
        ("Anfang\tEnde\n", false),
        ("a\t\t\tb\n1\t1\t2\tc\n", false),
        ("Anfang\tEnde\tWert\n1\t2\t\n3\t4\t\n", true),
    ] {
        assert_eq!(Outline::of(text, Dialect::ANY).begins_with_words(), is_header, "{text:?}");
    }
    let outline = Outline::of("Filename, ONSET ,other\n", Dialect::ANY);
    let header = outline.header(&[&["file", "filename"], &["onset"]]).unwrap();
    assert_eq!((header.find(&["onset"]), header.find(&["offset"])), (Some(1), None));
    assert_eq!(header.others(&[Some(0), Some(1)]), [(2, "other".into())]);
    assert!(outline.header(&[&["offset"]]).is_none());
    let repeated = Outline::of("x,note,note,,column 4,note 3\n", Dialect::ANY).header(&[&["x"]]).unwrap();
    let others = [
        (1, "note".into()),
        (2, "note 4".into()),
        (3, "column 5".into()),
        (4, "column 4".into()),
        (5, "note 3".into()),
    ];
    assert_eq!(repeated.others(&[Some(0)]), others);
}

#[test]
fn a_row_of_very_many_cells_keeps_them_in_the_last() {
    let found = cells(&"a,".repeat(2 * MOST_CELLS));
    assert_eq!(found[0].len(), MOST_CELLS);
    assert_eq!(found[0].iter().map(String::len).sum::<usize>() + MOST_CELLS - 1, 4 * MOST_CELLS);
}

proptest! {
    #[test]
    fn what_is_written_as_csv_is_read_again(
        table in prop::collection::vec(prop::collection::vec("[a,;\t\"\n#= ]{0,6}", 3), 1..6)
    ) {
        let text: String = table
            .iter()
            .map(|row| row.iter().map(|cell| text::csv_text(cell, ',')).collect::<Vec<_>>().join(",") + "\r\n")
            .collect();
        let dialect = Dialect { separators: &[','], ..Dialect::ANY };
        let found: Vec<Vec<String>> = rows(&text, dialect).0.into_iter().map(|(_, cells)| cells).collect();
        let expected: Vec<Vec<String>> =
            table.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn each_line_is_in_one_row_or_none(text in "[a\",\n#=]{0,60}") {
        let (found, comments) = rows(&text, Dialect::ANY);
        let mut lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        let ends: usize =
            found.iter().map(|(_, cells)| cells.iter().map(|cell| cell.matches('\n').count()).sum::<usize>()).sum();
        let blank = text::lines(&text).filter(|(_, line)| line.chars().all(|char| char == ',' || char == '"')).count();
        let all = text::lines(&text).count();
        prop_assert!(lines.is_sorted());
        lines.dedup();
        prop_assert_eq!(lines.len(), found.len());
        prop_assert!(found.len() + ends + comments.count <= all);
        prop_assert!(found.len() + ends + comments.count + blank >= all);
    }
}
