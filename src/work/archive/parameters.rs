//! What results depend on beside the recordings, as names and texts: two runs with the same ones give the same results.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Parameters(pub BTreeMap<String, String>);

impl Parameters {
    /// Adds one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of one; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A short name that no other parameters have.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.0 {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value.as_bytes());
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What these have otherwise than `old`, in words.
    pub fn differences(&self, old: &Self) -> String {
        let names: std::collections::BTreeSet<&String> = self.0.keys().chain(old.0.keys()).collect();
        let none = "none".to_owned();
        let told = names.into_iter().filter_map(|name| {
            let (was, is) = (old.0.get(name).unwrap_or(&none), self.0.get(name).unwrap_or(&none));
            (was != is).then(|| format!("{name}: {was}, now {is}"))
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_apart_and_their_differences_named() {
        let of = |pairs: &[(&str, &str)]| {
            let mut parameters = Parameters::default();
            pairs.iter().for_each(|(name, value)| parameters.set(name, *value));
            parameters
        };
        let (a, b) = (of(&[("model", "yamnet"), ("rule", "0.2")]), of(&[("model", "yamnet"), ("rule", "0.3")]));
        assert_eq!(a.id(), of(&[("rule", "0.2"), ("model", "yamnet")]).id());
        assert_ne!(a.id(), b.id());
        assert_ne!(of(&[("ab", "c")]).id(), of(&[("a", "bc")]).id());
        assert_eq!(b.differences(&a), "rule: 0.2, now 0.3");
        assert_eq!(of(&[("model", "yamnet")]).differences(&a), "rule: 0.2, now none");
    }
}
