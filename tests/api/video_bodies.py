"""What may be sent to the retired video retrieval (see `video_retrieval.py`): shapes of the reference of 2024-03-11."""

from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    # An unknown field is refused, so that a misspelt one is noticed: our choice, the real service ignored it.
    model_config = ConfigDict(extra="forbid", strict=True)


class SchemaField(_Strict):
    name: str = Field(min_length=1)
    searchable: bool
    filterable: bool
    type: Literal["string", "datetime"]


class Schema(_Strict):
    language: Literal["en"] = "en"
    fields: list[SchemaField]


class Feature(_Strict):
    name: Literal["vision", "speech"]
    modelVersion: str | None = None
    domain: Literal["generic", "surveillance"] = "generic"


class IndexBody(_Strict):
    metadataSchema: Schema = Schema(fields=[])
    features: list[Feature] = [Feature(name="vision")]
    userData: dict = {}


class IndexChange(_Strict):
    metadataSchema: Schema | None = None
    userData: dict | None = None


class Video(_Strict):
    mode: Literal["add", "update", "remove"]
    documentId: str  # optional in the reference; here it is needed: our choice
    documentUrl: str = Field(pattern=r"^https?://[^/]+/")
    metadata: dict[str, str] = {}
    userData: dict = {}

    def file(self) -> str:
        return PurePosixPath(unquote(urlsplit(self.documentUrl).path)).name

    def shown(self) -> dict:
        return {"documentId": self.documentId, "documentUrl": self.documentUrl.split("?")[0]}


class IngestionBody(_Strict):
    videos: list[Video] = []
    moderation: bool = False
    generateInsightIntervals: bool = False
    documentAuthenticationKind: Literal["none", "managedIdentity"] = "none"
    filterDefectedFrames: bool = False
    includeSpeechTranscript: bool = False


class StringFilter(_Strict):
    fieldName: str
    values: list[str]


class DatetimeFilter(_Strict):
    fieldName: str
    startTime: str | None = None
    endTime: str | None = None


class Filters(_Strict):
    stringFilters: list[StringFilter] = []
    datetimeFilters: list[DatetimeFilter] = []
    featureFilters: list[Literal["vision", "speech"]] = []


class Query(_Strict):
    queryText: str = Field(min_length=1)
    filters: Filters = Filters()
    moderation: bool = False
    top: int = Field(10, ge=1)
    skip: int = Field(0, ge=0)
    additionalIndexNames: list[str] = []
    dedup: bool = True
    dedupMaxDocumentCount: int = 50
    disableMetadataSearch: bool = False
