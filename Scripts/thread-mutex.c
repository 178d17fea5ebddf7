// ThreadSanitizer does not see that Swift's Mutex was locked where its library had to wait for it: that part is not compiled by us. Loaded
// in front of the library (LD_PRELOAD), this tells it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOWLY "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"

typedef __attribute__((swiftcall)) void lock(uint32_t thread, __attribute__((swift_context)) void *mutex);

extern void __tsan_acquire(void *address) __attribute__((weak));

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *mutex) __asm__(LOCK_SLOWLY);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *mutex) {
  lock *next = (lock *)dlsym(RTLD_NEXT, LOCK_SLOWLY);
  next(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}
