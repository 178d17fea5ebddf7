// The launcher: a small process without data that starts sealed processes on request. Each is a
// copy of the launcher, so that it has only the program's code and its one file in memory.
#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

// ModelIO defines these; weak, because a program may contain this file without it.

// Prepares sealed processes, before there is a file.
extern void defensekit_prepare(void) __attribute__((weak));
// Serves a file in memory until the channel closes.
extern void defensekit_serve(const void *bytes, size_t count) __attribute__((weak));

extern char **environ;

// On systems without it, SIGPIPE ends a program that does not ignore it when its launcher ends.
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

// The name by which the program recognizes that it was started as the launcher.
static const char launcher_name[] = "defensekit-launcher";

enum { OPEN = 1, END = 2, READY = 3 };

// An answer repeats the operation and, if there is one, the process of its request.
struct message {
  int32_t operation;
  int32_t process;
  int32_t status;
};

// MARK: Messages

static bool transfer_all(int descriptor, void *bytes, size_t count, bool writes) {
  char *next = bytes;
  while (count > 0) {
    ssize_t done = writes ? send(descriptor, next, count, MSG_NOSIGNAL) : read(descriptor, next, count);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    next += done;
    count -= (size_t)done;
  }
  return true;
}

static bool send_message(int descriptor, struct message message) {
  return transfer_all(descriptor, &message, sizeof message, true);
}

static bool receive_message(int descriptor, struct message *message) {
  return transfer_all(descriptor, message, sizeof *message, false);
}

// Sends a message with two descriptors; see cmsg(3) for the buffers.
static bool send_descriptors(int socket, struct message message, int first, int second) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(2 * sizeof(int))];
  } control = {0};
  struct iovec data = {.iov_base = &message, .iov_len = sizeof message};
  struct msghdr packet = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(2 * sizeof(int));
  int descriptors[2] = {first, second};
  memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
  ssize_t sent;
  do sent = sendmsg(socket, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == sizeof message;
}

// Receives a message and up to two descriptors; missing ones are -1.
static bool receive_descriptors(int socket, struct message *message, int descriptors[2]) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(2 * sizeof(int))];
  } control = {0};
  struct iovec data = {.iov_base = message, .iov_len = sizeof *message};
  struct msghdr packet = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  descriptors[0] = descriptors[1] = -1;
  ssize_t got;
  do got = recvmsg(socket, &packet, 0);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
  // Only one arrives if the process has no room for the other.
  if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len <= CMSG_LEN(2 * sizeof(int)))
    memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
  size_t rest = sizeof *message - (size_t)got;
  return rest == 0 || transfer_all(socket, (char *)message + got, rest, false);
}

// MARK: The sealed process

// Opens /dev/null as descriptors 0 to 2, moves the channel to DK_CHANNEL, and closes all others.
static bool keep_only(int channel) {
  // A number above those that are replaced below.
  int moved = fcntl(channel, F_DUPFD, DK_CHANNEL + 1);
  int null = open("/dev/null", O_RDWR);
  if (moved < 0 || null < 0) return false;
  for (int number = 0; number < 3; number++)
    if (dup2(null, number) < 0) return false;
  if (dup2(moved, DK_CHANNEL) < 0) return false;
#if defined(__linux__) && defined(__GLIBC_PREREQ) && __GLIBC_PREREQ(2, 34)
  if (close_range(DK_CHANNEL + 1, ~0u, 0) == 0) return true;
#endif
  long most = sysconf(_SC_OPEN_MAX);
  for (int number = DK_CHANNEL + 1; number < (most > 0 && most < 65536 ? most : 65536); number++)
    close(number);
  return true;
}

static _Noreturn void be_sealed_process(int file, int channel, pid_t launcher) {
#ifdef __linux__
  prctl(PR_SET_NAME, "dk-sealed");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (getppid() != launcher) _exit(1);
  struct stat status;
  const void *bytes = NULL;
  if (fstat(file, &status) != 0) _exit(1);
  if (status.st_size > 0) {
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) _exit(1);
  }
  if (!keep_only(channel)) _exit(1);
  uint32_t measures = dk_seal();
  if (write(DK_CHANNEL, &measures, sizeof measures) != sizeof measures) _exit(1);
  if (defensekit_serve) defensekit_serve(bytes, (size_t)status.st_size);
  _exit(0);
}

// MARK: The launcher

static _Noreturn void be_launcher(int control) {
#ifdef __linux__
  prctl(PR_SET_NAME, "dk-launcher");
#endif
  // After the program has ended, its pipes must not stay open here.
  if (!keep_only(control)) _exit(1);
  control = DK_CHANNEL;
  // The terminal's signals are for the program; the launcher ends when the program's end of the
  // socket closes.
  setsid();
  // Libraries handle SIGSEGV and similar signals to report a crash; here the signal itself must end
  // the process.
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (char **entry = environ; entry && *entry; entry++) memset(*entry, 0, strlen(*entry));
  static char time_zone[] = "TZ=UTC0";
  static char *environment[] = {time_zone, NULL};
  environ = environment;
  // Otherwise the first date in a file would make the C library look for the zone's file.
  tzset();
  if (defensekit_prepare) defensekit_prepare();
  struct message answer = {.operation = READY};
  if (!send_message(control, answer)) _exit(0);
  pid_t self = getpid();
  struct message request;
  int descriptors[2];
  while (receive_descriptors(control, &request, descriptors)) {
    answer = (struct message){.operation = request.operation, .process = -1, .status = -1};
    if (request.operation == OPEN) {
      pid_t process = -1;
      errno = EMFILE;
      if (descriptors[1] >= 0) process = fork();
      if (process == 0) be_sealed_process(descriptors[0], descriptors[1], self);
      answer.process = process;
      answer.status = process < 0 ? errno : 0;
    } else if (request.operation == END && request.process > 0) {
      answer.process = request.process;
      // Only a current child of this process may be meant: process numbers are reused.
      int status;
      pid_t ended = waitpid(request.process, &status, WNOHANG);
      if (ended == 0) {
        kill(request.process, SIGKILL);
        ended = waitpid(request.process, &status, 0);
      }
      if (ended == request.process) answer.status = status;
    }
    for (int index = 0; index < 2; index++)
      if (descriptors[index] >= 0) close(descriptors[index]);
    if (!send_message(control, answer)) break;
  }
  _exit(0);
}

// Runs before `main` in every program that contains DefenseKit; returns unless the program was
// started as the launcher.
__attribute__((constructor)) static void be_launcher_if_asked(int count, char **arguments) {
#ifdef __linux__
  struct stat status;
  // A program with elevated rights (setuid) ignores this request of its caller.
  if (count == 1 && arguments && arguments[0] && strcmp(arguments[0], launcher_name) == 0 && !getauxval(AT_SECURE) &&
      fstat(DK_CHANNEL, &status) == 0 && S_ISSOCK(status.st_mode))
    be_launcher(DK_CHANNEL);
#else
  (void)count, (void)arguments;
#endif
}

// MARK: The program's side

// Creates a pair of connected sockets that child processes do not inherit, with numbers above those
// of the standard streams.
static bool connected(int pair[2]) {
#ifdef SOCK_CLOEXEC
  const int kind = SOCK_STREAM | SOCK_CLOEXEC;
#else
  const int kind = SOCK_STREAM;
#endif
  if (socketpair(AF_UNIX, kind, 0, pair) != 0) return false;
  bool succeeded = true;
  for (int end = 0; end < 2; end++) {
    int moved = succeeded ? fcntl(pair[end], F_DUPFD_CLOEXEC, DK_CHANNEL) : -1;
    int reason = errno;
    close(pair[end]);
    pair[end] = moved;
    succeeded &= moved >= 0;
    errno = reason;
  }
  if (!succeeded && pair[0] >= 0) close(pair[0]);
  return succeeded;
}

// Waits for a message of the launcher, up to 20 seconds.
static bool receive_in_time(int launcher, struct message *message) {
  struct pollfd event = {.fd = launcher, .events = POLLIN};
  int ready;
  do ready = poll(&event, 1, 20000);
  while (ready < 0 && errno == EINTR);
  return ready == 1 && receive_message(launcher, message);
}

// Receives the answer to a request; skips the message that the launcher is ready.
static bool receive_answer(int launcher, struct message *message) {
  do
    if (!receive_in_time(launcher, message)) return false;
  while (message->operation == READY);
  return true;
}

// Returns whether the process has no limit on its memory.
static bool has_all_memory(void) {
  struct rlimit space, data;
  return getrlimit(RLIMIT_AS, &space) == 0 && getrlimit(RLIMIT_DATA, &data) == 0 && space.rlim_cur == RLIM_INFINITY &&
         data.rlim_cur == RLIM_INFINITY;
}

int dk_launcher_fork(pid_t *launcher) {
  int pair[2];
  errno = ENOSYS;
  // OpenBLAS ends its threads before a fork, and would wait forever for one that waits for memory.
  if (!defensekit_serve || !has_all_memory() || !connected(pair)) return -1;
  pid_t process = fork();
  if (process == 0) {
    close(pair[0]);
    be_launcher(pair[1]);
  }
  close(pair[1]);
  *launcher = process;
  if (process > 0) return pair[0];
  close(pair[0]);
  return -1;
}

int dk_launcher_spawn(pid_t *launcher) {
  errno = ENOSYS;
#ifdef __linux__
  int pair[2];
  if (!defensekit_serve || !connected(pair)) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pair[1], DK_CHANNEL);
  char name[sizeof launcher_name];
  memcpy(name, launcher_name, sizeof name);
  char *arguments[] = {name, NULL};
  // The library path is all that the program needs to start; OpenBLAS would otherwise start
  // threads.
  char threads[] = "OPENBLAS_NUM_THREADS=1";
  char *environment[] = {threads, NULL, NULL};
  for (char **entry = environ; entry && *entry; entry++)
    if (strncmp(*entry, "LD_LIBRARY_PATH=", 16) == 0) environment[1] = *entry;
  int failure = posix_spawn(launcher, "/proc/self/exe", &actions, NULL, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  close(pair[1]);
  struct message message;
  if (failure == 0) {
    if (receive_in_time(pair[0], &message) && message.operation == READY) return pair[0];
    // A program without this file ends by itself, or never sends the message.
    int status;
    bool has_ended = waitpid(*launcher, &status, WNOHANG) == *launcher;
    if (!has_ended) {
      kill(*launcher, SIGKILL);
      waitpid(*launcher, &status, 0);
    }
    failure = has_ended && WIFEXITED(status) ? ENOSYS : EAGAIN;
  }
  close(pair[0]);
  errno = failure;
#endif
  return -1;
}

void dk_launcher_close(int connection, pid_t launcher) {
  close(connection);
  kill(launcher, SIGKILL);
  while (waitpid(launcher, NULL, 0) < 0 && errno == EINTR) continue;
}

int dk_launcher_open(int launcher, int file, pid_t *process) {
  int pair[2];
  if (!connected(pair)) return -1;
  struct message message = {.operation = OPEN, .status = 0};
  bool succeeded = send_descriptors(launcher, message, file, pair[1]) && receive_answer(launcher, &message);
  close(pair[1]);
  if (succeeded && message.operation == OPEN && message.process > 0) {
    *process = message.process;
    return pair[0];
  }
  int reason = succeeded && message.operation == OPEN && message.status > 0 ? message.status : EPIPE;
  close(pair[0]);
  errno = reason;
  return -1;
}

int dk_launcher_end(int launcher, pid_t process) {
  struct message message = {.operation = END, .process = process};
  bool succeeded = send_message(launcher, message) && receive_answer(launcher, &message);
  return succeeded && message.operation == END && message.process == process ? message.status : -1;
}

int dk_status_signal(int status) { return status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
