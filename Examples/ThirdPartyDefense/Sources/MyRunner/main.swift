import DivergenceThreshold
import FinePruning
import GoodNet
import MagnitudePruning
import RunnerKit

try Runner(plugins: [
  FinePruning.self, MagnitudePruning.self, GoodNet.self, DivergenceThreshold.self,
]).main()
