"""Videos: where they cut, their frames, and an index to search them by what was said about each scene.

    for scene in video.scenes("camera1.mp4"):
        print(scene, scene.picture(max_side=512))

`video_sources.py` refuses what is no video, `frames.py` opens and decodes, `cutting.py` finds the scenes,
`video_index.py` keeps captions and searches them, in the tables of `index_store.py`.
"""

from .cutting import Scene, scenes
from .frames import Frame, sample_frames
from .index import Added, Bill, VideoIndex
from .sources import VideoError

__all__ = ["Added", "Bill", "Frame", "Scene", "VideoError", "VideoIndex", "sample_frames", "scenes"]
