#define _GNU_SOURCE
#include "probes.h"

#include <CSystem.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif

// What is made before the seal, as a reader has its file: a file to map, a socket. Each thread's own: tests run side by side.
static _Thread_local int file, unconnected;
static int secret = 4711;

static int result(long value) { return value < 0 ? errno : 0; }

static int try_it(int attempt) {
  switch (attempt) {
#ifdef __linux__
  case DK_TRY_OPEN: return result(open("/etc/passwd", O_RDONLY));
  case DK_TRY_OPEN_FOR_WRITING: return result(open("/tmp/defensekit-probe", O_WRONLY | O_CREAT, 0600));
  case DK_TRY_UNLINK: return unlink("/tmp/defensekit-no-such-file") < 0 && errno != ENOENT ? errno : 0;
  case DK_TRY_SOCKET: return result(socket(AF_INET, SOCK_STREAM, 0));
  case DK_TRY_CONNECT: {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(unconnected, (struct sockaddr *)&place, sizeof place) < 0 && errno != ECONNREFUSED ? errno : 0;
  }
  case DK_TRY_FORK: {
    pid_t process = fork();
    if (process == 0) _exit(0);
    return result(process);
  }
  case DK_TRY_THREAD: {
    long process = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (process == 0) _exit(0);
    return result(process);
  }
  case DK_TRY_EXEC: {
    char *arguments[] = {"true", NULL};
    return result(execve("/bin/true", arguments, NULL));
  }
  case DK_TRY_KILL_PARENT: return result(kill(getppid(), 0));
  case DK_TRY_READ_PARENT: {
    int copy = 0;
    struct iovec here = {&copy, sizeof copy}, there = {&secret, sizeof secret};
    return result(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
  }
  case DK_TRY_TRACE_PARENT: return result(ptrace(PTRACE_TRACEME, 0, 0, 0));
  case DK_TRY_READ_INPUT: {
    char byte;
    return result(read(file, &byte, 1));
  }
  case DK_TRY_WRITE_OUTPUT: return result(write(1, "", 0));
  case DK_TRY_EXECUTABLE_MEMORY:
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  case DK_TRY_MAKE_EXECUTABLE: {
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
  }
  case DK_TRY_MAP_FILE: return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED ? errno : 0;
  case DK_TRY_RAISE_LIMIT: {
    struct rlimit limit = {64, 64};
    return result(setrlimit(RLIMIT_NOFILE, &limit));
  }
  case DK_TRY_IO_RING: return syscall(SYS_io_uring_setup, 0, NULL) < 0 && errno != EFAULT && errno != EINVAL && errno != EPERM && errno != ENOSYS ? errno : 0;
  case DK_TRY_OLD_CALLS: return syscall(0x40000000 | SYS_getppid) < 0 && errno != ENOSYS ? errno : 0;
  case DK_TRY_ALL_MEMORY: return mmap(NULL, dk_sealed_memory() + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  case DK_TRY_SHARED_MEMORY:
    return mmap(NULL, dk_sealed_memory() + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  case DK_TRY_ADDRESSES:
    return mmap(NULL, (size_t)1 << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED ? errno : 0;
#endif
  default: return 0;
  }
}

int dk_probe(int attempt, int sealed) {
  int ends[2];
  if (pipe(ends) != 0) return errno;
  file = open("/etc/passwd", O_RDONLY);
  unconnected = socket(AF_INET, SOCK_STREAM, 0);
  pid_t process = fork();
  if (process == 0) {
    // The test program catches signals, to say where it crashed.
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    int channel = fcntl(ends[1], F_DUPFD, 100);
    int kept = fcntl(file, F_DUPFD, 100);
    unconnected = fcntl(unconnected, F_DUPFD, 100);
    dup2(channel, DK_CHANNEL);
    file = kept;
    int outcome = sealed && dk_seal() != DK_SEALED_FULLY ? 1000 : try_it(attempt);
    if (write(DK_CHANNEL, &outcome, sizeof outcome) != sizeof outcome) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  close(file);
  close(unconnected);
  int outcome = -1000, status = 0;
  ssize_t got = process > 0 ? read(ends[0], &outcome, sizeof outcome) : -1;
  close(ends[0]);
  if (process > 0) waitpid(process, &status, 0);
  if (got == sizeof outcome) return outcome;
  // What succeeded by becoming another program has no more to say.
  if (attempt == DK_TRY_EXEC && WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : outcome;
}
