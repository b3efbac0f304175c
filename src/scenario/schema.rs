//! A JSON Schema of the scenario file, built from the registry, for editors: draft 7, and of that only the common part.

use serde_json::{Map, Value, json};

use super::distribution::{EMPIRICAL, FAMILIES};
use super::keys::{self, FAULT, Form, POLICY, section};
use super::presets::PRESETS;
use super::replications::{KEYS as REPLICATIONS, UNTIL};
use crate::fault::FAULTS;
use crate::key::{Default, Key, Ty};
use crate::policy::RULES;

/// The schema of a scenario file.
#[must_use]
pub fn schema() -> Value {
    let mut root = object("a stalegate scenario", section("").keys, Map::new());
    for name in keys::below("") {
        let table = match name {
            "policy" => policy(),
            "fault" => fault(),
            "sweep" => sweep(),
            name => table(name),
        };
        let listed = section(name).form == Form::List;
        root["properties"][name] = if listed { json!({ "type": "array", "items": table }) } else { table };
    }
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    if let Some(required) = root["required"].as_array_mut() {
        required.extend(["run", "api", "policy"].map(Value::from));
    }
    root["anyOf"] = json!([{ "required": ["client"] }, { "required": ["application"] }]);
    root
}

fn table(path: &'static str) -> Value {
    let mut below = Map::new();
    for name in keys::below(path) {
        let inner = keys::SECTIONS.iter().find(|section| section.path == format!("{path}.{name}"));
        if let Some(inner) = inner {
            below.insert(name.to_owned(), object(inner.doc, inner.keys, Map::new()));
        }
    }
    object(section(path).doc, section(path).keys, below)
}

fn policy() -> Value {
    let mut rules = Map::new();
    for rule in RULES {
        rules.insert(rule.name.to_owned(), object(rule.doc, rule.keys, Map::new()));
    }
    let mut policy = object(section("policy").doc, POLICY, rules);
    policy["properties"]["base"]["enum"] = PRESETS.iter().map(|preset| preset.name).collect();
    policy
}

/// Every kind's keys together: what belongs to which kind the program says.
fn fault() -> Value {
    let mut own = Map::new();
    for def in FAULTS {
        for key in def.keys {
            own.entry(key.name).or_insert_with(|| described(key));
        }
    }
    let mut fault = object(section("fault").doc, FAULT, own);
    fault["properties"]["kind"]["enum"] = FAULTS.iter().map(|def| def.kind).collect();
    fault
}

/// Its other keys are paths of the scenario, which only the program knows.
fn sweep() -> Value {
    let mut sweep = object(section("sweep").doc, section("sweep").keys, Map::new());
    let doc = "a path of the scenario, as --set takes it, and its values";
    sweep["additionalProperties"] = json!({ "type": "array", "minItems": 1, "description": doc });
    sweep
}

fn object(doc: &str, keys: &[Key], mut properties: Map<String, Value>) -> Value {
    let mut required: Vec<&str> = Vec::new();
    for key in keys {
        properties.insert(key.name.to_owned(), described(key));
        if key.default == Default::Required {
            required.push(key.name);
        }
    }
    json!({
        "type": "object",
        "description": doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn described(key: &Key) -> Value {
    let mut value = of_type(&key.ty);
    value["description"] = match key.default {
        Default::Is(text) => format!("{} (default: {text})", key.doc),
        Default::Required => format!("{} (required)", key.doc),
        Default::Off => format!("{} (default: off)", key.doc),
        Default::Other(other) => format!("{} (default: {other})", key.doc),
    }
    .into();
    value
}

const SPAN: &str = r"^\s*([0-9]*\.?[0-9]+\s*(ns|us|µs|ms|s|min|h|d)\s*)+$";
const SIGNED_SPAN: &str = r"^\s*[+-]?\s*([0-9]*\.?[0-9]+\s*(ns|us|µs|ms|s|min|h|d)\s*)+$";

fn of_type(ty: &Ty) -> Value {
    let span = || json!({ "type": "string", "pattern": SPAN });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    match *ty {
        Ty::Bool => json!({ "type": "boolean" }),
        Ty::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Ty::OneOf(numbers) => json!({ "type": "integer", "enum": numbers }),
        Ty::Number => json!({ "type": "number" }),
        Ty::Interval => json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 }),
        Ty::Ratio => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Ty::Fraction => json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
        Ty::Factor => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Ty::Span | Ty::PositiveSpan => span(),
        Ty::SpanOrNone => json!({ "anyOf": [span(), { "type": "string", "enum": ["none"] }] }),
        Ty::Rate => json!({ "type": "string", "pattern": r"^\s*[0-9]*\.?[0-9]+\s*/\s*(s|min|h|d)\s*$" }),
        Ty::Choice(words) => json!({ "type": "string", "enum": words }),
        Ty::Text => json!({ "type": "string" }),
        Ty::SignedSpan => json!({ "type": "string", "pattern": SIGNED_SPAN }),
        Ty::Texts => texts(),
        Ty::BoolOrTexts => json!({ "anyOf": [{ "type": "boolean" }, texts()] }),
        Ty::TwoTexts => {
            let mut group = texts();
            group["minItems"] = json!(1);
            json!({ "type": "array", "items": group, "minItems": 2, "maxItems": 2 })
        }
        Ty::Statuses => json!({ "type": "array", "items": { "type": "integer", "minimum": 100, "maximum": 599 } }),
        Ty::Dist => dist(),
        Ty::Backoff => json!({ "anyOf": [span(), {
            "type": "object",
            "properties": {
                "first": span(),
                "factor": { "type": "number", "exclusiveMinimum": 0 },
                "max": span(),
                "jitter": { "type": "number", "minimum": 0, "maximum": 1 },
            },
            "required": ["first"],
            "additionalProperties": false,
        }] }),
        Ty::Profile => json!({ "type": "array", "minItems": 1, "items": {
            "type": "array",
            "items": { "anyOf": [span(), { "type": "number", "minimum": 0 }] },
            "minItems": 2,
            "maxItems": 2,
        } }),
        Ty::Replications => {
            let until = object("when there are enough", UNTIL, Map::new());
            let mut sequential = object("until there are enough", REPLICATIONS, Map::new());
            sequential["properties"]["until"] = json!({ "anyOf": [until, { "type": "string", "enum": ["decided"] }] });
            json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 1_000_000 }, sequential] })
        }
    }
}

fn dist() -> Value {
    let mut shapes = vec![json!({ "type": "string", "pattern": SPAN })];
    let families = FAMILIES.iter().map(|family| (family.name, family.doc, family.keys));
    for (name, doc, keys) in families.chain([("empirical", "linear between quantiles", EMPIRICAL)]) {
        let mut shape = object(doc, keys, Map::new());
        shape["properties"]["dist"] = json!({ "type": "string", "enum": [name] });
        if let Some(required) = shape["required"].as_array_mut() {
            required.push(json!("dist"));
        }
        shapes.push(shape);
    }
    json!({ "anyOf": shapes })
}
