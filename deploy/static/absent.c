// What a program that needs no shared library leaves out of hwloc, and hwloc asks for by name.
//
// Both are places where hwloc tries and goes on without: plug-ins, which would bring a second hwloc and a second C
// library into the process, and udev's names of disks and network cards, which CPUs and memory nodes have none of.
#include <stddef.h>

void *dlopen(const char *file, int mode) {
    (void)file, (void)mode;
    return NULL;
}

void *udev_new(void) { return NULL; }

void *udev_unref(void *udev) { return udev; }

void *udev_device_new_from_subsystem_sysname(void *udev, const char *subsystem, const char *name) {
    (void)udev, (void)subsystem, (void)name;
    return NULL;
}

void *udev_device_unref(void *device) { return device; }

const char *udev_device_get_property_value(void *device, const char *key) {
    (void)device, (void)key;
    return NULL;
}
