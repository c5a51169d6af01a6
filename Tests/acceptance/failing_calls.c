/* Stands between a program and the C library (LD_PRELOAD) and watches the calls that touch files below one folder.
 *
 *   FAILING_ROOT     the folder, absolute, without links
 *   FAILING_LOG      a file to which every such call is appended, one a line:
 *                    call, path, second path or -, descriptor, result, offset, bytes in hex or -
 *   FAILING_TARGET   the call to disturb: "call path number", the number-th such call on the path below the root.
 *                    A path rather than a plain count, because several threads write and their order varies.
 *   FAILING_HOW      an errno's name, "short" (a write takes half), "kill-before" or "kill-after"
 *   FAILING_LASTING  from then on every call that needs room or permission to write fails in the same way
 *   FAILING_CLOCK    seconds to add to the time of day
 *
 * Temporary names that the system library makes up are called .dat.nosync, so that they are the same each time.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static const char *root, *target, *how;
static size_t root_length;
static int log_descriptor = -1, seen, is_failing, is_lasting;
static long clock_shift;

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("FAILING_LOG"), *shift = getenv("FAILING_CLOCK");
    root = getenv("FAILING_ROOT");
    root_length = root ? strlen(root) : 0;
    target = getenv("FAILING_TARGET");
    how = getenv("FAILING_HOW");
    is_lasting = getenv("FAILING_LASTING") != NULL;
    clock_shift = shift ? atol(shift) : 0;
    if (log) log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* The path that a call means, absolute; the descriptor is of a folder, or of the file itself where there is no path. */
static int resolve(int descriptor, const char *path, char out[PATH_MAX]) {
    char base[PATH_MAX] = "";
    if (!path || path[0] != '/') {
        char link[64];
        if (descriptor == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
        if (length < 0) return 0;
        base[length] = 0;
    }
    if (!path) snprintf(out, PATH_MAX, "%s", base);
    else if (path[0] == '/') snprintf(out, PATH_MAX, "%s", path);
    else if ((size_t)snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/') out[--length] = 0;
    return 1;
}

/* A watched path as it is named in logs and targets; NULL for one that is not below the root. */
static const char *watched(const char *path) {
    static __thread char names[2][PATH_MAX];
    static __thread int turn;
    if (!root_length || strncmp(path, root, root_length) || (path[root_length] != '/' && path[root_length])) return NULL;
    char *name = names[turn = !turn];
    snprintf(name, PATH_MAX, "%s", path[root_length] ? path + root_length + 1 : ".");
    char *made_up = strstr(name, ".dat.nosync");
    if (made_up) made_up[strlen(".dat.nosync")] = 0;
    return name;
}

struct call {
    const char *name, *path, *second;
    int descriptor, is_watched, needs_room, is_target;
    const void *bytes;
    size_t count;
    off_t offset;
};

static int error_number(const char *name) {
    static const struct { const char *name; int number; } errors[] = {
        {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EACCES", EACCES}, {"EROFS", EROFS}, {"EINTR", EINTR}, {"EMFILE", EMFILE},
        {"EDQUOT", EDQUOT}, {"ENOMEM", ENOMEM}, {"ENOLCK", ENOLCK}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(errors[i].name, name)) return errors[i].number;
    return EIO;
}

/* Takes the guard for a watched call. Returns whether the call has to fail, with errno set. */
static int enter(struct call *call) {
    if (!call->is_watched) return 0;
    pthread_mutex_lock(&guard);
    if (!target || !how) return 0;
    size_t name = strlen(call->name), path = strlen(call->path);
    if (!strncmp(target, call->name, name) && target[name] == ' ' && !strncmp(target + name + 1, call->path, path)
        && target[name + 1 + path] == ' ')
        call->is_target = ++seen == atoi(target + name + path + 2);
    if (call->is_target && !strcmp(how, "kill-before")) kill(getpid(), SIGKILL);
    if (!strncmp(how, "kill", 4) || !strcmp(how, "short")) return 0;
    if (!call->is_target && !(is_failing && is_lasting && call->needs_room)) return 0;
    is_failing = 1;
    errno = error_number(how);
    return 1;
}

/* Lets the guard go, and notes what the call did. */
static long leave(struct call *call, long result) {
    if (!call->is_watched) return result;
    int error = errno;
    if (log_descriptor >= 0) {
        size_t shown = call->bytes && result > 0 ? (size_t)result : 0, length = 3 * PATH_MAX + 2 * shown;
        char *line = malloc(length);
        int used = snprintf(
            line, length, "%s\t%s\t%s\t%d\t%ld\t%ld\t", call->name, call->path, call->second ? call->second : "-",
            call->descriptor, result, (long)call->offset);
        for (size_t i = 0; i < shown; i++) used += sprintf(line + used, "%02x", ((const unsigned char *)call->bytes)[i]);
        used += sprintf(line + used, shown ? "\n" : "-\n");
        syscall(SYS_write, log_descriptor, line, used);
        free(line);
    }
    if (call->is_target && !strcmp(how, "kill-after")) kill(getpid(), SIGKILL);
    pthread_mutex_unlock(&guard);
    errno = error;
    return result;
}

static struct call on_path(const char *name, int folder, const char *path, int needs_room) {
    char whole[PATH_MAX];
    struct call call = {.name = name, .descriptor = -1, .needs_room = needs_room};
    if (!root_length || !path || !resolve(folder, path, whole)) return call;
    call.path = watched(whole);
    call.is_watched = call.path != NULL;
    return call;
}

static struct call on_descriptor(const char *name, int descriptor, int needs_room) {
    char whole[PATH_MAX];
    struct call call = {.name = name, .descriptor = descriptor, .needs_room = needs_room};
    if (!root_length || descriptor < 0 || !resolve(descriptor, NULL, whole)) return call;
    call.path = watched(whole);
    call.is_watched = call.path != NULL;
    return call;
}

static struct call on_two_paths(const char *name, int from_folder, const char *from, int to_folder, const char *to) {
    char whole[PATH_MAX];
    struct call call = on_path(name, from_folder, from, 1);
    if (call.is_watched && resolve(to_folder, to, whole)) call.second = watched(whole);
    return call;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* Opening. */

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); }

static int open_any(int folder, const char *path, int flags, mode_t mode) {
    struct call call = on_path(writes(flags) ? "open-to-write" : "open", folder, path, writes(flags));
    if (enter(&call)) return (int)leave(&call, -1);
    /* Whether the file was made, and whether it was emptied, is what the model of a disk needs to know. */
    call.offset = flags & (O_CREAT | O_TRUNC);
    int descriptor = (int)syscall(SYS_openat, folder, path, flags | O_LARGEFILE, mode);
    call.descriptor = descriptor;
    return (int)leave(&call, descriptor);
}

#define OPEN_MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { OPEN_MODE(flags) return open_any(folder, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static int make_temporary(char *pattern, int suffix, int flags) {
    size_t length = strlen(pattern);
    for (unsigned turn = 0; turn < 100; turn++) {
        struct timespec now;
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
        unsigned long value = (unsigned long)now.tv_nsec * 31 + (unsigned long)getpid() + turn;
        for (int i = 0; i < 6; i++, value /= 26) pattern[length - suffix - 6 + i] = 'a' + value % 26;
        int descriptor = open_any(AT_FDCWD, pattern, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
}

int mkstemp(char *pattern) { return make_temporary(pattern, 0, 0); }
int mkstemp64(char *pattern) { return make_temporary(pattern, 0, 0); }
int mkostemp(char *pattern, int flags) { return make_temporary(pattern, 0, flags); }
int mkostemp64(char *pattern, int flags) { return make_temporary(pattern, 0, flags); }
int mkstemps(char *pattern, int suffix) { return make_temporary(pattern, suffix, 0); }
int mkostemps(char *pattern, int suffix, int flags) { return make_temporary(pattern, suffix, flags); }

FILE *fopen(const char *path, const char *mode) {
    REAL(FILE *, "fopen", const char *, const char *);
    struct call call = on_path(strpbrk(mode, "wa+") ? "fopen-to-write" : "fopen", AT_FDCWD, path, 1);
    if (enter(&call)) { leave(&call, -1); return NULL; }
    FILE *file = real(path, mode);
    leave(&call, file ? 0 : -1);
    return file;
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

DIR *opendir(const char *path) {
    REAL(DIR *, "opendir", const char *);
    struct call call = on_path("opendir", AT_FDCWD, path, 0);
    if (enter(&call)) { leave(&call, -1); return NULL; }
    DIR *folder = real(path);
    leave(&call, folder ? 0 : -1);
    return folder;
}

int close(int descriptor) {
    struct call call = on_descriptor("close", descriptor, 0);
    int fails = enter(&call), error = errno;
    /* Linux lets go of the descriptor also where it reports an error. */
    int result = (int)syscall(SYS_close, descriptor);
    if (fails) { errno = error; result = -1; }
    return (int)leave(&call, result);
}

/* Reading and writing. */

static ssize_t halved(const struct call *call, size_t count) {
    return call->is_target && how && !strcmp(how, "short") && count > 1 ? (ssize_t)(count / 2) : (ssize_t)count;
}

ssize_t read(int descriptor, void *bytes, size_t count) {
    struct call call = on_descriptor("read", descriptor, 0);
    if (enter(&call)) return leave(&call, -1);
    return leave(&call, syscall(SYS_read, descriptor, bytes, halved(&call, count)));
}

static ssize_t pread_any(int descriptor, void *bytes, size_t count, off_t offset) {
    struct call call = on_descriptor("pread", descriptor, 0);
    if (enter(&call)) return leave(&call, -1);
    return leave(&call, syscall(SYS_pread64, descriptor, bytes, halved(&call, count), offset));
}
ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) { return pread_any(descriptor, bytes, count, offset); }
ssize_t pread64(int descriptor, void *bytes, size_t count, off_t offset) { return pread_any(descriptor, bytes, count, offset); }

ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct call call = on_descriptor("write", descriptor, 1);
    call.bytes = bytes;
    if (enter(&call)) return leave(&call, -1);
    if (call.is_watched) call.offset = syscall(SYS_lseek, descriptor, 0, SEEK_CUR);
    return leave(&call, syscall(SYS_write, descriptor, bytes, halved(&call, count)));
}

static ssize_t pwrite_any(int descriptor, const void *bytes, size_t count, off_t offset) {
    struct call call = on_descriptor("pwrite", descriptor, 1);
    call.bytes = bytes;
    call.offset = offset;
    if (enter(&call)) return leave(&call, -1);
    return leave(&call, syscall(SYS_pwrite64, descriptor, bytes, halved(&call, count), offset));
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite_any(descriptor, bytes, count, offset); }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite_any(descriptor, bytes, count, offset); }

/* One piece after the other: a writev may take less than all. */
ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
    ssize_t written = 0;
    for (int i = 0; i < count; i++) {
        ssize_t result = write(descriptor, pieces[i].iov_base, pieces[i].iov_len);
        if (result < 0) return written ? written : -1;
        written += result;
        if ((size_t)result < pieces[i].iov_len) break;
    }
    return written;
}

static int truncate_any(int descriptor, off_t length) {
    struct call call = on_descriptor("ftruncate", descriptor, 1);
    call.offset = length;
    if (enter(&call)) return (int)leave(&call, -1);
    return (int)leave(&call, syscall(SYS_ftruncate, descriptor, length));
}
int ftruncate(int descriptor, off_t length) { return truncate_any(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return truncate_any(descriptor, length); }

static int synchronise(const char *name, long number, int descriptor) {
    struct call call = on_descriptor(name, descriptor, 1);
    if (enter(&call)) return (int)leave(&call, -1);
    /* The tests look at what was asked of the disk, and do not wait for it. */
    (void)number;
    return (int)leave(&call, call.is_watched ? 0 : syscall(number, descriptor));
}
int fsync(int descriptor) { return synchronise("fsync", SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return synchronise("fsync", SYS_fdatasync, descriptor); }

static void *map_any(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    if (descriptor < 0 || flags & MAP_ANONYMOUS)
        return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    int is_shared = (flags & MAP_TYPE) != MAP_PRIVATE && protection & PROT_WRITE;
    struct call call = on_descriptor(is_shared ? "mmap-to-write" : "mmap", descriptor, 0);
    if (enter(&call)) { leave(&call, -1); return MAP_FAILED; }
    void *result = (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    leave(&call, result == MAP_FAILED ? -1 : 0);
    return result;
}
void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return map_any(address, length, protection, flags, descriptor, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return map_any(address, length, protection, flags, descriptor, offset);
}

/* Names. */

#define NAMED(name, number, folder, path, needs_room, ...) \
    struct call call = on_path(name, folder, path, needs_room); \
    if (enter(&call)) return (int)leave(&call, -1); \
    return (int)leave(&call, syscall(number, __VA_ARGS__))

int mkdir(const char *path, mode_t mode) { NAMED("mkdir", SYS_mkdirat, AT_FDCWD, path, 1, AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { NAMED("mkdir", SYS_mkdirat, folder, path, 1, folder, path, mode); }
int unlink(const char *path) { NAMED("unlink", SYS_unlinkat, AT_FDCWD, path, 0, AT_FDCWD, path, 0); }
int rmdir(const char *path) { NAMED("rmdir", SYS_unlinkat, AT_FDCWD, path, 0, AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int folder, const char *path, int flags) {
    NAMED(flags & AT_REMOVEDIR ? "rmdir" : "unlink", SYS_unlinkat, folder, path, 0, folder, path, flags);
}
int remove(const char *path) {
    int result = unlink(path);
    return result && errno == EISDIR ? rmdir(path) : result;
}
int symlink(const char *to, const char *path) { NAMED("symlink", SYS_symlinkat, AT_FDCWD, path, 1, to, AT_FDCWD, path); }

static int rename_any(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    struct call call = on_two_paths("rename", from_folder, from, to_folder, to);
    if (enter(&call)) return (int)leave(&call, -1);
    return (int)leave(&call, syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}
int rename(const char *from, const char *to) { return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_folder, const char *from, int to_folder, const char *to) { return rename_any(from_folder, from, to_folder, to, 0); }
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return rename_any(from_folder, from, to_folder, to, flags);
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    struct call call = on_two_paths("link", from_folder, from, to_folder, to);
    if (enter(&call)) return (int)leave(&call, -1);
    return (int)leave(&call, syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int stat(const char *path, struct stat *out) { NAMED("stat", SYS_newfstatat, AT_FDCWD, path, 0, AT_FDCWD, path, out, 0); }
int stat64(const char *path, struct stat64 *out) { NAMED("stat", SYS_newfstatat, AT_FDCWD, path, 0, AT_FDCWD, path, out, 0); }
int lstat(const char *path, struct stat *out) {
    NAMED("stat", SYS_newfstatat, AT_FDCWD, path, 0, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}
int lstat64(const char *path, struct stat64 *out) {
    NAMED("stat", SYS_newfstatat, AT_FDCWD, path, 0, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}
int chmod(const char *path, mode_t mode) { NAMED("chmod", SYS_fchmodat, AT_FDCWD, path, 1, AT_FDCWD, path, mode); }

/* Locks. */

int flock(int descriptor, int operation) {
    struct call call = on_descriptor("flock", descriptor, 0);
    if (enter(&call)) return (int)leave(&call, -1);
    return (int)leave(&call, syscall(SYS_flock, descriptor, operation));
}

static int control(int descriptor, int command, void *argument) {
    int is_lock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
    struct call call = {0};
    if (is_lock) call = on_descriptor("fcntl-lock", descriptor, 0);
    if (enter(&call)) return (int)leave(&call, -1);
    return (int)leave(&call, syscall(SYS_fcntl, descriptor, command, argument));
}
int fcntl(int descriptor, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control(descriptor, command, argument);
}
int fcntl64(int descriptor, int command, ...) __attribute__((alias("fcntl")));

/* The time of day. */

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += clock_shift;
    return result;
}
int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    int result = (int)syscall(SYS_gettimeofday, out, zone);
    if (!result) out->tv_sec += clock_shift;
    return result;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
