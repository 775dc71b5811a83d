//! Pictures on paper and feature arrays from the command line: the real program on real files.

use resvg::tiny_skia::Pixmap;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bell() -> String {
    root().join("tests/data/model/bell_10s_16k.wav").display().to_string()
}

fn earmark(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

/// Runs the program, which must succeed; returns what it said.
fn succeeded(arguments: &[&str]) -> String {
    let output = earmark(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// Runs the program, which must fail; returns what it said.
fn failed(arguments: &[&str]) -> String {
    let output = earmark(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn pixels(path: &Path) -> (usize, usize, Vec<[u8; 3]>) {
    let picture = Pixmap::decode_png(&std::fs::read(path).unwrap()).unwrap();
    let rgb = picture.pixels().iter().map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    (picture.width() as usize, picture.height() as usize, rgb)
}

/// A 16-bit recording of these channels' samples, −1 to 1.
fn recording(folder: &Path, name: &str, rate: u32, channels: &[Vec<f32>]) -> PathBuf {
    let frames = channels[0].len();
    let bytes_each = 2 * channels.len() as u32;
    let sample_bytes = frames as u32 * bytes_each;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend_from_slice(&(36 + sample_bytes).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\x00\x00\x00\x01\x00");
    bytes.extend_from_slice(&(channels.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * bytes_each).to_le_bytes());
    bytes.extend_from_slice(&(bytes_each as u16).to_le_bytes());
    bytes.extend_from_slice(b"\x10\x00data");
    bytes.extend_from_slice(&sample_bytes.to_le_bytes());
    for frame in 0..frames {
        for channel in channels {
            bytes.extend_from_slice(&((channel[frame] * 32767.0).round() as i16).to_le_bytes());
        }
    }
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Noise from a linear congruential generator, ±`amplitude`.
fn noise(count: usize, amplitude: f32) -> Vec<f32> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| amplitude * next()).collect()
}

/// A small picture of each setting, pixel by pixel. These pictures are this program's own, looked at by eye when they were made: they show
/// when something changes that should not. `EARMARK_WRITE_PICTURES=1` writes them anew.
#[test]
fn each_setting_gives_the_picture_it_gave() {
    let settings: [(&str, &[&str]); 15] = [
        ("default", &[]),
        ("frame-128", &["--frame", "128"]),
        ("frame-16384", &["--frame", "16384"]),
        ("hamming", &["--window", "hamming", "--start", "2", "--end", "3"]),
        ("blackman-harris", &["--window", "blackman-harris", "--start", "2", "--end", "3"]),
        ("kaiser", &["--window", "kaiser", "--start", "2", "--end", "3"]),
        ("overlap-87.5", &["--overlap", "87.5", "--start", "2", "--end", "2.5"]),
        ("zero-padding-4", &["--zero-padding", "4", "--start", "2", "--end", "2.1", "--frame", "256"]),
        ("mel", &["--axis", "mel", "--low", "100"]),
        ("log", &["--axis", "log"]),
        ("bark", &["--axis", "bark", "--high", "6000"]),
        ("levels", &["--floor", "-110", "--ceiling", "-10", "--colormap", "gray-inverted"]),
        ("normalised", &["--normalise-bands", "--colormap", "batlow"]),
        ("reassigned", &["--kind", "reassigned", "--start", "2", "--end", "4"]),
        ("pcen", &["--kind", "pcen", "--colormap", "viridis"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let write = std::env::var_os("EARMARK_WRITE_PICTURES").is_some();
    let mut seen: Vec<Vec<[u8; 3]>> = Vec::new();
    for (name, options) in settings {
        let golden = root().join("tests/data/pictures").join(format!("{name}.png"));
        let target = if write { golden.clone() } else { folder.path().join(format!("{name}.png")) };
        let (bell, target_text) = (bell(), target.display().to_string());
        let mut arguments =
            vec!["spectrogram", &bell, "-o", &target_text, "--plain", "--width", "96", "--height", "64"];
        arguments.extend_from_slice(options);
        succeeded(&arguments);
        let (own, expected) = (pixels(&target), pixels(&golden));
        assert_eq!((own.0, own.1), (96, 64));
        let differing = own.2.iter().zip(&expected.2).filter(|(a, b)| (0..3).any(|c| a[c].abs_diff(b[c]) > 1)).count();
        // None differs where they were made; another processor's last digit may turn over a step of a level in a pixel or two.
        assert!(differing <= 2, "{name}: {differing} pixels differ");
        assert!(!seen.contains(&own.2), "{name} looks like another setting");
        seen.push(own.2);
    }
}

#[test]
fn a_tone_of_100_ms_is_visible_at_every_width() {
    let folder = tempfile::tempdir().unwrap();
    let mut samples = noise(8_000 * 300, 0.02);
    let first = 8_000 * 171 + 1_234;
    for n in 0..800 {
        samples[first + n] += (0.05 * (TAU * 1000.0 * n as f64 / 8000.0).sin()) as f32;
    }
    let path = recording(folder.path(), "tone.wav", 8_000, &[samples]).display().to_string();
    let target = folder.path().join("tone.png");
    for width in ["40", "211", "1600", "9000"] {
        let target_text = target.display().to_string();
        succeeded(&[
            "spectrogram",
            &path,
            "-o",
            &target_text,
            "--plain",
            "--width",
            width,
            "--height",
            "128",
            "--colormap",
            "gray",
        ]);
        let (width, height, rgb) = pixels(&target);
        let column = (first as f64 + 400.0) / (8_000.0 * 300.0) * width as f64;
        let line = (height as f64 * (1.0 - 1000.0 / 4000.0)) as usize;
        let near = |x: usize, y: usize| rgb[y * width + x][0];
        let tone = (line - 1..=line).map(|y| near(column as usize, y)).max().unwrap();
        let mut others: Vec<u8> = rgb.iter().map(|pixel| pixel[0]).collect();
        others.sort_unstable();
        let noise = others[others.len() * 99 / 100];
        assert!(tone > noise.saturating_add(60), "{width} wide: {tone} beside noise up to {noise}");
    }
}

#[test]
fn a_page_says_in_text_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.tsv");
    let rows = "filename\tonset\toffset\tevent_label\nbell_10s_16k.wav\t1.25\t4\tBicycle bell\nbell_10s_16k.wav\t2\t3\tSpeech\n";
    std::fs::write(&labels, rows).unwrap();
    let (svg, png) = (folder.path().join("page.svg"), folder.path().join("page.png"));
    let (svg_text, labels) = (svg.display().to_string(), labels.display().to_string());
    succeeded(&[
        "spectrogram",
        &bell(),
        "-o",
        &svg_text,
        "--events",
        &labels,
        "--title",
        "Bells & <more>",
        "--axis",
        "mel",
    ]);
    let page = std::fs::read_to_string(svg).unwrap();
    for text in [
        ">Bells &amp; &lt;more&gt;<",
        ">Bicycle bell<",
        ">Speech<",
        "<title>Bicycle bell, 1.25 s to 4 s</title>",
        ">Time (s)<",
        ">Frequency (kHz, mel scale)<",
        ">Level (dB re full-scale sine)<",
        ">10<",
        "frames of 512 samples (Hann) at 16000 Hz",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    let png_text = png.display().to_string();
    succeeded(&[
        "spectrogram",
        &bell(),
        "-o",
        &png_text,
        "--width",
        "400",
        "--height",
        "300",
        "--scale",
        "1.5",
        "--dark",
    ]);
    let (width, height, rgb) = pixels(&png);
    assert_eq!((width, height, rgb[0]), (600, 450, [0x16, 0x18, 0x1c]));
}

#[test]
fn channels_are_drawn_one_below_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let tone =
        |hz: f64| (0..8_000).map(|n| (0.1 * (TAU * hz * f64::from(n) / 8000.0).sin()) as f32).collect::<Vec<_>>();
    let path = recording(folder.path(), "two.wav", 8_000, &[tone(500.0), tone(2000.0)]).display().to_string();
    let page = folder.path().join("two.svg");
    succeeded(&["spectrogram", &path, "-o", &page.display().to_string(), "--channel", "all"]);
    let svg = std::fs::read_to_string(&page).unwrap();
    assert!(svg.contains(">Channel 1<") && svg.contains(">Channel 2<") && svg.matches("<image ").count() == 2);
    let line_of = |channel: &str| {
        let target = folder.path().join("one.png");
        let target_text = target.display().to_string();
        succeeded(&[
            "spectrogram",
            &path,
            "-o",
            &target_text,
            "--plain",
            "--channel",
            channel,
            "--colormap",
            "gray",
            "--height",
            "100",
        ]);
        let (width, height, rgb) = pixels(&target);
        (0..height).max_by_key(|y| rgb[y * width + width / 2][0]).unwrap()
    };
    // 500 Hz of 4000 is an eighth up, 2000 Hz half.
    assert!(line_of("1").abs_diff(87) <= 2 && line_of("2").abs_diff(49) <= 2);
}

#[test]
fn what_makes_no_sense_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("a.png").display().to_string();
    let bell = bell();
    let with = |options: &[&str]| failed(&[&["spectrogram", &bell, "-o", &png], options].concat());
    let names = with(&["--colormap", "jet"]);
    assert!(["magma", "viridis", "batlow", "gray-inverted"].iter().all(|name| names.contains(name)), "{names}");
    assert!(with(&["--start", "5", "--end", "3"]).contains("--start 5 must be before --end 3"));
    assert!(with(&["--start", "60"]).contains("lasts 10.000 s; --start 60 is after its end"));
    assert!(with(&["--end", "11"]).contains("--end 11 is after its end"));
    assert!(with(&["--low", "9000"]).contains("--low 9000 is above them"));
    assert!(["nan", "inf"].iter().all(|level| with(&["--floor", level]).contains("number of decibels")));
    assert!(with(&["--model", "yamnet"]).contains("--kind model"));
    assert!(with(&["--kind", "model", "--frame", "512"]).contains("leave --frame away"));
    assert!(with(&["--kind", "model", "--model", "nobody"]).contains("nobody"));
    assert!(with(&["--clock-source", "bext"]).contains("--time day"));
    assert!(with(&["--time", "day", "--clock-source", "bext"]).contains("tells nothing of it; these do: file date"));
    assert!(with(&["--ceiling", "-inf"]).contains("number of decibels"));
    assert!(with(&["--channel", "2"]).contains("--channel 2 is none of them"));
    assert!(with(&["--frame", "1000"]).contains("power of two"));
    let size = with(&["--scale", "16"]);
    assert!(size.contains("17600 × 7680 pixels are too many") && size.contains("--scale"), "{size}");
    let size = with(&["--plain", "--width", "12000", "--height", "12000"]);
    assert!(size.contains("134 million in all") && size.contains("(--width and --height)"), "{size}");
    assert!(with(&["--events", "missing.tsv"]).contains("missing.tsv: cannot be read"));
    assert!(failed(&["spectrogram", &bell, "-o", "a.jpg"]).contains("written as .png or .svg"));
    assert!(failed(&["spectrogram", &bell, &bell, "-o", &png]).contains("go into a folder"));
    assert!(failed(&["spectrogram", "missing.wav", "-o", &png]).contains("missing.wav: cannot be read"));
    assert!(!Path::new(&png).exists());
}

#[test]
fn what_a_model_sees_is_drawn_and_gamma_brightens() {
    let folder = tempfile::tempdir().unwrap();
    let svg = folder.path().join("model.svg");
    succeeded(&[
        "spectrogram",
        &bell(),
        "-o",
        &svg.display().to_string(),
        "--kind",
        "model",
        "--time",
        "day",
        "--clock-source",
        "File date",
    ]);
    let page = std::fs::read_to_string(svg).unwrap();
    assert!(page.contains(">Log mel<") && page.contains(">Time of day<"), "{page}");
    let mean = |gamma: &str| {
        let png = folder.path().join("gamma.png");
        let png_text = png.display().to_string();
        let options = ["--plain", "--width", "96", "--height", "64", "--colormap", "gray", "--gamma", gamma];
        succeeded(&[&["spectrogram", &bell(), "-o", &png_text], &options[..]].concat());
        let (_, _, rgb) = pixels(&png);
        rgb.iter().map(|pixel| f64::from(pixel[0])).sum::<f64>() / rgb.len() as f64
    };
    let (soft, even, hard) = (mean("0.5"), mean("1"), mean("2"));
    assert!(soft > even + 5.0 && even > hard + 5.0, "{soft} {even} {hard}");
}

/// Where a container does not tell the length, a guess is nothing to refuse a time by. True lengths: what ffmpeg decodes.
#[test]
fn a_guessed_length_is_found_out_before_times_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("a.png").display().to_string();
    for (name, secs) in [("vbr-bare.mp3", 8.1), ("vbr.aac", 8.064)] {
        let path = root().join("tests/data/audio").join(name).display().to_string();
        for (option, time) in [("--start", "60"), ("--end", "9.5")] {
            let said = failed(&["spectrogram", &path, "-o", &png, option, time]);
            assert!(said.contains(&format!("{option} {time} is after its end")), "{said}");
            let told: f64 = said.split("lasts ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert!((told - secs).abs() < 0.15, "{name}: {told} s for {secs} s");
        }
        succeeded(&["spectrogram", &path, "-o", &png, "--start", "7.5"]);
    }
}

/// Whatever name it has: what is read is never replaced by what is made of it.
#[test]
fn a_recording_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let wav = recording(folder.path(), "own.wav", 8_000, &[noise(8_000, 0.1)]);
    let before = std::fs::read(&wav).unwrap();
    let wav_text = wav.display().to_string();
    assert!(failed(&["features", &wav_text, "-o", &wav_text]).contains("written as .npy"));
    assert!(failed(&["spectrogram", &wav_text, "-o", &wav_text]).contains(".png or .svg"));
    assert_eq!(std::fs::read(&wav).unwrap(), before);
    // Formats are recognised by content, so that a recording may have any ending.
    for (command, ending) in [("features", "npy"), ("spectrogram", "png"), ("spectrogram", "svg")] {
        let named = folder.path().join(format!("own.{ending}"));
        std::fs::copy(&wav, &named).unwrap();
        let named_text = named.display().to_string();
        let by_another_way =
            folder.path().join(".").join(format!("../{}", folder.path().file_name().unwrap().display()));
        let by_another_way = by_another_way.join(format!("own.{ending}")).display().to_string();
        for output in [&named_text, &by_another_way] {
            let said = failed(&[command, &named_text, "-o", output]);
            assert!(said.contains("cannot be written: choose another name"), "{said}");
            assert_eq!(std::fs::read(&named).unwrap(), before, "{command} -o {output}");
        }
    }
    let (first, second) = (folder.path().join("one.wav"), folder.path().join("one.png"));
    std::fs::copy(&wav, &first).unwrap();
    std::fs::copy(&wav, &second).unwrap();
    let into = folder.path().display().to_string();
    failed(&["spectrogram", &first.display().to_string(), &second.display().to_string(), "-o", &into]);
    failed(&["spectrogram", &second.display().to_string(), "-o", &into]);
    assert_eq!(std::fs::read(&second).unwrap(), before);
}

#[test]
fn several_recordings_go_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let tone: Vec<f32> = noise(4_000, 0.1);
    let first = recording(folder.path(), "one.wav", 8_000, std::slice::from_ref(&tone)).display().to_string();
    let second = recording(folder.path(), "two.wav", 8_000, &[tone]).display().to_string();
    let out = folder.path().join("pictures");
    let out_text = out.display().to_string();
    succeeded(&["spectrogram", &first, &second, "-o", &out_text]);
    assert!(out.join("one.png").exists() && out.join("two.png").exists());
    let said = failed(&["spectrogram", &first, "gone.wav", "-o", &out_text]);
    assert!(said.contains("1 of 2 recordings failed") && said.contains("gone.wav"), "{said}");
}

#[test]
fn log_mel_levels_are_numpys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bell.npy");
    let path_text = path.display().to_string();
    succeeded(&[
        "features",
        &bell(),
        "-o",
        &path_text,
        "--mels",
        "64",
        "--frame",
        "512",
        "--hop",
        "160",
        "--low",
        "125",
        "--high",
        "7500",
    ]);
    let (own, shape) = crate::npy::read(&path);
    assert_eq!(shape, [997, 64]);
    let (reference, reference_shape) = crate::npy::read(&root().join("tests/data/features/log_mel_bell.npy"));
    assert_eq!(reference_shape, [63, 64]);
    for (row, expected) in reference.chunks_exact(64).enumerate() {
        for (band, (own, expected)) in own[16 * row * 64..].iter().zip(expected).enumerate() {
            assert!((own - expected).abs() < 1e-3, "row {row}, band {band}: {own} for {expected}");
        }
    }
}

#[test]
fn features_that_cannot_be_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let npy = folder.path().join("a.npy").display().to_string();
    let bell = bell();
    let with = |options: &[&str]| failed(&[&["features", &bell, "-o", &npy], options].concat());
    assert!(with(&["--high", "9000"]).contains("half the rate, 8000"));
    assert!(with(&["--frame", "1000"]).contains("power of two"));
    assert!(with(&["--frame", "512", "--hop", "513"]).contains("--hop 513"));
    let short = recording(folder.path(), "short.wav", 8_000, &[vec![0.1; 100]]).display().to_string();
    assert!(failed(&["features", &short, "-o", &npy]).contains("shorter than one frame"));
    assert!(!Path::new(&npy).exists());
}
