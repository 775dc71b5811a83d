//! Which operating system this is, and how its user installs what Earmark needs. Installs nothing itself.

use crate::packages::Purpose;
use crate::process;

/// Systems told apart by how packages are installed on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Debian,
    Fedora,
    Arch,
    OpenSuse,
    OtherLinux,
    MacOs,
    Windows,
    Other,
}

impl System {
    /// This machine's system.
    pub fn detect() -> Self {
        if cfg!(target_os = "windows") {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(target_os = "linux") {
            let release =
                std::fs::read_to_string("/etc/os-release").or_else(|_| std::fs::read_to_string("/usr/lib/os-release"));
            Self::from_os_release(&release.unwrap_or_default())
        } else {
            Self::Other
        }
    }

    /// Reads `ID` and then `ID_LIKE`, nearest relation first, as os-release(5) orders them.
    fn from_os_release(text: &str) -> Self {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim_matches(['"', '\'']).to_ascii_lowercase())
                .unwrap_or_default()
        };
        let names = format!("{} {}", value("ID"), value("ID_LIKE"));
        names.split_whitespace().find_map(Self::from_name).unwrap_or(Self::OtherLinux)
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "debian" | "ubuntu" => Some(Self::Debian),
            "fedora" | "rhel" | "centos" => Some(Self::Fedora),
            "arch" => Some(Self::Arch),
            "suse" | "opensuse" => Some(Self::OpenSuse),
            _ => None,
        }
    }

    /// What is needed to build and cannot be found on a system whose packages this helper does not know.
    pub fn missing_build_tools(self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if !process::is_on_path("cmake") {
            missing.push("cmake");
        }
        if matches!(self, Self::Fedora | Self::Arch | Self::OpenSuse | Self::OtherLinux) {
            if !process::is_on_path("pkg-config") {
                missing.push("pkg-config");
            } else if process::output(std::process::Command::new("pkg-config").args(["--exists", "alsa"])).is_none() {
                missing.push("the ALSA headers");
            }
        }
        missing
    }

    /// What to type or install, for systems other than Debian, whose packages are known one by one.
    pub fn how_to_install(self, purpose: Purpose) -> String {
        let for_tests = |packages: &'static str| if purpose == Purpose::Test { packages } else { "" };
        match self {
            Self::Fedora => format!(
                "sudo dnf install gcc make cmake pkgconf-pkg-config alsa-lib-devel libX11 libX11-xcb libXcursor libXi \
                 libxkbcommon-x11 mesa-libEGL mesa-libGL vulkan-loader mesa-vulkan-drivers python3-pip{}",
                for_tests(" xorg-x11-server-Xvfb xorg-x11-xauth xdotool scrot")
            ),
            Self::Arch => format!(
                "sudo pacman -S --needed gcc make cmake pkgconf alsa-lib libx11 libxcursor libxi libxkbcommon-x11 \
                 libglvnd vulkan-icd-loader python-pip{}",
                for_tests(" vulkan-swrast xorg-server-xvfb xorg-xauth xdotool scrot")
            ),
            Self::OpenSuse => format!(
                "sudo zypper install gcc make cmake pkgconf-pkg-config alsa-devel libX11-6 libX11-xcb1 libXcursor1 \
                 libXi6 libxkbcommon-x11-0 Mesa-libEGL1 Mesa-libGL1 libvulkan1 python3-pip{}",
                for_tests(" libvulkan_lvp xorg-x11-server-Xvfb xauth xdotool scrot")
            ),
            Self::MacOs => "xcode-select --install\nbrew install cmake python3".to_owned(),
            Self::Windows => "winget install Kitware.CMake Python.Python.3.13 \
                              Microsoft.VisualStudio.2022.BuildTools\n\
                              In the build tools choose “Desktop development with C++”, then open a new terminal."
                .to_owned(),
            Self::Debian | Self::OtherLinux | Self::Other => format!(
                "Install with your package manager: a C compiler, make, cmake, pkg-config, the ALSA headers,\n\
                 libX11, libX11-xcb, libXcursor, libXi, libxkbcommon-x11, EGL, OpenGL, a Vulkan driver, pip for Python 3{}",
                for_tests(",\nXvfb, xauth, xdotool, scrot")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_known_by_their_own_name_or_their_relations() {
        let cases = [
            ("ID=debian\nVERSION_ID=\"12\"", System::Debian),
            ("NAME=Mint\nID=linuxmint\nID_LIKE=\"ubuntu debian\"", System::Debian),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", System::Fedora),
            ("ID=endeavouros\nID_LIKE=arch", System::Arch),
            ("ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"", System::OpenSuse),
            ("ID=nixos", System::OtherLinux),
            ("", System::OtherLinux),
        ];
        for (text, expected) in cases {
            assert_eq!(System::from_os_release(text), expected, "{text}");
        }
    }

    #[test]
    fn advice_names_the_display_server_only_for_tests() {
        for system in [System::Fedora, System::Arch, System::OpenSuse, System::OtherLinux] {
            assert!(system.how_to_install(Purpose::Run).contains("cmake"));
            assert!(!system.how_to_install(Purpose::Run).contains("xdotool"));
            assert!(system.how_to_install(Purpose::Test).contains("xdotool"));
        }
    }
}
