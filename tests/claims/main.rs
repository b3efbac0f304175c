//! What the three documents claim (docs/claims.md), and what the products' sources say: a test for each claim, by its number.

#[path = "../support_run/mod.rs"]
mod support_run;

mod persistence;
mod restart;
mod revocation;
mod wso2;
