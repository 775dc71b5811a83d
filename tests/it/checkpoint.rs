//! Reading checkpoints: those of PyTorch itself against what Python reads of them, and written ones of every type and layout.
//! What broken and hostile files do is in `checkpoint::hostile`.

mod hostile;
mod writer;

use earmark::checkpoint::{CheckpointError, Tensor, Tensors, from_bytes, read};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use writer::{Entry, Form, KINDS, Kind, Storage, Writing};

fn zoo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo").join(name)
}

/// The bytes of a checkpoint in `tests/data/zoo`, without the gzip around it.
fn zoo_bytes(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(zoo(name)).unwrap();
    if !name.ends_with(".gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}

fn named(bytes: &[u8]) -> Result<Tensors, CheckpointError> {
    from_bytes(Path::new("written.pt"), bytes)
}

fn message(bytes: &[u8]) -> String {
    named(bytes).unwrap_err().to_string()
}

/// The hash of `tests/data/zoo/README.md`.
fn hash(tensors: &Tensors) -> String {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(name);
        hash.update(format!("{:?}", tensor.shape));
        hash.update(tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Parameters as PyTorch counts them: no running statistics, and those that a TCN has under two names once.
fn parameter_count(tensors: &Tensors) -> usize {
    let is_statistic = |name: &str| name.contains(".running_") || name.ends_with(".num_batches_tracked");
    let is_second_name = |name: &str| name.contains(".network.") && name.contains(".net.");
    let parameters = tensors.iter().filter(|(name, _)| !is_statistic(name) && !is_second_name(name));
    parameters.map(|(_, tensor)| tensor.values.len()).sum()
}

#[test]
fn checkpoints_of_pytorch_hold_what_python_reads_of_them() {
    let table = std::fs::read_to_string(zoo("tensors.tsv")).unwrap();
    let mut seen = 0;
    for row in table.lines().skip(1) {
        let [file, tensor_count, params_total, expected_hash] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let tensors = from_bytes(Path::new(file), &zoo_bytes(file)).unwrap();
        assert_eq!(tensors.len().to_string(), tensor_count, "{file}");
        assert_eq!(hash(&tensors), expected_hash, "{file}");
        assert_eq!(parameter_count(&tensors).to_string(), params_total, "{file}");
        seen += 1;
    }
    assert_eq!(seen, 7);
}

#[test]
fn objects_of_any_class_around_the_tensors_are_passed_over() {
    for protocol in [2, 5] {
        let tensors = read(&zoo(&format!("python_objects_protocol_{protocol}.pt"))).unwrap();
        assert_eq!(tensors.keys().collect::<Vec<_>>(), ["a.t", "a.w"]);
        assert_eq!(tensors["a.w"], Tensor { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] });
        assert_eq!(tensors["a.t"], Tensor { shape: vec![3, 2], values: vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0] });
    }
}

#[test]
fn a_file_is_read_as_its_bytes_are_and_quickly() {
    let name = "fmn04_dcase2016task2.ckpt";
    let bytes = zoo_bytes(name);
    let started = Instant::now();
    let tensors = read(&zoo(name)).unwrap();
    // Two megabytes; one without optimisation takes a hundredth of this.
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(tensors, from_bytes(&zoo(name), &bytes).unwrap());
    let weight = &tensors["model.model.fmn.features.0.0.weight"];
    assert_eq!(weight.shape, [8, 1, 3, 3]);
    // The count of batches is a 64-bit integer without dimensions.
    assert_eq!(tensors["model.model.fmn.features.0.1.num_batches_tracked"].shape, [0; 0]);
}

/// What a reader should make of an entry, number by number from the definition of strides.
fn expected(storages: &[Storage], entry: &Entry) -> Tensor {
    fn visit(entry: &Entry, axis: usize, position: usize, positions: &mut Vec<usize>) {
        if axis == entry.shape.len() {
            positions.push(position);
            return;
        }
        for index in 0..entry.shape[axis] {
            visit(entry, axis + 1, position + index * entry.strides[axis], positions);
        }
    }
    let mut positions = Vec::new();
    visit(entry, 0, entry.offset, &mut positions);
    let Storage { kind, numbers } = &storages[entry.storage];
    let values = positions.into_iter().map(|position| kind.expected(numbers[position])).collect();
    Tensor { shape: entry.shape.clone(), values }
}

prop_compose! {
    /// A view with any order of its dimensions and any gaps between its numbers.
    fn any_view()(
        dimensions in prop::collection::vec((0_usize..5, 1_usize..3, any::<u8>()), 0..5),
        offset in 0_usize..9,
        is_parameter in any::<bool>(),
    ) -> Entry {
        let shape: Vec<usize> = dimensions.iter().map(|(size, _, _)| *size).collect();
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order.sort_by_key(|axis| dimensions[*axis].2);
        let mut strides = vec![0; shape.len()];
        let mut step = 1;
        for axis in order {
            strides[axis] = step * dimensions[axis].1;
            step = strides[axis] * shape[axis].max(1);
        }
        Entry { name: String::new(), storage: 0, offset, shape, strides, is_parameter }
    }
}

/// Storages and named views of them; every storage has at least one.
fn any_tensors() -> impl Strategy<Value = (Vec<Storage>, Vec<Entry>)> {
    let group = (prop::sample::select(&KINDS[..]), prop::collection::vec(any_view(), 1..3), any::<u64>());
    prop::collection::vec(group, 1..5).prop_map(|groups| {
        let (mut storages, mut entries) = (Vec::new(), Vec::new());
        for (kind, views, seed) in groups {
            let reach = |view: &Entry| {
                let steps = view.shape.iter().zip(&view.strides).map(|(size, stride)| size.saturating_sub(1) * stride);
                view.offset + steps.sum::<usize>() + 1
            };
            let count = views.iter().map(reach).max().unwrap() as u64;
            // Numbers from -100 to 100 that look random.
            let number = |index: u64| ((seed ^ index).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 201;
            let numbers = (0..count).map(|index| i8::try_from(number(index) as i64 - 100).unwrap()).collect();
            for view in views {
                entries.push(Entry {
                    name: format!("layer.{}.weight", entries.len()),
                    storage: storages.len(),
                    ..view
                });
            }
            storages.push(Storage { kind, numbers });
        }
        (storages, entries)
    })
}

fn any_writing() -> impl Strategy<Value = Writing> {
    let form = prop::sample::select(&[Form::Plain, Form::Ordered, Form::Lightning, Form::Model][..]);
    (form, prop::sample::select(&[2_u8, 4][..]), any::<bool>(), any::<bool>())
        .prop_map(|(form, protocol, is_deflated, is_big_endian)| Writing { form, protocol, is_deflated, is_big_endian })
}

proptest! {
    #[test]
    fn what_was_written_is_read((storages, entries) in any_tensors(), writing in any_writing()) {
        let tensors = named(&writer::checkpoint(&storages, &entries, writing)).unwrap();
        let expected: Tensors = entries.iter().map(|entry| (entry.name.clone(), expected(&storages, entry))).collect();
        prop_assert_eq!(tensors, expected);
    }

    #[test]
    fn safetensors_are_read(values in prop::collection::vec(-100_i8..=100, 1..40)) {
        use safetensors::{Dtype, tensor::TensorView};
        let floats: Vec<u8> = values.iter().flat_map(|value| f32::from(*value).to_le_bytes()).collect();
        let halves: Vec<u8> = values.iter().flat_map(|value| f32::from(*value).to_le_bytes()[2..].to_vec()).collect();
        let longs: Vec<u8> = values.iter().flat_map(|value| i64::from(*value).to_le_bytes()).collect();
        let shape = vec![values.len()];
        let views = [("a", Dtype::F32, &floats), ("b", Dtype::BF16, &halves), ("c", Dtype::I64, &longs)]
            .map(|(name, kind, bytes)| (name, TensorView::new(kind, shape.clone(), bytes).unwrap()));
        let tensors = named(&safetensors::serialize(views, None).unwrap()).unwrap();
        let expected: Vec<f32> = values.iter().map(|value| f32::from(*value)).collect();
        prop_assert_eq!(tensors.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        for tensor in tensors.values() {
            prop_assert_eq!(&tensor.shape, &shape);
            prop_assert_eq!(&tensor.values, &expected);
        }
    }
}

const PLAIN: Writing = Writing { form: Form::Plain, protocol: 2, is_deflated: false, is_big_endian: false };

/// A storage of six numbers, and one matrix of two rows in it.
fn small() -> (Vec<Storage>, Vec<Entry>) {
    let storage = Storage { kind: Kind("FloatStorage", 4), numbers: vec![1, 2, 3, 4, 5, 6] };
    let (shape, strides) = (vec![2, 3], vec![3, 1]);
    let entry = Entry { name: "net.weight".to_owned(), storage: 0, offset: 0, shape, strides, is_parameter: false };
    (vec![storage], vec![entry])
}

#[test]
fn a_storage_may_be_missing_only_if_nothing_is_in_it() {
    let (mut storages, mut entries) = small();
    storages[0].numbers.truncate(5);
    let text = message(&writer::checkpoint(&storages, &entries, PLAIN));
    let expected = "written.pt: tensor \"net.weight\": found shape [2, 3] with strides [3, 1] from position 0, \
                    expected a tensor within its storage of 5 numbers: ";
    assert!(text.starts_with(expected), "{text}");

    let (storages, _) = small();
    let pickle = writer::pickle(&storages, &entries, PLAIN);
    let members = |bytes: usize| [("data.pkl".to_owned(), pickle.clone()), ("data/0".to_owned(), vec![0; bytes])];
    assert!(named(&writer::archive(&members(24), false)).is_ok());
    let text = message(&writer::archive(&members(20), false));
    assert!(text.contains("found 20 bytes in \"data/0\", expected 6 numbers of 4 bytes"), "{text}");
    let text = message(&writer::archive(&members(24)[..1], false));
    assert!(text.contains("some stem/data/0: found"), "{text}");

    entries[0].shape = vec![0, 3];
    let empty = Storage { kind: Kind("FloatStorage", 4), numbers: Vec::new() };
    let pickle = writer::pickle(&[empty], &entries, PLAIN);
    let tensors = named(&writer::archive(&[("data.pkl".to_owned(), pickle)], false)).unwrap();
    assert_eq!(tensors["net.weight"], Tensor { shape: vec![0, 3], values: Vec::new() });
}

/// An archive with nothing but this pickle, of protocol 2.
fn with_pickle(body: &[u8]) -> Vec<u8> {
    writer::archive(&[("data.pkl".to_owned(), [b"\x80\x02", body].concat())], false)
}

/// A dictionary with a tensor that cannot be read, but is one, under each of the keys, in dictionaries of their own.
fn nested(keys: &[&str]) -> Vec<u8> {
    let text = |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let mut body = b"}(".to_vec();
    for key in keys {
        body.extend(text(key));
        body.extend(b"}");
        body.extend(text("weight"));
        body.extend(b"ctorch._utils\n_rebuild_sparse_tensor\n)Rs");
    }
    body.extend(b"u.");
    with_pickle(&body)
}

#[test]
fn what_holds_no_tensors_or_more_than_one_set_is_refused_with_a_remedy() {
    let text = message(&with_pickle(b"ctorch.nn.modules.linear\nLinear\n)\x81}b."));
    assert!(text.contains("holds an object made by torch.nn.modules.linear.Linear, expected a dictionary"), "{text}");
    assert!(text.contains("torch.save(model.state_dict(), \"new.pt\")"), "{text}");
    let text = message(&with_pickle(b"}X\x05\0\0\0epochK\x01s."));
    assert!(text.contains("without tensors and with the keys \"epoch\""), "{text}");
    let text = message(&with_pickle(b"}X\x0a\0\0\0state_dict}s."));
    assert!(text.contains("no tensors under \"state_dict\""), "{text}");

    let text = message(&nested(&["model", "ema"]));
    assert!(text.contains("tensors under each of \"model\", \"ema\""), "{text}");
    assert!(text.contains("torch.load(\"old.pt\")[\"model\"]"), "{text}");
    // Both are clear, and the tensor is what is wrong.
    for keys in [&["model"][..], &["model", "state_dict"], &["optimizer", "ema"]] {
        let text = message(&nested(keys));
        assert!(
            text.contains("tensor \"weight\": found an object made by torch._utils._rebuild_sparse_tensor"),
            "{text}"
        );
    }
}

#[test]
fn names_and_plain_values_among_tensors_are_passed_over_but_not_objects() {
    let (storages, entries) = small();
    let pickle = writer::pickle(&storages, &entries, PLAIN);
    let with = |extra: &[u8]| {
        let pickle = [&pickle[..pickle.len() - 1], extra, b"s."].concat();
        let members = [("data.pkl".to_owned(), pickle), ("data/0".to_owned(), vec![0; 24])];
        named(&writer::archive(&members, false))
    };
    for extra in
        [&b"X\x01\0\0\0aK\x01"[..], b"X\x01\0\0\0a]", b"X\x01\0\0\0aN", b"X\x0e\0\0\0a._extra_statecio\nBytesIO\n)R"]
    {
        assert_eq!(with(extra).unwrap().len(), 1, "{extra:?}");
    }
    let text = with(b"X\x01\0\0\0acnumpy\nndarray\n)R").unwrap_err().to_string();
    assert!(text.contains("tensor \"a\": found an object made by numpy.ndarray, expected a tensor"), "{text}");
}

#[test]
fn other_archives_are_named() {
    let text = message(&writer::archive(&[("word/document.xml".to_owned(), Vec::new())], false));
    assert!(text.contains("a zip archive without data.pkl"), "{text}");
    let members = ["data.pkl", "constants.pkl"].map(|name| (name.to_owned(), b"\x80\x02}.".to_vec()));
    let text = message(&writer::archive(&members, false));
    assert!(text.contains("a TorchScript program") && text.contains("torch.jit.load"), "{text}");
}
