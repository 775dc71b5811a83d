//! Why a variant was not made. Owns the wording.

use crate::model::ModelError;
use crate::model::import::ImportError;
use crate::onnx::variant::{Precision, VariantError};

/// Why a variant was not made. Nothing is left behind in any case.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The original cannot be read or run, or a recording cannot be read; or the caller asked to stop.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It was made of another model.
    #[error("{id} is itself the {precision} variant of {made_from}: make variants of {made_from}")]
    IsVariant {
        /// The model.
        id: String,
        /// What it is.
        precision: Precision,
        /// What it was made from.
        made_from: String,
    },
    /// The network cannot be rewritten.
    #[error("{id}: no {precision} variant can be made of its network: {source}")]
    Rewriting {
        /// The model.
        id: String,
        /// What was wanted.
        precision: Precision,
        /// Why.
        source: VariantError,
    },
    /// The network was rewritten, but does not run, or gives no scores.
    #[error("{id}: the {precision} variant of its network was made and is refused: {reason}")]
    Refused {
        /// The model.
        id: String,
        /// What was wanted.
        precision: Precision,
        /// Why.
        reason: String,
    },
    /// The recordings hold no sound.
    #[error("there is no sound in {recordings}: give other recordings")]
    Silent {
        /// The recordings.
        recordings: String,
    },
    /// The folder cannot be written, or there is one already.
    #[error(transparent)]
    Placing(#[from] ImportError),
}

impl MakeError {
    /// Whether the caller asked to stop.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Model(ModelError::Cancelled))
    }
}
