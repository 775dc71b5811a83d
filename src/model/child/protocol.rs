//! What the two processes say to each other: frames of a header and a body.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | [`MAGIC`] |
//! | 4 | length of the header, little-endian |
//! | 8 | length of the body, little-endian |
//! | … | the header: a [`Request`] or an [`Answer`] as JSON |
//! | … | the body: the ONNX file, or the values of tensors one after the other, 32-bit floats, little-endian |
//!
//! Libraries that the child loads may print to its standard output: what stands before a frame's magic bytes is passed over, within a limit.

use super::super::backend::NetworkOutput;
use super::super::devices::{Device, DeviceList};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// What each frame begins with. No text holds a zero byte.
const MAGIC: [u8; 8] = *b"\0earmk1\0";
/// A header is a few names and numbers.
const MOST_HEADER_BYTES: u32 = 1 << 20;
/// A body is a network or a batch.
const MOST_BODY_BYTES: u64 = 4 << 30;
/// What else may stand between frames.
const MOST_FOREIGN_BYTES: usize = 1 << 20;

/// What is asked of the child.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Which devices there are.
    List,
    /// Open the network in the body.
    Open {
        /// On which device.
        device: Device,
        /// The input's name.
        input: String,
        /// Names of the outputs.
        outputs: Vec<String>,
    },
    /// Run it on the values in the body.
    Run {
        /// Their dimensions.
        shape: Vec<usize>,
    },
    /// Which nodes of the network have run on what so far. Asked once; the runs after it are not slowed by taking notes.
    Place,
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It is there: the first frame, unasked.
    Ready,
    /// The devices.
    Devices(DeviceList),
    /// The network is open.
    Opened,
    /// The values in the body are those of outputs with these dimensions.
    Outputs {
        /// The dimensions of each.
        shapes: Vec<Vec<usize>>,
    },
    /// Where the nodes ran.
    Placed(Placement),
    /// It could not be done.
    Failed {
        /// The runtime's reason.
        reason: String,
    },
}

/// Which nodes of a network ran on the device and which did not. The runtime may have put several nodes of the file together to one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Nodes that ran on the device.
    pub on_device: usize,
    /// Operators that ran on the processor, and how many nodes of each.
    pub on_cpu: BTreeMap<String, usize>,
}

/// A header with its body.
#[derive(Debug)]
pub struct Frame<T> {
    /// What is said.
    pub header: T,
    /// What goes with it.
    pub body: Vec<u8>,
}

/// Writes a frame, whole, so that the other side sees it.
pub fn write<T: Serialize>(out: &mut impl Write, header: &T, body: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    let header_bytes = u32::try_from(header.len()).map_err(io::Error::other)?;
    out.write_all(&MAGIC)?;
    out.write_all(&header_bytes.to_le_bytes())?;
    out.write_all(&(body.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    out.write_all(body)?;
    out.flush()
}

/// Reads a frame; none where the other side has ended.
pub fn read<T: DeserializeOwned>(source: &mut impl Read) -> io::Result<Option<Frame<T>>> {
    if !skip_to_magic(source)? {
        return Ok(None);
    }
    let (mut header_bytes, mut body_bytes) = ([0; 4], [0; 8]);
    source.read_exact(&mut header_bytes)?;
    source.read_exact(&mut body_bytes)?;
    let (header_bytes, body_bytes) = (u32::from_le_bytes(header_bytes), u64::from_le_bytes(body_bytes));
    if header_bytes > MOST_HEADER_BYTES || body_bytes > MOST_BODY_BYTES {
        return Err(io::Error::other(format!("a frame states {header_bytes} and {body_bytes} bytes")));
    }
    let header = serde_json::from_slice(&read_bytes(source, u64::from(header_bytes))?)?;
    Ok(Some(Frame { header, body: read_bytes(source, body_bytes)? }))
}

/// Reads as many bytes; memory is taken as they come, not as they are promised.
fn read_bytes(source: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Reads past the next magic bytes; `false` where there is nothing more at all.
fn skip_to_magic(source: &mut impl Read) -> io::Result<bool> {
    let (mut window, mut count) = ([0_u8; MAGIC.len()], 0_usize);
    loop {
        let mut byte = [0];
        if source.read(&mut byte)? == 0 {
            return if count == 0 { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        window.rotate_left(1);
        window[MAGIC.len() - 1] = byte[0];
        count += 1;
        if count >= MAGIC.len() && window == MAGIC {
            return Ok(true);
        }
        if count > MOST_FOREIGN_BYTES {
            return Err(io::Error::other("no frame begins where one should"));
        }
    }
}

/// Values as the body of a frame.
pub fn bytes_of<'a>(values: impl IntoIterator<Item = &'a [f32]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for values in values {
        bytes.reserve(values.len() * 4);
        values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    }
    bytes
}

/// The values of a body; what is no whole value is left out.
pub fn values_of(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The outputs of a body; the error says what does not fit.
pub fn outputs_of(shapes: Vec<Vec<usize>>, body: &[u8]) -> Result<Vec<NetworkOutput>, String> {
    let values = values_of(body);
    let mut rest = values.as_slice();
    let mut outputs = Vec::new();
    for shape in shapes {
        let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
        let Some((own, after)) = count.and_then(|count| rest.split_at_checked(count)) else {
            return Err(format!("its answer of {} values does not fit the shape {shape:?}", values.len()));
        };
        rest = after;
        outputs.push(NetworkOutput { values: own.to_vec(), shape });
    }
    if rest.is_empty() { Ok(outputs) } else { Err(format!("its answer has {} values too many", rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_library_prints_between_frames_is_passed_over() {
        let mut pipe = b"Warning: no such device\n".to_vec();
        write(&mut pipe, &Request::Run { shape: vec![2, 1] }, &bytes_of([&[0.5, -1.0][..]])).unwrap();
        pipe.extend_from_slice(b"\0ear");
        write(&mut pipe, &Request::Place, &[]).unwrap();
        let mut source = pipe.as_slice();
        let frame = read::<Request>(&mut source).unwrap().unwrap();
        assert!(matches!(&frame.header, Request::Run { shape } if *shape == [2, 1]));
        assert_eq!(values_of(&frame.body), [0.5, -1.0]);
        assert!(matches!(read::<Request>(&mut source).unwrap().unwrap().header, Request::Place));
        assert!(read::<Request>(&mut source).unwrap().is_none());
    }

    #[test]
    fn what_is_cut_off_or_promises_too_much_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, &Request::List, &[1, 2, 3]).unwrap();
        for end in 1..pipe.len() {
            assert!(read::<Request>(&mut &pipe[..end]).is_err(), "{end}");
        }
        pipe[12..20].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read::<Request>(&mut pipe.as_slice()).is_err());
        pipe[12..20].copy_from_slice(&(3_u64 << 30).to_le_bytes());
        assert!(read::<Request>(&mut pipe.as_slice()).is_err());
    }

    #[test]
    fn outputs_must_fill_their_shapes() {
        let body = bytes_of([&[1.0, 2.0, 3.0][..]]);
        let outputs = outputs_of(vec![vec![1, 2], vec![1]], &body).unwrap();
        assert_eq!((&outputs[0].values[..], &outputs[1].values[..]), (&[1.0, 2.0][..], &[3.0][..]));
        for wrong in [vec![vec![4]], vec![vec![2]], vec![vec![usize::MAX, 2]], vec![]] {
            assert!(outputs_of(wrong, &body).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), magic: bool) {
            let pipe = if magic { [&MAGIC[..], &bytes].concat() } else { bytes };
            // All that counts is that it comes back.
            let _ = read::<Answer>(&mut pipe.as_slice());
        }

        #[test]
        fn values_come_back_to_the_last_bit(bits in proptest::collection::vec(any::<u32>(), 0..50)) {
            let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
            let back: Vec<u32> = values_of(&bytes_of([&values[..]])).iter().map(|value| value.to_bits()).collect();
            prop_assert_eq!(back, bits);
        }
    }
}
