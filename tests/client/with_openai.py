"""Uses /v1 through OpenAI's own package of PyPI: streams, calls a tool, parses, is refused, and leaves in the middle."""

import json
import os
import sys

import openai

WEATHER = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
MODEL = "smart"
url, key = os.environ["SEXTANT_URL"], os.environ["SEXTANT_KEY"]
client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)


def ask(content, model=MODEL, by=client, **more):
    return by.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **more)


def refused(**more):
    try:
        ask("Hello", **more)
    except openai.APIError as error:
        return type(error).__name__


def said_in_events():
    with client.responses.stream(model=MODEL, input="Tell me a story", store=False) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        return [text, stream.get_final_response().output_text]


streamed = "".join(chunk.choices[0].delta.content or "" for chunk in ask("Tell me a story", stream=True) if chunk.choices)
tools = [{"type": "function", "function": {"name": "weather", "description": "Tells it", "parameters": WEATHER}}]
called = ask("Weather in Cowes?", tools=tools, tool_choice="required", parallel_tool_calls=False).choices[0].message
schema = {"type": "json_schema", "json_schema": {"name": "place", "schema": WEATHER, "strict": True}}
said = {
    "streamed": streamed,
    "events": said_in_events(),
    "called": [[call.function.name, call.function.arguments] for call in called.tool_calls],
    "parsed": json.loads(ask("Where, as JSON?", response_format=schema).choices[0].message.content),
    "refused": [
        refused(model="unheard-of"),
        refused(by=openai.OpenAI(base_url=url, api_key="sk-wrong", max_retries=0)),
        refused(n=2),
    ],
}
print(json.dumps(said), flush=True)
sys.stdin.readline()
for chunk in ask("Leave me", stream=True):
    if chunk.choices[0].delta.content:
        break
os._exit(0)
