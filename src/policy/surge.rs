//! Rule `surge`: a monitor counts refusals at each gateway node, and somebody empties caches when there are too many
//! (model.md §4.7).

use std::collections::VecDeque;

use crate::dist::Dist;
use crate::id::GatewayId;
use crate::key::{Key, Table, Ty};
use crate::time::{SimSpan, SimTime};

/// The rule's keys in a scenario file.
pub const KEYS: &[Key] = &[
    Key::off(
        "threshold",
        Ty::Count { min: 1, max: 1_000_000_000 },
        "so many refusals in the window trigger the action",
    ),
    Key::new("window", Ty::PositiveSpan, "\"10s\"", "the window in which refusals are counted"),
    Key::new("reaction", Ty::Dist, "\"60s\"", "how long the alert, the script or the person takes"),
    Key::new("action", Ty::Choice(&["flush", "restart"]), "\"restart\"", "what is done to the node"),
    Key::new("cooldown", Ty::Span, "\"5min\"", "not again sooner than this"),
    Key::new("serial", Ty::Bool, "false", "never two nodes at once"),
];

/// What an operator does about a surge of refusals.
#[derive(Clone, Debug, PartialEq)]
pub struct Surge {
    /// So many within the window are too many; `None`: nobody looks.
    pub threshold: Option<u32>,
    pub window: SimSpan,
    pub reaction: Dist,
    pub remedy: Remedy,
    pub cooldown: SimSpan,
    pub serial: bool,
}

/// What is done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Its caches are emptied.
    Flush,
    /// It is restarted.
    Restart,
}

/// What the operator hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A 401 or 403 at a node.
    Refusal(GatewayId),
    /// The reaction to an alert about this node is over.
    Reacted(GatewayId),
    /// A node went down, whoever did it.
    Down(GatewayId),
    /// A node is up again.
    Up(GatewayId),
}

/// What the operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An alert, of this number at its node: the reaction to it begins.
    React {
        gateway: GatewayId,
        number: u64,
    },
    Do(Remedy, GatewayId),
}

/// The operator of all gateway nodes.
#[derive(Debug)]
pub struct Operator {
    nodes: Vec<Node>,
    /// Nodes whose turn has not come: one after the other.
    waiting: VecDeque<GatewayId>,
}

#[derive(Clone, Debug)]
struct Node {
    /// When refusals fell, of the window alone and no more of them than decide.
    refusals: VecDeque<SimTime>,
    /// An alert is being reacted to, or the node waits for its turn.
    pending: bool,
    alerts: u64,
    /// No alert before this.
    quiet_until: SimTime,
    up: bool,
    /// It was restarted, and is not up yet.
    restarting: bool,
}

impl Surge {
    /// The rule as the table says.
    #[must_use]
    pub fn from_table(table: &Table) -> Surge {
        Surge {
            threshold: table.opt_count32("threshold"),
            window: table.span("window"),
            reaction: table.dist("reaction"),
            remedy: match table.text("action") {
                "flush" => Remedy::Flush,
                "restart" => Remedy::Restart,
                other => unreachable!("the decoder refuses action {other}"),
            },
            cooldown: table.span("cooldown"),
            serial: table.bool("serial"),
        }
    }
}

impl Operator {
    /// Watches so many nodes, all of them up.
    #[must_use]
    pub fn new(nodes: usize) -> Operator {
        let node = Node {
            refusals: VecDeque::new(),
            pending: false,
            alerts: 0,
            quiet_until: SimTime::ZERO,
            up: true,
            restarting: false,
        };
        Operator { nodes: vec![node; nodes], waiting: VecDeque::new() }
    }

    /// Something happened; at most one thing is to be done about it.
    pub fn handle(&mut self, now: SimTime, input: Input, rule: &Surge) -> Option<Action> {
        match input {
            Input::Refusal(gateway) => self.refusal(now, gateway, rule),
            Input::Reacted(gateway) if !self.nodes[gateway.index()].up => {
                // It comes back with empty caches: nothing is left to be done.
                self.nodes[gateway.index()].pending = false;
                None
            }
            Input::Reacted(gateway) if rule.serial && self.nodes.iter().any(|node| node.restarting) => {
                self.waiting.push_back(gateway);
                None
            }
            Input::Reacted(gateway) => Some(self.act(now, gateway, rule)),
            Input::Down(gateway) => {
                self.nodes[gateway.index()].up = false;
                if let Some(turn) = self.waiting.iter().position(|waiting| *waiting == gateway) {
                    self.waiting.remove(turn);
                    self.nodes[gateway.index()].pending = false;
                }
                None
            }
            Input::Up(gateway) => {
                let node = &mut self.nodes[gateway.index()];
                (node.up, node.restarting) = (true, false);
                if self.nodes.iter().any(|node| node.restarting) {
                    return None;
                }
                self.waiting.pop_front().map(|next| self.act(now, next, rule))
            }
        }
    }

    fn refusal(&mut self, now: SimTime, gateway: GatewayId, rule: &Surge) -> Option<Action> {
        let threshold = rule.threshold? as usize;
        let node = &mut self.nodes[gateway.index()];
        node.refusals.push_back(now);
        let gone = |first: &SimTime| now.since(*first) >= rule.window;
        while node.refusals.len() > threshold || node.refusals.front().is_some_and(gone) {
            node.refusals.pop_front();
        }
        if node.refusals.len() < threshold || node.pending || now < node.quiet_until {
            return None;
        }
        node.pending = true;
        node.alerts += 1;
        Some(Action::React { gateway, number: node.alerts })
    }

    fn act(&mut self, now: SimTime, gateway: GatewayId, rule: &Surge) -> Action {
        let node = &mut self.nodes[gateway.index()];
        node.pending = false;
        node.quiet_until = now + rule.cooldown;
        node.restarting = rule.remedy == Remedy::Restart;
        Action::Do(rule.remedy, gateway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: GatewayId = GatewayId(0);
    const TWO: GatewayId = GatewayId(1);
    const THREE: GatewayId = GatewayId(2);

    fn rule() -> Surge {
        Surge {
            threshold: Some(3),
            window: SimSpan(10),
            reaction: Dist::Constant(SimSpan(5)),
            remedy: Remedy::Restart,
            cooldown: SimSpan(100),
            serial: true,
        }
    }

    fn alert(number: u64) -> Action {
        Action::React { gateway: ONE, number }
    }

    /// The instants, of these refusals at one node, of those that raise an alert.
    fn alerts(rule: &Surge, refusals: &[u64]) -> Vec<u64> {
        let mut operator = Operator::new(1);
        let raises = |at: &&u64| operator.handle(SimTime(**at), Input::Refusal(ONE), rule).is_some();
        refusals.iter().filter(raises).copied().collect()
    }

    #[test]
    fn the_window_slides_and_leaves_its_beginning_out() {
        assert_eq!(alerts(&rule(), &[0, 5, 9]), [9]);
        assert_eq!(alerts(&rule(), &[0, 5, 10]), [0; 0], "(0, 10] holds two");
        assert_eq!(alerts(&rule(), &[0, 5, 10, 14]), [14]);
        assert_eq!(alerts(&rule(), &[7, 7, 7]), [7]);
        assert_eq!(alerts(&Surge { threshold: Some(1), ..rule() }, &[3]), [3]);
        assert_eq!(alerts(&Surge { threshold: None, ..rule() }, &[3, 3, 3, 3]), [0; 0]);
    }

    #[test]
    fn one_is_pending_and_the_next_comes_no_sooner_than_the_cooldown_after_the_action() {
        let (mut operator, rule) = (Operator::new(1), rule());
        let refusals = |operator: &mut Operator, at: u64| {
            let all: Vec<_> = (0..3).filter_map(|_| operator.handle(SimTime(at), Input::Refusal(ONE), &rule)).collect();
            all
        };
        assert_eq!(refusals(&mut operator, 1), [alert(1)]);
        assert_eq!(refusals(&mut operator, 2), []);
        assert_eq!(operator.handle(SimTime(6), Input::Reacted(ONE), &rule), Some(Action::Do(Remedy::Restart, ONE)));
        assert_eq!(operator.handle(SimTime(6), Input::Down(ONE), &rule), None);
        assert_eq!(operator.handle(SimTime(9), Input::Up(ONE), &rule), None);
        assert_eq!(refusals(&mut operator, 105), []);
        assert_eq!(refusals(&mut operator, 106), [alert(2)]);
    }

    #[test]
    fn serial_lets_nodes_wait_for_each_other_in_the_order_in_which_they_were_due() {
        let (mut operator, rule) = (Operator::new(3), rule());
        let restart = |gateway| Some(Action::Do(Remedy::Restart, gateway));
        let mut at = |now, input| operator.handle(SimTime(now), input, &rule);
        assert_eq!(at(1, Input::Reacted(TWO)), restart(TWO));
        assert_eq!(at(1, Input::Down(TWO)), None);
        assert_eq!(at(2, Input::Reacted(THREE)), None);
        assert_eq!(at(3, Input::Reacted(ONE)), None);
        assert_eq!(at(9, Input::Up(TWO)), restart(THREE));
        assert_eq!(at(9, Input::Down(THREE)), None);
        // The last one went down by itself: nothing is left to be done about it.
        assert_eq!(at(10, Input::Down(ONE)), None);
        assert_eq!(at(12, Input::Up(THREE)), None);
        assert_eq!(at(13, Input::Up(ONE)), None);
    }

    #[test]
    fn without_serial_nodes_go_down_together_and_one_that_is_down_is_left_alone() {
        let (mut operator, rule) = (Operator::new(2), Surge { serial: false, ..rule() });
        let mut at = |now, input| operator.handle(SimTime(now), input, &rule);
        assert_eq!(at(1, Input::Reacted(ONE)), Some(Action::Do(Remedy::Restart, ONE)));
        assert_eq!(at(1, Input::Down(TWO)), None);
        assert_eq!(at(2, Input::Reacted(TWO)), None);
        assert_eq!(at(3, Input::Up(TWO)), None);
        assert_eq!(at(3, Input::Reacted(TWO)), Some(Action::Do(Remedy::Restart, TWO)));
    }
}
