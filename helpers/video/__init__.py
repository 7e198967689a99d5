"""Videos: where they cut, their frames (`Scene.picture`), and a `VideoIndex` to search them by captions of scenes.

>>> from helpers import video
>>> scenes = video.scenes("asset/videos/camera1.mp4")
>>> print(len(scenes), "scenes; the second, from", scenes[1])
6 scenes; the second, from 0:04 to 0:06
"""

from .index import Added, Hit, VideoIndex
from .scenes import Scene, VideoError, scenes

__all__ = ["Added", "Hit", "Scene", "VideoError", "VideoIndex", "scenes"]
