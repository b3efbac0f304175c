//! Whether a document is what its committed JSON Schema says.

use serde_json::Value;

/// What of JSON Schema the committed files use: type, required, properties, additionalProperties, items, enum, const.
pub fn mistakes(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is = |ty: &str| match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker knows no type {other}"),
    };
    if !types.is_empty() && !types.iter().any(|ty| is(ty)) {
        found.push(format!("{at}: {value} is not {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{at}: {value} is not among {}", schema["enum"]));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    for item in value.as_array().into_iter().flatten() {
        mistakes(&schema["items"], item, &format!("{at}[]"), found);
    }
    if let (Some(object), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{at}: no {name}"));
            }
        }
        for (name, inner) in object {
            match properties.get(name) {
                Some(schema) => mistakes(schema, inner, &format!("{at}.{name}"), found),
                None => found.push(format!("{at}: the schema has no {name}")),
            }
        }
    }
}
