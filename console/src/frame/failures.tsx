import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { Alert } from '@mantine/core';
import { SextantError } from '@sextant/client';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useStrings } from '../strings/strings.tsx';
import { textOf } from './problem.tsx';

/** Shows why something that a person did came to nothing, where no form shows it: it never goes by in silence. */
export function Failures() {
  const { common } = useStrings();
  const [error, setError] = useState<unknown>();
  const [address] = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: it belongs to the page where it happened.
  useEffect(() => setError(undefined), [address]);
  useEffect(() => {
    const take = (event: PromiseRejectionEvent) => {
      const reason: unknown = event.reason;
      if (!(reason instanceof SextantError) && !CombinedGraphQLErrors.is(reason)) return;
      event.preventDefault();
      setError(reason);
    };
    window.addEventListener('unhandledrejection', take);
    return () => window.removeEventListener('unhandledrejection', take);
  }, []);
  if (!error) return null;
  return (
    <Alert
      className="failure"
      color="red"
      variant="filled"
      role="alert"
      withCloseButton
      closeButtonLabel={common.close}
      onClose={() => setError(undefined)}
    >
      {textOf(error, common.offline)}
    </Alert>
  );
}
