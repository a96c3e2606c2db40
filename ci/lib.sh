# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scripts of this tree share.  They read it first, links resolved:
#
#     self=$(readlink -f "$0")
#     . "${self%/*}/lib.sh"
#
# Sets `top`, the tree, `me`, the script's name in it, and `build`, the build directory:
# that of `preset`, if the script has set it before.

export LC_ALL=C # decimal points, order and case of letters
unset CDPATH    # cd goes where it is told, and says nothing
top=$(readlink -f "${BASH_SOURCE[0]}")
top=${top%/ci/*}
me=${self#"$top/"}
build=$(realpath -m "${HARTLEAF_BUILD:-$top/build${preset:+-$preset}}")

die() {
	echo "$me: $*" >&2
	exit 2
}

usage_error() {
	die "$*; see $me --help"
}

# For a script without options.
misused() { # what it takes, what it got...
	local got=${*:2}
	die "takes $1, not ${got:-nothing}"
}

need() { # tools...
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool not found: run ci/setup"
	done
}

need_built() { # files...
	local file
	for file; do
		[[ -f $file ]] || die "no $file: cmake --preset ${preset:-default} && cmake --build --preset ${preset:-default}"
	done
}

# However a script ends: what it runs in the background ends, too, and the folder of
# make_scratch goes.
scratch=''
clean_up() {
	local running
	mapfile -t running < <(jobs -pr)
	if ((${#running[@]})); then
		kill "${running[@]}" 2>/dev/null
		wait "${running[@]}" 2>/dev/null
	fi
	[[ -z $scratch ]] || { chmod -R u+w "$scratch" && rm -rf "$scratch"; }
}
trap 'clean_up || true' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

make_scratch() { # in folder (default: where temporary files are)
	scratch=$(mktemp -d "$(realpath -m "${1:-${TMPDIR:-/tmp}}")/hartleaf.XXXXXX")
}

# Results are made in the scratch folder, with make_scratch DIR, and moved when all are
# there: of these names DIR then has what this run has made and nothing older.
publish() { # DIR names...
	local dir=$1 name
	trap '' HUP INT TERM
	for name in "${@:2}"; do
		rm -rf "${dir:?}/$name"
		[[ ! -e $scratch/$name ]] || mv "$scratch/$name" "$dir"
	done
}

# Makes `build` that of a preset, and looks if it can be written.
can_build() { # preset
	[[ $1 == default ]] || build=$top/build-$1
	[[ -w $build || ! -e $build && -w $top ]] ||
		die "can't write to $build: cmake --preset $1 -B DIR makes another one, HARTLEAF_BUILD=DIR takes it"
}

# Installs what is missing, and builds, unless $HARTLEAF_BUILD says what to take.
build_tree() { # preset
	[[ -z ${HARTLEAF_BUILD:-} ]] || return 0
	can_build "$1"
	"$top/ci/setup" >&2
	echo "building..." >&2
	mkdir -p "$build"
	(cd "$top" && cmake --preset "$1" && cmake --build --preset "$1") >"$build/build.log" 2>&1 || {
		tail -n 40 "$build/build.log" >&2
		die "the build failed; all of it: $build/build.log"
	}
}

# A file's name in an option of QEMU, where a comma ends it.
quoted() {
	echo "${1//,/,,}"
}
