qemu-system-x86_64 -M q35 -cpu host -smp cores=4 -m 4096 -hda xp.qcow2
