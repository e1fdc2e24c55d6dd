// Clang's thread-safety annotations, and a mutex that carries them. With other compilers they mean nothing.
#pragma once

#include <mutex>

#if defined(__clang__)
#define LEVEE_THREAD(x) __attribute__((x))
#else
#define LEVEE_THREAD(x)
#endif
#define GUARDED_BY(x) LEVEE_THREAD(guarded_by(x))
#define REQUIRES(...) LEVEE_THREAD(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) LEVEE_THREAD(locks_excluded(__VA_ARGS__))

namespace levee {

class LEVEE_THREAD(capability("mutex")) Mutex {
 public:
  void lock() LEVEE_THREAD(acquire_capability()) { mutex_.lock(); }
  void unlock() LEVEE_THREAD(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex until the end of its scope, or until release().
class LEVEE_THREAD(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LEVEE_THREAD(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() LEVEE_THREAD(release_capability()) {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  void release() LEVEE_THREAD(release_capability()) {
    held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

}  // namespace levee
