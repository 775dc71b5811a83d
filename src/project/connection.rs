//! Opening the database: looking at its first bytes, connecting to change it or only to read it, making a new one.

use super::ProjectError;
use super::failure::Failure;
use super::paths::with_suffix;
use super::schema::{APPLICATION_ID, SCHEMA, VERSION};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long another program that looks into the file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The journal is taken over into the file when it has grown to this size.
pub const CHECKPOINT_BYTES: u64 = 4 << 20;

/// Looks at the first bytes without SQLite, so that another program's file is not even opened as a database, and at the length, because
/// SQLite takes the missing end of the last page for zeros. Returns the version. Places are those of the SQLite file format, section 1.3.
pub fn check_header(path: &Path) -> Result<i32, ProjectError> {
    let unreadable = |source: io::Error| ProjectError::Read { path: path.to_path_buf(), source };
    let not_a_project = |reason| Err(ProjectError::NotAProject { path: path.to_path_buf(), reason });
    let damaged = || Err(ProjectError::damaged(path, "it is cut short".to_owned()));
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header).map_err(unreadable)?;
    if header.is_empty() {
        return not_a_project("the file is empty");
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return not_a_project("it was made by another program");
    }
    let Ok(header) = <[u8; 100]>::try_from(header) else { return damaged() };
    let number_at = |place: usize| i32::from_be_bytes([0, 1, 2, 3].map(|byte| header[place + byte]));
    if number_at(68) != APPLICATION_ID {
        return not_a_project("it is the database of another program");
    }
    let version = number_at(60);
    if version > VERSION {
        return Err(ProjectError::Newer { path: path.to_path_buf(), version, known: VERSION });
    }
    let page_bytes = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 1 << 16,
        bytes => bytes,
    };
    // While a journal is being taken over into the file, the header is newer than the file's end.
    if length < page_bytes * u64::from(number_at(28).cast_unsigned()) && !has_journal(path) {
        return damaged();
    }
    Ok(version)
}

fn journal_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}

/// How much stands in the journal beside a file, in bytes.
pub fn journal_bytes(path: &Path) -> u64 {
    fs::metadata(journal_of(path)).map_or(0, |metadata| metadata.len())
}

/// The journal of the older kind, which is used where the newer one cannot be.
fn rollback_journal_of(path: &Path) -> PathBuf {
    with_suffix(path, "-journal")
}

/// Whether changes stand in a journal of either kind beside the file, because a program ended without closing it or has it open.
pub fn has_journal(path: &Path) -> bool {
    let rollback_bytes = fs::metadata(rollback_journal_of(path)).map_or(0, |metadata| metadata.len());
    journal_bytes(path) > 0 || rollback_bytes > 0
}

/// A connection that changes nothing. Where the file has a journal and the folder cannot be written, it is one to a copy.
pub struct Reading {
    /// The connection.
    pub connection: Connection,
    /// What must live as long.
    pub copy: Option<TempDir>,
}

impl Reading {
    /// Connects to a file.
    pub fn of(path: &Path) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let plain = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
            Ok(connection)
        });
        let connection = match plain {
            Ok(connection) => connection,
            // A journal needs a file of its own in the same folder even to be read.
            Err(error) => match Failure::from(error) {
                Failure::Io(_) => return Self::of_copy(path),
                content @ Failure::Content(_) => return Err(content),
            },
        };
        prepare(&connection)?;
        Ok(Self { connection, copy: None })
    }

    fn of_copy(path: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("copy.earmark");
        fs::copy(path, &copy)?;
        for (from, to) in
            [(journal_of(path), journal_of(&copy)), (rollback_journal_of(path), rollback_journal_of(&copy))]
        {
            if from.exists() {
                fs::copy(from, to)?;
            }
        }
        let connection = Connection::open_with_flags(&copy, writing())?;
        prepare(&connection)?;
        Ok(Self { connection, copy: Some(folder) })
    }
}

fn writing() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;")
}

/// How safe a commit is.
#[derive(Clone, Copy)]
pub enum Durability {
    /// What was committed survives a power cut.
    Full,
    /// The last commits may be lost in a power cut, the file may not.
    Normal,
}

/// Connects to a file to change it.
pub fn connect(path: &Path, durability: Durability) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, writing())?;
    prepare(&connection)?;
    // A file system without shared memory has no such journal; the older kind is as safe.
    let _mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"
    ))?;
    Ok(connection)
}

/// Connects to a file that is being made and of no worth before it is whole.
pub fn connect_to_unfinished(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, writing())?;
    prepare(&connection)?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON;")?;
    Ok(connection)
}

/// Makes the tables of a project in an empty file.
pub fn make_tables(connection: &Connection) -> Result<(), Failure> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok(connection.execute_batch(SCHEMA)?)
}

/// Takes the journal over into the file as far as nobody reads from it.
pub fn checkpoint(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// Takes the whole journal over and leaves one file, which can also be read where nothing can be written. Another program that reads
/// just now stands in the way of the second; the file is whole nevertheless.
pub fn settle(connection: Connection) -> Result<(), Failure> {
    let taken: Result<(), Failure> =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Failure::from);
    let _ = connection.busy_timeout(Duration::ZERO);
    let _ = connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()));
    let closed = connection.close().map_err(|(_, error)| Failure::from(error));
    taken.and(closed)
}

/// What SQLite itself finds wrong with a file: nothing, or the first reasons.
pub fn find_damage(connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare("PRAGMA integrity_check(5)")?;
    let verdicts: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found: Vec<String> = verdicts.into_iter().filter(|verdict| verdict != "ok").collect();
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    if let Some(row) = rows.next()? {
        found.push(format!("a row of {} belongs to nothing", row.get::<_, String>(0)?));
    }
    Ok(found)
}

/// Makes room for another file in the place of a database: what its journal holds is taken over, so that no journal of an old file is
/// ever read together with a new one. Nobody may have it open.
pub fn settle_journal_of(path: &Path) {
    if has_journal(path) {
        // A file that cannot be opened keeps what it has; its journal cannot be used any more.
        let settled = connect(path, Durability::Full).and_then(settle);
        if let Err(failure) = settled {
            log::warn!("{}: its journal could not be taken over: {}", path.display(), failure.reason());
            for suffix in ["-wal", "-journal"] {
                let _ = fs::rename(with_suffix(path, suffix), with_suffix(path, &format!("~{suffix}")));
            }
        }
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(with_suffix(path, suffix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_the_older_kind_is_rolled_back_and_never_met_by_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, crashed) = (folder.path().join("a.earmark"), folder.path().join("b.earmark"));
        fs::write(&path, b"").unwrap();
        let connection = connect_to_unfinished(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = DELETE; CREATE TABLE kept (name TEXT);").unwrap();
        // As after a crash: pages are in the file already, and the journal says what was there before.
        connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE;").unwrap();
        for _ in 0..200 {
            connection.execute("INSERT INTO kept VALUES (hex(randomblob(2000)))", []).unwrap();
        }
        fs::copy(&path, &crashed).unwrap();
        fs::copy(rollback_journal_of(&path), rollback_journal_of(&crashed)).unwrap();
        assert!(has_journal(&crashed));
        settle_journal_of(&crashed);
        assert!(!has_journal(&crashed) && !rollback_journal_of(&crashed).exists());
        let settled = Reading::of(&crashed).unwrap().connection;
        let rows: i64 = settled.query_row("SELECT count(*) FROM kept", [], |row| row.get(0)).unwrap();
        assert_eq!((rows, find_damage(&settled).unwrap().len()), (0, 0));
    }
}
