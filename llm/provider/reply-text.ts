import type { Delta } from './deltas.ts';
import { JsonFence } from './json-fence.ts';
import type { ReplyTemplate } from './reply-template.ts';
import { StopWords } from './stop-words.ts';
import { ThinkTags } from './think-tags.ts';
import type { ToldApart } from './told-apart.ts';
import { TurnEnds } from './turn-ends.ts';
import { WrittenCalls } from './written-calls.ts';
import type { WrittenCall } from './written-forms.ts';

/** The options of a text. */
export interface ReplyTextOptions {
  /** Words that end the reply, where the provider takes no `stop`. */
  readonly stop?: readonly string[] | undefined;
  /** Whether the text is to be JSON: the fence of Markdown around it is taken off. */
  readonly json?: boolean;
  /** Absent where the server knows the templates of its models. */
  readonly template?: ReplyTemplate | undefined;
}

/** What stands in the place of a picture that came with its bytes. */
const PICTURE = '[A picture, which a reply cannot hold]';

/**
 * The text of a reply as it is handed on: without reasoning in tags, without what is left of a template, up to the
 * first word that ends it.
 */
export class ReplyText {
  readonly #tags: ThinkTags;
  readonly #calls: WrittenCalls | undefined;
  readonly #ends: TurnEnds | undefined;
  readonly #stop: StopWords | undefined;
  readonly #fence: JsonFence | undefined;
  #hasSaid = false;
  #isAfterPicture = false;

  constructor({ stop, json, template }: ReplyTextOptions) {
    const tools = json ? [] : (template?.tools ?? []);
    this.#tags = new ThinkTags(template && { ...template, tools });
    if (template) this.#ends = new TurnEnds();
    if (tools.length > 0) this.#calls = new WrittenCalls(tools);
    if (stop !== undefined && stop.length > 0) this.#stop = new StopWords(stop);
    if (json) this.#fence = new JsonFence();
  }

  /** Whether the reply has come to one of the words that end it, or to a turn after its own. */
  get stopped(): boolean {
    return (this.#stop?.met ?? false) || (this.#ends?.met ?? false) || this.#tags.met;
  }

  /** Returns the calls that the text held, and that have come whole since it was asked last. */
  takeCalls(): readonly WrittenCall[] {
    return [...this.#tags.takeCalls(), ...(this.#calls?.takeCalls() ?? [])];
  }

  /** Tells that the server gives the thoughts of the model apart from its text. */
  noteReasoning(): void {
    this.#tags.noteReasoning();
  }

  /** Tells that there is a picture: a reply is text, and holds no more of one than its address. */
  picture(url: unknown, deltas: Delta[]): void {
    if (this.#fence) return;
    const words = typeof url === 'string' && /^https?:/i.test(url) ? `[picture](${url})` : PICTURE;
    deltas.push({ type: 'text', text: `${this.#hasSaid ? '\n\n' : ''}${words}` });
    this.#hasSaid = true;
    this.#isAfterPicture = true;
  }

  /** Takes a piece, and adds to `deltas` what it says. */
  take(piece: string, deltas: Delta[]): void {
    const text = told(this.#tags.take(piece), deltas);
    if (text === '') return;
    // What stands in a turn that the model makes up is not called.
    const own = this.#ends?.take(text) ?? text;
    this.#say(this.#calls?.take(own) ?? own, deltas);
  }

  /** Adds what was held back. */
  end(deltas: Delta[]): void {
    const text = told(this.#tags.end(), deltas);
    const own = this.#ends ? this.#ends.take(text) + this.#ends.end() : text;
    this.#say(this.#calls ? this.#calls.take(own) + this.#calls.end() : own, deltas);
    if (this.#stop && !this.#stop.met) this.#say(this.#stop.end(), deltas, true);
    const left = this.#fence?.end() ?? '';
    if (left !== '') deltas.push({ type: 'text', text: left });
  }

  #say(text: string, deltas: Delta[], last = false): void {
    if (text === '') return;
    const upTo = this.#stop && !last ? this.#stop.take(text) : text;
    const plain = upTo === '' || !this.#fence ? upTo : this.#fence.take(upTo);
    if (plain === '') return;
    const isApart = this.#isAfterPicture && !plain.startsWith('\n');
    deltas.push({ type: 'text', text: isApart ? `\n\n${plain}` : plain });
    this.#hasSaid = true;
    this.#isAfterPicture = false;
  }
}

/** Adds the reasoning of a piece. @returns its text. */
function told({ reasoning, text }: ToldApart, deltas: Delta[]): string {
  if (reasoning !== '') deltas.push({ type: 'reasoning', text: reasoning });
  return text;
}
