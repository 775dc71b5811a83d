//! Everything in a project as text: one JSON value a line, for other programs and for eyes.

use super::AtomicFile;
use super::failure::Failure;
use super::generations::{Line, event_line, for_each_line};
use super::log_rows::for_each_entry;
use rusqlite::Connection;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Which file could not be written, and why.
pub type Refused = (PathBuf, String);

/// A file that is being written line by line.
struct Lines {
    file: AtomicFile,
    writer: BufWriter<fs::File>,
    path: PathBuf,
}

impl Lines {
    fn begin(path: PathBuf) -> Result<Self, Refused> {
        let open = || {
            let file = AtomicFile::beside(&path)?;
            let writer = BufWriter::new(OpenOptions::new().write(true).open(file.path())?);
            Ok((file, writer))
        };
        let (file, writer) = open().map_err(|error: io::Error| (path.clone(), error.to_string()))?;
        Ok(Self { file, writer, path })
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), Refused> {
        let written = serde_json::to_writer(&mut self.writer, value).map_err(io::Error::from);
        let written = written.and_then(|()| self.writer.write_all(b"\n"));
        written.map_err(|error| (self.path.clone(), error.to_string()))
    }

    fn finish(self) -> Result<PathBuf, Refused> {
        let Self { file, mut writer, path } = self;
        let written = writer.flush().and_then(|()| file.commit());
        written.map_err(|error| (path.clone(), error.to_string()))?;
        Ok(path)
    }
}

/// Writes the files into a folder. The outer error is about what is read, the inner one about what is written.
pub fn write_all(connection: &Connection, folder: &Path) -> Result<Result<Vec<PathBuf>, Refused>, Failure> {
    let mut refused = None;
    let written = write(connection, folder, &mut refused);
    match (written, refused) {
        (_, Some(refused)) => Ok(Err(refused)),
        (Ok(files), None) => Ok(Ok(files)),
        (Err(failure), None) => Err(failure),
    }
}

fn write(connection: &Connection, folder: &Path, refused: &mut Option<Refused>) -> Result<Vec<PathBuf>, Failure> {
    fn told<T>(result: Result<T, Refused>, refused: &mut Option<Refused>) -> Result<T, Failure> {
        result.map_err(|(path, reason)| {
            *refused = Some((path, reason.clone()));
            Failure::Content(reason)
        })
    }
    let made = fs::create_dir_all(folder).map_err(|error| (folder.to_path_buf(), error.to_string()));
    told(made, refused)?;
    let mut begin = |name: &str| told(Lines::begin(folder.join(name)), refused);
    let [recordings, events] = [begin("recordings.jsonl")?, begin("events.jsonl")?];
    let [classes, log] = [begin("label_classes.jsonl")?, begin("log.jsonl")?];
    let (mut recordings, mut events, mut classes, mut log) = (recordings, events, classes, log);
    for_each_line(connection, |line| {
        let written = match line {
            Line::Next { .. } => Ok(()),
            Line::LabelClass(class) => classes.line(&class),
            Line::Recording(recording) => recordings.line(&recording),
            Line::Event(recording, event) => events.line(&event_line(recording, event)),
        };
        told(written, refused)
    })?;
    for_each_entry(connection, 0, |entry| told(log.line(&entry.json()?), refused))?;
    let files = [recordings, events, classes, log].into_iter().map(Lines::finish).collect();
    told(files, refused)
}
