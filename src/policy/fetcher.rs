//! The machine of the rule `fetch`.
