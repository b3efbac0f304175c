//! One cache entry.
