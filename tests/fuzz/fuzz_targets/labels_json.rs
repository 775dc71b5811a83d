//! Any bytes given to every reader of label files that are JSON.
#![no_main]

use earmark_fuzz::labels;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    labels::run(&labels::of_ids(labels::JSON), bytes);
});
