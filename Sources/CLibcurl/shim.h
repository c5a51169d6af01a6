#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo take a variable number of arguments, which Swift cannot call: one
// function for each type of argument that is used.
static inline CURLcode ingest_curl_set_text(CURL *handle, CURLoption option, const char *text) {
    return curl_easy_setopt(handle, option, text);
}

static inline CURLcode ingest_curl_set_number(CURL *handle, CURLoption option, long number) {
    return curl_easy_setopt(handle, option, number);
}

static inline CURLcode ingest_curl_set_pointer(CURL *handle, CURLoption option, void *pointer) {
    return curl_easy_setopt(handle, option, pointer);
}

static inline CURLcode ingest_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(handle, option, list);
}

typedef size_t (*ingest_curl_receive)(char *bytes, size_t size, size_t count, void *receiver);

static inline CURLcode ingest_curl_set_receive(CURL *handle, CURLoption option, ingest_curl_receive receive) {
    return curl_easy_setopt(handle, option, receive);
}

typedef int (*ingest_curl_progress)(void *receiver, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up);

static inline CURLcode ingest_curl_set_progress(CURL *handle, CURLoption option, ingest_curl_progress progress) {
    return curl_easy_setopt(handle, option, progress);
}

static inline CURLcode ingest_curl_text_info(CURL *handle, CURLINFO info, const char **text) {
    return curl_easy_getinfo(handle, info, text);
}

static inline CURLcode ingest_curl_number_info(CURL *handle, CURLINFO info, long *number) {
    return curl_easy_getinfo(handle, info, number);
}
