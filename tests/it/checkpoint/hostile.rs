//! Broken and hostile checkpoints: an error with its reason, never a panic, and no memory that the file cannot justify.

use super::writer::{self, Entry, Form, Kind, Writing};
use super::{PLAIN, any_tensors, any_writing, message, named, small, with_pickle, zoo_bytes};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const REAL: &str = "fmn04_dcase2016task2.ckpt";

/// Beginnings of the kinds of file.
const STARTS: &[&[u8]] = &[b"", b"PK\x03\x04", b"PK\x05\x06", b"\x80\x02", b"\x10\0\0\0\0\0\0\0{"];

/// Instructions of a pickle that work on the stack, and a few values.
const CODES: &[&[u8]] = &[
    b"(",
    b"0",
    b"1",
    b"2",
    b")",
    b"]",
    b"}",
    b"\x8f",
    b"t",
    b"\x85",
    b"\x86",
    b"\x87",
    b"\x91",
    b"a",
    b"e",
    b"s",
    b"u",
    b"\x90",
    b"q\0",
    b"q\x01",
    b"h\0",
    b"h\x01",
    b"\x94",
    b"\x93",
    b"Q",
    b"R",
    b"\x81",
    b"\x92",
    b"b",
    b"N",
    b"\x88",
    b"K\x02",
    b"X\x01\0\0\0a",
    b"X\x0a\0\0\0state_dict",
    b"ccollections\nOrderedDict\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b".",
];

/// Every tensor that is read must be whole, whatever was done to the file.
fn read_or_refuse(bytes: &[u8]) {
    for tensor in named(bytes).unwrap_or_default().values() {
        assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
    }
}

#[test]
fn a_file_that_was_cut_off_is_refused_wherever_it_was_cut() {
    let bytes = zoo_bytes(REAL);
    let step = bytes.len() / 60;
    let inside = (0..bytes.len()).step_by(step);
    // The list of members stands at the end.
    let ending = (1..400).map(|missing| bytes.len() - missing);
    let beginning = 0..40;
    for length in inside.chain(ending).chain(beginning) {
        let text = message(&bytes[..length]);
        assert!(text.starts_with("written.pt: "), "{length}: {text}");
    }
}

/// The members of a small checkpoint, for doing something to its pickle that no checksum betrays.
fn members(writing: Writing) -> Vec<(String, Vec<u8>)> {
    let (storages, entries) = small();
    let pickle = writer::pickle(&storages, &entries, writing);
    vec![("data.pkl".to_owned(), pickle), ("data/0".to_owned(), vec![7; 24])]
}

#[test]
fn a_pickle_that_was_cut_off_is_refused_with_its_place() {
    for (form, protocol) in [(Form::Lightning, 2), (Form::Ordered, 4), (Form::Plain, 2)] {
        let members = members(Writing { form, protocol, ..PLAIN });
        for length in 0..members[0].1.len() {
            let mut members = members.clone();
            members[0].1.truncate(length);
            let text = message(&writer::archive(&members, false));
            assert!(text.contains("data.pkl, byte "), "{length}: {text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(
        start in prop::sample::select(STARTS),
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        read_or_refuse(&[start, &rest].concat());
    }

    #[test]
    fn any_pickle_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        read_or_refuse(&with_pickle(&body));
    }

    #[test]
    fn any_instructions_are_read_or_refused(codes in prop::collection::vec(
        prop::sample::select(CODES),
        0..60,
    )) {
        read_or_refuse(&with_pickle(&[codes.concat(), b".".to_vec()].concat()));
    }

    #[test]
    fn a_changed_pickle_is_read_or_refused(
        (storages, entries) in any_tensors(),
        writing in any_writing(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut pickle = writer::pickle(&storages, &entries, writing);
        for (index, byte) in changes {
            let index = index.index(pickle.len());
            pickle[index] = byte;
        }
        let storages = (0..storages.len()).map(|key| (format!("data/{key}"), vec![1; 4096]));
        let members: Vec<_> = std::iter::once(("data.pkl".to_owned(), pickle)).chain(storages).collect();
        read_or_refuse(&writer::archive(&members, false));
    }

    #[test]
    fn a_changed_archive_is_read_or_refused(
        (storages, entries) in any_tensors(),
        writing in any_writing(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = writer::checkpoint(&storages, &entries, writing);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        read_or_refuse(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_changed_checkpoint_of_pytorch_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..30),
    ) {
        let mut bytes = zoo_bytes(REAL);
        for (index, byte, is_near_the_end) in changes {
            let length = if is_near_the_end { 30_000 } else { bytes.len() };
            let index = bytes.len() - 1 - index.index(length);
            bytes[index] = byte;
        }
        read_or_refuse(&bytes);
    }
}

#[test]
fn claims_that_the_file_cannot_hold_are_refused_at_once() {
    let started = Instant::now();
    let (storages, mut entries) = small();
    // One number shown as two thousand million.
    entries[0].shape = vec![1 << 20, 1 << 11];
    entries[0].strides = vec![0, 0];
    let text = message(&writer::checkpoint(&storages, &entries, PLAIN));
    assert!(text.contains("with tensor \"net.weight\" it would take 8589934592 bytes"), "{text}");

    // The same few numbers under many names.
    let views: Vec<Entry> = (0..200)
        .map(|index| Entry {
            name: format!("net.{index}"),
            shape: vec![1 << 20],
            strides: vec![0],
            ..small().1.remove(0)
        })
        .collect();
    assert!(message(&writer::checkpoint(&storages, &views, PLAIN)).contains(" it would take "));

    // A shape whose product is no number, though one of its sizes is zero.
    entries[0].shape = vec![i32::MAX as usize; 3];
    entries[0].shape.push(0);
    entries[0].strides = vec![0; 4];
    assert!(message(&writer::checkpoint(&storages, &entries, PLAIN)).contains("expected a tensor within its storage"));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn what_inflates_beyond_reason_is_refused() {
    const COUNT: usize = 300 << 20;
    let mut storages = small().0;
    storages[0].kind = Kind("ByteStorage", 1);
    let entry = Entry { shape: vec![1], strides: vec![1], ..small().1.remove(0) };
    let pickle = writer::pickle(&storages, &[entry], PLAIN);
    let bytes = writer::archive(&[("data.pkl".to_owned(), pickle), ("data/0".to_owned(), vec![0; COUNT])], true);
    assert!(bytes.len() < COUNT / 500);
    let text = message(&bytes);
    assert!(text.contains("with some stem/data/0 it would take"), "{text}");
}

#[test]
fn a_pickle_without_end_is_refused() {
    // Each round takes two bytes and would copy a list of a thousand pairs.
    let pair = b"NN\x86".repeat(1000);
    let copy = b"ccollections\nOrderedDict\nh\0\x85R0".repeat(20_000);
    let body = [&b"]("[..], &pair, b"eq\0", &copy, b"."].concat();
    let text = message(&with_pickle(&body));
    assert!(text.contains("found a longer pickle, expected at most"), "{text}");
    let deep = [b"]".repeat(2 << 20), b".".to_vec()].concat();
    assert!(message(&with_pickle(&deep)).contains("found a deeper stack"));
}

#[test]
fn long_texts_and_tuples_cannot_be_shown_again_and_again() {
    let (storages, mut entries) = small();
    entries[0].shape = vec![1; 33];
    entries[0].strides = vec![1; 33];
    assert!(
        message(&writer::checkpoint(&storages, &entries, PLAIN)).contains("found 33 dimensions, expected at most 32")
    );
    let (storages, mut entries) = small();
    entries[0].name = "n".repeat(1025);
    let text = message(&writer::checkpoint(&storages, &entries, PLAIN));
    assert!(text.contains("found a name of 1025 bytes after 0 tensors") && text.len() < 600, "{text}");
}

#[test]
fn nesting_and_cycles_do_no_harm() {
    // A list in a list in a list, a hundred thousand deep, beside the tensors; and a dictionary that holds itself.
    let members = members(PLAIN);
    let pickle = &members[0].1;
    let nested = [b"]".repeat(100_000), b"a".repeat(99_999)].concat();
    let pickle = [&pickle[..pickle.len() - 1], b"X\x01\0\0\0a", &nested, b"s."].concat();
    let members = vec![("data.pkl".to_owned(), pickle), members[1].clone()];
    assert_eq!(named(&writer::archive(&members, false)).unwrap().len(), 1);
    let text = message(&with_pickle(b"}q\0X\x0a\0\0\0state_dicth\0s."));
    assert!(text.contains("no tensors"), "{text}");
    // A parameter that is made of itself.
    let text = message(&with_pickle(b"}X\x01\0\0\0actorch._utils\n_rebuild_parameter\n(]q\0h\0tRs."));
    assert!(text.contains("tensor \"a\": found a list, expected a tensor"), "{text}");
}

#[test]
fn safetensors_that_contradict_themselves_are_refused() {
    let file = |header: &str, bytes: usize| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
    };
    let good = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    assert_eq!(named(&file(good, 8)).unwrap()["a"].values, [0.0, 0.0]);
    for length in 0..file(good, 8).len() {
        assert!(named(&file(good, 8)[..length]).is_err(), "{length}");
    }
    for (header, bytes) in [
        (r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8),
        (r#"{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}"#, 4),
        (r#"{"a":{"dtype":"F32","shape":[9223372036854775807,0,9223372036854775807],"data_offsets":[0,0]}}"#, 0),
        (r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, 16),
        ("{}", 0),
    ] {
        assert!(message(&file(header, bytes)).contains("is no valid safetensors file"), "{header}");
    }
    let text = message(&file(r#"{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#, 2));
    assert!(text.contains("tensor \"a\": found numbers of type F8_E4M3"), "{text}");
}
