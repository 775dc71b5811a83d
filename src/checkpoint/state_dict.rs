//! Which dictionary of a pickle holds the weights: the object itself, or what lies under a key that is known to hold them.

use super::error::{Mismatch, quoted};
use super::pickle::{Object, Pickle, Value};

/// The key that decides, whatever else there is: what Lightning and most training scripts write.
const DECISIVE_KEY: &str = "state_dict";

/// Keys under which weights are also kept, if only one of them holds tensors.
const OTHER_KEYS: &[&str] = &[
    "model",
    "model_state_dict",
    "model_state",
    "ema",
    "ema_model",
    "ema_state_dict",
    "model_ema",
    "state_dict_ema",
    "module",
    "net",
    "network",
    "weights",
];

/// Functions of `torch._utils` that make tensors, be it such as cannot be read.
const MAKERS: &str = "_rebuild_";

/// Why no dictionary could be chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoChoice {
    /// None holds tensors.
    None(Mismatch),
    /// Each of these keys does.
    Several(Vec<String>),
}

/// The pairs of the dictionary that holds the weights.
///
/// # Errors
///
/// If there is none, or more than one.
pub(super) fn find(pickle: &Pickle) -> Result<&[(Value, Value)], NoChoice> {
    let none = |found: String| NoChoice::None(Mismatch::new(found, expected_keys()));
    let Some(top) = pickle.dict(&pickle.top) else { return Err(none(pickle.describe(&pickle.top))) };
    if let Some(chosen) = entry(top, DECISIVE_KEY).and_then(|value| pickle.dict(value)) {
        return if holds_tensors(pickle, chosen) {
            Ok(chosen)
        } else {
            Err(none(format!("no tensors under \"{DECISIVE_KEY}\"")))
        };
    }
    if holds_tensors(pickle, top) {
        return Ok(top);
    }
    let nested = OTHER_KEYS.iter().filter_map(|key| Some((*key, pickle.dict(entry(top, key)?)?)));
    let nested: Vec<_> = nested.filter(|(_, pairs)| holds_tensors(pickle, pairs)).collect();
    match nested.as_slice() {
        [(_, pairs)] => Ok(*pairs),
        [] => Err(none(description(pickle, top))),
        several => Err(NoChoice::Several(several.iter().map(|(key, _)| (*key).to_owned()).collect())),
    }
}

/// Whether `value` is a tensor, or something made like one that cannot be read.
pub(super) fn is_tensor_like(pickle: &Pickle, value: &Value) -> bool {
    let Some(Object::Call { callee, .. }) = pickle.object(value) else { return false };
    pickle.global(callee).is_some_and(|(module, name)| module.starts_with("torch") && name.starts_with(MAKERS))
}

fn holds_tensors(pickle: &Pickle, pairs: &[(Value, Value)]) -> bool {
    pairs.iter().any(|(_, value)| is_tensor_like(pickle, value))
}

/// The value under `key` that was set last.
fn entry<'a>(pairs: &'a [(Value, Value)], key: &str) -> Option<&'a Value> {
    let is_meant = |candidate: &Value| matches!(candidate, Value::Text(text) if **text == *key);
    pairs.iter().rev().find(|(candidate, _)| is_meant(candidate)).map(|(_, value)| value)
}

fn expected_keys() -> String {
    let keys: Vec<String> = std::iter::once(&DECISIVE_KEY).chain(OTHER_KEYS).map(|key| quoted(key)).collect();
    format!("one of the keys {}", keys.join(", "))
}

fn description(pickle: &Pickle, pairs: &[(Value, Value)]) -> String {
    const MOST_KEYS: usize = 12;
    let key = |value: &Value| match value {
        Value::Text(text) => quoted(text),
        other => pickle.describe(other),
    };
    if pairs.is_empty() {
        return "an empty dictionary".to_owned();
    }
    let keys: Vec<String> = pairs.iter().take(MOST_KEYS).map(|(name, _)| key(name)).collect();
    let more = if pairs.len() > MOST_KEYS { ", …" } else { "" };
    format!("a dictionary without tensors and with the keys {}{more}", keys.join(", "))
}
