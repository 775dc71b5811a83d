//! The thread `overview`: makes what is known of the whole recording (coarse levels and waveform peaks) known to the engine: what was kept
//! of an earlier session, else by a pass over all of it, which is then kept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::spectrogram::PictureKind;
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::built::{Built, Mailbox};
use super::checkpoints::Checkpoints;
use super::kept::{Kept, KeptPicture};
use super::outcome::Outcome;
use super::pass::{Pass, PassError};
use super::queue::JobQueue;
use super::settings::PicturePlace;

/// A pass that can be resumed is kept if it is given up after this time.
pub(super) const WORTH_KEEPING: Duration = Duration::from_secs(20);

/// A pass that can be resumed is kept this often while it is under way.
pub(super) const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// The thread's belongings.
pub(super) struct Overview {
    pub(super) opener: Arc<Opener>,
    pub(super) queue: Arc<JobQueue>,
    pub(super) outcomes: Sender<Outcome>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) wake: Wake,
    pub(super) cancel: CancelToken,
    /// Threads that may help.
    pub(super) helpers: usize,
    /// Where pictures are kept, if they are.
    pub(super) place: Option<PicturePlace>,
    /// [`WORTH_KEEPING`].
    pub(super) worth_keeping: Duration,
    /// [`CHECKPOINT_EVERY`].
    pub(super) checkpoint_every: Duration,
}

impl Overview {
    /// Does all of it.
    pub(super) fn run(self) {
        let picture = self.place.as_ref().and_then(|place| KeptPicture::new(place, &self.opener));
        let mut built = Built::new(self.opener.layout, &self.opener.planes);
        let mut notices = Vec::new();
        if let Some(picture) = &picture {
            // Whatever a file makes of it: the picture can be computed.
            match catch_unwind(AssertUnwindSafe(|| {
                picture.show(self.is_resumable(), &self.mailbox, &self.wake, &self.cancel)
            })) {
                Ok(Kept::Whole(notices)) => return notices.into_iter().for_each(|text| self.tell(text)),
                Ok(Kept::Begun(begun, told)) => (built, notices) = (*begun, told),
                Ok(Kept::Nothing) => {}
                Err(_) => log::error!("reading the kept picture panicked; it is computed again"),
            }
        }
        self.pass(built, notices, picture.as_ref());
    }

    /// Goes on from where `built` stands, of whose making `warnings` tell.
    fn pass(&self, mut built: Built, mut warnings: Vec<String>, picture: Option<&KeptPicture>) {
        let checkpoints = picture
            .filter(|_| self.is_resumable())
            .map(|picture| Checkpoints::new(picture.keeper().clone(), self.checkpoint_every));
        let on_step = |built: &Built, warnings: &[String]| {
            if let Some(checkpoints) = &checkpoints {
                checkpoints.step(built, warnings);
            }
        };
        let pass = Pass {
            opener: &self.opener,
            queue: &self.queue,
            cancel: &self.cancel,
            mailbox: &self.mailbox,
            wake: &self.wake,
            helpers: self.helpers,
            on_step: &on_step,
        };
        let began = Instant::now();
        let passed = catch_unwind(AssertUnwindSafe(|| pass.run(&mut built, &mut warnings)));
        warnings.iter().for_each(|warning| self.tell(warning.clone()));
        let is_clean = match passed {
            Ok(Ok(())) => true,
            Ok(Err(PassError::Audio(error))) => {
                self.tell(error.to_string());
                false
            }
            Ok(Err(PassError::Panicked)) => {
                self.tell(Opener::fault_text("the picture of the whole"));
                false
            }
            Err(_) => {
                self.tell(self.opener.panic_text("the picture of the whole"));
                false
            }
        };
        let is_given_up = self.cancel.is_cancelled();
        if !is_given_up {
            built.finish();
            let mut news = built.take_news();
            news.ended = Some(built.frames_read());
            self.mailbox.put(news);
            (self.wake)();
            log::info!("the pass over the whole took {:.1} s", began.elapsed().as_secs_f64());
        }
        // What a broken recording gives may be more the next time.
        let is_worth_it = is_clean && (!is_given_up || self.is_resumable() && began.elapsed() > self.worth_keeping);
        if let Some(picture) = picture.filter(|_| is_worth_it) {
            if let Some(checkpoints) = &checkpoints {
                checkpoints.wait();
            }
            if let Some(notice) = picture.keeper().keep(built.parts(Vec::new()), &warnings) {
                self.tell(notice);
            }
        }
    }

    /// Whether a pass that goes on in the middle makes what one from the beginning makes: where the length is known and each sample is the
    /// same however it is reached (not so in Opus), and no frame depends on those before.
    fn is_resumable(&self) -> bool {
        self.opener.kind == PictureKind::Level
            && self.opener.first_sample_is_first_column()
            && self.opener.length_is_exact
            && !self.opener.format.contains("Opus")
    }

    fn tell(&self, text: String) {
        // Nobody listens any more once the engine is dropped, and then nothing is lost.
        let _ = self.outcomes.send(Outcome::Notice(text));
        (self.wake)();
    }
}
