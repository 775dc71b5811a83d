//! How the decoding lane looks: kept per user.

/// Curves in the lane, at most.
pub const MOST_CURVES: usize = 4;
const HEIGHTS: (f32, f32) = (56.0, 320.0);

/// The user's choices about the decoding lane.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct DecodingSettings {
    /// The lane is shown, where a model has scored the recording.
    pub is_shown: bool,
    /// Its height in points.
    pub height: f32,
    /// Small scores take more of the height: the axis shows cube roots.
    pub is_stretched: bool,
    /// Only the focused class is drawn, else up to [`MOST_CURVES`] classes.
    pub is_alone: bool,
}

impl Default for DecodingSettings {
    fn default() -> Self {
        Self { is_shown: true, height: 96.0, is_stretched: false, is_alone: false }
    }
}

/// Another look of the lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LaneChange {
    /// Another height, in points.
    Height(f32),
    /// Whether small scores take more of the height.
    Stretched(bool),
    /// Whether only the focused class is drawn.
    Alone(bool),
}

impl DecodingSettings {
    /// Makes a change.
    pub(super) fn change(&mut self, change: LaneChange) {
        match change {
            LaneChange::Height(height) => self.height = height,
            LaneChange::Stretched(is_stretched) => self.is_stretched = is_stretched,
            LaneChange::Alone(is_alone) => self.is_alone = is_alone,
        }
        *self = self.within_bounds();
    }

    /// The same with a height that a lane can have.
    pub(super) fn within_bounds(mut self) -> Self {
        let default = Self::default().height;
        self.height = if self.height.is_finite() { self.height.clamp(HEIGHTS.0, HEIGHTS.1) } else { default };
        self
    }
}
