//! Why calls fail for so long: finds the worst outage, follows it back to its fault, and plays the same world under the other
//! policies to see which of them would have ended it sooner.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::comparison::Comparison;
use super::play::{Played, Stop, play, play_each, play_traced, scope};
use super::worlds::{Failure, Surroundings};
use crate::id::{GatewayId, HolderId, IdpNodeId, LaneId};
use crate::metric::{Collectors, Episode};
use crate::model::config::Playing;
use crate::model::fact::{Calls, Fact, Observer};
use crate::oauth::{Cause, Outcome};
use crate::scenario::Scenario;
use crate::time::{SimSpan, SimTime};
use crate::trace::log::{Told, is_routine};
use crate::trace::{Names, Why};

/// What is asked about.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Position of the policy.
    pub policy: usize,
    /// Of this world; the worst of all, if absent.
    pub replication: Option<u32>,
    /// Of this lane.
    pub lane: Option<LaneId>,
    /// About this call, by its number.
    pub call: Option<u64>,
}

/// An outage episode, and the world that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Position among the scenarios that were looked at.
    pub scenario: usize,
    pub replication: u32,
    pub episode: Episode,
}

/// Calls of one lane that failed in the same way: for the same cause, on the same token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub cause: Cause,
    pub token: Option<u64>,
    /// The first of them.
    pub first: Calls,
    pub last: SimTime,
    pub n: u64,
    /// The same over all lanes, while the episode lasted.
    pub everywhere: u64,
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When a call succeeded again.
    pub at: SimTime,
    /// With which token.
    pub token: Option<u64>,
    /// When that token was asked for, and when it was there; `None`: it was there all the time.
    pub fetched: Option<(SimTime, SimTime)>,
}

/// A token request, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub holder: HolderId,
    pub asked: SimTime,
    /// When it was over; `None`: it was still in the air when the outage ended.
    pub over: Option<SimTime>,
    /// Whose worker answered it, if one did.
    pub node: Option<IdpNodeId>,
    pub failed: Option<Cause>,
    /// The token that it brought, if it did.
    pub token: Option<u64>,
}

/// What became of the same lane of the same world under another policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    pub policy: String,
    /// When the last outage of the lane ended that began before the explained one ended; `None`: none of its calls failed.
    pub ended: Option<SimTime>,
    /// It was still open at the end of the run.
    pub open: bool,
    /// Failed calls of the lane in these outages.
    pub failed: u64,
}

/// An outage, explained.
#[derive(Debug)]
pub struct Explanation {
    pub replication: u32,
    pub lane: LaneId,
    pub start: SimTime,
    /// When a call succeeded again, or the run ended.
    pub end: SimTime,
    pub failed: u64,
    /// How its calls failed, in the order of the first ones.
    pub ways: Vec<Way>,
    /// The one of them that is explained: the one that lasted longest, or the one of the call that was asked for.
    pub way: usize,
    /// The call that is explained: the first of its way, or the one that was asked for.
    pub call: Calls,
    /// What led to its failure: the latest first, that failure itself among them.
    pub chain: Vec<Told>,
    /// The token requests of the chain, and the one that ended the outage, in the order in which they were sent.
    pub fetches: Vec<Fetch>,
    pub ended: Option<Ended>,
    /// The other policies in the same world, in the order of the scenario.
    pub others: Vec<Other>,
}

/// Why there is no explanation.
#[derive(Debug)]
pub enum Nothing {
    /// Somebody asked to stop.
    Interrupted,
    Failed(Failure<Infallible>),
    /// There is no such call before the end, or it did not fail; in words.
    NoFailure(String),
}

impl From<Stop> for Nothing {
    fn from(stop: Stop) -> Nothing {
        match stop {
            Stop::Asked => Nothing::Interrupted,
            Stop::Broken(broken) => Nothing::Failed(Failure::Broken(broken)),
        }
    }
}

/// The longest outage episode under a policy in the worlds of these scenarios; the first of those that last as long. `None`: there
/// is none. The scenarios have the same lanes, but for those that a point of a sweep takes away.
pub fn worst(scenarios: &[&Scenario], ask: &Ask, around: &Surroundings<'_>) -> Result<Option<Found>, Nothing> {
    let worlds: Vec<(usize, u32)> = scenarios
        .iter()
        .enumerate()
        .flat_map(|(index, scenario)| {
            let all = ask.replication.map_or(0..scenario.replications.min, |one| one..one + 1);
            all.map(move |replication| (index, replication))
        })
        .collect();
    let planned = worlds.len() as u64;
    let done = AtomicU64::new(0);
    let found = in_parallel(&worlds, around, |&(index, replication)| {
        let episodes = episodes(scenarios[index], ask.policy, replication, around)?;
        (around.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, planned);
        let of_lane = episodes.into_iter().filter(|episode| ask.lane.is_none_or(|lane| lane == episode.lane));
        // Of those that last as long the first.
        let longest = of_lane.rev().max_by_key(lasted);
        Ok(longest.map(|episode| Found { scenario: index, replication, episode }))
    })?;
    Ok(found.into_iter().flatten().rev().max_by_key(|found| lasted(&found.episode)))
}

fn lasted(episode: &Episode) -> SimSpan {
    episode.end.since(episode.start)
}

fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    around: &Surroundings<'_>,
    each: impl Fn(&T) -> Result<R, Stop> + Sync,
) -> Result<Vec<R>, Nothing> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(around.jobs).build();
    let pool = pool.map_err(|error| Nothing::Failed(Failure::Threads(error.to_string())))?;
    let results: Vec<Result<R, Stop>> = pool.install(|| items.par_iter().map(&each).collect());
    results.into_iter().collect::<Result<_, _>>().map_err(Nothing::from)
}

/// The episodes of worlds of one scenario that were played already: several explanations look at the same ones.
#[derive(Debug, Default)]
struct Known(Mutex<BTreeMap<(usize, u32), Arc<[Episode]>>>);

impl Known {
    fn episodes(
        &self,
        scenario: &Scenario,
        policy: usize,
        replication: u32,
        around: &Surroundings<'_>,
    ) -> Result<Arc<[Episode]>, Stop> {
        let known = || self.0.lock().expect("nobody panics with it");
        if let Some(episodes) = known().get(&(policy, replication)) {
            return Ok(Arc::clone(episodes));
        }
        let episodes: Arc<[Episode]> = episodes(scenario, policy, replication, around)?.into();
        known().insert((policy, replication), Arc::clone(&episodes));
        Ok(episodes)
    }
}

fn episodes(
    scenario: &Scenario,
    policy: usize,
    replication: u32,
    around: &Surroundings<'_>,
) -> Result<Vec<Episode>, Stop> {
    let played = play(scenario, policy, replication, Collectors::new(scope(scenario, policy)), around.stop)?;
    let mut collectors = played.observer;
    collectors.values();
    Ok(collectors.take_episodes())
}

/// The worst outage under policies that came to the same.
#[derive(Debug)]
pub struct Case {
    /// Positions of the policies; the first one is explained.
    pub policies: Vec<usize>,
    pub explanation: Explanation,
}

/// The worst outage under each policy, the longest first, for at most `most` policies of those that differ in anything: the
/// longest one in the world in which lanes were down for longest. Nothing for a policy under which no call fails.
pub fn cases(
    scenario: &Scenario,
    comparison: &Comparison,
    most: usize,
    around: &Surroundings<'_>,
) -> Result<Vec<Case>, Nothing> {
    let known = Known::default();
    let worlds: Vec<(Vec<usize>, u32)> = alike(comparison)
        .into_iter()
        .filter_map(|policies| worst_world(comparison, policies[0]).map(|replication| (policies, replication)))
        .collect();
    let found = in_parallel(&worlds, around, |(policies, replication)| {
        let episodes = known.episodes(scenario, policies[0], *replication, around)?;
        // Of those that last as long the first.
        let longest = episodes.iter().rev().max_by_key(|episode| lasted(episode)).copied();
        Ok(longest.map(|episode| (policies.clone(), Found { scenario: 0, replication: *replication, episode })))
    })?;
    let mut found: Vec<(Vec<usize>, Found)> = found.into_iter().flatten().collect();
    found.sort_by_key(|(_, found)| Reverse(lasted(&found.episode)));
    found.truncate(most);
    let case = |(policies, found): (Vec<usize>, Found)| {
        let ask = Ask { policy: policies[0], ..Ask::default() };
        match explained(scenario, &ask, &found, &known, scenario.world.run.calls, around) {
            // Of an outage whose calls all failed before the warm-up was over there is nothing to tell.
            Err(Nothing::NoFailure(_)) => Ok(None),
            other => other.map(|explanation| Some(Case { policies, explanation })),
        }
    };
    found.into_iter().filter_map(|found| case(found).transpose()).collect()
}

/// Policies that have the same value of every metric in every world, in order.
fn alike(comparison: &Comparison) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for policy in 0..comparison.policies.len() {
        match groups.iter_mut().find(|group| comparison.identical(group[0], policy)) {
            Some(group) => group.push(policy),
            None => groups.push(vec![policy]),
        }
    }
    groups
}

/// The world in which a policy does worst, by the downtime of the worst lane; the first of several. `None`: no call fails in any.
fn worst_world(comparison: &Comparison, policy: usize) -> Option<u32> {
    let metrics = [
        "downtime_after_restart_worst_lane_s",
        "downtime_worst_lane_s",
        "application_downtime_s",
        "downtime_s",
        "failed",
    ];
    let most = |metric: &&str| {
        let above = (0..).zip(comparison.values(policy, metric)).filter(|(_, value)| **value > 0.0);
        let first = |one: (u32, f64), other: (u32, &f64)| if *other.1 > one.1 { (other.0, *other.1) } else { one };
        let worst = above.fold((0, 0.0), first);
        (worst.1 > 0.0).then_some(worst.0)
    };
    metrics.iter().find_map(most)
}

/// Explains an outage episode, or the failure of one call.
pub fn explain(
    scenario: &Scenario,
    ask: &Ask,
    found: &Found,
    around: &Surroundings<'_>,
) -> Result<Explanation, Nothing> {
    // Whoever asks about one outage gets its instants exactly.
    explained(scenario, ask, found, &Known::default(), Playing::Each, around)
}

fn explained(
    scenario: &Scenario,
    ask: &Ask,
    found: &Found,
    known: &Known,
    calls: Playing,
    around: &Surroundings<'_>,
) -> Result<Explanation, Nothing> {
    let names = Names::of(&scenario.world);
    let witness = Witness::new(&names, found.episode, ask.call);
    // What fails first is played in any case.
    let played = play_traced(scenario, ask.policy, found.replication, witness, (calls, around.stop))?;
    let Played { observer, causes, .. } = played;
    let Witness { facts, ways, asked, ended, .. } = observer;
    let mut ways: Vec<Way> = ways.into_values().filter(|way| way.n > 0).collect();
    ways.sort_by_key(|way| (way.first.first, way.first.number));
    let longest = |&way: &usize| (ways[way].last.since(ways[way].first.first), ways[way].n);
    let of_asked =
        |asked: Calls| ways.iter().position(|way| (Some(way.cause), way.token) == (cause_of(&asked), asked.token));
    let way = asked.and_then(of_asked).or_else(|| (0..ways.len()).rev().max_by_key(longest));
    let way = way.ok_or_else(|| Nothing::NoFailure("no call of it failed".into()))?;
    let call = asked.unwrap_or(ways[way].first);
    let why = Why::new(&names, &facts, &causes);
    let is_effect = |told: &Told| told.fact == Fact::Calls(call);
    let effect = facts.iter().position(is_effect).expect("it is kept");
    let chain: Vec<Told> = why.chain(effect).into_iter().map(|index| facts[index]).collect();
    let Episode { lane, start, end, failed, .. } = found.episode;
    let ended = ended.map(|ok| Ended { at: ok.first, token: ok.token, fetched: fetched(&facts, &names, &ok) });
    let curing = ended.and_then(|ended| Some((names.holder_of(lane), ended.fetched?.0)));
    let fetches = fetches(&facts, &chain, curing);
    let others = others(scenario, ask.policy, found, known, around)?;
    let replication = found.replication;
    Ok(Explanation { replication, lane, start, end, failed, ways, way, call, chain, fetches, ended, others })
}

/// The episode of the call of this number.
pub fn episode_of(scenario: &Scenario, ask: &Ask, call: u64, around: &Surroundings<'_>) -> Result<Found, Nothing> {
    let replication = ask.replication.unwrap_or(0);
    let observer = (Collectors::new(scope(scenario, ask.policy)), Fate { call, calls: None });
    let (mut collectors, fate) = play_each(scenario, ask.policy, replication, observer, around.stop)?.observer;
    let Some(calls) = fate.calls else {
        let why = format!(
            "there is no call {call} in this world, or it is still under way when the run ends; without --call the longest \
             outage is explained"
        );
        return Err(Nothing::NoFailure(why));
    };
    if !matches!(calls.outcome, Outcome::Failed(_)) {
        let why = format!("call {call} did not fail; without --call the longest outage is explained");
        return Err(Nothing::NoFailure(why));
    }
    collectors.values();
    let around_it =
        |episode: &Episode| episode.lane == calls.lane && (episode.start..=episode.end).contains(&calls.first);
    let alone = Episode {
        lane: calls.lane,
        start: calls.first,
        end: calls.last,
        first_cause: cause_of(&calls).expect("it failed"),
        failed: 1,
    };
    let episode = collectors.take_episodes().into_iter().find(around_it).unwrap_or(alone);
    Ok(Found { scenario: 0, replication, episode })
}

fn cause_of(calls: &Calls) -> Option<Cause> {
    if let Outcome::Failed(cause) = calls.outcome { Some(cause) } else { None }
}

/// When the token of a call was asked for, and when it was there.
fn fetched(facts: &[Told], names: &Names<'_>, ok: &Calls) -> Option<(SimTime, SimTime)> {
    let (holder, token) = (names.holder_of(ok.lane), ok.token?);
    let got = facts.iter().rposition(|told| told.at <= ok.first && told.fact == Fact::Got { holder, token })?;
    let begun = |told: &&Told| matches!(told.fact, Fact::FetchStarted { holder: of, .. } if of == holder);
    facts[..got].iter().rev().find(begun).map(|begun| (begun.at, facts[got].at))
}

/// The token requests that the chain tells of, and the one of `curing`, a holder and an instant.
fn fetches(facts: &[Told], chain: &[Told], curing: Option<(HolderId, SimTime)>) -> Vec<Fetch> {
    let of_chain: BTreeSet<(HolderId, u64)> = chain.iter().filter_map(|told| fetch_of(&told.fact)).collect();
    let mut found: BTreeMap<(HolderId, u64), Fetch> = BTreeMap::new();
    // By holder: the fetch whose token it has not yet got.
    let mut landed: BTreeMap<HolderId, u64> = BTreeMap::new();
    for told in facts {
        match told.fact {
            Fact::FetchStarted { holder, number }
                if of_chain.contains(&(holder, number)) || curing == Some((holder, told.at)) =>
            {
                let none = Fetch { holder, asked: told.at, over: None, node: None, failed: None, token: None };
                found.insert((holder, number), none);
            }
            Fact::FetchEnded { holder, number, failed, node } => {
                landed.insert(holder, number);
                if let Some(fetch) = found.get_mut(&(holder, number)) {
                    (fetch.over, fetch.failed, fetch.node) = (Some(told.at), failed, node);
                }
            }
            Fact::Got { holder, token } => {
                let fetch = landed.remove(&holder).and_then(|number| found.get_mut(&(holder, number)));
                if let Some(fetch) = fetch {
                    (fetch.over, fetch.token) = (Some(told.at), Some(token));
                }
            }
            _ => {}
        }
    }
    let mut fetches: Vec<Fetch> = found.into_values().collect();
    fetches.sort_by_key(|fetch| (fetch.asked, fetch.holder));
    fetches
}

fn fetch_of(fact: &Fact) -> Option<(HolderId, u64)> {
    match *fact {
        Fact::FetchStarted { holder, number } | Fact::FetchEnded { holder, number, .. } => Some((holder, number)),
        _ => None,
    }
}

fn others(
    scenario: &Scenario,
    policy: usize,
    found: &Found,
    known: &Known,
    around: &Surroundings<'_>,
) -> Result<Vec<Other>, Nothing> {
    let all: Vec<usize> = (0..scenario.policies.len()).filter(|&other| other != policy).collect();
    let end_of_run = SimTime::ZERO + scenario.world.run.duration;
    in_parallel(&all, around, |&other| {
        let of_lane = |episode: &Episode| episode.lane == found.episode.lane;
        let meanwhile = |episode: &Episode| episode.start <= found.episode.end && episode.end >= found.episode.start;
        let all = known.episodes(scenario, other, found.replication, around)?;
        let episodes = || all.iter().filter(|episode| of_lane(episode) && meanwhile(episode));
        let ended = episodes().map(|episode| episode.end).max();
        Ok(Other {
            policy: scenario.policies[other].name.clone(),
            ended,
            open: ended == Some(end_of_run),
            failed: episodes().map(|episode| episode.failed).sum(),
        })
    })
}

/// Watches for the fate of one call.
#[derive(Debug)]
struct Fate {
    call: u64,
    calls: Option<Calls>,
}

impl Observer for Fate {
    fn fact(&mut self, _: SimTime, _: u64, fact: &Fact) {
        if let Fact::Calls(calls) = fact
            && calls.number == self.call
        {
            self.calls = Some(*calls);
        }
    }
}

/// So many refusals of one way are kept, the first ones: the first failed call's is among them.
const KEPT: u64 = 64;

/// Keeps what can be a cause, and how the calls of an episode failed.
#[derive(Debug)]
struct Witness {
    episode: Episode,
    call: Option<u64>,
    asked: Option<Calls>,
    /// The gateway node of the episode's lane.
    gateway: Option<GatewayId>,
    facts: Vec<Told>,
    ways: BTreeMap<(Cause, Option<u64>), Way>,
    refused: BTreeMap<(Cause, Option<u64>), u64>,
    ended: Option<Calls>,
}

impl Witness {
    fn new(names: &Names<'_>, episode: Episode, call: Option<u64>) -> Witness {
        let gateway = names.gateway_of_lane(episode.lane);
        let (ways, refused) = (BTreeMap::new(), BTreeMap::new());
        Witness { episode, call, asked: None, gateway, facts: Vec::new(), ways, refused, ended: None }
    }

    /// Whether the fact is to be kept.
    fn calls(&mut self, at: SimTime, calls: &Calls) -> bool {
        let episode = self.episode;
        let here = calls.lane == episode.lane;
        if here && calls.outcome == Outcome::Ok && at >= episode.end && self.ended.is_none() {
            self.ended = Some(*calls);
        }
        let Outcome::Failed(cause) = calls.outcome else { return false };
        let asked = self.call == Some(calls.number);
        if calls.deserved && !asked || at < episode.start || at > episode.end {
            return false;
        }
        if asked {
            self.asked = Some(*calls);
        }
        let none = Way { cause, token: calls.token, first: *calls, last: at, n: 0, everywhere: 0 };
        let way = self.ways.entry((cause, calls.token)).or_insert(none);
        way.everywhere += calls.n;
        if !here {
            return false;
        }
        let is_first = way.n == 0;
        if is_first {
            way.first = *calls;
        }
        (way.last, way.n) = (calls.last, way.n + calls.n);
        is_first || asked
    }

    fn keeps(&mut self, at: SimTime, fact: &Fact) -> bool {
        match fact {
            Fact::Calls(calls) => self.calls(at, calls),
            Fact::Refused { lane, cause, token, call, .. } => {
                let episode = self.episode;
                if episode.lane != *lane {
                    return false;
                }
                let kept = self.refused.entry((*cause, *token)).or_default();
                let meanwhile = at + SimSpan::secs(3_600) >= episode.start && at <= episode.end;
                let keep = self.call == Some(*call) || meanwhile && *kept < KEPT;
                *kept += u64::from(keep);
                keep
            }
            Fact::FalselyRefused { gateway, .. } => {
                let meanwhile = (self.episode.start..=self.episode.end).contains(&at);
                meanwhile && self.gateway == Some(*gateway)
            }
            other => !is_routine(other),
        }
    }
}

impl Observer for Witness {
    fn fact(&mut self, at: SimTime, seq: u64, fact: &Fact) {
        if self.keeps(at, fact) {
            self.facts.push(Told { at, seq, fact: *fact });
        }
    }

    fn next_edge(&self, at: SimTime) -> SimTime {
        let edges = [self.episode.start, self.episode.end, self.episode.end + SimSpan(1)];
        edges.into_iter().find(|edge| *edge > at).unwrap_or(SimTime::NEVER)
    }
}
