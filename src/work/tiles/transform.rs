//! What becomes of frames: one number a bin, on whose maximum over time and frequency the picture's bytes are based. Holds what each plane
//! must remember from one frame to the next.

use crate::dsp::pcen::{Pcen, PcenSpec};
use crate::dsp::reassign::{PendingColumns, Reassigner};
use crate::dsp::stft::Stft;
use crate::spectrogram::{PictureKind, PyramidLayout};

/// Frames are pushed one after the other, for all planes each, and columns taken in the same order.
pub(super) enum Transform {
    /// Powers as they are.
    Level(Box<Stft>),
    /// Powers moved to where the phase says they are.
    Reassigned {
        /// The three transforms.
        reassigner: Box<Reassigner>,
        /// For each plane the columns that later frames may still add to.
        pending: Vec<PendingColumns>,
    },
    /// Magnitudes relative to their own past.
    Pcen {
        /// The transform.
        stft: Box<Stft>,
        /// For each plane what it remembers.
        pcen: Vec<Pcen>,
        /// Powers of the frame under way.
        power: Vec<f32>,
    },
}

impl Transform {
    /// At the beginning of a recording of `planes` planes.
    pub(super) fn new(layout: &PyramidLayout, kind: PictureKind, planes: usize) -> Self {
        let stft = layout.stft;
        match kind {
            PictureKind::Reassigned => Self::Reassigned {
                reassigner: Box::new(Reassigner::new(stft)),
                pending: vec![PendingColumns::new(&stft); planes],
            },
            PictureKind::Pcen => Self::Pcen {
                stft: Box::new(Stft::new(stft)),
                pcen: vec![Pcen::new(PcenSpec::LIBROSA, layout.sample_rate, &stft); planes],
                power: vec![0.0; stft.rows()],
            },
            PictureKind::Level | PictureKind::ModelInput => Self::Level(Box::new(Stft::new(stft))),
        }
    }

    /// Frames after a column that have a part in it.
    pub(super) fn look_ahead(&self) -> u64 {
        match self {
            Self::Reassigned { reassigner, .. } => reassigner.reach(),
            Self::Level(_) | Self::Pcen { .. } => 0,
        }
    }

    /// Forgets what was before; the next column that is taken is `column`. Returns the frame that must be pushed first.
    pub(super) fn restart(&mut self, column: u64) -> u64 {
        match self {
            Self::Level(_) => column,
            Self::Reassigned { reassigner, pending } => {
                pending.iter_mut().for_each(|columns| columns.restart(column));
                column.saturating_sub(reassigner.reach())
            }
            Self::Pcen { pcen, .. } => {
                pcen.iter_mut().for_each(Pcen::restart);
                pcen.first().map_or(column, |pcen| pcen.first_column(column))
            }
        }
    }

    /// Takes the samples of frame `frame` of a plane. Where a frame makes its column at once, that raises `greatest`.
    pub(super) fn push(&mut self, plane: usize, frame: u64, samples: &[f32], greatest: &mut [f32]) {
        match self {
            Self::Level(stft) => stft.accumulate_max(samples, greatest),
            Self::Reassigned { reassigner, pending } => reassigner.push(frame, samples, &mut pending[plane]),
            Self::Pcen { stft, pcen, power } => {
                power.fill(0.0);
                stft.accumulate_max(samples, power);
                pcen[plane].push(frame, power);
            }
        }
    }

    /// Raises `greatest` to the numbers of the next column of a plane.
    pub(super) fn take(&mut self, plane: usize, greatest: &mut [f32]) {
        match self {
            Self::Level(_) => {}
            Self::Reassigned { pending, .. } => pending[plane].take(greatest),
            Self::Pcen { pcen, .. } => raise(greatest, pcen[plane].values()),
        }
    }
}

fn raise(greatest: &mut [f32], values: &[f32]) {
    for (greatest, &value) in greatest.iter_mut().zip(values) {
        *greatest = if value > *greatest { value } else { *greatest };
    }
}
