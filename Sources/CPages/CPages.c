// The styles and scripts of our pages, embedded as bytes: they are edited with the tools for their languages.

#include "CPages.h"

static const unsigned char dictionary_css[] = {
#embed "dictionary.css"
};
static const unsigned char diff_css[] = {
#embed "diff.css"
};
static const unsigned char diff_js[] = {
#embed "diff.js"
};
static const unsigned char site_css[] = {
#embed "site.css"
};
static const unsigned char site_js[] = {
#embed "site.js"
};
static const unsigned char preview_js[] = {
#embed "preview.js"
};

PageAsset dictionary_style(void) {
    return (PageAsset){dictionary_css, sizeof(dictionary_css)};
}

PageAsset diff_page_style(void) {
    return (PageAsset){diff_css, sizeof(diff_css)};
}

PageAsset diff_page_script(void) {
    return (PageAsset){diff_js, sizeof(diff_js)};
}

PageAsset site_style(void) {
    return (PageAsset){site_css, sizeof(site_css)};
}

PageAsset site_script(void) {
    return (PageAsset){site_js, sizeof(site_js)};
}

PageAsset preview_script(void) {
    return (PageAsset){preview_js, sizeof(preview_js)};
}
