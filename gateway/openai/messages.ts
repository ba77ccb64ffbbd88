import { badInput } from '#platform/base/errors/errors.ts';
import { isObject } from '#platform/base/json/objects.ts';
import { type Body, needText, objectOf, objectsOf, textOf } from './read.ts';

/** A message as the graph's `completion` takes it. */
export interface GraphMessage {
  readonly role: 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL';
  readonly text?: string;
  readonly images?: readonly { readonly url: string; readonly detail?: string }[];
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly toolCallId?: string;
}

/** Names of the parts of a message's content, in the two APIs. */
const TEXTS = new Set(['text', 'input_text', 'output_text', 'refusal']);
const IMAGES = new Set(['image_url', 'input_image']);
const FILES = new Set(['file', 'input_file']);
const DETAILS = new Set(['auto', 'low', 'high']);
/** Characters of a file's name that an error repeats. */
const MAX_NAME = 100;

/** Returns the messages of a chat completion as the graph takes them. */
export const chatMessages = (messages: readonly Body[]): GraphMessage[] =>
  messages.map((message, index) => chatMessage(message, `messages.${index}`));

function chatMessage(message: Body, path: string): GraphMessage {
  const content = contentOf(message, path);
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: 'SYSTEM', ...needContent(content, path) };
    case 'user':
      return { role: 'USER', ...needContent(content, path) };
    case 'tool':
      return { role: 'TOOL', ...content, toolCallId: needText(message, 'tool_call_id', `${path}.tool_call_id`) };
    case 'assistant': {
      const toolCalls = objectsOf(message, 'tool_calls', `${path}.tool_calls`)?.map((call, index) => {
        const place = `${path}.tool_calls.${index}`;
        const called = objectOf(call, 'function', `${place}.function`) ?? {};
        return {
          id: needText(call, 'id', `${place}.id`),
          name: needText(called, 'name', `${place}.function.name`),
          arguments: needText(called, 'arguments', `${place}.function.arguments`),
        };
      });
      const said = content.text ?? textOf(message, 'refusal', `${path}.refusal`);
      if (said === undefined && !toolCalls?.length) throw badInput(`${path}.content`, 'is missing, and so are calls.');
      return {
        role: 'ASSISTANT',
        ...content,
        ...(said !== undefined && { text: said }),
        ...(toolCalls && { toolCalls }),
      };
    }
    default:
      throw badInput(`${path}.role`, 'must be system, developer, user, assistant or tool.');
  }
}

/** Refuses a message that says nothing, by the name that its content has here. */
export function needContent<Content extends Pick<GraphMessage, 'text' | 'images'>>(
  content: Content,
  path: string,
): Content {
  if (!content.text && !content.images) throw badInput(`${path}.content`, 'is missing or empty; write something.');
  return content;
}

/** Returns text and images of a message, whose content is a text or a list of parts. */
export function contentOf(message: Body, path: string): Pick<GraphMessage, 'text' | 'images'> {
  const { content } = message;
  if (content == null) return {};
  if (typeof content === 'string') return { text: content };
  if (!Array.isArray(content)) throw badInput(`${path}.content`, 'must be a string or a list of parts.');
  const texts: string[] = [];
  const images: { url: string; detail?: string }[] = [];
  for (const [index, part] of (objectsOf(message, 'content', `${path}.content`) ?? []).entries()) {
    const place = `${path}.content.${index}`;
    const type = String(part['type']);
    if (TEXTS.has(type)) texts.push(needText(part, type === 'refusal' ? 'refusal' : 'text', `${place}.text`));
    else if (IMAGES.has(type)) images.push(imageOf(part, place));
    else if (FILES.has(type))
      throw badInput(
        `${place}.type`,
        `is a file${nameOf(part)}: upload it at /v1/files, and ask with metadata.use_memory.`,
      );
    else throw badInput(`${place}.type`, 'must be a text or an image.');
  }
  return { text: texts.join('\n'), ...(images.length > 0 && { images }) };
}

/** The name and the size of a file that came in a message, as far as the message says them. */
function nameOf(part: Body): string {
  const file = isObject(part['file']) ? part['file'] : part;
  const [name, data] = [file['filename'], file['file_data']];
  const said = typeof name === 'string' ? ` (${name.slice(0, MAX_NAME)}` : '';
  if (typeof data !== 'string') return said && `${said})`;
  const bytes = Math.floor(((data.length - data.indexOf(',') - 1) * 3) / 4);
  return `${said === '' ? ' (' : `${said}, `}${Math.ceil(bytes / 1024)} KB)`;
}

function imageOf(part: Body, place: string): { url: string; detail?: string } {
  const named = typeof part['image_url'] === 'string' ? part : (objectOf(part, 'image_url', place) ?? {});
  const url = needText(named, named === part ? 'image_url' : 'url', `${place}.image_url`);
  const detail = textOf(named, 'detail', `${place}.detail`);
  if (detail !== undefined && !DETAILS.has(detail)) throw badInput(`${place}.detail`, 'must be auto, low or high.');
  return { url, ...(detail !== undefined && { detail: detail.toUpperCase() }) };
}
