//! Whatever a file says, the decoder answers: with a scenario or with mistakes, never with a panic.

use proptest::prelude::*;
use stalegate::scenario;

const GOOD: &[&str] = &[
    include_str!("../src/cli/templates/idp-restart.toml"),
    include_str!("../src/cli/templates/minimal.toml"),
    include_str!("data/bad/unknown-reference.toml"),
    include_str!("data/bad/cannot-count.toml"),
    include_str!("data/bad/excluding.toml"),
    include_str!("data/bad/out-of-range.toml"),
    include_str!("data/bad/not-stored.toml"),
    include_str!("data/bad/overloaded-by-applications.toml"),
    include_str!("data/bad/sweep-warnings.toml"),
    include_str!("data/bad/inbound-none.toml"),
    include_str!("data/bad/fault-keys.toml"),
    include_str!("data/bad/partitions.toml"),
    include_str!("data/bad/clock-skew.toml"),
];

/// What is put into a good file: words that mean something to the decoder or to TOML.
const WORDS: &[&str] = &[
    "",
    "\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    "\n",
    "-",
    "0",
    "1e400",
    "nan",
    "-1",
    "18446744073709551616",
    "true",
    "\"none\"",
    "\"5m\"",
    "\"1h\"",
    "\"\"",
    "\"µ\"",
    "é",
    "{ dist = \"uniform\", min = \"2s\", max = \"1s\" }",
    "[401, 99999]",
    "1979-05-27",
    "[idp]\n",
    "[[policy]]\n",
    "[policy]\n",
    "[sweep]\n",
    "\"idp.workers\" = [1, 2]\n",
    "[[api]]\n",
    "name = \"orders\"\n",
    "remove = true\n",
    "extends = [\".\"]\n",
    "kind = \"idp-crash\"\n",
    "[client.arrivals]\n",
    "process = \"trace\"\n",
    "[[application]]\n",
    "api = \"orders\"\n",
    "[application.ask]\n",
    "process = \"poisson\"\n",
    "kind = \"db-failover\"\n",
    "[idp.persistence]\n",
    "mode = \"none\"\n",
    "kind = \"password-change\"\nclient = \"shop\"\n",
    "kind = \"application-revoked\"\n",
    "kind = \"clock-skew\"\n",
    "by = \"-1d\"\n",
    "users = 4000000000\n",
    "nodes = 1000000000000\n",
    "between = [[\"gateways\"], [\"idp\"]]\n",
    "[gateway.inbound]\n",
    "validation = \"introspect\"\n",
    "revocation_events = [\"gateway-2\"]\n",
    "owns = [\"orders\"]\n",
    "\u{0}",
    "\r\n",
    "'''",
    "\"\"\"",
];

fn answers(text: &str, overrides: &[String]) {
    match scenario::load_text("mutated.toml", text, overrides, None) {
        Ok(loaded) => {
            let _ = (loaded.as_toml(), loaded.all_warnings().render(true));
        }
        Err(mistakes) => {
            assert!(mistakes.has_errors());
            let _ = mistakes.render(true);
        }
    }
}

/// A text of the list with pieces cut out and words put in.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(WORDS));
    (prop::sample::select(GOOD), prop::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        edits.into_iter().fold(text.to_owned(), |text, (at, cut, word)| {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            let rest = (at + cut).min(chars.len());
            chars[..at].iter().chain(word.chars().collect::<Vec<_>>().iter()).chain(&chars[rest..]).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_file_never_makes_the_decoder_panic(text in mutated()) {
        answers(&text, &[]);
    }

    #[test]
    fn an_argument_never_makes_the_decoder_panic(path in "[a-z.]{0,20}|api\\.orders\\.[a-z_]{1,9}|idp\\.[a-z_]{1,9}", value in ".{0,12}") {
        answers(GOOD[1], &[format!("{path}={value}"), value]);
    }

    #[test]
    fn any_text_never_makes_the_decoder_panic(text in "\\PC{0,60}") {
        answers(&text, &[]);
    }
}
