//! A unit of work: some replications of one policy, and the bytes that they come to. The same on one core and on a cluster:
//! seeds come from (scenario seed, replication) alone.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::play::{Stop, play, scope};
use super::record::{Bin, Episode, Exposure, GatewayTotal, Inbound, Record, Revocation};
use super::timeline::Layout;
use crate::id::LaneId;
use crate::metric::{self, Collectors};
use crate::model::config::{FaultConfig, WorldConfig};
use crate::model::fact::{Fact, Observer, Request};
use crate::oauth::Outcome;
use crate::revocation::{Target, UserId};
use crate::rng::Seeds;
use crate::scenario::Scenario;
use crate::time::{SimSpan, SimTime};

/// Plays these replications of a policy; the bytes are what [`decode`] reads: a line of JSON a replication.
///
/// # Panics
/// Never: a record is serialisable.
pub fn unit(
    scenario: &Scenario,
    layout: &Arc<Layout>,
    policy: usize,
    replications: Range<u32>,
    stop: &AtomicBool,
) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    for replication in replications {
        let record = record(scenario, layout, policy, replication, stop)?;
        serde_json::to_writer(&mut bytes, &record).expect("a record is numbers and names");
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// The records of a unit's bytes.
pub fn decode(bytes: &[u8]) -> Result<Vec<Record>, serde_json::Error> {
    lines(bytes).collect()
}

/// The same one by one.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<Record, serde_json::Error>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(serde_json::from_slice)
}

/// The timeline's bins: fine around the instants at which faults are expected.
#[must_use]
pub fn layout(world: &WorldConfig) -> Layout {
    around(world, |fault| (fault.at.sample(0.005), fault.at.sample(0.995)))
}

/// The same of one world, whose faults begin at instants of their own.
#[must_use]
pub fn layout_of(world: &WorldConfig, replication: u32) -> Layout {
    let seeds = Seeds { seed: world.run.seed, replication };
    around(world, |fault| (fault.begins(seeds), fault.begins(seeds)))
}

/// `begins` says between which instants a fault begins for the first time.
fn around(world: &WorldConfig, begins: impl Fn(&FaultConfig) -> (SimSpan, SimSpan)) -> Layout {
    let mut windows = Vec::new();
    for fault in &world.faults {
        let (first, last) = begins(fault);
        let lasts = SimSpan::from_secs_f64(fault.fault.lasts_s());
        let mut shift = SimSpan::ZERO;
        while first + shift < world.run.duration && windows.len() < 1_000 {
            windows.push((SimTime::ZERO + first + shift, SimTime::ZERO + last + shift + lasts));
            let Some(every) = fault.every else { break };
            shift += every;
        }
    }
    Layout::new(world.run.duration, &windows)
}

/// `gateway-1/orders`, or `batch-1/orders` for a thread of the application `batch`.
///
/// # Panics
/// Where the world has no such lane.
#[must_use]
pub fn lane_name(world: &WorldConfig, lane: LaneId) -> String {
    let apis = world.apis.len();
    let gateways = world.gateway.nodes * apis;
    let Some(mut thread) = lane.index().checked_sub(gateways) else {
        return format!("gateway-{}/{}", lane.index() / apis + 1, world.apis[lane.index() % apis].name);
    };
    for application in &world.applications {
        let threads = application.threads as usize;
        if thread < threads {
            return format!("{}-{}/{}", application.name, thread + 1, world.apis[application.api.index()].name);
        }
        thread -= threads;
    }
    unreachable!("the world has no such lane")
}

/// Whose tokens: `shop/user-7`, `shop/user-7/token` for one token, or the name of a consumer key.
#[must_use]
pub fn whom(world: &WorldConfig, target: Target) -> String {
    let user = |of: UserId| format!("{}/user-{}", world.clients[of.client.index()].name, of.user + 1);
    match target {
        Target::Subject(of) => user(of),
        Target::Jti(jti) => format!("{}/token", user(jti.user)),
        Target::ConsumerKey(key) => world.consumer_keys[key.index()].name.clone(),
    }
}

fn record(
    scenario: &Scenario,
    layout: &Arc<Layout>,
    policy: usize,
    replication: u32,
    stop: &AtomicBool,
) -> Result<Record, Stop> {
    let observer = (Collectors::new(scope(scenario, policy)), Timeline::new(layout));
    let played = play(scenario, policy, replication, observer, stop)?;
    let (mut collectors, timeline) = played.observer;
    let values = collectors.values();
    let episode = |episode: crate::metric::Episode| Episode {
        lane: lane_name(&scenario.world, episode.lane),
        start_ns: episode.start.0,
        end_ns: episode.end.0,
        first_cause: episode.first_cause.word().to_owned(),
        failed: episode.failed,
    };
    let episodes = collectors.take_episodes().into_iter().map(episode).collect();
    let inbound = inbound(&scenario.world, collectors.inbound());
    Ok(Record { policy, replication, digest: played.digest, values, episodes, timeline: timeline.bins, inbound })
}

fn inbound(world: &WorldConfig, measured: &metric::Inbound) -> Option<Inbound> {
    let total = |of: &metric::Totals| GatewayTotal { accepted: of.accepted, false_rejections: of.false_rejections };
    let revocation = |(of, exposures): (&metric::Revocation, &[metric::Exposure])| {
        let exposure = |at_gateway: &metric::Exposure| Exposure {
            heard_ns: at_gateway.heard.map(|at| at.0),
            accepted: at_gateway.accepted.into(),
            exposure_ns: at_gateway.lasted(of.at).0,
            false_rejections: at_gateway.false_rejections.into(),
        };
        let fault = &world.faults[of.fault.index()].name;
        Revocation {
            name: format!("{fault}/{}/{}", of.occurrence, whom(world, of.target)),
            at_ns: of.at.0,
            gateways: exposures.iter().map(exposure).collect(),
        }
    };
    let gateways: Vec<GatewayTotal> = measured.totals().iter().map(total).collect();
    (!gateways.is_empty()).then(|| Inbound { gateways, revocations: measured.revocations().map(revocation).collect() })
}

/// Counts what falls into each bin.
#[derive(Debug)]
pub struct Timeline {
    layout: Arc<Layout>,
    /// One per bin of the layout.
    pub bins: Vec<Bin>,
}

impl Timeline {
    /// Nothing yet.
    #[must_use]
    pub fn new(layout: &Arc<Layout>) -> Timeline {
        Timeline { layout: Arc::clone(layout), bins: vec![Bin::default(); layout.bins.len()] }
    }
}

impl Observer for Timeline {
    fn fact(&mut self, at: SimTime, _: u64, fact: &Fact) {
        match fact {
            Fact::Calls(calls) => {
                let bin = &mut self.bins[self.layout.bin_of(at)];
                match calls.outcome {
                    Outcome::Ok => bin.ok += calls.n,
                    Outcome::Failed(_) => bin.failed += calls.n,
                    Outcome::Forbidden => bin.forbidden += calls.n,
                }
            }
            Fact::IdpArrival(Request::Token) => self.bins[self.layout.bin_of(at)].idp_token_requests += 1,
            _ => {}
        }
    }

    fn next_edge(&self, at: SimTime) -> SimTime {
        self.layout.bins.get(self.layout.bin_of(at) + 1).copied().unwrap_or(SimTime::NEVER)
    }
}
