#ifndef CSYSTEM_H
#define CSYSTEM_H

/// Makes the allocator give freed buffers of a quarter megabyte and more back to the system at once. glibc
/// stops doing so by itself after the first large one, and a run reads a dozen. Does nothing elsewhere.
void return_large_buffers(void);

/// Two files or folders change their names in one step, so that either is there at any time.
/// Returns 0, or another number where that failed or the system cannot do it.
int exchange_names(const char *left, const char *right);

/// Waits until the disk has everything that was written to the file system that a folder is on.
/// Returns 0, or another number where that failed.
int synchronise_disk(const char *folder);

#endif
