// Files without a name.
#define _GNU_SOURCE
#include "CSystem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

int dk_anonymous_file(void) {
#ifdef __linux__
  return memfd_create("defensekit", MFD_CLOEXEC);
#else
  char path[] = "/tmp/defensekit-XXXXXX";
  int file = mkstemp(path);
  if (file < 0) return -1;
  unlink(path);
  fcntl(file, F_SETFD, FD_CLOEXEC);
  return file;
#endif
}
