//! A container and the decoder of its first sound track: packets in, blocks of samples out.
//!
//! Owns all contact with the decoder library, which may fail in any way on a hostile file, by a panic too. Must not know where on
//! the recording a block belongs: [`super::packet_source`] does.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_OGG};
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::core::meta::{MetadataOptions, RawValue};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::bare_packets::{Framing, Tracker};
use super::codec_name::format_words;
use super::mp4_edit::{Edit, read_edit};
use super::seek_index::{Place, SeekIndex, check_sum};
use super::{AudioError, implausible};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// What a container says about its sound track.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    /// Hertz.
    pub(super) sample_rate: u32,
    /// Frames of sound after what encoders add is taken off; `None` where nothing is said.
    pub(super) frame_count: Option<u64>,
    /// Whether the length is said to the sample, not estimated.
    pub(super) length_is_exact: bool,
    /// Whether the length is only guessed from the first packets.
    pub(super) is_estimate: bool,
    /// Frames that the encoder put before the sound.
    pub(super) skipped_frames: u64,
    /// Whether a packet's time stamp is the number of its first frame.
    pub(super) stamps_are_frames: bool,
    /// Whether the container can be asked to go to a frame.
    pub(super) can_seek: bool,
    /// Whether the container can be asked to go near a time stamp that was seen before.
    can_seek_near: bool,
    /// How packets follow each other, where nothing is around them: then there is no table, and the seek index makes one.
    pub(super) framing: Option<Framing>,
    /// Whether the container's reader must be made anew to go back: the library's FLAC reader then still compares with the frame
    /// it read last, and passes over all before that one.
    pub(super) forgets_to_go_back: bool,
    /// Frames before a wanted one from which decoding must begin for the decoder to have settled.
    pub(super) pre_roll: u64,
    /// Container and coding in words.
    pub(super) format: String,
}

impl Claims {
    /// Whether places are to be noted by the frames that were decoded: where neither the container can be asked to go to a frame nor
    /// packets lie bare.
    pub(super) fn notes_places(&self) -> bool {
        !self.can_seek && self.framing.is_none()
    }
}

/// One block of decoded samples.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The packet's time stamp in the container's ticks.
    pub(super) time_stamp: i64,
    /// Frames at the end that the container says are padding.
    pub(super) padding: usize,
    /// Frames that the container says the packet has, 0 where it does not say.
    pub(super) claimed_frames: u64,
    /// Whether the packet could be decoded; if not, there are no samples.
    pub(super) is_whole: bool,
    /// [`check_sum`] of the packet, 0 where no place is to be noted.
    pub(super) check: u32,
}

/// Why no more packets come.
#[derive(Debug)]
pub(super) enum Stop {
    /// The end, in good order.
    End,
    /// In the middle: the reason.
    Broken(String),
}

impl Stop {
    fn of(error: &Error) -> Self {
        Self::Broken(match error {
            Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                "the file ends in the middle of a packet".into()
            }
            Error::ResetRequired => "another stream follows in the same file, which is not read".into(),
            error => error.to_string(),
        })
    }
}

pub(super) struct Demux {
    path: PathBuf,
    index: Arc<SeekIndex>,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    claims: Claims,
    keeps_padding_marks: bool,
    has_stopped: bool,
    /// A packet that was read to find a place, and comes next.
    pending: Option<Packet>,
    /// Where the packets lie, in a stream of bare ones.
    tracker: Option<Tracker>,
    /// To be added to the reader's time stamps: it begins to count where it began to read.
    stamp_shift: i64,
    /// Time stamp at which the last packet ended.
    next_stamp: Option<i64>,
}

impl Demux {
    pub(super) fn open(path: &Path, index: &Arc<SeekIndex>) -> Result<Self, AudioError> {
        let (reader, can_seek) = match probe(path, true) {
            Ok(reader) => (reader, true),
            // A file that was cut off may point to parts that are gone; read in order, it does not need them.
            Err(error) => (probe(path, false).map_err(|_| probe_error(path, &error))?, false),
        };
        let track = reader.default_track(TrackType::Audio).cloned();
        let Some(track) = track.filter(|track| track.codec_params.is_some()) else {
            return Err(AudioError::unsupported(
                path,
                "has no sound track that can be decoded; convert it to WAV or FLAC",
            ));
        };
        let Some(CodecParameters::Audio(mut params)) = track.codec_params.clone() else {
            return Err(AudioError::unsupported(path, "has no sound track; choose another file"));
        };
        let opus_pre_skip = prepare_opus(&mut params);
        let decoder = make_decoder(path, &params)?;
        let mut claims = read_claims(path, reader.as_ref(), &track, &params, opus_pre_skip, decoder.as_ref())?;
        claims.can_seek &= can_seek;
        claims.can_seek_near &= can_seek;
        let keeps_padding_marks = claims.length_is_exact;
        Ok(Self {
            path: path.to_owned(),
            index: Arc::clone(index),
            tracker: claims.framing.and_then(|framing| Tracker::new(path, framing, 0)),
            reader,
            decoder,
            track_id: track.id,
            time_base: track.time_base,
            claims,
            keeps_padding_marks,
            has_stopped: false,
            pending: None,
            stamp_shift: 0,
            next_stamp: None,
        })
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether the packets came to an end or failed: some of the library's readers cannot go back after that.
    pub(super) fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// The next packet of the track without decoding it.
    fn next_packet(&mut self) -> Result<Packet, Stop> {
        if let Some(packet) = self.pending.take() {
            return Ok(packet);
        }
        let stop = loop {
            match guarded(|| self.reader.next_packet()) {
                Ok(Some(packet)) if packet.track_id == self.track_id => return Ok(self.pass(packet)),
                Ok(Some(_)) => {}
                Ok(None) => break Stop::End,
                Err(error) => break Stop::of(&error),
            }
        };
        self.has_stopped = true;
        Err(stop)
    }

    /// Notes where a packet lies, if it is one of a stream of bare ones.
    fn pass(&mut self, mut packet: Packet) -> Packet {
        if self.claims.framing.is_none() {
            return packet;
        }
        let stamp = packet.pts.get().saturating_add(self.stamp_shift);
        packet.pts = Timestamp::new(stamp);
        let frames = packet.block_dur().get();
        self.next_stamp = Some(stamp.saturating_add_unsigned(frames));
        if let Some(byte_offset) = self.tracker.as_mut().and_then(|tracker| tracker.pass(&packet.data)) {
            let (frames, check) = (frames.min(u64::from(u32::MAX)) as u32, check_sum(&packet.data));
            let place = Place { time_stamp: stamp, first_frame: stamp, byte_offset, frames, check };
            self.index.note(place, i64::from(self.claims.sample_rate));
        }
        packet
    }

    /// Counts the frames of all packets without decoding them, for containers that do not say: all of them in the first
    /// `most_bytes`, from there on by proportion to the `file_len`. Uses up the packets.
    pub(super) fn count_frames(&mut self, file_len: u64, most_bytes: u64) -> u64 {
        let (mut bytes, mut first, mut end) = (0_u64, None, 0);
        while let Ok(packet) = self.next_packet() {
            bytes += packet.data.len() as u64;
            let first = *first.get_or_insert(packet.pts);
            end = packet.pts.abs_delta(first).saturating_add(packet.dur).get();
            if bytes >= most_bytes {
                let whole = u128::from(end) * u128::from(file_len) / u128::from(bytes);
                end = u64::try_from(whole).unwrap_or(u64::MAX);
                break;
            }
        }
        self.frames_from_ticks(Duration::new(end)).saturating_sub(self.claims.skipped_frames)
    }

    /// Goes to a packet that was noted, which lies at or after the next one, and decodes it.
    pub(super) fn skip_to(&mut self, place: Place, samples: &mut Vec<f32>) -> Result<Decoded, Stop> {
        if self.claims.can_seek_near {
            for before in SEEK_BEFORE_SECS {
                let ticks = self.time_base.map_or(0, |base| u64::from(base.denom.get() / base.numer.get()) * before);
                if self.ask_reader(place.time_stamp.saturating_sub_unsigned(ticks))
                    && let Ok(packet) = self.pass_over(place)
                {
                    return Ok(self.decode(packet, samples));
                }
            }
            self.begin_again().map_err(|error| Stop::of(&error))?;
        }
        let packet = self.pass_over(place)?;
        Ok(self.decode(packet, samples))
    }

    /// Passes over packets until the one that was noted.
    fn pass_over(&mut self, place: Place) -> Result<Packet, Stop> {
        loop {
            let packet = self.next_packet()?;
            let stamp = packet.pts.get();
            if stamp == place.time_stamp && check_sum(&packet.data) == place.check {
                return Ok(packet);
            }
            if stamp > place.time_stamp {
                return Err(Stop::Broken("it is not the file that it was".into()));
            }
        }
    }

    /// Decodes the next packet into `samples`, interleaved.
    pub(super) fn next(&mut self, samples: &mut Vec<f32>) -> Result<Decoded, Stop> {
        let packet = self.next_packet()?;
        Ok(self.decode(packet, samples))
    }

    fn decode(&mut self, mut packet: Packet, samples: &mut Vec<f32>) -> Decoded {
        let mut decoded = Decoded {
            time_stamp: packet.pts.get(),
            padding: if self.keeps_padding_marks { packet.trim_end.get() as usize } else { 0 },
            claimed_frames: self.frames_from_ticks(packet.dur),
            is_whole: true,
            check: if self.claims.notes_places() { check_sum(&packet.data) } else { 0 },
        };
        // Decoders cut what a packet marks as delay or padding, each in its own way. Here the place of every frame is counted, so
        // the cutting is done in one way for all.
        packet.trim_start = Duration::ZERO;
        packet.trim_end = Duration::ZERO;
        samples.clear();
        let decoder = &mut self.decoder;
        let outcome = guarded(|| decoder.decode(&packet).map(|buffer| buffer.copy_to_vec_interleaved(samples)));
        if outcome.is_err() {
            samples.clear();
            decoded.is_whole = false;
        }
        decoded
    }

    /// Rate in hertz and channels of what was decoded last.
    pub(super) fn decoded_shape(&self) -> (u32, usize) {
        let buffer = self.decoder.last_decoded();
        (buffer.spec().rate(), buffer.spec().channels().count())
    }

    /// Goes to the packet at or before the time stamp; false where the container could not.
    pub(super) fn seek(&mut self, time_stamp: i64) -> bool {
        let is_there = match self.claims.framing {
            Some(framing) => self.seek_bare(framing, time_stamp),
            None => self.ask_reader(time_stamp),
        };
        is_there && self.reset()
    }

    fn ask_reader(&mut self, time_stamp: i64) -> bool {
        let to = SeekTo::Timestamp { ts: Timestamp::new(time_stamp), track_id: self.track_id };
        self.pending = None;
        guarded(|| self.reader.seek(SeekMode::Accurate, to)).is_ok()
    }

    /// Goes to the packet that holds the time stamp: from the last place that was noted before it, or from here if that is nearer.
    /// The library's own seek counts packets from the beginning, each time, and some that it does not give.
    fn seek_bare(&mut self, framing: Framing, time_stamp: i64) -> bool {
        let place = self.index.before(time_stamp);
        let here = self.pending.as_ref().map(|packet| packet.pts.get()).or(self.next_stamp);
        let is_nearer = !self.has_stopped
            && here.is_some_and(|here| here <= time_stamp && place.is_none_or(|place| place.time_stamp <= here));
        let can_begin =
            is_nearer || place.is_some_and(|place| self.resume(framing, place).is_ok()) || self.begin_again().is_ok();
        while can_begin && let Ok(packet) = self.next_packet() {
            if packet.pts.saturating_add(packet.block_dur()).get() > time_stamp {
                self.pending = Some(packet);
                return true;
            }
        }
        false
    }

    /// Reads on from a packet of a stream of bare ones, if it is still there.
    fn resume(&mut self, framing: Framing, place: Place) -> Result<(), Error> {
        self.start(guarded(|| framing.resume(&self.path, place.byte_offset))?, place.byte_offset);
        let packet = guarded(|| self.reader.next_packet())?;
        let packet = packet.filter(|packet| check_sum(&packet.data) == place.check);
        let packet = packet.ok_or(Error::DecodeError("it is not the file that it was"))?;
        self.stamp_shift = place.time_stamp.saturating_sub(packet.pts.get());
        self.pending = Some(self.pass(packet));
        Ok(())
    }

    /// Reads from the beginning.
    fn begin_again(&mut self) -> Result<(), Error> {
        self.start(probe(&self.path, true)?, 0);
        Ok(())
    }

    fn start(&mut self, reader: Box<dyn FormatReader>, byte_offset: u64) {
        self.tracker = self.claims.framing.and_then(|framing| Tracker::new(&self.path, framing, byte_offset));
        self.track_id = reader.default_track(TrackType::Audio).map_or(self.track_id, |track| track.id);
        self.reader = reader;
        self.has_stopped = false;
        self.pending = None;
        self.stamp_shift = 0;
        self.next_stamp = None;
    }

    /// Makes the decoder forget what it decoded; false where it failed.
    pub(super) fn reset(&mut self) -> bool {
        let decoder = &mut self.decoder;
        guarded(|| {
            decoder.reset();
            Ok(())
        })
        .is_ok()
    }

    /// Frames before the sound, if the first packet's time stamp lies this many ticks before it.
    pub(super) fn delay_before(&self, ticks: u64) -> u64 {
        let frames = self.frames_from_ticks(Duration::new(ticks));
        // The usual delays of AAC encoders, where the container's ticks are too coarse to say them.
        let tolerance = u64::from(self.claims.sample_rate) / 1_000 + 1;
        [1_024, 2_048, 2_112].into_iter().find(|usual| frames.abs_diff(*usual) <= tolerance).unwrap_or(frames)
    }

    fn frames_from_ticks(&self, ticks: Duration) -> u64 {
        frames_from_ticks(ticks.get(), self.time_base, self.claims.sample_rate)
    }
}

fn frames_from_ticks(ticks: u64, time_base: Option<TimeBase>, sample_rate: u32) -> u64 {
    let Some(base) = time_base else { return 0 };
    let frames =
        u128::from(ticks) * u128::from(base.numer.get()) * u128::from(sample_rate) / u128::from(base.denom.get());
    u64::try_from(frames).unwrap_or(u64::MAX)
}

fn probe(path: &Path, can_seek: bool) -> Result<Box<dyn FormatReader>, Error> {
    let file = File::open(path)?;
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let source: Box<dyn MediaSource> = if can_seek { Box::new(file) } else { Box::new(ReadOnlySource::new(file)) };
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    guarded(|| {
        symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
    })
}

/// All tags of a file, of its container and of its tracks: keys and values. None where it cannot be read.
pub(super) fn tags(path: &Path) -> Vec<(String, RawValue)> {
    let Ok(mut reader) = probe(path, true) else { return Vec::new() };
    guarded(|| {
        let mut metadata = reader.metadata();
        let mut found = Vec::new();
        // Tags before the container are a revision of their own, before those in it.
        while let Some(revision) = metadata.current() {
            let of_tracks = revision.per_track.iter().flat_map(|track| &track.metadata.tags);
            let tags = revision.media.tags.iter().chain(of_tracks);
            found.extend(tags.map(|tag| (tag.raw.key.clone(), tag.raw.value.clone())));
            if metadata.pop().is_none() {
                break;
            }
        }
        Ok(found)
    })
    .unwrap_or_default()
}

fn make_decoder(path: &Path, params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, AudioError> {
    guarded(|| CODECS.make_audio_decoder(params, &AudioDecoderOptions::default())).map_err(|error| match error {
        Error::Unsupported(_) => {
            AudioError::unsupported(path, format!("its coding is not supported ({error}); convert it to WAV or FLAC"))
        }
        _ => AudioError::broken(path, format!("its description of the sound is broken ({error}); copy it again")),
    })
}

/// Makes Opus decode at its own rate whatever the sound was recorded at, and takes the pre-skip out of its header, because the
/// decoder would cut it from whatever packet it sees first, which after a seek is the wrong one. Returns the pre-skip in frames.
fn prepare_opus(params: &mut AudioCodecParameters) -> u64 {
    if params.codec != CODEC_ID_OPUS {
        return 0;
    }
    params.sample_rate = Some(OPUS_RATE);
    let Some([low, high]) = params.extra_data.as_deref_mut().and_then(|head| head.get_mut(10..12)) else { return 0 };
    let pre_skip = u16::from_le_bytes([*low, *high]);
    (*low, *high) = (0, 0);
    u64::from(pre_skip)
}

const OPUS_RATE: u32 = 48_000;

fn read_claims(
    path: &Path,
    reader: &dyn FormatReader,
    track: &Track,
    params: &AudioCodecParameters,
    opus_pre_skip: u64,
    decoder: &dyn AudioDecoder,
) -> Result<Claims, AudioError> {
    let Some(sample_rate) = params.sample_rate else {
        return Err(AudioError::broken(path, "its header gives no sample rate; convert or copy it again"));
    };
    if let Some(reason) = implausible(sample_rate, 1) {
        return Err(AudioError::broken(path, reason));
    }
    let container = reader.format_info();
    let stamps_are_frames =
        track.time_base.is_some_and(|base| base.numer.get() == 1 && base.denom.get() == sample_rate)
            && container.format != FORMAT_ID_MKV;
    let edit = match container.format {
        FORMAT_ID_ISOMP4 => read_edit(path, track.id, sample_rate),
        _ => Edit::default(),
    };
    let skipped_frames =
        if edit.skipped_frames > 0 { edit.skipped_frames } else { opus_pre_skip }.min(MAX_SKIPPED_FRAMES);
    let length = Length::read(reader, track, sample_rate, skipped_frames, edit);
    Ok(Claims {
        sample_rate,
        frame_count: length.frame_count,
        length_is_exact: length.is_exact && stamps_are_frames,
        is_estimate: length.is_estimate,
        skipped_frames,
        stamps_are_frames,
        // The library's seek loops for ever on an Ogg file of several streams.
        can_seek: stamps_are_frames && !(container.format == FORMAT_ID_OGG && reader.tracks().len() > 1),
        can_seek_near: container.format == FORMAT_ID_MKV,
        framing: Framing::of(container.format),
        forgets_to_go_back: container.format == FORMAT_ID_FLAC,
        pre_roll: pre_roll(params.codec),
        format: format_words(container.short_name, decoder.codec_info().short_name),
    })
}

/// Seconds before a wanted packet to which the library's Matroska reader is sent: it comes out at the beginning of a cluster, often that after
/// the one asked for. Writers make clusters of 5 seconds; 32 are the most that fit into their time stamps.
const SEEK_BEFORE_SECS: [u64; 2] = [8, 68];

/// More is no encoder's delay nor an edit that can be meant.
const MAX_SKIPPED_FRAMES: u64 = 1 << 40;

struct Length {
    frame_count: Option<u64>,
    is_exact: bool,
    is_estimate: bool,
}

impl Length {
    fn read(reader: &dyn FormatReader, track: &Track, sample_rate: u32, skipped_frames: u64, edit: Edit) -> Self {
        let container = reader.format_info();
        let info = reader.media_info();
        let claimed = track
            .num_frames
            .or_else(|| track.duration.map(|ticks| frames_from_ticks(ticks.get(), track.time_base, sample_rate)))
            .or_else(|| info.duration.map(|ticks| frames_from_ticks(ticks.get(), info.time_base, sample_rate)))
            .filter(|&frames| frames > 0);
        // What was put before the sound counts in these.
        let decodable = match container.format {
            FORMAT_ID_ISOMP4 | FORMAT_ID_MKV | FORMAT_ID_OGG => {
                claimed.map(|frames| frames.saturating_sub(skipped_frames))
            }
            _ => claimed,
        };
        let frame_count = match (decodable, edit.frame_count) {
            (Some(decodable), Some(shown)) => Some(decodable.min(shown)),
            (decodable, shown) => decodable.or(shown),
        };
        // MPEG elementary streams without an encoder's tag are only estimated from their first packets.
        let is_estimate = match container.short_name {
            "aac" => true,
            "mp1" | "mp2" | "mp3" => track.delay.is_none(),
            _ => false,
        };
        Self {
            frame_count,
            is_estimate,
            is_exact: !is_estimate && frame_count.is_some() && track.num_frames.is_some_and(|frames| frames > 0),
        }
    }
}

/// Frames a decoder needs to settle after a reset, by what each coding carries over from packet to packet.
fn pre_roll(codec: AudioCodecId) -> u64 {
    match codec {
        CODEC_ID_FLAC | CODEC_ID_ALAC => 0,
        CODEC_ID_AAC => 4 * 1_024,
        // Bits may lie up to 511 bytes back, which at the lowest rates is over ten packets.
        CODEC_ID_MP3 => 16 * 1_152,
        CODEC_ID_VORBIS => 2 * 8_192,
        // RFC 7845 asks for 80 ms; a predictor's traces take longer to vanish.
        CODEC_ID_OPUS => 48_000,
        _ => 4_096,
    }
}

fn probe_error(path: &Path, error: &Error) -> AudioError {
    match error {
        Error::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            AudioError::unsupported(path, format!("cannot be read as sound ({source}); convert it to WAV or FLAC"))
        }
        Error::Unsupported(what) => AudioError::unsupported(
            path,
            format!("is not a recording of a kind that is known here ({what}); convert it to WAV or FLAC"),
        ),
        error => {
            AudioError::broken(path, format!("its header is broken or cut off ({error}); copy or record it again"))
        }
    }
}

/// A panic of the decoder library becomes an error like any other.
fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Error::DecodeError("the decoder failed on it")))
}
