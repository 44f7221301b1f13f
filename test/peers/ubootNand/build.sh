#!/bin/bash
# Builds U-Boot's sandbox, a native process, with 128 MiB of NAND (page 2048, erase block 128 KiB) and UBI, on Debian 12. Debian 12's own
# U-Boot has no simulated NAND yet, so the source is the one of Debian 13.
#   u-boot, cam.dtb
# build.sh            builds unless cached; prints the folder that holds both
# build.sh --folder   prints that folder and builds nothing
# build.sh --packages prints the Debian packages that a build needs
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${RACKBENCH_PEER_CACHE:-$HOME/.cache/rackbench-peers}
# The same sum over the same files in the same order is in nandSandbox.ts.
key=$(cd "$here" && cat build.sh sandbox.config nand.dtsi | sha256sum | cut -c 1-16)
folder=$cache/uboot-nand-$key
packages=(gcc libc6-dev make bison flex bc xz-utils bzip2 swig device-tree-compiler
  libssl-dev libgnutls28-dev uuid-dev python3-dev python3-setuptools python3-pyelftools)

case ${1:-} in
  --folder) echo "$folder"; exit 0 ;;
  --packages) echo "${packages[*]}"; exit 0 ;;
esac
if [[ -s $folder/u-boot && -s $folder/cam.dtb ]]; then echo "$folder"; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder" "$work/lists/partial"

# A source list and package lists of our own: the machine's configuration stays as it is.
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk '$2 == "bookworm" { print $1; exit }')
: "${mirror:?no Debian mirror is configured for apt}"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
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
# The sandbox's memory lies elsewhere than its addresses say; the ubi commands use them as pointers, which only hardware forgives.
sed -i -E 's/\((void|char) \*\)addr\b/map_sysmem(addr, 0)/; 0,/^#include <malloc.h>/s//#include <malloc.h>\n#include <mapmem.h>/' cmd/ubi.c
if (($(grep -c 'map_sysmem(addr, 0)' cmd/ubi.c) < 2)); then echo 'cmd/ubi.c is not the one this recipe knows' >&2; exit 1; fi
# The simulated chip fails at parts of pages, written or read; the controllers of cameras move whole pages only, too.
sed -i 's/not_xpl() ? 0 : NAND_SKIP_BBTSCAN;/(not_xpl() ? 0 : NAND_SKIP_BBTSCAN) | NAND_NO_SUBPAGE_WRITE;/' drivers/mtd/nand/raw/sand_nand.c
grep -q NAND_NO_SUBPAGE_WRITE drivers/mtd/nand/raw/sand_nand.c
sed -i 's/chip->options |= NAND_SUBPAGE_READ;/;/' drivers/mtd/nand/raw/nand_base.c
# A UART sends each line end once.
sed -i 's/term.c_oflag = OPOST | ONLCR;/term.c_oflag = 0;/' arch/sandbox/cpu/os.c

export KBUILD_OUTPUT=$work/build SOURCE_DATE_EPOCH=1700000000
log=$folder/build.log
{
  make -s sandbox_defconfig
  scripts/kconfig/merge_config.sh -O "$KBUILD_OUTPUT" -m "$KBUILD_OUTPUT/.config" "$here/sandbox.config"
  make -s olddefconfig
  make -s NO_SDL=1 -j"$(nproc)"
} >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }

cd "$KBUILD_OUTPUT"
dtc -q -I dtb -O dts u-boot.dtb -o cam.dts
# The console goes without colours; the last line closes the tree, which the NAND is put into first.
sed -i '/text-colour/d; $d' cam.dts
cat "$here/nand.dtsi" >>cam.dts
dtc -q -I dts -O dtb cam.dts -o cam.dtb
cp .config "$folder/u-boot.config"
cp cam.dtb "$folder/cam.dtb"
# A killed build must not leave half a file under the final name.
cp u-boot "$folder/u-boot.part" && mv "$folder/u-boot.part" "$folder/u-boot"
echo "$folder"
