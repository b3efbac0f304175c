//! `explain-code CODE`: what a message's code means, with an example.

use super::args::{ExplainCode, Global};
use super::console::{Console, Exit, Outcome, Stop};
use crate::scenario::codes;

/// Prints the paragraph of a code.
pub fn run(console: &Console, global: &Global, command: &ExplainCode) -> Outcome {
    let Some(code) = codes::find(&command.code) else {
        let all: Vec<&str> = codes::CODES.iter().map(|code| code.code).collect();
        return Err(Stop::Bad(format!("there is no code `{}`; there are {}", command.code, all.join(", "))));
    };
    if global.json {
        let value = serde_json::json!({
            "code": code.code, "title": code.title, "text": code.text, "example": code.example,
        });
        console.json_result(&value)?;
    } else {
        let example = code.example.replace('\n', "\n  ");
        console.result(&format!(
            "{}: {}\n\n{}\n\nExample:\n  {example}\n",
            code.code,
            code.title,
            wrapped(code.text)
        ))?;
    }
    Ok(Exit::Done)
}

/// Lines of at most 80 characters.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 80 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
