//! The sequence of a call that did not fail: from its birth to its answer.

use super::cast::{Stage, Who};
use super::words::refusal;
use super::{Arrow, Look, Participant, Sequence, Step};
use crate::model::fact::{Calls, Fact};
use crate::oauth::Outcome;
use crate::time::SimTime;
use crate::trace::{Names, Told};

/// The diagram of the call of this number by the facts about it; `None`: it failed, and has causes to be told, or is not there.
#[must_use]
pub fn of_call(names: &Names<'_>, facts: &[Told], call: u64) -> Option<Sequence> {
    let calls: Calls = facts.iter().find_map(|told| match told.fact {
        Fact::Calls(calls) if calls.number == call && !matches!(calls.outcome, Outcome::Failed(_)) => Some(calls),
        _ => None,
    })?;
    let stage = Stage { names, lane: calls.lane };
    let (ours, backend) = (stage.ours(), stage.backend());
    let cast: Vec<Who> = stage.caller().into_iter().chain([ours, backend]).collect();
    let position = |who: Who| cast.iter().position(|&one| one == who).expect("all who take part are in the cast");
    let message = |at: SimTime, (from, to): (Who, Who), arrow, text: String, look| Step::Message {
        at: Some(at),
        from: position(from),
        to: position(to),
        arrow,
        text,
        look,
    };
    let asks = |caller| message(calls.born, (caller, ours), Arrow::Request, format!("call {call}"), Look::Plain);
    let mut steps: Vec<Step> = stage.caller().map(asks).into_iter().collect();
    for told in facts {
        match told.fact {
            Fact::Sent { token, call: of, .. } if of == call => {
                let text = format!("call {call}, with token {token}");
                steps.push(message(told.at, (ours, backend), Arrow::Request, text, Look::Plain));
            }
            Fact::Refused { call: of, token, cause, since, .. } if of == call => {
                let status = names.world.apis[names.api_of(calls.lane).index()].reject_status;
                let text = refusal(token, cause, since, status);
                steps.push(message(told.at, (backend, ours), Arrow::Refusal, text, Look::Bad));
            }
            _ => {}
        }
    }
    let (text, look) = match calls.outcome {
        Outcome::Ok => ("served", Look::Good),
        Outcome::Forbidden | Outcome::Failed(_) => ("403 of the API itself, whatever the token", Look::Plain),
    };
    steps.push(message(calls.last, (backend, ours), Arrow::Answer, text.into(), look));
    let lane = names.lane(calls.lane);
    Some(Sequence {
        title: format!("Call {call} at {lane}, step by step"),
        about: format!("Call {call} at {lane} does not fail."),
        participants: cast.iter().map(|&who| Participant { name: stage.name(who) }).collect(),
        steps,
    })
}
