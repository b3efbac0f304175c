//! The delays of a world: constants get a lane of the event list each, a span of zero no event at all.

use super::config::{Persistence, WorldConfig};
use super::event::Event;
use crate::dist::{Dist, Sampler};
use crate::engine::{Delay, Schedule};
use crate::policy::Policy;
use crate::time::SimSpan;

/// How long until a call's next step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// No time passes: the step is done at once.
    None,
    After(Delay),
}

/// A distribution, and the lane that serves it where it is a constant.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    constant: Option<Wait>,
    sampler: Sampler,
    extra: SimSpan,
}

impl Wait {
    fn constant(span: SimSpan, s: &mut Schedule<Event>) -> Wait {
        if span == SimSpan::ZERO { Wait::None } else { Wait::After(Delay::Constant(s.lane(span))) }
    }
}

impl Timer {
    /// For a distribution, to each sample of which `extra` is added.
    fn new(dist: &Dist, extra: SimSpan, s: &mut Schedule<Event>) -> Timer {
        let constant = dist.constant().map(|span| Wait::constant(span + extra, s));
        Timer { constant, sampler: dist.sampler(), extra }
    }

    /// The wait; the uniform is asked for only where the distribution is not a constant.
    pub fn wait(&self, uniform: impl FnOnce() -> f64) -> Wait {
        self.constant.unwrap_or_else(|| Wait::After(Delay::Drawn(self.sample(uniform()))))
    }

    /// The span, and how to schedule its end: always as an event.
    pub fn delay(&self, uniform: impl FnOnce() -> f64) -> (SimSpan, Delay) {
        match self.constant {
            Some(Wait::After(delay)) => (self.sample(0.5), delay),
            Some(Wait::None) => (SimSpan::ZERO, Delay::Drawn(SimSpan::ZERO)),
            None => {
                let span = self.sample(uniform());
                (span, Delay::Drawn(span))
            }
        }
    }

    /// The span, drawn also where the distribution is a constant.
    pub fn sample(&self, uniform: f64) -> SimSpan {
        self.sampler.sample(uniform) + self.extra
    }
}

/// Every delay that is known before the run.
#[derive(Debug)]
pub(super) struct Delays {
    pub client_gateway: Wait,
    pub gateway_backend: Wait,
    /// Always an event, also for a span of zero: requests to the IdP may follow each other without end at one instant.
    pub gateway_idp: Delay,
    pub backend_idp: Delay,
    pub overhead: Timer,
    /// By API: the backend's service and the way back to the gateway.
    pub service: Vec<Timer>,
    pub token_service: Timer,
    pub introspection_service: Timer,
    pub db_read: Timer,
    pub db_write: Timer,
    pub pool_wait: Delay,
    /// Until the nodes of a cluster hear of a change; `None` where they do not.
    pub invalidation: Option<Delay>,
    /// By population.
    pub client_timeouts: Vec<Delay>,
    /// By API; unused where nobody asks the IdP for its calls.
    pub check_timeouts: Vec<Delay>,
    pub fetch_timeout: Option<Delay>,
    pub store: Delay,
    pub lock_poll: Delay,
    pub refetch: Delay,
}

impl Delays {
    pub fn new(config: &WorldConfig, policy: &Policy, s: &mut Schedule<Event>) -> Delays {
        let network = &config.network;
        let stored = matches!(config.idp.persistence, Persistence::Database(_));
        let never = Dist::Constant(SimSpan::ZERO);
        let if_stored =
            |dist: &Dist, s: &mut Schedule<Event>| Timer::new(if stored { dist } else { &never }, SimSpan::ZERO, s);
        Delays {
            client_gateway: Wait::constant(network.client_gateway, s),
            gateway_backend: Wait::constant(network.gateway_backend, s),
            gateway_idp: Delay::Constant(s.lane(network.gateway_idp)),
            backend_idp: Delay::Constant(s.lane(network.backend_idp)),
            overhead: Timer::new(&config.gateway.overhead, SimSpan::ZERO, s),
            service: config.apis.iter().map(|api| Timer::new(&api.service_time, network.gateway_backend, s)).collect(),
            token_service: Timer::new(&config.idp.token_service, SimSpan::ZERO, s),
            introspection_service: Timer::new(&config.idp.introspection_service, SimSpan::ZERO, s),
            db_read: if_stored(&config.db.read, s),
            db_write: if_stored(&config.db.write, s),
            pool_wait: Delay::Drawn(config.db.pool_wait),
            invalidation: config.idp.cache.invalidation.map(Delay::Drawn),
            client_timeouts: config.clients.iter().map(|client| Delay::Constant(s.lane(client.timeout))).collect(),
            check_timeouts: config.apis.iter().map(|api| Delay::Constant(s.lane(api.introspection_timeout))).collect(),
            fetch_timeout: policy.fetch.timeout.map(|timeout| Delay::Constant(s.lane(timeout))),
            store: Delay::Constant(s.lane(policy.store.round_trip)),
            lock_poll: Delay::Constant(s.lane(policy.fetch.lock_poll)),
            refetch: Delay::Constant(s.lane(policy.fetch.retry_after)),
        }
    }
}
