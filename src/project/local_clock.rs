//! How far the clock on the wall is from UTC: asked of SQLite, which knows the rules of time zones through the system.

use rusqlite::Connection;

/// What the clock on the wall is ahead of UTC now, in minutes; none if the system does not tell. Not for the thread of a window: the system
/// reads files for it.
pub fn local_offset_minutes() -> Option<i64> {
    let connection = Connection::open_in_memory().ok()?;
    let sql = "SELECT (CAST(strftime('%s', moment, 'localtime') AS INTEGER) - CAST(strftime('%s', moment) AS INTEGER)) / 60 \
               FROM (SELECT datetime('now') AS moment)";
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_clock_is_more_than_half_a_day_or_so_from_utc() {
        let minutes = super::local_offset_minutes().unwrap();
        assert!(minutes.abs() <= 14 * 60, "{minutes}");
    }
}
