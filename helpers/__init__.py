"""What the lessons import. Nothing here is needed to talk to a model; a lesson's own cells do that.

recording.start(lesson)     open the lesson's recording, or go live; the one line that decides where answers come from
recording.stop()            leave requests and environment as they were
recording.mode()            replay, live or record
recording.model()           the model that every lesson asks
recording.origin(id)        where an answer came from
encoding.open_picture(p)    any picture, checked and made fit to send; a Picture makes its own part of a request,
                            and estimates what it costs
plotting.show(*pictures)    pictures in a row, with captions, alt text and their numbers
plotting.draw_grid(p, m, d) a picture as a model gets it at a detail, under the tiles or patches that are counted
plotting.draw_boxes(p, b)   a picture with boxes on it, given as fractions of its width and height, and their numbers
plotting.show_answer(a)     an answer's text, where it came from, its tokens, why it ended
tokens.picture_tokens(…)    what a picture costs, by its model's published rule
tokens.request_tokens(m)    the pictures of a whole request, added up
tokens.check_limits(m)      refuse a request that holds more than its provider takes
tokens.price(…)             US cents for tokens
video.scenes(path)          where a video cuts; a Scene has times in seconds and gives the picture of its middle frame
video.sample_frames(path)   a frame every so many seconds
video.VideoIndex(path)      what was said about each scene, searchable: bill, add, search, documents, remove
azure_video.VideoRetrieval  Azure's retired search in videos: index, ingestion, moments found by text
exercises.check(n, answer)  is this answer to exercise n right, and why; hint(n) and solution(n) help

Behind `recording`: `tape.py` chooses the answer for the cell that asks, `cassette.py` is the shape of a recording
file, `readable.py` makes its parts out of requests and answers (`multipart.py`: out of uploads), `wire.py` sits
between the clients and vcrpy, `nearest.py` writes the message for what was never recorded. Behind `encoding`:
`sources.py` reads and opens, `refusals.py` says what is no picture, `metadata.py` drops what only speaks about one.
Behind `tokens`: the published rules, as data, in `token_rules.py`. Behind `plotting`: `grids.py` draws tiles and
patches, `boxes.py` checks and draws boxes and says how much two overlap. Behind `video`: `video_sources.py` refuses
what is no video, `frames.py` decodes, `cutting.py` finds scenes, `video_index.py` and its `index_store.py` keep and
search captions. Behind `azure_video`: `azure_checks.py` refuses what can't work, `azure_calls.py` asks. What either
index finds has the shape of `moments.py`. Behind `exercises`: `checks/`, one file a lesson.
"""
