#ifndef CSCHEMAS_H
#define CSCHEMAS_H

#include <stddef.h>

/// A file of the top-level folder `Schemas/`, as it was when the program was built.
typedef struct {
    /// Path below `Schemas/`.
    const char *path;
    const unsigned char *bytes;
    size_t count;
} SchemaFile;

/// The embedded file number `index`; its path is NULL past the last one.
SchemaFile schema_file(size_t index);

#endif
