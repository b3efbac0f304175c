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
