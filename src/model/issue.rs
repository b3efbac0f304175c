//! How a worker of the IdP issues a token: it drives the machine of a request, and does what the machine asks for.
//!
//! A request holds its worker until it is answered, whatever it waits for (model.md §7).

use super::bus::Notice;
use super::config::{Persistence, TokenFormat};
use super::db::{Draw, Query, REQUEST_OPS, Work};
use super::event::Event;
use super::fact::{Fact, Observer};
use super::world::World;
use crate::engine::Schedule;
use crate::fault::Party;
use crate::id::{FlightId, IdpNodeId, InvalidationId, ServiceId, TokenKeyId};
use crate::oauth::{Cause, Token};
use crate::persistence::node::Ticket;
use crate::persistence::request::Request;
use crate::persistence::table::Marked;
use crate::persistence::{Done, Insert, Row, RowState, Step, Why, Write};
use crate::time::{SimTime, Stamp};

/// What nodes have to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// A token whose row is not ACTIVE any more; this node knows already.
    Token { id: u64, known_to: IdpNodeId },
    /// Every token that a restart or a revocation has killed.
    Killed,
}

impl<O: Observer> World<O> {
    /// Tells a request what was done, and does what it wants, until it waits for something. A lock that becomes free lets
    /// the next request go on.
    pub(super) fn drive(&mut self, service: ServiceId, done: Done, s: &mut Schedule<Event>) {
        let mut next = Some((service, done));
        while let Some((service, done)) = next.take() {
            next = match self.next_step(service, done, s.now()) {
                Step::Lock => {
                    let (node, key) = self.whose(Work::Request(service));
                    let ours = self.database().store.nodes[node.index()].lock(key, Ticket(service.0));
                    ours.then_some((service, Done::Locked))
                }
                Step::Look => {
                    let (node, key) = self.whose(Work::Request(service));
                    let cached = self.database().store.nodes[node.index()].cached(key, s.now().stamp());
                    Some((service, Done::Looked(cached)))
                }
                Step::ReadActive => self.query(service, Query::ReadActive, s),
                Step::ReadEnded => self.query(service, Query::ReadEnded, s),
                Step::Write(write) => self.query(service, Query::Write(write), s),
                Step::Create => {
                    let flight = self.idp.flight_of(service);
                    let token = self.make_token(self.idp.node_of(service), flight, s.now());
                    self.took_effect(&token, s.now());
                    Some((service, Done::Created(token)))
                }
                Step::Queue(item) => {
                    self.queue_token(service, item, s);
                    Some((service, Done::Queued))
                }
                Step::Answer { token, recovered } => {
                    if recovered {
                        let node = self.idp.node_of(service);
                        self.tell(s.now(), Fact::ConAppKeyRecovered { node, token: token.id });
                    }
                    // What it remembers a node remembers no longer for being asked.
                    if !matches!(done, Done::Looked(_)) {
                        self.remember_answer(service, &token, s.now());
                    }
                    self.end_request(service, Ok(token), s)
                }
                Step::GiveUp => {
                    self.tell(s.now(), Fact::ConAppKeyExhausted { node: self.idp.node_of(service) });
                    self.end_request(service, Err(Cause::PersistFailed), s)
                }
            };
        }
    }

    fn next_step(&mut self, service: ServiceId, done: Done, now: SimTime) -> Step {
        match self.config.idp.persistence {
            Persistence::Memory | Persistence::None => Request::next_unstored(done),
            Persistence::Database(rules) => self.idp.request_of(service).next(done, &rules, now.stamp()),
        }
    }

    /// The node and the token key of what works with the database.
    pub(super) fn whose(&self, work: Work) -> (IdpNodeId, TokenKeyId) {
        match work {
            Work::Request(service) => {
                let holder = self.flights[self.idp.flight_of(service)].holder;
                (self.idp.node_of(service), self.holders[holder.index()].token_key)
            }
            Work::Writer(writer) => {
                let writing = &self.db.as_ref().expect("only a database has writers").writers[writer];
                (writing.node, writing.machine.item().token.token_key)
            }
        }
    }

    /// Starts an operation of a request, which fails where the database is gone.
    fn query(&mut self, service: ServiceId, query: Query, s: &mut Schedule<Event>) -> Option<(ServiceId, Done)> {
        let flight = &self.flights[self.idp.flight_of(service)];
        let (key, number) = (self.holders[flight.holder.index()].key, flight.request.number);
        let stream = REQUEST_OPS + self.idp.count_op(service);
        let op = self.start_op(Work::Request(service), query, Draw { key, number, stream }, s);
        match op {
            Some(op) => {
                self.idp.set_op(service, op);
                None
            }
            None => self.end_request(service, Err(Cause::IdpError), s),
        }
    }

    /// The node remembers the token that a request is answered with.
    fn remember_answer(&mut self, service: ServiceId, token: &Token, now: SimTime) {
        let until = (now + self.config.idp.cache.ttl).stamp().min(self.idp.truth.expires(token));
        let node = self.idp.node_of(service);
        if let Some(db) = &mut self.db {
            db.store.nodes[node.index()].remember(*token, now.stamp(), until);
        }
    }

    /// A request is over: its worker is free, its answer leaves, and who waited for its lock goes on.
    fn end_request(
        &mut self,
        service: ServiceId,
        answer: Result<Token, Cause>,
        s: &mut Schedule<Event>,
    ) -> Option<(ServiceId, Done)> {
        let (node, flight) = (self.idp.node_of(service), self.idp.flight_of(service));
        let key = self.holders[self.flights[flight].holder.index()].token_key;
        let next = self.db.as_mut().and_then(|db| db.store.nodes[node.index()].unlock(key, Ticket(service.0)));
        self.end_service(service, s);
        if self.flight_cut_off(flight, node) {
            self.flight_lost(flight);
        } else {
            let in_the_air = &mut self.flights[flight];
            (in_the_air.answer, in_the_air.answered_by) = (Some(answer), Some(node));
            self.answer_flight(flight, s);
        }
        next.map(|ticket| (ServiceId(ticket.0), Done::Locked))
    }

    /// The database failed a request.
    pub(super) fn request_failed(&mut self, service: ServiceId, cause: Cause, s: &mut Schedule<Event>) {
        if let Some((next, done)) = self.end_request(service, Err(cause), s) {
            self.drive(next, done, s);
        }
    }

    /// A transaction of a node takes effect, or is rolled back.
    pub(super) fn commit(&mut self, node: IdpNodeId, key: TokenKeyId, write: Write, s: &mut Schedule<Event>) -> Done {
        let now = s.now();
        let token = match write.insert {
            Insert::Nothing => None,
            Insert::New => Some(self.new_token(node, key, now.stamp())),
            // It may have expired early while it was written.
            Insert::This(token) => Some(Token { expires: self.idp.truth.expires(&token), ..token }),
        };
        // What a restart or a revocation has killed meanwhile is stored as what it is.
        let state = |token: &Token| match self.idp.truth.killed_at(token) {
            Some(_) => RowState::Inactive,
            None => RowState::Active,
        };
        let insert = token.map(|token| (self.row(token), state(&token)));
        let db = self.db.as_mut().expect("only a database commits");
        let mut marked = std::mem::take(&mut db.marked);
        let outcome = db.store.commit(node, key, write.mark, insert, now, &mut marked);
        let done = match outcome {
            Ok(()) => {
                if let (Insert::New, Some(token)) = (write.insert, &token) {
                    self.took_effect(token, now);
                }
                for marked in marked.drain(..) {
                    self.row_marked(node, marked, s);
                }
                Done::Written(token)
            }
            Err(violation) => {
                let token = if let Insert::This(token) = write.insert { Some(token.id) } else { None };
                self.tell(now, Fact::ConAppKeyViolated { node, token });
                Done::Violated(violation)
            }
        };
        self.database().marked = marked;
        done
    }

    /// The row of a token, its time as the database stores it.
    pub(super) fn row(&self, token: Token) -> Row {
        let clock = self.idp.nodes[token.node.index()].clock;
        Row { token, created: self.config.db.dialect.store(clock.shows(token.issued)) }
    }

    /// The row of a token that was issued before the beginning of the run.
    pub(super) fn insert_row(&mut self, token: Token) {
        let row = (self.row(token), RowState::Active);
        let (db, marked) = (self.database(), &mut Vec::new());
        let outcome = db.store.table.commit(token.token_key, None, Some(row), SimTime::ZERO, marked);
        outcome.expect("the table is empty");
    }

    /// A row has left ACTIVE: its token is dead, and the other nodes will hear of it.
    fn row_marked(&mut self, node: IdpNodeId, marked: Marked, s: &mut Schedule<Event>) {
        let now = s.now();
        let cause = match marked.why {
            Why::SpentUp => Cause::ExpiredToken,
            Why::Renewed | Why::Raced => Cause::SupersededToken,
        };
        self.world_changed();
        if self.idp.truth.mark(&marked.token, cause, now) && cause == Cause::SupersededToken {
            self.tell(now, Fact::Superseded { token: marked.token.id, node, why: marked.why });
            if marked.why == Why::Raced && self.config.idp.token_format == TokenFormat::Jwt {
                self.tell(now, Fact::DuplicateActiveJwt);
            }
            self.tokens_changed(now);
            if marked.why == Why::Renewed {
                self.publish_renewal(&marked.token, s);
            }
        }
        self.send_invalidation(Gone::Token { id: marked.token.id, known_to: node }, s);
    }

    /// A renewal tells whoever listens that the token before is revoked (facts: it fires WSO2's revocation listeners).
    fn publish_renewal(&mut self, token: &Token, s: &mut Schedule<Event>) {
        if self.policies.gateways.events.subscribe {
            let (credential, name) = (Some(token.credential), format!("renewal/{}", token.id));
            let (before, token, sender) = (s.now(), Some(token.id), token.node);
            self.publish(Notice { before, token, credential, node: None, revoked: None, sender, name }, s);
        }
    }

    /// Tells the other nodes what to forget, if they are clustered.
    pub(super) fn send_invalidation(&mut self, gone: Gone, s: &mut Schedule<Event>) {
        let Some(delay) = self.lanes.invalidation.filter(|_| self.idp.nodes.len() > 1 || gone == Gone::Killed) else {
            return;
        };
        let id = self.database().invalidations.insert(gone);
        s.after(delay, Event::Invalidated(id));
    }

    /// Nodes hear what to forget.
    pub(super) fn invalidated(&mut self, id: InvalidationId, now: SimTime) {
        let way = self.config.idp.cache.invalidation.unwrap_or_default();
        let db = self.db.as_mut().expect("only a database's caches are invalidated");
        let gone = db.invalidations.remove(id);
        for (index, node) in db.store.nodes.iter_mut().enumerate() {
            match gone {
                Gone::Token { known_to, .. } if known_to.index() == index => {}
                Gone::Token { known_to, .. }
                    if self.partitions.swallowed(Party::Idp(known_to), Party::Idp(IdpNodeId::at(index)), way, now) => {}
                Gone::Token { id, .. } => node.forget_one(id),
                Gone::Killed => node.forget(|token| self.idp.truth.killed_at(token).is_some()),
            }
        }
        self.world_changed();
    }

    /// Tokens have been killed: so are their rows, at once; the nodes' caches hear of it later.
    pub(super) fn tokens_killed(&mut self, s: &mut Schedule<Event>) {
        self.rows_die(s.now());
        if self.db.is_some() {
            self.send_invalidation(Gone::Killed, s);
        }
        self.tokens_changed(s.now());
    }

    pub(super) fn rows_die(&mut self, now: SimTime) {
        if let Some(db) = &mut self.db {
            db.store.table.end_dead(now, |token| self.idp.truth.killed_at(token).is_some());
        }
    }

    /// What a node says of a token that somebody asks about: why it is dead, if it is.
    pub(super) fn state_at(&mut self, node: IdpNodeId, token: &Token, now: SimTime) -> Option<Cause> {
        let death = self.idp.truth.death(token, now).map(|death| death.cause);
        let expires = self.idp.truth.expires(token);
        let Some(db) = &mut self.db else { return death };
        if expires <= now.stamp() {
            return death;
        }
        let memory = &mut db.store.nodes[node.index()];
        if memory.knows(token, now.stamp()) {
            return None;
        }
        match db.store.table.state(token) {
            Some(RowState::Active) => {
                let until = (now + self.config.idp.cache.ttl).stamp().min(expires);
                memory.remember_looked_up(*token, now.stamp(), until);
                None
            }
            Some(RowState::Inactive | RowState::Expired | RowState::Revoked) => {
                Some(death.expect("a token whose row has ended is dead"))
            }
            // It is on its way into the table, or forgotten there long after its end.
            None => death.or(Some(Cause::NotYetPersisted)),
        }
    }

    /// A token that was handed out is in no table and never will be.
    pub(super) fn lose_token(&mut self, token: &Token, now: SimTime) {
        if self.idp.truth.mark(token, Cause::LostToken, now) {
            self.tell(now, Fact::TokenLost { token: token.id });
            self.tokens_changed(now);
        }
    }

    fn make_token(&mut self, node: IdpNodeId, flight: FlightId, now: SimTime) -> Token {
        let key = self.holders[self.flights[flight].holder.index()].token_key;
        self.new_token(node, key, now.stamp())
    }

    /// The token that was made last exists.
    pub(super) fn took_effect(&mut self, token: &Token, now: SimTime) {
        self.idp.next_token += 1;
        self.tell(now, Fact::TokenIssued { token: token.id, node: token.node });
    }

    /// A token as `node` would issue it at `issued`, with the lifetime that the policy asks for; its number is the next one.
    pub(super) fn new_token(&self, node: IdpNodeId, token_key: TokenKeyId, issued: Stamp) -> Token {
        let lifetime = self.token_lifetime();
        let clock = self.idp.nodes[node.index()].clock;
        let iat_s = clock.whole_secs(issued);
        let (key, expires) = match self.config.idp.token_format {
            TokenFormat::Opaque => (None, issued.after(lifetime)),
            TokenFormat::Jwt => (Some(self.idp.truth.keys.signing()), clock.instant_of(iat_s).after(lifetime)),
        };
        let credential = self.token_keys[token_key.index()];
        Token { id: self.idp.next_token, credential, token_key, node, key, issued, expires, iat_s }
    }

    /// Tokens get the smaller of what the IdP gives and what the policy asks for.
    pub(super) fn token_lifetime(&self) -> crate::time::SimSpan {
        let given = self.config.idp.token_lifetime;
        self.policies.gateways.lifetime.request.map_or(given, |asked| asked.min(given))
    }
}
