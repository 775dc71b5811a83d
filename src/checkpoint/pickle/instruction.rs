//! The instructions of a pickle: bytes in, one instruction with its operands out. Knows nothing of the stack.
//!
//! The codes are those of Python's `pickletools`. The instructions that only protocols 0 and 1 use are not read.

use super::PickleError;
use super::value::Value;
use std::rc::Rc;

/// An instruction with its operands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Instruction {
    /// Says the protocol, delimits a frame, or marks a buffer as read-only: nothing to do.
    Nothing,
    Push(Value),
    Mark,
    Stop,
    Pop,
    PopMark,
    Duplicate,
    EmptyTuple,
    EmptyList,
    EmptyDict,
    EmptySet,
    /// A tuple of everything above the last mark.
    Tuple,
    /// A tuple of that many values.
    TupleOf(usize),
    FrozenSet,
    Append,
    Appends,
    SetItem,
    SetItems,
    AddItems,
    Put(u32),
    Memoize,
    Get(u32),
    Global(Rc<str>, Rc<str>),
    StackGlobal,
    Persistent,
    /// A call of a function or class with a tuple of arguments.
    Call,
    /// The same with named arguments.
    CallWithNames,
    Build,
}

/// Reads instructions one after another.
pub(super) struct Instructions<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Instructions<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Where the next instruction stands.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The next instruction.
    ///
    /// # Errors
    ///
    /// If the bytes end in it, or its code or its text is none.
    pub fn next(&mut self) -> Result<Instruction, PickleError> {
        let offset = self.offset;
        let code = self.byte()?;
        Ok(match code {
            0x80 => self.protocol()?,
            0x95 => self.take(8).map(|_| Instruction::Nothing)?,
            0x98 => Instruction::Nothing,
            b'(' => Instruction::Mark,
            b'.' => Instruction::Stop,
            b'0' => Instruction::Pop,
            b'1' => Instruction::PopMark,
            b'2' => Instruction::Duplicate,
            b')' => Instruction::EmptyTuple,
            b']' => Instruction::EmptyList,
            b'}' => Instruction::EmptyDict,
            0x8f => Instruction::EmptySet,
            b't' => Instruction::Tuple,
            0x85..=0x87 => Instruction::TupleOf(usize::from(code - 0x84)),
            0x91 => Instruction::FrozenSet,
            b'a' => Instruction::Append,
            b'e' => Instruction::Appends,
            b's' => Instruction::SetItem,
            b'u' => Instruction::SetItems,
            0x90 => Instruction::AddItems,
            b'q' => Instruction::Put(u32::from(self.byte()?)),
            b'r' => Instruction::Put(u32::from_le_bytes(self.array()?)),
            0x94 => Instruction::Memoize,
            b'h' => Instruction::Get(u32::from(self.byte()?)),
            b'j' => Instruction::Get(u32::from_le_bytes(self.array()?)),
            b'c' => Instruction::Global(self.line()?, self.line()?),
            0x93 => Instruction::StackGlobal,
            b'Q' => Instruction::Persistent,
            b'R' | 0x81 => Instruction::Call,
            0x92 => Instruction::CallWithNames,
            b'b' => Instruction::Build,
            _ => Instruction::Push(self.literal(code, offset)?),
        })
    }

    /// The value of an instruction that only pushes one.
    fn literal(&mut self, code: u8, offset: usize) -> Result<Value, PickleError> {
        Ok(match code {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::from(self.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            0x8a => {
                let length = usize::from(self.byte()?);
                integer(self.take(length)?)
            }
            0x8b => {
                let length = self.length4()?;
                integer(self.take(length)?)
            }
            b'G' => self.opaque(8)?,
            0x8c => {
                let length = usize::from(self.byte()?);
                self.text(length)?
            }
            b'X' => {
                let length = self.length4()?;
                self.text(length)?
            }
            0x8d => {
                let length = self.length8()?;
                self.text(length)?
            }
            // Texts of Python 2.
            b'U' => {
                let length = usize::from(self.byte()?);
                self.old_text(length)?
            }
            b'T' => {
                let length = self.length4()?;
                self.old_text(length)?
            }
            b'C' => {
                let length = usize::from(self.byte()?);
                self.opaque(length)?
            }
            b'B' => {
                let length = self.length4()?;
                self.opaque(length)?
            }
            0x8e | 0x96 => {
                let length = self.length8()?;
                self.opaque(length)?
            }
            // Objects of an extension registry, and buffers kept outside: neither is known here.
            0x82 => self.opaque(1)?,
            0x83 => self.opaque(2)?,
            0x84 => self.opaque(4)?,
            0x97 => Value::Opaque,
            _ => return Err(error(offset, format!("byte {code:#04x}"), "an instruction of pickle protocols 2 to 5")),
        })
    }

    fn protocol(&mut self) -> Result<Instruction, PickleError> {
        let offset = self.offset;
        match self.byte()? {
            2..=5 => Ok(Instruction::Nothing),
            other => Err(error(offset, format!("pickle protocol {other}"), "protocol 2 to 5")),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let taken = rest.get(..length).ok_or_else(|| {
            error(self.offset, format!("the end after {} more bytes", rest.len()), &format!("{length} bytes"))
        })?;
        self.offset += length;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], PickleError> {
        let mut array = [0; LENGTH];
        array.copy_from_slice(self.take(LENGTH)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        self.array().map(|[byte]| byte)
    }

    /// A length that does not fit the machine is longer than any file: taking it fails.
    fn length4(&mut self) -> Result<usize, PickleError> {
        Ok(usize::try_from(u32::from_le_bytes(self.array()?)).unwrap_or(usize::MAX))
    }

    fn length8(&mut self) -> Result<usize, PickleError> {
        Ok(usize::try_from(u64::from_le_bytes(self.array()?)).unwrap_or(usize::MAX))
    }

    fn opaque(&mut self, length: usize) -> Result<Value, PickleError> {
        self.take(length).map(|_| Value::Opaque)
    }

    fn text(&mut self, length: usize) -> Result<Value, PickleError> {
        let offset = self.offset;
        let bytes = self.take(length)?;
        // Python writes lone surrogates as if they were characters. No name of a tensor has them, other texts may.
        let text = std::str::from_utf8(bytes);
        match text {
            Ok(text) => Ok(Value::Text(text.into())),
            Err(_) if bytes.contains(&0xed) => Ok(Value::Text(String::from_utf8_lossy(bytes).into())),
            Err(_) => Err(error(offset, "a text that is not UTF-8".to_owned(), "UTF-8")),
        }
    }

    fn old_text(&mut self, length: usize) -> Result<Value, PickleError> {
        let bytes = self.take(length)?;
        Ok(std::str::from_utf8(bytes).map_or(Value::Opaque, |text| Value::Text(text.into())))
    }

    fn line(&mut self) -> Result<Rc<str>, PickleError> {
        let offset = self.offset;
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or_else(|| error(offset, "no end of the line".to_owned(), "a name and a line feed"))?;
        let line = self.take(length)?;
        self.take(1)?;
        let name = std::str::from_utf8(line);
        name.map(Into::into).map_err(|_| error(offset, "a name that is not UTF-8".to_owned(), "UTF-8"))
    }
}

/// An integer in two's complement, little-endian, as short as possible.
fn integer(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Opaque;
    }
    let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut whole = [if is_negative { 0xff } else { 0 }; 8];
    for (to, from) in whole.iter_mut().zip(bytes) {
        *to = *from;
    }
    Value::Int(i64::from_le_bytes(whole))
}

pub(super) fn error(offset: usize, found: String, expected: &str) -> PickleError {
    PickleError { offset, found, expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(bytes: &[u8]) -> Instruction {
        let mut instructions = Instructions::new(bytes);
        let instruction = instructions.next().unwrap();
        assert_eq!(instructions.offset(), bytes.len());
        instruction
    }

    #[test]
    fn integers_have_any_length_and_a_sign() {
        // The encodings are those in the documentation of pickle's LONG1.
        for (bytes, expected) in [
            (&b"\x8a\x00"[..], 0),
            (b"\x8a\x02\xff\x00", 255),
            (b"\x8a\x02\xff\x7f", 32767),
            (b"\x8a\x02\x00\xff", -256),
            (b"\x8a\x01\x80", -128),
            (b"\x8b\x01\x00\x00\x00\x7f", 127),
            (b"J\xfe\xff\xff\xff", -2),
            (b"M\xff\xff", 65535),
            (b"K\xff", 255),
        ] {
            assert_eq!(only(bytes), Instruction::Push(Value::Int(expected)), "{bytes:?}");
        }
        assert_eq!(only(b"\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09"), Instruction::Push(Value::Opaque));
    }

    #[test]
    fn texts_and_names_end_where_they_say() {
        assert_eq!(only("X\u{3}\0\0\0a\u{e9}".as_bytes()), Instruction::Push(Value::Text("a\u{e9}".into())));
        assert_eq!(only(b"\x8c\x01a"), Instruction::Push(Value::Text("a".into())));
        assert_eq!(only(b"ctorch\nFloatStorage\n"), Instruction::Global("torch".into(), "FloatStorage".into()));
        for cut in [&b"X\x05\0\0\0abcd"[..], b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", b"ctorch\nFloat", b"K", b""] {
            assert!(Instructions::new(cut).next().is_err(), "{cut:?}");
        }
    }

    #[test]
    fn other_protocols_and_codes_are_named() {
        let failure = |bytes: &[u8]| Instructions::new(bytes).next().unwrap_err();
        assert_eq!(failure(b"\x80\x06").found, "pickle protocol 6");
        assert_eq!(failure(b"\xff").found, "byte 0xff");
    }
}
