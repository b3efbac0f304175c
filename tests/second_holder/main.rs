//! A second opinion on revocations: WSO2's `RevokedJWTDataHolder` and the tables behind it once more, written from the facts
//! (wso2.md §4.2, §4.3, §4.6) and from nothing in `src/revocation`. It is fed with the same random events, restarts and
//! tokens, and must refuse the same tokens for the same reasons; then with the events of whole runs, and must foretell
//! every call.

#[path = "../support/mod.rs"]
mod support;

mod holder;
mod runs;
mod steps;
