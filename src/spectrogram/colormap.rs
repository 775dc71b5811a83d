//! Colour maps: 256 colours from soft to loud, read from `assets/colormaps/NAME.csv`.
//!
//! Adding one is a file of 256 lines `red,green,blue` (0 to 255) and a line in `TEXTS`.

use std::sync::LazyLock;

/// Colours in a map.
pub const COLOR_COUNT: usize = 256;

/// A colour map.
#[derive(Debug)]
pub struct Colormap {
    /// Name in settings and menus.
    pub name: &'static str,
    /// Red, green and blue (sRGB, 0 to 255), the softest first.
    pub colors: [[u8; 3]; COLOR_COUNT],
}

/// Name and file of each map, in the order of a menu. In all of them lightness rises (or, inverted, falls) steadily, so that they can be
/// read without telling colours apart. `viridis`, `magma`, `inferno`, `plasma` and `cividis` are those of matplotlib (CC0); `batlow` and `oslo` are
/// Fabio Crameri's (MIT, licence beside the files); `cubehelix` is Green's formula (2011) with start 0.5, −1.5 rotations, hue 1 and gamma 1.
const TEXTS: [(&str, &str); 11] = [
    ("earmark", include_str!("../../assets/colormaps/earmark.csv")),
    ("viridis", include_str!("../../assets/colormaps/viridis.csv")),
    ("magma", include_str!("../../assets/colormaps/magma.csv")),
    ("inferno", include_str!("../../assets/colormaps/inferno.csv")),
    ("plasma", include_str!("../../assets/colormaps/plasma.csv")),
    ("cividis", include_str!("../../assets/colormaps/cividis.csv")),
    ("batlow", include_str!("../../assets/colormaps/batlow.csv")),
    ("oslo", include_str!("../../assets/colormaps/oslo.csv")),
    ("cubehelix", include_str!("../../assets/colormaps/cubehelix.csv")),
    ("gray", include_str!("../../assets/colormaps/gray.csv")),
    ("gray-inverted", include_str!("../../assets/colormaps/gray-inverted.csv")),
];

/// All colour maps, in the order of a menu. The first is the default.
pub static ALL: LazyLock<Vec<Colormap>> =
    LazyLock::new(|| TEXTS.iter().map(|&(name, text)| Colormap { name, colors: parse(text) }).collect());

/// Place in [`ALL`] of the map of this name.
pub fn index_of(name: &str) -> Option<usize> {
    TEXTS.iter().position(|(own, _)| *own == name)
}

/// Reads the lines of a file that is part of the program; a line that is none stays black (a test sees to it that there is none).
fn parse(text: &str) -> [[u8; 3]; COLOR_COUNT] {
    let mut colors = [[0; 3]; COLOR_COUNT];
    for (color, line) in colors.iter_mut().zip(text.lines()) {
        let mut parts = line.split(',').filter_map(|part| part.trim().parse().ok());
        if let (Some(red), Some(green), Some(blue)) = (parts.next(), parts.next(), parts.next()) {
            *color = [red, green, blue];
        }
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIE lightness, 0 to 100.
    fn lightness([red, green, blue]: [u8; 3]) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        if luminance > 0.008_856 { 116.0 * luminance.cbrt() - 16.0 } else { 903.3 * luminance }
    }

    #[test]
    fn every_file_has_256_lines_of_three_bytes() {
        for (name, text) in TEXTS {
            assert_eq!(text.lines().count(), COLOR_COUNT, "{name}");
            for line in text.lines() {
                let bytes: Vec<u8> = line.split(',').map(|part| part.parse().expect(line)).collect();
                assert_eq!(bytes.len(), 3, "{name}: {line}");
            }
        }
    }

    #[test]
    fn lightness_rises_steadily() {
        for map in ALL.iter() {
            let direction = if map.name == "gray-inverted" { -1.0 } else { 1.0 };
            let values: Vec<f64> = map.colors.iter().map(|&color| direction * lightness(color)).collect();
            for (n, pair) in values.windows(2).enumerate() {
                // Bytes are rounded, and the maps are made for even steps in other lightness scales: a third of a unit is no step back.
                assert!(pair[1] > pair[0] - 0.35, "{} falls at {n}: {} to {}", map.name, pair[0], pair[1]);
            }
            for n in 0..248 {
                assert!(values[n + 8] > values[n] + 0.5, "{} stands still at {n}", map.name);
            }
        }
    }

    #[test]
    fn names_are_found() {
        assert_eq!(index_of("magma").map(|index| ALL[index].name), Some("magma"));
        assert_eq!(index_of("jet"), None);
    }
}
