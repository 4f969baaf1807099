qemu-kvm -no-acpi -cpu qemu32,-apic -smp 1 -device virtio-blk-pci,drive=d0 -drive file=xp.img,if=none,id=d0
