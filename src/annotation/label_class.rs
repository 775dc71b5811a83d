//! A label as the project shows it.

use std::sync::Arc;

/// One class of the project's labels; their order is that of the list they stand in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LabelClass {
    /// The label.
    pub name: Arc<str>,
    /// Its place among the label colours; none for the one that its name asks for.
    #[serde(default)]
    pub color: Option<u8>,
    /// Its events are not shown.
    #[serde(default)]
    pub is_hidden: bool,
    /// The digit key that gives it, 0 to 9; none for the one of its place.
    #[serde(default)]
    pub digit: Option<u8>,
    /// By which other names and abbreviations it is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<Arc<str>>,
    /// The class above it; empty for none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub parent: Arc<str>,
}

impl LabelClass {
    /// Shown, with the colour of its name, the key of its place, and no other name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            color: None,
            is_hidden: false,
            digit: None,
            synonyms: Vec::new(),
            parent: Arc::default(),
        }
    }
}
