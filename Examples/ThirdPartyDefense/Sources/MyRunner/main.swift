import DivergenceThreshold
import FinePruning
import Frame
import GoodNet
import MagnitudePruning
import RunnerKit

try Runner(plugins: [
  FinePruning.self, MagnitudePruning.self, GoodNet.self, DivergenceThreshold.self,
  Frame.self,
]).main()
