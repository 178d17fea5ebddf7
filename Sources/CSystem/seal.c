#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

// The memory for a process: a chunk of 256 MiB is unpacked from one buffer to another, beside a
// cache of 128 MiB.
static const rlim_t memory = (rlim_t)2 << 30;

size_t dk_sealed_memory(void) { return (size_t)memory; }

__attribute__((unused)) static int limit(int resource, rlim_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0) return 0;
  // An unprivileged process cannot raise its hard limit.
  if (limits.rlim_max < value) value = limits.rlim_max;
  limits.rlim_cur = limits.rlim_max = value;
  return setrlimit(resource, &limits) == 0;
}

// Returns the size of the address space in bytes, 0 if unknown. All mappings count against the
// limit, including the file and the program's code.
__attribute__((unused)) static rlim_t address_space(void) {
#ifdef __linux__
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  int count = fscanf(file, "%lu", &pages);
  fclose(file);
  return count == 1 ? (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) : 0;
#else
  return 0;
#endif
}

// The program watches the elapsed time; an hour of CPU time is the bound for what escapes it.
__attribute__((unused)) static int set_limits(rlim_t used) {
  int done = limit(RLIMIT_CPU, 3600);
  done &= limit(RLIMIT_CORE, 0);
  done &= limit(RLIMIT_FSIZE, 0);
  done &= limit(RLIMIT_NOFILE, 0);
  done &= limit(RLIMIT_NPROC, 0);
  done &= used > 0 && limit(RLIMIT_AS, used + memory);
  return done;
}

// Sanitizers map terabytes and make other system calls: a program built with them is not sealed.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

#ifdef SANITIZED

uint32_t dk_seal(void) { return 0; }

#elif defined(__linux__)

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// Some versions of <linux/landlock.h> lack these; the numbers and the fields are fixed.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

struct ruleset {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

// Installs a rule set that covers all rights known to the kernel's version of Landlock, and grants
// none.
static int restrict_with_landlock(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
  if (version < 1) return 0;
  // File access rights: 13 in version 1, then reparenting (2), truncation (3) and device control
  // (5).
  int rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  struct ruleset rules = {.handled_access_fs = (UINT64_C(1) << rights) - 1};
  size_t size = sizeof rules.handled_access_fs;
  if (version >= 4) {
    rules.handled_access_net = 3;  // binding and connecting TCP sockets
    size = offsetof(struct ruleset, scoped);
  }
  if (version >= 6) {
    rules.scoped = 3;  // abstract sockets and signals stay within the process
    size = sizeof rules;
  }
  long descriptor = syscall(SYS_landlock_create_ruleset, &rules, size, 0u);
  if (descriptor < 0) return 0;
  long result = syscall(SYS_landlock_restrict_self, (int)descriptor, 0u);
  close((int)descriptor);
  return result == 0;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

// The kernel uses 32 bits of these arguments; all supported machines are little-endian.
#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define UNLESS(call, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, (skipped))
#define ALLOW(call) UNLESS(call, 1), RETURN(SECCOMP_RET_ALLOW)
#define ALLOW_ON_CHANNEL(call)                                                            \
  UNLESS(call, 4), LOAD(ARGUMENT(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DK_CHANNEL, 0, 1), \
      RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | EBADF)
#define REFUSE(call) UNLESS(call, 1), RETURN(SECCOMP_RET_ERRNO | EACCES)

static int restrict_with_seccomp(void) {
  struct sock_filter filter[] = {
      LOAD(offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      // The x32 calls of x86-64 have a bit of their own in their numbers and are not on the list.
      LOAD(offsetof(struct seccomp_data, nr)),
      ALLOW_ON_CHANNEL(read),
      ALLOW_ON_CHANNEL(write),
      // Memory: anonymous, and never executable.
      UNLESS(mmap, 6),
      LOAD(ARGUMENT(2)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 3, 0),
      LOAD(ARGUMENT(3)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1),
      RETURN(SECCOMP_RET_ALLOW),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      UNLESS(mprotect, 4),
      LOAD(ARGUMENT(2)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
      RETURN(SECCOMP_RET_ALLOW),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      ALLOW(munmap),
      ALLOW(mremap),
      ALLOW(madvise),
      ALLOW(brk),
      // The C library's time, locks and random numbers.
      ALLOW(futex),
      ALLOW(clock_gettime),
      ALLOW(gettimeofday),
      ALLOW(getrandom),
      ALLOW(sched_yield),
      ALLOW(sysinfo),
      ALLOW(getpid),
      ALLOW(gettid),
      // Exiting, also by abort(3), which sends the process a signal.
      UNLESS(tgkill, 4),
      LOAD(ARGUMENT(0)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1),
      RETURN(SECCOMP_RET_ALLOW),
      RETURN(SECCOMP_RET_KILL_PROCESS),
      ALLOW(rt_sigprocmask),
      ALLOW(rt_sigreturn),
      ALLOW(exit),
      ALLOW(exit_group),
      // libhdf5 checks whether a file with the name of the memory image exists; the call fails.
      REFUSE(openat),
      // The C library writes a message before it aborts; the call fails.
      REFUSE(writev),
      RETURN(SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
#else
static int restrict_with_seccomp(void) { return 0; }
#endif

// Gives up root's capabilities; other users have none.
static void give_up_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  syscall(SYS_capset, &header, none);
}

uint32_t dk_seal(void) {
  uint32_t done = 0;
  if (prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    done |= DK_SEALED_NO_NEW_PRIVILEGES;
  give_up_capabilities();
  // Landlock needs a descriptor for a moment, and makes /proc unreadable; the order matters.
  rlim_t used = address_space();
  if (restrict_with_landlock()) done |= DK_SEALED_LANDLOCK;
  if (set_limits(used)) done |= DK_SEALED_LIMITS;
  if (restrict_with_seccomp()) done |= DK_SEALED_SECCOMP;
  return done;
}

#else

uint32_t dk_seal(void) { return set_limits(address_space()) ? DK_SEALED_LIMITS : 0; }

#endif
