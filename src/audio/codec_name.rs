//! Containers and codings in the words that people use for them.

/// `MP4 · AAC` from the decoder library's short names.
pub(super) fn format_words(container: &str, codec: &str) -> String {
    let container = match container {
        "isomp4" => "MP4",
        "matroska" => "Matroska",
        "wave" => "WAV",
        "ogg" => "Ogg",
        "aac" => "ADTS",
        other => &other.to_uppercase(),
    };
    let codec = match codec {
        "vorbis" => "Vorbis",
        "opus" => "Opus",
        "adpcm_ms" => "Microsoft ADPCM",
        "adpcm_ima_wav" | "adpcm_ima_qt" => "IMA ADPCM",
        "pcm_mulaw" => "µ-law",
        "pcm_alaw" => "A-law",
        other if other.starts_with("pcm_") => "PCM",
        other => &other.to_uppercase(),
    };
    if container == codec { codec.to_owned() } else { format!("{container} · {codec}") }
}

#[cfg(test)]
mod tests {
    use super::format_words;

    #[test]
    fn names_are_the_usual_ones() {
        assert_eq!(format_words("isomp4", "aac"), "MP4 · AAC");
        assert_eq!(format_words("flac", "flac"), "FLAC");
        assert_eq!(format_words("ogg", "opus"), "Ogg · Opus");
        assert_eq!(format_words("wave", "adpcm_ima_wav"), "WAV · IMA ADPCM");
    }
}
