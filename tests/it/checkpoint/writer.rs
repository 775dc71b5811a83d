//! Writes checkpoints as `torch.save` does, from tensors of any type and layout. Shares no code with the reader.

use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A type of number: PyTorch's storage class and bytes of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind(pub &'static str, pub usize);

pub const KINDS: [Kind; 10] = [
    Kind("DoubleStorage", 8),
    Kind("FloatStorage", 4),
    Kind("HalfStorage", 2),
    Kind("BFloat16Storage", 2),
    Kind("LongStorage", 8),
    Kind("IntStorage", 4),
    Kind("ShortStorage", 2),
    Kind("CharStorage", 1),
    Kind("ByteStorage", 1),
    Kind("BoolStorage", 1),
];

impl Kind {
    /// A whole number from -100 to 100 in this type, little-endian.
    fn encode(self, value: i8) -> Vec<u8> {
        match self.0 {
            "DoubleStorage" => f64::from(value).to_le_bytes().to_vec(),
            "FloatStorage" => f32::from(value).to_le_bytes().to_vec(),
            "HalfStorage" => half(value).to_le_bytes().to_vec(),
            "BFloat16Storage" => f32::from(value).to_le_bytes()[2..].to_vec(),
            "LongStorage" => i64::from(value).to_le_bytes().to_vec(),
            "IntStorage" => i32::from(value).to_le_bytes().to_vec(),
            "ShortStorage" => i16::from(value).to_le_bytes().to_vec(),
            "BoolStorage" => vec![u8::from(value != 0)],
            _ => value.to_le_bytes().to_vec(),
        }
    }

    /// What a reader should make of it.
    pub fn expected(self, value: i8) -> f32 {
        match self.0 {
            "BoolStorage" => f32::from(u8::from(value != 0)),
            "ByteStorage" => f32::from(value.cast_unsigned()),
            _ => f32::from(value),
        }
    }
}

/// A whole number in IEEE 754 binary16.
fn half(value: i8) -> u16 {
    if value == 0 {
        return 0;
    }
    let size = u16::from(value.unsigned_abs());
    let exponent = 15 - size.leading_zeros() as u16;
    (u16::from(value < 0) << 15) | ((exponent + 15) << 10) | ((size << (10 - exponent)) & 0x3ff)
}

/// Numbers of one type in memory.
#[derive(Clone, Debug)]
pub struct Storage {
    pub kind: Kind,
    pub numbers: Vec<i8>,
}

/// A view of a storage under a name.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub storage: usize,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    pub is_parameter: bool,
}

/// Around the tensors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// A dictionary.
    Plain,
    /// An `OrderedDict` with the attribute `_metadata`.
    Ordered,
    /// A checkpoint of Lightning, with the state of an optimizer and objects of classes that nobody knows.
    Lightning,
    /// Under the key `model`, beside an optimizer's state.
    Model,
}

/// How it is written.
#[derive(Clone, Copy, Debug)]
pub struct Writing {
    pub form: Form,
    /// Pickle protocol: 2 or 4.
    pub protocol: u8,
    pub is_deflated: bool,
    pub is_big_endian: bool,
}

/// The bytes of a checkpoint.
pub fn checkpoint(storages: &[Storage], entries: &[Entry], writing: Writing) -> Vec<u8> {
    let mut members = vec![
        ("data.pkl".to_owned(), pickle(storages, entries, writing)),
        (".format_version".to_owned(), b"1".to_vec()),
        ("byteorder".to_owned(), if writing.is_big_endian { b"big".to_vec() } else { b"little".to_vec() }),
    ];
    for (key, storage) in storages.iter().enumerate() {
        let mut bytes: Vec<u8> = storage.numbers.iter().flat_map(|number| storage.kind.encode(*number)).collect();
        if writing.is_big_endian {
            bytes.chunks_exact_mut(storage.kind.1).for_each(<[u8]>::reverse);
        }
        members.push((format!("data/{key}"), bytes));
    }
    members.push(("version".to_owned(), b"3\n".to_vec()));
    archive(&members, writing.is_deflated)
}

/// A zip archive of members in one folder.
pub fn archive(members: &[(String, Vec<u8>)], is_deflated: bool) -> Vec<u8> {
    let method = if is_deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(format!("some stem/{name}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The pickle of a checkpoint.
pub fn pickle(storages: &[Storage], entries: &[Entry], writing: Writing) -> Vec<u8> {
    let mut pickle = Pickle { bytes: vec![0x80, writing.protocol], protocol: writing.protocol, memories: 0 };
    if writing.protocol >= 4 {
        // A frame, whose length a reader may pass over.
        pickle.bytes.push(0x95);
        pickle.bytes.extend(1_000_u64.to_le_bytes());
    }
    match writing.form {
        Form::Plain => pickle.dict(storages, entries),
        Form::Ordered => pickle.ordered(storages, entries),
        Form::Lightning => pickle.lightning(storages, entries),
        Form::Model => {
            pickle.bytes.extend(b"}(");
            pickle.text("optimizer");
            pickle.optimizer(storages, entries);
            pickle.text("model");
            pickle.dict(storages, entries);
            pickle.bytes.push(b'u');
        }
    }
    pickle.bytes.push(b'.');
    pickle.bytes
}

struct Pickle {
    bytes: Vec<u8>,
    protocol: u8,
    memories: u8,
}

impl Pickle {
    fn text(&mut self, text: &str) {
        if self.protocol >= 4 {
            self.bytes.extend([0x8c, u8::try_from(text.len()).unwrap()]);
        } else {
            self.bytes.push(b'X');
            self.bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        }
        self.bytes.extend(text.as_bytes());
        self.remember();
    }

    fn remember(&mut self) {
        if self.protocol >= 4 {
            self.bytes.push(0x94);
        } else {
            self.bytes.extend([b'q', self.memories]);
            self.memories = self.memories.wrapping_add(1);
        }
    }

    fn integer(&mut self, value: usize) {
        if let Ok(value) = u8::try_from(value) {
            self.bytes.extend([b'K', value]);
        } else {
            self.bytes.push(b'J');
            self.bytes.extend(i32::try_from(value).unwrap().to_le_bytes());
        }
    }

    fn integers(&mut self, values: &[usize]) {
        self.bytes.push(b'(');
        values.iter().for_each(|value| self.integer(*value));
        self.bytes.push(b't');
    }

    fn global(&mut self, module: &str, name: &str) {
        if self.protocol >= 4 {
            self.text(module);
            self.text(name);
            self.bytes.push(0x93);
        } else {
            self.bytes.extend(format!("c{module}\n{name}\n").as_bytes());
        }
        self.remember();
    }

    fn tensor(&mut self, storages: &[Storage], entry: &Entry) {
        if entry.is_parameter {
            self.global("torch._utils", "_rebuild_parameter");
            self.bytes.push(b'(');
        }
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.bytes.extend(b"((");
        self.text("storage");
        self.global("torch", storages[entry.storage].kind.0);
        self.text(&entry.storage.to_string());
        self.text("cuda:0");
        self.integer(storages[entry.storage].numbers.len());
        self.bytes.extend(b"tQ");
        self.integer(entry.offset);
        self.integers(&entry.shape);
        self.integers(&entry.strides);
        self.bytes.push(0x89);
        self.hooks();
        self.bytes.extend(b"tR");
        if entry.is_parameter {
            self.bytes.push(0x88);
            self.hooks();
            self.bytes.extend(b"tR");
        }
    }

    fn hooks(&mut self) {
        self.global("collections", "OrderedDict");
        self.bytes.extend(b")R");
    }

    fn pairs(&mut self, storages: &[Storage], entries: &[Entry]) {
        self.bytes.push(b'(');
        for entry in entries {
            self.text(&entry.name);
            self.tensor(storages, entry);
        }
        self.bytes.push(b'u');
    }

    fn dict(&mut self, storages: &[Storage], entries: &[Entry]) {
        self.bytes.push(b'}');
        self.remember();
        self.pairs(storages, entries);
    }

    fn ordered(&mut self, storages: &[Storage], entries: &[Entry]) {
        self.hooks();
        self.remember();
        self.pairs(storages, entries);
        self.bytes.push(b'}');
        self.text("_metadata");
        self.hooks();
        self.bytes.extend(b"sb");
    }

    /// `{"state": {0: {"exp_avg": tensor}}, "param_groups": [{"lr": 0.1}]}`
    fn optimizer(&mut self, storages: &[Storage], entries: &[Entry]) {
        self.bytes.extend(b"}(");
        self.text("state");
        self.bytes.extend(b"}K\0}");
        self.text("exp_avg");
        self.tensor(storages, &entries[0]);
        self.bytes.extend(b"ss");
        self.text("param_groups");
        self.bytes.extend(b"]}");
        self.text("lr");
        self.bytes.push(b'G');
        self.bytes.extend(0.1_f64.to_be_bytes());
        self.bytes.extend(b"sau");
    }

    fn lightning(&mut self, storages: &[Storage], entries: &[Entry]) {
        self.bytes.extend(b"}(");
        self.text("epoch");
        self.integer(7);
        self.text("callbacks");
        self.bytes.push(b'}');
        // A class that reading in Python would run: here a name.
        self.text("run me");
        self.global("os", "system");
        self.bytes.push(b'(');
        self.text("touch harm");
        self.bytes.extend(b"tRs");
        self.text("hyper_parameters");
        self.global("lightning.fabric.utilities.data", "AttributeDict");
        self.bytes.extend(b")\x81(");
        self.text("lr");
        self.integer(1);
        self.text("path");
        self.global("pathlib", "PosixPath");
        self.bytes.push(b'(');
        self.text("runs");
        self.bytes.extend(b"tRu");
        self.text("state_dict");
        self.ordered(storages, entries);
        self.text("optimizer_states");
        self.bytes.push(b']');
        self.optimizer(storages, entries);
        self.bytes.extend(b"au");
    }
}
