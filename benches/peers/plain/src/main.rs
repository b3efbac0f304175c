//! The models without an engine: what a loop costs that is written for one model. `plain-heap` is what anybody would write first,
//! `plain-lanes` is tuned by hand.

mod heap;
mod lanes;
mod world;

use peer_model::Peer;

fn main() {
    peer_model::main(&[
        Peer { name: "plain-heap", token_cache: heap::token_cache, hold: heap::hold },
        Peer { name: "plain-lanes", token_cache: lanes::token_cache, hold: lanes::hold },
    ]);
}
