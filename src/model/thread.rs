//! Applications: threads that ask the IdP for tokens themselves and call a backend with them (model.md §7).
//!
//! A thread is a token holder like a gateway's, with the same rules. Under `one-thread` the first one asks, and the others
//! use what it holds.

use super::call::{Caller, Origin};
use super::config::{ApplicationConfig, Ask, AskAfter, Start, Strategy, WorldConfig};
use super::event::Event;
use super::fact::{Fact, Observer};
use super::holder::{Holder, Place};
use super::source::Birth;
use super::world::World;
use crate::engine::Schedule;
use crate::id::{ApplicationId, CacheId, CallId, CredentialId, HolderId, LaneId, SourceId, ThreadId, TokenKeyId};
use crate::oauth::Outcome;
use crate::policy::cache::Drop;
use crate::rng::{Rows, Seeds, below, uniform};
use crate::time::{SimSpan, SimTime};

/// An application in the course of a run.
#[derive(Debug)]
pub(super) struct Application {
    /// Its threads, in order.
    pub threads: std::ops::Range<usize>,
    /// Bursts so far.
    bursts: u64,
    rows: Rows,
}

/// A thread of an application.
#[derive(Debug)]
pub(super) struct Thread {
    pub application: ApplicationId,
    pub name: String,
    /// Whose token it uses: its own holder, or the first thread's.
    pub holder: HolderId,
    pub lane: LaneId,
    /// It has asked, or the one that asks for it: only then does it call.
    asked: bool,
    /// Asks for itself.
    asks: bool,
    rows: Rows,
}

/// The consumer key of every token key: first one a credential, then those of the scopes that threads ask for.
pub(super) fn token_keys(config: &WorldConfig) -> Vec<CredentialId> {
    let all = (0..config.credentials.len()).map(CredentialId::at);
    let scopes = config.applications.iter().filter(|application| application.strategy == Strategy::ScopePerThread);
    all.chain(scopes.flat_map(|application| (0..application.threads).map(|_| application.credential))).collect()
}

/// Every application with its threads; their holders come after those of the gateways, and so do their caches.
pub(super) fn applications(
    config: &WorldConfig,
    seeds: Seeds,
    holders: &mut Vec<Holder>,
    caches: usize,
) -> (Vec<Application>, Vec<Thread>) {
    let (mut applications, mut threads) = (Vec::new(), Vec::new());
    let lanes = config.gateway.nodes * config.apis.len();
    let mut cache = caches;
    let mut scope = config.credentials.len();
    for (index, application) in config.applications.iter().enumerate() {
        let first = threads.len();
        for number in 0..application.threads as usize {
            let name = format!("{}-{}", application.name, number + 1);
            let asks = number == 0 || application.strategy != Strategy::OneThread;
            if asks {
                let key = match application.strategy {
                    Strategy::PerThread | Strategy::OneThread => TokenKeyId::at(application.credential.index()),
                    Strategy::ScopePerThread => TokenKeyId::at(scope),
                };
                scope += usize::from(application.strategy == Strategy::ScopePerThread);
                let place = Place::Thread(ThreadId::at(threads.len()));
                let draws = seeds.key("token request", &name);
                holders.push(Holder::new(place, (key, application.credential), CacheId::at(cache), draws));
                cache += 1;
            }
            threads.push(Thread {
                application: ApplicationId::at(index),
                holder: HolderId::at(holders.len() - 1),
                lane: LaneId::at(lanes + threads.len()),
                asked: false,
                asks,
                rows: Rows::new(seeds.key("thread's ask", &name)),
                name,
            });
        }
        let rows = Rows::new(seeds.key("ask", &application.name));
        applications.push(Application { threads: first..threads.len(), bursts: 0, rows });
    }
    (applications, threads)
}

impl<O: Observer> World<O> {
    /// Schedules the first burst of every application.
    pub(super) fn schedule_bursts(&mut self, s: &mut Schedule<Event>) {
        for index in 0..self.applications.len() {
            let after = match self.config.applications[index].ask {
                Ask::Burst { first, .. } => first,
                Ask::Poisson { per_s } => self.next_ask(index, per_s),
            };
            self.schedule_burst(ApplicationId::at(index), after, s);
        }
    }

    /// Schedules the next burst, if it is one within the run.
    fn schedule_burst(&self, id: ApplicationId, after: SimSpan, s: &mut Schedule<Event>) {
        if s.now() + after < self.end {
            s.at(s.now() + after, Event::Burst(id));
        }
    }

    /// The gap before the next ask of a Poisson process.
    fn next_ask(&mut self, application: usize, per_s: f64) -> SimSpan {
        let application = &mut self.applications[application];
        let share = uniform(application.rows.row(0, application.bursts)[0]);
        crate::dist::Dist::Exponential { mean: SimSpan::from_secs_f64(1.0 / per_s) }.sample(share)
    }

    /// A burst begins: the application's tokens go, and its threads will ask.
    pub(super) fn burst(&mut self, id: ApplicationId, s: &mut Schedule<Event>) {
        let config = std::sync::Arc::clone(&self.config);
        let config = &config.applications[id.index()];
        let application = &mut self.applications[id.index()];
        let (number, threads) = (application.bursts, application.threads.clone());
        application.bursts += 1;
        let asking: Vec<usize> = threads.filter(|thread| self.threads[*thread].asks).collect();
        match config.ask {
            Ask::Burst { every, spread, .. } => {
                self.tokens_go(config, &asking, s);
                for thread in asking {
                    let share = uniform(self.threads[thread].rows.row(0, number)[0]);
                    s.at(s.now() + spread.scaled(share), Event::Ask(ThreadId::at(thread)));
                }
                self.schedule_burst(id, every, s);
            }
            Ask::Poisson { per_s } => {
                let word = self.applications[id.index()].rows.row(0, number)[1];
                let chosen = below(word, asking.len() as u64);
                let thread = asking[usize::try_from(chosen).expect("below a usize")];
                self.tokens_go(config, &[thread], s);
                self.thread_asks(ThreadId::at(thread), s);
                let after = self.next_ask(id.index(), per_s);
                self.schedule_burst(id, after, s);
            }
        }
    }

    /// What becomes of the tokens that these threads ask for again.
    fn tokens_go(&mut self, config: &ApplicationConfig, asking: &[usize], s: &mut Schedule<Event>) {
        let now = s.now();
        let mut keys: Vec<TokenKeyId> =
            asking.iter().map(|thread| self.holders[self.threads[*thread].holder.index()].token_key).collect();
        keys.dedup();
        match config.ask_after {
            AskAfter::Nothing => {}
            AskAfter::Revocation => {
                for key in keys {
                    self.idp.truth.revoke(key, now);
                }
                self.tokens_killed(s);
            }
            AskAfter::Expiry => {
                for key in keys {
                    self.idp.truth.expire(key, now);
                    if let Some(db) = &mut self.db {
                        db.store.expire(key, now.stamp());
                    }
                }
                self.world_changed();
            }
        }
    }

    /// A thread asks: what it holds is gone, and it fetches, unless a request is in the air.
    pub(super) fn thread_asks(&mut self, id: ThreadId, s: &mut Schedule<Event>) {
        let (application, holder) = (self.threads[id.index()].application, self.threads[id.index()].holder);
        match self.config.applications[application.index()].strategy {
            Strategy::PerThread | Strategy::ScopePerThread => self.threads[id.index()].asked = true,
            Strategy::OneThread => {
                let all = self.applications[application.index()].threads.clone();
                self.threads[all].iter_mut().for_each(|thread| thread.asked = true);
            }
        }
        self.drop_entry(holder, s);
        self.refresh(holder, s);
    }

    /// A thread's call is born, unless it has never asked for a token.
    pub(super) fn thread_calls(&mut self, id: ThreadId, source: SourceId, birth: Birth, s: &mut Schedule<Event>) {
        let thread = &self.threads[id.index()];
        if !thread.asked {
            return;
        }
        let (lane, api) = (thread.lane, self.config.applications[thread.application.index()].api);
        let call = self.born(Origin::Source(source), birth, Caller::Thread(id), api, s.now());
        (self.calls[call].number, self.calls[call].lane) = (self.tally.born, lane);
        self.tally.born += 1;
        self.ask(call, s);
    }

    /// The backend refused a thread's call; `genuine`: its own 403, which a thread does nothing about.
    pub(super) fn thread_refused(&mut self, id: CallId, thread: ThreadId, genuine: bool, s: &mut Schedule<Event>) {
        let thread = &self.threads[thread.index()];
        let (holder, application) = (thread.holder, thread.application);
        if !genuine
            && self.config.applications[application.index()].refetches
            && let Some(held) = self.calls[id].held
        {
            self.purge(holder, false, Drop::Same { id: held.token.id }, false, s);
        }
        let cause = self.calls[id].refused_for;
        self.fail(id, cause, s);
    }

    /// A thread's call is over.
    pub(super) fn thread_sees(&mut self, id: CallId, now: SimTime) {
        let call = self.calls.remove(id);
        if call.outcome == Some(Outcome::Ok) {
            self.tell(now, Fact::Latency(now.since(call.first_born)));
        }
    }

    /// Whether the world begins as if it had run for days.
    pub(super) fn starts_warm(&self) -> bool {
        let renews = matches!(self.config.idp.persistence, super::config::Persistence::Database(_))
            && !self.config.idp.persistence.reuses();
        self.config.run.start == Start::Warm && !renews
    }
}
