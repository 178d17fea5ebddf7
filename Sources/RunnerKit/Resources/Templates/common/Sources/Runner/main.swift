import BadNets
import FinePruning
import FineTuning
import GoodNet
import PluginName
import RunnerKit

try Runner(plugins: [
  PluginName.self, FinePruning.self, FineTuning.self, GoodNet.self, BadNets.self,
]).main()
