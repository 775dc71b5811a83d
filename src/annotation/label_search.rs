//! Finding a label while its name is typed.
//!
//! Owns [`LabelSet`] and the order of what it finds. Knows nothing of events, windows or files but the labels it is compiled with.

use super::folded_text::{fold, has_letters, initials, letters, words, words_begin};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

/// Labels that can be searched, each with other names for it and the classes above it.
#[derive(Clone, Debug, Default)]
pub struct LabelSet {
    entries: Vec<Entry>,
    places: HashMap<Arc<str>, u32>,
    /// Made at the first search.
    index: OnceLock<Index>,
}

/// The labels that have a word in name, other names or parents, or initials, by that word.
type Index = BTreeMap<Box<str>, Vec<(u32, Part)>>;

/// Which part of a label a word stands in, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Name,
    Initials,
    Synonym,
    Parent,
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
    /// It begins with it, or another name for it is just that.
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
    /// The letters of the name.
    letters: u64,
}

impl Entry {
    fn new<'a>(name: &str, parents: &str, synonyms: impl IntoIterator<Item = &'a str>) -> Self {
        let folded = fold(name);
        Self {
            name: name.into(),
            // Of several routes the first is shown.
            parents: parents.split(" | ").next().unwrap_or_default().into(),
            initials: folded.split(',').map(initials).collect(),
            synonyms: synonyms.into_iter().filter(|synonym| !synonym.is_empty()).map(fold).collect(),
            parent_words: words(&fold(parents)).map(str::to_owned).collect::<HashSet<_>>().into_iter().collect(),
            letters: letters(&folded),
            folded,
        }
    }

    /// What it can be found by from the start of a word.
    fn indexed(&self) -> impl Iterator<Item = (&str, Part)> {
        let name = words(&self.folded).map(|word| (word, Part::Name));
        let initials = self.initials.iter().map(|initials| (initials.as_str(), Part::Initials));
        let synonyms = self.synonyms.iter().flat_map(|synonym| words(synonym)).map(|word| (word, Part::Synonym));
        let parents = self.parent_words.iter().map(|word| (word.as_str(), Part::Parent));
        name.chain(initials).chain(synonyms).chain(parents)
    }

    /// The fit of a query of one word, which begins a word of this part and of none that is better: [`Self::fit`] without looking for it.
    fn fit_of_word(&self, query: &str, part: Part) -> Option<Fit> {
        let is_synonym = || self.synonyms.iter().any(|synonym| synonym == query);
        Some(match part {
            Part::Name if self.folded == query => Fit::Whole,
            Part::Name if self.folded.starts_with(query) || is_synonym() => Fit::Start,
            Part::Name => Fit::WordStart,
            Part::Initials | Part::Synonym if is_synonym() => Fit::Start,
            Part::Synonym => Fit::Synonym,
            Part::Initials | Part::Parent => return self.fit(query),
        })
    }

    fn fit(&self, query: &str) -> Option<Fit> {
        let begins = |text: &str| text.starts_with(query);
        if self.folded == query {
            Some(Fit::Whole)
        } else if begins(&self.folded) || self.synonyms.iter().any(|synonym| synonym == query) {
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
        } else if self.has_letters(query) {
            Some(Fit::Letters)
        } else {
            None
        }
    }

    fn matching(&self, fit: Fit) -> Match {
        Match { name: self.name.clone(), parents: self.parents.clone(), fit }
    }

    /// The fit of one that has no word which begins with what was typed.
    fn inner_fit(&self, query: &str) -> Option<Fit> {
        if self.folded.contains(query) { Some(Fit::Within) } else { self.has_letters(query).then_some(Fit::Letters) }
    }

    fn has_letters(&self, query: &str) -> bool {
        query.chars().nth(1).is_some() && has_letters(&self.folded, query)
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
                set.push(Entry::new(cell(1), cell(2), cell(3).split(" | ")));
            }
        }
        set
    }

    /// Labels by their names alone: a model's classes, say.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        for name in names {
            set.push(Entry::new(name, "", []));
        }
        set
    }

    /// Adds the labels of another set that this one does not have.
    pub fn extend(&mut self, other: &Self) {
        for entry in &other.entries {
            self.push(entry.clone());
        }
    }

    /// Adds a label with its other names and the class above it; one that is there already stays as it is.
    pub fn add<'a>(&mut self, name: &str, parent: &str, synonyms: impl IntoIterator<Item = &'a str>) {
        self.push(Entry::new(name, parent, synonyms));
    }

    /// Adds a label as another set knows it; returns whether that set does.
    pub fn add_from(&mut self, other: &Self, name: &str) -> bool {
        let entry = other.places.get(name).and_then(|&place| other.entries.get(place as usize));
        entry.is_some_and(|entry| {
            self.push(entry.clone());
            true
        })
    }

    /// Whether it has a label.
    pub fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn push(&mut self, entry: Entry) {
        let Ok(place) = u32::try_from(self.entries.len()) else { return };
        if !self.places.contains_key(&entry.name) {
            self.places.insert(entry.name.clone(), place);
            self.entries.push(entry);
            self.index = OnceLock::new();
        }
    }

    /// Prepares searching, which the first search would do else: some 100 ms for 50,000 labels.
    pub fn prepare(&self) {
        self.index();
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::new();
            for (place, entry) in (0_u32..).zip(&self.entries) {
                for (word, part) in entry.indexed() {
                    let places = match index.get_mut(word) {
                        Some(places) => places,
                        None => index.entry(word.into()).or_default(),
                    };
                    // The part that comes first is the best one.
                    if places.last().is_none_or(|(last, _)| *last != place) {
                        places.push((place, part));
                    }
                }
            }
            index
        })
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
        if query.is_empty() {
            return self.recent(recent, limit);
        }
        let mut ages: HashMap<u32, usize> = HashMap::new();
        let mut others: Vec<(usize, Entry)> = Vec::new();
        for (age, name) in recent.iter().enumerate() {
            match self.places.get(name) {
                Some(&place) => drop(ages.entry(place).or_insert(age)),
                None => others.push((age, Entry::new(name, "", []))),
            }
        }
        let mut found: Vec<Found<'_>> = Vec::new();
        let seen = self.find_by_words(&query, &ages, &mut found);
        // What begins a word goes before what lies within one.
        if found.iter().filter(|found| found.fit < Fit::Within).count() < limit {
            self.find_within(&query, &seen, &ages, &mut found);
        }
        let fits = |(age, entry): &(usize, Entry)| entry.fit(&query).map(|fit| (fit, *age));
        let place = self.entries.len();
        found.extend(others.iter().filter_map(|other| {
            let (fit, age) = fits(other)?;
            Some(Found { fit, age, place, entry: &other.1 })
        }));
        let key = |found: &Found<'_>| (found.fit, found.age, found.entry.folded.len(), found.place);
        if found.len() > limit {
            found.select_nth_unstable_by_key(limit, key);
            found.truncate(limit);
        }
        found.sort_unstable_by_key(key);
        found.dedup_by(|a, b| a.entry.name == b.entry.name);
        found.into_iter().map(|found| found.entry.matching(found.fit)).collect()
    }

    fn recent(&self, recent: &[Arc<str>], limit: usize) -> Vec<Match> {
        let mut seen: HashSet<&Arc<str>> = HashSet::new();
        let known = |name: &Arc<str>| self.entries.get(*self.places.get(name)? as usize);
        let found = recent.iter().filter(|name| seen.insert(name)).map(|name| match known(name) {
            Some(entry) => entry.matching(Fit::Whole),
            None => Match { name: name.clone(), parents: "".into(), fit: Fit::Whole },
        });
        found.take(limit).collect()
    }

    /// The labels that have words, other names or parents which begin with the first word that was typed; says which were looked at.
    fn find_by_words<'a>(&'a self, query: &str, ages: &HashMap<u32, usize>, found: &mut Vec<Found<'a>>) -> Vec<bool> {
        // Initials are found by all that was typed, all else by its first word.
        let first = words(query).next().unwrap_or(query);
        let is_word = words(query).next() == Some(query);
        let mut best: Vec<Option<Part>> = vec![None; self.entries.len()];
        let mut touched: Vec<u32> = Vec::new();
        let from = (Bound::Included(first), Bound::Unbounded);
        let begun = self.index().range::<str, _>(from).take_while(|(word, _)| word.starts_with(first));
        for &(place, part) in begun.flat_map(|(_, places)| places) {
            match best.get_mut(place as usize) {
                Some(Some(before)) => *before = part.min(*before),
                Some(before) => {
                    *before = Some(part);
                    touched.push(place);
                }
                None => {}
            }
        }
        for place in touched {
            let (Some(entry), Some(&Some(part))) = (self.entries.get(place as usize), best.get(place as usize)) else {
                continue;
            };
            let fit = if is_word { entry.fit_of_word(query, part) } else { entry.fit(query) };
            if let Some(fit) = fit {
                let age = ages.get(&place).copied().unwrap_or(usize::MAX);
                found.push(Found { fit, age, place: place as usize, entry });
            }
        }
        best.into_iter().map(|part| part.is_some()).collect()
    }

    /// The other labels that have what was typed within a word, or its letters in order.
    fn find_within<'a>(&'a self, query: &str, seen: &[bool], ages: &HashMap<u32, usize>, found: &mut Vec<Found<'a>>) {
        let needed = letters(query);
        for ((place, entry), _) in (0_u32..).zip(&self.entries).zip(seen).filter(|(_, seen)| !**seen) {
            if entry.letters & needed == needed
                && let Some(fit) = entry.inner_fit(query)
            {
                let age = ages.get(&place).copied().unwrap_or(usize::MAX);
                found.push(Found { fit, age, place: place as usize, entry });
            }
        }
    }
}

/// A label that fits, before it is known whether it is one of the best.
struct Found<'a> {
    fit: Fit,
    /// How long ago it was used.
    age: usize,
    /// Where it stands in the set.
    place: usize,
    entry: &'a Entry,
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
    #[test]
    fn another_name_in_full_is_as_good_as_a_beginning() {
        let mut set = LabelSet::default();
        set.add("American robin", "Thrushes", ["amerob", "Turdus migratorius"]);
        set.add("Amerobic noise", "", []);
        set.add("Robin", "", ["Erithacus rubecula"]);
        let found =
            |query: &str| set.search(query, &[], 9).iter().map(|found| found.name.to_string()).collect::<Vec<_>>();
        assert_eq!(found("amerob"), ["American robin", "Amerobic noise"]);
        assert_eq!(found("turdus mig"), ["American robin"]);
        assert_eq!(found("thrush"), ["American robin"]);
        assert_eq!(found("er"), ["Robin", "American robin", "Amerobic noise"]);
        assert_eq!(found("ar")[0], "American robin");
    }

    #[test]
    fn two_letters_find_what_has_them_last_of_all() {
        let found = names("gs", &[], 200);
        assert!(found.iter().any(|name| name == "Gunshot, gunfire"), "{found:?}");
    }

    #[test]
    fn the_index_leaves_nothing_out() {
        let set = LabelSet::audioset();
        let queries =
            ["s", "car", "bb", "ing", "music", "foot st", "-", "(", "dog", "zz", "animal", "wht", "é", "speech,"];
        for query in queries {
            let folded = fold(query);
            let mut expected: Vec<(Fit, &str)> =
                set.entries.iter().filter_map(|entry| Some((entry.fit(&folded)?, &*entry.name))).collect();
            let found = set.search(query, &[], usize::MAX - 1);
            let mut found: Vec<(Fit, &str)> = found.iter().map(|found| (found.fit, &*found.name)).collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{query}");
        }
    }
}
