/*
 * LD_PRELOAD: writes down all that a process does to the files below $PC_DATA, before it is done, so that a power cut can be
 * played afterwards (bench/power). $PC_UNDO is a folder on the same file system, for the log and for what was unlinked.
 *
 * A record is ten 64-bit words and two lots of bytes:
 *   kind, number, inode, offset, size before, inode of the other, length of the first lot, of the second, 0, 0
 *   1 write     the bytes before, the bytes after
 *   2 truncate  the bytes cut off; "offset" is the size after
 *   3 sync      of a file or a folder, that has returned; "offset" is the first number that it need not cover
 *   4 create    the path
 *   5 unlink    the path; the file stays as $PC_UNDO/<inode>
 *   6 rename    from, to; "the other" was there before and stays as $PC_UNDO/<inode>
 * A call that is made any other way is not seen; `$PC_UNDO/seen` counts bytes, to be compared with /proc/PID/io.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(type, name, params)                                \
  static type(*real_##name) params;                             \
  if (!real_##name) real_##name = (type(*) params)dlsym(RTLD_NEXT, #name);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t number = 1;
static const char *data, *undo;
static int log_fd = -1;
static uint64_t *seen;
static int is_ready;

static ssize_t write_real(int fd, const void *bytes, size_t n) {
  REAL(ssize_t, write, (int, const void *, size_t))
  return real_write(fd, bytes, n);
}

/* Called from within other libraries' constructors too. */
static int ready(void) {
  if (is_ready) return data && undo;
  pthread_mutex_lock(&lock);
  if (!is_ready) {
    REAL(int, open64, (const char *, int, ...))
    char path[PATH_MAX];
    undo = getenv("PC_UNDO");
    data = getenv("PC_DATA");
    if (undo && data) {
      snprintf(path, sizeof path, "%s/log", undo);
      log_fd = real_open64(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      snprintf(path, sizeof path, "%s/seen", undo);
      int fd = real_open64(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      REAL(int, ftruncate64, (int, off64_t))
      if (real_ftruncate64(fd, 8) == 0) seen = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      close(fd);
    }
    is_ready = 1;
  }
  pthread_mutex_unlock(&lock);
  return data && undo;
}

static void count(ssize_t n) {
  if (n > 0 && ready() && seen) __atomic_add_fetch(seen, n, __ATOMIC_RELAXED);
}

/* A file that SQLite shares with itself holds no data. */
static int is_data(const char *path) {
  size_t n = strlen(data), m = strlen(path);
  if (strncmp(path, data, n) != 0 || (path[n] != 0 && path[n] != '/')) return 0;
  return m < 4 || strcmp(path + m - 4, "-shm") != 0;
}

static int ours(int fd, struct stat *st) {
  int error = errno, is = 0;
  char link[64], path[PATH_MAX];
  if (ready() && fd != log_fd && fstat(fd, st) == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    is = is_data(path);
  }
  errno = error;
  return is;
}

/* The path in full, where it is one of ours. */
static int ours_at(int dir, const char *name, char *path) {
  int error = errno;
  char link[64], base[PATH_MAX];
  base[0] = 0;
  if (!ready()) return 0;
  if (name[0] != '/') {
    snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, base, sizeof base - 2);
    base[n > 0 ? n : 0] = 0;
    strcat(base, "/");
  }
  int n = snprintf(path, PATH_MAX, "%s%s", base, name);
  errno = error;
  return n < PATH_MAX && is_data(path);
}

struct lot {
  const void *bytes;
  uint64_t n;
};

static void put(uint64_t kind, uint64_t inode, uint64_t offset, uint64_t size, uint64_t other, struct lot a, struct lot b) {
  uint64_t head[10] = {kind, number++, inode, offset, size, other, a.n, b.n, 0, 0};
  struct iovec parts[3] = {{head, sizeof head}, {(void *)a.bytes, a.n}, {(void *)b.bytes, b.n}};
  REAL(ssize_t, writev, (int, const struct iovec *, int))
  ssize_t n = real_writev(log_fd, parts, 3);
  if (n != (ssize_t)(sizeof head + a.n + b.n)) {
    fprintf(stderr, "powercut: the log cannot be written\n");
    _exit(97);
  }
  count(n);
}

/* What is there now; of a file that is not open for reading too. */
static char *before(int fd, uint64_t offset, uint64_t n, uint64_t *got) {
  char link[64], *bytes = malloc(n ? n : 1);
  REAL(int, open64, (const char *, int, ...))
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reader = real_open64(link, O_RDONLY | O_CLOEXEC);
  ssize_t r = reader < 0 ? -1 : pread64(reader, bytes, n, offset);
  if (reader >= 0) close(reader);
  *got = r > 0 ? r : 0;
  return bytes;
}

static void put_write(int fd, const void *bytes, uint64_t n, uint64_t offset) {
  struct stat st;
  uint64_t got = 0;
  fstat(fd, &st);
  uint64_t size = st.st_size;
  char *old = offset < size ? before(fd, offset, size - offset < n ? size - offset : n, &got) : NULL;
  put(1, st.st_ino, offset, size, 0, (struct lot){old, got}, (struct lot){bytes, n});
  free(old);
}

static void put_truncate(int fd, uint64_t to) {
  struct stat st;
  uint64_t got = 0;
  fstat(fd, &st);
  uint64_t size = st.st_size;
  char *old = to < size ? before(fd, to, size - to, &got) : NULL;
  put(2, st.st_ino, to, size, 0, (struct lot){old, got}, (struct lot){NULL, 0});
  free(old);
}

static uint64_t place(int fd) {
  struct stat st;
  if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &st) ? 0 : st.st_size;
  return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t n) {
  struct stat st;
  int is = ours(fd, &st);
  if (is) pthread_mutex_lock(&lock), put_write(fd, bytes, n, place(fd));
  ssize_t r = write_real(fd, bytes, n);
  if (is) pthread_mutex_unlock(&lock);
  count(r);
  return r;
}

#define PWRITE(name, type)                                               \
  ssize_t name(int fd, const void *bytes, size_t n, type offset) {       \
    REAL(ssize_t, name, (int, const void *, size_t, type))               \
    struct stat st;                                                      \
    int is = ours(fd, &st);                                              \
    if (is) pthread_mutex_lock(&lock), put_write(fd, bytes, n, offset);  \
    ssize_t r = real_##name(fd, bytes, n, offset);                       \
    if (is) pthread_mutex_unlock(&lock);                                 \
    count(r);                                                            \
    return r;                                                            \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static void put_writev(int fd, const struct iovec *parts, int n, uint64_t offset) {
  for (int i = 0; i < n; offset += parts[i++].iov_len) put_write(fd, parts[i].iov_base, parts[i].iov_len, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  REAL(ssize_t, writev, (int, const struct iovec *, int))
  struct stat st;
  int is = ours(fd, &st);
  if (is) pthread_mutex_lock(&lock), put_writev(fd, parts, n, place(fd));
  ssize_t r = real_writev(fd, parts, n);
  if (is) pthread_mutex_unlock(&lock);
  count(r);
  return r;
}

#define PWRITEV(name, type)                                              \
  ssize_t name(int fd, const struct iovec *parts, int n, type offset) {  \
    REAL(ssize_t, name, (int, const struct iovec *, int, type))          \
    struct stat st;                                                      \
    int is = ours(fd, &st);                                              \
    if (is) pthread_mutex_lock(&lock), put_writev(fd, parts, n, offset); \
    ssize_t r = real_##name(fd, parts, n, offset);                       \
    if (is) pthread_mutex_unlock(&lock);                                 \
    count(r);                                                            \
    return r;                                                            \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define FTRUNCATE(name, type)                                            \
  int name(int fd, type to) {                                            \
    REAL(int, name, (int, type))                                         \
    struct stat st;                                                      \
    int is = ours(fd, &st);                                              \
    if (is) pthread_mutex_lock(&lock), put_truncate(fd, to);             \
    int r = real_##name(fd, to);                                         \
    if (is) pthread_mutex_unlock(&lock);                                 \
    return r;                                                            \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* Room that is asked for beforehand is a longer file of zeros. */
#define FALLOCATE(name, params, args, to)                                \
  int name params {                                                      \
    REAL(int, name, params)                                              \
    struct stat st;                                                      \
    int is = ours(fd, &st) && (int64_t)(to) > st.st_size;                \
    if (is) pthread_mutex_lock(&lock), put_truncate(fd, to);             \
    int r = real_##name args;                                            \
    if (is) pthread_mutex_unlock(&lock);                                 \
    return r;                                                            \
  }
FALLOCATE(posix_fallocate, (int fd, off_t offset, off_t n), (fd, offset, n), offset + n)
FALLOCATE(posix_fallocate64, (int fd, off64_t offset, off64_t n), (fd, offset, n), offset + n)

#define SYNC(name)                                                       \
  int name(int fd) {                                                     \
    REAL(int, name, (int))                                               \
    struct stat st;                                                      \
    int is = ours(fd, &st);                                              \
    pthread_mutex_lock(&lock);                                           \
    uint64_t upto = number;                                              \
    pthread_mutex_unlock(&lock);                                         \
    int r = real_##name(fd);                                             \
    if (is && r == 0) {                                                  \
      pthread_mutex_lock(&lock);                                         \
      put(3, st.st_ino, upto, 0, 0, (struct lot){0}, (struct lot){0});   \
      pthread_mutex_unlock(&lock);                                       \
    }                                                                    \
    return r;                                                            \
  }
SYNC(fsync)
SYNC(fdatasync)

/* Under another name, so that it can be there again. */
static void keep(const char *path, uint64_t inode) {
  char kept[PATH_MAX];
  snprintf(kept, sizeof kept, "%s/%lu", undo, (unsigned long)inode);
  if (linkat(AT_FDCWD, path, AT_FDCWD, kept, 0) != 0 && errno != EEXIST) {
    fprintf(stderr, "powercut: %s cannot be kept\n", path);
    _exit(97);
  }
}

static int unlink_at(int dir, const char *name, int flags) {
  REAL(int, unlinkat, (int, const char *, int))
  char path[PATH_MAX];
  struct stat st;
  int is = !(flags & AT_REMOVEDIR) && ours_at(dir, name, path) && lstat(path, &st) == 0 && S_ISREG(st.st_mode);
  if (is) {
    pthread_mutex_lock(&lock);
    keep(path, st.st_ino);
    put(5, st.st_ino, 0, 0, 0, (struct lot){path, strlen(path)}, (struct lot){0});
  }
  int r = real_unlinkat(dir, name, flags);
  if (is) pthread_mutex_unlock(&lock);
  return r;
}
int unlinkat(int dir, const char *name, int flags) { return unlink_at(dir, name, flags); }
int unlink(const char *name) { return unlink_at(AT_FDCWD, name, 0); }
int remove(const char *name) {
  int r = unlink_at(AT_FDCWD, name, 0);
  return r != 0 && errno == EISDIR ? rmdir(name) : r;
}

static int rename_at(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  REAL(int, renameat2, (int, const char *, int, const char *, unsigned))
  char old[PATH_MAX], new[PATH_MAX];
  struct stat st, there;
  int is = ours_at(from_dir, from, old) && ours_at(to_dir, to, new) && lstat(old, &st) == 0;
  if (is) {
    uint64_t other = lstat(new, &there) == 0 ? there.st_ino : 0;
    pthread_mutex_lock(&lock);
    if (other) keep(new, other);
    put(6, st.st_ino, 0, 0, other, (struct lot){old, strlen(old)}, (struct lot){new, strlen(new)});
  }
  int r = real_renameat2(from_dir, from, to_dir, to, flags);
  if (is) pthread_mutex_unlock(&lock);
  return r;
}
int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return rename_at(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return rename_at(a, from, b, to, flags); }

static int open_at(int dir, const char *name, int flags, mode_t mode) {
  REAL(int, openat64, (int, const char *, int, ...))
  char path[PATH_MAX];
  struct stat st;
  int is = (flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE && ours_at(dir, name, path);
  if (!is) return real_openat64(dir, name, flags, mode);
  pthread_mutex_lock(&lock);
  int was = stat(path, &st) == 0;
  int fd = -1;
  if (was && (flags & O_TRUNC) && !(flags & O_EXCL)) {
    fd = real_openat64(dir, name, flags & ~(O_TRUNC | O_CREAT), mode);
    if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY) {
      REAL(int, ftruncate64, (int, off64_t))
      put_truncate(fd, 0);
      real_ftruncate64(fd, 0);
    }
  } else {
    fd = real_openat64(dir, name, flags, mode);
    if (!was && fd >= 0 && fstat(fd, &st) == 0)
      put(4, st.st_ino, 0, 0, 0, (struct lot){path, strlen(path)}, (struct lot){0});
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN(name, params, dir)                                          \
  int name params {                                                      \
    mode_t mode = 0;                                                     \
    if (flags & (O_CREAT | O_TMPFILE)) {                                 \
      va_list more;                                                      \
      va_start(more, flags);                                             \
      mode = va_arg(more, mode_t);                                       \
      va_end(more);                                                      \
    }                                                                    \
    return open_at(dir, path, flags, mode);                              \
  }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int at, const char *path, int flags, ...), at)
OPEN(openat64, (int at, const char *path, int flags, ...), at)
