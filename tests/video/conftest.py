"""A video of four scenes, and an index in memory."""

from contextlib import closing

import pytest

from helpers import video
from tests.video import cut_clip


@pytest.fixture(scope="package")
def clip(tmp_path_factory):
    """A small video of four scenes of a second each."""
    return cut_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 10, 10, 10, 10)


@pytest.fixture(scope="package")
def scenes(clip):
    return video.scenes(clip)


@pytest.fixture
def index():
    with closing(video.VideoIndex()) as index:
        yield index


@pytest.fixture
def path(tmp_path):
    """Where an index can be."""
    return tmp_path / "i.sqlite"
