//! A sequence from an explanation: its chain of facts, the token requests in it, and how the outage ended.

use std::collections::BTreeSet;

use super::cast::{Stage, Who};
use super::fold::{shortened, together};
use super::words::{alike, bad_news, plainly, refusal};
use super::{Arrow, Look, Participant, Sequence, Step};
use crate::experiment::explain::{Ended, Fetch, Way};
use crate::id::{HolderId, IdpNodeId};
use crate::model::fact::{Calls, Fact};
use crate::oauth::Outcome;
use crate::persistence::Why;
use crate::report::explain::{self, calls, in_short, words};
use crate::report::narrative::clock;
use crate::time::SimTime;
use crate::trace::{self, Names};

/// So many others who ask for tokens are shown beside the one that the story is about; the more are left out.
const MOST_OTHERS: usize = 2;
/// Nodes of the IdP that are shown though nothing goes to them.
const FEW_NODES: usize = 3;

/// The diagram of an explanation.
#[must_use]
pub fn of(told: &explain::Told<'_>) -> Sequence {
    let names = Names::of(&told.scenario.world);
    let why = told.explanation;
    let stage = Stage { names: &names, lane: why.lane };
    let mut drafting = Drafting::new(stage, told);
    drafting.before();
    for event in why.chain.iter().rev() {
        drafting.fact(event);
    }
    for fetch in &why.fetches {
        drafting.fetch(fetch);
    }
    drafting.call(&why.call);
    drafting.after();
    let lane = names.lane(why.lane);
    let title = match why.call.outcome {
        Outcome::Failed(_) => format!("Why calls fail at {lane}, step by step"),
        Outcome::Ok | Outcome::Forbidden => format!("Call {} at {lane}, step by step", why.call.number),
    };
    drafting.into_sequence(title, in_short(told, &names))
}

/// Where a note is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    One(Who),
    /// All nodes of the IdP that are shown.
    Idp,
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Message { from: Who, to: Who, arrow: Arrow },
    Note(Over),
    Fold,
}

/// A step in the making.
#[derive(Clone, Debug)]
struct Draft {
    /// Where it belongs.
    order: SimTime,
    /// What is told of that; `None`: the instant is not known exactly.
    at: Option<SimTime>,
    what: What,
    text: String,
    look: Look,
}

struct Drafting<'a> {
    stage: Stage<'a>,
    told: &'a explain::Told<'a>,
    drafts: Vec<Draft>,
    /// Tokens that the story is about.
    tokens: BTreeSet<u64>,
    /// Who else is shown of those who ask for tokens.
    others: BTreeSet<HolderId>,
    left_out: Vec<SimTime>,
}

impl<'a> Drafting<'a> {
    fn new(stage: Stage<'a>, told: &'a explain::Told<'a>) -> Drafting<'a> {
        let why = told.explanation;
        let ours = stage.names.holder_of(why.lane);
        let mut tokens: BTreeSet<u64> = why.chain.iter().filter_map(|told| marked(&told.fact)).collect();
        tokens.extend(why.call.token);
        tokens.extend(why.fetches.iter().filter(|fetch| fetch.holder == ours).filter_map(|fetch| fetch.token));
        // Those whose token is another token of the story first, then the latest.
        let mut others: Vec<&Fetch> = why.fetches.iter().filter(|fetch| fetch.holder != ours).collect();
        let is_rival = |fetch: &Fetch| fetch.token.is_some_and(|token| tokens.contains(&token));
        others.sort_by_key(|fetch| (!is_rival(fetch), fetch.token == why.call.token, fetch.asked));
        let all: BTreeSet<HolderId> = others.iter().map(|fetch| fetch.holder).collect();
        let few = all.len() <= MOST_OTHERS;
        let shown = others.iter().filter(|fetch| few || is_rival(fetch));
        let mut kept = BTreeSet::new();
        for fetch in shown {
            if kept.len() < MOST_OTHERS {
                kept.insert(fetch.holder);
            }
        }
        Drafting { stage, told, drafts: Vec::new(), tokens, others: kept, left_out: Vec::new() }
    }

    fn message(&mut self, at: SimTime, (from, to): (Who, Who), arrow: Arrow, text: String) {
        let look = if arrow == Arrow::Refusal { Look::Bad } else { Look::Plain };
        let what = What::Message { from, to, arrow };
        self.drafts.push(Draft { order: at, at: Some(at), what, text, look });
    }

    fn note(&mut self, at: SimTime, over: Over, text: String, look: Look) {
        self.drafts.push(Draft { order: at, at: Some(at), what: What::Note(over), text, look });
    }

    fn fold(&mut self, order: SimTime, text: String) {
        self.drafts.push(Draft { order, at: None, what: What::Fold, text, look: Look::Plain });
    }

    fn ours(&self) -> HolderId {
        self.stage.names.holder_of(self.stage.lane)
    }

    fn is_shown(&self, holder: HolderId) -> bool {
        holder == self.ours() || self.others.contains(&holder)
    }

    /// Ways in which calls failed before.
    fn before(&mut self) {
        let why = self.told.explanation;
        for way in why.ways.iter().take(why.way) {
            self.way(way);
        }
    }

    fn way(&mut self, way: &Way) {
        let until = if way.n > 1 { format!(" until {}", clock(way.last)) } else { String::new() };
        let fail = if way.n == 1 { "fails" } else { "fail" };
        let text = format!("{} {fail}{until}: {}", calls(way.n), plainly(way.cause));
        self.note(way.first.first, Over::One(self.stage.ours()), text, Look::Bad);
    }

    /// A fact of the chain, but for token requests and the call itself.
    fn fact(&mut self, told: &trace::Told) {
        let at = told.at;
        let shown = match told.fact {
            Fact::Fault(fault, phase) => {
                if phase.is_begin() {
                    let fault = &self.stage.names.world.faults[fault.index()];
                    let text = format!("fault {} begins ({})", fault.name, fault.fault.kind());
                    self.note(at, Over::All, text, Look::Bad);
                }
                true
            }
            Fact::Killed(_) => self.about(told, Over::Idp, Look::Bad),
            Fact::Node(node, state) => self.node(told, node, state),
            Fact::TokenIssued { token, node } => {
                let known = self.tokens.contains(&token);
                if known {
                    self.note(at, Over::One(Who::Node(node)), format!("makes token {token}"), Look::Plain);
                }
                known
            }
            Fact::Purged { holder, token, .. } => {
                let over = Over::One(self.stage.holder(holder));
                let shown = self.is_shown(holder);
                if shown {
                    self.note(at, over, format!("drops token {token}"), Look::Plain);
                }
                shown
            }
            Fact::Delivered { gateway, .. }
            | Fact::Missed { gateway, .. }
            | Fact::Gateway(gateway, _)
            | Fact::Operator(gateway, _)
            | Fact::TablesRead { gateway, .. }
            | Fact::TablesUnread { gateway, .. }
            | Fact::FalselyRefused { gateway, .. } => {
                let over = self.stage.gateway(gateway);
                let gateways = |holder: &HolderId| self.stage.names.gateway_of(*holder) == Some(gateway);
                let shown = over == self.stage.ours() || self.others.iter().any(gateways);
                shown && self.about(told, Over::One(over), bad_news(&told.fact))
            }
            Fact::ConAppKeyViolated { .. }
            | Fact::ConAppKeyRecovered { .. }
            | Fact::ConAppKeyExhausted { .. }
            | Fact::Superseded { .. }
            | Fact::TokenLost { .. } => self.persisting(told),
            Fact::Ready
            | Fact::Published(_)
            | Fact::Serving(_)
            | Fact::Key(_)
            | Fact::Slow(_)
            | Fact::Revoked { .. } => self.about(told, Over::Idp, bad_news(&told.fact)),
            Fact::Bus(_) => self.about(told, Over::One(Who::Bus), bad_news(&told.fact)),
            Fact::ControlPlane(_) | Fact::Untold { .. } => {
                self.about(told, Over::One(Who::ControlPlane), bad_news(&told.fact))
            }
            Fact::Store(_) => self.about(told, Over::One(Who::Store), bad_news(&told.fact)),
            Fact::Db(_) | Fact::DbStalled { .. } => self.about(told, Over::One(Who::Database), bad_news(&told.fact)),
            Fact::Partition(_) | Fact::ClockSkewed => self.about(told, Over::All, bad_news(&told.fact)),
            // Told by the fetches, by the call, or routine.
            Fact::FetchStarted { .. }
            | Fact::FetchEnded { .. }
            | Fact::Got { .. }
            | Fact::Calls(_)
            | Fact::Refused { .. }
            | Fact::Sent { .. }
            | Fact::RestartStopped
            | Fact::Latency(_)
            | Fact::AnswerLost
            | Fact::Unanswered(_)
            | Fact::Resend { .. }
            | Fact::AcceptedWhileDead
            | Fact::Counted { .. }
            | Fact::IdpArrival(_)
            | Fact::IdpRefused(_)
            | Fact::IdpBusy(_)
            | Fact::Served { .. }
            | Fact::NodeUp { .. }
            | Fact::WastedFetch
            | Fact::Stale { .. }
            | Fact::EventMessage
            | Fact::ServedRevoked { .. }
            | Fact::Login { .. }
            | Fact::DuplicateActiveJwt => true,
        };
        if !shown {
            self.left_out.push(at);
        }
    }

    /// What the database says to a token, and what becomes of it.
    fn persisting(&mut self, told: &trace::Told) -> bool {
        let at = told.at;
        match told.fact {
            Fact::ConAppKeyViolated { node, token } => {
                let whose = token.map_or_else(|| "a token".to_owned(), |token| format!("token {token}"));
                let (node, db) = (Who::Node(node), Who::Database);
                self.message(at, (node, db), Arrow::Request, format!("inserts {whose} as ACTIVE"));
                let text = "violates CON_APP_KEY: another token is ACTIVE already";
                self.message(at, (db, node), Arrow::Refusal, text.into());
                true
            }
            Fact::ConAppKeyRecovered { node, token } => {
                self.note(at, Over::One(Who::Node(node)), format!("goes on with token {token}"), Look::Plain);
                true
            }
            Fact::ConAppKeyExhausted { node } => self.about(told, Over::One(Who::Node(node)), Look::Bad),
            Fact::Superseded { token, node, why } => {
                let by = match why {
                    Why::Raced => "recovery: ",
                    Why::Renewed => "renewal: ",
                    Why::SpentUp => "",
                };
                let text = format!("{by}makes token {token} INACTIVE. It is dead, and who holds it is not told");
                self.message(at, (Who::Node(node), Who::Database), Arrow::Request, text);
                self.last_is(Look::Bad);
                true
            }
            Fact::TokenLost { token } => {
                let known = self.tokens.contains(&token);
                if known {
                    let text = format!("token {token} is lost: it will never be in the database");
                    self.note(at, Over::Idp, text, Look::Bad);
                }
                known
            }
            _ => true,
        }
    }

    /// A fact in the words of the narrative.
    fn about(&mut self, told: &trace::Told, over: Over, look: Look) -> bool {
        let Some((_, what)) = words(self.stage.names, &told.fact) else { return true };
        self.note(told.at, over, what, look);
        true
    }

    fn node(&mut self, told: &trace::Told, node: IdpNodeId, state: crate::model::fact::NodeState) -> bool {
        let look = if state == crate::model::fact::NodeState::Up { Look::Plain } else { Look::Bad };
        let seen = self.told.explanation.fetches.iter().any(|fetch| fetch.node == Some(node));
        if self.stage.names.world.idp.nodes <= FEW_NODES || seen {
            return self.about(told, Over::One(Who::Node(node)), look);
        }
        let Some((whom, what)) = words(self.stage.names, &told.fact) else { return true };
        self.note(told.at, Over::Idp, format!("{whom}: {what}"), look);
        true
    }

    fn last_is(&mut self, look: Look) {
        if let Some(last) = self.drafts.last_mut() {
            last.look = look;
        }
    }

    /// A token request: there and back.
    fn fetch(&mut self, fetch: &Fetch) {
        if !self.is_shown(fetch.holder) {
            self.left_out.push(fetch.asked);
            return;
        }
        let (who, node) = (self.stage.holder(fetch.holder), self.stage.node(fetch.node));
        self.message(fetch.asked, (who, node), Arrow::Request, "asks for a token".into());
        match (fetch.over, fetch.token, fetch.failed) {
            (Some(over), Some(token), _) => {
                self.message(over, (node, who), Arrow::Answer, format!("token {token}"));
            }
            (Some(over), None, Some(cause)) => {
                self.message(over, (node, who), Arrow::Refusal, format!("no token ({})", cause.word()));
            }
            (Some(_), None, None) | (None, _, _) => {}
        }
    }

    /// The call that is explained.
    fn call(&mut self, call: &Calls) {
        let (ours, backend) = (self.stage.ours(), self.stage.backend());
        let number = call.number;
        if let Some(caller) = self.stage.caller() {
            self.message(call.born, (caller, ours), Arrow::Request, format!("call {number}"));
        }
        let refused = self.told.explanation.chain.iter().find_map(|told| match told.fact {
            Fact::Refused { call: of, token, cause, since, .. } if of == number => Some((told.at, token, cause, since)),
            _ => None,
        });
        if let Some((at, token, cause, since)) = refused {
            let with = token.map_or_else(|| "without a token".to_owned(), |token| format!("with token {token}"));
            self.message(at, (ours, backend), Arrow::Request, format!("call {number}, {with}"));
            if let Some(last) = self.drafts.last_mut() {
                last.at = None;
            }
            let status = self.stage.names.world.apis[self.stage.names.api_of(self.stage.lane).index()].reject_status;
            let text = refusal(token, cause, since, status);
            self.message(at, (backend, ours), Arrow::Refusal, text);
        }
        let (caller, at) = (self.stage.caller(), call.first);
        match (call.outcome, caller) {
            (Outcome::Failed(cause), Some(caller)) => {
                self.message(at, (ours, caller), Arrow::Refusal, format!("call {number} fails ({})", cause.word()));
            }
            (Outcome::Failed(cause), None) => {
                self.note(at, Over::One(ours), format!("call {number} fails ({})", cause.word()), Look::Bad);
            }
            (Outcome::Ok | Outcome::Forbidden, _) => {}
        }
    }

    /// What came after: calls that failed alike, and the end.
    fn after(&mut self) {
        let why = self.told.explanation;
        let way = &why.ways[why.way];
        if way.everywhere > 1 {
            self.fold(why.call.first.max(way.first.first), alike(way));
        }
        for way in why.ways.iter().skip(why.way + 1).take(2) {
            self.way(way);
        }
        match &why.ended {
            None => self.note(why.end, Over::All, "the run ends, and calls still fail".into(), Look::Bad),
            Some(ended) => self.ended(ended),
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let with = ended.token.map_or_else(String::new, |token| format!(", with token {token}"));
        let text = format!("a call succeeds again{with}");
        match self.stage.caller() {
            Some(caller) => self.message(ended.at, (self.stage.ours(), caller), Arrow::Answer, text),
            None => self.note(ended.at, Over::One(self.stage.ours()), text, Look::Good),
        }
        self.last_is(Look::Good);
    }

    fn into_sequence(mut self, title: String, about: String) -> Sequence {
        if let Some(&first) = self.left_out.iter().min() {
            let n = self.left_out.len();
            let steps = if n == 1 { "step" } else { "steps" };
            let text = format!("… {n} more {steps} of others are left out");
            self.fold(first, text);
        }
        let mut drafts = std::mem::take(&mut self.drafts);
        drafts.sort_by_key(|draft| draft.order);
        let cast = self.cast(&drafts);
        let participants = cast.iter().map(|&who| Participant { name: self.stage.name(who) }).collect();
        let steps = together(drafts.into_iter().map(|draft| step(draft, &cast)).collect());
        Sequence { title, about, participants, steps: shortened(steps) }
    }

    /// Everybody whom the steps name, from left to right.
    fn cast(&self, drafts: &[Draft]) -> Vec<Who> {
        let mut cast: BTreeSet<Who> = BTreeSet::from([self.stage.ours()]);
        for draft in drafts {
            match &draft.what {
                What::Message { from, to, .. } => cast.extend([*from, *to]),
                What::Note(Over::One(who)) => cast.extend([*who]),
                What::Note(Over::Idp | Over::All) | What::Fold => {}
            }
        }
        let idp = drafts.iter().any(|draft| draft.what == What::Note(Over::Idp));
        if idp && !cast.iter().any(|who| is_idp(*who)) {
            cast.insert(self.stage.node(None));
        }
        cast.into_iter().collect()
    }
}

fn is_idp(who: Who) -> bool {
    matches!(who, Who::Front | Who::Node(_))
}

/// The token that a fact marks as one of the story.
fn marked(fact: &Fact) -> Option<u64> {
    match *fact {
        Fact::Superseded { token, .. } | Fact::ConAppKeyRecovered { token, .. } => Some(token),
        Fact::ConAppKeyViolated { token, .. } | Fact::Refused { token, .. } => token,
        _ => None,
    }
}

fn step(draft: Draft, cast: &[Who]) -> Step {
    let Draft { at, what, text, look, .. } = draft;
    let position = |who: Who| cast.binary_search(&who).expect("whoever a step names is in the cast");
    let (first, last) = match what {
        What::Message { from, to, arrow } => {
            return Step::Message { at, from: position(from), to: position(to), arrow, text, look };
        }
        What::Fold => return Step::Fold(text),
        What::Note(Over::One(who)) => (position(who), position(who)),
        What::Note(Over::All) => (0, cast.len() - 1),
        What::Note(Over::Idp) => {
            let is = |who: &Who| is_idp(*who);
            (cast.iter().position(is).unwrap_or(0), cast.iter().rposition(is).unwrap_or(0))
        }
    };
    Step::Note { at, first, last, text, look }
}
