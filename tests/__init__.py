import sys

# jsonschema would make a parser of addresses from this: a second in each process, for a format that nobody asks of it.
sys.modules.setdefault("rfc3987_syntax", None)
