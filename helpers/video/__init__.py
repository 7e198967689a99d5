"""Videos: where they cut, their frames, and an index to search them by what was said about each scene.

    >>> from helpers import video
    >>> scenes = video.scenes("asset/videos/camera1.mp4")
    >>> print(len(scenes), "scenes; the second, from", scenes[1])
    6 scenes; the second, from 0:04 to 0:06

`scenes[1].picture()` is its frame, ready to send. `video.VideoIndex("films.sqlite")` finds scenes by their captions.
"""

from .index import Added, Hit, VideoIndex
from .scenes import Scene, VideoError, scenes

__all__ = ["Added", "Hit", "Scene", "VideoError", "VideoIndex", "scenes"]
