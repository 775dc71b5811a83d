//! Scores of estimated against reference events. Pure.
