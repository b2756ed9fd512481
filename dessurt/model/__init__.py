"""The Dessurt model: configuration, network and tokenizer."""

from dessurt.model.config import DessurtConfig
from dessurt.model.model import Dessurt
from dessurt.model.tokenizer import Tokenizer

__all__ = ["Dessurt", "DessurtConfig", "Tokenizer"]
