// The calls to the system that Swift cannot make: what a process needs to seal itself off, the launcher that starts such processes, and
// the exchange of two files; and child processes that are ended with all that they have started.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// The measures of dk_seal, as bits.
enum {
  DK_SEALED_LIMITS = 1,
  DK_SEALED_NO_NEW_PRIVILEGES = 2,
  DK_SEALED_LANDLOCK = 4,
  DK_SEALED_SECCOMP = 8,
  DK_SEALED_FULLY = 15,
};

// The one descriptor that a sealed process has left.
enum { DK_CHANNEL = 3 };

// Takes from the calling process all but reading and writing DK_CHANNEL and memory of its own: resource limits, no-new-privileges,
// Landlock without any right, and a seccomp allow-list; what is not on it ends the process with SIGSYS. Returns the measures that took
// effect; for the others the kernel is too old or forbids them.
uint32_t dk_seal(void);

// The bytes of memory that a sealed process can take beside what it has when it seals itself.
size_t dk_sealed_memory(void);

// Starts the launcher as a copy of this process. To be called when nothing has been done yet: the copy has what is in memory now, its
// environment excepted. Returns the descriptor that leads to it, or -1 with the reason in errno: ENOSYS where the process may not have
// all the memory that it likes.
int dk_launcher_fork(pid_t *launcher);

// Starts the launcher as a new process of this program: the constructor in launcher.c takes it over before `main`. Returns the descriptor
// that leads to it, or -1 with the reason in errno: ENOSYS where there can be none, as in a plugin whose host program does not contain
// DefenseKit.
int dk_launcher_spawn(pid_t *launcher);

// Ends the launcher and all processes that it has started.
void dk_launcher_close(int connection, pid_t launcher);

// Has the launcher start a sealed process that serves the file open as `file`. Returns the descriptor of the channel to it, over which it
// sends four bytes first: what dk_seal returned. -1 with the reason in errno; EPIPE if the launcher is gone.
int dk_launcher_open(int launcher, int file, pid_t *process);

// Ends a process that the launcher started, if it has not ended by itself, and returns its status in the form of waitpid; -1 if the
// launcher is gone or does not know it.
int dk_launcher_end(int launcher, pid_t process);

// What a status says, since the macros of wait.h are not imported: the signal that ended the process, or 0.
int dk_status_signal(int status);

// Gives two files or folders each other's name, so that at no moment one of the names is missing. Returns 0, or -1 with the reason in
// errno: not every file system can do it.
int dk_exchange(const char *one, const char *other);

// Starts a program under a name and with one argument as a child that leads a process group of its own, so that what it starts in turn can be ended with
// it. It inherits no descriptor but these: `ends` receives the one that leads to its standard input, and those that come from its
// standard output and its standard error. Its environment is this process's, with `setting` ("NAME=value"). Returns 0, or an
// error number.
int dk_child_spawn(const char *program, const char *name, const char *argument, const char *setting, int ends[3],
                   pid_t *child);

// Whether a child has ended by itself; dk_child_end is still to be called.
int dk_child_has_ended(pid_t child);

// Ends a child, if it has not ended by itself, and all of its process group; returns its status in the form of waitpid.
int dk_child_end(pid_t child);

// What a status says of a process that ended by itself: its exit status.
int dk_status_exit(int status);

#ifdef __cplusplus
}
#endif
