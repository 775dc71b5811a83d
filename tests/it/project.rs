//! Integration tests: project.
