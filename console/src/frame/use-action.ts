import { useRef, useState } from 'react';

/** Something that a person does, such as to save a form. */
interface Action<Given extends readonly unknown[]> {
  run(...given: Given): void;
  readonly isRunning: boolean;
}

/** Does one thing at a time: a second click, while the first one works, does nothing. An error goes to `Failures`. */
export function useAction<Given extends readonly unknown[]>(act: (...given: Given) => Promise<unknown>): Action<Given> {
  const [isRunning, setIsRunning] = useState(false);
  const running = useRef(false);
  return {
    isRunning,
    run: (...given) => {
      if (running.current) return;
      running.current = true;
      setIsRunning(true);
      void act(...given).finally(() => {
        running.current = false;
        setIsRunning(false);
      });
    },
  };
}
