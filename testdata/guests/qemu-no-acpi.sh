#!/bin/sh
# A guest without ACPI: an MP table tells of its processors.
exec /usr/bin/qemu-system-i386 -name 'old XP' -machine pc,accel=kvm,acpi=off \
  -smp 2,sockets=2,cores=1,threads=1 -m 1G \
  -drive file=/vm/xp.img,format=raw,if=ide -drive file=/isos/xp.iso,media=cdrom "$@"
