import DivergenceThreshold
import Frame
import MagnitudePruning
import RunnerKit
import StandardPlugins

try Runner(
  plugins: standardPlugins + [MagnitudePruning.self, DivergenceThreshold.self, Frame.self]
).main()
