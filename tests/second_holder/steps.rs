//! Both implementations, fed with the same random events, restarts and tokens, step by step.

use stalegate::id::{ClientId, ConsumerKeyId, IdpNodeId, NoticeId};
use stalegate::persistence::dialect::{self, Dialect};
use stalegate::revocation::{
    Comparison, EventTables, Jti, Merge, Revocation, RevocationMap, Target, UserId, UserToken, whole_millis,
};
use stalegate::rng::{Rows, Seeds, below};
use stalegate::time::{SimTime, Stamp};

use crate::holder::{Claims, Holder, Millis, Tables, Told, Why};

/// Choices drawn under a seed.
struct Choices(Box<dyn Iterator<Item = u64>>);

impl Choices {
    fn new(seed: u64) -> Choices {
        let key = Seeds { seed, replication: 0 }.key("test", "second holder");
        let mut rows = Rows::new(key);
        Choices(Box::new((0..).flat_map(move |row| rows.row(0, row))))
    }

    fn below(&mut self, n: u64) -> u64 {
        below(self.0.next().expect("there are always more"), n)
    }

    fn millis(&mut self, n: u64) -> Millis {
        self.below(n).cast_signed()
    }
}

const USERS: u32 = 4;
const GATEWAYS: usize = 3;

/// Both sides, step by step.
struct Both {
    database: Dialect,
    strict: bool,
    later_counts: bool,
    now: Millis,
    /// By gateway.
    maps: Vec<(RevocationMap, Holder)>,
    tables: (EventTables, Tables),
    /// Events on their way, and rows that a gateway has read and not put into its maps yet.
    wires: Vec<(usize, Vec<Revocation>, Vec<Told>)>,
    tokens: Vec<UserToken>,
    targets: Vec<Target>,
}

fn key_of(user: u32) -> ConsumerKeyId {
    ConsumerKeyId(user / 2)
}

fn user(number: u32) -> UserId {
    UserId { client: ClientId(0), user: number }
}

fn jti(jti: Jti) -> String {
    format!("{}.{}", jti.user.user, jti.serial)
}

impl Both {
    fn event(&mut self, choices: &mut Choices) {
        let number = u32::try_from(choices.below(u64::from(USERS))).expect("few");
        // The clocks of the nodes of the IdP are not quite alike.
        let time = self.now + choices.millis(600) - 300;
        let (target, told) = match choices.below(3) {
            0 => (Target::Subject(user(number)), Told::Subject(number.to_string(), time)),
            1 => (Target::ConsumerKey(key_of(number)), Told::ConsumerKey(key_of(number).0.to_string(), time)),
            _ => {
                let last = self.tokens.iter().rev().find(|token| token.jti.user.user == number);
                let Some(token) = last else { return };
                (Target::Jti(token.jti), Told::Token(jti(token.jti)))
            }
        };
        let by = NoticeId::at(self.targets.len());
        self.targets.push(target);
        let nanos = time * 1_000_000 + choices.millis(1_000_000);
        let revocation = Revocation { target, at: whole_millis(Stamp(nanos)), by };
        self.tables.0.write(&revocation, self.database, SimTime::ZERO);
        self.tables.1.write(&told, self.database.profile().word);
        for gateway in 0..GATEWAYS {
            if choices.below(4) > 0 {
                self.wires.push((gateway, vec![revocation], vec![told.clone()]));
            }
        }
    }

    fn step(&mut self, choices: &mut Choices) {
        self.now += choices.millis(400);
        match choices.below(8) {
            0 | 1 => self.event(choices),
            2 | 3 => {
                let number = u32::try_from(choices.below(u64::from(USERS))).expect("few");
                let serial = u32::try_from(self.tokens.len()).expect("few");
                let jti = Jti { user: user(number), serial };
                let (issued, iat_s) = (Stamp(self.now * 1_000_000), self.now.div_euclid(1_000));
                self.tokens.push(UserToken { jti, node: IdpNodeId(0), issued, iat_s });
            }
            4 => {
                // A gateway restarts and reads; the rows are on their way with the events.
                let gateway = usize::try_from(choices.below(GATEWAYS as u64)).expect("few");
                self.maps[gateway] = Default::default();
                self.wires.push((gateway, self.tables.0.read(), self.tables.1.0.values().cloned().collect()));
            }
            _ if !self.wires.is_empty() => {
                let next = usize::try_from(choices.below(self.wires.len() as u64)).expect("few");
                let (gateway, ours, theirs) = self.wires.remove(next);
                let merge = if self.later_counts { Merge::Max } else { Merge::LastWriter };
                let (map, holder) = &mut self.maps[gateway];
                for told in ours {
                    map.hear(told, merge);
                }
                for told in &theirs {
                    holder.put(told, self.later_counts);
                }
            }
            _ => {}
        }
    }

    fn compare(&self, refused: &mut usize) {
        let comparison = if self.strict { Comparison::Strict } else { Comparison::NonStrict };
        for token in &self.tokens {
            let number = token.jti.user.user;
            let key = key_of(number);
            let claims =
                Claims { jti: jti(token.jti), azp: key.0.to_string(), sub: number.to_string(), iat: token.iat_s };
            for (gateway, (map, holder)) in self.maps.iter().enumerate() {
                let ours = map.refuses(token, key, comparison).map(|by| match self.targets[by.index()] {
                    Target::Jti(_) => Why::Token,
                    Target::ConsumerKey(_) => Why::ConsumerKey,
                    Target::Subject(_) => Why::Subject,
                });
                assert_eq!(ours, holder.refuses(&claims, self.strict), "gateway {gateway}: {claims:?}");
                *refused += usize::from(ours.is_some());
            }
        }
    }
}

#[test]
fn both_refuse_the_same_tokens_for_the_same_reasons() {
    let mut refused = 0;
    for seed in 0..1_500 {
        let mut choices = Choices::new(seed);
        let mut both = Both {
            database: dialect::ALL[usize::try_from(seed % 8).expect("few")],
            strict: choices.below(2) == 0,
            later_counts: choices.below(2) == 0,
            now: choices.millis(100_000) - 50_000,
            maps: vec![Default::default(); GATEWAYS],
            tables: Default::default(),
            wires: Vec::new(),
            tokens: Vec::new(),
            targets: Vec::new(),
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..80 {
                both.step(&mut choices);
                both.compare(&mut refused);
            }
        }));
        assert!(outcome.is_ok(), "seed {seed}, over {:?}", both.database);
    }
    assert!(refused > 100_000, "{refused}");
}
