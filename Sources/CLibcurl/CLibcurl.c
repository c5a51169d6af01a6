#include "CLibcurl.h"

#include <dlfcn.h>
#include <stddef.h>

#ifdef __APPLE__
#define LIBRARY "libcurl.4.dylib"
#else
#define LIBRARY "libcurl.so.4"
#endif

/// What is called, each with the type that curl.h declares.
static struct {
    typeof(curl_global_init) *global_init;
    typeof(curl_version) *version;
    typeof(curl_easy_init) *easy_init;
    typeof(curl_easy_cleanup) *easy_cleanup;
    typeof(curl_easy_setopt) *easy_setopt;
    typeof(curl_easy_getinfo) *easy_getinfo;
    typeof(curl_easy_perform) *easy_perform;
    typeof(curl_easy_strerror) *easy_strerror;
    typeof(curl_slist_append) *slist_append;
    typeof(curl_slist_free_all) *slist_free_all;
} library;

const char *ingest_curl_load(void) {
    void *found = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (found == NULL) return dlerror();
#define FIND(name) \
    if ((library.name = (typeof(library.name))dlsym(found, "curl_" #name)) == NULL) return LIBRARY " lacks curl_" #name
    FIND(global_init);
    FIND(version);
    FIND(easy_init);
    FIND(easy_cleanup);
    FIND(easy_setopt);
    FIND(easy_getinfo);
    FIND(easy_perform);
    FIND(easy_strerror);
    FIND(slist_append);
    FIND(slist_free_all);
    return library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : LIBRARY " cannot be set up";
}

CURL *ingest_curl_begin(void) { return library.easy_init(); }
void ingest_curl_end(CURL *handle) { library.easy_cleanup(handle); }
CURLcode ingest_curl_perform(CURL *handle) { return library.easy_perform(handle); }
const char *ingest_curl_reason(CURLcode code) { return library.easy_strerror(code); }
const char *ingest_curl_version(void) { return library.version(); }

struct curl_slist *ingest_curl_list_append(struct curl_slist *list, const char *text) {
    return library.slist_append(list, text);
}

void ingest_curl_list_free(struct curl_slist *list) { library.slist_free_all(list); }

CURLcode ingest_curl_set_text(CURL *handle, CURLoption option, const char *text) {
    return library.easy_setopt(handle, option, text);
}

CURLcode ingest_curl_set_number(CURL *handle, CURLoption option, long number) {
    return library.easy_setopt(handle, option, number);
}

CURLcode ingest_curl_set_pointer(CURL *handle, CURLoption option, void *pointer) {
    return library.easy_setopt(handle, option, pointer);
}

CURLcode ingest_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return library.easy_setopt(handle, option, list);
}

CURLcode ingest_curl_set_receive(CURL *handle, CURLoption option, ingest_curl_receive receive) {
    return library.easy_setopt(handle, option, receive);
}

CURLcode ingest_curl_set_progress(CURL *handle, CURLoption option, ingest_curl_progress progress) {
    return library.easy_setopt(handle, option, progress);
}

CURLcode ingest_curl_text_info(CURL *handle, CURLINFO info, const char **text) {
    return library.easy_getinfo(handle, info, text);
}
