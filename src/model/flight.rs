//! Token requests in the air: from a holder to the IdP and back (model.md §4.2).

use super::event::{Event, Leg};
use super::fact::{self, Fact, Observer};
use super::holder::Place;
use super::idp::{Arrival, Job, Sender};
use super::store::StoreOp;
use super::world::World;
use crate::engine::{Handle, Schedule};
use crate::fault::Party;
use crate::id::{CallId, FlightId, GatewayId, HolderId, IdpNodeId};
use crate::oauth::{Cause, Token};
use crate::policy::fetcher::Request;
use crate::rng::{Row, Rows, uniform};

/// A token request in the air.
#[derive(Debug)]
pub(super) struct Flight {
    pub holder: HolderId,
    pub request: Request,
    /// The draws for the front, the service, and the jitter of the refresh that follows.
    pub words: Row,
    timeout: Option<Handle>,
    /// Nobody waits for it any more.
    over: bool,
    /// It hangs: nothing comes back.
    lost: bool,
    pub answer: Option<Result<Token, Cause>>,
    /// Whose worker gave the answer.
    pub answered_by: Option<IdpNodeId>,
}

impl<O: Observer> World<O> {
    /// Sends a token request.
    pub(super) fn send_request(&mut self, holder: HolderId, request: Request, s: &mut Schedule<Event>) {
        self.tell(s.now(), Fact::FetchStarted { holder, number: request.number });
        let words = Rows::new(self.holders[holder.index()].key).row(0, request.number);
        let id = self.flights.next_id();
        let timeout = self.lanes.fetch_timeout.map(|delay| s.after(delay, Event::Flight(id, Leg::TimedOut)));
        self.flights.insert(Flight {
            holder,
            request,
            words,
            timeout,
            over: false,
            lost: false,
            answer: None,
            answered_by: None,
        });
        s.after(self.lanes.gateway_idp, Event::Flight(id, Leg::AtIdp));
    }

    /// A token request gets one leg further.
    pub(super) fn flight(&mut self, id: FlightId, leg: Leg, s: &mut Schedule<Event>) {
        match leg {
            Leg::AtIdp => {
                let (holder, word) = (self.flights[id].holder, self.flights[id].words[0]);
                let place = self.holders[holder.index()].place;
                let way = self.config.network.gateway_idp;
                let from = Sender { caller: place.number(), party: place.party(), way };
                match self.idp_arrival(fact::Request::Token, from, word, Some(Job::Token(id)), s) {
                    Arrival::Taken => {}
                    Arrival::Refused => self.flight_failed(id, Cause::IdpDown, s),
                    Arrival::Lost => self.flight_lost(id),
                    Arrival::TurnedAway(cause) => {
                        self.flights[id].answer = Some(Err(cause));
                        self.answer_flight(id, s);
                    }
                }
            }
            Leg::Back => match self.flights[id].answer.expect("what comes back has an answer") {
                Ok(token) => self.landed(id, token, s),
                Err(cause) => self.flight_failed(id, cause, s),
            },
            Leg::TimedOut => {
                let flight = &mut self.flights[id];
                (flight.timeout, flight.over) = (None, true);
                let (holder, request, lost) = (flight.holder, flight.request, flight.lost);
                if lost {
                    self.flights.remove(id);
                }
                self.fetch_failed(holder, request, (Cause::IdpTimeout, None), s);
            }
        }
    }

    /// Nothing comes back, ever. It ends with its timeout, if it has one.
    pub(super) fn flight_lost(&mut self, id: FlightId) {
        if self.flights[id].over {
            self.flights.remove(id);
        } else {
            self.flights[id].lost = true;
        }
    }

    /// Whether a node of the IdP does not reach who sent a token request.
    pub(super) fn flight_cut_off(&self, id: FlightId, node: IdpNodeId) -> bool {
        let party = self.holders[self.flights[id].holder.index()].place.party();
        party.is_some_and(|party| self.partitions.cut(party, Party::Idp(node)))
    }

    /// The IdP's answer to a token request leaves.
    pub(super) fn answer_flight(&mut self, id: FlightId, s: &mut Schedule<Event>) {
        s.after(self.lanes.gateway_idp, Event::Flight(id, Leg::Back));
    }

    /// A token request has failed, and its holder knows.
    pub(super) fn flight_failed(&mut self, id: FlightId, cause: Cause, s: &mut Schedule<Event>) {
        let flight = self.flights.remove(id);
        if !flight.over {
            if let Some(timeout) = flight.timeout {
                s.cancel(timeout);
            }
            self.fetch_failed(flight.holder, flight.request, (cause, flight.answered_by), s);
        }
    }

    /// `why`: the cause, and whose worker told it.
    fn fetch_failed(
        &mut self,
        holder: HolderId,
        request: Request,
        why: (Cause, Option<IdpNodeId>),
        s: &mut Schedule<Event>,
    ) {
        let (cause, node) = why;
        self.tell(s.now(), Fact::FetchEnded { holder, number: request.number, failed: Some(cause), node });
        self.release_lock(holder, s.now());
        let mut actions = std::mem::take(&mut self.actions);
        let fetch = &self.policies.at(self.holders[holder.index()].place).fetch;
        self.holders[holder.index()].fetcher.failed(s.now(), request, cause, fetch, &mut actions);
        self.act(holder, actions, None, s);
    }

    /// A token has come: it is cached, and those who waited go on.
    fn landed(&mut self, id: FlightId, token: Token, s: &mut Schedule<Event>) {
        let flight = self.flights.remove(id);
        if flight.over {
            return;
        }
        if let Some(timeout) = flight.timeout {
            s.cancel(timeout);
        }
        let (holder, node) = (flight.holder, flight.answered_by);
        self.tell(s.now(), Fact::FetchEnded { holder, number: flight.request.number, failed: None, node });
        if self.fetched_in_vain(holder, &token) {
            self.tell(s.now(), Fact::WastedFetch);
        }
        let entry = self.entry(holder, token, s.now());
        let jitter = uniform(flight.words[2]);
        let rules = self.rules(holder);
        if rules.store.shared && rules.lifetime.caches() {
            self.store_op(StoreOp::Write { holder, entry, request: flight.request, jitter }, s);
        } else {
            self.cached(holder, entry, flight.request, jitter, s);
        }
    }

    /// A gateway node went down: nobody waits for its flights any more; `lost` gets the calls that they were for.
    pub(super) fn flights_lost(&mut self, gateway: GatewayId, lost: &mut Vec<CallId>, s: &mut Schedule<Event>) {
        let flights: Vec<FlightId> = self
            .flights
            .iter()
            .filter(|(_, flight)| !flight.over && self.holders[flight.holder.index()].place == Place::Gateway(gateway))
            .map(|(id, _)| id)
            .collect();
        for id in flights {
            let flight = &mut self.flights[id];
            flight.over = true;
            lost.extend(flight.request.owner);
            if let Some(timeout) = flight.timeout.take() {
                s.cancel(timeout);
            }
            if flight.lost {
                self.flights.remove(id);
            }
        }
    }
}
