import BadNets
import Blended
import FinePruning
import FineTuning
import GoodNet
import LabelConsistent
import RunnerKit
import SIG
import WaNet

try Runner(plugins: [
  FinePruning.self, FineTuning.self, GoodNet.self,
  BadNets.self, Blended.self, SIG.self, WaNet.self, LabelConsistent.self,
]).main()
