import { isIP } from 'node:net';
import type { ChatMessage, ContentPart } from '#llm/messages.ts';
import type { ChatRequest } from '#llm/requests.ts';
import { badInput } from '#platform/base/errors/errors.ts';
import { checkParameters, type ParametersInput, requestParameters } from '../parameters.ts';
import { checkOffer, type Offer, type ResponseFormatInput, type ToolInput } from '../tools/offer.ts';

/** A question to a model without a conversation, as GraphQL hands it in. */
export interface CompleteInput {
  readonly messages: readonly MessageInput[];
  readonly model?: string | null;
  readonly parameters?: ParametersInput | null;
  readonly tools?: readonly ToolInput[] | null;
  readonly toolChoice?: { readonly mode: 'AUTO' | 'NONE' | 'REQUIRED'; readonly name?: string | null } | null;
  readonly responseFormat?: ResponseFormatInput | null;
  readonly useMemory: boolean;
}

export interface MessageInput {
  readonly role: 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL';
  readonly text?: string | null;
  readonly images?: readonly ImageInput[] | null;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[] | null;
  readonly toolCallId?: string | null;
}

interface ImageInput {
  readonly url: string;
  readonly detail?: 'AUTO' | 'LOW' | 'HIGH' | null;
}

const MAX_MESSAGES = 2_000;
/** Most bytes (UTF-8) of all texts together. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const MAX_IMAGES = 10;
/** Most characters of an image in a data: URL. */
const MAX_IMAGE = 8 * 1024 * 1024;
const MAX_CALLS = 32;
const IMAGE_DATA = /^data:image\/(?:png|jpeg|webp|gif);base64,/;

/**
 * Returns what the model layer is asked.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the field and its limit.
 */
export function checkCompletion(input: CompleteInput): ChatRequest {
  const { messages, model } = input;
  if (messages.length === 0 || messages.length > MAX_MESSAGES) {
    throw badInput('input.messages', `are ${messages.length}; 1 to ${MAX_MESSAGES} are accepted.`);
  }
  const bytes = messages.reduce((sum, { text }) => sum + Buffer.byteLength(text ?? ''), 0);
  if (bytes > MAX_TEXT_BYTES) {
    throw badInput('input.messages', `are ${bytes} bytes of text together; at most ${MAX_TEXT_BYTES} are accepted.`);
  }
  const images = messages.reduce((sum, one) => sum + (one.images?.length ?? 0), 0);
  if (images > MAX_IMAGES) {
    throw badInput('input.messages', `bring ${images} images; at most ${MAX_IMAGES} are accepted.`);
  }
  const offer = checkOffer(input);
  return {
    ...(model != null && { model }),
    messages: messages.map(messageOf),
    ...requestParameters(checkParameters('input.parameters', input.parameters)),
    ...(offer.format && { output: offer.format }),
    ...toolsOf(offer, input.toolChoice),
  };
}

function toolsOf({ tools }: Offer, choice: CompleteInput['toolChoice']): Pick<ChatRequest, 'tools' | 'toolChoice'> {
  if (!tools) {
    if (choice && choice.mode !== 'NONE') throw badInput('input.toolChoice', 'needs `tools` to choose from.');
    return {};
  }
  const name = choice?.name;
  if (name != null && !tools.some((tool) => tool.name === name)) {
    throw badInput('input.toolChoice.name', `is ${JSON.stringify(name.slice(0, 64))}, which is not one of \`tools\`.`);
  }
  return {
    tools: tools.map((tool) => ({ type: 'function', function: tool })),
    ...(choice && {
      toolChoice:
        name != null
          ? ({ type: 'function', function: { name } } as const)
          : (choice.mode.toLowerCase() as 'auto' | 'none' | 'required'),
    }),
  };
}

function messageOf(message: MessageInput, index: number): ChatMessage {
  const { role, text, images, toolCalls, toolCallId } = message;
  const argument = `input.messages.${index}`;
  if (images?.length && role !== 'USER') throw badInput(`${argument}.images`, 'go with the role USER only.');
  if (toolCalls?.length && role !== 'ASSISTANT') throw badInput(`${argument}.toolCalls`, 'go with ASSISTANT only.');
  if ((toolCallId != null) !== (role === 'TOOL')) {
    throw badInput(`${argument}.toolCallId`, 'goes with the role TOOL, which needs it, and with no other.');
  }
  const content = text ?? '';
  if (role === 'TOOL') return { role: 'tool', tool_call_id: toolCallId!, content };
  if (role === 'ASSISTANT') return assistantMessage(argument, content, toolCalls ?? []);
  if (content === '' && !images?.length) throw badInput(`${argument}.text`, 'is empty; write something.');
  if (role === 'SYSTEM') return { role: 'system', content };
  if (!images?.length) return { role: 'user', content };
  const parts = images.map((image, place) => imagePart(`${argument}.images.${place}`, image));
  return { role: 'user', content: [...(content === '' ? [] : [{ type: 'text' as const, text: content }]), ...parts] };
}

function assistantMessage(
  argument: string,
  content: string,
  calls: NonNullable<MessageInput['toolCalls']>,
): ChatMessage {
  if (calls.length > MAX_CALLS) {
    throw badInput(`${argument}.toolCalls`, `are ${calls.length}; at most ${MAX_CALLS} are accepted.`);
  }
  if (calls.length === 0) return { role: 'assistant', content };
  return {
    role: 'assistant',
    content: content === '' ? null : content,
    tool_calls: calls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  };
}

function imagePart(argument: string, { url, detail }: ImageInput): ContentPart {
  if (url.startsWith('data:')) {
    if (!IMAGE_DATA.test(url)) throw badInput(`${argument}.url`, 'holds no PNG, JPEG, WebP or GIF in base64.');
    if (url.length > MAX_IMAGE) {
      throw badInput(`${argument}.url`, `has ${url.length} characters; at most ${MAX_IMAGE} are accepted.`);
    }
  } else if (!isPublic(url)) {
    throw badInput(
      `${argument}.url`,
      'must be a data: URL, or an https: URL of a public host, which the provider reads.',
    );
  }
  return {
    type: 'image_url',
    image_url: { url, ...(detail && { detail: detail.toLowerCase() as 'auto' | 'low' | 'high' }) },
  };
}

/** The provider fetches it: a server of your own must not be led to its neighbours. */
function isPublic(url: string): boolean {
  if (url.length > 2_048 || !URL.canParse(url)) return false;
  const { protocol, hostname, username } = new URL(url);
  const isName = hostname.includes('.') && !hostname.startsWith('[') && isIP(hostname) === 0;
  return protocol === 'https:' && username === '' && isName && !/\.(?:local|internal|localhost)\.?$/.test(hostname);
}
