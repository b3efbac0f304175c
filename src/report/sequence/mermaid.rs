//! A sequence as a Mermaid diagram.

use std::fmt::Write;

use super::{Arrow, Look, Sequence, Step};
use crate::report::narrative::clock;
use crate::time::SimTime;

/// The text of the diagram.
///
/// # Panics
/// Never: writing to a string cannot fail.
#[must_use]
pub fn mermaid(sequence: &Sequence) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let _ = writeln!(text, "    accTitle: {}", escaped(&sequence.title));
    let _ = writeln!(text, "    accDescr: {}", escaped(&sequence.about));
    for (index, participant) in sequence.participants.iter().enumerate() {
        let _ = writeln!(text, "    participant {} as {}", id(index), escaped(&participant.name));
    }
    let all = over(0, sequence.participants.len().saturating_sub(1));
    for step in &sequence.steps {
        let _ = match step {
            Step::Message { at, from, to, arrow, text: what, .. } => {
                let (arrow, what) = (drawn(*arrow), timed(*at, what));
                writeln!(text, "    {}{arrow}{}: {what}", id(*from), id(*to))
            }
            Step::Note { at, first, last, text: what, look } => {
                let mark = if *look == Look::Bad { "⚠ " } else { "" };
                writeln!(text, "    Note over {}: {mark}{}", over(*first, *last), timed(*at, what))
            }
            Step::Fold(what) => writeln!(text, "    Note over {all}: {}", escaped(what)),
        };
    }
    text
}

/// Names of our own: whatever a participant is called, its id is a word that means nothing to Mermaid.
fn id(index: usize) -> String {
    format!("p{index}")
}

fn over(first: usize, last: usize) -> String {
    if first == last { id(first) } else { format!("{},{}", id(first), id(last)) }
}

fn drawn(arrow: Arrow) -> &'static str {
    match arrow {
        Arrow::Request => "->>",
        Arrow::Answer => "-->>",
        Arrow::Refusal => "--x",
    }
}

fn timed(at: Option<SimTime>, what: &str) -> String {
    at.map_or_else(|| escaped(what), |at| format!("{} {}", clock(at), escaped(what)))
}

/// What Mermaid, or the page that it is in, could take for something else is written as an entity code.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            letter if letter.is_control() => out.push(' '),
            ';' | '#' | '<' | '>' | '&' | '"' | '\'' | '`' | '%' | '{' | '}' | '\\' | '$' => {
                let _ = write!(out, "#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sequence::Participant;

    #[test]
    fn a_name_cannot_end_a_line_nor_mean_anything_to_mermaid_or_a_page() {
        let hostile = "a;b#35;c\n    end\r\"q\" <script>alert('x')</script>: %%{init}%% `code` $x$";
        let participants = vec![Participant { name: hostile.into() }, Participant { name: "end".into() }];
        let (at, look) = (Some(SimTime(1_500_000_000)), Look::Bad);
        let steps = vec![
            Step::Message { at, from: 0, to: 1, arrow: Arrow::Refusal, text: hostile.into(), look },
            Step::Note { at: None, first: 0, last: 1, text: hostile.into(), look },
            Step::Fold(hostile.into()),
        ];
        let text = mermaid(&Sequence { title: hostile.into(), about: hostile.into(), participants, steps });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8, "{text}");
        for line in &lines {
            // Entity codes aside, nothing is left of what is special.
            let mut bare = (*line).to_owned();
            while let Some((from, length)) = code(&bare) {
                bare.replace_range(from..from + length, "");
            }
            assert!(!bare.contains([';', '#', '<', '>', '"', '\'', '`', '%', '{', '$']) || is_arrow(&bare), "{line}");
        }
        assert!(lines[5].starts_with("    p0--xp1: 0:00:01.500 a#59;b#35;35#59;c"), "{}", lines[5]);
    }

    fn is_arrow(line: &str) -> bool {
        line.matches('>').count() == 2 && line.contains("->>")
    }

    /// Where the first entity code is, and how long.
    fn code(text: &str) -> Option<(usize, usize)> {
        text.match_indices('#').find_map(|(at, _)| {
            let digits = text[at + 1..].chars().take_while(char::is_ascii_digit).count();
            (digits > 0 && text[at + 1 + digits..].starts_with(';')).then_some((at, digits + 2))
        })
    }
}
