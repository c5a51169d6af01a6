#ifndef CDIFFPAGE_H
#define CDIFFPAGE_H

#include <stddef.h>

/// The style sheet and the script of `diff.html`, UTF-8.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} PageAsset;

PageAsset diff_page_style(void);
PageAsset diff_page_script(void);

#endif
