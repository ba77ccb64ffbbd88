/**
 * Makes a listener of a thread's messages deaf to those of Node: under `node --watch`, it sends messages of its own
 * from every thread (nodejs/node#65044).
 */
export const ofThread =
  <Message>(listener: (message: Message) => void) =>
  (message: Message): void => {
    if (!isOfNode(message)) listener(message);
  };

const isOfNode = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && Object.keys(message)[0]?.startsWith('watch:') === true;
