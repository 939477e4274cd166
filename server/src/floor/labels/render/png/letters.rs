//! The letters of a code in five by seven dots.
//!
//! A label's code has 32 characters to choose from, all of one shape on every machine this way: no font is looked for, and none is
//! rasterised.

/// Dots from the top of a letter to its foot.
pub(super) const HEIGHT: u32 = 7;

/// Dots from one letter to the next.
const STEP: u32 = 6;

/// Dots a text is wide.
pub(super) fn width(text: &str) -> u32 {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX / STEP);
    (letters * STEP).saturating_sub(1).max(1)
}

/// The dark dots of a text, counted from its upper left corner. A character without a shape leaves its place empty.
pub(super) fn dots(text: &str) -> impl Iterator<Item = (u32, u32)> {
    text.chars().zip(0u32..).flat_map(|(letter, place)| {
        let rows = SHAPES.iter().find(|(shaped, _)| *shaped == letter).map_or([0; 7], |(_, rows)| *rows);
        rows.into_iter().zip(0u32..).flat_map(move |(row, y)| {
            (0..5u32).filter(move |column| row & (0b10000 >> column) != 0).map(move |x| (place * STEP + x, y))
        })
    })
}

/// Crockford's base 32 with each row of dots as five bits. The zero is crossed: there is no letter O beside it, but readers look for one.
const SHAPES: [(char, [u8; 7]); 32] = [
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('3', [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('A', [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('B', [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110]),
    ('C', [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110]),
    ('D', [0b11100, 0b10010, 0b10001, 0b10001, 0b10001, 0b10010, 0b11100]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('F', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('G', [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01111]),
    ('H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('J', [0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100]),
    ('K', [0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001]),
    ('N', [0b10001, 0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001]),
    ('P', [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('Q', [0b01110, 0b10001, 0b10001, 0b10001, 0b10101, 0b10010, 0b01101]),
    ('R', [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('V', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('W', [0b10001, 0b10001, 0b10001, 0b10101, 0b10101, 0b10101, 0b01010]),
    ('X', [0b10001, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0b10001]),
    ('Y', [0b10001, 0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100]),
    ('Z', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b11111]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_code_has_a_shape_of_its_own() {
        for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
            let shape: Vec<_> = dots(&letter.to_string()).collect();
            assert!(shape.len() >= 8, "{letter}");
            assert!(shape.iter().all(|&(x, y)| x < 5 && y < HEIGHT), "{letter}");
            assert_eq!(
                SHAPES.iter().filter(|(other, _)| dots(&other.to_string()).eq(shape.iter().copied())).count(),
                1
            );
        }
    }

    #[test]
    fn letters_stand_side_by_side() {
        assert_eq!((width("M"), width("MM"), width("")), (5, 11, 1));
        let second: Vec<_> = dots("MM").filter(|&(x, _)| x >= STEP).map(|(x, y)| (x - STEP, y)).collect();
        assert!(second.iter().copied().eq(dots("M")));
        assert_eq!(dots("é").count(), 0);
    }
}
