//! The scenarios of the gateways run over the token store as well: gateways ask the same nodes, through the same flows.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use stalegate::experiment::play::play;
use stalegate::model::fact::{Fact, Observer};
use stalegate::scenario;
use stalegate::time::SimTime;

#[derive(Debug, Default)]
struct Issued(u64, u64);

impl Observer for Issued {
    fn fact(&mut self, _: SimTime, _: u64, fact: &Fact) {
        match fact {
            Fact::TokenIssued { .. } => self.0 += 1,
            Fact::FetchEnded { failed: None, .. } => self.1 += 1,
            _ => {}
        }
    }
}

#[test]
fn every_scenario_of_gateways_runs_over_a_database_whose_tokens_are_shared() {
    let names = ["401-or-403", "lost-events", "rolling-restart", "short-expiry-two-ways", "wso2-4557"];
    for (name, pool) in names.into_iter().flat_map(|name| [(name, 0), (name, 4)]) {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
        let set = ["idp.persistence.mode=database".to_owned(), format!("idp.persistence.pool_size={pool}")];
        let loaded = scenario::load(&file, &set, None).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"));
        let played = play(&loaded.scenario, 0, 0, Issued::default(), &AtomicBool::new(false)).expect("it runs");
        let Issued(issued, fetched) = played.observer;
        assert!(0 < issued && 2 * issued <= fetched, "{name}: {issued} tokens for {fetched} requests");
    }
}
