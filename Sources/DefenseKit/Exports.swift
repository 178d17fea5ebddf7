// A plugin imports only DefenseKit, which re-exports models, graphs, execution, training and files.
@_exported public import InferenceGraph
@_exported public import ModelIO
@_exported public import NetworkTraining
