//! Every diagnostic's code, with a paragraph for `explain-code`. Codes are stable: one that is retired is never given again.

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is run.
    Error,
    /// It runs, but the answer may not be the one that was asked for.
    Warning,
    /// Something the user should know.
    Note,
}

/// A code and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub code: &'static str,
    pub title: &'static str,
    /// What is wrong and why it is refused.
    pub text: &'static str,
    /// A line that causes it, and what to write instead.
    pub example: &'static str,
}

/// The severity that a code's letter says.
#[must_use]
pub fn severity(code: &str) -> Severity {
    match code.as_bytes().first() {
        Some(b'E') => Severity::Error,
        Some(b'W') => Severity::Warning,
        _ => Severity::Note,
    }
}

/// The code of this name, in any case.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code.eq_ignore_ascii_case(code))
}

const fn code(code: &'static str, title: &'static str, text: &'static str, example: &'static str) -> Code {
    Code { code, title, text, example }
}

/// Every code, in order.
pub const CODES: &[Code] = &[
    code(
        "E001",
        "the file is not TOML",
        "The text does not follow TOML's grammar, or gives a key twice. Everything after such a place is read as well as it can be, so that the other mistakes of the file are told too.",
        "duration = 3h\nwrite: duration = \"3h\"",
    ),
    code(
        "E002",
        "a file cannot be read",
        "The file is there but the system refuses to hand it over: no permission, a folder, a broken disk. The exit code is 4, for the scenario itself may be fine.",
        "stalegate validate /root/secret.toml\ncheck the file's permissions, or name another",
    ),
    code(
        "E003",
        "a file is not UTF-8",
        "Scenario files, trace files and configuration files are text in UTF-8. The first byte that is not is named.",
        "title = \"caf\\xe9\" in Latin-1\nconvert it: iconv -f latin1 -t utf-8 old.toml > new.toml",
    ),
    code(
        "E004",
        "a file is missing",
        "A file named on the command line, in `extends`, in an empirical distribution, in a trace or in `gateway.wso2` does not exist. Paths are relative to the file that names them; those in `--set` to the working directory.",
        "extends = [\"common.toml\"]\ncheck the spelling, and the folder that the path starts from",
    ),
    code(
        "E005",
        "files extend each other in a circle",
        "A file extends another that, directly or through more files, extends the first. There is no order in which they could be read.",
        "a.toml: extends = [\"b.toml\"]\nb.toml: extends = [\"a.toml\"]\nmove what both need into a third file",
    ),
    code(
        "E006",
        "an argument of --set is not path=value",
        "`--set` takes a path of names joined by dots, `=`, and a TOML value or a bare word. List entries go by their names.",
        "--set idp.token_lifetime\nwrite: --set idp.token_lifetime=5min",
    ),
    code(
        "E010",
        "unknown key",
        "The table has no such key. Unknown keys are refused, not ignored, because a misspelt key would silently leave its default in place. Some keys exist only for one kind of fault, or for one arrival process.",
        "[idp]\ntoken_lifetme = \"1h\"\nwrite: token_lifetime = \"1h\"",
    ),
    code(
        "E011",
        "wrong type",
        "The key takes another type of value: a text where a number stands, a list where a table stands.",
        "nodes = \"four\"\nwrite: nodes = 4",
    ),
    code(
        "E012",
        "a required key is missing",
        "The key has no default, because no default would be right for everyone. A scenario needs at least a name, `run.duration`, an [[api]], a [[client]] or an [[application]], and a [[policy]].",
        "[run] without duration\nwrite: duration = \"3h\"",
    ),
    code(
        "E013",
        "a unit is missing",
        "Every quantity has a unit. A bare number is not taken for seconds, since half of the world's configuration files mean milliseconds.",
        "timeout = 30\nwrite: timeout = \"30s\"",
    ),
    code(
        "E014",
        "an ambiguous unit",
        "`m` is minutes to some and milli to others.",
        "timeout = \"5m\"\nwrite: timeout = \"5min\", or \"5ms\"",
    ),
    code(
        "E015",
        "not a duration",
        "A duration is one or more numbers, each with its unit: ns, us, ms, s, min, h, d. Decimals are allowed down to a nanosecond.",
        "timeout = \"soon\"\nwrite: timeout = \"30s\", \"1.5s\", \"1h30min\"",
    ),
    code(
        "E016",
        "not a rate",
        "A rate is a number above zero per unit of time: s, min, h or d.",
        "rate = \"200\"\nwrite: rate = \"200/s\", \"12/min\"",
    ),
    code(
        "E017",
        "out of range",
        "The value has the right type, but the key only takes a part of it: a share lies between 0 and 1, a factor above 0, a status is an HTTP status.",
        "loss = 1.5\nwrite: loss = 0.015",
    ),
    code(
        "E018",
        "unknown word",
        "The key takes one of a few words. The message lists them and the nearest.",
        "start = \"hot\"\nwrite: start = \"warm\", or \"cold\"",
    ),
    code(
        "E019",
        "an entry has no name",
        "Every entry of a list has a name: results, `--set`, `extends` and the entry's random numbers go by it, never by its position.",
        "[[api]]\nvalidation = \"ideal\"\nadd: name = \"orders\"",
    ),
    code(
        "E020",
        "not a good name",
        "Names become file names and parts of paths: 1 to 64 letters, digits, `-` and `_`, no dot.",
        "name = \"orders v1.2\"\nwrite: name = \"orders-v1-2\"",
    ),
    code(
        "E021",
        "the same name twice",
        "Two entries of one list have the same name. Within one file that is a slip; across files joined by `extends` it is how one entry overrides another, and is fine.",
        "[[policy]] name = \"hybrid\" … [[policy]] name = \"hybrid\"\nrename one",
    ),
    code(
        "E022",
        "a name that nothing has",
        "The value refers to an API, a consumer key, a population, a user, a node, a policy or a preset that the scenario does not have.",
        "apis = [\"order\"]\nwrite: apis = [\"orders\"]",
    ),
    code(
        "E023",
        "unknown metric",
        "`stalegate list metrics` prints what is measured.",
        "metric = \"downtime\"\nwrite: metric = \"downtime_after_restart_s\"",
    ),
    code(
        "E024",
        "not a distribution",
        "A distribution is a duration, or a table with `dist` and the parameters of that distribution. `stalegate list distributions` prints them.",
        "{ dist = \"normal\", mean = \"20ms\" }\nwrite: { dist = \"lognormal\", mean = \"20ms\", cv = 0.5 }",
    ),
    code(
        "E025",
        "values out of order",
        "Two values contradict each other: a minimum above its maximum, a mode outside of both, a warm-up as long as the run, bursts so long that they overlap, times of a profile that go back.",
        "{ dist = \"uniform\", min = \"9s\", max = \"5s\" }\nwrite: { dist = \"uniform\", min = \"5s\", max = \"9s\" }",
    ),
    code(
        "E026",
        "a key without a meaning here",
        "Two keys exclude each other, or one needs another that is not there.",
        "{ dist = \"empirical\", values = [\"1ms\"], file = \"a.csv\" }\nkeep one of both",
    ),
    code(
        "E030",
        "a fault or a burst after the end",
        "The fault, or the first burst of an application, would begin when the run is over, so that it would never happen.",
        "[run] duration = \"1h\" … [[fault]] at = \"2h\"\nlengthen the run, or move what is too late",
    ),
    code(
        "E031",
        "local validation of opaque tokens",
        "An opaque token cannot be checked without the IdP: `local` validation needs a signature.",
        "[idp] token_format = \"opaque\" … [[api]] validation = \"local\"\nwrite: token_format = \"jwt\", or validation = \"introspect\"",
    ),
    code(
        "E032",
        "too large a world",
        "The world would need more memory than 8 GiB: about 1 KiB for every (gateway, API, client) and (gateway, credential), about as much for a thread of an application, less for users and workers. A user with a token takes 24 bytes, and 64 at each gateway that may remember an answer about it. A smaller world of the same load per gateway usually gives the same answer.",
        "[gateway] nodes = 1000000000\nwrite: nodes = 100",
    ),
    code(
        "E033",
        "a trace that cannot be played",
        "A trace or a list of values is a column of seconds, one number a line, the times of a trace in order and not negative. The first line may be a heading.",
        "1.5\n0.7\nsort the file, and remove lines without a number",
    ),
    code(
        "E034",
        "opaque tokens that nobody stores",
        "With `mode = \"none\"` the IdP stores no token. An opaque token says nothing by itself, so that not even the IdP could tell whether one is good.",
        "[idp.persistence] mode = \"none\" … [idp] token_format = \"opaque\"\nwrite: token_format = \"jwt\", or mode = \"memory\"",
    ),
    code(
        "E035",
        "a restart that has nothing to forget",
        "`invalidate-all` and `invalidate-node` are for an IdP that forgets its tokens when it restarts. With `mode = \"none\"` it never knew them, and a JWT outlives the restart unless its key or a not-before says otherwise.",
        "[idp.persistence] mode = \"none\" … on_restart = \"invalidate-all\"\nwrite: on_restart = \"keep\", \"new-signing-key\" or \"not-before\"",
    ),
    code(
        "E036",
        "a fault of a database that is not there",
        "The fault is about the IdP's database, and the IdP has one only with `mode = \"database\"`.",
        "[[fault]] kind = \"db-stall\"\nadd: [idp.persistence] mode = \"database\"",
    ),
    code(
        "E041",
        "calls that cannot be counted",
        "With `calls = \"counted\"` calls that change nothing are counted instead of played, and the results are the same. That needs calls that do not depend on each other: backends that do not remember answers about tokens, an IdP whose workers keep up with introspections (which are then approximated, W011), gateways that are chosen at random or stick to their users, clients that do not retry and whose timeout no answer misses, callers without tokens of their own, policies that cache. `calls = \"auto\"` counts where that can be done, and `stalegate show FILE` says why not.",
        "[run] calls = \"counted\" … [[api]] introspection_cache = \"30s\"\nwrite: calls = \"auto\"",
    ),
    code(
        "E050",
        "a sweep key that is no path",
        "A key of [sweep] is the path of a value of the scenario, as `--set` takes it, in quotation marks: entries of lists by their names. `stalegate show FILE` prints the paths.",
        "[sweep]\nidp.token_lifetime = [\"5min\", \"1h\"]\nwrite: \"idp.token_lifetime\" = [\"5min\", \"1h\"]",
    ),
    code(
        "E051",
        "a key that no sweep varies",
        "The points of a sweep are one scenario with other values. They share their name, the names of their entries and their seed, so that a difference between two points is one of the keys, and never of the random numbers.",
        "[sweep]\n\"run.seed\" = [1, 2]\nraise run.replications instead",
    ),
    code(
        "E052",
        "a sweep without points",
        "A sweep varies at least one path, and gives each at least one value.",
        "[sweep]\n\"idp.token_lifetime\" = []\nwrite: \"idp.token_lifetime\" = [\"5min\", \"1h\"]",
    ),
    code(
        "E053",
        "lists of different lengths",
        "With mode = \"zip\" the first values of all lists make the first point, the second ones the second, and so on: no list may end before the others. With mode = \"grid\" all values are combined.",
        "mode = \"zip\", \"gateway.nodes\" = [2, 4], \"idp.workers\" = [8, 16, 32]\ngive both as many values, or write mode = \"grid\"",
    ),
    code(
        "E054",
        "too many points",
        "A sweep has at most 1,000 points, each of which is simulated under every policy in every replication. Lists multiply in a grid. What `where` leaves out does not count, but before it there are at most 100,000.",
        "four lists of ten values each: 10,000 points\nshorten the lists, or ask in several files",
    ),
    code(
        "E055",
        "an expectation that means nothing",
        "`versus` is about a ratio of means, to another policy than its own. `sometimes` is about one policy's worlds, whatever the statistic, and is true or left out.",
        "[[expect]] policy = \"ttl-only\" … versus = \"ttl-only\"\nname another policy, or leave `versus` out",
    ),
    code(
        "E056",
        "too few replications for a quantile",
        "Which quantile lies below a bound is known by an interval between values that were seen. For its upper end that takes so many replications that all of them would lie below it with too small a probability: 72 for p95 and 368 for p99 where there is one policy and one look, more where several hold together or are looked at again and again.",
        "[run] replications = 20 … [[expect]] stat = \"p95\"\nwrite: replications = 72",
    ),
    code(
        "E057",
        "replications until nothing",
        "`until = \"decided\"` (which is meant where `until` is left out) waits for every [[expect]] of the scenario to be decided, and there is none.",
        "replications = { min = 20, max = 2000 } without an [[expect]]\nwrite: until = { metric = \"downtime_s\", relative_half_width = 0.05 }",
    ),
    code(
        "E060",
        "a condition on no path",
        "An entry of `where` compares two paths, or a path with a value. A path is one that `stalegate show FILE` prints, and the scenario of every point has to have it.",
        "where = [\"idp.token_lifetme >= 10min\"]\nwrite: where = [\"idp.token_lifetime >= 10min\"]",
    ),
    code(
        "E061",
        "not a comparison",
        "An entry of `where` has two sides with one of the operators < <= > >= == != between them. All entries must hold; there is no `and` and no `or`.",
        "where = [\"idp.token_lifetime = 10min\"]\nwrite: where = [\"idp.token_lifetime == 10min\"]",
    ),
    code(
        "E062",
        "values that do not compare",
        "Durations are compared with durations, rates with rates, numbers with numbers. Texts and booleans are equal or not, and have no order. Lists are not compared; of a distribution each parameter is.",
        "where = [\"idp.token_lifetime >= 600\"]\nwrite: where = [\"idp.token_lifetime >= 10min\"]",
    ),
    code(
        "E063",
        "no point is kept",
        "`where` keeps the points for which every entry holds, and there is none.",
        "\"idp.token_lifetime\" = [\"5min\", \"15min\"] … where = [\"idp.token_lifetime > 1h\"]\nsee which values the lists have, and which way the comparison points",
    ),
    code(
        "W001",
        "a run too short",
        "The worst policy goes on with dead tokens until they would have expired. The run ends before that, so that its outage is cut off and looks shorter than it is.",
        "[run] duration = \"1h10min\", a restart at 1h, tokens of 1h\nwrite: duration = \"2h30min\"",
    ),
    code(
        "W002",
        "no event is ever published",
        "A policy listens for events, and nothing in the scenario publishes one: `idp.restart_event` is never, or no restart invalidates tokens, and no credential of a gateway is revoked. Events about callers' own tokens are not for it. The policy behaves as if it did not listen.",
        "[policy.events] subscribe = true\nadd: [idp] restart_event = \"at-start\"",
    ),
    code(
        "W003",
        "the IdP is loaded beyond its capacity",
        "What the IdP has to serve while nothing goes wrong (where clients have a profile: at its peak) already takes more time than its workers have: introspections by backends, at most those by gateways (a call each, or with a cache one a user and gateway in each cache_ttl), asks of applications, and with synchronous persistence the database work that a request waits for. Queues fill up, and the effect of a restart cannot be seen apart from that.",
        "5000 calls/s, introspection 20ms, 64 workers: utilisation 156 %\nadd workers or nodes, or an introspection cache",
    ),
    code(
        "W004",
        "an API that nobody calls",
        "No client has it in `apis`, and no application has it as its `api`. It has lanes in the results, all of them empty.",
        "[[api]] name = \"reports\"\nadd it to a client's apis, name it in an application, or remove it",
    ),
    code(
        "W006",
        "a key of deployment.toml without effect here",
        "The key is not modelled, or without effect in the product, or belongs to a part of the model that is not built yet, or to the token store, which the scenario describes itself. The simulation goes on without it, and says so.",
        "[oauth] timestamp_skew = 300\nnothing to do; know that the gateways of the model allow for no skew",
    ),
    code(
        "W007",
        "lifetimes that do not go together",
        "A policy asks for tokens of a longer lifetime than the IdP gives, which changes nothing; or its margin is as long as the tokens live, so that no token is ever taken from the cache.",
        "[idp] token_lifetime = \"30s\" … [policy.lifetime] margin = \"60s\"\nlengthen the one, or shorten the other",
    ),
    code(
        "W008",
        "a setting without effect",
        "The setting is read by a part of the model that the other settings switch off: without a database nothing is written, without threads that write there is no queue, without a second node there is no standby, without callers' tokens nobody logs in. Or it is a fault of the gateways' shared store, and no policy has one. The simulation runs, and the setting changes nothing.",
        "[idp.persistence]\npool_size = 4\nadd: mode = \"database\", or remove it",
    ),
    code(
        "W009",
        "a fault that nothing shows",
        "The fault ends tokens of callers, and with `validation = \"none\"` callers have no tokens. Or it replaces the key that signs JWTs, and all tokens are opaque. The simulation runs, and the fault changes nothing. A revocation that also ends tokens of a gateway or of an application, by their consumer key or because the user owns it, is another matter.",
        "[[fault]] kind = \"password-change\" … [gateway.inbound] validation = \"none\"\nwrite: validation = \"jwt\"",
    ),
    code(
        "W010",
        "a condition that leaves nothing out",
        "The entry of `where` holds at every point of the sweep. It may say something else than what was meant, or be left from other lists of values.",
        "\"idp.token_lifetime\" = [\"5min\", \"1h\"] … where = [\"idp.token_lifetime >= 1s\"]\nremove it, or mend it",
    ),
    code(
        "W011",
        "counted calls that are introspected",
        "With `calls = \"counted\"` calls are counted also where their backend asks the IdP about each token. That is an approximation: the introspection of a counted call finds a free worker. The scenario is told how many introspections would have had to wait at most: the probability of waiting in M/M/c (Erlang C) at the load that introspections and token requests put on each node, at the peak of all rates. Calls are played while somebody waits for a worker, a node is down or slow, or nodes would give different answers. `calls = \"auto\"` never approximates.",
        "[run] calls = \"counted\" … [[api]] validation = \"introspect\"\nnothing to do; or write: calls = \"each\", if waits at the IdP are the question",
    ),
    code(
        "N001",
        "a key of deployment.toml taken over",
        "The key's value is used where the scenario itself says nothing.",
        "[oauth.token_validation] app_access_token_validity_period = 900\nidp.token_lifetime becomes 15min",
    ),
    code(
        "N002",
        "a cold start",
        "With `renew = \"always\"` every new token of a key revokes the one before it. A warm start, in which each gateway holds a token of its own, would begin with tokens of which all but one are dead; caches begin empty instead.",
        "[idp.persistence] renew = \"always\"\nwrite: [run] start = \"cold\" to say so",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_in_order_and_explained() {
        let rank = |code: &str| ("EWN".find(&code[..1]), code[1..].to_owned());
        assert!(CODES.windows(2).all(|pair| rank(pair[0].code) < rank(pair[1].code)));
        assert!(CODES.iter().all(|code| !code.text.is_empty() && code.example.contains('\n')));
    }
}
