// What a process that a file has taken over might try.
#pragma once

enum {
  DK_TRY_OPEN,
  DK_TRY_OPEN_FOR_WRITING,
  DK_TRY_UNLINK,
  DK_TRY_SOCKET,
  DK_TRY_CONNECT,
  DK_TRY_FORK,
  DK_TRY_THREAD,
  DK_TRY_EXEC,
  DK_TRY_KILL_PARENT,
  DK_TRY_READ_PARENT,
  DK_TRY_TRACE_PARENT,
  DK_TRY_READ_INPUT,
  DK_TRY_WRITE_OUTPUT,
  DK_TRY_EXECUTABLE_MEMORY,
  DK_TRY_MAKE_EXECUTABLE,
  DK_TRY_MAP_FILE,
  DK_TRY_RAISE_LIMIT,
  DK_TRY_IO_RING,
  DK_TRY_OLD_CALLS,
  DK_TRY_ALL_MEMORY,
  DK_TRY_SHARED_MEMORY,
  DK_TRY_ADDRESSES,
  DK_TRY_END,
};

// Forks a process that seals itself, if `sealed`, and makes the attempt. Returns 0 if that succeeded, an error number if it failed, or
// minus the signal that ended the process; 1000 if the process could not be sealed entirely.
int dk_probe(int attempt, int sealed);
