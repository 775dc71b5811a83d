//! An SVG drawing as pixels, with the bundled font and no other: text looks the same on every machine.

use resvg::{tiny_skia, usvg};
use std::sync::Arc;

const FONTS: [&[u8]; 2] =
    [include_bytes!("../../assets/fonts/Roboto-Regular.ttf"), include_bytes!("../../assets/fonts/Roboto-Medium.ttf")];
/// No side of a picture has more pixels.
const LONGEST_SIDE: f32 = 16_384.0;

/// Draws `svg` with `scale` pixels a point and gives a PNG file. The error says what is wrong with the drawing or its size.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>, String> {
    let mut fonts = usvg::fontdb::Database::new();
    FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
    fonts.set_sans_serif_family("Roboto");
    let options =
        usvg::Options { fontdb: Arc::new(fonts), font_family: "Roboto".to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let side = |points: f32| {
        let pixels = (points * scale).round();
        (1.0..=LONGEST_SIDE).contains(&pixels).then_some(pixels as u32)
    };
    let (Some(width), Some(height)) = (side(tree.size().width()), side(tree.size().height())) else {
        return Err(format!("a picture has 1 to {LONGEST_SIDE} pixels a side"));
    };
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or("no memory for the picture")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dark pixels of a page with `text`.
    fn ink(text: &str) -> usize {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"20\" font-family=\"Roboto\">\
             <rect width=\"60\" height=\"20\" fill=\"#ffffff\"/><text x=\"2\" y=\"15\" font-size=\"14\">{text}</text></svg>"
        );
        let png = render(&svg, 2.0).unwrap();
        let picture = tiny_skia::Pixmap::decode_png(&png).unwrap();
        assert_eq!((picture.width(), picture.height()), (120, 40));
        picture.pixels().iter().filter(|pixel| pixel.red() < 128).count()
    }

    #[test]
    fn text_is_drawn() {
        assert_eq!(ink(""), 0);
        assert!(ink("MACs") > ink("M") && ink("M") > 20);
    }

    #[test]
    fn a_broken_drawing_is_an_error() {
        assert!(render("<svg", 1.0).is_err());
        assert!(render("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"20\"/>", 1e9).is_err());
    }
}
