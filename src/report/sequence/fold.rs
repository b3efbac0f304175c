//! Fewer steps that say the same.

use super::Step;

/// Steps that a diagram has at most; those in the middle are left out, and it says so.
const MOST_STEPS: usize = 40;

/// Notes that stand together are one: what one does at an instant, and what neighbours do alike.
pub fn together(steps: Vec<Step>) -> Vec<Step> {
    joined(neighbours(joined(steps)))
}

/// What is noted of the same ones at the same instant, one after the other, is one note.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for step in steps {
        match (all.last_mut(), &step) {
            (
                Some(Step::Note { at, first, last, text, look }),
                Step::Note { at: now, first: from, last: to, text: more, look: same },
            ) if (*at, *first, *last, *look) == (*now, *from, *to, *same) => {
                *text = format!("{text}; {more}");
            }
            _ => all.push(step),
        }
    }
    all
}

/// What is noted alike of neighbours at the same instant is one note over them all.
fn neighbours(steps: Vec<Step>) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for step in steps {
        let Step::Note { at: now, first: from, last: to, text: what, .. } = &step else {
            all.push(step);
            continue;
        };
        // Only a few steps share an instant.
        let alike = all.iter_mut().rev().take(8).find_map(|earlier| match earlier {
            Step::Note { at, first, last, text, .. }
                if at == now && text == what && *from <= *last + 1 && *to + 1 >= *first =>
            {
                Some((first, last))
            }
            Step::Note { .. } | Step::Message { .. } | Step::Fold(_) => None,
        });
        match alike {
            Some((first, last)) => (*first, *last) = ((*first).min(*from), (*last).max(*to)),
            None => all.push(step),
        }
    }
    all
}

/// No more steps than people read.
pub fn shortened(mut steps: Vec<Step>) -> Vec<Step> {
    if steps.len() > MOST_STEPS {
        let (head, left_out) = (MOST_STEPS / 2, steps.len() - MOST_STEPS);
        steps.splice(head..head + left_out, [Step::Fold(format!("… {left_out} more steps are left out"))]);
    }
    steps
}
