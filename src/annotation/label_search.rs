//! Finding a label while its name is typed.
//!
//! Owns [`LabelSet`] and the order of what it finds. Knows nothing of events, windows or files but the labels it is compiled with.

use std::collections::HashSet;
use std::sync::Arc;

/// Labels that can be searched, each with other names for it and the classes above it.
#[derive(Clone, Debug, Default)]
pub struct LabelSet {
    entries: Vec<Entry>,
    names: HashSet<Arc<str>>,
}

/// A label that fits what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The label.
    pub name: Arc<str>,
    /// The classes above it, from the top, for display; empty where there are none.
    pub parents: Arc<str>,
    /// In which way it fits.
    pub fit: Fit,
}

/// In which way a label fits what was typed, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is what was typed, or was used lately and nothing was typed.
    Whole,
    /// It begins with it.
    Start,
    /// Words in it begin with the words that were typed.
    WordStart,
    /// Its words begin with the letters that were typed, one each.
    Initials,
    /// Another name for it begins with what was typed.
    Synonym,
    /// It has what was typed within a word.
    Within,
    /// A class above it has a word that begins with what was typed.
    Parent,
    /// It has the letters that were typed, in order.
    Letters,
}

/// A label in the form in which it is compared: lower case, without accents.
#[derive(Clone, Debug)]
struct Entry {
    name: Arc<str>,
    parents: Arc<str>,
    folded: String,
    /// Of each name, as a label often lists several: `Beep, bleep`.
    initials: Vec<String>,
    synonyms: Vec<String>,
    parent_words: Vec<String>,
}

impl Entry {
    fn new(name: &str, parents: &str, synonyms: &str) -> Self {
        let folded = fold(name);
        let parts =
            |text: &str| -> Vec<String> { text.split(" | ").filter(|part| !part.is_empty()).map(fold).collect() };
        Self {
            name: name.into(),
            // Of several routes the first is shown.
            parents: parents.split(" | ").next().unwrap_or_default().into(),
            initials: folded.split(',').map(initials).collect(),
            synonyms: parts(synonyms),
            parent_words: words(&fold(parents)).map(str::to_owned).collect::<HashSet<_>>().into_iter().collect(),
            folded,
        }
    }

    fn fit(&self, query: &str) -> Option<Fit> {
        let begins = |text: &str| text.starts_with(query);
        if self.folded == query {
            Some(Fit::Whole)
        } else if begins(&self.folded) {
            Some(Fit::Start)
        } else if words_begin(&self.folded, query) {
            Some(Fit::WordStart)
        } else if query.chars().count() > 1 && self.initials.iter().any(|initials| begins(initials)) {
            Some(Fit::Initials)
        } else if self.synonyms.iter().any(|synonym| begins(synonym) || words_begin(synonym, query)) {
            Some(Fit::Synonym)
        } else if self.folded.contains(query) {
            Some(Fit::Within)
        } else if self.parent_words.iter().any(|word| begins(word)) {
            Some(Fit::Parent)
        } else if query.chars().count() > 2 && has_letters(&self.folded, query) {
            Some(Fit::Letters)
        } else {
            None
        }
    }
}

impl LabelSet {
    /// The classes of the AudioSet ontology and of its strong labels.
    pub fn audioset() -> Self {
        Self::from_tsv(include_str!("../../assets/labels/audioset.tsv"))
    }

    /// Labels of a table with a header and the columns *mid, name, parents, synonyms*, separated by TAB; several routes of parents
    /// and several synonyms are separated by ` | `. Rows without a name are left out.
    pub fn from_tsv(text: &str) -> Self {
        let mut set = Self::default();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
            if !cell(1).is_empty() {
                set.push(Entry::new(cell(1), cell(2), cell(3)));
            }
        }
        set
    }

    /// Labels by their names alone: a model's classes, say.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        for name in names {
            set.push(Entry::new(name, "", ""));
        }
        set
    }

    /// Adds the labels of another set that this one does not have.
    pub fn extend(&mut self, other: &Self) {
        for entry in &other.entries {
            self.push(entry.clone());
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.names.insert(entry.name.clone()) {
            self.entries.push(entry);
        }
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no label.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// At most `limit` labels that fit `query`, the best first; of those that fit equally well, the ones in `recent` (the last used
    /// first), then the shorter ones, then in the order of the set. `recent` may have labels that the set does not have. If nothing
    /// was typed, `recent` alone.
    pub fn search(&self, query: &str, recent: &[Arc<str>], limit: usize) -> Vec<Match> {
        let query = fold(query.trim());
        let others: Vec<Entry> =
            (recent.iter().filter(|name| !self.names.contains(*name))).map(|name| Entry::new(name, "", "")).collect();
        let all = || self.entries.iter().chain(&others);
        let mut found: Vec<(Fit, usize, usize, &Entry)> = all()
            .filter_map(|entry| {
                let age = || recent.iter().position(|name| *name == entry.name).unwrap_or(usize::MAX);
                let (fit, age) = if query.is_empty() {
                    (Fit::Whole, Some(age()).filter(|&age| age < usize::MAX)?)
                } else {
                    (entry.fit(&query)?, age())
                };
                Some((fit, age, entry.folded.len(), entry))
            })
            .collect();
        found.sort_by_key(|&(fit, age, length, _)| (fit, age, length));
        found.dedup_by(|a, b| a.3.name == b.3.name);
        found.truncate(limit);
        found
            .into_iter()
            .map(|(fit, _, _, entry)| Match { name: entry.name.clone(), parents: entry.parents.clone(), fit })
            .collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '\'').filter(|word| !word.is_empty())
}

fn initials(name: &str) -> String {
    words(name).filter_map(|word| word.chars().next()).collect()
}

/// Whether each word of the query begins another word of the text, in order.
fn words_begin(text: &str, query: &str) -> bool {
    let mut text = words(text);
    let mut query = words(query).peekable();
    query.peek().is_some() && query.all(|part| text.any(|word| word.starts_with(part)))
}

/// Whether the text has all characters of the query in order, the first of them at the start of a word.
fn has_letters(text: &str, query: &str) -> bool {
    let mut letters = query.chars().filter(|char| char.is_alphanumeric());
    let Some(first) = letters.next() else { return false };
    let starts = words(text).filter(|word| word.starts_with(first));
    let mut starts = starts.map(|word| word.as_ptr() as usize - text.as_ptr() as usize + first.len_utf8());
    // The first start leaves the most letters behind it.
    starts.next().is_some_and(|start| {
        let mut rest = text[start..].chars();
        letters.all(|letter| rest.any(|char| char == letter))
    })
}

/// Lower case, without the accents of Latin letters.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for char in text.chars().flat_map(char::to_lowercase) {
        match char {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'æ' => folded.push_str("ae"),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ď' | 'đ' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ğ' => folded.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => folded.push('i'),
            'ł' | 'ľ' => folded.push('l'),
            'ñ' | 'ń' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
            'œ' => folded.push_str("oe"),
            'ř' => folded.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            'ť' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            // Accents that stand alone, as macOS writes them in file names.
            '\u{300}'..='\u{36f}' => {}
            other => folded.push(other),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &str, recent: &[&str], limit: usize) -> Vec<String> {
        let recent: Vec<Arc<str>> = recent.iter().map(|&name| name.into()).collect();
        LabelSet::audioset().search(query, &recent, limit).iter().map(|found| found.name.to_string()).collect()
    }

    #[test]
    fn a_few_letters_find_the_label() {
        for (query, first) in [
            ("dog", "Dog"),
            ("DOG", "Dog"),
            ("spe", "Speech"),
            ("bb", "Bicycle bell"),
            ("walk", "Walk, footsteps"),
            ("footsteps", "Walk, footsteps"),
            ("voice", "Human voice"),
            ("car", "Car"),
            ("horn", "Train horn"),
            ("car pass", "Car passing by"),
            ("bird song", "Bird vocalization, bird call, bird song"),
            ("child sp", "Child speech, kid speaking"),
            ("hoover", "Vacuum cleaner"),
            ("rum", "Rumble"),
            ("fwa", "Fixed-wing aircraft, airplane"),
            ("wshng mchn", "Washing machine"),
            ("dentist", "Dental drill, dentist's drill"),
        ] {
            let found = names(query, &[], 5);
            assert_eq!(found.first().map(String::as_str), Some(first), "{query}: {found:?}");
        }
    }

    #[test]
    fn the_order_is_name_word_initials_within_parent_letters() {
        let set = LabelSet::from_tsv(
            "mid\tname\tparents\tsynonyms\n\tCar alarm\t\t\n\tCar\t\t\n\tPassing car\t\t\n\tScar\t\t\n\tTruck\tCar things\t\n\
             \tCoal armour red\t\t\n\tCrowd, alarm, rain\t\t\n\tTram\t\tcarriage\n\tDog\t\t\n",
        );
        let found: Vec<(String, Fit)> =
            set.search("car", &[], 20).iter().map(|found| (found.name.to_string(), found.fit)).collect();
        let expected = [
            ("Car", Fit::Whole),
            ("Car alarm", Fit::Start),
            ("Passing car", Fit::WordStart),
            ("Coal armour red", Fit::Initials),
            ("Tram", Fit::Synonym),
            ("Scar", Fit::Within),
            ("Truck", Fit::Parent),
            ("Crowd, alarm, rain", Fit::Letters),
        ];
        assert_eq!(found, expected.map(|(name, fit)| (name.to_owned(), fit)));
        assert_eq!(set.search("trck", &[], 9)[0].fit, Fit::Letters);
    }

    #[test]
    fn recent_labels_come_first_among_equals_and_alone_for_nothing() {
        assert_eq!(names("", &["My own bird", "Dog"], 9), ["My own bird", "Dog"]);
        assert_eq!(names("", &["Dog", "Cat", "Dog", "Speech"], 2), ["Dog", "Cat"]);
        assert_eq!(names("spe", &[], 2), ["Speech", "Speech synthesizer"]);
        assert_eq!(names("spe", &["Speech synthesizer"], 2), ["Speech synthesizer", "Speech"]);
        assert_eq!(names("own", &["My own bird"], 1), ["My own bird"]);
        assert_eq!(names("dog", &["Whimper (dog)"], 1), ["Dog"]);
        assert_eq!(names("möwe", &["Mowe"], 1), ["Mowe"]);
        assert!(names("xqzv", &["Dog"], 9).is_empty());
    }

    #[test]
    fn a_class_finds_what_is_below_it_after_what_has_its_name() {
        let found = names("vehicle", &[], 200);
        let place = |name: &str| found.iter().position(|found| found == name);
        assert_eq!(place("Vehicle"), Some(0));
        assert!(place("Emergency vehicle") < place("Helicopter") && place("Helicopter").is_some());
    }

    #[test]
    fn every_audioset_label_is_found_by_its_own_name() {
        let set = LabelSet::audioset();
        assert!(set.len() > 600);
        for entry in &set.entries {
            assert_eq!(set.search(&entry.name, &[], 1)[0].name, entry.name);
        }
    }
}
