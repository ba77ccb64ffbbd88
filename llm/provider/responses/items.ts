import type { JsonObject } from '#platform/base/json/json.ts';
import type { AssistantMessage, ChatMessage, ContentPart } from '../../messages.ts';
import { wholeCall } from '../chat/wire-messages.ts';

/**
 * Returns the messages as items of the Responses API: messages, calls, and their results.
 *
 * @param thinks whether the thoughts of this turn go back, before the calls that came of them.
 */
export function items(messages: readonly ChatMessage[], deployment: string, thinks: boolean): JsonObject[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  return messages.flatMap((message, index): JsonObject[] => {
    if (message.role === 'assistant') return replyOf(message, deployment, thinks && index > asked);
    if (message.role === 'tool') {
      return [{ type: 'function_call_output', call_id: message.tool_call_id, output: message.content }];
    }
    const { role, content } = message;
    return [{ type: 'message', role, content: typeof content === 'string' ? content : content.map(partOf) }];
  });
}

function replyOf({ content, tool_calls: calls, echo }: AssistantMessage, deployment: string, isOpen: boolean) {
  const own = isOpen && calls && echo?.deployment === deployment && echo.field === 'parts' ? echo.details : undefined;
  return [
    ...(own ?? []).map(({ index: _index, ...item }): JsonObject => item),
    ...(content ? [{ type: 'message', role: 'assistant', content }] : []),
    ...(calls ?? []).map((call): JsonObject => {
      const { name, arguments: args } = wholeCall(call).function;
      return { type: 'function_call', call_id: call.id, name, arguments: args };
    }),
  ];
}

const partOf = (part: ContentPart): JsonObject =>
  part.type === 'text'
    ? { type: 'input_text', text: part.text }
    : { type: 'input_image', image_url: part.image_url.url, detail: part.image_url.detail ?? 'auto' };
