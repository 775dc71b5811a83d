//! The set-up helper behind `cargo xtask`.

fn main() {}
