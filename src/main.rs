//! The program: starts the window or a subcommand.

fn main() {}
