internal import CKernels

extension ReplayState {
  /// Gathers the frontier's values of single images and masks them.
  func gatherMasked(
    _ part: ArraySlice<Int>, into node: Int, of workspace: any GroupMemory,
    _ masked: ArraySlice<Int>
  ) {
    unsafe gather(part, into: node, of: workspace, from: cutView(0).image) { block in
      unsafe value(0, block: block)
    }
    for block in 0..<blockCount(part.count) {
      let value = workspace.value(of: node, block: block)
      var one = value.image
      one.channels = 1
      for channel in masked {
        unsafe kernels.fill(
          value.pointer + channel * Int(one.channel_pitch), one, sweep.constants[channel])
      }
    }
  }

  /// Gathers single images in the lanes of a group.
  func gather(
    _ part: ArraySlice<Int>, into node: Int, of workspace: any GroupMemory, from image: dk_image,
    _ source: (Int) -> UnsafeMutablePointer<Float>
  ) {
    var position = 0
    while position < part.count {
      let sample = part[part.startIndex + position]
      let (block, lane) = (sample / laneCount, sample % laneCount)
      let to = workspace.value(of: node, block: position / laneCount)
      let isWhole =
        lane == 0 && position % laneCount == 0 && position + laneCount <= part.count
        && part[part.startIndex + position + laneCount - 1] == sample + laneCount - 1
      if isWhole {
        unsafe kernels.copy(source(block), image, to.pointer, to.image)
        position += laneCount
      } else {
        unsafe kernels.move_lane(
          source(block), image, Int32(lane), to.pointer, to.image, Int32(position % laneCount))
        position += 1
      }
    }
  }
}
