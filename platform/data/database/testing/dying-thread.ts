// The embedded database's thread, which dies when it is told to.
import '../embedded-thread.ts';

new BroadcastChannel('dying-worker').onmessage = () => {
  throw new Error('it was told to die');
};
