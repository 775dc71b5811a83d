#!/usr/bin/env bash
# The main job in a real window, by keys and mouse alone: open a recording, detect events, accept one, reject one, draw one, label it,
# export, save, open again. Fails if the exported labels are not what was done.
#
#   tests/e2e/main_job.sh [FOLDER-FOR-PICTURES]
#
# Needs a display (under `xvfb-run -s "-screen 0 1600x1000x24"` if there is none), xdotool and scrot. EARMARK_PROGRAM names the program
# (target/release/earmark by default). `cargo xtask test` runs this.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${EARMARK_PROGRAM:-target/release/earmark}
pictures=${1:-}
work=$(mktemp -d)
export EARMARK_CONFIG=$work/config EARMARK_DATA=$work/data XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$work} RUST_LOG=${RUST_LOG:-info}
pid=
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
# No dialog of the system: paths are typed in the window.
mkdir -p "$EARMARK_CONFIG"
echo '{"system_dialogs": false, "auto_advance": false, "auto_play": false, "annotator_asked": true}' >"$EARMARK_CONFIG/settings.json"

fail() {
    echo "FAILED: $1" >&2
    sed 's/^/  log: /' "$work/log" | tail -20 >&2
    picture failed
    exit 1
}
picture() { [ -z "$pictures" ] || { mkdir -p "$pictures" && scrot -o "$pictures/$1.png"; }; }
# Waits until the program's log says something, or a file is there.
until_log() { for _ in $(seq 600); do grep -q "$1" "$work/log" && return; kill -0 "$pid" || fail "the program ended"; sleep 0.1; done; fail "waited in vain for: $1"; }
until_file() { for _ in $(seq 300); do [ -s "$1" ] && return; sleep 0.1; done; fail "$1 was not written"; }
# The window is drawn by the CPU here: give each step time to be seen.
settle() { sleep "${SETTLE_SECS:-1}"; }
keys() { for key in "$@"; do xdotool key --clearmodifiers "$key"; settle; done; }
text() { xdotool type --delay 30 "$1"; settle; }
drag() { xdotool mousemove "$1" "$2"; settle; xdotool mousedown 1; sleep 0.3; xdotool mousemove "$3" "$4"; settle; xdotool mouseup 1; settle; }

start() {
    "$program" "$@" >"$work/log" 2>&1 &
    pid=$!
    for _ in $(seq 300); do
        window=$(xdotool search --onlyvisible --name Earmark 2>/dev/null | tail -1) && [ -n "$window" ] && break
        kill -0 "$pid" || fail "no window was opened"
        sleep 0.1
    done
    xdotool windowmove "$window" 0 0 windowsize "$window" 1440 900 windowfocus "$window" 2>/dev/null || true
    settle
}

echo "1. Open a recording"
start assets/example/soundscape_000.flac
until_log "first view complete"
settle
picture 1-opened

echo "2. Detect events"
keys ctrl+r
until_log "scored in"
settle
picture 2-detected

echo "3. Accept one, reject one"
keys q a q d
xdotool mousemove 1146 58 click 1 # the tab "Events"
settle
picture 3-decided

echo "4. Draw one and label it"
# A decision has brought its event close.
keys f
drag 737 400 780 400
keys Return
text "bicycle bell"
picture 4-labelling
keys Return
settle
picture 5-drawn

echo "5. Undo all, redo all"
keys ctrl+z ctrl+z ctrl+z ctrl+z ctrl+y ctrl+y ctrl+y ctrl+y

echo "6. Export"
keys ctrl+e Return
text "$work/labels.tsv"
keys Return
until_file "$work/labels.tsv"
[ "$(head -1 "$work/labels.tsv")" = "$(printf 'filename\tonset\toffset\tevent_label')" ] || fail "the header is wrong"
[ "$(wc -l <"$work/labels.tsv")" = 3 ] || fail "two labels were expected: $(cat "$work/labels.tsv")"
awk -F'\t' '$4 == "Bicycle bell" && $2 > 17 && $2 < 18.5 && $3 > 18.5 && $3 < 20 { found = 1 } END { exit !found }' "$work/labels.tsv" ||
    fail "the drawn event is missing: $(cat "$work/labels.tsv")"

echo "7. Save, close, open again"
keys ctrl+s
text "$work/kept.earmark"
keys Return
until_file "$work/kept.earmark"
keys ctrl+q
for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
kill -0 "$pid" 2>/dev/null && fail "the window did not close"
start "$work/kept.earmark"
until_log "first view complete"
keys ctrl+e Return
text "$work/again.tsv"
keys Return
until_file "$work/again.tsv"
cmp "$work/labels.tsv" "$work/again.tsv" || fail "the project came back with other labels"
picture 6-again

echo "8. Light theme"
keys F9
picture 7-light
cat "$work/again.tsv"
echo "The main job is done."
