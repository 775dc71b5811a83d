//! An SVG drawing as pixels, with the bundled font and no other: text looks the same on every machine. And pixels as PNG files.

use crate::spectrogram::render::Picture;
use resvg::{tiny_skia, usvg};
use std::sync::Arc;

const FONTS: [&[u8]; 2] =
    [include_bytes!("../../assets/fonts/Roboto-Regular.ttf"), include_bytes!("../../assets/fonts/Roboto-Medium.ttf")];
/// No side of a picture has more pixels.
pub const LONGEST_SIDE: u32 = 16_384;
/// No picture has more pixels: drawing one takes 8 bytes each, a GiB.
pub const MOST_PIXELS: u64 = 1 << 27;
/// Points (of a page, as of CSS) in a metre.
const POINTS_A_METRE: f64 = 96.0 / 0.0254;

/// Whether a picture of so many pixels can be made; the error says why not.
pub fn check_size(width: f64, height: f64) -> Result<(), String> {
    let is_side = |pixels: f64| (1.0..=f64::from(LONGEST_SIDE)).contains(&pixels);
    match is_side(width) && is_side(height) && width * height <= MOST_PIXELS as f64 {
        true => Ok(()),
        false => Err(format!(
            "{width:.0} × {height:.0} pixels are too many: a picture has 1 to {LONGEST_SIDE} a side, and {} million in all",
            MOST_PIXELS / 1_000_000
        )),
    }
}

/// Draws `svg` with `scale` pixels a point and gives a PNG file. The error says what is wrong with the drawing or its size.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>, String> {
    let tree = tree(svg)?;
    let mut pixels = pixmap(&tree, scale)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

/// A picture that lies under a drawing, with its top left corner here, in pixels.
pub(super) struct Layer<'a> {
    pub left: usize,
    pub top: usize,
    pub picture: &'a Picture,
    pub map: &'a [[u8; 3]; 256],
}

/// Draws `svg` over pictures over a ground and gives a PNG file that says its size on paper and its `description`.
pub(super) fn render_over(
    svg: &str,
    scale: f32,
    ground: [u8; 3],
    layers: &[Layer],
    description: &str,
) -> Result<Vec<u8>, String> {
    let tree = tree(svg)?;
    let mut pixels = pixmap(&tree, scale)?;
    let [red, green, blue] = ground;
    pixels.fill(tiny_skia::Color::from_rgba8(red, green, blue, 255));
    let width = pixels.width() as usize;
    for layer in layers {
        let picture = layer.picture;
        for y in picture.known_lines.clone() {
            let shades = &picture.shades[y * picture.width..][picture.known_columns.clone()];
            let start = 4 * ((layer.top + y) * width + layer.left + picture.known_columns.start);
            let Some(line) = pixels.data_mut().get_mut(start..start + 4 * shades.len()) else { continue };
            for (pixel, &shade) in line.as_chunks_mut::<4>().0.iter_mut().zip(shades) {
                let [red, green, blue] = layer.map[usize::from(shade)];
                *pixel = [red, green, blue, 255];
            }
        }
    }
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let rgb: Vec<u8> =
        pixels.data().as_chunks::<4>().0.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = encoder(&mut bytes, width, pixels.height() as usize, description, Some(f64::from(scale)))?;
    encoder.set_color(png::ColorType::Rgb);
    written(encoder, &rgb)?;
    Ok(bytes)
}

/// A PNG file of `width` × `height` places in a table of colours, with what it shows as a text. With `scale`, in pixels a point, it says its size
/// on paper.
pub fn encode_indexed(
    width: usize,
    height: usize,
    shades: &[u8],
    map: &[[u8; 3]; 256],
    description: &str,
    scale: Option<f64>,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = encoder(&mut bytes, width, height, description, scale)?;
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(map.as_flattened());
    written(encoder, shades)?;
    Ok(bytes)
}

fn encoder<'a>(
    bytes: &'a mut Vec<u8>,
    width: usize,
    height: usize,
    description: &str,
    scale: Option<f64>,
) -> Result<png::Encoder<'a, &'a mut Vec<u8>>, String> {
    check_size(width as f64, height as f64)?;
    let mut encoder = png::Encoder::new(bytes, width as u32, height as u32);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(scale) = scale {
        let a_metre = (scale * POINTS_A_METRE).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: a_metre, yppu: a_metre, unit: png::Unit::Meter }));
    }
    if !description.is_empty() {
        let added = encoder.add_itxt_chunk("Description".to_owned(), description.to_owned());
        added.map_err(|error| error.to_string())?;
    }
    Ok(encoder)
}

fn written(encoder: png::Encoder<'_, &mut Vec<u8>>, pixels: &[u8]) -> Result<(), String> {
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(pixels).and_then(|()| writer.finish()).map_err(|error| error.to_string())
}

fn tree(svg: &str) -> Result<usvg::Tree, String> {
    let mut fonts = usvg::fontdb::Database::new();
    FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
    fonts.set_sans_serif_family("Roboto");
    let options =
        usvg::Options { fontdb: Arc::new(fonts), font_family: "Roboto".to_owned(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|error| error.to_string())
}

/// Pixels for a drawing, all transparent.
fn pixmap(tree: &usvg::Tree, scale: f32) -> Result<tiny_skia::Pixmap, String> {
    let (width, height) = ((tree.size().width() * scale).round(), (tree.size().height() * scale).round());
    check_size(f64::from(width), f64::from(height))?;
    tiny_skia::Pixmap::new(width as u32, height as u32).ok_or_else(|| "no memory for the picture".to_owned())
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
    fn sizes_without_measure_are_told() {
        assert!(check_size(1.0, 16_384.0).is_ok() && check_size(9_933.0, 13_000.0).is_ok());
        for (width, height) in [(0.0, 10.0), (10.0, 16_385.0), (12_000.0, 12_000.0), (f64::NAN, 10.0)] {
            let told = check_size(width, height).unwrap_err();
            assert!(told.contains("too many") && told.contains("134 million"), "{told}");
        }
    }

    #[test]
    fn a_broken_drawing_is_an_error() {
        assert!(render("<svg", 1.0).is_err());
        assert!(render("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"20\"/>", 1e9).is_err());
    }
}
