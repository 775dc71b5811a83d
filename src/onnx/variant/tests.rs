//! Tests of what the rewritings have in common, on small graphs.
