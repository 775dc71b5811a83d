//! What draws the window: a graphics device, or the processor where there is none. Must not draw.
//!
//! The two need different ways. A device takes the tiles and colours them in a shader. By a software rasteriser, a change of the window's theme took 0.73 s
//! of processor time with a recording and 0.34 s without one (two cores, 1600 × 900, Mesa 22.3); with our own sums instead of the
//! shader, and by eframe's renderer for OpenGL, 0.09 s and 0.05 s.

use eframe::{Renderer, wgpu};

/// What draws the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Graphics {
    /// A graphics device, by its name.
    Device(String),
    /// The processor.
    Software,
}

impl std::fmt::Display for Graphics {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Device(name) => write!(text, "{name}"),
            Self::Software => write!(text, "no graphics device; the processor draws"),
        }
    }
}

impl Graphics {
    /// The way by which eframe draws.
    pub fn renderer(&self) -> Renderer {
        match self {
            Self::Device(_) => Renderer::Wgpu,
            Self::Software => Renderer::Glow,
        }
    }
}

/// Looks which graphics there are. `EARMARK_GRAPHICS` (`device` or `software`) chooses without looking.
pub fn find() -> Graphics {
    match std::env::var("EARMARK_GRAPHICS").as_deref() {
        Ok("software") => return Graphics::Software,
        Ok("device") => return Graphics::Device("chosen by EARMARK_GRAPHICS".to_owned()),
        _ => {}
    }
    // OpenGL is asked only where nothing else answers: looking for it takes longest, and every device of today has another way.
    let is_real = |kind| kind != wgpu::DeviceType::Cpu;
    [wgpu::Backends::PRIMARY, wgpu::Backends::GL]
        .into_iter()
        .find_map(|backends| {
            let descriptor =
                wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
            let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
            let name = |adapter: &wgpu::Adapter| (adapter.get_info().device_type, adapter.get_info().name);
            adapters.iter().map(name).find(|(kind, _)| is_real(*kind)).map(|(_, name)| Graphics::Device(name))
        })
        .unwrap_or(Graphics::Software)
}
