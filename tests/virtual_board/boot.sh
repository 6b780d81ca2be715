#!/bin/bash
# Boots a virtual board: `boot.sh FOLDER USERLAND PORT CPU`, as the first process of namespaces of its own, so that
# every mount and process ends with it. It ends when its input does: when the tests end, however that comes about.
set -e
folder=$1 userland=$2 port=$3 cpu=$4
root=$folder/root card=$folder/card
mount -o loop "$card.ext4" "$card"
[ -d "$card/written" ] || { cp -r "$folder/new" "$card/written" && mkdir "$card/work"; }
mount -t overlay overlay -o "lowerdir=$userland,upperdir=$card/written,workdir=$card/work" "$root"
# A userland that was unpacked without root's own rights has a link there, which would lead to this machine's.
for place in dev proc; do [ ! -L "$root/$place" ] || { rm "$root/$place" && mkdir "$root/$place"; }; done
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"; done
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
mount --bind "$folder/run" "$root/run"
mkdir -p "$root/run/sshd"
hostname bela
export QEMU_CPU=$cpu
chroot "$root" /usr/sbin/sshd -D -e -f /etc/ssh/board_config -p "$port" >>"$folder/sshd.log" 2>&1 </dev/null &
if chroot "$root" systemctl is-enabled bela_startup; then chroot "$root" systemctl start bela_startup; fi
chroot "$root" bela_settings </dev/null >/dev/null 2>&1 &
echo booted
read -r _ || true
kill -KILL -1
