"""Videos: where they cut, their frames, and an index to search them by what was said about each scene.

    >>> from helpers import video
    >>> scenes = video.scenes("asset/videos/camera1.mp4")
    >>> print(len(scenes), "scenes; the second, from", scenes[1])
    6 scenes; the second, from 0:04 to 0:06
    >>> print(scenes[1].picture(max_side=256).width, "pixels wide, ready to send")
    256 pixels wide, ready to send

An index asks your own function, Picture -> str, once for each scene, and then finds scenes by words:
`video.VideoIndex("films.sqlite")`, its `bill`, `add` and `search`. `scenes.py` is about video files, `index.py` about
captions and search.
"""

from .index import Added, Hit, VideoIndex
from .scenes import Frame, Scene, VideoError, sample_frames, scenes

__all__ = ["Added", "Frame", "Hit", "Scene", "VideoError", "VideoIndex", "sample_frames", "scenes"]
