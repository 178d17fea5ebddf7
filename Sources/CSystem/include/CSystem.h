// System calls that Swift cannot make: sealing a process, starting sealed processes through a
// launcher, exchanging two files, creating files without a name, and ending child processes with
// their descendants.
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

// The only descriptor of a sealed process.
enum { DK_CHANNEL = 3 };

// Takes all rights from the calling process except reading and writing DK_CHANNEL and using its own
// memory: resource limits, no-new-privileges, Landlock without any rights, and a seccomp
// allow-list. Other system calls end the process with SIGSYS, apart from a few that fail. Returns
// the measures that took effect; the kernel does not support or allow the others.
uint32_t dk_seal(void);

// Returns the number of bytes that a sealed process can allocate after sealing itself.
size_t dk_sealed_memory(void);

// Starts the launcher as a copy of this process. Call it first in `main`: the copy keeps the
// current memory, except for the environment. Returns the descriptor of the connection, or -1 and
// errno: ENOSYS if this process has a memory limit, or the program does not contain ModelIO.
int dk_launcher_fork(pid_t *launcher);

// Starts the launcher as a new process of this program: the constructor in launcher.c takes over
// before `main`. Returns the descriptor of the connection, or -1 and errno: ENOSYS if it is not
// possible, for example in a plugin whose host program does not contain DefenseKit.
int dk_launcher_spawn(pid_t *launcher);

// Ends the launcher, and with it all processes that it has started.
void dk_launcher_close(int connection, pid_t launcher);

// Requests a sealed process that serves the open file `file`. Returns the descriptor of its
// channel, on which it first sends four bytes, the result of dk_seal; or -1 and errno: EPIPE if the
// launcher is gone.
int dk_launcher_open(int launcher, int file, pid_t *process);

// Ends a process that the launcher started, unless it has already ended. Returns its status in the
// form of waitpid; -1 if the launcher is gone or does not know the process.
int dk_launcher_end(int launcher, pid_t process);

// Returns the signal that ended the process, or 0; for Swift, which does not import the macros of
// wait.h.
int dk_status_signal(int status);

// Exchanges the names of two files or folders atomically. Returns 0, or -1 and errno: some file
// systems do not support it.
int dk_exchange(const char *one, const char *other);

// Creates an empty file without a name, open for reading and writing: in memory on Linux, on the disk
// elsewhere. Returns its descriptor, or -1 and errno.
int dk_anonymous_file(void);

// Starts `program` as a child with the name `name` and one argument. The child leads a process
// group of its own, so that dk_child_end also ends its descendants. It inherits no descriptors but
// its standard streams: `ends` receives the other ends of standard input, output and error. Its
// environment is this process's, with `setting` ("NAME=value") added or replaced. Returns 0, or an
// error number.
int dk_child_spawn(const char *program, const char *name, const char *argument, const char *setting, int ends[3],
                   pid_t *child);

// Returns whether a child has ended by itself; call dk_child_end nevertheless.
int dk_child_has_ended(pid_t child);

// Ends a child, unless it has already ended, and all of its process group. Returns its status in
// the form of waitpid.
int dk_child_end(pid_t child);

// Returns the exit status of a process that exited; 0 if a signal ended it.
int dk_status_exit(int status);

#ifdef __cplusplus
}
#endif
