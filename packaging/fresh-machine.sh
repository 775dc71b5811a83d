#!/usr/bin/env bash
# Proves that Earmark's commands work on a machine that has only Rust and a C linker.
#
# Makes a minimal Debian in a folder, clones this repository into it, runs each argument there as one shell command, and
# prints how long each took. Neither system packages, nor cargo's downloads, nor the user's cache are there at the start.
# The base system is kept between runs; the machine made from it is new each time.
#
#   sudo packaging/fresh-machine.sh 'cargo xtask setup' 'unshare --net cargo xtask setup'
#   sudo packaging/fresh-machine.sh --as-user 'cargo xtask test'
#
# Options (before the commands):
#   --as-user   run the commands as an ordinary user who may use sudo, instead of as root
#   --keep      keep the machine's folder afterwards, to look into it
#
# Environment:
#   FRESH_FOLDER   where to make it (default: a folder for temporary files); takes about 1 GB, 10 GB with a full build
#   FRESH_SUITE    the Debian release (default: bookworm)
#
# Needs root, debootstrap, git and Rust on a machine that runs Linux. Only what is committed is cloned. Mounts are made in
# a namespace of their own, so nothing stays mounted however it ends.
set -euo pipefail

say() { printf '\n== %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 2; }

as_user=0 keep=0
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --as-user) as_user=1 ;;
    --keep) keep=1 ;;
    --help) sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//'; exit 0 ;;
    *) fail "Unknown option $1" ;;
  esac
  shift
done
[[ $# -gt 0 ]] || set -- 'cargo xtask setup'
[[ "$(id -u)" == 0 ]] || fail "Run this as root"
for program in debootstrap git rustc unshare chroot; do
  command -v "$program" >/dev/null || fail "Install $program first (as root it must be on the PATH too)"
done

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
suite="${FRESH_SUITE:-bookworm}"
folder="${FRESH_FOLDER:-${TMPDIR:-/tmp}/earmark-fresh-machine}"
base="$folder/base-$suite" machine="$folder/machine"
rust="$(cd "$repository" && rustc --print sysroot)"
certificates="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
mkdir -p "$folder"

if [[ ! -e "$base.complete" ]]; then
  say "Base system $suite"
  rm -rf --one-file-system "$base"
  # A C linker is part of “has Rust”; sudo is for --as-user.
  unshare --mount debootstrap --variant=minbase --include=gcc,libc6-dev,sudo "$suite" "$base" >"$folder/debootstrap.log" 2>&1 \
    || { tail -20 "$folder/debootstrap.log" >&2; fail "debootstrap failed, all of it in $folder/debootstrap.log"; }
  rm -rf "$base"/var/lib/apt/lists/* "$base"/var/cache/apt/archives/*.deb
  touch "$base.complete"
fi

say "Machine from it, with a clone of $(git -C "$repository" log -1 --format='%h “%s”')"
[[ -z "$(git -C "$repository" status --porcelain)" ]] || echo "Changes that are not committed are left out."
rm -rf --one-file-system "$machine"
cp -a "$base" "$machine"
mkdir -p "$machine/opt/rust" "$machine/srv/person"
git clone --quiet --no-hardlinks "$repository" "$machine/srv/earmark"
cp --dereference /etc/resolv.conf "$machine/etc/resolv.conf"
cp /etc/hosts "$machine/etc/hosts"
settings=(
  HOME=/srv/person CARGO_HOME=/srv/person/.cargo LANG=C.UTF-8 TERM=dumb
  PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
)
# The way to the network is this machine's: its certificates and its proxy.
if [[ -e "$certificates" ]]; then
  cp --dereference "$certificates" "$machine/srv/certificates.crt"
  for name in SSL_CERT_FILE CARGO_HTTP_CAINFO PIP_CERT; do settings+=("$name=/srv/certificates.crt"); done
fi
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [[ -z "${!name:-}" ]] || settings+=("$name=${!name}")
done
if [[ "$as_user" == 1 ]]; then
  chroot "$machine" useradd --home-dir /srv/person --shell /bin/bash person
  chroot "$machine" chown -R person /srv/person /srv/earmark
  echo 'person ALL=(ALL) NOPASSWD: ALL' >"$machine/etc/sudoers.d/person"
  enter=(chroot --userspec=person "$machine")
else
  enter=(chroot "$machine")
fi

# Runs "$@" with the machine's folders mounted, in namespaces that end with it. A container may forbid a new /proc.
with_mounts() {
  unshare --mount --pid --fork --kill-child bash -euc '
    machine="$1" rust="$2"; shift 2
    mount --bind "$rust" "$machine/opt/rust" && mount -o remount,bind,ro "$machine/opt/rust"
    mount --rbind /dev "$machine/dev"
    mount -t proc proc "$machine/proc" 2>/dev/null || mount --rbind /proc "$machine/proc"
    "$@"
  ' with-mounts "$machine" "$rust" "$@"
}

times=() outcome=0
for command in "$@"; do
  say "$command"
  began=$SECONDS code=0
  with_mounts "${enter[@]}" env -i "${settings[@]}" bash -c "cd /srv/earmark && $command" </dev/null || code=$?
  times+=("$(printf '%6d s   exit %d   %s' $((SECONDS - began)) "$code" "$command")")
  [[ "$code" == 0 ]] || outcome=1
done

say "Times"
printf '%s\n' "${times[@]}"
if [[ "$keep" == 1 ]]; then echo "Kept: $machine"; else rm -rf --one-file-system "$machine"; fi
exit "$outcome"
