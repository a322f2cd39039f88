"""Clients that others wrote: OpenAI's, and the Model Context Protocol's; with a worker that needs no model."""

import asyncio
import base64
import os
import sys

import pytest

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
            alt = await client.call_tool("alt_text", {"image": PHOTO})
            bad = await client.call_tool("caption", {"image": base64.b64encode(b"bad").decode()})
            local = await client.call_tool("caption", {"path": "/etc/passwd"})
            return tools, caption, clip, alt, bad, local

    tools, caption, clip, alt, bad, local = asyncio.run(talk())
    assert set(tools) == {"caption", "recognize", "alt_text"}
    assert set(tools["caption"].input_schema["properties"]) == {"image", "num", "model"}
    assert next(one["text"] for one in caption.structured_content["captions"]) == "a red square of 5 bytes"
    assert clip.structured_content["predictions"] == [{"label": "Surfing", "probability": 0.9}]
    assert alt.content[0].text == "A red square of 5 bytes."
    assert bad.is_error
    assert "not a picture" in bad.content[0].text
    assert local.is_error  # over HTTP no path of the host is taken
    assert "root:" not in str(local.content)


@pytest.mark.timeout(300)
def test_mcp_over_standard_input_reads_a_local_photo(samples):
    mcp = pytest.importorskip("mcp", reason="needs the extra seesay[mcp]")
    command = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "seesay", "mcp", "--timeout", "200"], env=dict(os.environ)
    )

    async def talk():
        async with mcp.Client(command, mode="legacy") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            alt = await client.call_tool("alt_text", {"path": str(samples[0])})
            missing = await client.call_tool("caption", {"path": "/nowhere.jpg"})
            return tools, alt, missing

    tools, alt, missing = asyncio.run(talk())
    assert set(tools["alt_text"].input_schema["properties"]) == {"path", "model"}
    assert not alt.is_error
    assert alt.content[0].text.endswith(".")
    assert missing.is_error
    assert "there is no such file" in missing.content[0].text
