//! A sequence as an SVG picture, to stand in a page of HTML or alone.
//!
//! Everything is drawn in `currentColor`; a page's style sheet decides by the classes: `sequence` (the picture),
//! `sequence-name`, `sequence-life`, `sequence-time`, `sequence-message`, `sequence-note`, `sequence-fold`, and beside one of
//! the last three `sequence-bad` or `sequence-good`. Setting `color` on those two is enough.

use std::fmt::Write;

use super::layout::{Area, Band, LINE, Layout, Shape, Words, layout};
use super::{Arrow, Look, Sequence};

/// The picture.
///
/// # Panics
/// Never: writing to a string cannot fail.
#[must_use]
pub fn svg(sequence: &Sequence) -> String {
    let Layout { width, height, names, lifelines, bands, times } = layout(sequence);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sequence\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" \
         fill=\"currentColor\" stroke=\"none\">\n<title>{}</title>\n<desc>{}</desc>\n",
        escaped(&sequence.title),
        escaped(&told(sequence)),
    );
    for line in &lifelines {
        for (from, to) in &line.pieces {
            let x = line.x;
            let _ = writeln!(
                out,
                "<path class=\"sequence-life\" d=\"M{x} {from}V{to}\" stroke=\"currentColor\" stroke-opacity=\"0.35\"/>"
            );
        }
    }
    for name in &names {
        let _ = writeln!(out, "<g class=\"sequence-name\" font-weight=\"600\">");
        framed(&mut out, name.area, (0.08, 0.6));
        lines(&mut out, name);
        out.push_str("</g>\n");
    }
    for band in &bands {
        draw(&mut out, band, times);
    }
    out.push_str("</svg>\n");
    out
}

/// All of it in words, for who cannot see it.
fn told(sequence: &Sequence) -> String {
    let names: Vec<&str> = sequence.participants.iter().map(|participant| participant.name.as_str()).collect();
    format!("{} From left to right: {}.", sequence.about, names.join(", "))
}

fn draw(out: &mut String, band: &Band, times: usize) {
    if let Some((time, y)) = &band.time {
        let _ = writeln!(
            out,
            "<text class=\"sequence-time\" x=\"{times}\" y=\"{y}\" text-anchor=\"end\" fill-opacity=\"0.75\" \
             style=\"font-variant-numeric: tabular-nums\">{time}</text>"
        );
    }
    let kind = match band.shape {
        Shape::Arrow { .. } => "message",
        Shape::Box => "note",
        Shape::Fold => "fold",
    };
    let look = match band.look {
        Look::Plain => "",
        Look::Bad => " sequence-bad",
        Look::Good => " sequence-good",
    };
    let _ = writeln!(out, "<g class=\"sequence-{kind}{look}\">");
    match band.shape {
        Shape::Arrow { from, to, y, arrow } => line(out, (from, to, y), arrow),
        Shape::Box => {
            let loud = band.look != Look::Plain;
            framed(out, band.words.area, if loud { (0.1, 0.9) } else { (0.05, 0.4) });
            if loud {
                let Area { x, y, height, .. } = band.words.area;
                let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"4\" height=\"{height}\"/>");
            }
        }
        Shape::Fold => {}
    }
    lines(out, &band.words);
    out.push_str("</g>\n");
}

/// A box: how opaque its inside and its edge are.
fn framed(out: &mut String, area: Area, (inside, edge): (f64, f64)) {
    let Area { x, y, width, height } = area;
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" fill-opacity=\"{inside}\" \
         stroke=\"currentColor\" stroke-opacity=\"{edge}\"/>"
    );
}

/// Lines of words in the middle of their area.
fn lines(out: &mut String, words: &Words) {
    let Words { area, lines } = words;
    let x = area.middle();
    let spare = area.height.saturating_sub(lines.len() * LINE) / 2;
    for (index, line) in lines.iter().enumerate() {
        let y = area.y + spare + (index + 1) * LINE - 4;
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escaped(line));
    }
}

/// An arrow: a request is a line, an answer a dashed one, and one that says no ends in a cross.
fn line(out: &mut String, (from, to, y): (usize, usize, usize), arrow: Arrow) {
    let right = to > from;
    // As far before its end as what stands there is long.
    let before = |far: usize| if right { to - far } else { to + far };
    let (dashes, end) = match arrow {
        Arrow::Request => ("", before(8)),
        Arrow::Answer => (" stroke-dasharray=\"5 3\"", before(8)),
        Arrow::Refusal => (" stroke-dasharray=\"5 3\"", before(10)),
    };
    let _ = writeln!(out, "<path d=\"M{from} {y}H{end}\" stroke=\"currentColor\" stroke-width=\"1.5\"{dashes}/>");
    let (near, far, up, down) = (before(1), before(9), y - 4, y + 4);
    let _ = match arrow {
        Arrow::Request | Arrow::Answer => writeln!(out, "<path d=\"M{near} {y}L{far} {up}V{down}Z\"/>"),
        Arrow::Refusal => {
            writeln!(
                out,
                "<path d=\"M{near} {up}L{far} {down}M{far} {up}L{near} {down}\" stroke=\"currentColor\" stroke-width=\"2\"/>"
            )
        }
    };
}

/// For XML; what XML forbids is left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sequence::{Participant, Step};

    #[test]
    fn whatever_is_told_is_text_and_no_markup() {
        let hostile = "<script>alert(\"1\")</script> & 'x' \u{1}\u{ffff}]]>";
        let participants = vec![Participant { name: hostile.into() }];
        let steps = vec![Step::Note { at: None, first: 0, last: 0, text: hostile.into(), look: Look::Good }];
        let drawn = svg(&Sequence { title: hostile.into(), about: hostile.into(), participants, steps });
        assert!(!drawn.contains("<script") && !drawn.contains("]]>"), "{drawn}");
        assert!(!drawn.contains(['\u{1}', '\u{ffff}']));
        assert!(
            drawn.contains("<title>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;"),
            "{drawn}"
        );
        assert!(drawn.contains("role=\"img\"") && drawn.contains("class=\"sequence-note sequence-good\""), "{drawn}");
    }
}
