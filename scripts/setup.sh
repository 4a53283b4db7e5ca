# What ./run and ./check share: the packages and the build. Sourced from the repository root.
# shellcheck shell=bash disable=SC2034

# The names are the same on Debian 12, Debian 13 and Ubuntu 24.04.
build_packages=(
  ca-certificates cmake g++ git ninja-build pkg-config
  libboost-dev libboost-graph-dev libboost-iostreams-dev libcli11-dev libfmt-dev libnlopt-dev libsimgrid-dev
  libyaml-cpp-dev nlohmann-json3-dev
)
test_packages=(doctest-dev librapidcheck-dev munge python3 slurm-wlm)

# missing_packages NAME...: those that are not installed, on one line.
missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || printf '%s ' "$name"
  done
}

# as_root COMMAND...: asks for a password only where somebody can type one.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "No apt here: the build needs what Debian calls $*" >&2
    return
  fi
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    printf 'Packages are missing, and installing them needs root. Ask for:\n  apt-get install %s\n' "$missing" >&2
    exit 1
  fi
  echo "Installing $missing"
  # shellcheck disable=SC2206  # one word a package
  local install=(install --no-install-recommends $missing)
  apt-get --simulate "${install[@]}" &>/dev/null || apt_get update  # no package lists yet
  apt_get -y "${install[@]}" || { apt_get update && apt_get -y "${install[@]}"; } || {
    printf 'apt failed. By hand:\n  sudo apt-get install %s\n' "$missing" >&2
    exit 1
  }
}

# One compiler a core, and a core for each 2 GB of free memory. CMAKE_BUILD_PARALLEL_LEVEL overrides it.
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 2e6)}' /proc/meminfo)
  if ((memory < 1)); then memory=1; fi
  echo $((cores < memory ? cores : memory))
}

# build CMAKE_OPTION...
build() {
  cmake --preset release --log-level=NOTICE "$@"
  export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(build_jobs)}
  cmake --build --preset release
}
