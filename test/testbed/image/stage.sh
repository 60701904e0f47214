# shellcheck shell=bash
# Sourced by the build scripts of the beds' images, which are called with OUT AGENT: the folder to build into, and the folder
# of the compiled harness. Gives $out, $agent, a folder $work, and `stage`.
((EUID == 0)) || { echo "building the test bed's image needs root (mmdebstrap, chroot, kernel modules)" >&2; exit 1; }
out=$1 agent=$2 work=$1/work
mkdir -p "$work"

# stage NAME COMMAND...: prints "NAME SECONDS"; of one that fails, the end of its log.
stage() {
  local name=$1 start=$EPOCHREALTIME
  shift
  if ! "$@" >"$work/$name.log" 2>&1; then
    echo "stage $name of the test bed's image failed:" >&2
    tail -n 20 "$work/$name.log" >&2
    exit 1
  fi
  awk -v name="$name" -v start="$start" -v end="$EPOCHREALTIME" 'BEGIN { printf "%s %.1f\n", name, end - start }'
}
