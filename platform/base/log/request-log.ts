import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string>();

/** Does work on behalf of a request: each line that it logs, however deep, carries the id of the request. */
export const inRequest = <Result>(requestId: string, work: () => Result): Result => requests.run(requestId, work);

/** Does work that outlives the request in which it was first needed, such as opening what all requests share. */
export const outsideRequests = <Result>(work: () => Result): Result => requests.exit(work);

/** Returns the fields that a line gets from the request that it belongs to. A line's own fields come before these. */
export function requestFields(): object {
  const requestId = requests.getStore();
  return requestId === undefined ? {} : { requestId };
}
