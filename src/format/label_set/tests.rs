//! Files with the quirks of other programs.

use super::*;
use proptest::prelude::*;

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.labels.iter().map(|label| label.name.as_str()).collect()
}

fn read(bytes: &[u8]) -> (Reading, Outcome) {
    let reading = Reading::guess(bytes);
    let outcome = reading.outcome();
    (reading, outcome)
}

#[test]
fn one_column_is_a_list_of_names() {
    let (reading, outcome) = read(b"Dog\r\n\r\nWalk, footsteps\r\nDog\r\n# mine\r\n");
    assert!(!reading.has_header && reading.columns == [Column::Name]);
    assert_eq!(names(&outcome), ["Dog", "Walk, footsteps"]);
    let rejects: Vec<(usize, &str)> =
        outcome.rejects.iter().map(|reject| (reject.line, reject.text.as_str())).collect();
    assert_eq!(rejects, [(4, "\"Dog\" stands in line 1 already"), (5, "a comment")]);
    assert!(Reading::guess(b"Label\nDog\n").has_header);
    assert!(!Reading::guess(b"Key\nDog\n").has_header, "a key jingles");
}

#[test]
fn columns_are_known_by_their_titles_in_any_encoding() {
    let text = "Scientific name\tCommon name\teBird code\tFamily\tColour\tKey\tNotes\n\
                Turdus merula\tCommon blackbird\teurbla\tTurdidae\t#d08020\t1\tsings\n\
                Larus argentatus\tHerring gull\thergul\tLaridae\t3\t1\t\n\
                \t\t\t\t\t\tlost\n\
                Alca torda\tRazorbill\trazorb\tAlcidae\tred\tF1\t\n";
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [text.as_bytes(), &utf16, format!("\u{feff}{text}").as_bytes()] {
        let (reading, outcome) = read(bytes);
        use Column::{Code, Color, Ignored, Key, Name, OtherNames, Parent};
        assert_eq!(reading.columns, [OtherNames, Name, Code, Parent, Color, Key, Ignored]);
        assert_eq!(names(&outcome), ["Common blackbird", "Herring gull", "Razorbill"]);
        let first = &outcome.labels[0];
        assert_eq!(first.synonyms, ["Turdus merula", "eurbla"]);
        assert_eq!((first.parent.as_str(), first.key), ("Turdidae", Some(1)));
        assert_eq!(first.color, Some(StatedColor::Rgb([0xd0, 0x80, 0x20])));
        assert_eq!((outcome.labels[1].color, outcome.labels[1].key), (Some(StatedColor::Place(2)), None));
        assert_eq!(outcome.rejects, [Remark { line: 4, text: "no name".to_owned() }]);
        let lines: Vec<usize> = outcome.remarks.iter().map(|remark| remark.line).collect();
        assert_eq!(lines, [3, 5, 5], "{:?}", outcome.remarks);
    }
}

#[test]
fn latin_letters_come_through_and_are_told() {
    let (reading, outcome) = read(b"name;synonyms\nM\xf6we;Silberm\xf6we|gull\n");
    assert!(reading.encoding_note.is_some());
    assert_eq!(names(&outcome), ["Möwe"]);
    assert_eq!(outcome.labels[0].synonyms, ["Silbermöwe", "gull"]);
}

#[test]
fn a_numbered_list_without_titles_has_its_names_in_the_second_column() {
    let (reading, outcome) = read(b"0,Speech\n1,\"Walk, footsteps\"\n2,Dog\n");
    assert_eq!(reading.columns, [Column::Ignored, Column::Name]);
    assert_eq!(names(&outcome), ["Speech", "Walk, footsteps", "Dog"]);
    let (_, outcome) =
        read(b"index,mid,display_name\n0,/m/09x0r,\"Speech\"\n1,/m/05zppz,\"Male speech, man speaking\"\n");
    assert_eq!(names(&outcome), ["Speech", "Male speech, man speaking"]);
    assert_eq!(outcome.labels[0].synonyms, ["/m/09x0r"]);
}

#[test]
fn a_meaning_that_stands_once_moves() {
    let mut reading = Reading::guess(b"name,common name\nTurdus merula,Blackbird\n");
    assert_eq!(reading.columns, [Column::Name, Column::OtherNames]);
    reading.set_column(1, Column::Name);
    assert_eq!(reading.columns, [Column::Ignored, Column::Name]);
    reading.set_column(0, Column::OtherNames);
    assert_eq!(reading.outcome().labels[0].synonyms, ["Turdus merula"]);
    assert!(reading.outcome().searchable().contains("Blackbird"));
}

#[test]
fn nothing_comes_of_nothing() {
    for bytes in [&b""[..], b"\n\n", b"\xff\xfe", b"\0\0\0", b"name\n"] {
        let (_, outcome) = read(bytes);
        assert_eq!(outcome, Outcome::default(), "{bytes:?}");
    }
}

fn class() -> impl Strategy<Value = LabelClass> {
    let word = "[A-Za-zö#\",;'0-9][a-z ,\"|;é]{0,8}[a-z]";
    let synonym = "[a-z][a-z ,\"]{0,8}[a-z]";
    let parts = (word, prop::collection::vec(synonym, 0..3), "[a-z]{0,6}", prop::option::of(0_u8..10));
    parts.prop_map(|(name, synonyms, parent, color)| {
        let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        LabelClass {
            color,
            synonyms: synonyms.into_iter().map(|synonym| joined(synonym).into()).collect(),
            parent: parent.into(),
            ..LabelClass::new(joined(name))
        }
    })
}

proptest! {
    #[test]
    fn every_row_is_a_label_or_a_reject(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (reading, outcome) = read(&bytes);
        prop_assert_eq!(reading.rows().len(), outcome.labels.len() + outcome.rejects.len());
    }

    #[test]
    fn every_row_of_a_table_is_a_label_or_a_reject(text in "([\"',;\t|#a-cé ]{0,6}[,;\t\n\r\"]){0,40}") {
        for separator in Separator::ALL.map(Some).into_iter().chain([None]) {
            let reading = Reading::with_separator(text.as_bytes(), separator);
            let outcome = reading.outcome();
            prop_assert_eq!(reading.rows().len(), outcome.labels.len() + outcome.rejects.len());
            prop_assert!(outcome.labels.iter().all(|label| !label.name.trim().is_empty()));
        }
    }

    #[test]
    fn what_is_exported_is_read_again(classes in prop::collection::vec(class(), 1..12)) {
        let mut classes = classes;
        classes.sort_by(|a, b| a.name.cmp(&b.name));
        classes.dedup_by(|a, b| a.name == b.name);
        let (reading, outcome) = read(to_csv(&classes).as_bytes());
        prop_assert!(reading.has_header && outcome.rejects.is_empty(), "{:?}", outcome);
        prop_assert_eq!(outcome.labels.len(), classes.len());
        for (label, class) in outcome.labels.iter().zip(&classes) {
            prop_assert_eq!(&label.name, &*class.name);
            prop_assert_eq!(&label.parent, &*class.parent);
            prop_assert_eq!(label.color, class.color.map(StatedColor::Place));
            let synonyms: Vec<&str> = class.synonyms.iter().map(|synonym| &**synonym).filter(|own| *own != &*class.name).collect();
            prop_assert_eq!(&label.synonyms, &synonyms);
        }
    }
}
