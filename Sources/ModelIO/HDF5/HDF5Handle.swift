import CHDF5
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The library's process-wide state: one lock for all calls.
///
/// libhdf5 is not safe to call from two threads at once, not even for two files.
enum HDF5Library {
  private static let lock = Mutex(())
  private static let owner = Atomic<UInt>(0)

  /// Plugins are code loaded from disk on a file's demand: never; h5py's own filter is built in. Set once,
  /// before the first file.
  ///
  /// Neither is there anything to do at exit, where the library would trip over what a damaged file
  /// has left behind.
  private static let prepared: Bool = {
    H5dont_atexit()
    H5open()
    return H5PLset_loading_state(0) >= 0 && LZF.register()
  }()

  /// Runs `body` while no other thread is inside libhdf5; may be nested.
  ///
  /// It may be nested because handles close themselves wherever they go out of scope.
  static func locked<Result: Sendable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let me = currentThread
    // Only this thread stores its own number, so equality is certain without ordering.
    if owner.load(ordering: .relaxed) == me { return try body() }
    return try lock.withLock { _ throws(Failure) in
      owner.store(me, ordering: .relaxed)
      defer {
        // An error left on the stack makes the library complain at exit.
        dk_clear_errors()
        owner.store(0, ordering: .relaxed)
      }
      precondition(prepared, "libhdf5 cannot be prepared")
      dk_silence()
      return try body()
    }
  }

  private static var currentThread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      pthread_self()
    #endif
  }
}

/// A kind of object that libhdf5 hands out numbers for.
protocol HDF5Kind {
  /// Gives the number back.
  static func close(_ id: hid_t)
}

enum HDF5FileKind: HDF5Kind { static func close(_ id: hid_t) { H5Fclose(id) } }
enum HDF5GroupKind: HDF5Kind { static func close(_ id: hid_t) { H5Gclose(id) } }
enum HDF5DatasetKind: HDF5Kind { static func close(_ id: hid_t) { H5Dclose(id) } }
enum HDF5SpaceKind: HDF5Kind { static func close(_ id: hid_t) { H5Sclose(id) } }
enum HDF5TypeKind: HDF5Kind { static func close(_ id: hid_t) { H5Tclose(id) } }
enum HDF5AttributeKind: HDF5Kind { static func close(_ id: hid_t) { H5Aclose(id) } }
enum HDF5PropertyKind: HDF5Kind { static func close(_ id: hid_t) { H5Pclose(id) } }

/// The owner of one of libhdf5's numbers; its end closes the object.
struct HDF5Handle<Kind: HDF5Kind>: ~Copyable, Sendable {
  /// The number, valid as long as the handle lives.
  let id: hid_t

  /// Takes over what a library call returned; nil if the call failed.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  deinit {
    let id = id
    HDF5Library.locked { Kind.close(id) }
  }
}
