"""The parts of a multipart body: what is uploaded, without the random boundary between."""

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser


@dataclass(frozen=True)
class Part:
    """One part of a form: a field, or, when it has a `filename`, a file. `data` are its bytes."""

    name: str
    data: bytes
    filename: str | None = None
    content_type: str | None = None


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a body of this content type, in their order; none if it is no multipart form.

    The format is that of RFC 7578 (2015). It is read by hand because the standard library's parser is made for mail,
    and takes a file for lines of text.
    """
    head = Message()
    head["content-type"] = content_type
    boundary = head.get_boundary()
    if head.get_content_type() != "multipart/form-data" or not boundary:
        return []
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    parts = []
    for piece in pieces:
        headers, blank, data = piece.partition(b"\r\n\r\n")
        if not blank:  # the end of the last one
            break
        fields = HeaderParser().parsestr(headers.decode("utf-8", "replace").lstrip())
        name = fields.get_param("name", "", header="content-disposition")
        kind = fields["content-type"] and fields.get_content_type()
        parts.append(Part(str(name), data, fields.get_filename(), kind))
    return parts
