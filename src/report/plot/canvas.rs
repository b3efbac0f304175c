//! A white sheet in whole pixels over plotters' SVG backend: lines, areas, marks, words.

use plotters::backend::DrawingBackend;
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::palette::{INK, Shape};

/// Where a word stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Middle,
    Right,
}

/// How a word looks.
#[derive(Clone, Copy, Debug)]
pub struct Font {
    pub size: i32,
    pub bold: bool,
    pub colour: RGBColor,
}

/// Titles, words and notes.
pub const TITLE: Font = Font { size: 18, bold: true, colour: INK };
pub const WORDS: Font = Font { size: 13, bold: false, colour: INK };
pub const NOTE: Font = Font { size: 12, bold: false, colour: super::palette::GREY };

/// The sheet.
pub struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// The SVG of what `paint` draws on a white sheet.
pub fn draw(width: i32, height: i32, paint: impl FnOnce(&mut Canvas<'_>)) -> String {
    let mut svg = String::new();
    let size = (u32::try_from(width).unwrap_or(1), u32::try_from(height).unwrap_or(1));
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, size) };
    canvas.rectangle((0, 0), (width, height), RGBColor(255, 255, 255), 1.0);
    paint(&mut canvas);
    canvas.backend.present().expect("drawing into a string cannot fail");
    drop(canvas);
    svg
}

/// About how wide a word is; the viewer's font decides.
pub fn width_of(text: &str, font: Font) -> i32 {
    let letters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100);
    let per_mille = if font.bold { 660 } else { 590 };
    letters * font.size * per_mille / 1_000
}

impl Canvas<'_> {
    /// A line through points.
    pub fn line(&mut self, points: &[(i32, i32)], colour: RGBColor, width: u32) {
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width };
        self.backend.draw_path(points.iter().copied(), &style).expect("drawing into a string cannot fail");
    }

    /// A line of dashes, along an axis of the sheet.
    pub fn dashes(&mut self, from: (i32, i32), to: (i32, i32), colour: RGBColor) {
        const STEP: usize = 6;
        if from.0 == to.0 {
            for y in (from.1.min(to.1)..from.1.max(to.1)).step_by(STEP) {
                self.line(&[(from.0, y), (from.0, y + 3)], colour, 1);
            }
        } else {
            for x in (from.0.min(to.0)..from.0.max(to.0)).step_by(STEP) {
                self.line(&[(x, from.1), (x + 3, from.1)], colour, 1);
            }
        }
    }

    /// A filled area.
    pub fn area(&mut self, corners: &[(i32, i32)], colour: RGBColor, opacity: f64) {
        let style = colour.mix(opacity);
        self.backend.fill_polygon(corners.iter().copied(), &style).expect("drawing into a string cannot fail");
    }

    /// A filled rectangle.
    pub fn rectangle(&mut self, from: (i32, i32), to: (i32, i32), colour: RGBColor, opacity: f64) {
        let style = colour.mix(opacity);
        self.backend.draw_rect(from, to, &style, true).expect("drawing into a string cannot fail");
    }

    /// A dot.
    pub fn dot(&mut self, at: (i32, i32), radius: u32, colour: RGBColor, opacity: f64) {
        let style = colour.mix(opacity);
        self.backend.draw_circle(at, radius, &style, true).expect("drawing into a string cannot fail");
    }

    /// A policy's mark.
    pub fn mark(&mut self, (x, y): (i32, i32), shape: Shape, size: i32, colour: RGBColor) {
        let corners = match shape {
            Shape::Circle => return self.dot((x, y), size.unsigned_abs(), colour, 1.0),
            Shape::Square => {
                vec![(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)]
            }
            Shape::Up => vec![(x, y - size - 1), (x + size + 1, y + size), (x - size - 1, y + size)],
            Shape::Down => vec![(x, y + size + 1), (x + size + 1, y - size), (x - size - 1, y - size)],
            Shape::Diamond => vec![(x, y - size - 2), (x + size + 1, y), (x, y + size + 2), (x - size - 1, y)],
        };
        self.area(&corners, colour, 1.0);
    }

    /// A word, centred on the height of its point.
    pub fn text(&mut self, text: &str, at: (i32, i32), anchor: Anchor, font: Font) {
        let h_pos = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        // The backend divides by 1.24, and centres a word by half its ex, which leaves it a little high.
        let style = if font.bold { FontStyle::Bold } else { FontStyle::Normal };
        let described = ("sans-serif", f64::from(font.size) * 1.24, style).into_font();
        let style = TextStyle::from(described).color(&font.colour).pos(Pos::new(h_pos, VPos::Center));
        self.backend.draw_text(text, &style, at).expect("drawing into a string cannot fail");
    }

    /// Lines of words, the block centred on the height of its point.
    pub fn block(&mut self, lines: &[String], (x, y): (i32, i32), anchor: Anchor, font: Font) {
        let step = font.size + 4;
        let top = y - step * (i32::try_from(lines.len()).unwrap_or(1) - 1) / 2;
        for (line, index) in lines.iter().zip(0..) {
            self.text(line, (x, top + index * step), anchor, font);
        }
    }
}
