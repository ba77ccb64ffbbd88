import { Center, Loader } from '@mantine/core';
import { useIsSignedIn } from '@sextant/client/react';
import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { Chat } from './chat/chat.tsx';
import { Frame } from './frame/frame.tsx';
import { Otherwise } from './frame/otherwise.tsx';
import { part } from './frame/part.ts';
import { useTitle } from './frame/title.ts';
import { Failed } from './session/failed.tsx';
import { isMailLink } from './session/mail-links.ts';
import { SignIn } from './session/sign-in.tsx';
import { useStrings } from './strings/strings.tsx';

// Chat is where people begin: it comes with the frame. The other pages come when they are opened.
const FirstRun = part(() => import('./session/first-run.tsx'), 'FirstRun');
const MailLink = part(() => import('./session/mail-link.tsx'), 'MailLink');
const Account = part(() => import('./account/account.tsx'), 'Account');
const Connected = part(() => import('./account/connected.tsx'), 'Connected');
const Shared = part(() => import('./chat/shared.tsx'), 'Shared');
const Join = part(() => import('./chat/join.tsx'), 'Join');
const Knowledge = part(() => import('./knowledge/knowledge.tsx'), 'Knowledge');
const Memory = part(() => import('./memory/memory.tsx'), 'Memory');
const Contexts = part(() => import('./contexts/contexts.tsx'), 'Contexts');
const Images = part(() => import('./images/images.tsx'), 'Images');
const Vectors = part(() => import('./vectors/vectors.tsx'), 'Vectors');
const Usage = part(() => import('./usage/usage.tsx'), 'Usage');
const People = part(() => import('./people/people.tsx'), 'People');
const System = part(() => import('./system/system.tsx'), 'System');

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
