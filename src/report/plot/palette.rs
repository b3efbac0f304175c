//! How a policy looks in every plot: a colour that colour-blind people can tell apart (Okabe and Ito 2008, without the yellow
//! that white swallows) and a shape, so that colour never stands alone. Seven colours and five shapes repeat after 35.

use plotters::style::RGBColor;

/// What text and axes are drawn in.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// What explains without wanting to be seen first.
pub const GREY: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// Lines behind the data.
pub const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);

const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
];

const SHAPES: [Shape; 5] = [Shape::Circle, Shape::Square, Shape::Up, Shape::Diamond, Shape::Down];

/// The outline of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
}

/// The colour of a policy, by its position in the scenario.
pub fn colour(policy: usize) -> RGBColor {
    COLOURS[policy % COLOURS.len()]
}

/// The marker of a policy, by its position in the scenario.
pub fn shape(policy: usize) -> Shape {
    SHAPES[policy % SHAPES.len()]
}

/// Light to dark in seven steps of 13 units of CIE lightness and about 25 of CIE colour difference, over yellow, red and violet:
/// a scale that also reads in grey, and for people who see fewer hues.
const SCALE: [RGBColor; 7] = [
    RGBColor(0xFC, 0xF7, 0xDF),
    RGBColor(0xF2, 0xD4, 0x97),
    RGBColor(0xEA, 0xA4, 0x6E),
    RGBColor(0xD9, 0x74, 0x65),
    RGBColor(0xB3, 0x4E, 0x6A),
    RGBColor(0x77, 0x38, 0x73),
    RGBColor(0x38, 0x29, 0x5C),
];

/// The colour of a share of the scale, from 0 (light) to 1 (dark).
pub fn shade(share: f64) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * 6.0;
    let (below, above) = (SCALE[step(libm::floor(place))], SCALE[step(libm::ceil(place))]);
    let part = place - libm::floor(place);
    let mix = |one: u8, other: u8| {
        let mixed = f64::from(one) + (f64::from(other) - f64::from(one)) * part;
        u8::try_from(super::pixel(mixed)).unwrap_or(u8::MAX)
    };
    RGBColor(mix(below.0, above.0), mix(below.1, above.1), mix(below.2, above.2))
}

fn step(place: f64) -> usize {
    usize::try_from(super::pixel(place)).unwrap_or(0).min(SCALE.len() - 1)
}

/// What is read best on this colour: ink or white, whichever has the higher contrast (WCAG 2, relative luminance).
pub fn on(background: RGBColor) -> RGBColor {
    let white = RGBColor(255, 255, 255);
    if contrast(background, INK) >= contrast(background, white) { INK } else { white }
}

fn contrast(one: RGBColor, other: RGBColor) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

fn luminance(colour: RGBColor) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_darkens_evenly_and_words_can_be_read_on_it() {
        let lightness = |share: f64| 116.0 * libm::cbrt(luminance(shade(share))) - 16.0;
        for index in 0..100 {
            let share = f64::from(index) / 100.0;
            let step = lightness(share) - lightness(share + 0.01);
            assert!((0.4..1.2).contains(&step), "{share}: {step}");
            let colour = shade(share);
            assert!(contrast(colour, on(colour)) > 4.0, "{share}: {}", contrast(colour, on(colour)));
        }
        assert_eq!((shade(0.0), shade(1.0), shade(-1.0)), (SCALE[0], SCALE[6], SCALE[0]));
    }
}
