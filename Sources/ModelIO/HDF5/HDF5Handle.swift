import CHDF5
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The process-wide state of libhdf5, and the lock around every call.
///
/// libhdf5 is not thread-safe, not even for different files.
enum HDF5Library {
  private static let lock = Mutex(())
  private static let owner = Atomic<UInt>(0)

  /// Sets up libhdf5 once, before the first file. Plugins stay disabled, because a file could make
  /// the library load code from disk; h5py's LZF filter is built in instead. The exit handler is
  /// disabled too, because the library may fail there after a damaged file.
  private static let prepared: Bool = {
    H5dont_atexit()
    H5open()
    return H5PLset_loading_state(0) >= 0 && LZF.register()
  }()

  /// Calls `body` while no other thread is inside libhdf5.
  ///
  /// Calls may be nested, since handles close themselves wherever they go out of scope.
  static func locked<Result: Sendable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let me = currentThread
    // Only this thread stores its own number, so equality is certain without ordering.
    if owner.load(ordering: .relaxed) == me { return try body() }
    return try lock.withLock { _ throws(Failure) in
      owner.store(me, ordering: .relaxed)
      defer {
        // An error left on the stack makes the library print a message at exit.
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

/// A kind of libhdf5 object identifier.
protocol HDF5Kind {
  /// Closes the object.
  static func close(_ id: hid_t)
}

enum HDF5FileKind: HDF5Kind { static func close(_ id: hid_t) { H5Fclose(id) } }
enum HDF5GroupKind: HDF5Kind { static func close(_ id: hid_t) { H5Gclose(id) } }
enum HDF5DatasetKind: HDF5Kind { static func close(_ id: hid_t) { H5Dclose(id) } }
enum HDF5SpaceKind: HDF5Kind { static func close(_ id: hid_t) { H5Sclose(id) } }
enum HDF5TypeKind: HDF5Kind { static func close(_ id: hid_t) { H5Tclose(id) } }
enum HDF5AttributeKind: HDF5Kind { static func close(_ id: hid_t) { H5Aclose(id) } }
enum HDF5PropertyKind: HDF5Kind { static func close(_ id: hid_t) { H5Pclose(id) } }

/// Owns a libhdf5 identifier and closes the object at the end of its life.
struct HDF5Handle<Kind: HDF5Kind>: ~Copyable, Sendable {
  /// The identifier, valid as long as the handle lives.
  let id: hid_t

  /// Takes ownership of the result of a library call; nil if the call failed.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  deinit {
    let id = id
    HDF5Library.locked { Kind.close(id) }
  }
}
