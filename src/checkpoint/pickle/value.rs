//! What a pickle holds. Containers lie in one list and refer to each other by index, so that a pickle may hold cycles and be of any
//! depth without recursion here.

use std::rc::Rc;

/// A value: a plain one, or a place in the list of objects.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::checkpoint) enum Value {
    None,
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A text.
    Text(Rc<str>),
    /// A container, name or call: an index into [`Pickle`]'s objects.
    Object(u32),
    /// A plain value that nothing here needs: a float, bytes, a larger integer.
    Opaque,
}

/// What is shared and may change while the pickle is read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::checkpoint) enum Object {
    /// A tuple, complete.
    Tuple(Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary in the order of its insertions; of equal keys the last one counts.
    Dict(Vec<(Value, Value)>),
    /// A set, of which nothing is kept.
    Set,
    /// The name of a class or function.
    Global { module: Rc<str>, name: Rc<str> },
    /// A call that Python would make to build the object. What is then stored in the object is not kept.
    Call { callee: Value, arguments: Value },
    /// Something kept outside the pickle, and what says where.
    Persistent(Value),
}

/// A pickle that was read.
#[derive(Clone, Debug)]
pub(in crate::checkpoint) struct Pickle {
    pub(super) objects: Vec<Object>,
    /// What was pickled.
    pub top: Value,
}

impl Pickle {
    /// The object that `value` refers to; none for plain values.
    pub fn object(&self, value: &Value) -> Option<&Object> {
        let Value::Object(index) = value else { return None };
        self.objects.get(*index as usize)
    }

    /// The pairs of a dictionary.
    pub fn dict(&self, value: &Value) -> Option<&[(Value, Value)]> {
        match self.object(value)? {
            Object::Dict(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The members of a tuple.
    pub fn tuple(&self, value: &Value) -> Option<&[Value]> {
        match self.object(value)? {
            Object::Tuple(members) => Some(members),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    pub fn global(&self, value: &Value) -> Option<(&str, &str)> {
        match self.object(value)? {
            Object::Global { module, name } => Some((module, name)),
            _ => None,
        }
    }

    /// What a value is, for a message: `a list`, `an object of torch.nn.Linear`.
    pub fn describe(&self, value: &Value) -> String {
        let plain = match value {
            Value::None => "None",
            Value::Bool(_) => "a truth value",
            Value::Int(_) => "a whole number",
            Value::Text(_) => "a text",
            Value::Opaque => "a number or bytes",
            Value::Object(_) => match self.object(value) {
                Some(Object::Tuple(_)) => "a tuple",
                Some(Object::List(_)) => "a list",
                Some(Object::Dict(_)) => "a dictionary",
                Some(Object::Set) => "a set",
                Some(Object::Persistent(_)) => "a bare storage",
                Some(Object::Global { module, name }) => return format!("the name {}", dotted(module, name)),
                Some(Object::Call { callee, .. }) => {
                    return match self.global(callee) {
                        Some((module, name)) => format!("an object made by {}", dotted(module, name)),
                        None => "an object of an unknown class".to_owned(),
                    };
                }
                None => "nothing",
            },
        };
        plain.to_owned()
    }
}

fn dotted(module: &str, name: &str) -> String {
    let quoted = super::super::error::quoted(&format!("{module}.{name}"));
    quoted.trim_matches('"').to_owned()
}
