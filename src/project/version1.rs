//! Projects of file version 1, which were written anew at each save, and what becomes of them.

use super::connection::Reading;
use super::failure::Failure;
use super::paths::{folder_of, from_sql, joined};
use super::{AtomicFile, ProjectState, StoredScores};
use crate::annotation::{Document, RecordingId};
use crate::decision::FrameScores;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a whole project of version 1; the file is not changed.
pub fn read(path: &Path) -> Result<ProjectState, Failure> {
    let Reading { connection, .. } = Reading::of(path)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Failure::Content(verdict));
    }
    let mut document: Document = part(&connection, "document")?;
    document.check().map_err(|reason| Failure::Content(reason.to_owned()))?;
    read_paths(&connection, &folder_of(path), &mut document)?;
    let (history, view) = (part(&connection, "history")?, part(&connection, "view")?);
    Ok(ProjectState { history, view, scores: read_scores(&connection)?, document })
}

/// Keeps the original beside what takes its place: `set.version-1.earmark`. Returns where.
pub fn keep_original(path: &Path) -> io::Result<PathBuf> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for number in 1..1000 {
        let name = match number {
            1 => format!("{stem}.version-1.earmark"),
            _ => format!("{stem}.version-1-{number}.earmark"),
        };
        let kept = path.with_file_name(name);
        if kept.exists() {
            if fs::read(&kept)? == fs::read(path)? {
                return Ok(kept);
            }
            continue;
        }
        // The original is never written again, so that a second name for it is as good as a copy.
        if fs::hard_link(path, &kept).is_err() {
            let copy = AtomicFile::beside(&kept)?;
            fs::copy(path, copy.path())?;
            copy.commit()?;
        }
        let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        return Ok(kept);
    }
    Err(io::Error::other("there are too many kept originals beside it"))
}

fn part<T: DeserializeOwned>(connection: &Connection, name: &str) -> Result<T, Failure> {
    let json: String = connection.query_row("SELECT json FROM part WHERE name = ?1", [name], |row| row.get(0))?;
    from_json(name, &json)
}

fn from_json<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::Content(format!("its {name} cannot be read: {error}")))
}

fn read_paths(connection: &Connection, folder: &Path, document: &mut Document) -> Result<(), Failure> {
    let mut statement = connection.prepare("SELECT recording, absolute, relative FROM recording_path")?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?, row.get::<_, Option<String>>(2)?)))?;
    for row in rows {
        let (id, absolute, relative) = row?;
        let beside = relative.map(|relative| joined(folder, &relative)).filter(|path| path.exists());
        let path = beside.or_else(|| from_sql(absolute));
        let path = path.ok_or_else(|| Failure::Content("a recording has no path".to_owned()))?;
        document.set_path(RecordingId(id.cast_unsigned()), &path);
    }
    Ok(())
}

fn read_scores(connection: &Connection) -> Result<Vec<StoredScores>, Failure> {
    let mut statement = connection
        .prepare("SELECT recording, model, version, runtime, rule, scores FROM frame_scores ORDER BY place")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let recording = RecordingId(row.get::<_, i64>(0)?.cast_unsigned());
        let blob = row.get_ref(5)?.as_blob().map_err(|error| Failure::Content(error.to_string()))?;
        let scores = FrameScores::from_bytes(blob).map_err(|error| Failure::Content(error.to_string()))?;
        all.push(StoredScores {
            recording,
            model: row.get(1)?,
            version: row.get(2)?,
            runtime: row.get(3)?,
            rule: from_json("decision rule", &row.get::<_, String>(4)?)?,
            scores: Arc::new(scores),
        });
    }
    Ok(all)
}
