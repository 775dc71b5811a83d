//! Tables of columns and embeddings of an archive, beside its other results and the reference program's numbers.

use super::{root, run, said, tree};
use earmark::format::{Dcase, read_event_columns, read_file};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs;
use std::path::Path;
use std::process::Command;

fn sound(folder: &Path) {
    for name in ["mix_16k.wav", "bell_10s_16k.wav"] {
        fs::create_dir_all(folder.join("site")).unwrap();
        fs::copy(root().join("tests/data/model").join(name), folder.join("site").join(name)).unwrap();
    }
}

/// The rows of a table, cell by cell.
fn rows(path: &Path) -> Vec<Vec<(String, Field)>> {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect())
        .collect()
}

#[test]
fn tables_of_columns_hold_what_the_text_tables_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    sound(&path("in"));
    let scores = |name: &str| path(name).display().to_string();
    let joint = path("joint.parquet").display().to_string();
    let common = ["--threshold", "0.3"];
    let (code, told) = run(&path("in"), &path("text"), &[&common[..], &["--scores", &scores("text_scores")]].concat());
    assert_eq!(code, Some(0), "{told}");
    let more = ["--to", "parquet", "--scores", &scores("scores"), "--scores-to", "parquet", "--joint", &joint];
    let (code, told) = run(&path("in"), &path("columns"), &[&common[..], &more].concat());
    assert_eq!(code, Some(0), "{told}");
    let mut all = Vec::new();
    for name in ["bell_10s_16k", "mix_16k"] {
        let columns = read_event_columns(&path("columns").join(format!("site/{name}.parquet"))).unwrap();
        let text = read_file(&Dcase, &path("text").join(format!("site/{name}.tsv"))).unwrap();
        assert_eq!(columns.rows.len(), text.rows.len());
        for (column, text) in columns.rows.iter().zip(&text.rows) {
            assert_eq!(
                (&column.filename, &column.event_label, column.score),
                (&text.filename, &text.event_label, text.score)
            );
            assert!((column.span.onset_secs - text.span.onset_secs).abs() < 1e-6);
            assert!((column.span.offset_secs - text.span.offset_secs).abs() < 1e-6);
            assert!(column.score.is_some_and(|score| score > 0.3 && score <= 1.0));
        }
        all.extend(columns.rows);
        let text = fs::read_to_string(path("text_scores").join(format!("site/{name}.tsv"))).unwrap();
        let table = rows(&path("scores").join(format!("site/{name}.parquet")));
        assert_eq!(table.len(), text.lines().count() - 1);
        for (row, line) in table.iter().zip(text.lines().skip(1)) {
            let names: Vec<&str> = row.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["filename", "onset", "offset", "Bicycle bell"]);
            let numbers: Vec<f64> = line.split('\t').map(|cell| cell.parse().unwrap()).collect();
            for ((_, field), number) in row[1..].iter().zip(numbers) {
                let value = match field {
                    Field::Double(value) => *value,
                    Field::Float(value) => f64::from(*value),
                    other => panic!("{other:?}"),
                };
                assert!((value - number).abs() <= 6e-7, "{value} {number}");
            }
        }
    }
    assert!(!all.is_empty());
    assert_eq!(read_event_columns(Path::new(&joint)).unwrap().rows, all);
    let first = &rows(Path::new(&joint))[0];
    assert_eq!(first[7], ("model".to_owned(), Field::Str("bicycle-bell".to_owned())));
    assert_eq!(first[8], ("version".to_owned(), Field::Str("1".to_owned())));
}

/// `bell_10s_16k.yamnet_embeddings.npy` is what ONNX Runtime in Python makes of the reference's log-mel levels beside it: every sixth patch.
#[test]
fn embeddings_are_those_of_the_network_in_python() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("in")).unwrap();
    fs::copy(root().join("tests/data/model/bell_10s_16k.wav"), path("in/bell.wav")).unwrap();
    let (expected, shape) = crate::npy::read(&root().join("tests/data/model/bell_10s_16k.yamnet_embeddings.npy"));
    assert_eq!(shape, [4, 1024]);
    let text = |name: &str| path(name).display().to_string();
    for runtime in ["onnxruntime", "built-in"] {
        let (results, arrays, tables) =
            (text(runtime), text(&format!("{runtime}-npy")), text(&format!("{runtime}-parquet")));
        for (out, embeddings, form) in
            [(format!("{results}1"), &arrays, "npy"), (format!("{results}2"), &tables, "parquet")]
        {
            let output = Command::new(env!("CARGO_BIN_EXE_earmark"))
                .args(["detect", &text("in"), "-r", "-o", &out, "--hop", "0.48", "--runtime", runtime])
                .args(["--device", "cpu", "--embeddings", embeddings, "--embeddings-to", form])
                .env("EARMARK_MODELS", root().join("models"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        let (found, shape) = crate::npy::read(&Path::new(&arrays).join("bell.npy"));
        assert!(shape[1] == 1024 && shape[0] >= 19, "{shape:?}");
        let mut largest = 0.0_f32;
        for (place, row) in expected.chunks_exact(1024).enumerate() {
            for (a, b) in row.iter().zip(&found[6 * place * 1024..]) {
                largest = largest.max((a - b).abs());
            }
        }
        assert!(largest < 2e-3, "{runtime}: {largest}");
        // The table holds the same numbers.
        let table = rows(&Path::new(&tables).join("bell.parquet"));
        assert_eq!(table.len(), shape[0]);
        for (place, row) in table.iter().enumerate() {
            assert_eq!(row[0], ("filename".to_owned(), Field::Str("bell.wav".to_owned())));
            let Field::ListInternal(list) = &row[3].1 else { panic!("{:?}", row[3]) };
            let numbers: Vec<f32> = list
                .elements()
                .iter()
                .map(|field| if let Field::Float(number) = field { *number } else { panic!("{field:?}") })
                .collect();
            assert_eq!(numbers, &found[place * 1024..][..1024]);
        }
    }
    assert!(tree(&path("in")).len() == 1);
}

#[test]
fn models_without_embeddings_say_so() {
    let folder = tempfile::tempdir().unwrap();
    sound(&folder.path().join("in"));
    let out = folder.path().join("e").display().to_string();
    let (code, told) = run(&folder.path().join("in"), &folder.path().join("out"), &["--embeddings", &out]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("gives no embeddings that its manifest names") && told.contains("size = N"), "{told}");
}
