//! The Pareto front of two costs: what is not worse than something else in both.

/// The positions of the points on the front, from the least of the first cost to the least of the second. Of points in one place
/// all are on it, or none.
#[must_use]
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let beaten = |(x, y): (f64, f64)| points.iter().any(|&(a, b)| a <= x && b <= y && (a < x || b < y));
    let mut front: Vec<usize> = (0..points.len()).filter(|&index| !beaten(points[index])).collect();
    front.sort_by(|&one, &other| points[one].0.total_cmp(&points[other].0));
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worse_in_one_and_no_better_in_the_other_is_not_on_it() {
        assert_eq!(front(&[(4.0, 90.0), (9.0, 0.2), (6.0, 3.0), (9.0, 0.2), (9.0, 3.0), (4.0, 95.0)]), [0, 2, 1, 3]);
        assert_eq!(front(&[(1.0, 1.0)]), [0]);
        assert!(front(&[]).is_empty());
    }
}
