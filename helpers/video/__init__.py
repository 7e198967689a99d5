"""Videos: where they cut, their frames, and an index to search them by what was said about each scene.

    >>> from helpers import video
    >>> parts = video.scenes("asset/videos/camera1.mp4")
    >>> print(len(parts), *parts[:2], sep=", ")
    6, 0:00 to 0:04, 0:04 to 0:06
    >>> with video.VideoIndex() as index:  # of one scene; its caption is your own function's answer about a Picture
    ...     added = index.add(parts[0].path, lambda picture: "Towers at night.", scenes=parts[:1])
    ...     print(index.search("tower")[0])
    camera1:   0%|                                             | 0/1 scenes
    camera1  0:00 to 0:04, best 0:02

`scenes.py` opens videos and finds their scenes and frames, `index.py` keeps what was said about them and searches it.
"""

from .index import Added, Hit, VideoIndex
from .scenes import Frame, Scene, VideoError, sample_frames, scenes

__all__ = ["Added", "Frame", "Hit", "Scene", "VideoError", "VideoIndex", "sample_frames", "scenes"]
