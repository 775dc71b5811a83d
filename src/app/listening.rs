//! Playing, seeking and looping.

use super::command::Command;
use super::workbench::Workbench;
use crate::time::Span;

/// What is heard on each side of an event that is played.
const CONTEXT_SECS: f64 = 0.2;
/// How close to the end playing starts from the beginning again.
const END_SECS: f64 = 0.02;

impl Workbench {
    /// Plays because a person asks for sound, who is told if there is none.
    pub(super) fn play_on_request(&mut self, command: Command) {
        self.silence_told = false;
        match command {
            Command::PlayEvent => self.play_selected(),
            Command::LoopEvent => self.loop_selected(),
            _ => self.play_or_pause(),
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
            self.player.play(from);
        }
    }

    /// Plays what is selected once.
    pub(super) fn play_selected(&mut self) {
        if let Some(span) = self.selected_mark().map(|mark| mark.span) {
            self.play_span(Span::between(span.onset_secs - CONTEXT_SECS, span.offset_secs + CONTEXT_SECS), false);
        }
    }

    /// Plays what a key has selected, if the user wants that.
    pub(super) fn audition_selected(&mut self) {
        if self.settings.auto_play {
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
            self.player.play_span(span, looped);
        }
    }

    /// Puts the playhead somewhere; what plays goes on from there.
    pub(super) fn seek(&mut self, secs: f64) {
        let secs = secs.clamp(0.0, self.whole().offset_secs);
        let Some(open) = &mut self.open else { return };
        open.rest_secs = secs;
        if self.player.is_playing() {
            self.player.seek(secs);
        }
    }

    /// Moves the playhead and keeps it in view.
    pub(super) fn jump(&mut self, by_secs: f64) {
        self.seek(self.playhead_secs() + by_secs);
        let at = self.playhead_secs();
        if let Some(open) = &mut self.open {
            open.viewport.reveal(at);
        }
    }
}
