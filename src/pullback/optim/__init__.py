"""Optimizers: `optimizer.update(model, along=gradient)` moves a model downhill, in place."""

from pullback.optim.adaptive import AdaGrad, Adam, RMSProp
from pullback.optim.optimizer import Optimizer
from pullback.optim.sgd import SGD

__all__ = ["SGD", "AdaGrad", "Adam", "Optimizer", "RMSProp"]
