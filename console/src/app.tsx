import { Center, Loader } from '@mantine/core';
import { useIsSignedIn } from '@sextant/client/react';
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { Chat } from './chat/chat.tsx';
import { Frame } from './frame/frame.tsx';
import { Otherwise } from './frame/otherwise.tsx';
import { useTitle } from './frame/title.ts';
import { Failed } from './session/failed.tsx';
import { isMailLink } from './session/mail-links.ts';
import { SignIn } from './session/sign-in.tsx';
import { useStrings } from './strings/strings.tsx';

// Chat is where people begin: it comes with the frame. The other pages come when they are opened.
const FirstRun = lazy(async () => ({ default: (await import('./session/first-run.tsx')).FirstRun }));
const MailLink = lazy(async () => ({ default: (await import('./session/mail-link.tsx')).MailLink }));
const Account = lazy(async () => ({ default: (await import('./account/account.tsx')).Account }));
const Connected = lazy(async () => ({ default: (await import('./account/connected.tsx')).Connected }));
const Shared = lazy(async () => ({ default: (await import('./chat/shared.tsx')).Shared }));
const Join = lazy(async () => ({ default: (await import('./chat/join.tsx')).Join }));
const Knowledge = lazy(async () => ({ default: (await import('./knowledge/knowledge.tsx')).Knowledge }));
const Memory = lazy(async () => ({ default: (await import('./memory/memory.tsx')).Memory }));
const Contexts = lazy(async () => ({ default: (await import('./contexts/contexts.tsx')).Contexts }));
const Images = lazy(async () => ({ default: (await import('./images/images.tsx')).Images }));
const Vectors = lazy(async () => ({ default: (await import('./vectors/vectors.tsx')).Vectors }));
const Usage = lazy(async () => ({ default: (await import('./usage/usage.tsx')).Usage }));
const People = lazy(async () => ({ default: (await import('./people/people.tsx')).People }));
const System = lazy(async () => ({ default: (await import('./system/system.tsx')).System }));

const waiting = (
  <Center p="xl" role="status">
    <Loader size="sm" />
  </Center>
);

/** Shows the page that the address names, and what happened where it cannot. */
export function App() {
  return (
    <Otherwise shown={(error) => <Failed error={error} />}>
      <Named />
    </Otherwise>
  );
}

function Named() {
  const signedIn = useIsSignedIn();
  const [address] = useLocation();
  if (address === '/first-run') return <Suspense fallback={waiting}>{<FirstRun />}</Suspense>;
  if (isMailLink(address))
    return <Suspense fallback={waiting}>{<MailLink key={address} address={address} />}</Suspense>;
  if (address === '/shared') return <Suspense fallback={waiting}>{<Shared />}</Suspense>;
  if (!signedIn) return <SignIn />;
  return (
    <Frame>
      <Suspense fallback={waiting}>
        <Switch>
          <Route path="/">
            <Redirect to="/chat" replace />
          </Route>
          <Route path="/chat/:id?">{({ id }) => <Chat id={id} />}</Route>
          <Route path="/join" component={Join} />
          <Route path="/knowledge/:id?">{({ id }) => <Knowledge id={id} />}</Route>
          <Route path="/memory" component={Memory} />
          <Route path="/contexts" component={Contexts} />
          <Route path="/images/:id?">{({ id }) => <Images id={id} />}</Route>
          <Route path="/vectors/:id?">{({ id }) => <Vectors id={id} />}</Route>
          <Route path="/usage" component={Usage} />
          <Route path="/people" component={People} />
          <Route path="/system" component={System} />
          <Route path="/account" component={Account} />
          <Route path="/connected" component={Connected} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Frame>
  );
}

function NotFound() {
  const { common } = useStrings();
  useTitle(common.notFound);
  return <Center p="xl">{common.notFound}</Center>;
}
