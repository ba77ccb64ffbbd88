import { badInput } from '#platform/base/errors/errors.ts';
import { type Decision, decisionOf } from './approvals.ts';
import { contentOf, type GraphMessage, needContent } from './messages.ts';
import { type Body, needText, objectsOf } from './read.ts';

/** Returns what `input` says of calls that wait for a yes. */
export const decisionsOf = ({ input }: Body): Decision[] =>
  (Array.isArray(input) ? input : []).flatMap((item: Body, index) =>
    item?.['type'] === 'mcp_approval_response' ? [decisionOf(item, `input.${index}`)] : [],
  );

/**
 * Returns the items of `input` as messages: calls of one turn become one message.
 *
 * @param mayBeEmpty whether something else is said.
 */
export function messagesOf(body: Body, mayBeEmpty: boolean): GraphMessage[] {
  const { input } = body;
  if (typeof input === 'string') {
    if (input === '') throw badInput('input', 'is empty; write something.');
    return [{ role: 'USER', text: input }];
  }
  const messages: GraphMessage[] = [];
  for (const [index, item] of (objectsOf(body, 'input') ?? []).entries()) {
    const path = `input.${index}`;
    switch (item['type'] ?? 'message') {
      case 'message':
        messages.push(messageOf(item, path));
        break;
      case 'function_call': {
        const call = {
          id: needText(item, 'call_id', `${path}.call_id`),
          name: needText(item, 'name', `${path}.name`),
          arguments: needText(item, 'arguments', `${path}.arguments`),
        };
        const last = messages.at(-1);
        if (last?.role === 'ASSISTANT')
          messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] };
        else messages.push({ role: 'ASSISTANT', toolCalls: [call] });
        break;
      }
      case 'function_call_output':
        messages.push({
          role: 'TOOL',
          toolCallId: needText(item, 'call_id', `${path}.call_id`),
          text: outputOf(item, path),
        });
        break;
      case 'reasoning':
      case 'mcp_approval_request':
      case 'mcp_approval_response':
        break; // a model thinks again; what waits for a yes is kept here, and what is said of it is read elsewhere
      default:
        throw badInput(
          `${path}.type`,
          'must be message, function_call, function_call_output, reasoning or mcp_approval_response.',
        );
    }
  }
  if (messages.length === 0 && !mayBeEmpty) throw badInput('input', 'is missing: a text, or a list of items.');
  return messages;
}

/** Returns the result of a call: a text, or a list of parts that are texts. */
function outputOf(item: Body, path: string): string {
  if (!Array.isArray(item['output'])) return needText(item, 'output', `${path}.output`);
  const parts = objectsOf(item, 'output', `${path}.output`) ?? [];
  return parts
    .map((part, index) => {
      if (part['type'] !== 'input_text') throw badInput(`${path}.output.${index}.type`, 'must be input_text.');
      return needText(part, 'text', `${path}.output.${index}.text`);
    })
    .join('\n');
}

function messageOf(item: Body, path: string): GraphMessage {
  const role = roleOf(item, path);
  const content = contentOf(item, path);
  return { role, ...(role === 'ASSISTANT' ? content : needContent(content, path)) };
}

function roleOf(item: Body, path: string): GraphMessage['role'] {
  const role = item['role'];
  if (role === 'user') return 'USER';
  if (role === 'assistant') return 'ASSISTANT';
  if (role === 'system' || role === 'developer') return 'SYSTEM';
  throw badInput(`${path}.role`, 'must be user, assistant, system or developer.');
}
