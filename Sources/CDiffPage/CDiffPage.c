// The two files that make `diff.html` a page, embedded as bytes: they are edited with the tools for their languages.

#include "CDiffPage.h"

static const unsigned char style[] = {
#embed "diff.css"
};
static const unsigned char script[] = {
#embed "diff.js"
};

PageAsset diff_page_style(void) {
    return (PageAsset){style, sizeof(style)};
}

PageAsset diff_page_script(void) {
    return (PageAsset){script, sizeof(script)};
}
