//! Introspections in the air: somebody asks the IdP about a token, which answers with the truth at the end of its service
//! (model.md §5, §8).

use super::call::Origin;
use super::config::Front;
use super::event::{Event, Leg};
use super::fact::{Observer, Request};
use super::idp::{Arrival, Job, Sender};
use super::world::World;
use crate::engine::{Delay, Handle, Schedule};
use crate::fault::Party;
use crate::id::{ApiId, CallId, GatewayId, HolderId, IdpNodeId, IntrospectionId};
use crate::oauth::{Cause, Token};
use crate::revocation::UserToken;
use crate::rng::{ROW_WORDS, Row};
use crate::time::SimTime;

/// An introspection in the air.
#[derive(Debug)]
pub(super) struct Introspection {
    asker: Asker,
    /// The draws for the front and for the service; not drawn where nobody needs them.
    pub words: Row,
    timeout: Handle,
    /// Timed out; what comes back is ignored.
    over: bool,
    /// It hangs: nothing comes back.
    lost: bool,
    /// Known when it was served, or when a node that answers turned it away.
    answer: Option<Answer>,
}

/// Who asks, and about what.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// A backend about the token that a call carries.
    Backend { call: CallId, api: ApiId, token: Token },
    /// A gateway node about its caller's token.
    Gateway { call: CallId, gateway: GatewayId, token: UserToken },
    /// A gateway node about the token that it has cached; `falls`: how often it had gone down by then.
    Probe { holder: HolderId, gateway: GatewayId, token: Token, falls: u32 },
}

impl Asker {
    /// What a partition can cut it off as.
    fn party(self) -> Party {
        match self {
            Asker::Backend { .. } => Party::Backends,
            Asker::Gateway { gateway, .. } | Asker::Probe { gateway, .. } => Party::Gateway(gateway),
        }
    }
}

/// Why the token is dead, if it is; or that the IdP did not check.
pub(super) type Answer = Result<Option<Cause>, Down>;

/// The IdP did not check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Down;

impl<O: Observer> World<O> {
    /// Asks the IdP for a call; `stream` keys the draws.
    pub(super) fn introspect(&mut self, call: CallId, asker: Asker, stream: u64, s: &mut Schedule<Event>) {
        let (api, origin, row) = (self.calls[call].api, self.calls[call].origin, self.calls[call].row);
        let stream = stream + (u64::from(self.calls[call].attempt) << 12);
        let words = self.introspection_words(origin, stream, row);
        self.send_introspection(asker, words, self.lanes.check_timeouts[api.index()], s);
    }

    /// Asks the IdP; it is waited for as long as `timeout`.
    pub(super) fn send_introspection(&mut self, asker: Asker, words: Row, timeout: Delay, s: &mut Schedule<Event>) {
        let id = self.introspections.next_id();
        let timeout = s.after(timeout, Event::Introspection(id, Leg::TimedOut));
        self.introspections.insert(Introspection { asker, words, timeout, over: false, lost: false, answer: None });
        s.after(self.way(asker), Event::Introspection(id, Leg::AtIdp));
    }

    /// The draws of an introspection, keyed by its call.
    pub(super) fn introspection_words(&mut self, origin: Origin, stream: u64, row: u64) -> Row {
        if self.introspections_draw() { self.further(origin, stream, row) } else { [0; ROW_WORDS] }
    }

    /// Whether anything about an introspection is left to chance.
    pub(super) fn introspections_draw(&self) -> bool {
        let random = self.config.idp.front == Front::Random && self.config.idp.nodes > 1;
        random || self.config.idp.introspection_service.constant().is_none()
    }

    /// An introspection that has been under way for a while goes on from here; its timeout is at this instant.
    pub(super) fn introspection_goes_on(
        &mut self,
        asker: Asker,
        words: Row,
        timeout: SimTime,
        answer: Option<Answer>,
        s: &mut Schedule<Event>,
    ) -> IntrospectionId {
        let timeout = s.at(timeout, Event::Introspection(self.introspections.next_id(), Leg::TimedOut));
        self.introspections.insert(Introspection { asker, words, timeout, over: false, lost: false, answer })
    }

    /// The way between who asks and the IdP.
    fn way(&self, asker: Asker) -> Delay {
        match asker {
            Asker::Backend { .. } => self.lanes.backend_idp,
            Asker::Gateway { .. } | Asker::Probe { .. } => self.lanes.gateway_idp,
        }
    }

    /// An introspection gets one leg further.
    pub(super) fn introspection(&mut self, id: IntrospectionId, leg: Leg, s: &mut Schedule<Event>) {
        match leg {
            Leg::AtIdp => {
                let (word, asker) = (self.introspections[id].words[0], self.introspections[id].asker);
                let network = &self.config.network;
                let (caller, way) = match asker {
                    Asker::Backend { api, .. } => (api.index(), network.backend_idp),
                    Asker::Gateway { gateway, .. } | Asker::Probe { gateway, .. } => {
                        (gateway.index(), network.gateway_idp)
                    }
                };
                let from = Sender { caller, party: Some(asker.party()), way };
                match self.idp_arrival(Request::Introspection, from, word, Some(Job::Introspection(id)), s) {
                    Arrival::Taken => {}
                    Arrival::Refused => self.introspection_failed(id, s),
                    Arrival::Lost => self.introspection_lost(id),
                    Arrival::TurnedAway(_) => self.answer_introspection(id, Err(Down), s),
                }
            }
            Leg::Back => self.introspection_back(id, s),
            Leg::TimedOut => {
                let introspection = &mut self.introspections[id];
                introspection.over = true;
                let asker = introspection.asker;
                if introspection.lost {
                    self.introspections.remove(id);
                }
                self.introspection_over(asker, Err(Down), s);
            }
        }
    }

    /// Nothing comes back, ever. It ends with its timeout.
    pub(super) fn introspection_lost(&mut self, id: IntrospectionId) {
        if self.introspections[id].over {
            self.introspections.remove(id);
        } else {
            self.introspections[id].lost = true;
        }
    }

    /// Whether a node of the IdP does not reach who asked it.
    pub(super) fn introspection_cut_off(&self, id: IntrospectionId, node: IdpNodeId) -> bool {
        self.partitions.cut(self.introspections[id].asker.party(), Party::Idp(node))
    }

    /// A node of the IdP has looked the token up: the truth at this instant, as the node sees it.
    pub(super) fn introspected(&mut self, id: IntrospectionId, node: IdpNodeId, s: &mut Schedule<Event>) {
        let dead = match self.introspections[id].asker {
            Asker::Backend { token, .. } | Asker::Probe { token, .. } => self.state_at(node, &token, s.now()),
            Asker::Gateway { token, .. } => (!self.is_good(&token, s.now())).then_some(Cause::InboundRefused),
        };
        if self.introspection_cut_off(id, node) {
            self.introspection_lost(id);
        } else {
            self.answer_introspection(id, Ok(dead), s);
        }
    }

    fn answer_introspection(&mut self, id: IntrospectionId, answer: Answer, s: &mut Schedule<Event>) {
        self.introspections[id].answer = Some(answer);
        s.after(self.way(self.introspections[id].asker), Event::Introspection(id, Leg::Back));
    }

    /// The connection broke or was refused, which the caller learns at this instant.
    pub(super) fn introspection_failed(&mut self, id: IntrospectionId, s: &mut Schedule<Event>) {
        let introspection = self.introspections.remove(id);
        if !introspection.over {
            s.cancel(introspection.timeout);
            self.introspection_over(introspection.asker, Err(Down), s);
        }
    }

    fn introspection_back(&mut self, id: IntrospectionId, s: &mut Schedule<Event>) {
        let introspection = self.introspections.remove(id);
        if introspection.over {
            return;
        }
        s.cancel(introspection.timeout);
        let answer = introspection.answer.expect("what comes back has an answer");
        self.introspection_over(introspection.asker, answer, s);
    }

    /// Who asked knows the answer, or that there is none.
    fn introspection_over(&mut self, asker: Asker, answer: Answer, s: &mut Schedule<Event>) {
        match asker {
            Asker::Backend { call, api, token } => self.backend_knows(call, api, &token, answer, s),
            Asker::Gateway { call, gateway, token } => self.gateway_knows(call, gateway, &token, answer, s),
            Asker::Probe { holder, gateway, token, falls } if falls == self.gateways[gateway.index()].falls => {
                self.probed(holder, &token, answer, s);
            }
            // The node that asked has gone down since.
            Asker::Probe { .. } => {}
        }
    }
}
