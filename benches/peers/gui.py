"""A headless screen whose pixels can be read at no cost, and a watch over one application on it.

    with Screen() as screen:
        app = App(screen, ["spek", "rec-1h.wav"])
        seen = app.watch(rect=(60, 60, 1400, 500))

The screen is Xvfb with its framebuffer in a memory-mapped file (-fbdir), 1600 x 900, with openbox,
which maximises every normal window and draws no borders. Needs Xvfb, openbox, xdotool, numpy.
"""
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

import numpy as np

from measure import busy_s, tree, tree_cpu_s, tree_rss_mb, peak_rss_mb

WIDTH, HEIGHT = 1600, 900
STEP = 2  # frames are kept at every second pixel of every second row

OPENBOX = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc"><focus><focusNew>yes</focusNew></focus>
<applications><application type="normal"><decor>no</decor><maximized>yes</maximized><focus>yes</focus>
</application></applications></openbox_config>"""


class Screen:
    def __init__(self, number: int = 77):
        self.display = f":{number}"

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="screen-")
        self.home = os.path.join(self.dir, "home")
        os.makedirs(os.path.join(self.home, ".config", "openbox"))
        os.makedirs(os.path.join(self.dir, "run"), mode=0o700)
        with open(os.path.join(self.home, ".config", "openbox", "rc.xml"), "w") as f:
            f.write(OPENBOX)
        self.env = dict(os.environ, DISPLAY=self.display, HOME=self.home, XDG_CONFIG_HOME=self.home + "/.config",
                        XDG_RUNTIME_DIR=self.dir + "/run", LIBGL_ALWAYS_SOFTWARE="1", QT_QPA_PLATFORM="xcb",
                        GDK_BACKEND="x11", NO_AT_BRIDGE="1")
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.children = [subprocess.Popen(["Xvfb", self.display, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir",
                                           self.dir, "-nolisten", "tcp", "-ac"], **quiet)]
        fb = os.path.join(self.dir, "Xvfb_screen0")
        for _ in range(100):
            if os.path.exists(fb) and os.path.getsize(fb) > WIDTH * HEIGHT * 4:
                break
            time.sleep(0.1)
        with open(fb, "rb") as f:
            header = struct.unpack(">25I", f.read(100))
        offset, stride = header[0] + header[19] * 12, header[12]
        raw = np.memmap(fb, np.uint8, "r", offset, (HEIGHT, stride))
        self.pixels = raw[:, :WIDTH * 4].reshape(HEIGHT, WIDTH, 4)
        time.sleep(0.5)
        self.children.append(subprocess.Popen(["openbox"], env=self.env, **quiet))
        time.sleep(1.0)
        return self

    def frame(self) -> np.ndarray:
        """RGB, every STEP-th pixel of every STEP-th row."""
        return np.ascontiguousarray(self.pixels[::STEP, ::STEP, 2::-1])

    def save_png(self, path: str):
        rgb = np.ascontiguousarray(self.pixels[:, :, 2::-1])
        raw = b"".join(b"\0" + row.tobytes() for row in rgb)
        chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))  # noqa: E731
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
                    + chunk(b"IDAT", zlib.compress(raw, 6)) + chunk(b"IEND", b""))

    def xdo(self, *args):
        subprocess.run(["xdotool", *map(str, args)], env=self.env, check=False, timeout=20,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


class App:
    def __init__(self, screen: Screen, command, log=None, limit_gb: float = 9.0, stdin=None):
        self.screen, self.limit_gb, self.peak_mb = screen, limit_gb, 0.0
        self.log = open(log, "ab") if log else subprocess.DEVNULL
        self.start, self.start_busy = time.monotonic(), busy_s()
        self.proc = subprocess.Popen(command, env=screen.env, cwd=screen.home, stdin=stdin or subprocess.DEVNULL,
                                     stdout=self.log, stderr=self.log, start_new_session=True)

    def watch(self, rect=(0, 0, WIDTH, HEIGHT), settle_s: float = 6.0, limit_s: float = 300.0, period_s: float = 0.05,
              quiet_cpu: float = 0.25, action=None, after_s: float = 0.0):
        """Looks until `rect` (x, y, w, h) has not changed for settle_s and the application uses under
        quiet_cpu of a core, and says when, from launch (or from `action`, which it calls), it first changed,
        when half and when 99 % of its pixels were those of the last frame, and what that cost."""
        x, y, w, h = (v // STEP for v in rect)
        blank = self.screen.frame()[y:y + h, x:x + w]
        cpu0 = self._cpu() if action else 0.0
        origin = time.monotonic() if action else self.start
        busy0 = busy_s() if action else self.start_busy
        frames = [(origin, blank)]
        if action:
            action()
        last_change = time.monotonic()
        checked, checked_cpu, busy = time.monotonic(), self._cpu(), True
        busy_then, cpu_then = busy0, cpu0
        why = ""
        while True:
            now = time.monotonic()
            f = self.screen.frame()[y:y + h, x:x + w]
            if not np.array_equal(f, frames[-1][1]):
                frames.append((now, f))
                last_change, busy_then, cpu_then = now, busy_s(), self._cpu()
            if now - checked > 1.0:
                cpu = self._cpu()
                busy = (cpu - checked_cpu) / (now - checked) > quiet_cpu
                checked, checked_cpu = now, cpu
                self.peak_mb = max(self.peak_mb, self._rss())
            if self.proc.poll() is not None:
                why = f"exited {self.proc.returncode}"
                break
            if now - origin > limit_s:
                why = f"not settled in {limit_s:g} s"
                break
            if self.peak_mb > self.limit_gb * 1024:
                why = f"over {self.limit_gb:g} GiB"
                break
            if now - last_change > settle_s and not busy and now - origin > after_s:
                break
            time.sleep(max(0.0, period_s - (time.monotonic() - now)))
        last = frames[-1][1]
        same = lambda f: float(np.mean(np.all(f == last, axis=2)))  # noqa: E731

        def reached(level):
            t = None
            for at, f in reversed(frames):
                if same(f) < level:
                    break
                t = at
            return None if t is None else round(max(0.0, t - origin), 2)

        self.peak_mb = max(self.peak_mb, self._rss())
        return dict(first_change_s=round(frames[1][0] - origin, 2) if len(frames) > 1 else None,
                    half_s=reached(0.5), full_s=reached(0.99), last_change_s=round(frames[-1][0] - origin, 2),
                    cpu_s=round(self._cpu() - cpu0, 2), peak_rss_mb=round(self.peak_mb),
                    frames=len(frames), note=why,
                    others_cores=round(max(0.0, busy_then - busy0 - (cpu_then - cpu0)) / max(last_change - origin, 0.1), 2))

    def _cpu(self):
        try:
            return tree_cpu_s(self.proc.pid)
        except OSError:
            return 0.0

    def _rss(self):
        # The kernel's own high-water mark where there is one process, else the sum of the tree as it is now.
        try:
            members = tree(self.proc.pid)
            return max(tree_rss_mb(self.proc.pid), *(peak_rss_mb(pid) for pid in members))
        except (OSError, TypeError):
            return 0.0

    def wait_s(self, seconds: float):
        """Gives it so long to end by itself."""
        try:
            self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def close(self):
        if self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGTERM)
            try:
                self.proc.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.proc.pid, signal.SIGKILL)
                self.proc.wait(10)
