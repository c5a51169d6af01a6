// The least that any program doing the job of `ingest run` has to do, on one thread:
//
//     floor run PUBLISHED STORE ARCHIVE...   read the archives, hash them, inflate and hash the members that
//                                            `ingest` reads, tokenise the CSV members with libcsv, and write the
//                                            files of an earlier run (PUBLISHED, a revision's folder) into STORE:
//                                            each hashed and synced to disk, aside, then renamed.
//     floor read ARCHIVE...                  only read, inflate and tokenise.
//
// It knows nothing of what it reads: no table, no check, no database. The files to write are mapped and handed to the
// system from there, so that finding them costs next to nothing; making them is what a floor leaves out.
// SHA-256 is libcrypto's, which uses the processor's instructions for it, inflating is zlib's.
//
// A line for each member and each file goes to stdout: SHA-256, bytes, rows and fields (CSV), path.
// Exit code: 0 done, 1 something could not be read or written, 64 usage.

#define _GNU_SOURCE
#include <csv.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

typedef struct {
    const unsigned char *bytes;
    size_t count;
} Span;

_Noreturn static void stop(const char *what, const char *path) {
    fprintf(stderr, "floor: %s: %s (%s)\n", path, what, strerror(errno));
    exit(1);
}

static const char *joined(char buffer[PATH_MAX], const char *folder, const char *name) {
    if (snprintf(buffer, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) stop("the path is too long", folder);
    return buffer;
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcasecmp(name + length - tail, end) == 0;
}

static const char *sha256(Span span) {
    static char text[65];
    unsigned char digest[32];
    if (EVP_Digest(span.bytes, span.count, digest, NULL, EVP_sha256(), NULL) != 1) stop("no SHA-256", "libcrypto");
    for (int i = 0; i < 32; i++) sprintf(text + 2 * i, "%02x", digest[i]);
    return text;
}

static Span map(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0) stop("it cannot be opened", path);
    if (about.st_size == 0) {
        close(file);
        return (Span){(const unsigned char *)"", 0};
    }
    void *start = mmap(NULL, about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED) stop("it cannot be mapped", path);
    close(file);
    return (Span){start, about.st_size};
}

// --------------------------------------------------------------------------------------------------------- reading

static unsigned number(const unsigned char *at, int bytes) {
    unsigned value = 0;
    while (bytes-- > 0) value = value << 8 | at[bytes];
    return value;
}

static void at_field(void *bytes, size_t count, void *counts) {
    (void)bytes, (void)count;
    ((long *)counts)[1]++;
}

static void at_row(int end, void *counts) {
    (void)end;
    ((long *)counts)[0]++;
}

static int is_space(unsigned char byte) {
    (void)byte;
    return 0;
}

/// Counts rows and fields, by the rules that `ingest` reads CSV with.
static void tokenise(Span text, const char *name, long counts[2]) {
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0) stop("libcsv cannot begin", name);
    csv_set_space_func(&parser, is_space);
    if (csv_parse(&parser, text.bytes, text.count, at_field, at_row, counts) != text.count
        || csv_fini(&parser, at_field, at_row, counts) != 0)
        stop(csv_strerror(csv_error(&parser)), name);
    csv_free(&parser);
}

static Span inflate_member(Span archive, const unsigned char *entry, const char *name) {
    unsigned method = number(entry + 10, 2), packed = number(entry + 20, 4), size = number(entry + 24, 4);
    const unsigned char *local = archive.bytes + number(entry + 42, 4);
    const unsigned char *data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    if (data + packed > archive.bytes + archive.count) stop("it reaches beyond the archive", name);
    unsigned char *bytes = malloc(size + 1);
    if (bytes == NULL) stop("no memory", name);
    if (method == 0) {
        memcpy(bytes, data, size);
    } else {
        z_stream stream = {.next_in = (unsigned char *)data, .avail_in = packed, .next_out = bytes, .avail_out = size};
        if (inflateInit2(&stream, -MAX_WBITS) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END
            || stream.total_out != size)
            stop("it cannot be inflated", name);
        inflateEnd(&stream);
    }
    if (crc32(0, bytes, size) != number(entry + 16, 4)) stop("its CRC is wrong", name);
    return (Span){bytes, size};
}

/// Whether `ingest` reads a member: tables as CSV, text and workbook, and of a workbook the sheet and its strings.
static bool is_read(const char *name, bool is_workbook, bool only_csv) {
    if (is_workbook) return ends_with(name, "sheet1.xml") || ends_with(name, "sharedStrings.xml");
    return ends_with(name, ".csv") || (!only_csv && (ends_with(name, ".txt") || ends_with(name, ".xlsx")));
}

static void read_archive(Span archive, const char *path, bool is_workbook, bool only_csv) {
    const unsigned char *end = archive.bytes + archive.count - 22;
    while (end > archive.bytes && number(end, 4) != 0x06054b50) end--;
    if (number(end, 4) != 0x06054b50) stop("it is no ZIP archive", path);
    unsigned members = number(end + 10, 2);
    const unsigned char *entry = archive.bytes + number(end + 16, 4);
    for (unsigned i = 0; i < members; i++) {
        unsigned length = number(entry + 28, 2);
        char name[PATH_MAX];
        if (length >= sizeof name) stop("a name is too long", path);
        memcpy(name, entry + 46, length);
        name[length] = 0;
        if (is_read(name, is_workbook, only_csv)) {
            Span member = inflate_member(archive, entry, name);
            long counts[2] = {0, 0};
            if (ends_with(name, ".csv")) tokenise(member, name, counts);
            // A workbook's hash covers its parts.
            const char *digest = is_workbook || only_csv ? "-" : sha256(member);
            printf("%s %zu %ld %ld %s\n", digest, member.count, counts[0], counts[1], name);
            if (ends_with(name, ".xlsx")) read_archive(member, name, true, false);
            free((void *)member.bytes);
        }
        entry += 46 + length + number(entry + 30, 2) + number(entry + 32, 2);
    }
}

// --------------------------------------------------------------------------------------------------------- writing

static void sync_folder(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    if (folder < 0 || fsync(folder) != 0) stop("it cannot be synced", path);
    close(folder);
}

static void write_through(Span span, const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file < 0) stop("it cannot be made", path);
    for (size_t done = 0; done < span.count;) {
        ssize_t count = write(file, span.bytes + done, span.count - done);
        if (count < 0) stop("it cannot be written", path);
        done += count;
    }
    if (fsync(file) != 0 || close(file) != 0) stop("it cannot be synced", path);
}

static void copy_folder(const char *from, const char *to) {
    DIR *folder = opendir(from);
    if (folder == NULL || mkdir(to, 0755) != 0) stop("the folder cannot be copied", from);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char source[PATH_MAX], target[PATH_MAX];
        if (entry->d_name[0] == '.') continue;
        joined(source, from, entry->d_name), joined(target, to, entry->d_name);
        struct stat about;
        if (stat(source, &about) != 0) stop("it is gone", source);
        if (S_ISDIR(about.st_mode)) {
            copy_folder(source, target);
            continue;
        }
        Span span = map(source);
        printf("%s %zu 0 0 %s\n", sha256(span), span.count, source + strlen(source) - strlen(entry->d_name));
        write_through(span, target);
        if (span.count > 0) munmap((void *)span.bytes, span.count);
    }
    closedir(folder);
    sync_folder(to);
}

static void publish(const char *published, const char *store) {
    char aside[PATH_MAX], releases[PATH_MAX], release[PATH_MAX], latest[PATH_MAX], latest_aside[PATH_MAX];
    mkdir(store, 0755);
    copy_folder(published, joined(aside, store, ".staging"));
    if (mkdir(joined(releases, store, "releases"), 0755) != 0) stop("it is there already", releases);
    if (rename(aside, joined(release, releases, "r1")) != 0) stop("it cannot be renamed", aside);
    sync_folder(releases);
    Span pointer = {(const unsigned char *)"{}\n", 3};
    write_through(pointer, joined(latest_aside, store, ".latest.json"));
    if (rename(latest_aside, joined(latest, store, "latest.json")) != 0) stop("it cannot be renamed", latest_aside);
    sync_folder(store);
}

int main(int count, char **arguments) {
    bool is_run = count > 4 && strcmp(arguments[1], "run") == 0;
    if (!is_run && !(count > 2 && strcmp(arguments[1], "read") == 0)) {
        fprintf(stderr, "usage: floor run PUBLISHED STORE ARCHIVE... | floor read ARCHIVE...\n");
        return 64;
    }
    for (int i = is_run ? 4 : 2; i < count; i++) {
        Span archive = map(arguments[i]);
        if (is_run) printf("%s %zu 0 0 %s\n", sha256(archive), archive.count, arguments[i]);
        read_archive(archive, arguments[i], false, !is_run);
    }
    if (is_run) publish(arguments[2], arguments[3]);
    return 0;
}
