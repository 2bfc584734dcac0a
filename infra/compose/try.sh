#!/bin/sh
# Tries docker-compose.yml for real: builds the image, starts everything, plays the demo's story over the published
# ports, looks into the containers, and takes it all down: try.sh [--keep]
#
# With a Docker engine that runs, its images come from their registry. Where none runs, and this is root on Debian, an
# engine is started for the time of the trial, and local images stand for the official ones: same names, same users
# and folders as far as docker-compose.yml uses them, made of Debian packages and of what infra/bootstrap.sh provides.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
keep=
[ "${1:-}" != --keep ] || keep=yes
tools=$root/.tools
work=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-engine.XXXXXX")
compose=
untried=

say() { echo "compose: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

cleanup() {
  code=$?
  trap - EXIT
  if [ "$compose" ]; then
    [ $code -eq 0 ] || $compose logs --no-color --tail 40 >&2 || true
    [ "$keep" ] && say "it stays up: $compose ps" || $compose down -v --remove-orphans >/dev/null 2>&1 || true
  fi
  if [ -f "$work/dockerd.pid" ]; then
    if [ "$keep" ]; then
      say "its engine: DOCKER_HOST=$DOCKER_HOST; end it with: kill $(cat "$work/dockerd.pid")"
      exit $code
    fi
    engine=$(cat "$work/dockerd.pid")
    kill "$engine" 2>/dev/null || true
    for _ in $(seq 60); do
      kill -0 "$engine" 2>/dev/null || break
      sleep 1
    done
  fi
  # An engine that has ended leaves its own network namespace mounted.
  [ ! -e "$work/exec/netns/default" ] || umount "$work/exec/netns/default" 2>/dev/null || true
  rm -rf "$work" || say "could not remove $work"
  [ ! "$untried" ] || say "not tried here: $untried"
  exit $code
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# need PROGRAM PACKAGE: from Debian, when it is missing.
need() {
  command -v "$1" >/dev/null && return
  command -v apt-get >/dev/null || fail "needs $1"
  say "installing $2"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$2" >"$work/apt.log" 2>&1 || {
    apt-get update -q >>"$work/apt.log" 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$2" >>"$work/apt.log" 2>&1
  } || {
    cat "$work/apt.log" >&2
    fail "could not install $2"
  }
}

start_engine() {
  [ "$(id -u)" = 0 ] || fail "no Docker engine runs, and only root can start one"
  need dockerd docker.io
  need debootstrap debootstrap
  DOCKER_HOST=unix://$work/docker.sock
  export DOCKER_HOST
  # A session of its own, so that Ctrl-C reaches this script alone; it is ended by its pid file.
  setsid dockerd --data-root "$work/data" --exec-root "$work/exec" -p "$work/dockerd.pid" -H "$DOCKER_HOST" \
    >"$work/dockerd.log" 2>&1 &
  for _ in $(seq 60); do
    ! docker version >/dev/null 2>&1 || return 0
    sleep 1
  done
  tail -n 20 "$work/dockerd.log" >&2
  fail "the Docker engine did not start"
}

# stand_in IMAGE NAME FILE ...: builds infra/compose/stand-ins/NAME.Dockerfile with these files beside it.
stand_in() {
  image=$1 name=$2
  shift 2
  mkdir "$work/$name"
  for file; do cp -RL "$file" "$work/$name/"; done
  docker build -q --network none -t "$image" -f "infra/compose/stand-ins/$name.Dockerfile" "$work/$name" >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    fail "could not build the stand-in of $image"
  }
  rm -rf "${work:?}/$name"
}

# build IMAGE DOCKERFILE
build() {
  docker build -q --network host -t "$1" -f "$2" . >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    fail "could not build $1"
  }
}

make_stand_ins() {
  say "making local images that stand for the official ones"
  sh infra/bootstrap.sh
  sh infra/bootstrap.sh seaweedfs
  base=$tools/stand-in-base.tar
  if [ ! -f "$base" ]; then
    debootstrap --variant=minbase --include=ca-certificates,wget,postgresql-client-15 bookworm "$work/base" \
      >"$work/debootstrap.log" 2>&1 || {
      tail -n 20 "$work/debootstrap.log" >&2
      fail "debootstrap failed"
    }
    tar -C "$work/base" --exclude ./var/cache/apt --exclude ./var/lib/apt/lists -cf "$base.$$" .
    mv "$base.$$" "$base"
    rm -rf "$work/base"
  fi
  docker import "$base" sallyport-stand-in-base >/dev/null
  mkdir "$work/npmrc.d"
  # What the machine's own npm is told; a registry's name or a certificate's place is not this project's to know.
  { [ ! -f "$HOME/.npmrc" ] || cat "$HOME/.npmrc"; } >"$work/npmrc.d/npmrc"
  cp /etc/ssl/certs/ca-certificates.crt "$work/npmrc.d/certificates"
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  mkdir "$work/npm.d"
  cp -R "$npm" "$work/npm.d/npm"
  stand_in node:24-bookworm-slim node "$tools/node/bin/node" "$work/npm.d/npm" "$work/npmrc.d/npmrc" \
    "$work/npmrc.d/certificates"
  stand_in nats:2.15.1-alpine nats "$tools/nats-server/nats-server"
  stand_in chrislusf/seaweedfs:4.48 seaweedfs "$tools/seaweedfs/weed"
  mkdir "$work/postgres.d"
  cp -R "$tools/postgres-18" "$work/postgres.d/postgres"
  stand_in postgres:18-bookworm postgres "$work/postgres.d/postgres" infra/compose/stand-ins/postgres-entrypoint.sh
  rm -rf "$work"/*.d
  untried="the official images of node, nats, postgres and seaweedfs (local ones stood for them); a compose newer than $($compose version --short)"
}

need docker docker.io
engine_is_ours=
docker version >/dev/null 2>&1 || engine_is_ours=yes
[ ! "$engine_is_ours" ] || start_engine
if docker compose version >/dev/null 2>&1; then
  compose="docker compose"
else
  need docker-compose docker-compose
  compose=docker-compose
fi
compose="$compose -p sallyport-try"
say "docker $(docker version --format '{{.Server.Version}}'), compose $($compose version --short)"

if [ "$engine_is_ours" ]; then
  # The classic builder: a buildx plugin that fits may be missing, and the host's network knows its registries.
  DOCKER_BUILDKIT=0
  export DOCKER_BUILDKIT
  make_stand_ins
  say "building"
  build sallyport:local Dockerfile
  build sallyport-identity-provider:local examples/identity-provider/Dockerfile
else
  say "building"
  $compose build -q
fi
docker image inspect -f 'compose: the image has {{.Size}} bytes' sallyport:local >&2

free_port() {
  sh infra/run.sh node -e 'const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}
SALLYPORT_POSTGRES_PORT=$(free_port)
SALLYPORT_APPROVAL_PORT=$(free_port)
export SALLYPORT_POSTGRES_PORT SALLYPORT_APPROVAL_PORT

say "starting"
$compose up -d >"$work/up.log" 2>&1 || {
  cat "$work/up.log" >&2
  fail "not everything started"
}

# Healthy, all of them that have a check.
waiting=yes
for _ in $(seq 90); do
  waiting=$(for id in $($compose ps -q); do
    docker inspect -f '{{if .State.Health}}{{if .State.Running}}{{.Name}} {{.State.Health.Status}}{{end}}{{end}}' "$id"
  done | grep -v -e ' healthy$' -e '^$' || true)
  [ "$waiting" ] || break
  sleep 2
done
[ ! "$waiting" ] || fail "not healthy: $waiting"
say "healthy: $($compose ps --services --filter status=running 2>/dev/null | tr '\n' ' ')"

# shellcheck disable=SC2086 # words
sh infra/run.sh node infra/compose/story.ts "$SALLYPORT_POSTGRES_PORT" "$SALLYPORT_APPROVAL_PORT" $compose
