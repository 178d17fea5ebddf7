import BadNets
import Blended
import CLP
import FinePruning
import FineTuning
import GoodNet
import LabelConsistent
import RunnerKit
import SIG
import STRIP
import WaNet

try Runner(plugins: [
  FinePruning.self, FineTuning.self, CLP.self, GoodNet.self, STRIP.self,
  BadNets.self, Blended.self, SIG.self, WaNet.self, LabelConsistent.self,
]).main()
