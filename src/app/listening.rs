//! Playing, seeking and looping, and how it sounds: speed, pitch, band, what is heard around an event.

use super::command::Command;
use super::editing::Edge;
use super::workbench::Workbench;
use crate::playback::{ListeningMode, Tuning};
use crate::time::Span;

/// How close to the end playing starts from the beginning again.
const END_SECS: f64 = 0.02;
/// What is heard of an edge on each side.
const EDGE_SECS: f64 = 0.3;
/// The longest pre-roll and post-roll.
const MOST_ROLL_SECS: f64 = 10.0;
/// What a heterodyne is tuned to where nobody has tuned it and the view has it.
const HETERODYNE_HZ: f64 = 40_000.0;
/// The lowest frequency that a heterodyne can be tuned to.
const LEAST_HETERODYNE_HZ: f64 = 1_000.0;

/// How a user likes to listen.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ListeningSettings {
    /// `pitch-kept`, `expanded` or `heterodyne`.
    pub mode: String,
    /// The frequency in hertz that a heterodyne makes audible; none for the one that fits the view.
    pub heterodyne_hz: Option<f64>,
    /// What is heard before an event that is played, 0 to 10 s.
    pub pre_roll_secs: f64,
    /// What is heard after it, 0 to 10 s.
    pub post_roll_secs: f64,
}

impl Default for ListeningSettings {
    fn default() -> Self {
        let mode = mode_word(ListeningMode::PitchKept).to_owned();
        Self { mode, heterodyne_hz: None, pre_roll_secs: 0.2, post_roll_secs: 0.2 }
    }
}

impl ListeningSettings {
    /// What becomes of the pitch.
    pub fn mode(&self) -> ListeningMode {
        let is_meant = |mode: &ListeningMode| mode_word(*mode) == self.mode;
        ListeningMode::ALL.into_iter().find(is_meant).unwrap_or_default()
    }

    pub(super) fn within_bounds(mut self) -> Self {
        let clamp = |secs: f64| if secs.is_finite() { secs.clamp(0.0, MOST_ROLL_SECS) } else { 0.2 };
        self.pre_roll_secs = clamp(self.pre_roll_secs);
        self.post_roll_secs = clamp(self.post_roll_secs);
        self.heterodyne_hz = self.heterodyne_hz.filter(|hz| hz.is_finite());
        self
    }
}

fn mode_word(mode: ListeningMode) -> &'static str {
    match mode {
        ListeningMode::PitchKept => "pitch-kept",
        ListeningMode::Expanded => "expanded",
        ListeningMode::Heterodyne => "heterodyne",
    }
}

/// What of listening ends with the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Listening {
    /// Seconds of the recording heard in a second, 0.05 to 4.
    pub speed: f64,
    /// Only one band of frequencies is heard.
    pub is_banded: bool,
    /// A span was asked for last, not to play on from the playhead.
    pub(super) is_span: bool,
}

impl Default for Listening {
    fn default() -> Self {
        Self { speed: 1.0, is_banded: false, is_span: false }
    }
}

/// Which side of which edge is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardEdge {
    edge: Edge,
    before: bool,
    after: bool,
}

impl Command {
    /// The steps of the speed.
    pub const SPEEDS: [Self; 6] =
        [Self::SpeedTwentieth, Self::SpeedTenth, Self::SpeedQuarter, Self::SpeedHalf, Self::SpeedOne, Self::SpeedTwo];

    /// The speed that a command sets.
    pub fn speed(self) -> Option<f64> {
        let place = Self::SPEEDS.into_iter().position(|command| command == self)?;
        [0.05, 0.1, 0.25, 0.5, 1.0, 2.0].get(place).copied()
    }

    /// The edge that a command makes heard.
    pub fn heard_edge(self) -> Option<HeardEdge> {
        let heard = |edge, before, after| Some(HeardEdge { edge, before, after });
        match self {
            Self::HearOnset => heard(Edge::Onset, true, true),
            Self::HearBeforeOnset => heard(Edge::Onset, true, false),
            Self::HearAfterOnset => heard(Edge::Onset, false, true),
            Self::HearOffset => heard(Edge::Offset, true, true),
            Self::HearBeforeOffset => heard(Edge::Offset, true, false),
            Self::HearAfterOffset => heard(Edge::Offset, false, true),
            _ => None,
        }
    }
}

impl Workbench {
    /// Does what a command of the menu of sound says.
    pub(super) fn perform_sound(&mut self, command: Command) {
        if let Some(speed) = command.speed() {
            return self.set_speed(speed);
        }
        match command {
            Command::JumpBack => self.jump(-1.0),
            Command::JumpForward => self.jump(1.0),
            Command::JumpFarBack => self.jump(-5.0),
            Command::JumpFarForward => self.jump(5.0),
            Command::FrameBack => self.jump(-self.model_frame_secs()),
            Command::FrameForward => self.jump(self.model_frame_secs()),
            Command::ToggleBand => self.listening.is_banded = !self.listening.is_banded,
            Command::NextListeningMode => self.set_listening_mode(self.settings.listening.mode().next()),
            _ => self.play_on_request(command),
        }
    }

    /// Plays because a person asks for sound, who is told if there is none.
    fn play_on_request(&mut self, command: Command) {
        self.silence_told = false;
        match command {
            Command::PlayEvent => self.play_selected(),
            Command::LoopEvent => self.loop_selected(),
            Command::LoopSelected => {
                if let Some(span) = self.selected_mark().map(|mark| mark.span) {
                    self.play_span(span, true);
                }
            }
            _ => match command.heard_edge() {
                Some(heard) => self.play_edge(heard),
                None => self.play_or_pause(),
            },
        }
    }

    /// Plays from the playhead, or pauses.
    pub(super) fn play_or_pause(&mut self) {
        let at = self.playhead_secs();
        let end = self.whole().offset_secs;
        let Some(open) = &mut self.open else { return };
        if self.player.is_playing() {
            open.rest_secs = at;
            self.player.pause();
        } else {
            let from = if at >= end - END_SECS { 0.0 } else { at };
            self.play_on_from(from);
        }
    }

    /// Plays from a moment on, as far as recordings go.
    pub(super) fn play_on_from(&mut self, secs: f64) {
        self.listening.is_span = false;
        self.tune();
        self.player.play(secs);
    }

    /// Plays what is selected once.
    pub(super) fn play_selected(&mut self) {
        let (pre, post) = (self.settings.listening.pre_roll_secs, self.settings.listening.post_roll_secs);
        if let Some(span) = self.selected_mark().map(|mark| mark.span) {
            self.play_span(Span::between(span.onset_secs - pre, span.offset_secs + post), false);
        }
    }

    /// Plays around an edge of what is selected.
    fn play_edge(&mut self, heard: HeardEdge) {
        let Some(span) = self.selected_mark().map(|mark| mark.span) else { return };
        let at = match heard.edge {
            Edge::Onset => span.onset_secs,
            Edge::Offset => span.offset_secs,
        };
        let side = |is_heard: bool| if is_heard { EDGE_SECS } else { 0.0 };
        self.play_span(Span::between(at - side(heard.before), at + side(heard.after)), false);
    }

    /// Plays what a key has selected, if the user wants that.
    pub(super) fn audition_selected(&mut self) {
        if self.plays_by_itself() {
            self.play_selected();
        }
    }

    /// Plays what is selected, or what is in view, again and again; stops if it does so already.
    pub(super) fn loop_selected(&mut self) {
        let Some(open) = &self.open else { return };
        let span = self.selected_mark().map_or(open.viewport.span(), |mark| mark.span);
        if self.player.is_looping() {
            self.play_or_pause();
        } else {
            self.play_span(span, true);
        }
    }

    /// Plays a span within the recording.
    pub(super) fn play_span(&mut self, span: Span, looped: bool) {
        let span = span.clipped(self.whole().offset_secs);
        if let Some(open) = &mut self.open
            && span.duration_secs() > 0.0
        {
            open.rest_secs = span.onset_secs;
            self.listening.is_span = true;
            self.tune();
            self.player.play_span(span, looped);
        }
    }

    /// Puts the playhead somewhere; what plays goes on from there.
    pub(super) fn seek(&mut self, secs: f64) {
        let secs = secs.clamp(0.0, self.whole().offset_secs);
        let Some(open) = &mut self.open else { return };
        open.rest_secs = secs;
        if self.player.is_playing() {
            self.play_on_from(secs);
        }
    }

    /// How long a frame of the model is that has run over the open recording; 10 ms where none has.
    pub fn model_frame_secs(&self) -> f64 {
        self.scored_here().map_or(0.010, |scored| scored.scores.axis.hop_secs)
    }

    /// Moves the playhead and keeps it in view.
    pub(super) fn jump(&mut self, by_secs: f64) {
        self.go_to(self.playhead_secs() + by_secs);
    }

    /// Puts the playhead somewhere and brings it into view.
    pub(super) fn go_to(&mut self, secs: f64) {
        self.seek(secs);
        let at = self.playhead_secs();
        if let Some(open) = &mut self.open {
            open.viewport.reveal(at);
        }
    }

    pub(super) fn set_speed(&mut self, speed: f64) {
        if speed.is_finite() {
            self.listening.speed = speed.clamp(Tuning::LEAST_SPEED, Tuning::MOST_SPEED);
        }
    }

    /// A heterodyne begins at the recording's own speed.
    pub(super) fn set_listening_mode(&mut self, mode: ListeningMode) {
        if mode == ListeningMode::Heterodyne && self.settings.listening.mode() != mode {
            self.listening.speed = 1.0;
        }
        self.settings.listening.mode = mode_word(mode).to_owned();
    }

    pub(super) fn set_rolls(&mut self, pre_secs: f64, post_secs: f64) {
        let settings = &mut self.settings.listening;
        (settings.pre_roll_secs, settings.post_roll_secs) = (pre_secs, post_secs);
        *settings = settings.clone().within_bounds();
    }

    /// Has what is heard follow the choices and the view.
    pub(super) fn tune(&mut self) {
        self.player.set_tuning(self.tuning());
    }

    /// How it is listened to now.
    pub fn tuning(&self) -> Tuning {
        let event_band = self.selected_mark().and_then(|mark| mark.band).map(|band| (band.low_hz, band.high_hz));
        let band_hz = if self.listening.is_banded { self.listening_band(event_band) } else { None };
        Tuning {
            speed: self.listening.speed,
            mode: self.settings.listening.mode(),
            heterodyne_hz: self.heterodyne_hz(),
            band_hz,
        }
    }

    /// The frequencies in hertz, low and high, that are heard alone: those of an event, else those in view.
    fn listening_band(&self, event_band: Option<(f64, f64)>) -> Option<(f64, f64)> {
        event_band.or_else(|| self.open.as_ref().map(|open| open.frequencies))
    }

    /// The frequency in hertz that a heterodyne makes audible: what was tuned in; else 40 kHz if that is in view, else the middle of the
    /// view. Never above what the recording has.
    pub fn heterodyne_hz(&self) -> f64 {
        let Some(open) = &self.open else { return self.settings.listening.heterodyne_hz.unwrap_or(HETERODYNE_HZ) };
        let (low, high) = open.frequencies;
        let fitting = if (low..=high).contains(&HETERODYNE_HZ) { HETERODYNE_HZ } else { 0.5 * (low + high) };
        self.settings.listening.heterodyne_hz.unwrap_or(fitting).max(LEAST_HETERODYNE_HZ).min(self.most_heterodyne_hz())
    }

    /// The highest frequency that a heterodyne can be tuned to in the open recording, in hertz.
    pub fn most_heterodyne_hz(&self) -> f64 {
        let sample_rate = self.open.as_ref().map_or(384_000, |open| open.spec.sample_rate);
        Tuning::most_heterodyne_hz(sample_rate).max(LEAST_HETERODYNE_HZ)
    }

    /// How it is listened to, in a few words: `×1`, `×0.25 expanded`, `het 40 kHz`, `×1 · band`.
    pub fn listening_text(&self) -> String {
        let speed = speed_text(self.listening.speed);
        let is_plain = self.listening.speed == 1.0;
        let how = match self.settings.listening.mode() {
            ListeningMode::Heterodyne => {
                let tuned = format!("het {} kHz", khz_text(self.heterodyne_hz()));
                return if is_plain { tuned } else { format!("{tuned} {speed}") };
            }
            ListeningMode::Expanded if !is_plain => format!("{speed} expanded"),
            _ => speed,
        };
        if self.listening.is_banded { format!("{how} · band") } else { how }
    }
}

/// `×0.25`.
pub fn speed_text(speed: f64) -> String {
    format!("×{}", (100.0 * speed).round() / 100.0)
}

/// A frequency in hertz as kilohertz: `40`, `38.5`.
pub fn khz_text(hz: f64) -> String {
    format!("{}", (hz / 100.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_take_their_bounds() {
        let odd = ListeningSettings {
            mode: "backwards".to_owned(),
            heterodyne_hz: Some(f64::NAN),
            pre_roll_secs: -3.0,
            post_roll_secs: f64::INFINITY,
        };
        let mended = odd.within_bounds();
        assert_eq!(mended.mode(), ListeningMode::PitchKept);
        assert_eq!((mended.heterodyne_hz, mended.pre_roll_secs, mended.post_roll_secs), (None, 0.0, 0.2));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.05, 0.25, 1.0, 2.0, 0.123].map(speed_text), ["×0.05", "×0.25", "×1", "×2", "×0.12"]);
        assert_eq!([40_000.0, 38_460.0].map(khz_text), ["40", "38.5"]);
    }
}
