#ifndef CSQLITE_H
#define CSQLITE_H

/// Has SQLite keep no statistics of its memory, for which it takes a lock at every allocation. To be called before SQLite
/// is used; later it does nothing.
void keep_no_memory_statistics(void);

#endif
