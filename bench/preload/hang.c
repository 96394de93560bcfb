/* LD_PRELOAD: a disk that hangs. While the file $HANG is there, no sync of a file below the folder $HANG_DATA returns. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(int fd) {
  const char *flag = getenv("HANG"), *data = getenv("HANG_DATA");
  char link[64], path[PATH_MAX];
  if (!flag || !data) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return;
  path[n] = 0;
  if (strncmp(path, data, strlen(data)) != 0) return;
  while (access(flag, F_OK) == 0) usleep(50000);
}

#define HANGING(type, name, params, args, fd)                            \
  type name params {                                                     \
    static type(*real) params;                                           \
    if (!real) real = (type(*) params)dlsym(RTLD_NEXT, #name);           \
    hang(fd);                                                            \
    return real args;                                                    \
  }

HANGING(int, fdatasync, (int fd), (fd), fd)
HANGING(int, fsync, (int fd), (fd), fd)
HANGING(int, syncfs, (int fd), (fd), fd)
HANGING(int, sync_file_range, (int fd, off64_t at, off64_t n, unsigned flags), (fd, at, n, flags), fd)
