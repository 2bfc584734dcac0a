#!/bin/sh
# Provides PostgreSQL's own test suites in .tools/postgres-suites/, from Debian's source package of the server, the
# newest minor that the mirror still has (apt verifies it). `build.sh files` brings only the files of the suites, in
# some seconds; `build.sh` also builds what runs them: isolationtester, libpq_pipeline and the library regress.so.
# Needs Debian's apt-get and bzip2, to build gcc, make and perl too. Is silent when nothing is to do.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
suites=$root/.tools/postgres-suites
what=${1:-all}

say() { echo "suites: $*" >&2; }
needs() {
  for program in "$@"; do
    command -v "$program" >/dev/null || {
      say "needs $program"
      exit 1
    }
  done
}

draft=$root/.tools/postgres-suites.$$
trap 'rm -rf "$draft"' EXIT
trap 'exit 1' HUP INT TERM

fetch() {
  needs apt-get apt-cache bzip2
  # The machine's own archives, but for sources; nothing of its settings is touched.
  mkdir -p "$draft/sources" "$draft/lists/partial" "$draft/suites"
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types: *deb *$/Types: deb-src/' "$file" >"$draft/sources/$(basename "$file")"
  done
  [ ! -e /etc/apt/sources.list ] || sed 's/^deb /deb-src /' /etc/apt/sources.list >"$draft/sources/main.list"
  archives="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$draft/sources -o Dir::State::lists=$draft/lists -o APT::Sandbox::User=root"
  # shellcheck disable=SC2086 # options
  apt-get $archives -qq update
  cd "$draft"
  fetched=
  # shellcheck disable=SC2086
  for version in $(apt-cache $archives showsrc postgresql-15 | sed -n 's/^Version: //p' | sort -rV); do
    if apt-get $archives -qq source --download-only "postgresql-15=$version" 2>"$draft/apt.log"; then
      fetched=$version
      break
    fi
    say "the mirror has no sources of postgresql-15 $version any more"
  done
  [ "$fetched" ] || {
    cat "$draft/apt.log" >&2
    exit 1
  }
  cd "$draft/suites"
  mv "$draft"/postgresql-15_*.orig.tar.bz2 source.tar.bz2
  tar -xjf source.tar.bz2 --strip-components=1 --wildcards '*/src/test/regress' '*/src/test/isolation' \
    '*/src/test/modules/libpq_pipeline' '*/src/pl/plpgsql/src'
  mv src/test/regress src/test/isolation src/test/modules/libpq_pipeline .
  mv src/pl/plpgsql/src plpgsql
  rm -r src
  echo "$fetched" >.contents
  chmod -R go+rX .
  cd "$root"
  # Another run may have been quicker.
  [ -e "$suites/.contents" ] || mv "$draft/suites" "$suites"
}

build() {
  needs gcc make perl
  mkdir -p "$draft/source"
  tar -xjf "$suites/source.tar.bz2" -C "$draft/source" --strip-components=1
  say "building the suites of PostgreSQL $(cat "$suites/.contents")"
  cd "$draft/source"
  step ./configure --without-readline --without-zlib --without-icu
  step make -s -C src/backend generated-headers
  for part in src/port src/common src/interfaces/libpq src/test/regress src/test/isolation src/test/modules/libpq_pipeline; do
    step make -s -C "$part"
  done
  cp src/test/regress/regress.so "$suites/regress/"
  cp src/test/modules/libpq_pipeline/libpq_pipeline "$suites/libpq_pipeline/"
  cp src/test/isolation/isolationtester "$suites/isolation/"
  chmod -R go+rX "$suites"
  : >"$suites/.built"
  cd "$root"
}

step() {
  "$@" >>"$draft/log" 2>&1 || {
    tail -20 "$draft/log" >&2
    exit 1
  }
}

mkdir -p "$root/.tools"
[ -e "$suites/.contents" ] || fetch
[ "$what" = files ] || [ -e "$suites/.built" ] || build
