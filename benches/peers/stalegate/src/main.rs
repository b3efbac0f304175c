//! The models on stalegate: the full product as a scenario, each call played and every metric collected, as `compare` does it; and
//! the hold model on its engine.

use std::sync::atomic::AtomicBool;

use peer_model::{Counts, Delays, Hold, Peer, QUICK, Times, timed};
use stalegate::engine::{Delay, Engine, Fifo, Fingerprint, Model, Schedule};
use stalegate::experiment::play::{play, scope};
use stalegate::metric::{self, Collectors};
use stalegate::scenario::load_text;
use stalegate::time::{SimSpan, SimTime};

const SCENARIO: &str = include_str!("../token-cache.toml");

fn token_cache(times: &Times) -> (Counts, f64) {
    let overrides = [
        format!("run.duration={}ns", times.horizon),
        format!("idp.token_lifetime={}ns", times.lifetime),
        format!("fault.restart.at={}ns", times.outage_at),
        format!("fault.restart.down={}ns", times.outage_for),
    ];
    let overrides = if times.horizon == QUICK.horizon { &overrides[..] } else { &[] };
    let scenario = load_text("token-cache.toml", SCENARIO, overrides, None).expect("it is a good scenario").scenario;
    let collectors = Collectors::new(scope(&scenario, 0));
    let (played, seconds) = timed(|| play(&scenario, 0, 0, collectors, &AtomicBool::new(false)));
    let mut played = played.expect("nobody asks to stop");
    let values = played.observer.values();
    let value = |name: &str| {
        let at = metric::all().iter().position(|metric| metric.name == name).expect("a metric of the registry");
        count(values[at])
    };
    let counts = Counts { events: played.events, calls: value("requests"), ok: value("ok"), failed: value("failed") };
    (counts, seconds)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and below 2⁵³")]
fn count(value: f64) -> u64 {
    value as u64
}

#[derive(Clone, Copy, Debug)]
struct Tick;

impl Fingerprint for Tick {
    fn fingerprint(self) -> u64 {
        0
    }
}

struct Holder(Delays);

impl Model for Holder {
    type Event = Tick;

    fn handle(&mut self, event: Tick, schedule: &mut Schedule<Tick>) {
        schedule.after(Delay::Drawn(SimSpan(self.0.draw())), event);
    }
}

fn hold(Hold { pending, until }: Hold) -> (u64, f64) {
    let mut engine = Engine::new(Fifo, |schedule| {
        let mut delays = Delays::default();
        for _ in 0..pending {
            schedule.after(Delay::Drawn(SimSpan(delays.draw())), Tick);
        }
        Holder(delays)
    });
    let (_, seconds) = timed(|| engine.run(SimTime(until), u64::MAX));
    (engine.fired(), seconds)
}

fn main() {
    peer_model::main(&[Peer { name: "stalegate", token_cache, hold }]);
}
