//! Where a sequence's boxes, arrows and words go, in pixels: every step has a band of its own, so that nothing overlaps.

use super::{Arrow, Look, Sequence, Step};
use crate::report::narrative::clock;
use crate::time::{SimSpan, SimTime};

/// The picture is no wider.
const WIDTH: usize = 900;
/// Column of the instants.
const TIMES: usize = 92;
/// Lifelines are no further apart.
const APART: usize = 190;
/// Between lines of words.
pub const LINE: usize = 15;
/// Names are in boxes of at most so many lines.
const NAME_LINES: usize = 3;
/// Words of a step take at most so many lines.
const TEXT_LINES: usize = 5;
/// A longer silence is seen as a gap.
const SILENCE: SimSpan = SimSpan::secs(1);
/// Tenths of a pixel that a letter takes; letters of East Asian scripts take two.
const LETTER: usize = 66;
/// Steps from which on the names are repeated at the foot.
const TALL: usize = 12;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Area {
    /// Where its words are centred.
    pub fn middle(self) -> usize {
        self.x + self.width / 2
    }
}

/// Lines of words, centred in an area, the first baseline a line below its top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub area: Area,
    pub lines: Vec<String>,
}

/// What of a step is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Words above a line from `from` to `to` at height `y`.
    Arrow { from: usize, to: usize, y: usize, arrow: Arrow },
    /// Words in a box.
    Box,
    /// Words alone.
    Fold,
}

/// A step in its band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// The instant, where it is another one than before, and its baseline.
    pub time: Option<(String, usize)>,
    pub words: Words,
    pub shape: Shape,
    pub look: Look,
}

/// A lifeline: where it is, and the pieces that no words interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifeline {
    pub x: usize,
    pub pieces: Vec<(usize, usize)>,
}

/// The whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub width: usize,
    pub height: usize,
    /// Names at the head, and at the foot where the picture is tall.
    pub names: Vec<Words>,
    pub lifelines: Vec<Lifeline>,
    pub bands: Vec<Band>,
    /// Where the instants end.
    pub times: usize,
}

/// Columns of the picture.
struct Columns {
    apart: usize,
    width: usize,
}

impl Columns {
    fn of(participants: usize) -> Columns {
        let participants = participants.max(1);
        let apart = ((WIDTH - TIMES) / participants).min(APART);
        // Notes need some room, however few take part.
        Columns { apart, width: (TIMES + apart * participants).max(WIDTH / 2) }
    }

    fn x(&self, index: usize) -> usize {
        TIMES + self.apart / 2 + index * self.apart
    }

    /// An area of this width around a middle, moved to where it is inside of the picture.
    fn around(&self, middle: usize, width: usize) -> (usize, usize) {
        let width = width.min(self.width - TIMES - 4);
        let x = middle.saturating_sub(width / 2).clamp(TIMES, self.width - 4 - width);
        (x, width)
    }
}

/// Lays a sequence out.
pub fn layout(sequence: &Sequence) -> Layout {
    let columns = Columns::of(sequence.participants.len());
    let names: Vec<Vec<String>> = sequence
        .participants
        .iter()
        .map(|participant| wrapped(&participant.name, columns.apart - 18, NAME_LINES))
        .collect();
    let deepest = names.iter().map(Vec::len).max().unwrap_or(1);
    let head = |y: usize| {
        let columns = &columns;
        names.iter().enumerate().map(move |(index, lines)| {
            let height = deepest * LINE + 10;
            let width = columns.apart - 10;
            // Centred, also where another name takes more lines.
            let lines = lines.clone();
            Words { area: Area { x: columns.x(index) - width / 2, y, width, height }, lines }
        })
    };
    let mut boxes: Vec<Words> = head(4).collect();
    let top = 4 + deepest * LINE + 10;
    let mut y = top + 12;
    // What was told last, and what was seen last, which may have been told without its instant.
    let (mut last, mut seen): (Option<SimTime>, Option<SimTime>) = (None, None);
    let mut bands: Vec<Band> = Vec::new();
    for (index, step) in sequence.steps.iter().enumerate() {
        let at = instant(step);
        // A message without an instant goes with what follows it.
        let follows = || if matches!(step, Step::Fold(_)) { None } else { instant(sequence.steps.get(index + 1)?) };
        let about = at.or_else(follows);
        if let (Some(before), Some(now)) = (seen, about)
            && now.0.saturating_sub(before.0) >= SILENCE.0
        {
            y += 10;
        }
        seen = about.or(seen);
        let is_new = at.filter(|at| last.is_none_or(|last| clock(last) != clock(*at)));
        let time = is_new.map(|at| (clock(at), y + LINE));
        let (band, height) = band(&columns, step, y, time);
        bands.push(band);
        (y, last) = (y + height, at.or(last));
    }
    let bottom = y + 4;
    let lifelines =
        (0..sequence.participants.len()).map(|index| lifeline(columns.x(index), (top, bottom), &bands)).collect();
    let mut height = bottom + 4;
    if sequence.steps.len() >= TALL {
        boxes.extend(head(bottom));
        height = bottom + top + 4;
    }
    Layout { width: columns.width, height, names: boxes, lifelines, bands, times: TIMES - 14 }
}

fn instant(step: &Step) -> Option<SimTime> {
    match step {
        Step::Message { at, .. } | Step::Note { at, .. } => *at,
        Step::Fold(_) => None,
    }
}

/// A step in its band, and how high that is.
fn band(columns: &Columns, step: &Step, y: usize, time: Option<(String, usize)>) -> (Band, usize) {
    match step {
        Step::Message { from, to, arrow, text, look, .. } => {
            let (from, to) = (columns.x(*from), columns.x(*to));
            let room = from.abs_diff(to).saturating_sub(14).max(columns.apart * 17 / 10);
            let (words, lines) = words(columns, text, usize::midpoint(from, to), room, y);
            let arrow = Shape::Arrow { from, to, y: y + lines * LINE + 7, arrow: *arrow };
            (Band { time, words, shape: arrow, look: *look }, lines * LINE + 20)
        }
        Step::Note { first, last, text, look, .. } => {
            let (from, to) = (columns.x(*first), columns.x(*last));
            // Over several, a box is as wide as their names; else it is as wide as its words.
            let several = (first != last).then_some(to - from + columns.apart - 10);
            let room = several.unwrap_or(columns.apart * 17 / 10);
            let (mut words, lines) = words(columns, text, usize::midpoint(from, to), room, y);
            let width = several.unwrap_or((words.area.width + 16).max(columns.apart / 2));
            let (x, width) = columns.around(usize::midpoint(from, to), width);
            words.area = Area { x, y, width, height: lines * LINE + 8 };
            (Band { time, words, shape: Shape::Box, look: *look }, lines * LINE + 18)
        }
        Step::Fold(text) => {
            let middle = usize::midpoint(TIMES, columns.width);
            let (mut words, lines) = words(columns, text, middle, columns.width - TIMES - 40, y);
            (words.area.x, words.area.width) = (TIMES, columns.width - TIMES - 4);
            (Band { time, words, shape: Shape::Fold, look: Look::Plain }, lines * LINE + 14)
        }
    }
}

/// A text around a middle, in lines of at most this width; the area is as wide as the longest of them.
fn words(columns: &Columns, text: &str, middle: usize, room: usize, y: usize) -> (Words, usize) {
    let (_, room) = columns.around(middle, room);
    let lines = wrapped(text, room.saturating_sub(16), TEXT_LINES);
    let widest = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
    let (x, width) = columns.around(middle, widest + 6);
    let height = lines.len() * LINE + 4;
    let count = lines.len();
    (Words { area: Area { x, y, width, height }, lines }, count)
}

/// The pieces of a lifeline that no words interrupt.
fn lifeline(x: usize, (top, bottom): (usize, usize), bands: &[Band]) -> Lifeline {
    let mut pieces = Vec::new();
    let mut from = top;
    for area in bands.iter().map(|band| band.words.area) {
        if (area.x..=area.x + area.width).contains(&x) {
            if area.y > from {
                pieces.push((from, area.y));
            }
            from = area.y + area.height;
        }
    }
    if bottom > from {
        pieces.push((from, bottom));
    }
    Lifeline { x, pieces }
}

/// How wide a text is.
fn width_of(text: &str) -> usize {
    let is_wide = |letter: char| matches!(u32::from(letter), 0x1100..0x1200 | 0x2e80..);
    text.chars().map(|letter| if is_wide(letter) { 2 * LETTER } else { LETTER }).sum::<usize>() / 10
}

/// A text in at most so many lines of at most this width; what has no room is cut, and ends with `…`.
fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut().expect("there is one");
            let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
            if width_of(&longer) <= width {
                *line = longer;
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            // A word that has no room in a line of its own is broken, after a hyphen or a slash where there is one.
            let fits = fitting(&word, width);
            let head = &word[..fits];
            let fits = head.rfind(['-', '/', '.']).map_or(fits, |at| at + 1);
            let rest = word.split_off(fits);
            *line = std::mem::replace(&mut word, rest);
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        let last = lines.last_mut().expect("at least one line");
        while !last.is_empty() && width_of(last) + LETTER / 10 > width {
            last.pop();
        }
        last.push('…');
    }
    lines
}

/// How many bytes of a word have room, at least a letter's.
fn fitting(word: &str, width: usize) -> usize {
    let mut end = 0;
    for (at, letter) in word.char_indices() {
        let next = at + letter.len_utf8();
        if at > 0 && width_of(&word[..next]) > width {
            break;
        }
        end = next;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sequence::Participant;

    fn note(at: u64, (first, last): (usize, usize), text: &str) -> Step {
        Step::Note { at: Some(SimTime(at)), first, last, text: text.into(), look: Look::Plain }
    }

    fn overlap(one: Area, other: Area) -> bool {
        let apart = |a: usize, width: usize, b: usize| a + width <= b;
        !(apart(one.x, one.width, other.x)
            || apart(other.x, other.width, one.x)
            || apart(one.y, one.height, other.y)
            || apart(other.y, other.height, one.y))
    }

    #[test]
    fn nothing_overlaps_nor_leaves_the_picture_however_many_take_part_and_whatever_is_said() {
        for participants in 1..=9 {
            let long = "a very long word-of-many-parts and more of them than any column takes ".repeat(participants);
            let name = |index: usize| format!("participant-{index}, credential orders-of-a-long-name");
            let participants: Vec<Participant> =
                (0..participants).map(|index| Participant { name: name(index) }).collect();
            let last = participants.len() - 1;
            let mut steps = vec![note(0, (0, last), &long), note(1, (last, last), &long), note(2, (0, 0), "short")];
            for (from, to) in [(0, last), (last, 0), (last, last.saturating_sub(1))] {
                if from != to {
                    let (arrow, look) = (Arrow::Request, Look::Bad);
                    steps.push(Step::Message { at: None, from, to, arrow, text: long.clone(), look });
                }
            }
            steps.push(Step::Fold(long.clone()));
            let layout = layout(&Sequence { title: String::new(), about: String::new(), participants, steps });
            assert!(layout.width <= WIDTH);
            let areas: Vec<Area> = layout
                .names
                .iter()
                .chain(layout.bands.iter().map(|band| &band.words))
                .map(|words| words.area)
                .collect();
            for (index, area) in areas.iter().enumerate() {
                assert!(area.x + area.width <= layout.width && area.y + area.height <= layout.height, "{area:?}");
                assert!(area.x >= TIMES, "{area:?} is in the column of the instants");
                let other = areas[..index].iter().find(|other| overlap(*area, **other));
                assert_eq!(other, None, "{area:?}");
            }
            for words in layout.names.iter().chain(layout.bands.iter().map(|band| &band.words)) {
                let widest = words.lines.iter().map(|line| width_of(line)).max();
                assert!(widest <= Some(words.area.width), "{words:?}");
            }
            for line in &layout.lifelines {
                let crosses = |words: &Words| {
                    let Area { x, y, width, height } = words.area;
                    (x..=x + width).contains(&line.x)
                        && line.pieces.iter().any(|&(from, to)| from < y + height && y < to)
                };
                assert!(!layout.bands.iter().any(|band| crosses(&band.words)), "a lifeline crosses words");
            }
        }
    }

    #[test]
    fn no_line_is_wider_than_its_room_and_nothing_gets_lost_unsaid() {
        for (text, width, lines) in [
            ("asks for a token", 60, vec!["asks for", "a token"]),
            ("gateway-12, credential orders", 80, vec!["gateway-12,", "credential", "orders"]),
            ("a-very-long-name-of-a-thing", 70, vec!["a-very-", "long-name-", "of-a-thing"]),
            ("one two three four five six", 40, vec!["one", "two", "three…"]),
        ] {
            let found = wrapped(text, width, 3);
            assert_eq!(found, lines, "{text}");
            assert!(found.iter().all(|line| width_of(line) <= width), "{found:?}");
        }
    }
}
