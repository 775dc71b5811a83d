//! Integration tests: metric.
