import type { Command, Redis } from 'ioredis';
import { every } from '../../base/faults/every.ts';
import { guarded } from '../../base/faults/guarded.ts';

/** The time after which a silent Redis is given up, in ms in which this process could hear it. */
export interface SilenceLimits {
  /** Of one command. */
  readonly commandMs: number;
  /** Of a connection that owes answers: then it is made again. */
  readonly connectionMs?: number | undefined;
}

/** Looks at what is owed in the time limit of a command. */
const LOOKS = 4;
const GUARD = { where: 'redis silence' };

/** The parts of ioredis that are not in its types. */
interface Connection {
  readonly stream?: { readonly bytesRead: number; destroy(error: Error): void } | undefined;
  sendCommand(command: Command, ...rest: unknown[]): unknown;
}

/**
 * Gives up commands that Redis does not answer. ioredis measures from clock to clock: after a second in which our own
 * loop was held, by a large answer or a collection of garbage, it gave up what had long been answered: the answers
 * lay in the socket, unread. Here a limit is a number of looks, each behind a reading of sockets: a pause counts as
 * one, however long it was. One timer serves a connection, and none while nothing is owed.
 */
export function limitSilence(redis: Redis, { commandMs, connectionMs }: SilenceLimits): void {
  const connection = redis as unknown as Connection;
  const lookMs = commandMs / LOOKS;
  const connectionLooks = connectionMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(connectionMs / lookMs);
  /** Commands that are owed an answer, the first first, each with the number of the look that it was sent behind. */
  const owed = new Map<Command, number>();
  let stopLooking: (() => void) | undefined;
  let look = 0;
  let [heard, silentLooks, hasGivenUp] = [0, 0, false];

  const guardedLook = guarded(GUARD, (): void => {
    look++;
    const bytes = connection.stream?.bytesRead ?? 0;
    if (bytes !== heard) [heard, silentLooks, hasGivenUp] = [bytes, 0, false];
    else silentLooks++;
    for (const [command, sentBefore] of owed) {
      if (!command.isSettled && look - sentBefore <= LOOKS) break;
      owed.delete(command);
      if (command.isSettled) continue;
      hasGivenUp = true;
      command.reject(new Error('Command timed out'));
    }
    if (silentLooks >= connectionLooks) {
      connection.stream?.destroy(new Error(`Socket timeout: Redis said nothing for ${connectionMs} ms.`));
      [silentLooks, hasGivenUp] = [0, false];
    }
    if (owed.size > 0 || (hasGivenUp && connectionMs !== undefined)) return;
    stopLooking?.();
    stopLooking = undefined;
  });

  const send = connection.sendCommand.bind(redis);
  connection.sendCommand = (command, ...rest) => {
    // What is answered leaves at the next command, so that its answer is not held until the next look.
    for (const [first] of owed) {
      if (!first.isSettled) break;
      owed.delete(first);
    }
    const result = send(command, ...rest);
    if (!command.isSettled) {
      owed.set(command, look);
      if (stopLooking === undefined) {
        [heard, silentLooks] = [connection.stream?.bytesRead ?? 0, 0];
        stopLooking = every(lookMs, GUARD, () => void setImmediate(guardedLook));
      }
    }
    return result;
  };
}
