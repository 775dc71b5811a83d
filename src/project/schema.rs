//! The tables of a project file, version 2. `SCHEMA.md` explains them.

/// `EARM`, at the place where SQLite lets each program write its own number.
pub const APPLICATION_ID: i32 = 0x4541_524d;
/// Goes up by one with each change that older programs cannot read.
pub const VERSION: i32 = 2;

/// What makes the tables of an empty file. The rules of the columns refuse what no edit can make.
pub const SCHEMA: &str = "
    CREATE TABLE part (name TEXT PRIMARY KEY NOT NULL, json TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE recordings (
        id INTEGER PRIMARY KEY NOT NULL,
        path NOT NULL,
        relative TEXT,
        duration_secs REAL NOT NULL CHECK (duration_secs >= 0 AND duration_secs < 9e999),
        fingerprint TEXT,
        note TEXT NOT NULL,
        is_complete INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE complete_spans (
        recording INTEGER NOT NULL REFERENCES recordings (id),
        place INTEGER NOT NULL,
        onset_secs REAL NOT NULL CHECK (onset_secs >= 0),
        offset_secs REAL NOT NULL CHECK (offset_secs >= onset_secs AND offset_secs < 9e999),
        labels TEXT NOT NULL,
        edited_by TEXT NOT NULL,
        edited_at_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (recording, place)
    ) WITHOUT ROWID;
    CREATE TABLE proposers (
        id INTEGER PRIMARY KEY NOT NULL,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        parameters TEXT NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE events (
        recording INTEGER NOT NULL REFERENCES recordings (id),
        id INTEGER NOT NULL,
        onset_secs REAL NOT NULL CHECK (onset_secs >= 0),
        offset_secs REAL NOT NULL CHECK (offset_secs >= onset_secs AND offset_secs < 9e999),
        is_point INTEGER NOT NULL,
        low_hz REAL CHECK (low_hz >= 0),
        high_hz REAL CHECK (high_hz >= low_hz AND high_hz < 9e999),
        label TEXT NOT NULL,
        status TEXT NOT NULL,
        origin TEXT NOT NULL,
        proposer INTEGER REFERENCES proposers (id),
        proposed_label TEXT,
        proposed_onset_secs REAL,
        proposed_offset_secs REAL,
        score REAL,
        comment TEXT NOT NULL,
        more TEXT,
        edited_by TEXT,
        edited_at_ms INTEGER,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (recording, id)
    ) WITHOUT ROWID;
    CREATE TABLE label_classes (
        place INTEGER PRIMARY KEY NOT NULL,
        name TEXT NOT NULL,
        color INTEGER,
        is_hidden INTEGER NOT NULL,
        digit INTEGER,
        synonyms TEXT NOT NULL,
        parent TEXT NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE log (
        seq INTEGER PRIMARY KEY NOT NULL,
        at_ms INTEGER NOT NULL,
        annotator TEXT NOT NULL,
        direction TEXT NOT NULL,
        title TEXT NOT NULL,
        edit,
        inverse,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE steps (
        side INTEGER NOT NULL,
        place INTEGER NOT NULL,
        seq INTEGER NOT NULL REFERENCES log (seq),
        checksum INTEGER NOT NULL,
        PRIMARY KEY (side, place)
    ) WITHOUT ROWID;
    CREATE TABLE generations (
        seq INTEGER PRIMARY KEY NOT NULL,
        at_ms INTEGER NOT NULL,
        recordings INTEGER NOT NULL,
        events INTEGER NOT NULL,
        state BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );";
