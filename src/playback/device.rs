//! The system's default sound device. Must not know what is played.

use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, ErrorKind, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, Stream, StreamConfig};

use super::Pull;
use super::output::{ConnectOutput, LostOutput, OpenOutput, Output, OutputFormat};

/// The device that the system plays sound on.
pub(super) struct DefaultDevice;

struct OpenDevice {
    _stream: Stream,
}

impl OpenOutput for OpenDevice {}

impl Output for DefaultDevice {
    fn open(&mut self, connect: ConnectOutput<'_>, lost: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
        let device = cpal::default_host().default_output_device().ok_or("there is no sound device")?;
        let config = device.default_output_config().map_err(|error| reason(&error))?;
        let format = OutputFormat { sample_rate: config.sample_rate(), channels: config.channels() };
        if format.sample_rate == 0 || format.channels == 0 {
            return Err("the sound device gives no usable format".into());
        }
        let pull = connect(format);
        let stream_config = config.config();
        let stream = match config.sample_format() {
            SampleFormat::F32 => build::<f32>(&device, stream_config, pull, lost),
            SampleFormat::F64 => build::<f64>(&device, stream_config, pull, lost),
            SampleFormat::I8 => build::<i8>(&device, stream_config, pull, lost),
            SampleFormat::I16 => build::<i16>(&device, stream_config, pull, lost),
            SampleFormat::I24 => build::<cpal::I24>(&device, stream_config, pull, lost),
            SampleFormat::I32 => build::<i32>(&device, stream_config, pull, lost),
            SampleFormat::U8 => build::<u8>(&device, stream_config, pull, lost),
            SampleFormat::U16 => build::<u16>(&device, stream_config, pull, lost),
            SampleFormat::U32 => build::<u32>(&device, stream_config, pull, lost),
            other => return Err(format!("the sound device takes only {other} samples")),
        }?;
        stream.play().map_err(|error| reason(&error))?;
        Ok(Box::new(OpenDevice { _stream: stream }))
    }
}

fn build<T: SizedSample + FromSample<f32>>(
    device: &Device,
    config: StreamConfig,
    mut pull: Pull,
    lost: LostOutput,
) -> Result<Stream, String> {
    let fill = move |out: &mut [T], info: &OutputCallbackInfo| {
        let times = info.timestamp();
        let latency = times.playback.saturating_duration_since(times.callback).min(MOST_LATENCY);
        pull.fill(out, Instant::now(), latency, T::from_sample);
    };
    let failed = move |error: cpal::Error| match error.kind() {
        // What the stream survives.
        ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => lost(reason(&error)),
    };
    device.build_output_stream(config, fill, failed, Some(OPEN_TIMEOUT)).map_err(|error| reason(&error))
}

fn reason(error: &cpal::Error) -> String {
    match error.kind() {
        ErrorKind::DeviceNotAvailable => "no sound device answers".into(),
        ErrorKind::HostUnavailable => "the system's sound service does not run".into(),
        ErrorKind::DeviceBusy => "another program holds the sound device".into(),
        ErrorKind::PermissionDenied => "the system does not allow this program to use the sound device".into(),
        _ => error.to_string(),
    }
}

const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// More is a wrong time stamp (Bluetooth has up to half a second).
const MOST_LATENCY: Duration = Duration::from_secs(2);
