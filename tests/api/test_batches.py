"""Batches as the SDK meets them, and the rate limit."""

import asyncio
import json
import zipfile

import openai
import pytest

from course.assets import ROOT
from helpers.encoding import open_picture
from helpers.many import AnswerStore, ask_all
from tests.api import API_KEY, serve
from tests.api.limits import Bucket
from tests.api.receipts import FAILS, PROMPT, SLOW


def receipt(number):
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as folder:
        return folder.read(f"receipt_{number:03}.png")


def question(data, detail="high"):
    content = [{"type": "text", "text": PROMPT}, open_picture(data).chat_part(detail)]
    return {"model": "gpt-5.6-luna", "messages": [{"role": "user", "content": content}]}


def line(number, **changes):
    asked = {"custom_id": f"{number}", "method": "POST", "url": "/v1/chat/completions"}
    return json.dumps(asked | {"body": question(receipt(number))} | changes)


@pytest.fixture
def client(api):
    return openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=0)


def batch_of(client, *lines):
    file = client.files.create(file=("asked.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    states = [batch.status]
    while batch.status in ("validating", "in_progress", "finalizing"):
        states.append((batch := client.batches.retrieve(batch.id)).status)
    assert client.batches.retrieve(batch.id) == batch, "its last state stays"
    return batch, states


def rows(client, file):
    return {row["custom_id"]: row for row in map(json.loads, client.files.content(file).text.splitlines())}


def test_a_batch_goes_from_validating_to_completed_and_one_line_fails(client):
    batch, states = batch_of(client, *map(line, (1, 3, FAILS[0])))
    assert states == ["validating", "in_progress", "finalizing", "completed"]
    assert batch.request_counts.to_dict() == {"total": 3, "completed": 2, "failed": 1}
    done, wrong = rows(client, batch.output_file_id), rows(client, batch.error_file_id)
    assert [*done] == ["3", "1"], "in another order than asked"
    alone = client.chat.completions.create(**question(receipt(1)))
    assert done["1"]["response"]["body"] == alone.to_dict(mode="json")
    assert wrong[f"{FAILS[0]}"]["response"]["status_code"] == 500 and "server had an error" in str(wrong)
    client.chat.completions.create(**question(receipt(FAILS[0])))  # asked again, it is answered


def test_a_batch_expires_and_keeps_what_was_done(client):
    batch, states = batch_of(client, line(1), line(SLOW[0]))
    assert states == ["validating", "in_progress", "expired"]
    assert {*rows(client, batch.output_file_id)} == {"1"}
    ((id, row),) = rows(client, batch.error_file_id).items()
    assert (id, row["response"], row["error"]["code"]) == (f"{SLOW[0]}", None, "batch_expired")


@pytest.mark.parametrize(
    ("lines", "code", "number"),
    [
        ([], "empty_file", None),
        ([line(1), line(1)], "duplicate_custom_id", 2),
        (["{"], "invalid_json_line", 1),
        (["{}"], "missing_required_parameter", 1),
        ([line(1, url="/v1/responses")], "invalid_url", 1),
        ([line(1, method="GET")], "invalid_url", 1),
        (["[]"] * 50_001, "too_large", None),
    ],
)
def test_a_file_that_no_batch_can_be_made_of_fails_with_its_line(client, lines, code, number):
    batch, states = batch_of(client, *lines)
    assert states == ["validating", "failed"] and batch.output_file_id is None
    assert (batch.errors.data[0].code, batch.errors.data[0].line) == (code, number)


def test_what_is_no_batch_is_refused(client):
    picture = client.files.create(file=("a.png", receipt(1)), purpose="vision")
    for wrong in ({"input_file_id": picture.id}, {"input_file_id": "file-gone"}, {"endpoint": "/v1/embeddings"}):
        asked = {"input_file_id": picture.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"} | wrong
        with pytest.raises(openai.APIStatusError):
            client.batches.create(**asked)
    for ask in (client.batches.retrieve, client.files.content):
        with pytest.raises(openai.NotFoundError):
            ask("gone")
    assert client.files.content(picture.id).content == receipt(1)


def test_a_bucket_refills_with_time_and_says_how_long_to_wait():
    now = [0.0]
    bucket = Bucket(2, 4, lambda: now[0])
    taken = [bucket.take() for _ in range(3)]
    assert [there for there, _ in taken] == [True, True, False]
    assert taken[0][1]["x-ratelimit-remaining-requests"] == "1" and taken[2][1]["retry-after-ms"] == "250"
    assert taken[1][1]["x-ratelimit-reset-requests"] == "500ms" and "retry-after-ms" not in taken[1][1]
    now[0] = 0.25
    assert [bucket.take()[0] for _ in range(2)] == [True, False]


def test_at_the_limit_the_sdk_waits_and_every_picture_is_answered(tmp_path):
    paths = [tmp_path / f"{number:03}.png" for number in range(1, 9)]
    for path in paths:
        path.write_bytes(receipt(int(path.stem)))
    refused = []
    with serve(bucket=Bucket(3, 40)) as api:

        async def run():
            async with openai.AsyncOpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=9) as client:

                async def ask(path):
                    answer = await client.chat.completions.with_raw_response.create(**question(path))
                    refused.append(answer.retries_taken)
                    return answer.parse()

                store = AnswerStore(":memory:")
                summary = await ask_all(paths, ask, store, {}, at_once=8)
                store.close()
                return summary

        summary = asyncio.run(run())
    assert (summary.asked, summary.failed) == (8, 0) and sum(refused) > 0
