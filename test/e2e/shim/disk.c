/* A disk between a process and its journal: it writes down what is written and when it is synced, and it can fail.
 *
 * Loaded with LD_PRELOAD. DISK_FILE is the file that it watches. With DISK_LOG all writes to it and syncs of it are appended there, each when
 * it has succeeded: a byte for the kind (1 a write, 2 a write that is synced by itself, 3 a sync), then offset and length (eight bytes each,
 * of this machine), then the bytes. With DISK_FAIL, syncs fail with EIO as long as that file exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNCED_WRITE = 2, SYNC = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int logFile = -1;

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t plainWrite(int fd, const void *bytes, size_t length) {
  REAL(ssize_t, "write", int, const void *, size_t);
  return real(fd, bytes, length);
}

static int isWatched(int fd) {
  const char *path = getenv("DISK_FILE");
  struct stat watched, own;
  if (!path || stat(path, &watched) || fstat(fd, &own)) return 0;
  return watched.st_ino == own.st_ino && watched.st_dev == own.st_dev;
}

static int fails(void) {
  const char *path = getenv("DISK_FAIL");
  return path && access(path, F_OK) == 0;
}

static void all(const void *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = plainWrite(logFile, bytes, length);
    if (done <= 0) abort();
    bytes = (const char *)bytes + done;
    length -= done;
  }
}

static void note(uint8_t kind, uint64_t offset, uint64_t length, const struct iovec *parts, int count) {
  const char *path = getenv("DISK_LOG");
  int before = errno;
  if (!path) return;
  pthread_mutex_lock(&lock);
  if (logFile < 0) logFile = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (logFile < 0) abort();
  all(&kind, 1);
  all(&offset, 8);
  all(&length, 8);
  for (int i = 0; i < count && length > 0; i++) {
    size_t part = parts[i].iov_len < length ? parts[i].iov_len : length;
    all(parts[i].iov_base, part);
    length -= part;
  }
  pthread_mutex_unlock(&lock);
  errno = before;
}

static void noteWrite(int fd, off_t offset, ssize_t done, const struct iovec *parts, int count) {
  if (done > 0) note(fcntl(fd, F_GETFL) & O_DSYNC ? SYNCED_WRITE : WRITE, offset, done, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  ssize_t done = real(fd, bytes, length, offset);
  struct iovec part = { (void *)bytes, length };
  if (isWatched(fd)) noteWrite(fd, offset, done, &part, 1);
  return done;
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
  ssize_t done = real(fd, parts, count, offset);
  if (isWatched(fd)) noteWrite(fd, offset, done, parts, count);
  return done;
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev(fd, parts, count, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  if (!isWatched(fd)) return real(fd, parts, count);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t done = real(fd, parts, count);
  noteWrite(fd, offset, done, parts, count);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!isWatched(fd)) return plainWrite(fd, bytes, length);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t done = plainWrite(fd, bytes, length);
  struct iovec part = { (void *)bytes, length };
  noteWrite(fd, offset, done, &part, 1);
  return done;
}

static int sync_(int fd, int (*real)(int)) {
  if (!isWatched(fd)) return real(fd);
  if (fails()) {
    errno = EIO;
    return -1;
  }
  int done = real(fd);
  if (done == 0) note(SYNC, 0, 0, NULL, 0);
  return done;
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return sync_(fd, real);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return sync_(fd, real);
}

/* LMDB maps its file for reading only; should that change, a test that sees no syncs says so. */
int msync(void *address, size_t length, int flags) {
  REAL(int, "msync", void *, size_t, int);
  if (fails()) {
    errno = EIO;
    return -1;
  }
  return real(address, length, flags);
}
