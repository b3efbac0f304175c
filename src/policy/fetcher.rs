//! The machine of the rule `fetch`: who waits for which token request, and what becomes of those who wait.
//!
//! One machine a holder. It is told what happened and answers with [`Action`]s; it knows neither network nor clock.

use std::collections::VecDeque;

use super::fetch::{Fetch, SingleFlight};
use crate::id::CallId;
use crate::oauth::Cause;
use crate::time::SimTime;

/// The state of one holder's fetching.
#[derive(Clone, Debug, Default)]
pub struct Fetcher {
    /// Calls that wait for the request in the air; empty under `single_flight = "none"`.
    waiting: VecDeque<CallId>,
    /// A request, or the search for the cluster's lock, is under way and others may join it.
    busy: Option<Starter>,
    /// Of that, the search for the lock.
    seeking: bool,
    failed: Option<(SimTime, Cause)>,
    /// Requests sent so far.
    flights: u64,
}

/// Who made a holder fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// A call that found nothing to use.
    Call,
    /// A timer or an event, while nobody waits.
    Background,
}

/// A token request to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number among the holder's requests, from 1: its draws are keyed by it.
    pub number: u64,
    /// `single_flight = "none"`: the one call that it is for.
    pub owner: Option<CallId>,
    pub starter: Starter,
}

/// What the machine wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Send(Request),
    /// Try to take the cluster's lock, and tell how that went.
    SeekLock,
    /// Seek again after `lock_poll`.
    PollLater,
    /// The call goes on with the token that was fetched.
    Serve(CallId),
    /// No token for this call; `on_failure` says what it does.
    Refuse(CallId, Cause),
    /// Fetch again in the background after `retry_after`.
    RefreshLater,
}

impl Fetcher {
    /// A call found nothing to use.
    pub fn missed(&mut self, now: SimTime, call: CallId, rule: &Fetch, out: &mut Vec<Action>) {
        if self.busy.is_none()
            && let Some(cause) = self.held_back(now, rule)
        {
            return out.push(Action::Refuse(call, cause));
        }
        if rule.single_flight == SingleFlight::None {
            let request = self.request(Some(call), Starter::Call);
            return out.push(Action::Send(request));
        }
        self.waiting.push_back(call);
        if self.busy.is_none() {
            self.start(Starter::Call, rule, out);
        }
    }

    /// A timer or an event asks for a fetch in the background; too soon after a failed one it is put off.
    pub fn refresh(&mut self, now: SimTime, rule: &Fetch, out: &mut Vec<Action>) {
        if self.busy.is_none() && self.held_back(now, rule).is_some() {
            return out.push(Action::RefreshLater);
        }
        match (rule.single_flight, self.busy) {
            (SingleFlight::None, _) => {
                let request = self.request(None, Starter::Background);
                out.push(Action::Send(request));
            }
            (SingleFlight::Node | SingleFlight::Cluster, None) => self.start(Starter::Background, rule, out),
            (SingleFlight::Node | SingleFlight::Cluster, Some(_)) => {}
        }
    }

    /// The cluster's lock was asked for: it is ours, or somebody else has it.
    pub fn lock(&mut self, ours: bool, out: &mut Vec<Action>) {
        let starter = self.busy.expect("who seeks the lock is busy");
        if ours {
            self.seeking = false;
            let request = self.request(None, starter);
            out.push(Action::Send(request));
        } else {
            out.push(Action::PollLater);
        }
    }

    /// While this holder sought the lock, another put a token into the store.
    pub fn found(&mut self, out: &mut Vec<Action>) {
        (self.busy, self.seeking) = (None, false);
        out.extend(self.waiting.drain(..).map(Action::Serve));
    }

    /// A request came back with a token, which is where it belongs by now.
    pub fn succeeded(&mut self, request: Request, rule: &Fetch, out: &mut Vec<Action>) {
        self.failed = None;
        match rule.single_flight {
            SingleFlight::None => out.extend(request.owner.map(Action::Serve)),
            SingleFlight::Node | SingleFlight::Cluster => self.found(out),
        }
    }

    /// A request failed.
    pub fn failed(&mut self, now: SimTime, request: Request, cause: Cause, rule: &Fetch, out: &mut Vec<Action>) {
        self.failed = Some((now, cause));
        if request.starter == Starter::Background && rule.retry_after > crate::time::SimSpan::ZERO {
            out.push(Action::RefreshLater);
        }
        if rule.single_flight == SingleFlight::None {
            return out.extend(request.owner.map(|call| Action::Refuse(call, cause)));
        }
        self.busy = None;
        if rule.share_failures || self.held_back(now, rule).is_some() {
            return out.extend(self.waiting.drain(..).map(|call| Action::Refuse(call, cause)));
        }
        // A convoy: the one who asked fails, and the next one asks again.
        if request.starter == Starter::Call {
            out.extend(self.waiting.pop_front().map(|call| Action::Refuse(call, cause)));
        }
        if !self.waiting.is_empty() {
            self.start(Starter::Call, rule, out);
        }
    }

    /// The shared store is down, and the holder does without it nothing: the search for the lock has come to nothing, or what
    /// this request got could not be written. All who wait go without a token, and the next request need not wait.
    pub fn let_down(&mut self, request: Option<Request>, cause: Cause, rule: &Fetch, out: &mut Vec<Action>) {
        let starter = request.map(|request| request.starter).or(self.busy);
        if starter == Some(Starter::Background) && rule.retry_after > crate::time::SimSpan::ZERO {
            out.push(Action::RefreshLater);
        }
        if let (SingleFlight::None, Some(request)) = (rule.single_flight, request) {
            return out.extend(request.owner.map(|call| Action::Refuse(call, cause)));
        }
        (self.busy, self.seeking) = (None, false);
        out.extend(self.waiting.drain(..).map(|call| Action::Refuse(call, cause)));
    }

    /// The node of this holder went down: what was under way is lost, and so are those who waited.
    pub fn reset(&mut self, lost: &mut Vec<CallId>) {
        lost.extend(self.waiting.drain(..));
        (self.busy, self.seeking) = (None, false);
        self.failed = None;
    }

    /// Whether calls wait for a token.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether it waits for the cluster's lock.
    #[must_use]
    pub fn seeks(&self) -> bool {
        self.seeking
    }

    fn start(&mut self, starter: Starter, rule: &Fetch, out: &mut Vec<Action>) {
        self.busy = Some(starter);
        if rule.single_flight == SingleFlight::Cluster {
            self.seeking = true;
            out.push(Action::SeekLock);
        } else {
            let request = self.request(None, starter);
            out.push(Action::Send(request));
        }
    }

    fn request(&mut self, owner: Option<CallId>, starter: Starter) -> Request {
        self.flights += 1;
        Request { number: self.flights, owner, starter }
    }

    /// The cause of the last failure, if it is too recent for another request.
    fn held_back(&self, now: SimTime, rule: &Fetch) -> Option<Cause> {
        self.failed.filter(|(at, _)| now.since(*at) < rule.retry_after).map(|(_, cause)| cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fetch::OnFailure;
    use crate::time::SimSpan;

    fn rule(single_flight: SingleFlight) -> Fetch {
        Fetch {
            single_flight,
            share_failures: true,
            timeout: None,
            on_failure: OnFailure::Fail,
            retry_after: SimSpan::ZERO,
            lock_ttl: SimSpan::secs(5),
            lock_poll: SimSpan::millis(100),
        }
    }

    const A: CallId = CallId(1);
    const B: CallId = CallId(2);
    const C: CallId = CallId(3);

    fn request(number: u64, owner: Option<CallId>) -> Request {
        Request { number, owner, starter: Starter::Call }
    }

    fn missed(fetcher: &mut Fetcher, now: u64, calls: &[CallId], rule: &Fetch) -> Vec<Action> {
        let mut out = Vec::new();
        for call in calls {
            fetcher.missed(SimTime(now), *call, rule, &mut out);
        }
        out
    }

    #[test]
    fn without_single_flight_every_call_sends_its_own_request() {
        let (rule, mut fetcher, mut out) = (rule(SingleFlight::None), Fetcher::default(), Vec::new());
        let sent = missed(&mut fetcher, 0, &[A, B], &rule);
        assert_eq!(sent, [Action::Send(request(1, Some(A))), Action::Send(request(2, Some(B)))]);
        fetcher.succeeded(request(2, Some(B)), &rule, &mut out);
        assert_eq!(out, [Action::Serve(B)]);
    }

    #[test]
    fn calls_that_miss_wait_for_the_request_in_the_air() {
        let (rule, mut fetcher, mut out) = (rule(SingleFlight::Node), Fetcher::default(), Vec::new());
        assert_eq!(missed(&mut fetcher, 0, &[A, B, C], &rule), [Action::Send(request(1, None))]);
        fetcher.succeeded(request(1, None), &rule, &mut out);
        assert_eq!(out, [Action::Serve(A), Action::Serve(B), Action::Serve(C)]);
        assert_eq!(missed(&mut fetcher, 9, &[A], &rule), [Action::Send(request(2, None))]);
    }

    #[test]
    fn a_shared_failure_fails_all_that_wait() {
        let (rule, mut fetcher, mut out) = (rule(SingleFlight::Node), Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A, B], &rule);
        fetcher.failed(SimTime(5), request(1, None), Cause::IdpDown, &rule, &mut out);
        assert_eq!(out, [Action::Refuse(A, Cause::IdpDown), Action::Refuse(B, Cause::IdpDown)]);
    }

    #[test]
    fn an_unshared_failure_makes_a_convoy() {
        let rule = Fetch { share_failures: false, ..rule(SingleFlight::Node) };
        let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A, B], &rule);
        fetcher.failed(SimTime(5), request(1, None), Cause::IdpTimeout, &rule, &mut out);
        assert_eq!(out, [Action::Refuse(A, Cause::IdpTimeout), Action::Send(request(2, None))]);
    }

    #[test]
    fn after_a_failure_nobody_asks_before_retry_after() {
        let rule = Fetch { retry_after: SimSpan(10), ..rule(SingleFlight::Node) };
        let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A], &rule);
        fetcher.failed(SimTime(5), request(1, None), Cause::IdpBusy, &rule, &mut out);
        assert_eq!(missed(&mut fetcher, 14, &[B], &rule), [Action::Refuse(B, Cause::IdpBusy)]);
        assert_eq!(missed(&mut fetcher, 15, &[B], &rule), [Action::Send(request(2, None))]);
    }

    #[test]
    fn a_failed_background_fetch_is_repeated_only_with_retry_after() {
        for (retry_after, repeated) in [(0, false), (10, true)] {
            let rule = Fetch { retry_after: SimSpan(retry_after), ..rule(SingleFlight::Node) };
            let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
            fetcher.refresh(SimTime(0), &rule, &mut out);
            let Action::Send(request) = out[0] else { panic!("{out:?}") };
            out.clear();
            fetcher.failed(SimTime(5), request, Cause::IdpDown, &rule, &mut out);
            assert_eq!(out.contains(&Action::RefreshLater), repeated);
        }
    }

    #[test]
    fn without_the_store_all_who_wait_are_refused_and_the_next_one_asks_at_once() {
        let rule = Fetch { share_failures: false, retry_after: SimSpan(10), ..rule(SingleFlight::Node) };
        let refused = [Action::Refuse(A, Cause::StoreDown), Action::Refuse(B, Cause::StoreDown)];
        let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A, B], &rule);
        fetcher.let_down(Some(request(1, None)), Cause::StoreDown, &rule, &mut out);
        assert_eq!(out, refused);
        assert_eq!(missed(&mut fetcher, 5, &[C], &rule), [Action::Send(request(2, None))]);
        let cluster = Fetch { single_flight: SingleFlight::Cluster, ..rule.clone() };
        let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A, B], &cluster);
        fetcher.let_down(None, Cause::StoreDown, &cluster, &mut out);
        assert_eq!((&out[..], fetcher.seeks()), (&refused[..], false));
        let each = Fetch { single_flight: SingleFlight::None, ..rule };
        let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
        missed(&mut fetcher, 0, &[A, B], &each);
        fetcher.let_down(Some(request(2, Some(B))), Cause::StoreDown, &each, &mut out);
        assert_eq!(out, refused[1..], "the other one still waits for its own request");
    }

    #[test]
    fn a_background_fetch_that_could_not_be_written_is_repeated_after_retry_after() {
        for (retry_after, repeated) in [(0, false), (10, true)] {
            let rule = Fetch { retry_after: SimSpan(retry_after), ..rule(SingleFlight::Cluster) };
            let (mut fetcher, mut out) = (Fetcher::default(), Vec::new());
            fetcher.refresh(SimTime(0), &rule, &mut out);
            fetcher.let_down(None, Cause::StoreDown, &rule, &mut out);
            assert_eq!(out.contains(&Action::RefreshLater), repeated);
        }
    }

    #[test]
    fn a_cluster_asks_for_the_lock_before_the_token() {
        let (rule, mut fetcher, mut out) = (rule(SingleFlight::Cluster), Fetcher::default(), Vec::new());
        assert_eq!(missed(&mut fetcher, 0, &[A, B], &rule), [Action::SeekLock]);
        fetcher.lock(false, &mut out);
        fetcher.lock(true, &mut out);
        assert_eq!(out, [Action::PollLater, Action::Send(request(1, None))]);
        out.clear();
        fetcher.found(&mut out);
        assert_eq!(out, [Action::Serve(A), Action::Serve(B)]);
    }
}
