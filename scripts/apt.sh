#!/bin/sh
# Installs the Debian packages that firmware and the native host are made with, and those that some tests and the benchmarks
# compare with or run on.
# Nothing else needs them: tests without their peer are skipped and say so.
# scripts/apt.sh [--dry-run]   --dry-run only says what would be installed
set -eu

# package                  what is done with it
list="
ffmpeg                     oracle for packets, clips that tests make, peer of the benchmarks
gstreamer1.0-tools         oracle and peer of the benchmarks: gst-launch-1.0, gst-discoverer-1.0
gstreamer1.0-plugins-base  its basic elements
gstreamer1.0-plugins-good  its MP4 elements
gstreamer1.0-plugins-bad   its transport stream elements and parsers
gstreamer1.0-plugins-ugly  its x264enc
gstreamer1.0-libav         its decoders
gcc                        compiles the core by way of wasm2c, and wasm3
libc6-dev                  headers for gcc
g++                        compiles OpenH264, which the native host has in it
gcc-arm-none-eabi          compiles the C of firmware
libnewlib-arm-none-eabi    its C library
qemu-system-arm            runs firmware: g2g firmware run
libavcodec-dev             avdec_* of the native host decode with it: headers for their process
libavutil-dev              its basic functions
libclang-dev               makes declarations for Rust of those headers
pkg-config                 finds them
python3-venv               takes the wasmtime and wasm3 packages in, apart from the system's Python
"

dry=
case ${1-} in
  --dry-run) dry=1 ;;
  '') ;;
  *)
    echo "usage: scripts/apt.sh [--dry-run]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null 2>&1; then
  echo "scripts/apt.sh: there is no apt-get here; the packages are those of Debian and Ubuntu:" >&2
  echo "$list" >&2
  exit 1
fi

missing=
while read -r package use; do
  [ -n "$package" ] || continue
  if dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$'; then continue; fi
  missing="$missing $package"
  printf '%-26s %s\n' "$package" "$use"
done <<EOT
$list
EOT

if [ -z "$missing" ]; then
  echo "all packages are installed"
  exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "scripts/apt.sh: not root, and there is no sudo" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "installing with: ${as_root:+$as_root }apt-get install --no-install-recommends$missing"
[ -z "$dry" ] || exit 0
$as_root apt-get update -q
# shellcheck disable=SC2086  # the list is split into words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
