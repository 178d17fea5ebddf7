// A plugin imports DefenseKit and nothing else: models, graphs, execution and files come with it.
@_exported public import InferenceGraph
@_exported public import ModelIO
@_exported public import NetworkTraining
