#ifndef CPAGES_H
#define CPAGES_H

#include <stddef.h>

/// A style sheet or a script of a page, UTF-8.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} PageAsset;

/// Of the data dictionary, after the site's.
PageAsset dictionary_style(void);

/// Of `diff.html`.
PageAsset diff_page_style(void);
PageAsset diff_page_script(void);

/// Of the site.
PageAsset site_style(void);
PageAsset site_script(void);
/// Loads the page again when the preview says so.
PageAsset preview_script(void);

#endif
