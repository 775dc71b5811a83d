//! Text in the form in which labels are compared, and how what was typed can lie in it. Knows nothing of labels.

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '\'').filter(|word| !word.is_empty())
}

/// The first letters of its words.
pub fn initials(name: &str) -> String {
    words(name).filter_map(|word| word.chars().next()).collect()
}

/// Whether each word of the query begins another word of the text, in order.
pub fn words_begin(text: &str, query: &str) -> bool {
    let mut text = words(text);
    let mut query = words(query).peekable();
    query.peek().is_some() && query.all(|part| text.any(|word| word.starts_with(part)))
}

/// Whether the text has all characters of the query in order, the first of them at the start of a word.
pub fn has_letters(text: &str, query: &str) -> bool {
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
pub fn fold(text: &str) -> String {
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

/// Which letters and digits a text has, one bit each; those beyond the Latin ones share some.
pub fn letters(text: &str) -> u64 {
    let place = |char: char| match char {
        'a'..='z' => Some(u32::from(char) - u32::from('a')),
        '0'..='9' => Some(26 + u32::from(char) - u32::from('0')),
        _ => char.is_alphanumeric().then(|| 36 + u32::from(char) % 27),
    };
    text.chars().filter_map(place).fold(0, |letters, place| letters | 1 << place)
}
