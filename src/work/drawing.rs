//! Pictures on paper, from a recording to the bytes of a PNG or SVG file: the one way in which the command line and the window draw them.
//! Must not write files.

use super::picture::{PictureError, PictureLevels, PictureSpec, picture_levels};
use super::{CancelToken, SourceFactory};
use crate::model::ModelInput;
use crate::plot::page::{self, Page, PageLayout, PrintedPage};
use crate::plot::png;
use crate::spectrogram::render::{Picture, Shading, palette, render};
use crate::spectrogram::{Channel, PictureKind, PictureSettings, RowMedians, automatic_levels};
use std::sync::Arc;

/// The levels of all pictures of a page have no more bytes.
const MOST_LEVEL_BYTES: usize = 1 << 29;

/// The form of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DrawingForm {
    /// A page as pixels, so many a point.
    Png(f64),
    /// A page as lines and text; its pictures have so many pixels a point.
    Svg(f64),
    /// Nothing but the picture of the first channel, of this width and height in pixels, as PNG.
    Plain(usize, usize),
}

impl DrawingForm {
    /// Whether a page of this size in points, or a plain picture, has no more pixels than can be drawn. The error says what to change.
    pub fn check_size(self, page: (f64, f64)) -> Result<(), String> {
        let (width, height) = match self {
            Self::Png(scale) | Self::Svg(scale) => (page.0 * scale, page.1 * scale),
            Self::Plain(width, height) => (width as f64, height as f64),
        };
        png::check_size(width.round(), height.round())
            .map_err(|reason| format!("{reason}; make the picture smaller, or take fewer pixels a point"))
    }
}

/// What is to be drawn.
#[derive(Clone)]
pub struct Drawing {
    /// Opens the recording.
    pub source: SourceFactory,
    /// What is on the page; its levels are only known afterwards.
    pub page: Page,
    /// The channels, one for each of the page's panels.
    pub channels: Vec<Channel>,
    /// Frames and kind.
    pub settings: PictureSettings,
    /// Whether another overlap may be chosen where a pixel has many frames.
    pub any_overlap: bool,
    /// The front end of a model, for pictures of what it sees.
    pub model: Option<Arc<ModelInput>>,
    /// Values of the first and the last colour, in the unit of the kind; where they are not given, those that suit the picture.
    pub colors: (Option<f32>, Option<f32>),
    /// Exponent of the colours, 1 for even ones.
    pub gamma: f32,
    /// Shows each row relative to its median.
    pub normalise: bool,
    /// What comes out.
    pub form: DrawingForm,
    /// Whether the page shall end with the recording, should that turn out to be longer or shorter than its container says.
    pub to_the_end: bool,
}

/// A drawing that is done.
#[derive(Debug)]
pub struct Drawn {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
    /// Events that had no room on the page.
    pub events_left_out: usize,
}

/// Draws. `told` hears how much is done, 0 to 1, on any thread.
///
/// # Errors
/// The recording cannot be read, the picture is too large, or `cancel` was set.
pub fn draw(mut drawing: Drawing, cancel: &CancelToken, told: &(dyn Fn(f64) + Sync)) -> Result<Drawn, PictureError> {
    drawing.form.check_size(drawing.page.size).map_err(PictureError::TooLarge)?;
    let mut layout = PageLayout::of(&drawing.page);
    let mut levels = levels(&drawing, width_px(&drawing, &layout), cancel, told)?;
    let px_secs = (drawing.page.end_secs - drawing.page.start_secs) / width_px(&drawing, &layout) as f64;
    let true_end = levels.iter().find_map(|levels| levels.true_end_secs);
    if let Some(true_end) = true_end.filter(|_| drawing.to_the_end)
        && (true_end - drawing.page.end_secs).abs() > px_secs
        && true_end > drawing.page.start_secs
    {
        drawing.page.end_secs = true_end;
        layout = PageLayout::of(&drawing.page);
        levels = self::levels(&drawing, width_px(&drawing, &layout), cancel, told)?;
    }
    let mut warnings: Vec<String> = levels.iter().flat_map(|levels| levels.warnings.iter().cloned()).collect();
    warnings.dedup();
    let bytes = printed(&mut drawing, &layout, &levels).map_err(PictureError::Unforeseen)?;
    Ok(Drawn { bytes, warnings, events_left_out: layout.events_left_out() })
}

fn size_px(drawing: &Drawing, layout: &PageLayout) -> (usize, usize) {
    match drawing.form {
        DrawingForm::Plain(width, height) => (width, height),
        DrawingForm::Png(scale) | DrawingForm::Svg(scale) => layout.picture_px(scale),
    }
}

fn width_px(drawing: &Drawing, layout: &PageLayout) -> usize {
    size_px(drawing, layout).0
}

fn levels(
    drawing: &Drawing,
    width_px: usize,
    cancel: &CancelToken,
    told: &(dyn Fn(f64) + Sync),
) -> Result<Vec<PictureLevels>, PictureError> {
    let count = drawing.channels.len();
    let of_channel = |(index, &channel): (usize, &Channel)| {
        let spec = PictureSpec {
            settings: drawing.settings.clone(),
            any_overlap: drawing.any_overlap,
            model: drawing.model.clone(),
            channel,
            start_secs: drawing.page.start_secs,
            end_secs: drawing.page.end_secs,
            width_px,
        };
        let part = |part: f64| told((index as f64 + part) / count as f64);
        let source = (drawing.source)()?;
        let bytes = spec.level_bytes(source.spec().sample_rate).saturating_mul(count);
        if bytes > MOST_LEVEL_BYTES {
            return Err(PictureError::TooLarge(format!(
                "{count} pictures {width_px} pixels wide take {} MB; make them narrower or choose fewer channels",
                bytes / 1_000_000
            )));
        }
        picture_levels(source, &spec, cancel, &part)
    };
    drawing.channels.iter().enumerate().map(of_channel).collect()
}

/// Colours the levels, and puts the pictures on the page unless one is to stand alone.
fn printed(drawing: &mut Drawing, layout: &PageLayout, levels: &[PictureLevels]) -> Result<Vec<u8>, String> {
    let kind = drawing.settings.kind;
    let medians = |levels: &PictureLevels| {
        let mut medians = RowMedians::new(levels.columns.rows);
        medians.push(&levels.columns.bytes);
        medians.medians()
    };
    let bands: Vec<Vec<u8>> =
        levels.iter().map(|levels| if drawing.normalise { medians(levels) } else { Vec::new() }).collect();
    // One range for all channels, so that they can be compared.
    let frequency = &drawing.page.frequency;
    let ranges =
        levels.iter().zip(&bands).map(|(levels, bands)| automatic_levels(&levels.columns, kind, frequency, bands));
    let automatic =
        ranges.fold((f32::INFINITY, f32::NEG_INFINITY), |(floor, ceiling), own| (floor.min(own.0), ceiling.max(own.1)));
    let (floor, ceiling) = chosen(drawing.colors, automatic);
    drawing.page.levels = (floor, ceiling);
    if drawing.page.level_title.is_empty() {
        drawing.page.level_title = level_title(kind, drawing.normalise).to_owned();
    }
    let (width, height) = size_px(drawing, layout);
    let pictures: Vec<Picture> = levels
        .iter()
        .zip(bands)
        .map(|(levels, band_bytes)| {
            let shading = Shading { floor, ceiling, gamma: drawing.gamma, band_bytes };
            render(&levels.columns, &drawing.page.frequency, &shading, width, height)
        })
        .collect();
    let page = &drawing.page;
    let printed = PrintedPage { page, layout, pictures: &pictures };
    match drawing.form {
        DrawingForm::Plain(..) => {
            let Some(picture) = pictures.first() else { return Err("no channel was chosen".to_owned()) };
            png::encode_indexed(width, height, &picture.shades, palette(page.map), &page.description, None)
        }
        DrawingForm::Png(scale) => page::png(&printed, scale),
        DrawingForm::Svg(_) => page::svg(&printed).map(String::into_bytes),
    }
}

/// The values that were asked for, else those that were found. Where only one was asked for and the other lies on its wrong side, the range
/// is as long as the one found.
fn chosen(asked: (Option<f32>, Option<f32>), (floor, ceiling): (f32, f32)) -> (f32, f32) {
    let range = (ceiling - floor).abs();
    match asked {
        (Some(floor), Some(ceiling)) => (floor, ceiling),
        (Some(asked), None) => (asked, if ceiling > asked { ceiling } else { asked + range }),
        (None, Some(asked)) => (if floor < asked { floor } else { asked - range }, asked),
        (None, None) => (floor, ceiling),
    }
}

/// What the colour bar shows.
fn level_title(kind: PictureKind, is_normalised: bool) -> &'static str {
    match (kind, is_normalised) {
        (PictureKind::Level, false) => "Level (dB re full-scale sine)",
        (PictureKind::Reassigned, false) => "Reassigned level (dB re full-scale sine)",
        (PictureKind::Level | PictureKind::Reassigned, true) => "Level above the band's median (dB)",
        (PictureKind::Pcen, false) => "PCEN",
        (PictureKind::Pcen, true) => "PCEN above the band's median",
        (PictureKind::ModelInput, false) => "Log mel",
        (PictureKind::ModelInput, true) => "Log mel above the band's median",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_that_were_asked_for_count() {
        let found = (-70.0, -30.0);
        assert_eq!(chosen((None, None), found), found);
        assert_eq!(chosen((Some(-90.0), None), found), (-90.0, -30.0));
        assert_eq!(chosen((Some(-20.0), None), found), (-20.0, 20.0));
        assert_eq!(chosen((None, Some(-80.0)), found), (-120.0, -80.0));
        assert_eq!(chosen((Some(-1.0), Some(0.0)), found), (-1.0, 0.0));
    }
}
