//! The sequence models, one file a kind: from the backbone's maps `[batch, channel, 1, row]` to rows `[batch, row, feature]`.

mod attention;
mod gru;
mod hybrid;
mod mamba;
mod tcn;

use super::ZooError;
use super::architecture::{Sequence, SequenceKind};
use super::writer::Writer;
use crate::onnx::Value;

/// How many rows there are: known, or chosen at each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowCount {
    Fixed(usize),
    Open,
}

impl Writer<'_> {
    /// Writes the sequence model over the backbone's `channels`.
    pub fn sequence(
        &mut self,
        maps: &Value,
        channels: usize,
        sequence: &Sequence,
        rows: RowCount,
    ) -> Result<Value, ZooError> {
        let projected = match sequence.is_projected {
            true => self.linear_maps(maps, "seq_model.0", channels, sequence.dim)?,
            false => maps.clone(),
        };
        match sequence.kind {
            SequenceKind::Gru => self.gru(&projected, channels, sequence),
            // It stays with maps, which convolutions take.
            SequenceKind::Tcn => {
                let maps = self.tcn(&projected, sequence)?;
                Ok(self.rows_of_maps(&maps))
            }
            SequenceKind::Transformer => {
                let frames = self.rows_of_maps(&projected);
                self.transformer(&frames, sequence, rows)
            }
            SequenceKind::Attention => {
                let frames = self.rows_of_maps(&projected);
                self.attention_layers(&frames, sequence, rows)
            }
            SequenceKind::Hybrid => {
                let frames = self.rows_of_maps(&projected);
                self.hybrid(&frames, sequence, rows)
            }
            SequenceKind::Mamba => {
                let frames = self.rows_of_maps(&projected);
                self.mamba(&frames, sequence, rows)
            }
        }
    }
}
