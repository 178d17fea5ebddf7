// Child processes that end together with all their descendants in the process group.
#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// Creates a pipe that other child processes do not inherit, with descriptors above the standard
// streams.
static int make_pipe(int ends[2]) {
  int raw[2];
#ifdef __linux__
  if (pipe2(raw, O_CLOEXEC) != 0) return errno;
#else
  if (pipe(raw) != 0) return errno;
#endif
  int failure = 0;
  for (int end = 0; end < 2; end++) {
    ends[end] = fcntl(raw[end], F_DUPFD_CLOEXEC, 3);
    if (ends[end] < 0) failure = errno;
    close(raw[end]);
  }
  for (int end = 0; end < 2; end++)
    if (failure != 0 && ends[end] >= 0) close(ends[end]);
  return failure;
}

int dk_child_spawn(const char *program, const char *name, const char *argument, const char *setting, int ends[3],
                   pid_t *child) {
  // The end of each pipe that belongs to the child.
  static const int side[3] = {0, 1, 1};
  int pipes[3][2];
  int made = 0, failure = 0;
  while (made < 3 && (failure = make_pipe(pipes[made])) == 0) made++;
  size_t count = 0;
  while (environ && environ[count]) count++;
  char **environment = calloc(count + 2, sizeof *environment);
  if (failure == 0 && !environment) failure = ENOMEM;
  if (failure == 0) {
    // posix_spawn does not write to the strings.
    size_t taken = 0, named = strcspn(setting, "=") + 1;
    environment[taken++] = (char *)setting;
    for (size_t index = 0; index < count; index++)
      if (strncmp(environ[index], setting, named) != 0) environment[taken++] = environ[index];
    char *arguments[] = {(char *)name, (char *)argument, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int stream = 0; stream < 3; stream++)
      posix_spawn_file_actions_adddup2(&actions, pipes[stream][side[stream]], stream);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    failure = posix_spawn(child, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  free(environment);
  for (int stream = 0; stream < made; stream++) {
    close(pipes[stream][side[stream]]);
    ends[stream] = pipes[stream][1 - side[stream]];
    if (failure != 0) close(ends[stream]);
  }
  return failure;
}

int dk_child_has_ended(pid_t child) {
  siginfo_t info = {0};
  // WNOWAIT: the process keeps its number until dk_child_end waits for it.
  int result = waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT);
  return result != 0 ? errno != EINTR : info.si_pid == child;
}

int dk_child_end(pid_t child) {
  // Until the child is waited for, no other group can have its number.
  kill(-child, SIGKILL);
  kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return status;
}

int dk_status_exit(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 0; }
