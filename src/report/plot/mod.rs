//! Plots as SVG, of the same bytes on every machine.
//!
//! Axes are our own (`axis.rs`): plotters' tick code calls the platform's `powf` and `log10`, whose last bits differ. Of
//! plotters the SVG backend is used, in whole pixels, with no font of the machine.

mod axis;
mod canvas;
pub mod causes;
pub mod downtime;
pub mod exposure;
pub mod heat;
pub mod load;
mod palette;
pub mod success_ratio;
pub mod sweep;

use crate::experiment::comparison::Comparison;

/// Width of every plot, in pixels.
const WIDTH: i32 = 960;

/// Policies that are drawn as one because they coincide; the first gives the look.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    members: Vec<usize>,
}

/// Policies gathered by what is drawn of them.
fn groups(comparison: &Comparison, alike: impl Fn(usize, usize) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for policy in 0..comparison.policies.len() {
        match groups.iter_mut().find(|group| alike(group.members[0], policy)) {
            Some(group) => group.members.push(policy),
            None => groups.push(Group { members: vec![policy] }),
        }
    }
    groups
}

impl Group {
    fn first(&self) -> usize {
        self.members[0]
    }

    /// How many lines its names take.
    fn height(&self) -> i32 {
        i32::try_from(self.members.len()).unwrap_or(i32::MAX / 100)
    }

    /// One line a policy: `a`, `= b`, `= c`.
    fn lines(&self, comparison: &Comparison) -> Vec<String> {
        let name = |policy: usize| &comparison.policies[policy].name;
        self.members
            .iter()
            .enumerate()
            .map(|(index, &policy)| if index == 0 { name(policy).clone() } else { format!("= {}", name(policy)) })
            .collect()
    }
}

/// The width that the names of these groups take.
fn names_width(comparison: &Comparison, groups: &[Group]) -> i32 {
    let lines = groups.iter().flat_map(|group| group.lines(comparison));
    lines.map(|line| canvas::width_of(&line, canvas::WORDS)).max().unwrap_or(0).min(WIDTH / 2)
}

/// Whether two series of values are equal to the bit.
fn same_bits(one: &[f64], other: &[f64]) -> bool {
    one.iter().map(|value| value.to_bits()).eq(other.iter().map(|value| value.to_bits()))
}

/// A coordinate as a whole pixel, a half rounded up.
#[expect(clippy::cast_possible_truncation, reason = "coordinates are within a drawing")]
fn pixel(at: f64) -> i32 {
    libm::floor(at + 0.5) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::timeline::Layout;
    use crate::report::sample;
    use crate::time::SimSpan;

    #[test]
    fn plots_are_drawn_the_same_twice_and_name_every_policy() {
        let (scenario, comparison) = (sample::scenario(), sample::comparison(25));
        for draw in [success_ratio::draw, downtime::draw, load::draw] {
            let svg = draw(&scenario, &comparison);
            assert_eq!(svg, draw(&scenario, &comparison));
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            for policy in &comparison.policies {
                assert!(svg.contains(&policy.name), "{} is missing", policy.name);
            }
        }
    }

    #[test]
    fn plots_of_next_to_nothing_are_drawn() {
        let scenario = sample::scenario();
        let zero = |_: &str, _: &str, _| 0.0;
        let nothing = |_: &str, _: &str, _| f64::NAN;
        for comparison in
            [sample::comparison(0), sample::comparison(1), sample::changed(3, zero), sample::changed(3, nothing)]
        {
            for draw in [success_ratio::draw, downtime::draw, load::draw] {
                assert!(draw(&scenario, &comparison).trim_end().ends_with("</svg>"));
            }
        }
    }

    #[test]
    fn a_run_without_faults_is_drawn_from_its_beginning() {
        let layout = Layout::new(SimSpan::secs(10), &[]);
        let comparison = Comparison::new(&["ttl-only".into()], sample::metrics(), layout, 1);
        assert!(success_ratio::draw(&sample::scenario(), &comparison).contains("seconds since the run began"));
    }

    /// `PLOTS=plots cargo test --lib pictures_for_the_eye` writes the plots of made-up results.
    #[test]
    fn pictures_for_the_eye() {
        let Some(dir) = option_env!("PLOTS") else { return };
        let (scenario, comparison) = (sample::scenario(), sample::comparison(60));
        std::fs::create_dir_all(dir).unwrap();
        for (name, draw) in [
            ("success-ratio", success_ratio::draw as fn(&_, &_) -> String),
            ("downtime", downtime::draw),
            ("downtime-vs-load", load::draw),
        ] {
            std::fs::write(format!("{dir}/{name}.svg"), draw(&scenario, &comparison)).unwrap();
            std::fs::write(format!("{dir}/{name}-crowd.svg"), draw(&scenario, &sample::crowd(30))).unwrap();
        }
    }
}
