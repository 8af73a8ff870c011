"""Files made from results: pictures, animations, arrays, tables and scripts. numpy and Pillow only."""

from __future__ import annotations

from genplay.export.answers import drawable, named_arrays
from genplay.export.embed import read_recipe
from genplay.export.output import encode, encode_with, write
from genplay.export.script import python_script

__all__ = ["drawable", "encode", "encode_with", "named_arrays", "python_script", "read_recipe", "write"]
