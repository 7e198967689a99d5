"""Videos: their scenes and frames (`Scene.picture`), and a `VideoIndex` that searches captions and what is said.

>>> from helpers import video
>>> print(*video.scenes("asset/videos/camera1.mp4"), sep=", ")
0:00 to 0:04, 0:04 to 0:06, 0:06 to 0:10, 0:10 to 0:14, 0:14 to 0:18, 0:18 to 0:22
"""

from .index import Hit, VideoIndex
from .scenes import Scene, VideoError, scenes

__all__ = ["Hit", "Scene", "VideoError", "VideoIndex", "scenes"]
