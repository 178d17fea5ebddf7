// What Swift cannot call because the system's headers hide it or it takes any number of arguments.
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

// Gives two files or folders each other's name, so that at no moment one of the names is missing.
// Returns 0, or -1 with the reason in errno; not every file system can do it.
static inline int dk_exchange(const char *one, const char *other) {
#if defined(__APPLE__)
  return renamex_np(one, other, RENAME_SWAP);
#else
  const unsigned exchange = 1u << 1;  // RENAME_EXCHANGE
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, exchange);
#endif
}
