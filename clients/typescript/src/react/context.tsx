import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { Sextant } from '../client.ts';

const Context = createContext<Sextant | undefined>(undefined);

/** Gives the client to the hooks below it. */
export function SextantProvider({ sextant, children }: { readonly sextant: Sextant; readonly children: ReactNode }) {
  return <Context.Provider value={sextant}>{children}</Context.Provider>;
}

/** Returns the client of the nearest provider. */
export function useSextant(): Sextant {
  const sextant = useContext(Context);
  if (!sextant) throw new Error('There is no <SextantProvider> above this component.');
  return sextant;
}

/** Returns whether a person is signed in, in this tab or another. */
export function useIsSignedIn(): boolean {
  const { session } = useSextant();
  return useSyncExternalStore(
    (changed) => session.onChange(changed),
    () => session.isSignedIn,
    () => false,
  );
}
