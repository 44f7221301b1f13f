#!/bin/bash
# Builds two real boot loaders for QEMU's ast2500-evb from Debian's U-Boot source, on Debian 12:
#   u-boot.bin            writes flash correctly under QEMU
#   u-boot-miswrite.bin   the same source unpatched: prints OK and stores about 4 % of random pages wrong
# build.sh            builds unless cached; prints the folder that holds both
# build.sh --folder   prints that folder and builds nothing
# build.sh --packages prints the Debian packages that a build needs
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${RACKBENCH_PEER_CACHE:-$HOME/.cache/rackbench-peers}
# The same sum over the same files in the same order is in ubootImages.ts.
key=$(cd "$here" && cat build.sh camera.config small.config keep-spi-mode.patch | sha256sum | cut -c 1-16)
folder=$cache/uboot-$key
packages=(gcc gcc-arm-linux-gnueabihf libc6-dev make bison flex bc patch xz-utils swig device-tree-compiler
  libssl-dev libgnutls28-dev uuid-dev python3-dev python3-setuptools python3-pyelftools)

case ${1:-} in
  --folder) echo "$folder"; exit 0 ;;
  --packages) echo "${packages[*]}"; exit 0 ;;
esac
if [[ -s $folder/u-boot.bin && -s $folder/u-boot-miswrite.bin ]]; then echo "$folder"; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder" "$work/lists/partial"

# A source list and package lists of our own: the machine's configuration stays as it is.
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
: "${mirror:?no Debian bookworm source is configured for apt}"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >"$work/sources.list"
apt_own=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
cd "$work"
"${apt_own[@]}" update >&2
# Only the archive of upstream is wanted; without dpkg-dev apt complains after it has fetched and checked everything.
"${apt_own[@]}" source --download-only u-boot >fetch.log 2>&1 || true
archive=$(find . -maxdepth 1 -name 'u-boot_*.orig.tar.*' ! -name '*.asc' | head -n 1)
if [[ -z $archive ]]; then cat fetch.log >&2; exit 1; fi
mkdir source && tar xf "$archive" -C source --strip-components 1
cd source

export CROSS_COMPILE=arm-linux-gnueabihf- KBUILD_OUTPUT=$work/build SOURCE_DATE_EPOCH=1700000000
log=$folder/build.log
build() { # output file
  make -s -j"$(nproc)" u-boot.bin >>"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
  local length; length=$(stat -c %s "$KBUILD_OUTPUT/u-boot.bin")
  if ((length > 262144)); then echo "u-boot.bin has $length bytes and runs into the environment at 0x40000" >&2; exit 1; fi
  # A killed build must not leave half a file under the final name.
  cp "$KBUILD_OUTPUT/u-boot.bin" "$1.part" && mv "$1.part" "$1"
}

: >"$log"
make -s evb-ast2500_defconfig >>"$log" 2>&1
scripts/kconfig/merge_config.sh -O "$KBUILD_OUTPUT" -m "$KBUILD_OUTPUT/.config" "$here/camera.config" "$here/small.config" >>"$log" 2>&1
make -s olddefconfig >>"$log" 2>&1
build "$folder/u-boot-miswrite.bin"
patch -p1 <"$here/keep-spi-mode.patch" >>"$log"
build "$folder/u-boot.bin"
echo "$folder"
