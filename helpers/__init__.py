"""Small helpers for sending pictures and video to a language-model API: yours to copy.

tokens     what a picture costs, by its model's published rule
encoding   any picture, checked and made ready to send
plotting   pictures, boxes, tiles and patches on the page, each with alt text and numbers
video      scenes and frames, and an index that finds them by what was said about them

Nothing here is needed to talk to a model; a lesson's own cells do that.
"""
