//! What the user must be told: messages that stay until they are read.

/// How grave a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// Something is done; goes by itself after a while.
    Done,
    /// Something is not as it should be, but work goes on.
    Warning,
    /// Something could not be done.
    Failure,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Names it among the notices.
    pub id: u64,
    /// How grave it is.
    pub gravity: Gravity,
    /// What happened, to which file, and what to do.
    pub text: String,
    /// When it was given, in seconds of the window's clock.
    pub given_secs: f64,
    /// What it is about, if a newer one about that takes its place.
    topic: Option<&'static str>,
}

/// How long a message of success stays: at least so long, and long enough to be read.
const DONE_SECS: f64 = 6.0;
const READING_SECS_A_LETTER: f64 = 0.08;
/// More than this many are not kept; the oldest goes.
const KEPT: usize = 50;

impl Notice {
    /// How long it stays if it tells of success.
    fn stays_secs(&self) -> f64 {
        (self.text.chars().count() as f64 * READING_SECS_A_LETTER).max(DONE_SECS)
    }
}

/// The messages that have not been dismissed, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    next_id: u64,
    now_secs: f64,
}

impl Notices {
    /// Adds a message; one that stands there already is only renewed.
    pub fn add(&mut self, gravity: Gravity, text: impl Into<String>) {
        let text = text.into();
        match gravity {
            Gravity::Done => log::info!("{text}"),
            Gravity::Warning => log::warn!("{text}"),
            Gravity::Failure => log::error!("{text}"),
        }
        self.list.retain(|notice| notice.text != text);
        if self.list.len() >= KEPT {
            self.list.remove(0);
        }
        self.list.push(Notice { id: self.next_id, gravity, text, given_secs: self.now_secs, topic: None });
        self.next_id += 1;
    }

    /// Adds a message that takes the place of the one before about the same.
    pub fn renew(&mut self, topic: &'static str, gravity: Gravity, text: impl Into<String>) {
        self.list.retain(|notice| notice.topic != Some(topic));
        self.add(gravity, text);
        if let Some(notice) = self.list.last_mut() {
            notice.topic = Some(topic);
        }
    }

    /// Takes a message away.
    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|notice| notice.id != id);
    }

    /// Moves the clock; messages of success that have stood long enough go. Returns when the next one goes, in seconds from now.
    pub fn tick(&mut self, now_secs: f64) -> Option<f64> {
        self.now_secs = now_secs;
        let left = |notice: &Notice| notice.given_secs + notice.stays_secs() - now_secs;
        self.list.retain(|notice| notice.gravity != Gravity::Done || left(notice) > 0.0);
        self.list.iter().filter(|notice| notice.gravity == Gravity::Done).map(left).reduce(f64::min)
    }

    /// The messages, oldest first.
    pub fn list(&self) -> &[Notice] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_goes_by_itself_and_failure_stays() {
        let mut notices = Notices::default();
        notices.add(Gravity::Done, "Saved");
        notices.add(Gravity::Failure, "Disk full");
        assert_eq!(notices.tick(5.0), Some(1.0));
        assert_eq!(notices.tick(7.0), None);
        assert_eq!(notices.list().len(), 1);
        notices.add(Gravity::Failure, "Disk full");
        assert_eq!(notices.list().len(), 1);
        notices.add(Gravity::Done, "Imported a model. ".repeat(10));
        notices.tick(20.0);
        assert_eq!(notices.list().len(), 2, "a long message stays until it can have been read");
        notices.tick(22.0);
        let id = notices.list()[0].id;
        notices.dismiss(id);
        assert!(notices.list().is_empty());
    }

    #[test]
    fn a_newer_message_about_the_same_takes_the_place_of_the_older() {
        let mut notices = Notices::default();
        notices.renew("queue", Gravity::Done, "Nothing scores below 0.40");
        notices.add(Gravity::Done, "Saved");
        notices.renew("queue", Gravity::Done, "Nothing scores below 0.30");
        let texts: Vec<&str> = notices.list().iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!(texts, ["Saved", "Nothing scores below 0.30"]);
    }
}
