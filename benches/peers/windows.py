#!/usr/bin/env python3
"""windows.py REC_DIR OUT.jsonl [--only WORD] [--repeat N] [--shots DIR]

Opens the recordings of make_recordings.py in Earmark and in the desktop applications a user could pick
instead, and times, on a headless screen (gui.py): from launch until the spectrogram is there (half: half
of its area shows what it will show in the end; full: 99 % of it), then one zoom or scroll at a time, from
the key to the last change. One JSON line for each step. Network and sound output are off in all.
EARMARK names the program (target/release/earmark).
Needs: sonic-visualiser, audacity, spek, inspectrum on PATH, and what gui.py needs.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from gui import App, Screen
from measure import wait_quiet


class Spek:
    name, rect, files = "spek", (64, 130, 1440, 724), ["1h.wav", "1h.flac", "1h.mp3", "6h.wav", "24h.wav", "24h.flac"]
    steps = []  # it has no zoom and no scroll

    def start(self, screen, path, log):
        return App(screen, ["spek", path], log)


class Audacity:
    """Its tracks are set to show as spectrograms by its own preference, and the start-up window is off."""
    name, rect, files = "audacity", (150, 136, 1415, 650), ["1h.wav", "1h.flac", "1h.mp3", "6h.wav", "24h.wav", "24h.flac"]
    steps = [("zoom in x2", "ctrl+1"), ("zoom in x2 again", "ctrl+1"), ("zoom in x2, 3rd", "ctrl+1"),
             ("scroll a step", None), ("zoom to whole", "ctrl+f")]
    pointer = (800, 450)

    def start(self, screen, path, log):
        home = Path(screen.home)
        self.temp = Path(screen.dir) / "audacity"
        (home / ".config/audacity").mkdir(parents=True)
        (home / ".config/audacity/audacity.cfg").write_text(
            "PrefsVersion=1.1.1r1\n[Version]\nMajor=3\nMinor=2\nMicro=4\n[GUI]\nShowSplashScreen=0\n"
            "DefaultViewModeChoiceNew=Spectrogram\nTracksFitVerticallyZoomed=1\n"
            f"[Directories]\nTempDir={self.temp}\n")
        return App(screen, ["audacity", path], log)

    def do(self, app, step):
        if step[1]:
            app.screen.xdo("key", step[1])
        else:
            app.screen.xdo("keydown", "shift", "click", 5, "keyup", "shift")


class SonicVisualiser:
    """Driven by its OSC script on standard input, which is what its menus do."""
    name, rect, files = "sonic-visualiser", (95, 462, 1180, 350), ["1h.wav", "1h.flac", "1h.mp3", "6h.wav", "24h.wav"]
    steps = [("zoom to whole", "/zoom fit"), ("zoom to 102 s", "/zoom 4096"), ("zoom in x2", "/zoom 2048"),
             ("scroll", None), ("zoom to whole again", "/zoom fit")]

    def start(self, screen, path, log):
        conf = Path(screen.home) / ".config/sonic-visualiser/Sonic Visualiser.conf"
        conf.parent.mkdir(parents=True)
        conf.write_text("[Preferences]\nnetwork-permission-4.5.1=false\nrun-vamp-plugins-in-process=true\n")
        app = App(screen, ["sonic-visualiser", "--no-splash", "--no-audio", "--no-osc", "--osc-script", "-"], log,
                  stdin=subprocess.PIPE)
        self.say(app, f"/open {path}")
        self.say(app, "/add spectrogram")
        return app

    def say(self, app, line):
        app.proc.stdin.write(f"{line}\n".encode())
        app.proc.stdin.flush()

    def do(self, app, step):
        if step[1]:
            self.say(app, step[1])
        else:
            app.screen.xdo("key", "Right")


class Inspectrum:
    """Takes raw samples only, so it is given the WAV file under a .s16 name: the header is 20 to 40
    samples of noise. Shows 13 s or more at a time, never the whole recording."""
    name, rect, files = "inspectrum", (320, 30, 1270, 220), ["1h.wav", "24h.wav"]
    steps = [("scroll", None)]
    pointer = (900, 150)

    def start(self, screen, path, log):
        link = Path(screen.dir) / (Path(path).stem + ".s16")
        link.symlink_to(os.path.abspath(path))
        return App(screen, ["inspectrum", "-r", "48000", str(link)], log)

    def do(self, app, step):
        app.screen.xdo("click", 7)


class Earmark:
    """Opens with the first half minute; its strip at the top shows the whole. Its memory without a recording is that of "none"."""
    name, rect = "earmark", (320, 200, 800, 400)
    files = ["none", "1h.wav", "1h.flac", "1h.mp3", "6h.wav", "24h.wav", "24h.flac"]
    steps = [("zoom to whole", "f"), ("zoom in x2", "plus"), ("zoom in x2 again", "plus"), ("zoom in x2, 3rd", "plus"),
             ("scroll a step", "Next"), ("zoom to whole again", "f")]
    pointer = (800, 450)

    def start(self, screen, path, log):
        for name in ("CONFIG", "CACHE", "DATA"):
            folder = Path(screen.dir) / name.lower()
            folder.mkdir(exist_ok=True)
            screen.env[f"EARMARK_{name}"] = str(folder)
        (Path(screen.env["EARMARK_CONFIG"]) / "settings.json").write_text('{"system_dialogs": false, "annotator_asked": true}')
        screen.env["RUST_LOG"] = "info"
        program = os.environ.get("EARMARK", str(Path(__file__).resolve().parents[2] / "target/release/earmark"))
        return App(screen, [program, path] if path else [program], log)

    def do(self, app, step):
        app.screen.xdo("key", step[1])

    def leave(self, app):
        """So that it tells in its log how long its frames took."""
        app.screen.xdo("key", "ctrl+q")
        app.wait_s(5)


APPS = [Earmark, Spek, Audacity, SonicVisualiser, Inspectrum]


def warm_up(path):
    """Brings a file into the page cache."""
    if path:
        with open(path, "rb") as warm:
            while warm.read(1 << 24):
                pass


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("rec", type=Path)
    ap.add_argument("out", type=Path)
    ap.add_argument("--only", default="")
    ap.add_argument("--repeat", type=int, default=2)
    ap.add_argument("--shots", type=Path, default=None)
    ap.add_argument("--limit-s", type=float, default=300)
    ap.add_argument("--limit-gb", type=float, default=9)
    ap.add_argument("--quiet", type=float, nargs=2, default=None, metavar=("CORES", "WAIT_S"),
                    help="before each run wait up to WAIT_S for the rest of the machine to use under CORES")
    a = ap.parse_args()
    if a.shots:
        a.shots.mkdir(parents=True, exist_ok=True)

    for kind in APPS:
        for file in kind.files:
            path = "" if file == "none" else str((a.rec / f"rec-{file}").resolve())
            if a.only not in f"{kind.name} {file}" or (path and not os.path.exists(path)):
                continue
            for run in range(a.repeat if file.startswith("1h") else 1):
                warm_up(path)
                with Screen() as screen:
                    if a.quiet:
                        wait_quiet(*a.quiet)
                    peer = kind()
                    app = peer.start(screen, path, str(a.shots / "log.txt") if a.shots else None)
                    app.limit_gb = a.limit_gb
                    rows = [("open", app.watch(peer.rect, limit_s=a.limit_s))]
                    if a.shots:
                        screen.save_png(str(a.shots / f"{kind.name}-{file}-open.png"))
                    if hasattr(peer, "pointer"):
                        screen.xdo("mousemove", *peer.pointer)
                    for step in peer.steps if not rows[0][1]["note"] and file == "1h.wav" else []:
                        rows.append((step[0], app.watch(peer.rect, settle_s=3, limit_s=60, period_s=0.02,
                                                        action=lambda: peer.do(app, step))))  # noqa: B023
                        if a.shots:
                            screen.save_png(str(a.shots / f"{kind.name}-{file}-{step[0].replace(' ', '-')}.png"))
                    if hasattr(peer, "leave"):
                        peer.leave(app)
                    app.close()
                for step, row in rows:
                    row = dict(app=kind.name, file=file, step=step, run=run, **row)
                    with open(a.out, "a") as sink:
                        sink.write(json.dumps(row) + "\n")
                    print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
