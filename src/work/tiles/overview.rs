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
        if let Some(checkpoints) = &checkpoints {
            checkpoints.wait();
        }
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
        let keeper = picture.filter(|_| is_worth_it).map(KeptPicture::keeper);
        if let Some(notice) = keeper.and_then(|keeper| keeper.keep(built.parts(Vec::new()), &warnings)) {
            self.tell(notice);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{AudioError, SampleSource, SoundFile, StreamSpec};
    use crate::picture_cache::PictureCache;
    use crate::spectrogram::{Channel, PictureSettings, PyramidLayout, ValueScale};
    use std::path::Path;
    use std::sync::Mutex;

    const FRAMES: u64 = 3_000_000;

    /// A formula that notes where it is read, and gives the pass up at a frame.
    #[derive(Clone)]
    struct Formula {
        spec: StreamSpec,
        read_at: Arc<Mutex<Vec<u64>>>,
        stop: Option<(u64, CancelToken)>,
    }

    impl SampleSource for Formula {
        fn spec(&self) -> &StreamSpec {
            &self.spec
        }

        fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
            self.read_at.lock().unwrap().push(first_frame);
            if let Some((_, cancel)) = self.stop.as_ref().filter(|(place, _)| first_frame >= *place) {
                cancel.cancel();
            }
            let count = FRAMES.saturating_sub(first_frame).min(out.len() as u64);
            for (n, sample) in out[..count as usize].iter_mut().enumerate() {
                let mixed = (first_frame + n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                *sample = ((mixed ^ mixed >> 31) >> 40 & 0xff_ffff) as f32 / 33_554_432.0 - 0.25;
            }
            Ok(count as usize)
        }
    }

    /// What keeps a pass that is given up.
    #[derive(Clone, Copy, Debug)]
    enum By {
        GivingUp,
        Checkpoint,
    }

    /// Opens the recording in `folder` with its pictures in `pictures`; where it was read.
    fn open(folder: &Path, pictures: &str, stop_at: Option<u64>, by: By) -> Vec<u64> {
        let (read_at, cancel) = (Arc::<Mutex<Vec<u64>>>::default(), CancelToken::default());
        let format = "formula".to_owned();
        let spec = StreamSpec { sample_rate: 8_000, channels: 1, frame_count: FRAMES, length_is_exact: true, format };
        let stop = stop_at.map(|place| (place, cancel.clone()));
        let formula = Formula { spec: spec.clone(), read_at: Arc::clone(&read_at), stop };
        let opener = Opener {
            factory: Arc::new(move || Ok(Box::new(formula.clone()))),
            layout: PyramidLayout::new(8_000, PictureSettings::default().stft(8_000)),
            kind: PictureKind::Level,
            scale: ValueScale::DECIBELS,
            planes: vec![Channel::Mix],
            model: None,
            sample_rate: 8_000,
            channels: 1,
            length_is_exact: true,
            format: spec.format,
        };
        let cache = PictureCache::new(folder.join(pictures), 1 << 30);
        let never = Duration::from_secs(86_400);
        let (outcomes, told) = crossbeam_channel::bounded(100);
        let overview = Overview {
            opener: Arc::new(opener),
            queue: Arc::default(),
            outcomes,
            mailbox: Arc::default(),
            wake: Arc::new(|| {}),
            cancel,
            helpers: 0,
            place: Some(PicturePlace { cache, file: SoundFile::new(folder.join("a.wav")) }),
            worth_keeping: if matches!(by, By::GivingUp) { Duration::ZERO } else { never },
            checkpoint_every: if matches!(by, By::Checkpoint) { Duration::ZERO } else { never },
        };
        overview.run();
        assert!(told.try_recv().is_err(), "nothing is told");
        read_at.lock().unwrap().clone()
    }

    /// The one kept picture, as soon as it is there.
    fn kept(folder: &Path, pictures: &str) -> Vec<u8> {
        loop {
            let files = std::fs::read_dir(folder.join(pictures)).into_iter().flatten();
            let mut paths = files.map(|entry| entry.unwrap().path());
            if let Some(path) = paths.find(|path| path.extension().is_some_and(|end| end == "picture")) {
                return std::fs::read(path).unwrap();
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_pass_that_was_given_up_is_gone_on_with_and_comes_to_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join("a.wav"), "stands for the recording").unwrap();
        assert_eq!(open(folder, "whole", None, By::GivingUp).first(), Some(&0));
        let whole = kept(folder, "whole");
        for (by, pictures) in [(By::GivingUp, "given up"), (By::Checkpoint, "checkpoint")] {
            open(folder, pictures, Some(FRAMES / 2), by);
            let begun = kept(folder, pictures);
            assert!(begun.len() < whole.len(), "{by:?}");
            let read_at = open(folder, pictures, None, By::GivingUp);
            assert!(read_at.first().is_some_and(|&first| first > 200_000), "{by:?}: {:?}", read_at.first());
            assert!(kept(folder, pictures) == whole, "{by:?}");
            assert!(open(folder, pictures, None, By::GivingUp).is_empty(), "{by:?}: all is kept");
        }
    }
}
