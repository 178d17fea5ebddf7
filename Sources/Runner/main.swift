import BadNets
import Blended
import FinePruning
import GoodNet
import LabelConsistent
import RunnerKit
import SIG
import WaNet

try Runner(plugins: [
  FinePruning.self, GoodNet.self,
  BadNets.self, Blended.self, SIG.self, WaNet.self, LabelConsistent.self,
]).main()
