#ifndef CSYSTEM_H
#define CSYSTEM_H

/// Makes the allocator give freed buffers of four megabytes and more back to the system at once, which glibc stops doing by
/// itself after the first large one, and a run reads a dozen; keep up to 32 MB of smaller ones for what comes next, of
/// which it would keep an eighth of a megabyte; and ask the system for room 16 MB at a time, where a thread other than the
/// first would ask for each page. Room that nothing is written to costs no memory. Does nothing elsewhere.
void return_only_large_buffers(void);

/// Two files or folders change their names in one step, so that either is there at any time.
/// Returns 0, or another number where that failed or the system cannot do it.
int exchange_names(const char *left, const char *right);

/// Waits until the disk has everything that was written to the file system that a folder is on.
/// Returns 0, or another number where that failed.
int synchronise_disk(const char *folder);

#endif
