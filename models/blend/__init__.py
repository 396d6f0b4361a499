"""The blend that a shop serves; see :mod:`models.blend.model`."""

from models.blend.model import Blend
from models.blend.settings import BlendSettings

__all__ = ["Blend", "BlendSettings"]
