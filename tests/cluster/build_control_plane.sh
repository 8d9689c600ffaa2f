#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager and kube-scheduler for the cluster tests, and
# kubelet and kube-proxy for those on a real node.
#
#   build_control_plane.sh [DIRECTORY]
#
# Debian 12 ships none of the Kubernetes programs, but its source package still holds them and its
# Go compiles them: about four minutes on two cores, 3 GB of temporary space, 410 MB kept. Does
# nothing when DIRECTORY already holds all of them. Needs root only to install packages.
set -euo pipefail

readonly version=1.20.2
readonly release=bookworm
readonly programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
readonly packages=(dpkg-dev golang-1.19-go make rsync xz-utils)
readonly go_root=/usr/lib/go-1.19

home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
readonly target=${1:-${XDG_CACHE_HOME:-$home/.cache}/wpdeploy/control-plane/$version}

die() {
    echo "build_control_plane: $*" >&2
    exit 1
}

complete() {
    local program
    for program in etcd "${programs[@]}"; do
        [[ -x $target/$program ]] || return 1
    done
}

# Runs a stage and tells its seconds. It stands in no condition, so `set -e` holds inside it too;
# when it fails, `finish` shows the end of its output.
stage() {
    local started=$SECONDS
    current=$1
    shift
    ("$@") >"$work/log" 2>&1
    printf 'build_control_plane: %-40s %4d s\n' "$current" $((SECONDS - started))
    current=
}

finish() {
    local status=$?
    if ((status != 0)) && [[ -n $current ]]; then
        tail -n 30 "$work/log" >&2
        echo "build_control_plane: failed: $current" >&2
    fi
    rm -rf "$work"
}

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
            printf '%s ' "$package"
    done
}

# Lists may be missing (a fresh image) or name files that the mirror no longer has.
install_packages() {
    local install=(apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "$@")
    export DEBIAN_FRONTEND=noninteractive
    "${install[@]}" || { apt-get update && "${install[@]}"; }
}

# apt itself says which mirror this machine uses, whatever the format of its sources; it knows
# only of repositories whose lists it has.
# shellcheck disable=SC2016  # apt's own placeholder
mirror() {
    apt-get indextargets --format '$(REPO_URI)' \
        "Codename: $release" 'Origin: Debian' 'Component: main' 'Created-By: Packages' | head -n 1
}

configure_apt() {
    [[ -n $(mirror) ]] || apt-get update
    local uri
    uri=$(mirror)
    if [[ -z $uri ]]; then
        echo "apt has no source for Debian 12 ($release), component main, on this machine"
        return 1
    fi
    mkdir -p "$work/apt/lists/partial" "$work/download"
    printf '%s %s %s main\n' deb "$uri" "$release" deb-src "$uri" "$release" \
        >"$work/apt/sources.list"
    # The sandbox user of apt may not write into our private directory.
    cat >"$work/apt/apt.conf" <<END
Dir::State::lists "$work/apt/lists";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
Dir::Cache "$work/apt";
APT::Sandbox::User "root";
END
}

# etcd is unpacked, not installed: its package would start a server of its own.
download() {
    cd "$work/download"
    export APT_CONFIG=$work/apt/apt.conf
    apt-get update
    apt-get source --download-only kubernetes
    apt-get download etcd-server golang-github-modern-go-reflect2-dev
}

unpack() {
    local sources=("$work"/download/kubernetes_*"$version"-*.dsc)
    if [[ ! -f ${sources[0]} ]]; then
        echo "Debian's source package is not $version any more:" "$work"/download/*.dsc
        return 1
    fi
    mkdir -p "$(dirname "$tree")"
    # apt has compared the checksums with the signed list; dpkg-source has no key to do it again.
    dpkg-source --no-check -x "${sources[0]}" "$tree"
    local deb
    for deb in "$work"/download/*.deb; do
        dpkg-deb -x "$deb" "$work/root"
    done
    # The vendored reflect2 1.0.1 panics under Go 1.18 and later, on creating a Deployment.
    local reflect2=github.com/modern-go/reflect2
    rm -r "$tree/vendor/$reflect2"
    cp -r "$work/root/usr/share/gocode/src/$reflect2" "$tree/vendor/$reflect2"
}

# Runs a command with nothing of the caller's environment: no Go settings, no flags of a make
# that runs this script.
clean() {
    env -i PATH="$go_root/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$work" TMPDIR="$work" \
        GOROOT="$go_root" GOPATH="$work/go" GOCACHE="$work/cache" GOENV=off GOPROXY=off \
        GO111MODULE=off CGO_ENABLED=0 "$@"
}

# The code for OpenAPI is not in the source package.
generate() {
    clean make -C "$tree" generated_files
}

# Two packages hold the version: one is what --version prints, the other what /version answers.
compile() {
    local package flags="-s -w"
    for package in component-base/version client-go/pkg/version; do
        package=k8s.io/kubernetes/vendor/k8s.io/$package
        flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=20"
    done
    cd "$tree"
    clean go build -trimpath -ldflags "$flags" -o "$work/out/$1" "k8s.io/kubernetes/cmd/$1"
    [[ $("$work/out/$1" --version) == "Kubernetes v$version" ]]
}

# A file is there whole or not at all: copied beside its place, then renamed.
publish() {
    local program
    cp "$work/root/usr/bin/etcd" "$work/out/etcd"
    for program in etcd "${programs[@]}"; do
        install -m 755 "$work/out/$program" "$target/.$program.new"
        mv -f "$target/.$program.new" "$target/$program"
    done
}

main() {
    if complete; then
        echo "build_control_plane: complete in $target"
        return
    fi
    command -v apt-get >/dev/null || die "needs Debian 12 ($release): no apt-get here"
    mkdir -p "$target"
    # A second build waits for the first, and then has nothing to do.
    exec {lock}>"$target/.lock"
    flock "$lock"
    if complete; then return; fi

    work=$(mktemp -d)
    current=
    trap finish EXIT
    tree=$work/go/src/k8s.io/kubernetes
    local missing
    missing=$(missing_packages)
    if [[ -n $missing ]]; then
        ((EUID == 0)) || die "as root, first: apt-get install $missing"
        # shellcheck disable=SC2086  # one word for each package
        stage "install $missing" install_packages $missing
    fi
    stage "find the mirror" configure_apt
    stage "download the source" download
    stage "unpack" unpack
    stage "generate code" generate
    local program
    for program in "${programs[@]}"; do
        stage "compile $program" compile "$program"
    done
    stage "put into $target" publish
}

main
