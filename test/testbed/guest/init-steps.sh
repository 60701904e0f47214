# shellcheck shell=bash
# Sourced by the guests' PID 1 where that need not be systemd: what it does in every bed, in steps. It takes a fraction of
# systemd's boot under emulation.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

# As a warning, so that the console shows it.
say() { echo "<4>testbed: $1 ($(cut -d' ' -f1 /proc/uptime) s)" >/dev/kmsg; }

mount_file_systems() {
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs tmpfs /tmp
  mkdir -p /run/lock /run/dbus /run/libvirt /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  ln -s /proc/self/fd /dev/fd
  local number
  for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "/dev/${number#*:}"; done
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount -t securityfs securityfs /sys/kernel/security
  mount -t debugfs debugfs /sys/kernel/debug
  exec </dev/console >/dev/console 2>&1
  hostname -F /etc/hostname
  say "file systems mounted"
}

find_devices() {
  # Coldplug: what the kernel found before udevd ran is announced once more.
  /lib/systemd/systemd-udevd --daemon
  udevadm trigger --type=subsystems --action=add
  udevadm trigger --type=devices --action=add
  # shellcheck disable=SC2046
  modprobe -a $(sed '/^#/d' /etc/modules-load.d/testbed.conf)
  udevadm settle --timeout=60
  say "devices found"
}

bring_up_network() {
  ip link set lo up
  local link
  for link in /sys/class/net/*; do
    [[ $(basename "$(readlink -f "$link/device/driver")") == virtio_net ]] || continue
    ip link set "${link##*/}" up
    # The address that QEMU's user-mode network expects of its only guest.
    ip address add 10.0.2.15/24 dev "${link##*/}"
  done
}

start_libvirt() {
  dbus-daemon --system --fork
  /usr/lib/polkit-1/polkitd --no-debug &
  virtlogd -d
  libvirtd -d
  say "libvirtd started"
}

serve_for_ever() {
  while :; do
    node /usr/local/lib/testbed/guest/agent.js
    say "the agent ended with status $?"
    sleep 1
  done
}
