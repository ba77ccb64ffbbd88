"""Uses /v1 through LiteLLM as programs do: streams, calls a tool, is refused, and leaves in the middle."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

WEATHER = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
litellm.suppress_debug_info = True


def ask(content, model="openai/smart", key=os.environ["SEXTANT_KEY"], **more):
    messages = [{"role": "user", "content": content}]
    url = os.environ["SEXTANT_URL"]
    return litellm.completion(model=model, api_base=url, api_key=key, messages=messages, num_retries=0, max_retries=0, **more)


def refused(**more):
    try:
        ask("Hello", **more)
    except Exception as error:
        return type(error).__name__


streamed = "".join(chunk.choices[0].delta.content or "" for chunk in ask("Tell me a story", stream=True))
tools = [{"type": "function", "function": {"name": "weather", "description": "Tells it", "parameters": WEATHER}}]
call = ask("Weather in Cowes?", tools=tools).choices[0].message.tool_calls[0].function
said = {
    "streamed": streamed,
    "called": {"name": call.name, "arguments": call.arguments},
    "refused": [refused(model="openai/unheard-of"), refused(key="sk-wrong")],
}
print(json.dumps(said), flush=True)
sys.stdin.readline()
for chunk in ask("Leave me", stream=True):
    if chunk.choices[0].delta.content:
        break
os._exit(0)
