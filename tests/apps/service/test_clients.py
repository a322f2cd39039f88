"""Clients that others wrote: OpenAI's, and the Model Context Protocol's; with a worker that needs no model."""

import asyncio
import base64
import os
import sys

import pytest
from alttext_pictures import chart, encoded
from PIL import Image

from seesay.apps.alttext.captions import Captions, RuntimeModel
from seesay.apps.alttext.photos import find_photos

PHOTO = base64.b64encode(b"12345").decode()
MESSAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PHOTO}"}},
    ],
}


@pytest.fixture(scope="module")
def openai(fake):
    package = pytest.importorskip("openai", reason="needs the extra seesay[test]")
    with package.OpenAI(base_url=f"{fake.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_openai_captions_an_image(openai):
    answer = openai.chat.completions.create(model="seesay", messages=[MESSAGE], max_tokens=300, temperature=0.7)
    assert answer.choices[0].message.content == "a red square of 5 bytes"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "default"


def test_openai_takes_several_choices_and_our_own_options(openai):
    answer = openai.chat.completions.create(model="default", messages=[MESSAGE], n=3, extra_body={"beam": 5})
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_openai_streams(openai):
    parts = openai.chat.completions.create(model="seesay", messages=[MESSAGE], stream=True)
    assert "".join(part.choices[0].delta.content or "" for part in parts) == "a red square of 5 bytes"


def test_openai_lists_models(openai):
    assert "default" in [model.id for model in openai.models.list()]


def test_openai_reads_our_errors(openai):
    import openai as package

    with pytest.raises(package.NotFoundError, match="is not served"):
        openai.chat.completions.create(model="gpt-4o", messages=[MESSAGE])
    with pytest.raises(package.UnprocessableEntityError, match="no message holds an image"):
        openai.chat.completions.create(model="seesay", messages=[{"role": "user", "content": "hello"}])
    wrong = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/x.jpg"}}]}
    with pytest.raises(package.BadRequestError, match="--allow-url"):
        openai.chat.completions.create(model="seesay", messages=[wrong])
    bad = f"data:image/jpeg;base64,{base64.b64encode(b'bad').decode()}"
    wrong = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": bad}}]}
    with pytest.raises(package.UnprocessableEntityError, match="not a picture"):
        openai.chat.completions.create(model="seesay", messages=[wrong])


def test_mcp_over_http(fake):
    mcp = pytest.importorskip("mcp", reason="needs the extra seesay[mcp]")

    async def talk():
        async with mcp.Client(f"{fake.url}/mcp") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            caption = await client.call_tool("caption", {"image": PHOTO, "num": 2})
            clip = await client.call_tool("recognize", {"image": PHOTO, "top": 1})
            alts = [
                await client.call_tool("alt_text", {"image": base64.b64encode(data).decode()})
                for data in (b"it is certain", b"in doubt", b"12345")
            ]
            bad = await client.call_tool("caption", {"image": base64.b64encode(b"bad").decode()})
            local = await client.call_tool("caption", {"path": "/etc/passwd"})
            return tools, caption, clip, alts, bad, local

    tools, caption, clip, alts, bad, local = asyncio.run(talk())
    assert set(tools) == {"caption", "recognize", "alt_text"}
    assert set(tools["caption"].input_schema["properties"]) == {"image", "num", "model"}
    assert next(one["text"] for one in caption.structured_content["captions"]) == "a red square of 5 bytes"
    assert clip.structured_content["predictions"] == [{"label": "Surfing", "probability": 0.9}]
    sure, *others = alts
    assert sure.content[0].text == "A red square of 13 bytes."
    assert sure.structured_content["alt"] == "A red square of 13 bytes."
    assert (sure.structured_content["sure"], sure.structured_content["role"]) == (True, "informative")
    for number, alt in zip((8, 5), others, strict=True):  # not sure, and a model that cannot tell: silence
        assert not alt.is_error
        assert (alt.structured_content["alt"], alt.structured_content["sure"]) == (None, False)
        assert alt.structured_content["perhaps"] == f"Perhaps a red square of {number} bytes."
        assert alt.content[0].text.startswith("No alt text: the model is not sure; a person must say it.")
    assert bad.is_error
    assert "not a picture" in bad.content[0].text
    assert local.is_error  # over HTTP no path of the host is taken
    assert "root:" not in str(local.content)


@pytest.mark.timeout(300)
def test_mcp_over_standard_input_reads_a_local_photo(samples, tmp_path):
    """With the embedded model; what `alt_text` says of a file is what `seesay alt --metadata` proposes."""
    mcp = pytest.importorskip("mcp", reason="needs the extra seesay[mcp]")
    drawn, blank = tmp_path / "chart.png", tmp_path / "blank.png"
    drawn.write_bytes(encoded(chart()))
    Image.new("RGB", (64, 48), "white").save(blank)
    pictures = [*samples, drawn]
    command = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "seesay", "mcp", "--timeout", "200"], env=dict(os.environ)
    )

    async def talk():
        async with mcp.Client(command, mode="legacy") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            alts = [await client.call_tool("alt_text", {"path": str(path)}) for path in [*pictures, blank]]
            missing = await client.call_tool("caption", {"path": "/nowhere.jpg"})
            return tools, alts, missing

    tools, alts, missing = asyncio.run(talk())
    assert set(tools["alt_text"].input_schema["properties"]) == {"path", "model"}
    assert not any(alt.is_error for alt in alts)
    found = [alt.structured_content for alt in alts]
    proposed = list(find_photos(pictures, Captions(RuntimeModel, tmp_path / "captions")))
    for one, finding in zip(found, proposed, strict=False):
        assert (one["role"], one["sure"]) == (finding.role, finding.sure)
        assert (one["alt"] or one["perhaps"]) == (finding.alt or "")
        assert one["sure"] == (one["alt"] is not None)
    assert found[-2]["role"] == "complex"
    assert (found[-1]["role"], found[-1]["alt"], found[-1]["sure"]) == ("decorative", "", True)
    assert missing.is_error
    assert "there is no such file" in missing.content[0].text
