//! Streams of arrivals, exogenous: call k of a population is the same call under every policy (model.md §1).
//!
//! Poisson calls come from keyed counts per (population, API, gateway preferred, block of time).
//!
//! Where a population has a profile, all of this is in its operational time, and the profile says when that is.

use std::sync::Arc;

use super::blocks::{Blocks, Passed};
use crate::count::BlockCount;
use crate::id::{ApiId, ClientId, GatewayId, ThreadId};
use crate::model::config::{ApplicationConfig, Arrivals, Balance, ClientConfig, WorldConfig};
use crate::profile::{ChangeOfTime, Operational, Profile};
use crate::rng::{Row, Rows, Seeds, below};
use crate::time::{SimSpan, SimTime};

/// A stream of arrivals.
#[derive(Clone, Debug)]
pub struct Source {
    pub whose: Whose,
    /// Where the stream has one API of its own.
    pub api: Option<ApiId>,
    /// Where all its calls prefer one gateway.
    pub gateway: Option<GatewayId>,
    rows: Rows,
    kind: Kind,
    /// Of the population's profile, if it has one.
    change: Option<ChangeOfTime>,
    /// When the next call is born, once somebody has asked.
    next: Option<SimTime>,
}

/// Who sends the calls of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Client(ClientId),
    Thread(ThreadId),
}

#[derive(Clone, Debug)]
enum Kind {
    Poisson(Box<Blocks>),
    Constant { next: Operational, gap: SimSpan, number: u64 },
    Trace { instants: Arc<[SimTime]>, next: usize },
}

/// What is exogenous about a call, drawn when it is born.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    pub at: SimTime,
    /// Its row among those of its stream: further draws for it are keyed by this.
    pub row: u64,
    pub words: Row,
    /// Where the stream has decided that already.
    pub forbidden: Option<bool>,
}

/// The words of a row, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Word {
    Api,
    Gateway,
    /// Which other gateway, while the preferred one is out of use.
    OtherGateway,
    Overhead,
    Service,
    Forbidden,
    Unsafe,
    /// Which user (open populations), or how long the user thinks before the call (closed ones).
    User,
}

impl Birth {
    /// The word for a purpose.
    #[must_use]
    pub fn word(&self, word: Word) -> u64 {
        self.words[word as usize]
    }
}

impl Source {
    /// The streams of an open population, in a fixed order; none for a closed one.
    #[must_use]
    pub fn of_client(world: &WorldConfig, client: ClientId, seeds: Seeds, count: &Arc<BlockCount>) -> Vec<Source> {
        let config = &world.clients[client.index()];
        let whose = Whose::Client(client);
        let change = config.profile.as_ref().map(Profile::change_of_time);
        match &config.arrivals {
            Arrivals::Poisson { per_s } => poisson_streams(world, client, *per_s, change.as_ref(), seeds, count),
            Arrivals::Constant { gap } => {
                let rows = Rows::new(seeds.key("call", &config.name));
                let first = below(Rows::new(seeds.key("first call", &config.name)).row(0, 0)[0], gap.0);
                let kind = Kind::Constant { next: Operational(first.into()), gap: *gap, number: 0 };
                vec![Source { whose, api: None, gateway: None, rows, kind, change, next: None }]
            }
            Arrivals::Trace { instants } => {
                let rows = Rows::new(seeds.key("call", &config.name));
                let kind = Kind::Trace { instants: Arc::clone(instants), next: 0 };
                vec![Source { whose, api: None, gateway: None, rows, kind, change: None, next: None }]
            }
            Arrivals::Closed { .. } => Vec::new(),
        }
    }

    /// The stream of a thread of an application, called `name`.
    #[must_use]
    pub fn of_thread(
        world: &WorldConfig,
        application: &ApplicationConfig,
        (thread, name): (ThreadId, &str),
        seeds: Seeds,
        count: &Arc<BlockCount>,
    ) -> Source {
        let forbidden_ratio = world.apis[application.api.index()].forbidden_ratio;
        let blocks = Blocks::new(application.calls_per_s, forbidden_ratio, seeds.key("thread's block", name), count);
        Source {
            whose: Whose::Thread(thread),
            api: Some(application.api),
            gateway: None,
            rows: Rows::new(seeds.key("thread's call", name)),
            kind: Kind::Poisson(Box::new(blocks)),
            change: None,
            next: None,
        }
    }

    /// When the next call is born, if ever.
    pub fn next_at(&mut self) -> Option<SimTime> {
        if self.next.is_none() {
            self.next = self.find_next();
        }
        self.next
    }

    fn find_next(&mut self) -> Option<SimTime> {
        let at = match &mut self.kind {
            Kind::Poisson(blocks) => blocks.next_at(),
            Kind::Constant { next, .. } => *next,
            Kind::Trace { instants, next } => return instants.get(*next).copied(),
        };
        match &mut self.change {
            Some(change) => change.real(at),
            None => Some(at.unchanged()),
        }
    }

    /// The call that is born now, at [`Source::next_at`].
    ///
    /// # Panics
    /// Where no more calls come.
    pub fn take(&mut self) -> Birth {
        let at = self.next_at().expect("there is a next call");
        self.next = None;
        let (row, words, forbidden) = match &mut self.kind {
            Kind::Poisson(blocks) => blocks.take(&mut self.rows),
            Kind::Constant { next, gap, number } => {
                *next = *next + *gap;
                *number += 1;
                (*number - 1, self.rows.row(0, *number - 1), None)
            }
            Kind::Trace { next, .. } => {
                *next += 1;
                let row = *next as u64 - 1;
                (row, self.rows.row(0, row), None)
            }
        };
        Birth { at, row, words, forbidden }
    }

    /// Whether its calls can be counted without a look at each: those of a Poisson population that all prefer one gateway.
    #[must_use]
    pub fn can_be_counted(&self) -> bool {
        let clients = matches!(self.whose, Whose::Client(_));
        clients && matches!(self.kind, Kind::Poisson(_)) && self.gateway.is_some() && self.change.is_none()
    }

    /// Passes the calls that are born before an instant, and counts them; only where [`Source::can_be_counted`].
    pub fn pass(&mut self, until: SimTime) -> Passed {
        let Kind::Poisson(blocks) = &mut self.kind else { unreachable!("only Poisson calls are counted") };
        self.next = None;
        blocks.pass(Operational(until.0.into()), &mut self.rows)
    }

    /// The same stream at an instant that is past: its next call is the first one that is born then or later.
    #[must_use]
    pub fn rewound(&self, to: SimTime) -> Source {
        let Kind::Poisson(blocks) = &self.kind else { unreachable!("only Poisson calls are counted") };
        let kind = Kind::Poisson(Box::new(blocks.rewound(Operational(to.0.into()))));
        let mut past = Source { kind, next: None, ..self.clone() };
        past.pass(to);
        past
    }

    /// A further row of draws for the call born with `row`: `stream` tells what for, and is not 0.
    pub fn further(&mut self, stream: u64, row: u64) -> Row {
        self.rows.row(stream, row)
    }
}

fn poisson_streams(
    world: &WorldConfig,
    client: ClientId,
    per_s: f64,
    change: Option<&ChangeOfTime>,
    seeds: Seeds,
    count: &Arc<BlockCount>,
) -> Vec<Source> {
    let config = &world.clients[client.index()];
    let mut sources = Vec::new();
    for api in &config.apis {
        let api_config = &world.apis[api.index()];
        for (gateway, share) in shares(world, config) {
            let rate = per_s / apis(config) * share;
            let name = match gateway {
                Some(gateway) => format!("{}/{}/gateway-{}", config.name, api_config.name, gateway.0 + 1),
                None => format!("{}/{}", config.name, api_config.name),
            };
            let kind = Kind::Poisson(Box::new(Blocks::new(
                rate,
                api_config.forbidden_ratio,
                seeds.key("block", &name),
                count,
            )));
            let rows = Rows::new(seeds.key("call", &name));
            let whose = Whose::Client(client);
            sources.push(Source { whose, api: Some(*api), gateway, rows, kind, change: change.cloned(), next: None });
        }
    }
    sources
}

#[expect(clippy::cast_precision_loss, reason = "a number of entities in a rate")]
fn apis(config: &ClientConfig) -> f64 {
    config.apis.len() as f64
}

/// Which gateways have streams of their own, and their share of the population's calls.
#[expect(clippy::cast_precision_loss, reason = "a number of entities in a rate")]
fn shares(world: &WorldConfig, config: &ClientConfig) -> Vec<(Option<GatewayId>, f64)> {
    let nodes = world.gateway.nodes;
    let all = (0..nodes).map(GatewayId::at);
    match world.gateway.balance {
        Balance::RoundRobin => vec![(None, 1.0)],
        Balance::Random => all.map(|gateway| (Some(gateway), 1.0 / nodes as f64)).collect(),
        Balance::Sticky => all
            .map(|gateway| (Some(gateway), sticky_users(config.users, nodes, gateway) as f64 / f64::from(config.users)))
            .filter(|(_, share)| *share > 0.0)
            .collect(),
    }
}

/// How many of `users` stick to this gateway: user u belongs to gateway u mod n.
#[must_use]
pub fn sticky_users(users: u32, nodes: usize, gateway: GatewayId) -> u64 {
    let (users, nodes) = (u64::from(users), nodes as u64);
    users / nodes + u64::from(u64::from(gateway.0) < users % nodes)
}
