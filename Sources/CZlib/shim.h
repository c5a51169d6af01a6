#include <zlib.h>

// inflateInit2 is a macro over the size of z_stream, which Swift cannot call.
static inline int ingest_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
