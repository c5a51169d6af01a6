#ifndef CLIBCURL_H
#define CLIBCURL_H

// libcurl, loaded by the first exchange: with it come thirty libraries of the system, and most commands fetch nothing.
// curl_easy_setopt and curl_easy_getinfo take a variable number of arguments, which Swift cannot call: one function for
// each type of argument that is used.

#include <curl/curl.h>

/// Loads the library and sets it up: once in the process, before anything else here is called. Returns 0, or what is
/// wrong, in the loader's own words.
const char *ingest_curl_load(void);

CURL *ingest_curl_begin(void);
void ingest_curl_end(CURL *handle);
CURLcode ingest_curl_perform(CURL *handle);
const char *ingest_curl_reason(CURLcode code);
const char *ingest_curl_version(void);

struct curl_slist *ingest_curl_list_append(struct curl_slist *list, const char *text);
void ingest_curl_list_free(struct curl_slist *list);

typedef size_t (*ingest_curl_receive)(char *bytes, size_t size, size_t count, void *receiver);
typedef int (*ingest_curl_progress)(
    void *receiver, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up);

CURLcode ingest_curl_set_text(CURL *handle, CURLoption option, const char *text);
CURLcode ingest_curl_set_number(CURL *handle, CURLoption option, long number);
CURLcode ingest_curl_set_pointer(CURL *handle, CURLoption option, void *pointer);
CURLcode ingest_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list);
CURLcode ingest_curl_set_receive(CURL *handle, CURLoption option, ingest_curl_receive receive);
CURLcode ingest_curl_set_progress(CURL *handle, CURLoption option, ingest_curl_progress progress);
CURLcode ingest_curl_text_info(CURL *handle, CURLINFO info, const char **text);

#endif
