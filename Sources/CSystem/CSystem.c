#include "CSystem.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void return_large_buffers(void) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 1 << 22);
#endif
}
