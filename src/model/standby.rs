//! Who serves behind an active-passive front: node 1, or a standby that took over from it (model.md §6). A pure machine.

use crate::time::{SimSpan, SimTime};

/// The front's choice, as it goes from one node to another.
#[derive(Clone, Debug)]
pub struct Standby {
    failover: SimSpan,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Everything goes to this node.
    Serving(usize),
    /// Whoever served is out of use, and nobody serves. From this instant on the first standby in use takes over.
    Vacant { until: SimTime },
}

/// The node that is active whenever the front uses it.
const ACTIVE: usize = 0;

impl Standby {
    /// The active node serves. A standby takes over so long after whoever serves has been seen out of use.
    #[must_use]
    pub fn new(failover: SimSpan) -> Standby {
        Standby { failover, state: State::Serving(ACTIVE) }
    }

    /// Looks at the nodes as the front sees them now. Has to be told of every change, at its instant; being told twice at one
    /// instant changes nothing. The answer is when to look again, if that is new: a standby may take over then.
    pub fn look(&mut self, now: SimTime, nodes: usize, in_use: impl Fn(usize) -> bool) -> Option<SimTime> {
        let mut again = None;
        match self.state {
            _ if in_use(ACTIVE) => self.state = State::Serving(ACTIVE),
            State::Serving(node) if in_use(node) => {}
            State::Serving(_) => {
                let until = now + self.failover;
                self.state = State::Vacant { until };
                again = (until > now).then_some(until);
            }
            State::Vacant { .. } => {}
        }
        if let State::Vacant { until } = self.state
            && now >= until
            && let Some(standby) = (0..nodes).find(|node| in_use(*node))
        {
            self.state = State::Serving(standby);
        }
        again
    }

    /// The node that serves as of the last look.
    #[must_use]
    pub fn serving(&self) -> Option<usize> {
        match self.state {
            State::Serving(node) => Some(node),
            State::Vacant { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at these nodes, twice, and says who serves and when to look again.
    fn look<const N: usize>(standby: &mut Standby, now: u64, in_use: [bool; N]) -> (Option<usize>, Option<u64>) {
        let again = standby.look(SimTime(now), N, |node| in_use[node]);
        let serving = standby.serving();
        assert_eq!(standby.look(SimTime(now), N, |node| in_use[node]), None);
        assert_eq!(standby.serving(), serving, "a second look at one instant changes nothing");
        (serving, again.map(|at| at.0))
    }

    const UP: bool = true;
    const DOWN: bool = false;

    #[test]
    fn a_standby_takes_over_the_failover_after_the_active_node_is_seen_out_of_use() {
        let mut front = Standby::new(SimSpan(5));
        assert_eq!(look(&mut front, 1, [UP, UP, UP]), (Some(0), None));
        assert_eq!(look(&mut front, 10, [DOWN, UP, UP]), (None, Some(15)));
        assert_eq!(look(&mut front, 14, [DOWN, UP, UP]), (None, None));
        assert_eq!(look(&mut front, 15, [DOWN, UP, UP]), (Some(1), None));
    }

    #[test]
    fn the_active_node_serves_at_once_when_it_is_back_be_it_within_a_failover() {
        let mut front = Standby::new(SimSpan(5));
        assert_eq!(look(&mut front, 10, [DOWN, UP]), (None, Some(15)));
        assert_eq!(look(&mut front, 12, [UP, UP]), (Some(0), None));
        assert_eq!(look(&mut front, 15, [UP, UP]), (Some(0), None));
        assert_eq!(look(&mut front, 20, [DOWN, UP]), (None, Some(25)), "a new failover");
        assert_eq!(look(&mut front, 25, [DOWN, UP]), (Some(1), None));
        assert_eq!(look(&mut front, 30, [UP, UP]), (Some(0), None));
    }

    #[test]
    fn without_a_standby_in_use_the_first_to_come_serves_at_once() {
        let mut front = Standby::new(SimSpan(5));
        assert_eq!(look(&mut front, 10, [DOWN, DOWN, DOWN]), (None, Some(15)));
        assert_eq!(look(&mut front, 15, [DOWN, DOWN, DOWN]), (None, None));
        assert_eq!(look(&mut front, 40, [DOWN, DOWN, UP]), (Some(2), None));
        assert_eq!(look(&mut front, 41, [DOWN, UP, UP]), (Some(2), None), "who serves goes on");
    }

    #[test]
    fn the_next_standby_takes_over_another_failover_later() {
        let mut front = Standby::new(SimSpan(5));
        look(&mut front, 10, [DOWN, UP, UP]);
        assert_eq!(look(&mut front, 15, [DOWN, UP, UP]), (Some(1), None));
        assert_eq!(look(&mut front, 20, [DOWN, DOWN, UP]), (None, Some(25)));
        assert_eq!(look(&mut front, 22, [DOWN, UP, UP]), (None, None), "back too soon: it waits as any standby");
        assert_eq!(look(&mut front, 25, [DOWN, UP, UP]), (Some(1), None));
    }

    #[test]
    fn without_a_failover_a_standby_takes_over_at_the_very_instant() {
        let mut front = Standby::new(SimSpan::ZERO);
        assert_eq!(look(&mut front, 10, [DOWN, UP]), (Some(1), None));
        assert_eq!(look(&mut front, 11, [DOWN, DOWN]), (None, None));
        assert_eq!(look(&mut front, 12, [DOWN, UP]), (Some(1), None));
    }
}
