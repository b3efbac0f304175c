//! Settings as data: what a scenario may say, declared once beside whoever reads it.
//!
//! A [`Key`] is one line of the registry behind the decoder, `show`, `schema`, `--set` and sweeps. A [`Table`] holds the
//! decoded values of one scenario table, complete with defaults; its getters panic on a wrong name or type, which is a bug.

use std::collections::BTreeMap;
use std::fmt;

use crate::dist::Dist;
use crate::profile::Profile;
use crate::replications::Replications;
use crate::time::SimSpan;

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ty {
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds, both included.
    Count { min: u64, max: u64 },
    /// One of these whole numbers.
    OneOf(&'static [u64]),
    /// Any finite number.
    Number,
    /// Two finite numbers, the lower first.
    Interval,
    /// A number in [0, 1].
    Ratio,
    /// A number in (0, 1).
    Fraction,
    /// A number above 0.
    Factor,
    /// A duration, zero allowed.
    Span,
    /// A duration above zero.
    PositiveSpan,
    /// A duration above zero, or `"none"`.
    SpanOrNone,
    /// A duration forwards or backwards, `"-750ms"`.
    SignedSpan,
    /// A duration or a distribution of durations.
    Dist,
    /// A rate above zero, `"200/s"`.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// `true`, `false`, or a list of those for whom it is true.
    BoolOrTexts,
    /// Two lists of texts, neither of them empty.
    TwoTexts,
    /// A list of HTTP status codes.
    Statuses,
    /// A duration, or `{ first, factor, max, jitter }`.
    Backoff,
    /// A list of pairs of a time and a factor, `[["0s", 1.0], ["8h", 3.0]]`.
    Profile,
    /// A whole number above zero, or `{ min, max, until }`.
    Replications,
}

/// What a key is when the file does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// This value, written as in a scenario file (TOML).
    Is(&'static str),
    /// The file must say it.
    Required,
    /// Nothing: the feature is off.
    Off,
    /// Another key's value, named here for the reader.
    Other(&'static str),
}

/// One key of a scenario table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub ty: Ty,
    pub default: Default,
    /// One line for `schema`, `show` and the docs.
    pub doc: &'static str,
}

impl Key {
    /// A key with a default written as in a scenario file.
    #[must_use]
    pub const fn new(name: &'static str, ty: Ty, default: &'static str, doc: &'static str) -> Key {
        Key { name, ty, default: Default::Is(default), doc }
    }

    /// A key that the file must give.
    #[must_use]
    pub const fn required(name: &'static str, ty: Ty, doc: &'static str) -> Key {
        Key { name, ty, default: Default::Required, doc }
    }

    /// A key that is off when the file does not give it.
    #[must_use]
    pub const fn off(name: &'static str, ty: Ty, doc: &'static str) -> Key {
        Key { name, ty, default: Default::Off, doc }
    }

    /// A key that takes another key's value when the file does not give it.
    #[must_use]
    pub const fn like(name: &'static str, ty: Ty, other: &'static str, doc: &'static str) -> Key {
        Key { name, ty, default: Default::Other(other), doc }
    }
}

/// The waits between repeated attempts: `first`, then each `factor` times the last, at most `max`, each ± `jitter` of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    pub first: SimSpan,
    pub factor: f64,
    pub max: SimSpan,
    pub jitter: f64,
}

impl Backoff {
    /// The same wait every time.
    #[must_use]
    pub fn constant(wait: SimSpan) -> Backoff {
        Backoff { first: wait, factor: 1.0, max: wait, jitter: 0.0 }
    }

    /// The wait before repetition `attempt` (0 is the first), with a uniform in (0, 1) for the jitter.
    #[must_use]
    pub fn wait(&self, attempt: u32, u: f64) -> SimSpan {
        let growth = (0..attempt.min(1_000)).fold(1.0, |growth: f64, _| (growth * self.factor).min(1e12));
        let wait = self.first.scaled(growth).min(self.max);
        if self.jitter > 0.0 { wait.scaled(1.0 + self.jitter * (2.0 * u - 1.0)) } else { wait }
    }
}

/// A duration forwards or backwards: nanoseconds, negative for backwards.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedSpan(pub i64);

impl SignedSpan {
    /// How far, in whichever direction.
    #[must_use]
    pub fn magnitude(self) -> SimSpan {
        SimSpan(self.0.unsigned_abs())
    }
}

/// As a scenario writes it: `-750ms`.
impl fmt::Display for SignedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", self.magnitude())
    }
}

/// A decoded value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Count(u64),
    Real(f64),
    Interval(f64, f64),
    Span(SimSpan),
    SignedSpan(SignedSpan),
    Dist(Dist),
    /// Per second.
    Rate(f64),
    Text(String),
    Texts(Vec<String>),
    TwoTexts(Vec<String>, Vec<String>),
    Statuses(Vec<u16>),
    Backoff(Backoff),
    Profile(Profile),
    Replications(Replications),
    /// Off, or `"none"`.
    Off,
}

/// The decoded values of one scenario table: every key of it is here.
#[derive(Clone, Debug, std::default::Default, PartialEq)]
pub struct Table(pub BTreeMap<&'static str, Value>);

impl Table {
    /// The value of a key.
    ///
    /// # Panics
    /// Where the table's keys do not include `name`: a bug, for the decoder fills in every key.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no key {name} among {:?}", self.0.keys()))
    }

    /// A boolean.
    #[must_use]
    pub fn bool(&self, name: &str) -> bool {
        if let Value::Bool(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A whole number.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        if let Value::Count(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A whole number that fits `u32`, which its bounds ensure, or that is off.
    #[must_use]
    pub fn opt_count32(&self, name: &str) -> Option<u32> {
        (*self.get(name) != Value::Off).then(|| self.count32(name))
    }

    /// A whole number that fits `u32`, which its bounds ensure.
    #[must_use]
    pub fn count32(&self, name: &str) -> u32 {
        u32::try_from(self.count(name)).expect("the key's bounds fit 32 bits")
    }

    /// A float.
    #[must_use]
    pub fn real(&self, name: &str) -> f64 {
        if let Value::Real(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A float that may be off.
    #[must_use]
    pub fn opt_real(&self, name: &str) -> Option<f64> {
        (*self.get(name) != Value::Off).then(|| self.real(name))
    }

    /// A span.
    #[must_use]
    pub fn span(&self, name: &str) -> SimSpan {
        if let Value::Span(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A span that may be off or `"none"`.
    #[must_use]
    pub fn opt_span(&self, name: &str) -> Option<SimSpan> {
        (*self.get(name) != Value::Off).then(|| self.span(name))
    }

    /// A span with a direction.
    #[must_use]
    pub fn signed_span(&self, name: &str) -> SignedSpan {
        if let Value::SignedSpan(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A distribution.
    #[must_use]
    pub fn dist(&self, name: &str) -> Dist {
        if let Value::Dist(value) = self.get(name) { value.clone() } else { self.wrong(name) }
    }

    /// A text, or the word chosen.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        if let Value::Text(value) = self.get(name) { value } else { self.wrong(name) }
    }

    /// A text that may be off.
    #[must_use]
    pub fn opt_text(&self, name: &str) -> Option<&str> {
        (*self.get(name) != Value::Off).then(|| self.text(name))
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        if let Value::Texts(value) = self.get(name) { value } else { self.wrong(name) }
    }

    /// Two lists of texts.
    #[must_use]
    pub fn two_texts(&self, name: &str) -> (&[String], &[String]) {
        if let Value::TwoTexts(one, other) = self.get(name) { (one, other) } else { self.wrong(name) }
    }

    /// A list of statuses.
    #[must_use]
    pub fn statuses(&self, name: &str) -> &[u16] {
        if let Value::Statuses(value) = self.get(name) { value } else { self.wrong(name) }
    }

    /// A back-off.
    #[must_use]
    pub fn backoff(&self, name: &str) -> Backoff {
        if let Value::Backoff(value) = self.get(name) { *value } else { self.wrong(name) }
    }

    /// A profile that may be off.
    #[must_use]
    pub fn opt_profile(&self, name: &str) -> Option<&Profile> {
        match self.get(name) {
            Value::Profile(value) => Some(value),
            Value::Off => None,
            _ => self.wrong(name),
        }
    }

    /// How many replications.
    #[must_use]
    pub fn replications(&self, name: &str) -> &Replications {
        if let Value::Replications(value) = self.get(name) { value } else { self.wrong(name) }
    }

    fn wrong(&self, name: &str) -> ! {
        panic!("key {name} holds {:?}, which its reader does not expect", self.get(name))
    }
}
