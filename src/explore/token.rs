//! A schedule as a word that fits a command line: `r1-2x2-3f9a1c-01203-5be7`.
//!
//! Version, nodes and requests, a hash of the settings, the choices (one character each), a checksum.

use super::settings::Settings;

/// Changes when the same choices would mean something else.
const VERSION: &str = "r1";
/// A choice is one of these; the last one says: so many, and the next character.
const DIGITS: &[u8] = b"0123456789abcdefghijkmnpqrstuvwxyz";

/// The word for these choices.
#[must_use]
pub fn write(settings: &Settings, choices: &[usize]) -> String {
    let most = DIGITS.len() - 1;
    let mut text = String::new();
    for choice in choices {
        text.extend(std::iter::repeat_n(char::from(DIGITS[most]), choice / most));
        text.push(char::from(DIGITS[choice % most]));
    }
    let word = format!("{VERSION}-{}x{}-{}-{text}", settings.nodes, settings.requests, hash(&settings.line(), 6));
    format!("{word}-{}", hash(&word, 4))
}

/// The choices of a word.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn read(settings: &Settings, word: &str) -> Result<Vec<usize>, String> {
    let damaged = || format!("`{word}` is no replay token, or a damaged one: copy it whole, as `race` printed it");
    let (inside, sum) = word.rsplit_once('-').ok_or_else(damaged)?;
    let parts: Vec<&str> = inside.split('-').collect();
    let [version, size, of, text] = parts[..] else { return Err(damaged()) };
    if hash(inside, 4) != sum {
        return Err(damaged());
    }
    if version != VERSION {
        return Err(format!("the replay token is of another version ({version}, not {VERSION}): explore again"));
    }
    let (nodes, requests) = size.split_once('x').ok_or_else(damaged)?;
    if size != format!("{}x{}", settings.nodes, settings.requests) {
        return Err(format!(
            "the replay token is of {nodes} nodes and {requests} requests, and this race has {} and {}: \
             give --nodes {nodes} --requests {requests}",
            settings.nodes, settings.requests
        ));
    }
    if of != hash(&settings.line(), 6) {
        return Err(format!(
            "the replay token is of a race with other settings than these ({}): give the same file, --set, --ties and \
             --with-crash as when it was printed",
            settings.line()
        ));
    }
    choices(text).ok_or_else(damaged)
}

fn choices(text: &str) -> Option<Vec<usize>> {
    let most = DIGITS.len() - 1;
    let mut choices = Vec::new();
    let mut carried = 0;
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        carried += digit;
        if digit < most {
            choices.push(std::mem::take(&mut carried));
        }
    }
    (carried == 0).then_some(choices)
}

fn hash(text: &str, digits: usize) -> String {
    blake3::hash(text.as_bytes()).to_hex().as_str()[..digits].to_owned()
}
