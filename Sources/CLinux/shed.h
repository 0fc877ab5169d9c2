#ifndef CGX_SHED_H
#define CGX_SHED_H

#include <stdint.h>

// Unmaps everything but the code of this library and what lies from `low` to `high`, where the stack must be. From then
// on there is no C library.
__attribute__((visibility("hidden"))) void cgx_shed_memory(uintptr_t low, uintptr_t high);

#endif
