type Raw = Readonly<Record<string, unknown>>;

/**
 * Returns the body of a refusal in the shape that the openai package reads. The package drops what stands elsewhere: LM
 * Studio and Ollama send `error` as a text, vLLM and Mistral a message at the top, FastAPI `detail`, Gemini a list;
 * OpenRouter has the words of the provider behind it in `metadata`, llama.cpp its window in `n_ctx`.
 */
export function asErrorBody(text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text;
  }
  const body = record(Array.isArray(parsed) ? parsed[0] : parsed);
  const error = errorOf(body);
  return error ? JSON.stringify({ error }) : text;
}

/** Returns what is wrong as an object with a message; undefined when the body does not say. */
export function errorOf(body: Raw): Raw | undefined {
  if (typeof body.error === 'string') return { ...body, error: undefined, message: body.error };
  const error = record(body.error);
  if (typeof error.message === 'string') return { ...error, message: withDetails(error, error.message) };
  if (Object.keys(error).length > 0) return { ...error, message: JSON.stringify(error) };
  if (typeof body.message === 'string') return body;
  if (typeof body.msg === 'string') return { ...body, message: body.msg };
  // DeepInfra: the words and the kind of the server behind it.
  if (typeof body.error_message === 'string') return { ...body, type: body.error_type, message: body.error_message };
  const { status_code: code, status_msg: words } = record(body.base_resp);
  if (typeof words === 'string' && code !== 0) return { code, message: words };
  // Baidu; Cloudflare; an exception of AWS in a stream, named by its member.
  if (typeof body.error_msg === 'string') return { code: body.error_code, message: body.error_msg };
  const [listed] = Array.isArray(body.errors) ? (body.errors as unknown[]) : [];
  if (typeof record(listed).message === 'string') return record(listed);
  const [exception] = Object.entries(body).filter(([name]) => name.endsWith('Exception'));
  if (exception) return { type: exception[0], message: String(record(exception[1]).message ?? exception[0]) };
  if (body.detail !== undefined || body.message !== undefined) return fromDetail(body.detail ?? body.message);
  return undefined;
}

/** Returns whether a member `error` says that something is wrong: Go writes an empty one beside every piece. */
export function isError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return !!error;
  return Object.values(error).some((value) => (typeof value === 'object' ? isError(value) : !!value));
}

function withDetails({ metadata, n_ctx: window }: Raw, message: string): string {
  const { raw, headers } = record(metadata);
  const more = typeof raw === 'string' ? `: ${raw}` : '';
  // OpenRouter names the moment, in ms since 1970.
  const waitMs = Number(record(headers)['X-RateLimit-Reset']) - Date.now();
  const wait = waitMs > 0 ? ` (try again in ${Math.ceil(waitMs / 1000)} s)` : '';
  return `${message}${more}${wait}${typeof window === 'number' ? ` (n_ctx: ${window})` : ''}`;
}

/** FastAPI and pydantic: a text, or a list of what is wrong where. */
function fromDetail(detail: unknown): Raw {
  if (typeof detail === 'string') return { message: detail };
  const list = Array.isArray(detail) ? detail : [detail];
  const first = record(list[0]);
  const place = Array.isArray(first.loc) ? (first.loc as unknown[]).filter((part) => part !== 'body') : [];
  const words = list.map((one: unknown) => record(one).msg ?? JSON.stringify(one)).join('; ');
  return { message: `${place.join('.')}: ${words}`, ...(place.length > 0 && { param: String(place[0]) }) };
}

const record = (value: unknown): Raw => (typeof value === 'object' && value !== null ? (value as Raw) : {});
