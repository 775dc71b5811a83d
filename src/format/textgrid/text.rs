//! TextGrids as text. As Praat reads them: numbers, texts in double quotes and flags in angle brackets count where they stand free, that
//! is, after a space or at a line's start; all other words are there for people. So the long and the short form are the same.

use super::fields::{Fields, Unreadable};

/// The values of a text.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    line: usize,
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Text(String),
    Flag(&'a str),
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    fn pass(&mut self, bytes: usize) -> &'a str {
        let (passed, rest) = self.rest.split_at(bytes);
        let ends = passed.bytes().enumerate();
        self.line += ends
            .filter(|&(at, byte)| {
                byte == b'\n'
                    || (byte == b'\r' && passed.as_bytes().get(at + 1).or(rest.as_bytes().first()) != Some(&b'\n'))
            })
            .count();
        self.rest = rest;
        passed
    }

    fn pass_until(&mut self, ends: impl FnMut(char) -> bool) -> &'a str {
        let bytes = self.rest.find(ends).unwrap_or(self.rest.len());
        self.pass(bytes)
    }

    /// Goes to where the next value begins.
    fn seek(&mut self) {
        loop {
            self.pass_until(|char| !char.is_whitespace());
            match self.rest.chars().next() {
                None | Some('"' | '<' | '-' | '+' | '.' | '0'..='9') => return,
                Some('!') => self.pass_until(|char| char == '\n' || char == '\r'),
                Some(_) => self.pass_until(char::is_whitespace),
            };
        }
    }

    fn next(&mut self) -> Result<Token<'a>, Unreadable> {
        self.seek();
        match self.rest.chars().next() {
            None => Err(self.unreadable("the file ends before the grid does")),
            Some('"') => self.quoted(),
            Some('<') => {
                let flag = self.pass_until(|char| char == '>' || char.is_whitespace());
                Ok(Token::Flag(flag.trim_start_matches('<')))
            }
            Some(_) => Ok(Token::Number(self.pass_until(char::is_whitespace))),
        }
    }

    fn quoted(&mut self) -> Result<Token<'a>, Unreadable> {
        let mut text = String::new();
        let opened = self.line;
        self.pass(1);
        loop {
            text.push_str(self.pass_until(|char| char == '"'));
            if self.rest.starts_with("\"\"") {
                text.push('"');
                self.pass(2);
            } else if self.rest.starts_with('"') {
                self.pass(1);
                return Ok(Token::Text(text));
            } else {
                return Err(Unreadable { line: opened, text: "a quote that is never closed".to_owned() });
            }
        }
    }

    fn unreadable(&self, text: impl Into<String>) -> Unreadable {
        Unreadable { line: self.line, text: text.into() }
    }

    fn misfit(&self, token: &Token<'_>, expected: &str) -> Unreadable {
        let found = match token {
            Token::Number(text) => format!("the number {text}"),
            Token::Text(text) => format!("the text “{}”", text.chars().take(40).collect::<String>()),
            Token::Flag(text) => format!("the flag <{text}>"),
        };
        self.unreadable(format!("{expected} should stand here, not {found}"))
    }
}

impl Fields for Tokens<'_> {
    fn line(&self) -> usize {
        let mut ahead = Tokens { rest: self.rest, line: self.line };
        ahead.seek();
        ahead.line
    }

    fn is_at_end(&mut self) -> bool {
        self.seek();
        self.rest.is_empty()
    }

    fn number(&mut self) -> Result<f64, Unreadable> {
        match self.next()? {
            Token::Number(text) => Ok(text.parse().unwrap_or(f64::NAN)),
            token => Err(self.misfit(&token, "a number")),
        }
    }

    fn count(&mut self) -> Result<usize, Unreadable> {
        match self.next()? {
            Token::Number(text) => text.parse().map_err(|_| self.unreadable(format!("“{text}” is no whole number"))),
            token => Err(self.misfit(&token, "a number")),
        }
    }

    fn exists(&mut self) -> Result<bool, Unreadable> {
        match self.next()? {
            Token::Flag(text) => Ok(text == "exists"),
            token => Err(self.misfit(&token, "<exists>")),
        }
    }

    fn class(&mut self) -> Result<String, Unreadable> {
        self.text()
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            token => Err(self.misfit(&token, "a text in quotes")),
        }
    }
}
