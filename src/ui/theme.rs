//! Colours, spacing, fonts: the look of the window. The only place of the window's own code with literal colours.

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, Theme,
    Visuals, vec2,
};
use std::sync::Arc;

/// All spacing is a multiple of this many points.
pub const GRID: f32 = 4.0;
/// The height of rows in lists and tables, in points.
pub const ROW_HEIGHT: f32 = 24.0;

/// The colours that egui's own visuals have no name for.
#[derive(Clone, Copy, Debug)]
pub struct Colors {
    /// Selection, focus, the playhead's knob: the one accent.
    pub accent: Color32,
    /// The accent on pictures, which are dark in every theme.
    pub picture_accent: Color32,
    /// The playhead line.
    pub playhead: Color32,
    /// One dark or light pixel around what is drawn on a picture, so that it stands out on any colour map.
    pub halo: Color32,
    /// Secondary text.
    pub weak_text: Color32,
    /// Lines between panels, ticks and grid.
    pub line: Color32,
    /// The waveform's extremes.
    pub waveform_peak: Color32,
    /// The waveform's root mean square.
    pub waveform_rms: Color32,
    /// Behind pictures.
    pub picture_background: Color32,
    /// Something went wrong.
    pub failure: Color32,
    /// Something needs attention.
    pub warning: Color32,
    /// Something is done.
    pub success: Color32,
    /// Outside of what an overview's box shows.
    pub shade: Color32,
}

const DARK: Colors = Colors {
    accent: Color32::from_rgb(0x5a, 0xb0, 0xff),
    picture_accent: Color32::from_rgb(0x5a, 0xb0, 0xff),
    playhead: Color32::from_rgb(0xff, 0xff, 0xff),
    halo: Color32::from_rgba_premultiplied(0, 0, 0, 0xb0),
    weak_text: Color32::from_rgb(0x95, 0x9b, 0xa5),
    line: Color32::from_rgb(0x33, 0x37, 0x3d),
    waveform_peak: Color32::from_rgb(0x4d, 0x72, 0x91),
    waveform_rms: Color32::from_rgb(0x8c, 0xbd, 0xe3),
    picture_background: Color32::from_rgb(0x0c, 0x0d, 0x10),
    failure: Color32::from_rgb(0xff, 0x7b, 0x72),
    warning: Color32::from_rgb(0xf0, 0xb4, 0x4c),
    success: Color32::from_rgb(0x6c, 0xc6, 0x8a),
    shade: Color32::from_rgba_premultiplied(0x08, 0x09, 0x0b, 0x90),
};

const LIGHT: Colors = Colors {
    accent: Color32::from_rgb(0x0b, 0x66, 0xc3),
    picture_accent: Color32::from_rgb(0x5a, 0xb0, 0xff),
    playhead: Color32::from_rgb(0xff, 0xff, 0xff),
    halo: Color32::from_rgba_premultiplied(0, 0, 0, 0xb0),
    weak_text: Color32::from_rgb(0x5c, 0x63, 0x6d),
    line: Color32::from_rgb(0xcf, 0xd3, 0xd9),
    waveform_peak: Color32::from_rgb(0x8f, 0xb2, 0xd0),
    waveform_rms: Color32::from_rgb(0x35, 0x6f, 0xa5),
    picture_background: Color32::from_rgb(0x0c, 0x0d, 0x10),
    failure: Color32::from_rgb(0xb4, 0x23, 0x18),
    warning: Color32::from_rgb(0x8a, 0x5a, 0x00),
    success: Color32::from_rgb(0x1b, 0x7a, 0x3d),
    shade: Color32::from_rgba_premultiplied(0x08, 0x09, 0x0b, 0x90),
};

/// Black ground, white text, lines that are seen from afar.
const DARK_CONTRAST: Colors = Colors {
    accent: Color32::from_rgb(0xff, 0xe0, 0x3d),
    picture_accent: Color32::from_rgb(0xff, 0xe0, 0x3d),
    halo: Color32::from_rgb(0, 0, 0),
    weak_text: Color32::from_rgb(0xe6, 0xe6, 0xe6),
    line: Color32::from_rgb(0xb4, 0xb4, 0xb4),
    waveform_peak: Color32::from_rgb(0xa8, 0xa8, 0xa8),
    waveform_rms: Color32::from_rgb(0xff, 0xff, 0xff),
    picture_background: Color32::from_rgb(0, 0, 0),
    failure: Color32::from_rgb(0xff, 0x9b, 0x94),
    warning: Color32::from_rgb(0xff, 0xd0, 0x70),
    success: Color32::from_rgb(0x8d, 0xf0, 0xae),
    ..DARK
};

/// White ground, black text, lines that are seen from afar.
const LIGHT_CONTRAST: Colors = Colors {
    accent: Color32::from_rgb(0x00, 0x2f, 0x8f),
    picture_accent: Color32::from_rgb(0xff, 0xe0, 0x3d),
    halo: Color32::from_rgb(0, 0, 0),
    weak_text: Color32::from_rgb(0x1a, 0x1a, 0x1a),
    line: Color32::from_rgb(0x4a, 0x4a, 0x4a),
    waveform_peak: Color32::from_rgb(0x60, 0x60, 0x60),
    waveform_rms: Color32::from_rgb(0, 0, 0),
    failure: Color32::from_rgb(0x8a, 0x00, 0x00),
    warning: Color32::from_rgb(0x5a, 0x38, 0x00),
    success: Color32::from_rgb(0x00, 0x4d, 0x1c),
    ..LIGHT
};

/// The colours of the theme that is shown. Pure black or white panels are those of high contrast.
pub fn colors(visuals: &Visuals) -> &'static Colors {
    match (visuals.dark_mode, visuals.panel_fill) {
        (true, Color32::BLACK) => &DARK_CONTRAST,
        (true, _) => &DARK,
        (false, Color32::WHITE) => &LIGHT_CONTRAST,
        (false, _) => &LIGHT,
    }
}

/// Gives both themes high contrast, or takes it from them.
pub fn set_contrast(context: &egui::Context, is_high: bool) {
    context.style_mut_of(Theme::Dark, |style| style.visuals = if is_high { dark_contrast() } else { dark() });
    context.style_mut_of(Theme::Light, |style| style.visuals = if is_high { light_contrast() } else { light() });
}

fn dark_contrast() -> Visuals {
    let mut visuals = dark();
    visuals.selection.bg_fill = Color32::from_rgb(0x5a, 0x4a, 0x00);
    contrast(visuals, &DARK_CONTRAST, Color32::BLACK, Color32::WHITE)
}

fn light_contrast() -> Visuals {
    let mut visuals = light();
    visuals.selection.bg_fill = Color32::from_rgb(0xa9, 0xc8, 0xff);
    contrast(visuals, &LIGHT_CONTRAST, Color32::WHITE, Color32::BLACK)
}

/// One ground everywhere; what can be clicked has a frame.
fn contrast(visuals: Visuals, colors: &Colors, ground: Color32, text: Color32) -> Visuals {
    let mut visuals = finish(visuals, colors);
    for fill in [&mut visuals.panel_fill, &mut visuals.window_fill, &mut visuals.extreme_bg_color] {
        *fill = ground;
    }
    visuals.faint_bg_color = ground;
    visuals.text_edit_bg_color = Some(ground);
    visuals.selection.stroke = Stroke::new(2.0, text);
    visuals.window_stroke = Stroke::new(2.0, colors.line);
    let widgets = &mut visuals.widgets;
    for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        widget.weak_bg_fill = ground;
        widget.bg_stroke = Stroke::new(1.0, colors.line);
        widget.fg_stroke.color = text;
    }
    widgets.noninteractive.fg_stroke.color = text;
    widgets.hovered.bg_stroke = Stroke::new(2.0, colors.accent);
    widgets.active.bg_stroke = Stroke::new(3.0, colors.accent);
    visuals
}

/// A colour of a colour map.
pub fn map_color([red, green, blue]: [u8; 3]) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// Fonts, text sizes, spacing and both themes' visuals.
pub fn install(context: &egui::Context) {
    context.set_fonts(fonts());
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(11.0)),
            (TextStyle::Body, FontId::proportional(13.0)),
            (TextStyle::Button, FontId::proportional(13.0)),
            (TextStyle::Heading, FontId::new(18.0, medium())),
            (TextStyle::Monospace, FontId::monospace(12.0)),
        ]
        .into();
        style.spacing.item_spacing = vec2(2.0 * GRID, GRID);
        style.spacing.button_padding = vec2(2.0 * GRID, GRID);
        style.spacing.interact_size = vec2(32.0, ROW_HEIGHT);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.menu_margin = Margin::same(6);
        style.interaction.tooltip_delay = 0.4;
        style.interaction.selectable_labels = false;
    });
    context.style_mut_of(Theme::Dark, |style| style.visuals = dark());
    context.style_mut_of(Theme::Light, |style| style.visuals = light());
}

/// The family of headings and emphasised text.
pub fn medium() -> FontFamily {
    FontFamily::Name("medium".into())
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("roboto", include_bytes!("../../assets/fonts/Roboto-Regular.ttf"));
    add("roboto-medium", include_bytes!("../../assets/fonts/Roboto-Medium.ttf"));
    add("phosphor", include_bytes!("../../assets/icons/Phosphor.ttf"));
    let family = |family| fonts.families.get(&family).cloned().unwrap_or_default();
    // The monospace fonts come last: they have signs, such as arrows, that the others lack.
    let defaults: Vec<String> = [family(FontFamily::Proportional), family(FontFamily::Monospace)].concat();
    let with_fallbacks = |first: &str| -> Vec<String> {
        [first, "phosphor"].into_iter().map(str::to_owned).chain(defaults.iter().cloned()).collect()
    };
    fonts.families.insert(FontFamily::Proportional, with_fallbacks("roboto"));
    fonts.families.insert(medium(), with_fallbacks("roboto-medium"));
    fonts
}

fn dark() -> Visuals {
    let mut visuals = Visuals::dark();
    let gray = Color32::from_gray;
    visuals.panel_fill = Color32::from_rgb(0x1d, 0x1f, 0x23);
    visuals.window_fill = Color32::from_rgb(0x25, 0x28, 0x2d);
    visuals.extreme_bg_color = Color32::from_rgb(0x13, 0x15, 0x18);
    visuals.faint_bg_color = Color32::from_rgb(0x23, 0x26, 0x2b);
    visuals.selection.bg_fill = Color32::from_rgb(0x1f, 0x47, 0x6e);
    visuals.widgets.noninteractive.fg_stroke.color = gray(0xdc);
    visuals.widgets.inactive.fg_stroke.color = gray(0xd4);
    visuals.widgets.inactive.weak_bg_fill = Color32::from_rgb(0x2c, 0x30, 0x36);
    visuals.widgets.inactive.bg_fill = Color32::from_rgb(0x3a, 0x3f, 0x47);
    visuals.widgets.hovered.weak_bg_fill = Color32::from_rgb(0x3a, 0x3f, 0x47);
    visuals.widgets.hovered.bg_fill = Color32::from_rgb(0x4a, 0x51, 0x5b);
    visuals.widgets.active.weak_bg_fill = Color32::from_rgb(0x46, 0x4d, 0x57);
    visuals.widgets.open.weak_bg_fill = Color32::from_rgb(0x34, 0x39, 0x40);
    visuals.warn_fg_color = DARK.warning;
    visuals.error_fg_color = DARK.failure;
    finish(visuals, &DARK)
}

fn light() -> Visuals {
    let mut visuals = Visuals::light();
    let gray = Color32::from_gray;
    visuals.panel_fill = Color32::from_rgb(0xf4, 0xf5, 0xf7);
    visuals.window_fill = gray(0xff);
    visuals.extreme_bg_color = gray(0xff);
    // Fields stand on white pages too.
    visuals.text_edit_bg_color = Some(Color32::from_rgb(0xe9, 0xec, 0xf1));
    visuals.faint_bg_color = Color32::from_rgb(0xea, 0xec, 0xf0);
    visuals.selection.bg_fill = Color32::from_rgb(0xc6, 0xde, 0xf7);
    visuals.widgets.noninteractive.fg_stroke.color = gray(0x20);
    visuals.widgets.inactive.fg_stroke.color = gray(0x28);
    visuals.widgets.inactive.weak_bg_fill = Color32::from_rgb(0xe3, 0xe6, 0xeb);
    visuals.widgets.inactive.bg_fill = Color32::from_rgb(0xcf, 0xd4, 0xdb);
    visuals.widgets.hovered.weak_bg_fill = Color32::from_rgb(0xd5, 0xda, 0xe1);
    visuals.widgets.hovered.bg_fill = Color32::from_rgb(0xc0, 0xc7, 0xd1);
    visuals.warn_fg_color = LIGHT.warning;
    visuals.error_fg_color = LIGHT.failure;
    finish(visuals, &LIGHT)
}

fn finish(mut visuals: Visuals, colors: &Colors) -> Visuals {
    visuals.selection.stroke = Stroke::new(1.0, visuals.strong_text_color());
    visuals.hyperlink_color = colors.accent;
    visuals.weak_text_color = Some(colors.weak_text);
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, colors.line);
    visuals.window_stroke = Stroke::new(1.0, colors.line);
    visuals.slider_trailing_fill = true;
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_corner_radius = CornerRadius::same(8);
    for widget in [
        &mut visuals.widgets.noninteractive,
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(4);
        widget.expansion = 0.0;
    }
    visuals
}

/// Hues in degrees of OKLCH; the blues are left to the accent.
const LABEL_HUES: [f32; LABEL_COLORS] = [75.0, 305.0, 155.0, 20.0, 200.0, 110.0, 340.0, 175.0, 50.0, 130.0];

/// How many colours labels have.
pub const LABEL_COLORS: usize = 10;

/// The colour with this place: equal lightness for all, after ten they come again.
pub fn label_color(place: usize) -> Color32 {
    oklch(0.80, 0.125, LABEL_HUES[place % LABEL_HUES.len()])
}

/// The same hue, dark enough to be seen on a light theme's ground.
pub fn label_color_on(visuals: &Visuals, place: usize) -> Color32 {
    if visuals.dark_mode { label_color(place) } else { oklch(0.60, 0.13, LABEL_HUES[place % LABEL_HUES.len()]) }
}

/// Which of the label colours is most like this one.
pub fn nearest_label_color(rgb: [u8; 3]) -> u8 {
    let distance = |place: usize| -> i32 {
        let own = label_color(place).to_array();
        rgb.iter().zip(own).map(|(&a, b)| (i32::from(a) - i32::from(b)).pow(2)).sum()
    };
    (0..LABEL_COLORS).min_by_key(|&place| distance(place)).and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
}

/// OKLCH to sRGB (Ottosson 2020), cut to the gamut.
fn oklch(lightness: f32, chroma: f32, hue_degrees: f32) -> Color32 {
    let (sin, cos) = hue_degrees.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    let [r, g, b] = linear.map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        let gamma = if channel <= 0.003_130_8 { 12.92 * channel } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        (gamma * 255.0).round() as u8
    });
    Color32::from_rgb(r, g, b)
}

/// Black or white, whichever reads better on the colour.
pub fn text_on(color: Color32) -> Color32 {
    let [r, g, b, _] = color.to_array().map(f32::from);
    if 0.299 * r + 0.587 * g + 0.114 * b > 140.0 { Color32::BLACK } else { Color32::WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of WCAG 2: the ratio of two luminances, 1 to 21.
    fn contrast_ratio(a: Color32, b: Color32) -> f32 {
        let luminance = |color: Color32| {
            let [r, g, b] = [color.r(), color.g(), color.b()].map(|channel| {
                let share = f32::from(channel) / 255.0;
                if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_legible_in_every_theme_and_more_so_in_those_of_high_contrast() {
        for (name, visuals, text, marks) in [
            ("dark", dark(), 4.5, 3.0),
            ("light", light(), 4.5, 3.0),
            ("dark, high contrast", dark_contrast(), 7.0, 4.5),
            ("light, high contrast", light_contrast(), 7.0, 4.5),
        ] {
            let colors = colors(&visuals);
            let words = [visuals.text_color(), colors.weak_text, colors.failure, colors.warning, colors.success];
            for ground in [visuals.panel_fill, visuals.window_fill] {
                for (place, color) in words.into_iter().enumerate() {
                    let ratio = contrast_ratio(color, ground);
                    assert!(ratio >= text, "{name}: colour {place} has {ratio:.1} on its ground");
                }
                assert!(contrast_ratio(colors.accent, ground) >= marks, "{name}: accent");
                let on_picture = contrast_ratio(colors.picture_accent, colors.picture_background);
                assert!(on_picture >= 7.0, "{name}: accent on pictures");
            }
            let selected = contrast_ratio(visuals.strong_text_color(), visuals.selection.bg_fill);
            assert!(selected >= text, "{name}: selected text has {selected:.1}");
        }
    }

    #[test]
    fn label_colours_have_one_lightness_and_differ() {
        let luma = |color: Color32| {
            let [r, g, b, _] = color.to_array().map(f32::from);
            0.299 * r + 0.587 * g + 0.114 * b
        };
        let lumas: Vec<f32> = (0..LABEL_HUES.len()).map(|place| luma(label_color(place))).collect();
        let spread = lumas.iter().copied().fold(0.0, f32::max) - lumas.iter().copied().fold(255.0, f32::min);
        assert!(spread < 40.0, "{lumas:?}");
        assert_ne!(label_color(0), label_color(1));
        assert_eq!(text_on(label_color(0)), Color32::BLACK);
    }
}
