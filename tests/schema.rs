//! The JSON Schema that editors get: what the loader reads, it accepts.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use stalegate::scenario;
use toml::de::{DeTable, DeValue};

/// Whether a value is one of the schema, by all that the schema uses of the standard but patterns; or where it is not.
fn accepts(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    if let Some(shapes) = schema["anyOf"].as_array() {
        let refused: Vec<String> = shapes.iter().filter_map(|shape| accepts(shape, value, path).err()).collect();
        if refused.len() == shapes.len() {
            return Err(refused.join("; or "));
        }
    }
    let no = |why: &str| Err(format!("{path} = {value}: {why}"));
    let right = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !right {
        return no(&format!("no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return no("not one of the words");
    }
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    if value
        .as_f64()
        .is_some_and(|number| least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most))
    {
        return no("out of bounds");
    }
    for (key, one) in value.as_object().into_iter().flatten() {
        let known = &schema["properties"][key];
        let known = if known.is_null() { &schema["additionalProperties"] } else { known };
        if *known == json!(false) {
            return no(&format!("no key {key}"));
        }
        accepts(known, one, &format!("{path}.{key}"))?;
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(key).is_none() {
            return no(&format!("lacks {key}"));
        }
    }
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let (few, many) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
    let count = items.len() as u64;
    if value.is_array() && (few.is_some_and(|few| count < few) || many.is_some_and(|many| count > many)) {
        return no("too few or too many");
    }
    items.iter().try_for_each(|item| accepts(&schema["items"], item, &format!("{path}[]")))
}

fn table(table: &DeTable<'_>) -> Value {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), of_toml(value.get_ref()))).collect()
}

fn of_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(integer) => json!(i64::from_str_radix(integer.as_str(), integer.radix()).expect("it fits")),
        DeValue::Float(float) => json!(float.as_str().parse::<f64>().expect("a number")),
        DeValue::Boolean(value) => json!(value),
        DeValue::Datetime(date) => json!(date.to_string()),
        DeValue::Array(list) => list.iter().map(|value| of_toml(value.get_ref())).collect(),
        DeValue::Table(below) => table(below),
    }
}

fn answer(text: &str) -> Result<(), String> {
    accepts(&scenario::schema::schema(), &table(DeTable::parse(text).expect("it is TOML").get_ref()), "")
}

const CALLERS: &str = r#"
name = "callers"
[run]
duration = "3h"
[idp]
notify = "at-least-once"
notify_again = "10s"
[gateway.inbound]
validation = "jwt"
revocation_events = ["gateway-1"]
comparison = "non-strict"
merge = "max"
[[api]]
name = "orders"
[[client]]
name = "shop"
apis = ["orders"]
login = "1h"
relogin = { dist = "exponential", mean = "5s" }
profile = [["0s", 1], ["8h", 3.5]]
token_lifetime = "8h"
owns = ["orders"]
[[policy]]
name = "ttl-only"
[[fault]]
name = "a"
kind = "password-change"
at = "1h"
client = "shop"
users = 3
[[fault]]
name = "b"
kind = "token-revoked"
at = "1h"
client = "shop"
user = "user-7"
[[fault]]
name = "c"
kind = "application-revoked"
at = "1h"
application = "orders"
[[fault]]
name = "d"
kind = "partition"
at = "1h"
for = "1min"
between = [["gateways"], ["bus", "control-plane"]]
[[fault]]
name = "e"
kind = "clock-skew"
at = "1h"
node = "idp"
by = "-750ms"
[[fault]]
name = "f"
kind = "control-plane-outage"
at = "1h"
for = "1min"
[sweep]
"gateway.inbound.revocation_events" = [false, ["gateway-1"], true]
"#;

#[test]
fn the_schema_accepts_what_the_loader_reads() {
    let mut texts = vec![CALLERS.to_owned(), CALLERS.replace("[\"gateway-1\"]\ncomp", "false\ncomp")];
    for folder in ["scenarios", "src/cli/templates"] {
        let files =
            fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be listed").path());
        let files = files.filter(|path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml"));
        texts.extend(files.map(|path| fs::read_to_string(path).expect("it can be read")));
    }
    assert!(texts.len() > 10);
    for text in texts {
        let loaded = scenario::load_text("it.toml", &text, &[], None);
        assert!(loaded.is_ok(), "{loaded:?}");
        assert_eq!(answer(&text), Ok(()), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_no_key_takes() {
    for (good, bad) in [
        ("comparison = \"non-strict\"", "comparison = \"loose\""),
        ("[\"gateway-1\"]\n", "\"gateway-1\"\n"),
        ("[[\"gateways\"], [\"bus\", \"control-plane\"]]", "[[\"gateways\"]]"),
        ("[[\"gateways\"], [\"bus\", \"control-plane\"]]", "[[\"gateways\"], []]"),
        ("users = 3", "users = 0"),
        ("[\"8h\", 3.5]", "[\"8h\", -3.5]"),
        ("[\"8h\", 3.5]", "[\"8h\"]"),
        ("[[\"0s\", 1], [\"8h\", 3.5]]", "[]"),
        ("by = \"-750ms\"", "by = -750"),
        ("node = \"idp\"", "nodes = \"idp\""),
        ("kind = \"partition\"", "kind = \"rotation\""),
    ] {
        assert!(answer(&CALLERS.replace(good, bad)).is_err(), "{bad}");
    }
}
