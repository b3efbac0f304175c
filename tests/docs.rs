//! The pages of `docs/policies` say of each preset what its file says: `UPDATE_GOLDEN=1 cargo test --test docs` writes them.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use common::golden;
use stalegate::policy::RULES;
use stalegate::scenario::presets::{Of, PRESETS, Preset};
use stalegate::scenario::{load, load_text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files of a folder with this ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(Path::new(ROOT).join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// A policy of a committed scenario: the scenario, the policy's name there, its preset.
struct Played {
    scenario: String,
    policy: String,
    preset: String,
}

fn played() -> Vec<Played> {
    let mut all = Vec::new();
    for path in files("scenarios", "toml") {
        let loaded = load(&path, &[], None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        for policy in &loaded.scenario.policies {
            let key = format!("policy.{}.base", policy.name);
            let base = loaded.resolved().into_iter().find(|(path, ..)| *path == key);
            let preset = base.map(|(_, value, _)| value.trim_matches('"').to_owned()).unwrap();
            all.push(Played { scenario: stem(&path), policy: policy.name.clone(), preset });
        }
    }
    all
}

/// A source with a link at every issue (`owner/repository#12`, and `#13` of the same repository) and at the claims document.
fn linked(source: &str) -> String {
    let mut repository: Option<&str> = None;
    let mut words = Vec::new();
    for word in source.split(' ') {
        let bare = word.trim_matches(|c: char| ",;()".contains(c));
        let link = match bare.split_once('#') {
            Some((before, number)) if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) => {
                repository = if before.is_empty() { repository } else { Some(before) };
                repository.map(|of| format!("[{bare}](https://github.com/{of}/issues/{number})"))
            }
            None if is_repository(bare) => {
                repository = Some(bare);
                Some(format!("[{bare}](https://github.com/{bare})"))
            }
            None if bare == "claim" || bare == "claims" => Some(format!("[{bare}](../claims.md)")),
            _ => None,
        };
        words.push(link.map_or_else(|| word.to_owned(), |link| word.replacen(bare, &link, 1)));
    }
    words.join(" ")
}

/// `owner/repository` on GitHub, of the owners that presets name.
fn is_repository(word: &str) -> bool {
    const OWNERS: [&str; 6] = ["wso2", "envoyproxy", "golang", "kyma-project", "spring-projects", "TykTechnologies"];
    word.split_once('/').is_some_and(|(owner, rest)| OWNERS.contains(&owner) && !rest.contains('/'))
}

/// A cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What a key is for: the line of the registry.
fn doc(rule: &str, key: &str) -> &'static str {
    let rule = RULES.iter().find(|known| known.name == rule).unwrap();
    rule.keys.iter().find(|known| known.name == key).unwrap().doc
}

fn of(preset: &Preset) -> &'static str {
    match preset.of {
        Of::Ours => "A policy to choose from, not a product's",
        Of::Product => "A product's behaviour as it ships",
    }
}

fn page(preset: &Preset, played: &[Played]) -> String {
    let name = preset.name;
    let (settings, about) = preset.settings();
    let scenario = format!("{}[[policy]]\nname = \"{name}\"\nbase = \"{name}\"\n", world());
    let loaded = load_text("scenario.toml", &scenario, &[], None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let path = format!("policy.{name}.");
    let (mut set, mut kept) = (String::new(), String::new());
    for (key, value, origin) in loaded.resolved() {
        let Some((rule, key)) = key.strip_prefix(&path).and_then(|key| key.split_once('.')) else { continue };
        let value = if value == "off" { value } else { format!("`{}`", cell(&value)) };
        let rows = if origin == "default" { &mut kept } else { &mut set };
        writeln!(rows, "| `{rule}.{key}` | {value} | {} |", cell(doc(rule, key))).unwrap();
    }
    assert_eq!(set.lines().count(), settings.len(), "{name}: every key of the preset has its row");

    let mut text =
        format!("# {name}\n\n{}.\n\n{}. Source: {}.\n\n", capital(&about.title), of(preset), linked(&about.source));
    writeln!(text, "Limits: {}.\n", about.cannot).unwrap();
    text += "## What it sets\n\n";
    if set.is_empty() {
        text += "Nothing: every key keeps its default.\n\n";
    } else {
        writeln!(text, "| key | value | what it is |\n|---|---|---|\n{set}").unwrap();
    }
    writeln!(text, "Its file, `src/policy/presets/{name}.toml`:\n\n```toml\n{}```\n", preset.text).unwrap();
    writeln!(text, "## Defaults that it keeps\n\n| key | value | what it is |\n|---|---|---|\n{kept}").unwrap();
    text += "## Where it is played\n\n";
    let mut scenarios: Vec<(&str, Vec<String>)> = Vec::new();
    for one in played.iter().filter(|one| one.preset == name) {
        let policy = format!("`{}`", one.policy);
        match scenarios.last_mut().filter(|(scenario, _)| *scenario == one.scenario) {
            Some((_, policies)) => policies.push(policy),
            None => scenarios.push((&one.scenario, vec![policy])),
        }
    }
    for (scenario, policies) in &scenarios {
        let line = format!("- [{scenario}](../../scenarios/{scenario}.toml)");
        writeln!(text, "{line}, as {}", policies.join(", ")).unwrap();
    }
    let first = played.iter().find(|one| one.preset == name && one.policy == name);
    let first = first.unwrap_or_else(|| panic!("no scenario plays {name} under its own name"));
    writeln!(text, "\nTry it:\n\n```sh\nstalegate run scenarios/{}.toml --policy {name}\n```", first.scenario).unwrap();
    text
}

/// The shared test scenario without its policies.
fn world() -> &'static str {
    common::SMALL.split_once("[[policy]]").unwrap().0
}

fn capital(text: &str) -> String {
    // A product's name keeps its own spelling.
    let first = text.split(' ').next().unwrap_or_default();
    if first.contains(['.', '/']) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn index() -> String {
    let mut text = String::from(
        "# Policies\n\nWhat a gateway does with a cached token. Each page is a preset that a scenario's policy can start from \
         (`base = \"…\"`).\nEvery key can be changed in the scenario: `rejection.statuses` is `statuses` in the table \
         `[policy.rejection]` below its\n`[[policy]]`. The pages are generated from the presets in `src/policy/presets`: \
         edit those, then run\n`UPDATE_GOLDEN=1 cargo test --test docs`.\n",
    );
    for (of, heading) in [(Of::Ours, "Policies to choose from"), (Of::Product, "Products as they ship")] {
        writeln!(text, "\n## {heading}\n\n| policy | what it is |\n|---|---|").unwrap();
        for preset in PRESETS.iter().filter(|preset| preset.of == of) {
            let title = cell(&preset.settings().1.title);
            writeln!(text, "| [{0}]({0}.md) | {title} |", preset.name).unwrap();
        }
    }
    text
}

#[test]
fn every_preset_has_a_page_that_says_what_it_is() {
    let played = played();
    for preset in PRESETS {
        golden::check_file(&format!("docs/policies/{}.md", preset.name), &page(preset, &played));
    }
    golden::check_file("docs/policies/README.md", &index());
}

#[test]
fn every_page_has_its_preset() {
    for path in files("docs/policies", "md") {
        let name = stem(&path);
        let known = name == "README" || PRESETS.iter().any(|preset| preset.name == name);
        assert!(known, "docs/policies/{name}.md is of no preset");
    }
}
