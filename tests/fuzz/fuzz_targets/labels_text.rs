//! Any bytes given to every reader of label files that are text: tables, lists, subtitles, TextGrids, frame scores.
#![no_main]

use earmark_fuzz::{format, labels};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    labels::run(&labels::texts(), bytes);
    // What is no format of events, but read from files too.
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = format::parse_scores(text);
        let _ = format::label_pairs(text);
    }
});
