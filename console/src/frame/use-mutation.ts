import { useMutation as useApolloMutation } from '@apollo/client/react';
import { useCallback } from 'react';

/** Changes something as Apollo's hook does, which keeps a failure that no page takes to itself: `Failures` shows it. */
export const useMutation = ((...given: Parameters<typeof useApolloMutation>) => {
  const [mutate, state] = useApolloMutation(...given);
  // A promise of its own: that of the library counts as handled.
  const run = useCallback((...options: Parameters<typeof mutate>) => mutate(...options).then((done) => done), [mutate]);
  return [run, state];
}) as unknown as typeof useApolloMutation;
