//! The stack machine of a pickle. It builds containers and keeps calls as records; it executes nothing.
//!
//! What a pickle may cost is bounded: the number of its steps, of the objects it makes, of what it remembers and the depth of its stack.

use super::PickleError;
use super::instruction::{Instruction, Instructions, error};
use super::value::{Object, Pickle, Value};
use std::collections::HashMap;

/// Instructions and copied members together: a checkpoint of a thousand tensors takes forty thousand.
const MOST_STEPS: usize = 1 << 23;
const MOST_OBJECTS: usize = 1 << 22;
const MOST_MEMORIES: usize = 1 << 22;
const MOST_DEPTH: usize = 1 << 20;

/// Classes that are dictionaries in all that matters here.
const DICT_CLASSES: &[(&str, &str)] = &[("collections", "OrderedDict"), ("builtins", "dict"), ("__builtin__", "dict")];

/// Reads a pickle.
///
/// # Errors
///
/// If the bytes are no complete pickle of protocols 2 to 5, or one that exceeds the bounds.
pub(in crate::checkpoint) fn load(bytes: &[u8]) -> Result<Pickle, PickleError> {
    let mut machine = Machine {
        instructions: Instructions::new(bytes),
        offset: 0,
        steps: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memory: HashMap::new(),
        objects: Vec::new(),
    };
    let top = machine.run()?;
    Ok(Pickle { objects: machine.objects, top })
}

struct Machine<'a> {
    instructions: Instructions<'a>,
    /// Where the instruction under way stands.
    offset: usize,
    steps: usize,
    stack: Vec<Value>,
    /// Heights of the stack at the marks.
    marks: Vec<usize>,
    memory: HashMap<u32, Value>,
    objects: Vec<Object>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Value, PickleError> {
        loop {
            self.offset = self.instructions.offset();
            self.spend(1)?;
            let instruction = self.instructions.next()?;
            if instruction == Instruction::Stop {
                return self.pop();
            }
            self.execute(instruction)?;
        }
    }

    fn execute(&mut self, instruction: Instruction) -> Result<(), PickleError> {
        match instruction {
            Instruction::Nothing | Instruction::Stop => Ok(()),
            Instruction::Push(value) => self.push(value),
            Instruction::Mark => self.mark(),
            Instruction::Pop => self.pop_value_or_mark(),
            Instruction::PopMark => self.pop_to_mark().map(|_| ()),
            Instruction::Duplicate => self.peek().and_then(|value| self.push(value)),
            Instruction::EmptyTuple => self.push_object(Object::Tuple(Vec::new())),
            Instruction::EmptyList => self.push_object(Object::List(Vec::new())),
            Instruction::EmptyDict => self.push_object(Object::Dict(Vec::new())),
            Instruction::EmptySet => self.push_object(Object::Set),
            Instruction::Tuple => self.pop_to_mark().and_then(|members| self.push_object(Object::Tuple(members))),
            Instruction::TupleOf(count) => self.tuple_of(count),
            Instruction::FrozenSet => self.pop_to_mark().and_then(|_| self.push_object(Object::Set)),
            Instruction::Append => self.pop().and_then(|value| self.append(vec![value])),
            Instruction::Appends => self.pop_to_mark().and_then(|values| self.append(values)),
            Instruction::SetItem => self.set_item(),
            Instruction::SetItems => self.pop_to_mark().and_then(|values| self.set_items(values)),
            Instruction::AddItems => self.pop_to_mark().map(|_| ()),
            Instruction::Put(index) => self.remember(index),
            Instruction::Memoize => self.remember(u32::try_from(self.memory.len()).unwrap_or(u32::MAX)),
            Instruction::Get(index) => self.recall(index),
            Instruction::Global(module, name) => self.push_object(Object::Global { module, name }),
            Instruction::StackGlobal => self.stack_global(),
            Instruction::Persistent => self.pop().and_then(|id| self.push_object(Object::Persistent(id))),
            Instruction::Call => self.call(),
            Instruction::CallWithNames => self.pop().and_then(|_| self.call()),
            // What an object is filled with is of no interest, also the `_metadata` of a state_dict.
            Instruction::Build => self.pop().and_then(|_| self.peek()).map(|_| ()),
        }
    }

    fn fail<T>(&self, found: impl Into<String>, expected: &str) -> Result<T, PickleError> {
        Err(error(self.offset, found.into(), expected))
    }

    fn spend(&mut self, steps: usize) -> Result<(), PickleError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MOST_STEPS {
            return self.fail("a longer pickle", &format!("at most {MOST_STEPS} steps"));
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Result<(), PickleError> {
        if self.stack.len() >= MOST_DEPTH {
            return self.fail("a deeper stack", &format!("at most {MOST_DEPTH} values on it"));
        }
        self.stack.push(value);
        Ok(())
    }

    fn push_object(&mut self, object: Object) -> Result<(), PickleError> {
        match u32::try_from(self.objects.len()) {
            Ok(index) if self.objects.len() < MOST_OBJECTS => {
                self.objects.push(object);
                self.push(Value::Object(index))
            }
            _ => self.fail("more objects", &format!("at most {MOST_OBJECTS}")),
        }
    }

    fn mark(&mut self) -> Result<(), PickleError> {
        if self.marks.len() >= MOST_DEPTH {
            return self.fail("a deeper stack", &format!("at most {MOST_DEPTH} marks on it"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Values above the last mark.
    fn height(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or_default().min(self.stack.len())
    }

    fn pop(&mut self) -> Result<Value, PickleError> {
        let popped = if self.height() == 0 { None } else { self.stack.pop() };
        popped.map_or_else(|| self.fail("an empty stack", "a value on it"), Ok)
    }

    fn peek(&self) -> Result<Value, PickleError> {
        let top = if self.height() == 0 { None } else { self.stack.last().cloned() };
        top.map_or_else(|| self.fail("an empty stack", "a value on it"), Ok)
    }

    /// Python pops the mark if nothing lies above it.
    fn pop_value_or_mark(&mut self) -> Result<(), PickleError> {
        if self.height() == 0 && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, PickleError> {
        match self.marks.pop() {
            Some(height) => Ok(self.stack.split_off(height.min(self.stack.len()))),
            None => self.fail("no mark on the stack", "one"),
        }
    }

    fn tuple_of(&mut self, count: usize) -> Result<(), PickleError> {
        if self.height() < count {
            return self.fail(format!("{} values on the stack", self.height()), &format!("{count} for a tuple"));
        }
        let members = self.stack.split_off(self.stack.len() - count);
        self.push_object(Object::Tuple(members))
    }

    /// The object on the top of the stack, which is about to be filled.
    fn container(&mut self) -> Result<&mut Object, PickleError> {
        let Value::Object(index) = self.peek()? else { return self.fail("a plain value", "a container to fill") };
        let offset = self.offset;
        let object = self.objects.get_mut(index as usize);
        object.ok_or_else(|| error(offset, "nothing".to_owned(), "a container to fill"))
    }

    fn append(&mut self, values: Vec<Value>) -> Result<(), PickleError> {
        match self.container()? {
            Object::List(members) => members.extend(values),
            // A list of some class of its own, such as a deque.
            Object::Call { .. } => {}
            _ => return self.fail("an object that is no list", "a list to append to"),
        }
        Ok(())
    }

    fn set_item(&mut self) -> Result<(), PickleError> {
        let value = self.pop()?;
        let key = self.pop()?;
        self.set_items(vec![key, value])
    }

    fn set_items(&mut self, values: Vec<Value>) -> Result<(), PickleError> {
        if !values.len().is_multiple_of(2) {
            return self.fail("a key without a value", "pairs of key and value");
        }
        match self.container()? {
            Object::Dict(pairs) => {
                let mut values = values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    pairs.push((key, value));
                }
            }
            // A dictionary of some class of its own, such as hyper-parameters.
            Object::Call { .. } => {}
            _ => return self.fail("an object that is no dictionary", "a dictionary to fill"),
        }
        Ok(())
    }

    fn remember(&mut self, index: u32) -> Result<(), PickleError> {
        if self.memory.len() >= MOST_MEMORIES {
            return self.fail("more remembered values", &format!("at most {MOST_MEMORIES}"));
        }
        let value = self.peek()?;
        self.memory.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), PickleError> {
        match self.memory.get(&index).cloned() {
            Some(value) => self.push(value),
            None => self.fail(format!("a reference to value {index}"), "one to a value that was remembered before"),
        }
    }

    fn stack_global(&mut self) -> Result<(), PickleError> {
        let name = self.pop()?;
        let module = self.pop()?;
        match (module, name) {
            (Value::Text(module), Value::Text(name)) => self.push_object(Object::Global { module, name }),
            _ => self.fail("values that are no texts", "module and name of a class"),
        }
    }

    fn call(&mut self) -> Result<(), PickleError> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        let object = match self.new_dict(&callee, &arguments)? {
            Some(dict) => dict,
            None => Object::Call { callee, arguments },
        };
        self.push_object(object)
    }

    /// The dictionary that the call makes, if it is a call of such a class without arguments or with a list of pairs.
    fn new_dict(&mut self, callee: &Value, arguments: &Value) -> Result<Option<Object>, PickleError> {
        let Some(Object::Global { module, name }) = self.at(callee) else { return Ok(None) };
        if !DICT_CLASSES.contains(&(module, name)) {
            return Ok(None);
        }
        let Some(Object::Tuple(arguments)) = self.at(arguments) else { return Ok(None) };
        let listed = match arguments.as_slice() {
            [] => &[][..],
            [pairs] => match self.at(pairs) {
                Some(Object::List(pairs)) => pairs,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let pairs: Option<Vec<(Value, Value)>> = listed.iter().map(|pair| self.pair(pair)).collect();
        // A list can be copied again and again by a few bytes.
        self.spend(listed.len())?;
        Ok(pairs.map(Object::Dict))
    }

    fn at(&self, value: &Value) -> Option<&Object> {
        let Value::Object(index) = value else { return None };
        self.objects.get(*index as usize)
    }

    fn pair(&self, value: &Value) -> Option<(Value, Value)> {
        match self.at(value)? {
            Object::Tuple(members) | Object::List(members) => match members.as_slice() {
                [key, value] => Some((key.clone(), value.clone())),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(bytes: &[u8]) -> (Pickle, Object) {
        let pickle = load(bytes).unwrap();
        let object = pickle.object(&pickle.top).unwrap().clone();
        (pickle, object)
    }

    fn failure(bytes: &[u8]) -> PickleError {
        load(bytes).unwrap_err()
    }

    #[test]
    fn what_is_remembered_is_shared_also_when_it_is_filled_later() {
        // `a = []; (a, a)` after which 7 is appended to the list.
        let (pickle, tuple) = top(b"\x80\x02]q\0(h\0K\x07a0h\0h\0t.");
        let Object::Tuple(members) = tuple else { panic!("{tuple:?}") };
        assert_eq!(members.len(), 2);
        assert_eq!(members[0], members[1]);
        assert_eq!(pickle.object(&members[0]), Some(&Object::List(vec![Value::Int(7)])));
        // Protocol 4 counts for itself: `["a", "a"]`.
        let (_, list) = top(b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(\x8c\x01a\x94h\x01e.");
        assert_eq!(list, Object::List(vec![Value::Text("a".into()), Value::Text("a".into())]));
    }

    #[test]
    fn a_dictionary_may_hold_itself() {
        let (pickle, dict) = top(b"\x80\x02}q\0K\x01h\0s.");
        assert_eq!(dict, Object::Dict(vec![(Value::Int(1), pickle.top.clone())]));
    }

    #[test]
    fn calls_stay_records_but_those_of_dictionaries() {
        let (pickle, call) = top(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R}X\x01\0\0\0xNsb.");
        let Object::Call { callee, arguments } = call else { panic!("{call:?}") };
        assert_eq!(pickle.global(&callee), Some(("os", "system")));
        assert_eq!(pickle.tuple(&arguments), Some(&[Value::Text("ls".into())][..]));
        assert_eq!(pickle.describe(&pickle.top), "an object made by os.system");
        // `OrderedDict([[1, None]])`, as Python 2 wrote it, and `OrderedDict()` that is filled later.
        let expected = Object::Dict(vec![(Value::Int(1), Value::None)]);
        assert_eq!(top(b"\x80\x02ccollections\nOrderedDict\n](](K\x01Nee\x85R.").1, expected);
        assert_eq!(top(b"\x80\x02ccollections\nOrderedDict\n)RK\x01Ns}b.").1, expected);
    }

    #[test]
    fn failures_name_the_place() {
        assert_eq!(failure(b"\x80\x02]K\x01").offset, 5);
        assert_eq!(failure(b"\x80\x02.").found, "an empty stack");
        // Nothing may reach below a mark.
        assert_eq!(failure(b"\x80\x02](a.").found, "an empty stack");
        assert_eq!(failure(b"\x80\x02K\x01K\x02(\x86.").expected, "2 for a tuple");
        assert_eq!(failure(b"\x80\x02]e.").found, "no mark on the stack");
        assert_eq!(failure(b"\x80\x02}(K\x01u.").found, "a key without a value");
        assert_eq!(failure(b"\x80\x02h\x05.").found, "a reference to value 5");
        assert_eq!(failure(b"\x80\x02K\x01K\x02a.").found, "a plain value");
        assert_eq!(failure(b"\x80\x02)K\x02a.").found, "an object that is no list");
    }
}
