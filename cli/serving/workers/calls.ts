import { guarded } from '#platform/base/faults/guarded.ts';

/** The end of the pipe between the supervisor and a worker. */
export interface Pipe {
  /** False when the other end is gone. */
  isOpen(): boolean;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

/** The functions that the other end may call, by name. What they take and return is cloned. */
export type Callable = Readonly<Record<string, (...given: never[]) => unknown>>;

/** A way to call functions of the other end. It rejects when it throws, and when it does not answer in time. */
export type Call<Theirs extends Callable> = <Name extends keyof Theirs & string>(
  name: Name,
  ...given: Parameters<Theirs[Name]>
) => Promise<Awaited<ReturnType<Theirs[Name]>>>;

type Message =
  | { readonly call: string; readonly id: number; readonly given: readonly never[] }
  | { readonly answered: number; readonly value?: unknown; readonly problem?: string };

/**
 * Lets two processes call functions of each other over a pipe.
 *
 * @param own what the other end may call.
 * @param patienceMs how long an answer may take.
 */
export function connectCalls<Theirs extends Callable>(pipe: Pipe, own: Callable, patienceMs: number): Call<Theirs> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;

  async function answer(name: string, id: number, given: readonly never[]): Promise<void> {
    let reply: Message;
    try {
      if (!Object.hasOwn(own, name)) throw new TypeError(`there is no ${name}`);
      reply = { answered: id, value: await own[name]!(...given) };
    } catch (error) {
      reply = { answered: id, problem: String(error) };
    }
    if (pipe.isOpen()) pipe.send(reply);
  }

  pipe.onMessage(
    guarded({ where: 'worker message' }, (message: unknown) => {
      const said = message as Message;
      if ('call' in said) return answer(said.call, said.id, said.given);
      if (!('answered' in said)) return undefined;
      const one = waiting.get(said.answered);
      if (said.problem === undefined) one?.resolve(said.value);
      else one?.reject(new Error(said.problem));
      return undefined;
    }),
  );

  pipe.onClose(() => {
    for (const one of waiting.values()) one.reject(new Error('the other process is gone'));
  });

  return async (name, ...given) => {
    if (!pipe.isOpen()) throw new Error('the other process is gone');
    const id = ++lastId;
    const one = Promise.withResolvers<unknown>();
    waiting.set(id, one);
    const late = setTimeout(() => one.reject(new Error(`${name} was not answered in time`)), patienceMs);
    try {
      pipe.send({ call: name, id, given });
      return (await one.promise) as never;
    } finally {
      clearTimeout(late);
      waiting.delete(id);
    }
  };
}
